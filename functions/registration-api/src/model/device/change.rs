//! What became of a device.

use muster_core::id::{DeviceId, PartnerId, UploadId};
use muster_core::{Timestamp, history, party};
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Registrant, Source};

/// How a version of a device came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceChange {
    /// The version.
    pub version: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `registered`, `updated`, `rebound` to a new board, `released`, or `merged` into another device.
    #[schema(value_type = words::DeviceEvent)]
    pub event: history::Event,
    /// Who did it.
    pub by: ChangeAuthor,
    /// What changed.
    pub fields: Vec<FieldChange>,
    /// Why, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The devices that turned out to be this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub absorbed: Vec<DeviceId>,
}

/// Who changed a device: somebody by hand, a row of an upload, or a manufacturer's catalogue, which knew more of it. Of
/// others a partner is told the party alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeAuthor {
    /// In whose name somebody changed it by hand; to a partner, also whose upload it was, where that is not its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<Registrant>,
    /// Who that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The row that changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The manufacturer whose catalogue completed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::PartnerId>)]
    pub catalogue: Option<PartnerId>,
}

/// A value that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// Its name, as the device has it. `keys` is an identity that was added, or without a value those that were given up;
    /// `hardware` is what hardware hashes are compared by, whose values are not told.
    pub field: String,
    /// What it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// A page of a device's history, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceChangePage {
    /// The changes.
    pub changes: Vec<DeviceChange>,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl DeviceChange {
    /// Leaves out what this partner is not told: who somebody of the tenant or of another partner was and why, and the rows of their
    /// uploads, of which the party alone is told. `whose`: who handed an upload in.
    pub fn hide_from(&mut self, partner: &party::Registrant, whose: impl Fn(&UploadId) -> Option<party::Registrant>) {
        let by = &mut self.by;
        if let Some(source) = &by.source {
            by.party = whose(&source.upload).map(Registrant::from);
        }
        let own = Registrant::from(partner.clone());
        match by.party == Some(own) {
            // Of a row of its own the row says all.
            true if by.source.is_some() => by.party = None,
            true => {}
            false => {
                (by.subject, by.source) = (None, None);
                self.reason = None;
            }
        }
    }
}

impl From<history::DeviceChange> for DeviceChange {
    fn from(change: history::DeviceChange) -> Self {
        let by = match change.by {
            history::Author::Requester(requester) => ChangeAuthor {
                party: Some(requester.party.into()),
                subject: Some(requester.subject),
                source: None,
                catalogue: None,
            },
            history::Author::Row(source) => ChangeAuthor {
                party: None,
                subject: None,
                source: Some(source.into()),
                catalogue: None,
            },
            history::Author::Catalogue(partner) => ChangeAuthor {
                party: None,
                subject: None,
                source: None,
                catalogue: Some(partner),
            },
        };
        let fields = change.fields.into_iter().map(|field| FieldChange {
            field: field.field,
            old: field.old,
            new: field.new,
        });
        Self {
            version: change.version,
            at: change.at,
            event: change.event,
            by,
            fields: fields.collect(),
            reason: change.reason,
            absorbed: change.absorbed,
        }
    }
}
