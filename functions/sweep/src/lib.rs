//! Finds what stopped moving and puts it on again: uploads that a lost message or a dead worker left behind, decisions
//! about consent that were not carried out, objects in the inbox that no event told of, multipart uploads that nobody
//! ended. Gives up loudly after a bounded number of tries without progress.

mod grant;
mod inbox;
mod unfinished;
mod unsplit;
mod upload;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Duration;

use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::id::UploadId;
use muster_runtime::Failure;
use muster_store::Grants;
use muster_store::objects::Objects;
use muster_store::queue::Queue;
use muster_store::uploads::{Due, Uploads};
use tokio::time::Instant;
use tracing::{error, info};

/// How many things one sweep looks after at most; the rest is next.
const LIMIT: usize = 500;

/// How long what stands still is left alone, in seconds, for the first time; twice as long after each look in vain: six
/// looks last two hours.
const CHECK_EVERY: i64 = 120;

/// How many looks in vain are allowed.
const MAX_TRIES: u32 = 5;

/// Further ahead than any look is put off, in seconds.
const FAR: i64 = 2 * (CHECK_EVERY << MAX_TRIES);

/// Why this sweep runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The clock.
    Schedule,
    /// A process starts whose queues were in memory: everything that is not finished is put on again, due or not, and
    /// no try is counted. Events of objects are not in memory, so the bucket is left to the schedule.
    Start,
}

/// The function and the capabilities that it uses.
pub struct Sweep<'a> {
    /// Finds and postpones what is due; gives up.
    pub uploads: Uploads,
    /// Carries decisions out.
    pub grants: Grants,
    /// Lists the inbox; lists multipart uploads and aborts them.
    pub objects: Objects,
    /// Puts things on again.
    pub queue: &'a dyn Queue,
    /// Uploads of which a message surely waits or is worked on: none where the queues cannot be looked into.
    pub in_queue: BTreeSet<UploadId>,
}

impl Sweep<'_> {
    /// Looks once. One thing that fails keeps no other from being looked after. `time`: after this long nothing more is
    /// begun. What is due may take half of it, so that the bucket has its turn, too; the next run goes on.
    ///
    /// # Errors
    /// When the store is out of reach, or some things could not be looked after.
    pub async fn handle(&self, occasion: Occasion, now: Timestamp, time: Duration) -> Result<(), Failure> {
        let begun = Instant::now();
        let mut failures: Vec<Failure> = Vec::new();
        failures.extend(self.look_after_due(occasion, now, begun + time / 2).await.err());
        if occasion == Occasion::Schedule {
            failures.extend(self.look_into_bucket(now, begun + time).await.err());
        }
        failures.into_iter().next().map_or(Ok(()), Err)
    }

    /// Puts one upload on again, due or not; no try is counted.
    ///
    /// # Errors
    /// When the store is out of reach, or nothing can be done for the upload.
    pub async fn look_after_now(&self, id: &UploadId, now: Timestamp) -> Result<(), Failure> {
        self.look_after(&Due::Upload(id.clone()), Occasion::Start, now).await
    }

    /// Looks after what should have moved by now, the longest overdue first.
    async fn look_after_due(&self, occasion: Occasion, now: Timestamp, until: Instant) -> Result<(), Failure> {
        let before = if occasion == Occasion::Start {
            Timestamp::MAX
        } else {
            now
        };
        let mut due = self.uploads.due(before, LIMIT).await?;
        if let Ok(far) = before.checked_add(FAR.seconds()) {
            // Nobody puts a look off so far: the clock was set back since. Nothing shall wait until it has caught up.
            let room = LIMIT.saturating_sub(due.len()).max(1);
            due.extend(self.uploads.due_later(far, room).await?);
        }
        let (mut looked_after, mut failed) = (0, 0);
        for due in &due {
            if Instant::now() >= until {
                break;
            }
            looked_after += 1;
            if let Err(failure) = self.look_after(due, occasion, now).await {
                error!(%failure, "something due could not be looked after");
                // What cannot be read must not keep a process from its start.
                failed += usize::from(occasion == Occasion::Schedule || !matches!(failure, Failure::Poison(_)));
            }
        }
        if looked_after < due.len() {
            info!(due = due.len(), looked_after, "time is up; the next run goes on");
        }
        if failed > 0 {
            return Err(Failure::Retry(format!(
                "{failed} of {looked_after} things due could not be looked after"
            )));
        }
        Ok(())
    }

    /// Goes on with the searches of the bucket.
    async fn look_into_bucket(&self, now: Timestamp, until: Instant) -> Result<(), Failure> {
        let mut places = self.uploads.sweep_places().await?;
        let before = places.clone();
        let inbox = self.look_into_inbox(&mut places.inbox, now, until).await;
        let unfinished = self.abort_unfinished(&mut places.unfinished, now, until).await;
        if places != before {
            self.uploads.set_sweep_places(&places).await?;
        }
        inbox.and(unfinished)
    }

    async fn look_after(&self, due: &Due, occasion: Occasion, now: Timestamp) -> Result<(), Failure> {
        match due {
            Due::Upload(id) => self.look_after_upload(due, id, occasion, now).await,
            Due::Grant { tenant, registrant } => self.look_after_grant(due, *tenant, registrant, occasion, now).await,
            Due::Unsplit(id) => self.look_after_unsplit(due, id, occasion, now).await,
        }
    }

    /// What nobody can look after must not stand before the others for ever. Where it has left the line meanwhile, the
    /// index was only a moment old.
    async fn set_aside(&self, due: &Due, why: &(dyn Display + Sync), now: Timestamp) -> Result<(), Failure> {
        match self.uploads.put_off(due, next_look(MAX_TRIES, now)).await? {
            true => Err(Failure::Poison(format!(
                "{due} is damaged: {why}; `muster fsck` says what to do"
            ))),
            false => Ok(()),
        }
    }
}

/// When to look again after so many looks in vain.
fn next_look(tries: u32, now: Timestamp) -> Timestamp {
    let wait = CHECK_EVERY << tries.min(MAX_TRIES);
    now.checked_add(wait.seconds()).unwrap_or(now)
}
