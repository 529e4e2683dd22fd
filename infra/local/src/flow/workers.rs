//! The workers: for each queue as many as its function may have at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use muster_runtime::{Delivery, Failure, Verdict, deliver};
use muster_store::queue::QueueName;
use sweep::Occasion;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::events::{InHand, pump};
use super::queue::Message;
use super::{Alarm, Embedded};

/// Each queue and its workers. Express queues have workers of their own, so that a short list waits for no long one.
const WORKERS: [(QueueName, usize); 7] = [
    (QueueName::Split, 1),
    (QueueName::Validate, 2),
    (QueueName::ValidateExpress, 1),
    (QueueName::Register, 2),
    (QueueName::RegisterExpress, 1),
    (QueueName::Finish, 1),
    (QueueName::FinishExpress, 1),
];

/// How often the clock calls sweep, where the queues are empty.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// How long queues that are never empty put it off.
const SWEEP_AT_LATEST: Duration = Duration::from_secs(300);

/// How long a message waits for its next try.
pub(super) fn pause(receives: u32) -> Duration {
    Duration::from_millis(100) * 2_u32.saturating_pow(receives.saturating_sub(1).min(8))
}

/// The running flow. When it is dropped, its workers end where they are, which harms nothing.
pub struct Flow {
    embedded: Embedded,
    in_hand: Arc<InHand>,
    workers: Mutex<JoinSet<()>>,
    closing: CancellationToken,
    alarm: Alarm,
}

