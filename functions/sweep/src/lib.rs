//! Finds what stopped moving and puts it on again: uploads that a lost message or a dead worker left behind, decisions
//! about consent that were not carried out, objects in the inbox that no event told of. Gives up loudly after a bounded
//! number of tries without progress.

mod inbox;
mod upload;

use muster_core::Timestamp;
use muster_runtime::Failure;
use muster_store::Grants;
use muster_store::objects::Objects;
use muster_store::queue::Queue;
use muster_store::uploads::{Due, Uploads};
use tracing::{error, info};

/// How many things one sweep looks after at most; the rest is next.
const LIMIT: usize = 500;

/// Why this sweep runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The clock.
    Schedule,
    /// A process starts whose queues were in memory: everything that is not finished is put on again, due or not, and
    /// no try is counted. Events of objects are not in memory, so the inbox is left to the schedule.
    Start,
}

/// The function and the capabilities that it uses.
pub struct Sweep<'a> {
    /// Finds and postpones what is due; gives up.
    pub uploads: Uploads,
    /// Carries decisions out.
    pub grants: Grants,
    /// Lists the inbox.
    pub objects: Objects,
    /// Puts things on again.
    pub queue: &'a dyn Queue,
}

impl Sweep<'_> {
    /// Looks once. One thing that fails keeps no other from being looked after.
    ///
    /// # Errors
    /// When the store is out of reach, or some things could not be looked after.
    pub async fn handle(&self, occasion: Occasion, now: Timestamp) -> Result<(), Failure> {
        let before = if occasion == Occasion::Start {
            Timestamp::MAX
        } else {
            now
        };
        let due = self.uploads.due(before, LIMIT).await?;
        let mut failed = 0;
        for due in &due {
            if let Err(failure) = self.look_after(due, occasion, now).await {
                error!(%failure, "something due could not be looked after");
                failed += 1;
            }
        }
        if occasion == Occasion::Schedule {
            self.look_into_inbox(now).await?;
        }
        if failed > 0 {
            return Err(Failure::Retry(format!(
                "{failed} of {} things due could not be looked after",
                due.len()
            )));
        }
        Ok(())
    }

    async fn look_after(&self, due: &Due, occasion: Occasion, now: Timestamp) -> Result<(), Failure> {
        match due {
            Due::Upload(id) => self.look_after_upload(id, occasion, now).await,
            Due::Grant { tenant, registrant } => {
                info!("a decision about consent is carried out");
                self.grants.settle(*tenant, registrant).await?;
                Ok(())
            }
        }
    }
}
