//! Uploads, and what became of them.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::id::{AnnouncementId, PartnerId, TenantId};
use muster_core::inbox::{self, InboxKey, OnConflict};
use muster_core::outcome::Outcome;
use muster_core::upload::{self, UploadState};
use muster_runtime::http::openapi::words;
use muster_store::StoreError;
use muster_store::announcements::Announcement;
use muster_store::uploads::{Progress, UploadStatus, Uploads};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UploadStage {
    /// Its file is waited for.
    Announced,
    /// Its file did not come in time.
    Expired,
    /// Its file is there, and is worked on.
    Processing,
    /// Done; every row is registered, updated or unchanged.
    Finished,
    /// Done; some rows failed, and the report says why.
    FinishedWithErrors,
    /// Refused whole; nothing of it was registered.
    Refused,
    /// Given up after several tries without progress. What was registered stays.
    Failed,
    /// Called off. What was registered stays.
    Cancelled,
}

impl UploadStage {
    /// Whether nothing more happens by itself.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Announced | Self::Processing)
    }
}

impl From<UploadState> for UploadStage {
    fn from(state: UploadState) -> Self {
        match state {
            UploadState::Processing => Self::Processing,
            UploadState::Finished => Self::Finished,
            UploadState::FinishedWithErrors => Self::FinishedWithErrors,
            UploadState::Refused => Self::Refused,
            UploadState::Failed => Self::Failed,
            UploadState::Cancelled => Self::Cancelled,
        }
    }
}

/// Why something ended early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// A stable name.
    pub code: String,
    /// Where, what and why.
    pub detail: String,
    /// What to do.
    pub remedy: String,
}

impl From<upload::Reason> for Reason {
    fn from(reason: upload::Reason) -> Self {
        let upload::Reason { code, detail, remedy } = reason;
        Self { code, detail, remedy }
    }
}

/// How an upload is worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadOptions {
    /// For rows that bring no group tag of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_tag: Option<String>,
    /// Refuse the whole file when it has more rows than the channel takes at once.
    pub strict: bool,
    /// What becomes of group tag and user of devices that the tenant has already: `update` or `keep`.
    #[schema(value_type = words::OnConflict)]
    pub on_conflict: OnConflict,
    /// SHA-256 of the file in hexadecimal digits, as its sender gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Nothing is registered: the outcomes are what registering would come to.
    pub validate_only: bool,
    /// The partner that the devices of a catalogue upload are meant for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::PartnerId>)]
    pub intended_for: Option<PartnerId>,
}

impl From<inbox::UploadOptions> for UploadOptions {
    fn from(options: inbox::UploadOptions) -> Self {
        Self {
            group_tag: options.group_tag,
            strict: options.strict,
            on_conflict: options.on_conflict,
            sha256: options.sha256,
            validate_only: options.validate_only,
            intended_for: options.intended_for,
        }
    }
}

/// An upload and where it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    /// Its id: that of its announcement until its file is looked at, and then one of its own. Both stay good in paths.
    pub id: String,
    /// The id under which it was announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::AnnouncementId>)]
    pub announcement: Option<AnnouncementId>,
    /// Where it is.
    pub state: UploadStage,
    /// Whose devices its rows become. Of a list for a catalogue, the id that stands for the catalogue.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub tenant: Option<TenantId>,
    /// The partner that handed it in; absent where the tenant did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::PartnerId>)]
    pub partner: Option<PartnerId>,
    /// Through which channel.
    #[schema(value_type = Option<words::Channel>)]
    pub channel: Option<Channel>,
    /// What its sender calls the file.
    pub name: String,
    /// Bytes of the file.
    pub size: u64,
    /// How it is worked on.
    pub options: Option<UploadOptions>,
    /// When it was accepted or refused; before that, when it was announced.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Until when its file can be sent; only while it is waited for, and when it did not come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When it came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// Why it was refused, given up or called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What its sender should know although it was accepted.
    pub notices: Vec<String>,
    /// How many rows it has; absent while that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// How many rows are done.
    pub rows_done: u64,
    /// Rows a second, from its beginning on; absent before a row is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// When its rows will be done if it goes on so; only while it is worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub estimated_end: Option<Timestamp>,
    /// How many rows came to each outcome, once it is finished.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub counts: BTreeMap<Outcome, u64>,
}

/// A page of uploads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadPage {
    /// The uploads, newest first.
    pub uploads: Vec<Upload>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// What is known of the file of an announced upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSeen {
    /// It is not there.
    Not,
    /// It is there.
    Arrived,
    /// It is there, and could not be looked at.
    GivenUp {
        /// Why.
        reason: upload::Reason,
        /// When it was given up.
        at: Timestamp,
    },
}

