//! A registered device.

mod edit;

use hardware_hash::Components;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::channel::Channel;
use crate::id::{DeviceId, TenantId, UploadId};
use crate::identity::{IdentityKey, Pkid};
use crate::party::Registrant;
use crate::record::{Place, Record};
use crate::repair::Remediation;

pub use edit::{DeviceEdit, EditFault};

/// Where a device's data came from: a row of an upload. The upload's item names the object version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The upload.
    pub upload: UploadId,
    /// The row in it.
    #[serde(flatten)]
    pub place: Place,
}

/// Whether a device is registered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceState {
    /// It belongs to its tenant.
    #[default]
    Registered,
    /// The association has ended; its identities are free.
    Released,
    /// It turned out to be the same device as another one, which lives on.
    Merged,
}

impl DeviceState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Registered, Self::Released, Self::Merged];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Released => "released",
            Self::Merged => "merged",
        }
    }
}

/// A device and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Counts every change; changes are conditional on it.
    pub version: u64,
    /// Whether it is registered.
    pub state: DeviceState,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who registered it. A partner does not see what the tenant registered itself.
    pub registrant: Registrant,
    /// Through which channel.
    pub channel: Channel,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// System manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// System product name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Product key id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkid: Option<Pkid>,
    /// Group tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_tag: Option<String>,
    /// Assigned user, as a user principal name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_user: Option<String>,
    /// How the assigned user is greeted; none without an assigned user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressable_user_name: Option<String>,
    /// The name that the device shall get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The order that it was bought by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_order: Option<String>,
    /// Its identities, each held by a claim.
    pub keys: Vec<IdentityKey>,
    /// What the matcher compares, as of the last capture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Components>,
    /// What it needs after its hardware changed; nothing where that was never seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediation: Option<Remediation>,
    /// The row that registered it.
    pub source: Source,
    /// The row that changed it last, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<Source>,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
    /// The devices that turned out to be this one, as they were merged into it. What was recorded beside them, their places on
    /// lists of profiles and their contacts, counts for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absorbed: Vec<DeviceId>,
    /// The device that it turned out to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<DeviceId>,
}

impl Device {
    /// Whether partners may know of it: those that partners registered.
    #[must_use]
    pub fn is_of_partners(&self) -> bool {
        self.registrant != Registrant::Tenant
    }

    /// Under which ids something may be recorded beside it: its own, then those of the devices that were merged into it.
    #[must_use]
    pub fn ids(&self) -> Vec<DeviceId> {
        std::iter::once(self.id).chain(self.absorbed.iter().copied()).collect()
    }

    /// The row that wrote it last.
    #[must_use]
    pub fn last_source(&self) -> &Source {
        self.changed_by.as_ref().unwrap_or(&self.source)
    }

    /// A new device, as a row registers it.
    #[must_use]
    pub fn new(record: &Record, context: &RowContext<'_>) -> Self {
        let source = Source {
            upload: context.upload.clone(),
            place: record.place,
        };
        Self {
            id: DeviceId::of_row(context.upload, record.place.row),
            version: 1,
            state: DeviceState::Registered,
            tenant: context.tenant,
            registrant: context.registrant.clone(),
            channel: context.channel,
            serial: record.serial.clone(),
            manufacturer: record.manufacturer.clone(),
            model: record.model.clone(),
            pkid: record.pkid.clone(),
            group_tag: record
                .group_tag
                .clone()
                .or_else(|| context.group_tag.map(str::to_owned)),
            assigned_user: record.assigned_user.clone(),
            addressable_user_name: None,
            display_name: None,
            purchase_order: None,
            keys: record.keys.clone(),
            components: record.components.clone(),
            remediation: None,
            source,
            changed_by: None,
            registered_at: context.now,
            changed_at: context.now,
            absorbed: Vec::new(),
            merged_into: None,
        }
    }
}

/// What is the same for all rows of an upload.
#[derive(Debug, Clone, Copy)]
pub struct RowContext<'a> {
    /// The upload.
    pub upload: &'a UploadId,
    /// Whose devices they become.
    pub tenant: TenantId,
    /// Who hands them in.
    pub registrant: &'a Registrant,
    /// Through which channel.
    pub channel: Channel,
    /// For rows that bring no group tag.
    pub group_tag: Option<&'a str>,
    /// What to do with stored group tags and users.
    pub on_conflict: crate::inbox::OnConflict,
    /// The time of this attempt.
    pub now: Timestamp,
}
