//! What is stored of an upload.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::grant::GrantPin;
use muster_core::id::{TenantId, UploadId};
use muster_core::inbox::UploadOptions;
use muster_core::outcome::Outcome;
use muster_core::party::Registrant;
use muster_core::upload::{ObjectVersion, Reason, Upload, UploadState};
use serde::{Deserialize, Serialize};

use crate::receipts::RECEIPTS_KEPT_DAYS;

/// Batches of one progress item.
pub(crate) const GROUP: u32 = 256;

/// An upload and where it is. One that was refused early lacks what was not known then: see [`Self::upload`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadStatus {
    /// Its id.
    pub id: UploadId,
    /// The object version.
    pub object: ObjectVersion,
    /// Bytes of the object.
    pub size: u64,
    /// Whose devices its rows become.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Who handed it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registrant: Option<Registrant>,
    /// Through which channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Its options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<UploadOptions>,
    /// The consent that it was accepted under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantPin>,
    /// Whether a row without a hash must lead to a device of the catalogue.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_catalogue: bool,
    /// Of a catalogue upload: the manufacturers that its sender stood for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub manufacturers: BTreeSet<String>,
    /// When it was accepted or refused.
    pub created_at: Timestamp,
    /// Where it is.
    pub state: UploadState,
    /// Why it was refused or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What its sender should know although it was accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// How its text is to be read, in the words of whoever accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// How many batches it has; `None` while it is being cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
    /// How many rows it has; `None` while it is being cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// When it came to its final state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Rows by outcome, once it is finished.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<Outcome, u64>,
    /// How often sweep found it without progress, in a row.
    #[serde(default)]
    pub tries: u32,
    /// How many batches were done when sweep looked last.
    #[serde(default)]
    pub seen: u32,
    /// When sweep looks next; `None` once it is final, and a cancelled one is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_check: Option<Timestamp>,
    /// The groups of batches that are done.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) done_groups: BTreeSet<u32>,
}

/// What is known of an upload that is refused from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedUpload {
    /// The object version.
    pub object: ObjectVersion,
    /// Bytes of the object.
    pub size: u64,
    /// The tenant, where it is known.
    pub tenant: Option<TenantId>,
    /// Who handed it in, where that is known.
    pub registrant: Option<Registrant>,
    /// The channel, where it is known.
    pub channel: Option<Channel>,
    /// Its options, where they could be read.
    pub options: Option<UploadOptions>,
    /// Why it is refused. What could not be made out (a tenant that nobody knows) is quoted here, and stands in the
    /// object's key.
    pub reason: Reason,
}

impl UploadStatus {
    /// Whether it can be taken up again no more: its receipts are gone soon, and without them nobody knows what was done of
    /// it.
    #[must_use]
    pub fn is_past_resuming(&self, now: Timestamp) -> bool {
        let kept = ((RECEIPTS_KEPT_DAYS - 1) * 24).hours();
        now.checked_sub(kept).is_ok_and(|oldest| self.created_at < oldest)
    }

    /// Whether nothing will change its state and its counts any more.
    #[must_use]
    pub fn is_lasting(&self, now: Timestamp) -> bool {
        self.state.is_lasting() || (self.state == UploadState::Failed && self.is_past_resuming(now))
    }

    /// What never changes of an upload that was accepted; `None` for one that was refused before all of it was known.
    #[must_use]
    pub fn upload(&self) -> Option<Upload> {
        Some(Upload {
            id: self.id.clone(),
            object: self.object.clone(),
            size: self.size,
            tenant: self.tenant?,
            registrant: self.registrant.clone()?,
            channel: self.channel?,
            options: self.options.clone()?,
            grant: self.grant.clone()?,
            require_catalogue: self.require_catalogue,
            manufacturers: self.manufacturers.clone(),
            created_at: self.created_at,
        })
    }

    /// Whether all batches are done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.total
            .is_some_and(|total| (0..total.div_ceil(GROUP)).all(|group| self.done_groups.contains(&group)))
    }

    pub(super) fn accepted(upload: &Upload, dialect: &str, notices: &[String], next_check: Timestamp) -> Self {
        Self {
            tenant: Some(upload.tenant),
            registrant: Some(upload.registrant.clone()),
            channel: Some(upload.channel),
            options: Some(upload.options.clone()),
            grant: Some(upload.grant.clone()),
            require_catalogue: upload.require_catalogue,
            manufacturers: upload.manufacturers.clone(),
            notices: notices.to_vec(),
            dialect: Some(dialect.to_owned()),
            next_check: Some(next_check),
            ..Self::bare(upload.id.clone(), upload.object.clone(), upload.size, upload.created_at)
        }
    }

    pub(super) fn refused(refused: &RefusedUpload, now: Timestamp) -> Self {
        Self {
            tenant: refused.tenant,
            registrant: refused.registrant.clone(),
            channel: refused.channel,
            options: refused.options.clone(),
            state: UploadState::Refused,
            reason: Some(refused.reason.clone()),
            finished_at: Some(now),
            ..Self::bare(refused.object.upload_id(), refused.object.clone(), refused.size, now)
        }
    }

    const fn bare(id: UploadId, object: ObjectVersion, size: u64, created_at: Timestamp) -> Self {
        Self {
            id,
            object,
            size,
            tenant: None,
            registrant: None,
            channel: None,
            options: None,
            grant: None,
            require_catalogue: false,
            manufacturers: BTreeSet::new(),
            created_at,
            state: UploadState::Processing,
            reason: None,
            notices: Vec::new(),
            dialect: None,
            total: None,
            rows: None,
            finished_at: None,
            counts: BTreeMap::new(),
            tries: 0,
            seen: 0,
            next_check: None,
            done_groups: BTreeSet::new(),
        }
    }
}