impl Upload {
    /// An upload that was accepted or refused, and how far it is.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn read(uploads: &Uploads, status: UploadStatus, now: Timestamp) -> Result<Self, StoreError> {
        let progress = progress(uploads, &status).await?;
        Ok(Self::of(status, &progress, now))
    }

    /// An upload that was accepted or refused.
    #[must_use]
    pub fn of(status: UploadStatus, progress: &Progress, now: Timestamp) -> Self {
        let key = InboxKey::parse(&status.object.key);
        let file = key.map_or(status.object.key.as_str(), |key| key.name);
        let announcement = AnnouncementId::of_file(file);
        let name = match &announcement {
            Some(_) => file.split_once('~').map_or(file, |(_, name)| name),
            None => file,
        };
        let rows = status.rows.or(progress.rows);
        let pace = Pace::of(&status, progress, now);
        Self {
            id: status.id.to_string(),
            announcement,
            state: status.state.into(),
            tenant: status.tenant,
            partner: status.registrant.as_ref().and_then(|r| r.partner()).cloned(),
            channel: status.channel,
            name: name.to_owned(),
            size: status.size,
            options: status.options.map(UploadOptions::from),
            created_at: status.created_at,
            expires_at: None,
            finished_at: status.finished_at,
            reason: status.reason.map(Reason::from),
            notices: status.notices,
            rows,
            rows_done: progress.rows_done,
            rate: pace.rate,
            estimated_end: pace.end,
            counts: status.counts,
        }
    }

    /// An upload whose file was not looked at.
    #[must_use]
    pub fn announced(announcement: Announcement, file: FileSeen, now: Timestamp) -> Self {
        let (state, reason, finished_at) = match (file, announcement.cancelled) {
            (FileSeen::GivenUp { reason, at }, _) => (UploadStage::Failed, Some(reason), Some(at)),
            (FileSeen::Arrived, _) => (UploadStage::Processing, None, None),
            (FileSeen::Not, Some(reason)) => (UploadStage::Cancelled, Some(reason), None),
            (FileSeen::Not, None) if announcement.expires_at <= now => (UploadStage::Expired, None, None),
            (FileSeen::Not, None) => (UploadStage::Announced, None, None),
        };
        let waited_for = matches!(state, UploadStage::Announced | UploadStage::Expired);
        Self {
            id: announcement.id.to_string(),
            announcement: Some(announcement.id),
            state,
            tenant: Some(announcement.tenant),
            partner: announcement.registrant.partner().cloned(),
            channel: Some(announcement.channel),
            name: announcement.name,
            size: announcement.size,
            options: Some(announcement.options.into()),
            created_at: announcement.created_at,
            expires_at: waited_for.then_some(announcement.expires_at),
            finished_at,
            reason: reason.map(Reason::from),
            notices: Vec::new(),
            rows: None,
            rows_done: 0,
            rate: None,
            estimated_end: None,
            counts: BTreeMap::new(),
        }
    }
}

/// How far an upload is; what is finished is done in all its rows.
async fn progress(uploads: &Uploads, status: &UploadStatus) -> Result<Progress, StoreError> {
    if !status.counts.is_empty() {
        return Ok(Progress {
            batches_done: status.total.unwrap_or_default(),
            rows_done: status.counts.values().sum(),
            total: status.total,
            rows: status.rows,
        });
    }
    if status.dialect.is_none() {
        return Ok(Progress::default());
    }
    Ok(uploads.progress(&status.id).await?.unwrap_or_default())
}

/// How fast an upload goes.
struct Pace {
    rate: Option<f64>,
    end: Option<Timestamp>,
}

impl Pace {
    #[expect(clippy::cast_precision_loss, reason = "a rate is no count")]
    fn of(status: &UploadStatus, progress: &Progress, now: Timestamp) -> Self {
        let until = status.finished_at.unwrap_or(now);
        let seconds = until.duration_since(status.created_at).as_secs_f64();
        let rate = (progress.rows_done > 0 && seconds > 0.0).then(|| progress.rows_done as f64 / seconds);
        let left = progress.rows.map(|rows| rows.saturating_sub(progress.rows_done));
        let end = rate.zip(left).and_then(|(rate, left)| {
            let left = SignedDuration::try_from_secs_f64(left as f64 / rate).ok()?;
            now.checked_add(left).ok()
        });
        Self {
            rate,
            end: end.filter(|_| !status.state.is_final()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_under_way_tells_its_pace_and_one_that_ended_no_end() {
        let text = |state: &str, more: &str| {
            format!(
                r#"{{"id": "u-AAAAAAAAAAAAAAAAAAAA", "size": 1, "createdAt": "2026-01-01T00:00:00Z", "state": "{state}",
                "object": {{"bucket": "b", "key": "inbox/intune/-/Contoso/a-AAAAAAAAAAAAAAAAAAAA~März.csv", "version": "1"}}{more}}}"#
            )
        };
        let progress = Progress {
            batches_done: 1,
            rows_done: 500,
            total: Some(4),
            rows: Some(2000),
        };
        let now = "2026-01-01T00:00:10Z".parse().unwrap();
        let open = Upload::of(serde_json::from_str(&text("processing", "")).unwrap(), &progress, now);
        assert_eq!((open.name.as_str(), open.rate), ("März.csv", Some(50.0)));
        assert_eq!(open.announcement.unwrap().as_str(), "a-AAAAAAAAAAAAAAAAAAAA");
        assert_eq!(open.estimated_end, Some("2026-01-01T00:00:40Z".parse().unwrap()));
        let ended = text("failed", r#", "finishedAt": "2026-01-01T00:00:05Z""#);
        let ended = Upload::of(serde_json::from_str(&ended).unwrap(), &progress, now);
        assert_eq!((ended.rate, ended.estimated_end), (Some(100.0), None));
        let none = Upload::of(
            serde_json::from_str(&text("processing", "")).unwrap(),
            &Progress::default(),
            now,
        );
        assert_eq!((none.rate, none.estimated_end), (None, None));
    }
}
