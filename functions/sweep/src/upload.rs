//! An upload that should have moved by now.

use muster_core::Timestamp;
use muster_core::id::UploadId;
use muster_core::message::{BatchMessage, ObjectsCreated};
use muster_core::upload::{Batch, Reason, Upload, UploadState};
use muster_runtime::Failure;
use muster_runtime::handover::hand_over;
use muster_store::ErrorKind;
use muster_store::queue::{Outgoing, QueueName, send_json};
use muster_store::uploads::{Due, UploadStatus};
use tracing::{error, info};

use crate::{MAX_TRIES, Occasion, Sweep, next_look};

/// The tries of an upload that waits its turn, at most: a message may be lost, so one is made.
const WAITING: u32 = 1;

/// How many older uploads of a tenant are looked at to find the one that another waits for.
const OLDER: usize = 50;

impl Sweep<'_> {
    pub(crate) async fn look_after_upload(
        &self,
        due: &Due,
        id: &UploadId,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let status = match self.uploads.get(id).await {
            Ok(Some(status)) => status,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Corrupt => return self.set_aside(due, &error, now).await,
            Err(error) => return Err(error.into()),
        };
        if let (UploadState::Cancelled, Some(upload)) = (status.state, status.upload()) {
            return self.settle(&upload, &status, occasion, now).await;
        }
        let (Some(upload), false) = (status.upload(), status.state.is_final()) else {
            let why = format!("it is `{}`, and nothing can be done for it", status.state.as_str());
            return self.set_aside(due, &why, now).await;
        };
        let Err(failure) = self.help(&upload, &status, occasion, now).await else {
            return Ok(());
        };
        // What is out of reach for now is not the upload's fault.
        let counts = matches!(failure, Failure::Poison(_)) && occasion == Occasion::Schedule;
        let tries = status.tries + u32::from(counts);
        if tries > MAX_TRIES {
            self.give_up(&upload, format!("nobody can go on with it: {failure}"), now)
                .await?;
        } else {
            let next = next_look(if counts { tries } else { 0 }, now);
            self.uploads.postpone(id, status.seen, tries, next).await?;
        }
        Err(failure)
    }

    /// Has done what a worker left behind that died at a batch of a cancelled upload: the batches that nobody settled go their way
    /// once more, and nothing new is registered. They settle as soon as no worker can be at them any more.
    async fn settle(
        &self,
        upload: &Upload,
        status: &UploadStatus,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let open = self.uploads.unsettled_batches(&upload.id).await?;
        let given_up = status.tries > MAX_TRIES;
        if open.is_empty() || given_up {
            if given_up {
                error!(upload.id = %upload.id, batches = open.len(), "a cancelled upload is left as it is");
            }
            return Ok(self.uploads.settled(&upload.id).await?);
        }
        let cuts = self.all_cuts(&upload.id).await?;
        let express = status.total == Some(1);
        self.send_batches(upload, &cuts, open, express).await?;
        let tries = status.tries + u32::from(occasion == Occasion::Schedule);
        let next = next_look(tries.saturating_sub(1), now);
        self.uploads.postpone_settling(&upload.id, tries, next).await?;
        Ok(())
    }

    async fn all_cuts(&self, id: &UploadId) -> Result<Vec<Batch>, Failure> {
        let cuts = self.uploads.cuts(id).await?;
        Ok(cuts.into_iter().flat_map(|(_, cuts)| cuts).collect())
    }

    /// Sends these batches to be validated. `false` where there are none.
    async fn send_batches(
        &self,
        upload: &Upload,
        cuts: &[Batch],
        numbers: Vec<u32>,
        express: bool,
    ) -> Result<bool, Failure> {
        let tenant = upload.tenant.to_string();
        let mut messages = Vec::new();
        for number in numbers {
            let batch = usize::try_from(number).ok().and_then(|at| cuts.get(at));
            if let Some(batch) = batch.copied() {
                let object = upload.object.clone();
                let message = BatchMessage {
                    upload: upload.id.clone(),
                    tenant: upload.tenant,
                    number,
                    object,
                    batch,
                    express,
                };
                messages.push(Outgoing::json(&message, Some(&tenant))?);
            }
        }
        if messages.is_empty() {
            return Ok(false);
        }
        let queue = if express {
            QueueName::ValidateExpress
        } else {
            QueueName::Validate
        };
        self.queue.send(queue, messages).await?;
        Ok(true)
    }

    /// Puts the upload on again unless it moved since the last look; gives it up after too many looks in vain.
    async fn help(
        &self,
        upload: &Upload,
        status: &UploadStatus,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let id = &upload.id;
        let cuts = self.all_cuts(id).await?;
        let done = self
            .uploads
            .progress(id)
            .await?
            .map_or(0, |progress| progress.batches_done);
        let mark = done.saturating_add(u32::try_from(cuts.len()).unwrap_or(u32::MAX));
        let moved = mark != status.seen;
        if !moved && occasion == Occasion::Schedule && self.waits(upload, status).await? {
            // That is no failure. Its messages are not sent again: they have their turn.
            let tries = status.tries.min(WAITING);
            self.uploads.postpone(id, mark, tries, next_look(tries, now)).await?;
            return Ok(());
        }
        let tries = match occasion {
            _ if moved => 0,
            Occasion::Start => status.tries,
            Occasion::Schedule => status.tries + 1,
        };
        if tries > MAX_TRIES {
            let cut = cuts.len();
            let detail = format!("{done} of {cut} batches are done, and {MAX_TRIES} more tries brought no progress");
            return self.give_up(upload, detail, now).await;
        }
        if !moved || occasion == Occasion::Start {
            info!(upload.id = %id, tries, "an upload is put on again");
            self.put_on(upload, status, &cuts, occasion).await?;
        }
        self.uploads.postpone(id, mark, tries, next_look(tries, now)).await?;
        Ok(())
    }

    /// Whether the upload only waits its turn: a message of it is in a queue; or it was sent again once, and the next older
    /// upload of its tenant in the same queues is not at its end and moves or waits itself. The oldest one waits for
    /// nobody, so that whatever stands still is given up at last.
    async fn waits(&self, upload: &Upload, status: &UploadStatus) -> Result<bool, Failure> {
        if self.in_queue.contains(&upload.id) {
            return Ok(true);
        }
        if status.tries < WAITING {
            return Ok(false);
        }
        let express = |status: &UploadStatus| status.total == Some(1);
        let older = match self.uploads.older(upload, OLDER).await {
            // Another upload's damage is not this one's.
            Err(error) if error.kind() == ErrorKind::Corrupt => return Ok(false),
            older => older?,
        };
        let before = older
            .iter()
            .find(|older| !older.state.is_final() && express(older) == express(status));
        Ok(before.is_some_and(|before| before.tries <= WAITING))
    }

    async fn put_on(
        &self,
        upload: &Upload,
        status: &UploadStatus,
        cuts: &[Batch],
        occasion: Occasion,
    ) -> Result<(), Failure> {
        let tenant = upload.tenant.to_string();
        if status.total.is_none() && occasion == Occasion::Start {
            // The event that tells of its object was not done with, so it comes again by itself.
            return Ok(());
        }
        if status.total.is_none() {
            // Splitting again sends what was cut already, and goes on behind it.
            let event = ObjectsCreated::of(&upload.object);
            return Ok(send_json(self.queue, QueueName::Split, &event, Some(&tenant)).await?);
        }
        if status.is_complete() {
            return hand_over(self.queue, &upload.id, upload.tenant, status.total == Some(1)).await;
        }
        let express = status.total == Some(1);
        let undone = self.uploads.undone_batches(&upload.id).await?;
        if !self.send_batches(upload, cuts, undone, express).await? {
            // Every batch is done and the upload does not know it: the split looks again.
            let event = ObjectsCreated::of(&upload.object);
            return Ok(send_json(self.queue, QueueName::Split, &event, Some(&tenant)).await?);
        }
        Ok(())
    }

    async fn give_up(&self, upload: &Upload, detail: String, now: Timestamp) -> Result<(), Failure> {
        error!(upload.id = %upload.id, detail, "an upload is given up");
        let reason = Reason {
            code: "no-progress".to_owned(),
            detail,
            remedy: format!(
                "Look into the dead letters for the reason, then `muster uploads resume {}`.",
                upload.id
            ),
        };
        self.uploads.give_up(&upload.id, &reason, now).await?;
        Ok(())
    }
}
