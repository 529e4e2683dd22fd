//! Validates a batch: its rows become device records or problems, written beside the upload. This function has no right
//! to write the registry; `muster check` runs the same [`check_rows`].

mod rows;

use muster_core::message::BatchMessage;
use muster_core::record::Checked;
use muster_core::upload::UploadState;
use muster_runtime::Failure;
use muster_runtime::handover::batch_done;
use muster_store::objects::Objects;
use muster_store::queue::{Queue, QueueName, send_json};
use muster_store::uploads::Uploads;
use muster_store::validated::ValidatedBatches;

pub use rows::check_rows;

/// The function and the capabilities that it uses.
pub struct ValidateBatch<'a> {
    /// Reads the upload; marks the batch done when no row of it is in order.
    pub uploads: Uploads,
    /// Reads the rows.
    pub objects: Objects,
    /// Writes what became of them.
    pub validated: ValidatedBatches,
    /// Sends the batch on.
    pub queue: &'a dyn Queue,
}

impl ValidateBatch<'_> {
    /// Handles one message. A repeat finds what was written and sends it on again.
    ///
    /// # Errors
    /// When the store is out of reach, or the rows are gone.
    pub async fn handle(&self, message: BatchMessage) -> Result<(), Failure> {
        self.handle_with(message, |_| {}).await
    }

    /// The same; what became of the rows passes through `change` before it is written.
    ///
    /// # Errors
    /// As [`handle`](Self::handle).
    pub async fn handle_with(&self, message: BatchMessage, change: fn(&mut [Checked])) -> Result<(), Failure> {
        let Some(status) = self.uploads.get(&message.upload).await? else {
            return Err(Failure::Poison("there is no such upload".to_owned()));
        };
        if status.state == UploadState::Cancelled {
            return self.send_on(&message).await;
        }
        let (Some(upload), false) = (status.upload(), status.state.is_final()) else {
            return Ok(());
        };
        let rows = match self.validated.get(&upload.id, message.number).await? {
            Some(rows) => rows,
            None => {
                let dialect = status.dialect.as_deref().unwrap_or_default();
                let dialect =
                    serde_json::from_str(dialect).map_err(|e| Failure::Poison(format!("the upload's dialect: {e}")))?;
                let batch = message.batch;
                let bytes = self.objects.read_range(&upload.object, batch.start, batch.end).await?;
                let bytes = bytes.ok_or_else(|| Failure::Poison("the uploaded file is gone".to_owned()))?;
                let mut rows = check_rows(&bytes, &dialect, &batch, upload.channel);
                change(&mut rows);
                self.validated.put(&upload.id, message.number, rows).await?
            }
        };
        if rows.iter().any(|row| matches!(row, Checked::Valid(_))) {
            return self.send_on(&message).await;
        }
        batch_done(&self.uploads, self.queue, &message).await
    }

    /// Sends a batch on to be registered; one of a cancelled upload, so that nothing stays behind of what was registered.
    async fn send_on(&self, message: &BatchMessage) -> Result<(), Failure> {
        let queue = if message.express {
            QueueName::RegisterExpress
        } else {
            QueueName::Register
        };
        Ok(send_json(self.queue, queue, message, Some(&message.tenant.to_string())).await?)
    }
}
