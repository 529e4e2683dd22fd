//! Counts and figures of an upload.

use std::collections::BTreeMap;

use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::id::{TenantId, UploadId};
use muster_core::outcome::Outcome;
use muster_core::party::Registrant;
use muster_core::report::ReportRow;
use muster_core::upload::{Upload, UploadState};
use muster_store::uploads::UploadStatus;
use serde::Serialize;

/// How many different notices a summary tells.
const MAX_NOTICES: usize = 50;

/// `summary.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The upload.
    pub upload_id: UploadId,
    /// Whose devices they are.
    pub tenant: TenantId,
    /// Who handed them in.
    pub registrant: Registrant,
    /// Through which channel.
    pub channel: Channel,
    /// Whether nothing was registered, and the outcomes are what registering would have come to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub validate_only: bool,
    /// How many data rows.
    pub rows: u64,
    /// How many batches.
    pub batches: u32,
    /// How many rows came to each outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// What the sender should know of the file as a whole.
    pub notices: Vec<String>,
    /// What the sender should know of rows, and of how many; at most 50 different texts.
    pub row_notices: BTreeMap<String, u64>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its reports were written.
    pub finished_at: Timestamp,
}

impl Summary {
    pub(crate) fn begin(upload: &Upload, status: &UploadStatus) -> Self {
        Self {
            upload_id: upload.id.clone(),
            tenant: upload.tenant,
            registrant: upload.registrant.clone(),
            channel: upload.channel,
            validate_only: upload.options.validate_only,
            rows: 0,
            batches: 0,
            outcomes: BTreeMap::new(),
            notices: status.notices.clone(),
            row_notices: BTreeMap::new(),
            created_at: upload.created_at,
            finished_at: upload.created_at,
        }
    }

    pub(crate) fn count(&mut self, row: &ReportRow) {
        self.rows += 1;
        *self.outcomes.entry(row.outcome).or_default() += 1;
        for notice in &row.notices {
            if let Some(count) = self.row_notices.get_mut(notice) {
                *count += 1;
            } else if self.row_notices.len() < MAX_NOTICES {
                self.row_notices.insert(notice.clone(), 1);
            }
        }
    }

    pub(crate) fn end(&mut self, now: Timestamp) {
        self.finished_at = now;
    }

    /// How many rows are not registered.
    pub(crate) fn failed(&self) -> u64 {
        self.outcomes
            .iter()
            .filter(|(outcome, _)| !outcome.is_success())
            .map(|(_, count)| count)
            .sum()
    }
}

/// The event that tells of a finished upload.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadFinished {
    /// The event's id, which a repeat has too.
    pub id: String,
    /// What it is.
    pub r#type: &'static str,
    /// The upload.
    pub upload_id: UploadId,
    /// Whose devices they are.
    pub tenant: TenantId,
    /// The object's key.
    pub key: String,
    /// `finished` or `finished-with-errors`.
    pub state: UploadState,
    /// Whether nothing was registered, and the outcomes are what registering would have come to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub validate_only: bool,
    /// How many data rows.
    pub rows: u64,
    /// How many rows came to each outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
}

impl UploadFinished {
    pub(crate) fn new(upload: &Upload, status: &UploadStatus, summary: &Summary, state: UploadState) -> Self {
        Self {
            id: format!("upload-finished-{}", upload.id),
            r#type: "uploadFinished",
            upload_id: upload.id.clone(),
            tenant: upload.tenant,
            key: status.object.key.clone(),
            state,
            validate_only: summary.validate_only,
            rows: summary.rows,
            outcomes: summary.outcomes.clone(),
        }
    }
}
