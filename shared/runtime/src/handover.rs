//! The end of a batch and of an upload: whoever sees an upload complete hands it over, and every repeat looks again.

use muster_core::id::{TenantId, UploadId};
use muster_core::message::{BatchMessage, FinishMessage};
use muster_store::queue::{Queue, QueueName, send_json};
use muster_store::uploads::Uploads;

use crate::Failure;

/// Marks a batch done, and hands its upload over where that was the last one.
///
/// # Errors
/// When the store or the queue is out of reach.
pub async fn batch_done(uploads: &Uploads, queue: &dyn Queue, message: &BatchMessage) -> Result<(), Failure> {
    let done = uploads
        .batch_done(&message.upload, message.number, message.batch.rows)
        .await?;
    if done.upload_complete {
        hand_over(queue, &message.upload, message.tenant, message.express).await?;
    }
    Ok(())
}

/// Hands a complete upload over to be finished; `express`: it has one batch.
///
/// # Errors
/// When the queue is out of reach.
pub async fn hand_over(queue: &dyn Queue, upload: &UploadId, tenant: TenantId, express: bool) -> Result<(), Failure> {
    let name = if express {
        QueueName::FinishExpress
    } else {
        QueueName::Finish
    };
    let finish = FinishMessage {
        upload: upload.clone(),
        tenant,
    };
    Ok(send_json(queue, name, &finish, Some(&tenant.to_string())).await?)
}
