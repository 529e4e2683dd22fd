//! Which devices a profile names one by one.

use std::collections::{HashMap, HashSet};

use muster_core::device::DeviceState;
use muster_core::id::DeviceId;
use muster_core::profile::{Fault, Side};
use muster_runtime::http::openapi::words;
use muster_store::profiles::{ListOutcome, Placing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::Refusal;

/// How many devices one request may name in each of its lists.
const MOST: usize = 1000;

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

impl PlaceDevices {
    /// Where each device is to be.
    ///
    /// # Errors
    /// Names everything that contradicts itself.
    pub fn placings(&self) -> Result<Vec<Placing>, Vec<Fault>> {
        let removed: HashSet<DeviceId> = self.remove.iter().copied().collect();
        let lists = [
            ("add.include", &self.add.include, Some(Side::Include)),
            ("add.exclude", &self.add.exclude, Some(Side::Exclude)),
            ("remove", &self.remove, None),
        ];
        let (mut placings, mut faults) = (Vec::new(), Vec::new());
        let mut sides: HashMap<DeviceId, Option<Side>> = HashMap::new();
        if lists.iter().all(|(_, devices, _)| devices.is_empty()) {
            faults.push(fault("add", "it names no device, and neither does remove"));
        }
        for (list, devices, side) in lists {
            if devices.len() > MOST {
                let detail = format!("it names {} devices; at most {MOST} are taken", devices.len());
                faults.push(fault(list, &detail));
                continue;
            }
            let mut seen = HashSet::new();
            for (at, device) in devices.iter().enumerate() {
                let path = || format!("{list}[{at}]");
                if !seen.insert(*device) {
                    faults.push(fault(&path(), "the device is named before"));
                    continue;
                }
                match (sides.get(device), side) {
                    (Some(_), Some(_)) => {
                        faults.push(fault(&path(), "the device is both to be included and to be excluded"))
                    }
                    // It moves to the list that names it.
                    (Some(_), None) => {}
                    (None, side) => {
                        sides.insert(*device, side);
                        placings.push(Placing {
                            device: *device,
                            side,
                            moves: removed.contains(device),
                        });
                    }
                }
            }
        }
        if faults.is_empty() { Ok(placings) } else { Err(faults) }
    }
}

fn fault(path: &str, detail: &str) -> Fault {
    Fault {
        path: path.to_owned(),
        detail: detail.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use muster_core::id::UploadId;

    use super::*;

    fn device(row: u64) -> DeviceId {
        DeviceId::of_row(&UploadId::of_object("b", "k", "1"), row)
    }

    fn sent(include: &[u64], exclude: &[u64], remove: &[u64]) -> PlaceDevices {
        let of = |rows: &[u64]| rows.iter().map(|row| device(*row)).collect();
        PlaceDevices {
            add: NamedDevices {
                include: of(include),
                exclude: of(exclude),
            },
            remove: of(remove),
        }
    }

    #[test]
    fn a_device_is_to_be_in_one_place() {
        let paths = |sent: PlaceDevices| {
            let faults = sent.placings().unwrap_err();
            faults.into_iter().map(|fault| fault.path).collect::<Vec<_>>()
        };
        assert_eq!(paths(sent(&[1, 2, 1], &[2], &[])), ["add.include[2]", "add.exclude[0]"]);
        assert_eq!(paths(sent(&[], &[], &[3, 3])), ["remove[1]"]);
        assert_eq!(paths(sent(&[], &[], &[])), ["add"]);
        let many: Vec<u64> = (0..1001).collect();
        assert_eq!(paths(sent(&[], &many, &[])), ["add.exclude"]);
    }

    #[test]
    fn what_is_taken_off_and_put_on_moves() {
        let wanted = sent(&[1], &[2], &[2, 3]).placings().unwrap();
        let told: Vec<(DeviceId, Option<Side>, bool)> =
            wanted.iter().map(|one| (one.device, one.side, one.moves)).collect();
        assert_eq!(
            told,
            [
                (device(1), Some(Side::Include), false),
                (device(2), Some(Side::Exclude), true),
                (device(3), None, true),
            ]
        );
    }
}
