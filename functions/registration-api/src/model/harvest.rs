//! Reports of an MDM service, and what became of them.

use std::collections::BTreeMap;

use muster_core::harvest::{Harvested, Judgement, Ownership, SkipReason, Skipped};
use muster_core::id::DeviceId;
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Reason, Upload};

/// A page of devices that an MDM service manages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewHarvest {
    /// The devices.
    #[schema(min_items = 1, max_items = 500)]
    pub devices: Vec<HarvestedDevice>,
}

/// A device as an MDM service reports it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HarvestedDevice {
    /// The 4K hardware hash, in base64.
    #[schema(min_length = 1, max_length = 24000)]
    pub hardware_hash: String,
    /// `corporate`, `personal` or `unknown`.
    #[schema(value_type = words::Ownership)]
    pub ownership: Ownership,
    /// Whether it is enrolled.
    pub enrolled: bool,
    /// The version of Windows, such as `10.0.22631.3007`.
    #[schema(max_length = 128)]
    pub os_version: String,
    /// What the MDM service calls it; comes back with the answer, and is not kept.
    #[schema(max_length = 128)]
    pub managed_device_id: Option<String>,
    /// The group tag that it gets, and by which profiles target it.
    #[schema(max_length = 128)]
    pub group_tag: Option<String>,
}

/// Without the hash, which is personal data.
impl std::fmt::Debug for HarvestedDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HarvestedDevice")
            .field("ownership", &self.ownership)
            .field("enrolled", &self.enrolled)
            .finish_non_exhaustive()
    }
}

/// What became of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Harvest {
    /// How many devices were handed in for registration.
    pub taken: u64,
    /// How many were skipped, by reason.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub skipped: BTreeMap<SkipReason, u64>,
    /// Each device, in the order of the page.
    pub rows: Vec<HarvestRow>,
    /// The upload that the devices became which were handed in; its rows say what each came to.
    pub upload: Option<Upload>,
}

/// What became of a device of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HarvestRow {
    /// Its place in the page, counted from 1.
    pub row: u64,
    /// What the MDM service calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_device_id: Option<String>,
    /// Its row in the upload; absent where it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_row: Option<u64>,
    /// The device of the tenant that it is, or that has an identity of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub device: Option<DeviceId>,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Reason>,
}

impl From<&HarvestedDevice> for Harvested {
    fn from(device: &HarvestedDevice) -> Self {
        let group_tag = device.group_tag.as_deref().map(str::trim).filter(|tag| !tag.is_empty());
        Self {
            hardware_hash: device.hardware_hash.clone(),
            ownership: device.ownership,
            enrolled: device.enrolled,
            os_version: device.os_version.clone(),
            group_tag: group_tag.map(str::to_owned),
        }
    }
}

impl Harvest {
    /// What became of these devices, of which each has its judgement.
    #[must_use]
    pub fn of(devices: &[HarvestedDevice], judged: Vec<Judgement>, upload: Option<Upload>) -> Self {
        let (mut taken, mut skipped) = (0, BTreeMap::new());
        let mut rows = Vec::with_capacity(judged.len());
        for ((row, device), judgement) in (1..).zip(devices).zip(judged) {
            let mut told = HarvestRow {
                row,
                managed_device_id: device.managed_device_id.clone(),
                upload_row: None,
                device: None,
                skipped: None,
            };
            match judgement {
                Judgement::Skip(reason) => {
                    *skipped.entry(reason.reason).or_default() += 1;
                    told.device = reason.device;
                    told.skipped = Some(Reason::from(reason));
                }
                Judgement::Register | Judgement::Repair(_) => {
                    taken += 1;
                    told.upload_row = Some(taken);
                    if let Judgement::Repair(device) = judgement {
                        told.device = Some(device);
                    }
                }
            }
            rows.push(told);
        }
        Self {
            taken,
            skipped,
            rows,
            upload,
        }
    }
}

impl From<Skipped> for Reason {
    fn from(skipped: Skipped) -> Self {
        let entry = skipped.reason.entry();
        Self {
            code: skipped.reason.as_str().to_owned(),
            detail: match skipped.detail {
                Some(detail) => format!("{}: {detail}", entry.meaning),
                None => entry.meaning.to_owned(),
            },
            remedy: entry.remedy.to_owned(),
        }
    }
}
