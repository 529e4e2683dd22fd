//! Whether the tasks of a flow live: one that panics ends for good, and all that waits for it would wait for ever.

use tokio_util::sync::CancellationToken;

/// Rings when a task panics. Clones are one alarm.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alarm(CancellationToken);

impl Alarm {
    /// `work`. Once `closing` is set, it ends anyhow, and nothing rings.
    pub(crate) async fn guard(self, closing: CancellationToken, work: impl Future<Output = ()>) {
        let _guard = Guard { alarm: self, closing };
        work.await;
    }

    /// Whether it rang.
    pub(crate) fn rang(&self) -> bool {
        self.0.is_cancelled()
    }
}

struct Guard {
    alarm: Alarm,
    closing: CancellationToken,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.closing.is_cancelled() && !self.alarm.rang() {
            tracing::error!("a task of the flow ended by a fault of the program");
            self.alarm.0.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_rings_when_a_task_panics_and_nothing_is_closing() {
        for (closes, panics, rings) in [
            (true, true, false),
            (true, false, false),
            (false, true, true),
            (false, false, false),
        ] {
            let (alarm, closing) = (Alarm::default(), CancellationToken::new());
            let told = closing.clone();
            let task = tokio::spawn(alarm.clone().guard(closing, async move {
                tokio::task::yield_now().await;
                if closes {
                    told.cancel();
                }
                assert!(!panics, "as told");
            }));
            _ = task.await;
            assert_eq!(alarm.rang(), rings, "closes: {closes}, panics: {panics}");
        }
        let alarm = Alarm::default();
        let task = tokio::spawn(alarm.clone().guard(CancellationToken::new(), std::future::pending()));
        tokio::task::yield_now().await;
        task.abort();
        _ = task.await;
        assert!(!alarm.rang(), "aborted");
    }
}
