//! What travels in the queues: pointers, never rows. Every message may come twice, late or in another order.

use serde::{Deserialize, Serialize};

use crate::id::{TenantId, UploadId};
use crate::upload::{Batch, ObjectVersion};

/// A batch to validate, and then to register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchMessage {
    /// The upload.
    pub upload: UploadId,
    /// The tenant, for fair queueing.
    pub tenant: TenantId,
    /// The batch's number, counted from 0.
    pub number: u32,
    /// Where its rows are.
    pub object: ObjectVersion,
    /// Which rows.
    pub batch: Batch,
    /// Set where it is the upload's only batch, which takes the express queues.
    #[serde(default)]
    pub express: bool,
}

/// An upload whose batches are all done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FinishMessage {
    /// The upload.
    pub upload: UploadId,
    /// The tenant, for fair queueing.
    pub tenant: TenantId,
}
