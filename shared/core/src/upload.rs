//! An upload and its states.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::channel::Channel;
use crate::error_code::ErrorCode;
use crate::grant::{Denial, GrantPin};
use crate::id::{TenantId, UploadId};
use crate::inbox::UploadOptions;
use crate::party::Registrant;

/// One version of one object, and the bytes of it that matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectVersion {
    /// The bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// The version.
    pub version: String,
}

impl ObjectVersion {
    /// The upload that this is.
    #[must_use]
    pub fn upload_id(&self) -> UploadId {
        UploadId::of_object(&self.bucket, &self.key, &self.version)
    }
}

/// Where an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UploadState {
    /// Accepted; its batches are being cut and worked on.
    Processing,
    /// Done; every row is registered, updated or unchanged.
    Finished,
    /// Done; some rows failed, and the report says why.
    FinishedWithErrors,
    /// Refused whole; nothing of it was registered.
    Refused,
    /// Given up after several tries without progress. What was registered stays.
    Failed,
    /// Called off by its sender or its tenant. What was registered stays.
    Cancelled,
}

impl UploadState {
    /// Whether nothing more will happen by itself.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Processing)
    }

    /// Whether it stays so for ever, as far as the state says it: what was given up can be taken up again.
    #[must_use]
    pub const fn is_lasting(self) -> bool {
        !matches!(self, Self::Processing | Self::Failed)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Finished => "finished",
            Self::FinishedWithErrors => "finished-with-errors",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why an upload was refused or given up, in words that a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// A stable name.
    pub code: String,
    /// Where, what and why.
    pub detail: String,
    /// What to do.
    pub remedy: String,
}

impl Reason {
    /// Of an upload that somebody called off.
    #[must_use]
    pub fn cancelled(by: &str) -> Self {
        Self {
            code: "cancelled".to_owned(),
            detail: format!("it was called off by {by}"),
            remedy: "Upload the file again if it is wanted after all; rows that are registered come out as unchanged."
                .to_owned(),
        }
    }
}

/// The number, where one is published, and the name of what became of a row that its upload came to an end without: a consent
/// that was missing by the name that it has for a single row, and everything else by the name of the reason. Nothing: the
/// store failed.
#[must_use]
pub fn lost(reason: Option<&Reason>) -> (Option<u16>, &str) {
    let Some(reason) = reason else {
        return (ErrorCode::StorageError.number(), ErrorCode::StorageError.name());
    };
    match Denial::ALL.into_iter().find(|denial| denial.code() == reason.code) {
        Some(denial) => {
            let outcome = denial.outcome();
            let entry = outcome.entry();
            (entry.code, entry.code_name.unwrap_or(outcome.name()))
        }
        None => (None, &reason.code),
    }
}

/// What is known of an upload from the start and never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// The object version.
    pub object: ObjectVersion,
    /// Bytes of the object.
    pub size: u64,
    /// Whose devices its rows become.
    pub tenant: TenantId,
    /// Who handed it in.
    pub registrant: Registrant,
    /// Through which channel.
    pub channel: Channel,
    /// Its options.
    pub options: UploadOptions,
    /// The consent that it was accepted under.
    pub grant: GrantPin,
    /// Whether a row without a hash must lead to a device of the catalogue, as its tenant demanded when it was accepted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_catalogue: bool,
    /// Of a catalogue upload: the manufacturers that its sender stood for when it was accepted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub manufacturers: BTreeSet<String>,
    /// When it was accepted.
    pub created_at: Timestamp,
}

/// A batch: whole rows of an upload, at most as many as the channel takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// The first byte.
    pub start: u64,
    /// The byte behind the last one.
    pub end: u64,
    /// The line of the first row.
    pub first_line: u64,
    /// The number of the first row.
    pub first_row: u64,
    /// How many rows.
    pub rows: u32,
    /// Where the upload goes on; behind `end` where the last row is too long to be read whole.
    pub next_start: u64,
    /// The line that begins there.
    pub next_line: u64,
}

/// Bytes that a batch has at most, whatever the channel's limit of rows: 4 MiB.
pub const MAX_BATCH_BYTES: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_never_stands_without_its_own_name() {
        let reason = |code: &str| Reason {
            code: code.to_owned(),
            detail: String::new(),
            remedy: String::new(),
        };
        for (reason, expected) in [
            (None, (Some(640), "StorageError")),
            (Some(reason("cancelled")), (None, "cancelled")),
            (Some(reason("unknown-tenant")), (None, "unknown-tenant")),
            (Some(reason("consent-revoked")), (None, "consentRevoked")),
            (Some(reason("consent-not-covered")), (None, "consentMissing")),
        ] {
            assert_eq!(lost(reason.as_ref()), expected);
        }
    }
}