impl Flow {
    /// Puts on again what an earlier process left behind, and starts the workers.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn start(embedded: &Embedded) -> Result<Self, Failure> {
        embedded.sweep(Occasion::Start).await?;
        Ok(Self::work(embedded))
    }

    /// Starts the workers.
    #[must_use]
    pub fn work(embedded: &Embedded) -> Self {
        let (mut workers, closing, alarm) = (JoinSet::new(), CancellationToken::new(), Alarm::default());
        let watched = || (alarm.clone(), closing.clone());
        for (queue, count) in WORKERS {
            for _ in 0..count {
                let (alarm, stop) = watched();
                workers.spawn(alarm.guard(stop, work(embedded.clone(), queue, closing.clone())));
            }
        }
        let in_hand = Arc::new(InHand::default());
        let (guard, stop) = watched();
        let pump = pump(embedded.clone(), Arc::clone(&in_hand), closing.clone(), guard.clone());
        workers.spawn(guard.guard(stop, pump));
        if let Some(directory) = embedded.directory.clone() {
            let (disk, (alarm, stop)) = (embedded.bucket.disk().clone(), watched());
            workers.spawn(alarm.guard(stop.clone(), async move {
                _ = stop.run_until_cancelled_owned(disk.watch(directory.path())).await;
            }));
        }
        let (clock, (guard, stop)) = (embedded.clone(), watched());
        workers.spawn(guard.guard(stop.clone(), async move {
            _ = stop.run_until_cancelled_owned(sweep_on_schedule(clock)).await;
        }));
        Self {
            embedded: embedded.clone(),
            in_hand,
            workers: Mutex::new(workers),
            closing,
            alarm,
        }
    }

    /// Whether a worker ended by a fault of the program. What it had in hand is not worked on any more: only a new start
    /// goes on with it.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.alarm.rang()
    }

    /// What rings then.
    pub(crate) const fn alarm(&self) -> &Alarm {
        &self.alarm
    }

    /// Ends the workers where they are, as a crash would.
    pub fn stop(&self) {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    /// Takes nothing new, and waits until what is in hand has ended. Messages that wait are forgotten: the next start puts
    /// them on again.
    pub async fn close(&self) {
        self.closing.cancel();
        let mut workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        while workers.join_next().await.is_some() {}
    }

    /// Waits until everything that was dropped is worked off.
    pub async fn idle(&self) {
        loop {
            self.embedded.queue.idle().await;
            let quiet = matches!(self.embedded.bucket.next_events(1).await, Ok(events) if events.is_empty());
            if quiet && self.in_hand.is_empty() && self.embedded.queue.is_idle() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn work(embedded: Embedded, queue: QueueName, closing: CancellationToken) {
    let next = || async {
        embedded.bucket.disk().usable().await;
        embedded.queue.take(queue).await
    };
    while let Some(message) = closing.run_until_cancelled(next()).await {
        let delivery = Delivery {
            queue,
            body: &message.body,
            receives: message.receives,
        };
        if let Some(after) = embedded.slowed(delivery).await {
            embedded.queue.again(queue, message, after);
            continue;
        }
        let verdict = run(&embedded, delivery).await;
        embedded.look_behind(delivery).await;
        match verdict {
            Verdict::Done => embedded.queue.done(queue, &message),
            Verdict::Again => {
                let after = pause(message.receives);
                let receives = counted(&embedded, message.receives);
                embedded.queue.again(queue, Message { receives, ..message }, after);
            }
        }
    }
}

/// How many of so many receives count: the last one does not if the disk was to blame.
pub(super) fn counted(embedded: &Embedded, receives: u32) -> u32 {
    receives - u32::from(embedded.trouble().is_some())
}

impl Embedded {
    /// Hands a message to the function that its queue feeds.
    pub async fn deliver(&self, delivery: Delivery<'_>) -> Verdict {
        run(self, delivery).await
    }
}

async fn run(embedded: &Embedded, delivery: Delivery<'_>) -> Verdict {
    let (queue, now) = (&*embedded.sends, embedded.now());
    match delivery.queue {
        QueueName::Split => {
            deliver(delivery, queue, |m| async move {
                embedded.split_upload().handle(m, now).await
            })
            .await
        }
        QueueName::Validate | QueueName::ValidateExpress => {
            deliver(delivery, queue, |m| async move {
                embedded.validate_batch().handle_with(m, embedded.played()).await
            })
            .await
        }
        QueueName::Register | QueueName::RegisterExpress => {
            deliver(delivery, queue, |m| async move {
                embedded.register_batch().handle(m, &|| embedded.now()).await
            })
            .await
        }
        QueueName::Finish | QueueName::FinishExpress => {
            deliver(delivery, queue, |m| async move {
                embedded.finish_upload().handle(m, now).await
            })
            .await
        }
        QueueName::Events => Verdict::Done,
    }
}

async fn sweep_on_schedule(embedded: Embedded) {
    let mut last = Instant::now();
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        if !is_time(embedded.queue.is_idle(), last.elapsed()) {
            continue;
        }
        // What stands still because of the disk shall not be given up.
        embedded.bucket.disk().usable().await;
        last = Instant::now();
        if let Err(failure) = embedded.sweep(Occasion::Schedule).await {
            tracing::error!(%failure, "sweep failed and is tried again");
        }
        embedded.expire().await;
    }
}

/// Whether to sweep. While messages wait or are worked on, little of this process is lost: it only takes its time. Yet a
/// server may never be idle.
fn is_time(idle: bool, since_last: Duration) -> bool {
    idle || since_last >= SWEEP_AT_LATEST
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use muster_core::upload::UploadState;

    use super::super::changes::tests::{dropped, with_a_clock};
    use super::*;
    use crate::data_dir::DataDirError;

    /// For a day nothing moves, and only the disk is to blame.
    #[tokio::test(start_paused = true)]
    async fn a_disk_in_trouble_costs_an_upload_no_try() {
        let (embedded, clock) = with_a_clock().await;
        let id = dropped(&embedded, "inbox/intune/-/Contoso/a.csv").await;
        let path = "registry.db".into();
        embedded.note_trouble(DataDirError::Full { path });
        let flow = Flow::work(&embedded);
        for _ in 0..24 * 60 {
            clock.fetch_add(60, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        let status = embedded.uploads().get(&id).await.unwrap().unwrap();
        assert_eq!((status.state, status.tries), (UploadState::Processing, 0));

        embedded.bucket.disk().forget();
        flow.idle().await;
        let status = embedded.uploads().get(&id).await.unwrap().unwrap();
        assert_eq!(status.state, UploadState::FinishedWithErrors);
    }

    #[test]
    fn a_server_that_is_never_idle_is_swept_all_the_same() {
        for (idle, seconds, sweeps) in [
            (true, 30, true),
            (false, 30, false),
            (false, 299, false),
            (false, 300, true),
        ] {
            let since_last = Duration::from_secs(seconds);
            assert_eq!(is_time(idle, since_last), sweeps, "{idle} {seconds}");
        }
    }
}
