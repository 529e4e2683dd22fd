//! Whether the tasks of a flow live: one that panics ends for good, and all that waits for it would wait for ever.

use tokio_util::sync::CancellationToken;

/// Rings when a task panics, or ends though nobody told it to; not when it is aborted. Clones are one alarm.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alarm(CancellationToken);

impl Alarm {
    /// `work`, which may end once `closing` is set and not before.
    pub(crate) async fn guard(self, closing: CancellationToken, work: impl Future<Output = ()>) {
        let guard = Guard { alarm: self, closing };
        work.await;
        guard.ended();
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

impl Guard {
    fn ended(&self) {
        if !self.closing.is_cancelled() && !self.alarm.rang() {
            tracing::error!("a task of the flow ended by a fault of the program");
            self.alarm.0.cancel();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.ended();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_rings_when_a_task_ends_that_nobody_told_to() {
        for (closes, panics, rings) in [
            (true, true, false),
            (true, false, false),
            (false, true, true),
            (false, false, true),
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
