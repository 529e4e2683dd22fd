//! Devices.

mod change;
mod contact;
mod edit;
mod found;
mod rebind;

use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::deployment;
use muster_core::device::{self, DeviceState};
use muster_core::id::{DeviceId, PartnerId, TenantId, UploadId};
use muster_core::identity::{IdentityKey, Pkid};
use muster_core::party;
use muster_core::repair::{self, RemediationState};
use muster_runtime::http::openapi::words;
use muster_store::StoreError;
use muster_store::contacts::Contacts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use change::{ChangeAuthor, DeviceChange, DeviceChangePage, FieldChange};
pub use contact::{Contact, DownloadedProfile};
pub use edit::{
    DeviceOutcome, DeviceOutcomes, EditDevice, EditDevices, EditOneOfMany, IdentifiedDevice, IdentityOutcome,
    IdentityOutcomes, OutcomeName, Refusal, ReleaseByIdentity, ReleaseDevices,
};
pub use found::{Comparison, ComparisonPart, FindDevice, FoundDevice};
pub use rebind::{RebindDevice, RebindNotice, ReboundDevice};

/// A device and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: DeviceId,
    /// Counts every change.
    pub version: u64,
    /// `registered`, `released`, or `merged` into another device.
    #[schema(value_type = words::DeviceState)]
    pub state: DeviceState,
    /// Whose it is.
    #[schema(value_type = String, format = Uuid)]
    pub tenant: TenantId,
    /// Who registered it.
    pub registrant: Registrant,
    /// Through which channel.
    #[schema(value_type = words::Channel)]
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
    /// Product key id, 13 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub pkid: Option<Pkid>,
    /// Group tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_tag: Option<String>,
    /// Assigned user, as a user principal name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_user: Option<String>,
    /// The name that the device shall get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The order that it was bought by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_order: Option<String>,
    /// Its identities as digests, strongest first.
    #[schema(value_type = Vec<String>)]
    pub keys: Vec<IdentityKey>,
    /// What it needs after its hardware changed.
    #[serde(default)]
    #[schema(value_type = words::RemediationState)]
    pub remediation_state: RemediationState,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub remediation_state_last_modified_date_time: Option<Timestamp>,
    /// The row that registered it; a partner is told its own rows only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The row that changed it last, where that is another one. A partner finds its own rows in the device's history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<Source>,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    pub registered_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
    /// The device that it turned out to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub merged_into: Option<DeviceId>,
    /// When it booted, and what it was told.
    #[serde(flatten)]
    pub contact: Contact,
}

/// Who registers devices, or changes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Registrant {
    /// The tenant's own administrators or its MDM service.
    Tenant,
    /// The partner of this id.
    Partner(String),
}

impl From<party::Registrant> for Registrant {
    fn from(registrant: party::Registrant) -> Self {
        match registrant {
            party::Registrant::Tenant => Self::Tenant,
            party::Registrant::Partner(id) => Self::Partner(id.into()),
        }
    }
}

/// A row of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The upload.
    #[schema(value_type = words::UploadId)]
    pub upload: UploadId,
    /// The data row's number, from 1, without header and blank lines.
    pub row: u64,
    /// The line of the file where the row begins, from 1.
    pub line: u64,
    /// The byte of the file where the row begins.
    pub offset: u64,
    /// How many bytes it has.
    pub len: u32,
}

impl From<device::Source> for Source {
    fn from(source: device::Source) -> Self {
        Self {
            upload: source.upload,
            row: source.place.row,
            line: source.place.line,
            offset: source.place.offset,
            len: source.place.len,
        }
    }
}

impl Device {
    /// A device with what is known of its contacts.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn read(contacts: &Contacts, device: device::Device) -> Result<Self, StoreError> {
        let contact = contacts.get(&device.ids()).await?;
        Ok(Self::of(device, contact))
    }

    /// The same of several devices, in their order.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn read_all(contacts: &Contacts, devices: Vec<device::Device>) -> Result<Vec<Self>, StoreError> {
        let mut known = contacts.get_many(&devices.iter().collect::<Vec<_>>()).await?;
        let told = devices.into_iter().map(|device| {
            let contact = known.remove(&device.id).unwrap_or_default();
            Self::of(device, contact)
        });
        Ok(told.collect())
    }

    fn of(device: device::Device, contact: deployment::Contact) -> Self {
        let ever = device.remediation.is_some() || contact.remediation.is_some();
        let remediation = repair::current(&device, contact.remediation.as_ref());
        Self {
            id: device.id,
            version: device.version,
            state: device.state,
            tenant: device.tenant,
            registrant: device.registrant.into(),
            channel: device.channel,
            serial: device.serial,
            manufacturer: device.manufacturer,
            model: device.model,
            pkid: device.pkid,
            group_tag: device.group_tag,
            assigned_user: device.assigned_user,
            display_name: device.display_name,
            purchase_order: device.purchase_order,
            keys: device.keys,
            remediation_state: remediation.state,
            remediation_state_last_modified_date_time: ever.then_some(remediation.since),
            source: Some(device.source.into()),
            changed_by: device.changed_by.map(Source::from),
            registered_at: device.registered_at,
            changed_at: device.changed_at,
            merged_into: device.merged_into,
            contact: contact.into(),
        }
    }
}

impl Device {
    /// Leaves out the rows that this partner is not known to have handed in, and which profile the device was given and whether
    /// it was given one, which may be one of the tenant's own.
    pub fn hide_from(&mut self, partner: &PartnerId) {
        let own = Registrant::from(party::Registrant::Partner(partner.clone()));
        self.source = self.source.take().filter(|_| self.registrant == own);
        self.changed_by = None;
        self.contact.downloaded_profile = None;
        self.contact.last_answer = self.contact.last_answer.filter(|answer| !answer.tells_of_profiles());
    }
}

/// A page of devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DevicePage {
    /// The devices, in no order that spans pages.
    pub devices: Vec<Device>,
    /// Where the next page begins.
    pub next: Option<String>,
}
