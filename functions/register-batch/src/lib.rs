//! Registers a batch, or lists it in a manufacturer's catalogue: looks its identities up, decides row by row, and writes slice by slice, each with one check of
//! the consent and one receipt. A repeat finds the receipts and goes on behind the last one.

mod complete;
mod entries;
mod led;
mod plan;
mod slices;

use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::device::RowContext;
use muster_core::grant::Verb;
use muster_core::inbox::OnConflict;
use muster_core::message::BatchMessage;
use muster_core::record::{Checked, Record};
use muster_core::upload::{Upload, UploadState};
use muster_runtime::Failure;
use muster_runtime::handover::batch_done;
use muster_store::Grants;
use muster_store::catalogue::Catalogue;
use muster_store::devices::Devices;
use muster_store::queue::Queue;
use muster_store::receipts::Receipts;
use muster_store::uploads::{LONGEST_WORK, UploadStatus, Uploads};
use muster_store::validated::ValidatedBatches;

/// Where the function takes the time from. A batch can take long, and consent may end in the middle of it.
pub type Clock<'a> = &'a (dyn Fn() -> Timestamp + Send + Sync);

/// The function and the capabilities that it uses.
pub struct RegisterBatch<'a> {
    /// Reads the upload; marks the batch done.
    pub uploads: Uploads,
    /// Reads the batch's records.
    pub validated: ValidatedBatches,
    /// Reads and writes devices and claims.
    pub devices: Devices,
    /// Reads and writes entries; says where rows without a hash lead.
    pub catalogue: Catalogue,
    /// Reads what was done of the batch; writes receipts of refused rows.
    pub receipts: Receipts,
    /// Says why consent is missing, and what the tenant itself may do.
    pub grants: Grants,
    /// Hands a complete upload over.
    pub queue: &'a dyn Queue,
}

impl RegisterBatch<'_> {
    /// Handles one message. The rows are dated by its start; the consent is judged by the time of each write.
    ///
    /// # Errors
    /// When the store is out of reach, or other writers were faster again and again.
    pub async fn handle(&self, message: BatchMessage, clock: Clock<'_>) -> Result<(), Failure> {
        let Some(status) = self.uploads.get(&message.upload).await? else {
            return Err(Failure::Poison("there is no such upload".to_owned()));
        };
        let Some(upload) = status.upload() else {
            return Ok(());
        };
        let rows = match status.state {
            UploadState::Processing | UploadState::Cancelled | UploadState::Failed => {
                self.validated.get(&upload.id, message.number).await?
            }
            _ => return Ok(()),
        };
        if status.state.is_final() {
            let records = rows.map(records_of).unwrap_or_default();
            return self
                .leave_nothing_behind(&status, &upload, message.number, records, clock)
                .await;
        }
        let rows = rows.ok_or_else(|| Failure::Retry("the batch is not validated yet".to_owned()))?;
        let records = records_of(rows);
        let whole = match upload.channel {
            Channel::Catalogue => self.catalogue(&upload, message.number, records, clock).await?,
            _ => self.register(&upload, message.number, records, clock).await?,
        };
        if !whole {
            return Ok(());
        }
        batch_done(&self.uploads, self.queue, &message).await
    }

    /// A worker may have died at a batch of an upload that ended meanwhile, behind a slice that it wrote, and before it looked
    /// what the catalogue knows of it. Nothing new is registered.
    async fn leave_nothing_behind(
        &self,
        status: &UploadStatus,
        upload: &Upload,
        number: u32,
        mut records: Vec<Record>,
        clock: Clock<'_>,
    ) -> Result<(), Failure> {
        if !upload.options.validate_only {
            let done = self.receipts.of_batch(&upload.id, number).await?;
            let last = done.last().map_or(0, |last| last.row);
            records.retain(|record| record.place.row <= last);
            let by = complete::By {
                pin: &upload.grant,
                number,
                clock,
            };
            match upload.channel {
                Channel::Catalogue => self.complete_after_entries(entries::keys_of(&records), by).await?,
                _ => self.complete_after_rows(led::leading_keys(records.iter()), by).await?,
            }
        }
        // Somebody who saw the upload under way may be at a slice still, and die.
        let over = status.finished_at.and_then(|end| end.checked_add(LONGEST_WORK).ok());
        if status.state == UploadState::Cancelled && over.is_some_and(|over| over <= clock()) {
            self.uploads.batch_settled(&upload.id, number).await?;
        }
        Ok(())
    }

    /// `false` where the upload ended meanwhile, and rows are left.
    async fn register(
        &self,
        upload: &Upload,
        number: u32,
        mut records: Vec<Record>,
        clock: Clock<'_>,
    ) -> Result<bool, Failure> {
        let context = context_of(upload, clock());
        let bare = led::leading_keys(records.iter());
        let mut work = slices::Work::new(upload, number, context);
        let done = self.receipts.of_batch(&upload.id, number).await?;
        if let Some(last) = work.take_over(&done, records.iter().map(|record| record.place)) {
            records.retain(|record| record.place.row > last);
        }
        let mut planned = self
            .plan(
                records,
                &context,
                upload.require_catalogue,
                upload.options.validate_only,
            )
            .await?;
        // The first slice follows upon the look at the upload that began this batch.
        let (mut first, mut ended) = (true, false);
        while !planned.is_empty() {
            if !std::mem::take(&mut first) && self.has_ended(upload).await? {
                ended = true;
                break;
            }
            self.write_next(&mut work, &mut planned, clock()).await?;
        }
        if !upload.options.validate_only {
            let by = complete::By {
                pin: &upload.grant,
                number,
                clock,
            };
            self.complete_after_rows(bare, by).await?;
        }
        Ok(!ended)
    }

    /// Whether the upload was called off or given up.
    async fn has_ended(&self, upload: &Upload) -> Result<bool, Failure> {
        let status = self.uploads.get(&upload.id).await?;
        Ok(status.is_none_or(|status| status.state.is_final()))
    }

    async fn denial(&self, upload: &Upload, now: Timestamp) -> Result<muster_core::grant::Denial, Failure> {
        Ok(self.grants.denial(&upload.grant, now).await?)
    }
}

/// The rows that are in order.
fn records_of(rows: Vec<Checked>) -> Vec<Record> {
    let valid = rows.into_iter().filter_map(|row| match row {
        Checked::Valid(record) => Some(*record),
        _ => None,
    });
    valid.collect()
}

/// Group tags and users that are stored change only where the grant allows to update.
fn context_of(upload: &Upload, now: Timestamp) -> RowContext<'_> {
    let on_conflict = if upload.grant.verbs.contains(&Verb::Update) {
        upload.options.on_conflict
    } else {
        OnConflict::Keep
    };
    RowContext {
        upload: &upload.id,
        tenant: upload.tenant,
        registrant: &upload.registrant,
        channel: upload.channel,
        group_tag: upload.options.group_tag.as_deref(),
        on_conflict,
        now,
    }
}
