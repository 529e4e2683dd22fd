//! Finishes an upload: joins what validation and registration came to, in input order, into `report.csv`, `fixit.csv`
//! and `summary.json`, tells whoever listens, and gives the upload its final state. Counts come from the receipts.

mod report;
mod summary;

use futures::StreamExt as _;
use jiff::ToSpan as _;
use manifest::Dialect;
use muster_core::Timestamp;
use muster_core::message::FinishMessage;
use muster_core::report::ReportRow;
use muster_core::upload::{Batch, Upload, UploadState};
use muster_runtime::Failure;
use muster_store::objects::Objects;
use muster_store::outcomes::{RowsOf, rows_of_batch};
use muster_store::queue::{Queue, QueueName, send_json};
use muster_store::receipts::Receipts;
use muster_store::reports::summary_key;
use muster_store::uploads::{Finished, UploadStatus, Uploads};
use muster_store::validated::ValidatedBatches;
use tracing::{info, warn};

use report::Reports;
pub use summary::{Summary, UploadFinished};

/// How many batches are read ahead. Those with failed rows hold up to 4 MiB each.
const READ_AHEAD: usize = 4;

/// After how many batches sweep is told that the work goes on, and for how many seconds it then waits.
const TELL_EVERY: u32 = 100;
const CHECK_AFTER: i64 = 600;

/// The function and the capabilities that it uses.
pub struct FinishUpload<'a> {
    /// Reads the upload; gives it its final state.
    pub uploads: Uploads,
    /// Reads what validation came to.
    pub validated: ValidatedBatches,
    /// Reads what registration came to.
    pub receipts: Receipts,
    /// Reads the rows that failed; writes the reports.
    pub objects: Objects,
    /// Tells that the upload is finished.
    pub queue: &'a dyn Queue,
}

impl FinishUpload<'_> {
    /// Handles one message. A repeat writes the same reports again, or finds the upload finished.
    ///
    /// # Errors
    /// When the store is out of reach, or a batch is not done.
    pub async fn handle(&self, message: FinishMessage, now: Timestamp) -> Result<(), Failure> {
        let Some(status) = self.uploads.get(&message.upload).await? else {
            return Err(Failure::Poison("there is no such upload".to_owned()));
        };
        let (Some(upload), false, true) = (status.upload(), status.state.is_final(), status.is_complete()) else {
            return Ok(());
        };
        let dialect = status.dialect.as_deref().unwrap_or_default();
        let dialect: Dialect =
            serde_json::from_str(dialect).map_err(|e| Failure::Poison(format!("the upload's dialect: {e}")))?;
        let mut reports = Reports::begin(&self.objects, &upload.id, &dialect);
        let mut summary = Summary::begin(&upload, &status);
        match self.write(&upload, &status, &mut reports, &mut summary, now).await {
            Ok(()) => reports.finish().await?,
            Err(failure) => {
                reports.abort().await;
                return Err(failure);
            }
        }
        summary.end(now);
        self.announce(&upload, &status, &summary, now).await
    }

    /// Reads a few batches ahead, and tells sweep from time to time that the work goes on.
    async fn write(
        &self,
        upload: &Upload,
        status: &UploadStatus,
        reports: &mut Reports<'_>,
        summary: &mut Summary,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let cuts = self.uploads.cuts(&upload.id).await?;
        let batches = (0..).zip(cuts.into_iter().flat_map(|(_, batches)| batches));
        let mut read = futures::stream::iter(batches)
            .map(|(number, batch)| self.read(upload, number, batch))
            .buffered(READ_AHEAD);
        while let Some(read) = read.next().await {
            let (batch, rows, bytes) = read?;
            for row in &rows {
                summary.count(row);
                reports.row(row, raw_of(row, &batch, &bytes)).await?;
            }
            summary.batches += 1;
            if summary.batches.is_multiple_of(TELL_EVERY) {
                let next = now.checked_add(CHECK_AFTER.seconds()).unwrap_or(now);
                self.uploads.postpone(&upload.id, status.seen, 0, next).await?;
            }
        }
        Ok(())
    }

    async fn read(
        &self,
        upload: &Upload,
        number: u32,
        batch: Batch,
    ) -> Result<(Batch, Vec<ReportRow>, Vec<u8>), Failure> {
        let rows = self.rows(upload, number).await?;
        let bytes = self.failed_bytes(upload, &batch, &rows).await?;
        Ok((batch, rows, bytes))
    }

    async fn rows(&self, upload: &Upload, number: u32) -> Result<Vec<ReportRow>, Failure> {
        let of = RowsOf {
            upload: &upload.id,
            validate_only: upload.options.validate_only,
        };
        let rows = rows_of_batch(&self.validated, &self.receipts, of, number).await?;
        let all = rows.and_then(|rows| rows.into_iter().collect::<Option<Vec<_>>>());
        all.ok_or_else(|| Failure::Retry(format!("batch {number} is not done")))
    }

    /// The bytes of the batch, where a row of it failed.
    async fn failed_bytes(&self, upload: &Upload, batch: &Batch, rows: &[ReportRow]) -> Result<Vec<u8>, Failure> {
        if rows.iter().all(|row| row.outcome.is_success()) {
            return Ok(Vec::new());
        }
        let bytes = self.objects.read_range(&upload.object, batch.start, batch.end).await?;
        // The report is worth having even when somebody removed the file in the meantime.
        Ok(bytes.map(Vec::from).unwrap_or_default())
    }

    async fn announce(
        &self,
        upload: &Upload,
        status: &UploadStatus,
        summary: &Summary,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let body = serde_json::to_vec_pretty(summary).map_err(|e| Failure::Poison(format!("the summary: {e}")))?;
        self.objects
            .put(&summary_key(&upload.id), body.into(), "application/json")
            .await?;
        let state = if summary.failed() == 0 {
            UploadState::Finished
        } else {
            UploadState::FinishedWithErrors
        };
        // Told first: should this process die here, a repeat tells it again, under the same id.
        if self
            .uploads
            .get(&upload.id)
            .await?
            .is_some_and(|status| !status.state.is_final())
        {
            let event = UploadFinished::new(upload, status, summary, state);
            send_json(self.queue, QueueName::Events, &event, Some(&upload.tenant.to_string())).await?;
        }
        match self.uploads.finish(&upload.id, state, &summary.outcomes, now).await? {
            Finished::Done | Finished::Already => {
                info!(upload.id = %upload.id, upload.state = state.as_str(), rows = summary.rows, "an upload is finished");
            }
            Finished::Otherwise(status) => {
                warn!(upload.id = %upload.id, upload.state = status.state.as_str(), "an upload ended otherwise meanwhile");
            }
        }
        Ok(())
    }
}

fn raw_of<'a>(row: &ReportRow, batch: &Batch, bytes: &'a [u8]) -> &'a [u8] {
    let start = usize::try_from(row.place.offset.saturating_sub(batch.start)).unwrap_or(usize::MAX);
    let end = start
        .saturating_add(usize::try_from(row.place.len).unwrap_or(usize::MAX))
        .min(bytes.len());
    bytes.get(start..end).unwrap_or_default()
}
