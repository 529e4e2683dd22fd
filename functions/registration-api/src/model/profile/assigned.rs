//! Which devices a profile names, and which profile a device has.

use muster_core::device::{Device, DeviceState};
use muster_core::id::{DeviceId, ProfileId};
use muster_core::profile::{self, AssignmentDetail, AssignmentStatus, Because, Side, Target, Verdict, explain};
use muster_runtime::http::openapi::words;
use muster_store::StoreError;
use muster_store::contacts::Contacts;
use muster_store::profiles::{ListOutcome, Profiles};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::Refusal;

/// Devices for both lists of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamedDevices {
    /// Devices that get it, whatever their group tag.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 1000)]
    pub include: Vec<DeviceId>,
    /// Devices that never get it.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 1000)]
    pub exclude: Vec<DeviceId>,
}

/// Which devices to put on the lists of a profile, and which to take off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlaceDevices {
    /// Devices to put on a list. One that is on the other list is refused, unless `remove` names it, too.
    #[serde(default)]
    pub add: NamedDevices,
    /// Devices to take off whichever list they are on.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 1000)]
    pub remove: Vec<DeviceId>,
}

/// What became of a device that was to be put on a list, or taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum PlacedName {
    /// It is on the list.
    Added,
    /// It is on no list.
    Removed,
    /// It was so before.
    Unchanged,
    /// There is no such registered device that the caller may know of.
    NotFound,
    /// It contradicts what stands there; the reason says how.
    Refused,
}

/// What became of one of the devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlacedDevice {
    /// The device.
    #[schema(value_type = String, format = Uuid)]
    pub id: DeviceId,
    /// What became of it.
    pub outcome: PlacedName,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Refusal>,
}

/// What became of the devices: those to include, those to exclude, those to take off, each in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlacedDevices {
    /// The devices.
    pub devices: Vec<PlacedDevice>,
}

/// A device that a profile names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedDevice {
    /// The device.
    #[schema(value_type = String, format = Uuid)]
    pub id: DeviceId,
    /// `include` or `exclude`.
    #[schema(value_type = words::ProfileSide)]
    pub side: Side,
    /// Its serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Whether it is registered still. Absent: it is not there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::DeviceState>)]
    pub state: Option<DeviceState>,
}

/// A page of the devices that a profile names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedDevicePage {
    /// The devices: those that it includes, then those that it excludes.
    pub devices: Vec<ListedDevice>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// The profile that a device has, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceProfile {
    /// The device.
    #[schema(value_type = String, format = Uuid)]
    pub device: DeviceId,
    /// How far the device is with it.
    #[schema(value_type = words::AssignmentStatus)]
    pub assignment_status: AssignmentStatus,
    /// Why it failed; `none` otherwise.
    #[schema(value_type = words::AssignmentDetail)]
    pub assignment_detail: AssignmentDetail,
    /// The profile; null where the device has none. A partner is told of partners' profiles only.
    pub profile: Option<AssignedProfile>,
    /// Every profile that the caller may see, the oldest first, and what became of it.
    pub considered: Vec<ConsideredProfile>,
}

/// The profile that a device has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignedProfile {
    /// The profile.
    #[schema(value_type = String, format = Uuid)]
    pub id: ProfileId,
    /// Its name.
    pub name: String,
    /// Counts the changes of what a device is told.
    pub revision: u64,
    /// Why the device has it.
    #[schema(value_type = words::ProfileReason)]
    pub because: Because,
    /// The same in words.
    pub detail: String,
}

/// A profile that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsideredProfile {
    /// The profile.
    #[schema(value_type = String, format = Uuid)]
    pub id: ProfileId,
    /// Its name.
    pub name: String,
    /// What became of it.
    #[schema(value_type = words::ProfileVerdict)]
    pub verdict: Verdict,
    /// The same in words.
    pub detail: String,
}

impl PlacedDevice {
    /// What became of a device.
    #[must_use]
    pub fn of(id: DeviceId, outcome: ListOutcome) -> Self {
        let refused = |code: &str, detail: &str, remedy: &str| {
            let reason = Refusal {
                code: code.to_owned(),
                detail: detail.to_owned(),
                remedy: remedy.to_owned(),
            };
            (PlacedName::Refused, Some(reason))
        };
        let (outcome, reason) = match outcome {
            ListOutcome::Added => (PlacedName::Added, None),
            ListOutcome::Removed => (PlacedName::Removed, None),
            ListOutcome::Unchanged => (PlacedName::Unchanged, None),
            ListOutcome::NotRegistered => (PlacedName::NotFound, None),
            ListOutcome::OnOtherList => refused(
                "on-other-list",
                "the profile names the device on its other list",
                "Name the device among those to remove, too, and it is moved.",
            ),
            ListOutcome::AllDevices => refused(
                "all-devices",
                "the profile is for all devices, and so excludes none",
                "Assign the profile to group tags instead, or leave the device in.",
            ),
            ListOutcome::NotOfPartner => refused(
                "not-of-partner",
                "a partner made the profile, and the tenant registered the device itself",
                "Use a profile of the tenant's own for it.",
            ),
        };
        Self { id, outcome, reason }
    }
}

impl From<&profile::Chosen> for AssignedProfile {
    fn from(chosen: &profile::Chosen) -> Self {
        Self {
            id: chosen.rule.id,
            name: chosen.rule.name.clone(),
            revision: chosen.rule.revision,
            because: chosen.because,
            detail: chosen.because.words().to_owned(),
        }
    }
}

impl From<&profile::Considered> for ConsideredProfile {
    fn from(considered: &profile::Considered) -> Self {
        Self {
            id: considered.profile,
            name: considered.name.clone(),
            verdict: considered.verdict,
            detail: considered.verdict.words().to_owned(),
        }
    }
}

impl DeviceProfile {
    /// Which profile a registered device has at this moment, and what of it the device has got.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn read(profiles: &Profiles, contacts: &Contacts, device: &Device) -> Result<Self, StoreError> {
        let rules = profiles.rules(device.tenant).await?;
        let target = Target::of(device, profiles.lists(device.id).await?);
        let explanation = explain(&target, &rules);
        let contact = contacts.get(device.id).await?;
        let state = explanation.state(&target, contact.profile.as_ref());
        Ok(Self::of(device.id, &explanation, state))
    }

    /// Whether the device has a profile that it can use: then it may be connected.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        !matches!(
            self.assignment_status,
            AssignmentStatus::NotAssigned | AssignmentStatus::Failed
        )
    }

    /// The whole explanation of a device's profile.
    #[must_use]
    pub fn of(device: DeviceId, explanation: &profile::Explanation, state: profile::AssignmentState) -> Self {
        Self {
            device,
            assignment_status: state.status,
            assignment_detail: state.detail,
            profile: explanation.chosen.as_ref().map(Into::into),
            considered: explanation.considered.iter().map(Into::into).collect(),
        }
    }

    /// As much of it as is about these profiles.
    #[must_use]
    pub fn about(self, may_see: impl Fn(ProfileId) -> bool) -> Self {
        Self {
            profile: self.profile.filter(|profile| may_see(profile.id)),
            considered: self.considered.into_iter().filter(|one| may_see(one.id)).collect(),
            ..self
        }
    }
}
