//! Which profile a device has, and which devices have a profile.

use muster_core::device::Device;
use muster_core::id::{DeviceId, ProfileId};
use muster_core::profile::{self, AssignmentDetail, AssignmentStatus, Because, Target, Verdict, explain};
use muster_runtime::http::openapi::words;
use muster_store::StoreError;
use muster_store::contacts::Contacts;
use muster_store::profiles::{AssignedPage, Profiles};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

/// Whose eyes see which profile a device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eyes {
    /// Those of the tenant, and of whoever runs the service.
    Tenants,
    /// Those of a partner, to which there are no profiles but those of partners: what they see depends on nothing of the
    /// tenant's own.
    Partners,
}

impl DeviceProfile {
    /// Which profile a registered device has at this moment, and what of it the device has got.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn read(
        profiles: &Profiles,
        contacts: &Contacts,
        device: &Device,
        eyes: Eyes,
    ) -> Result<Self, StoreError> {
        let mut rules = profiles.rules(device.tenant).await?;
        let mut lists = profiles.lists(&device.ids()).await?;
        let mut downloaded = contacts.get(&device.ids()).await?.profile;
        if eyes == Eyes::Partners {
            rules.retain(profile::Rule::is_of_partners);
            lists.retain(|id, _| rules.iter().any(|rule| rule.id == *id));
            // Whether it got a partner's profile tells whether it got one of the tenant's.
            downloaded = None;
        }
        let target = Target::of(device, lists);
        let explanation = explain(&target, &rules);
        let state = explanation.state(&target, downloaded.as_ref());
        Ok(Self {
            device: device.id,
            assignment_status: state.status,
            assignment_detail: state.detail,
            profile: explanation.chosen.as_ref().map(Into::into),
            considered: explanation.considered.iter().map(Into::into).collect(),
        })
    }

    /// Whether the device has a profile that it can use: then it may be connected.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        !matches!(
            self.assignment_status,
            AssignmentStatus::NotAssigned | AssignmentStatus::Failed
        )
    }
}

/// A device that has a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignedDevice {
    /// The device.
    #[schema(value_type = String, format = Uuid)]
    pub id: DeviceId,
    /// Its serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Its group tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_tag: Option<String>,
    /// Why it has the profile.
    #[schema(value_type = words::ProfileReason)]
    pub because: Because,
    /// How far it is with it.
    #[schema(value_type = words::AssignmentStatus)]
    pub assignment_status: AssignmentStatus,
    /// Why it failed; `none` otherwise.
    #[schema(value_type = words::AssignmentDetail)]
    pub assignment_detail: AssignmentDetail,
}

/// A page of the devices that have a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignedDevicePage {
    /// The devices, in no order that spans pages.
    pub devices: Vec<AssignedDevice>,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl AssignedDevicePage {
    /// What is told of a page of devices, with what of the profile each has got.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn read(contacts: &Contacts, page: AssignedPage, eyes: Eyes) -> Result<Self, StoreError> {
        let devices: Vec<&Device> = page.devices.iter().map(|one| &one.device).collect();
        let known = match eyes {
            Eyes::Tenants => contacts.get_many(&devices).await?,
            Eyes::Partners => Default::default(),
        };
        let told = page.devices.into_iter().map(|one| {
            let downloaded = known.get(&one.device.id).and_then(|contact| contact.profile.as_ref());
            let state = one.chosen.state(&one.target, downloaded);
            AssignedDevice {
                id: one.device.id,
                serial: one.device.serial,
                group_tag: one.device.group_tag,
                because: one.chosen.because,
                assignment_status: state.status,
                assignment_detail: state.detail,
            }
        });
        Ok(Self {
            devices: told.collect(),
            next: page.next,
        })
    }
}
