//! Repair: how a new capture compares with a registered device, what a person has to do about it, and what a device
//! becomes when its new parts are taken over.
//!
//! Microsoft's service calls the states "Fix pending" and "Attention required" (Microsoft Learn, "Windows Autopilot
//! motherboard replacement"); the names on the wire are those of Microsoft Graph. `docs/repair.md` has the table of repairs.

mod rebind;

use hardware_hash::{Agreement, Part, compare};
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::channel::Channel;
use crate::decide::device_contradicts;
use crate::device::{Device, DeviceState};
use crate::id::UploadId;
use crate::identity::{IdentityKey, KeyKind};
use crate::record::{Place, Record};
use crate::row::{self, RawRow, RowFault};

pub use rebind::{Misfit, Notice, Rebinding, rebind};

/// The most characters of a reason.
pub const MAX_REASON: usize = 500;

/// What a device needs after its hardware changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RemediationState {
    /// Nothing: it is as it was registered, as far as is known.
    #[default]
    NoRemediationRequired,
    /// "Fix pending": its board was replaced, and the tenant's MDM service will show it again; then it is taken over.
    AutomaticRemediationRequired,
    /// "Attention required": its board was replaced, and somebody has to rebind or release it.
    ManualRemediationRequired,
}

impl RemediationState {
    /// All states.
    pub const ALL: [Self; 3] = [
        Self::NoRemediationRequired,
        Self::AutomaticRemediationRequired,
        Self::ManualRemediationRequired,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRemediationRequired => "noRemediationRequired",
            Self::AutomaticRemediationRequired => "automaticRemediationRequired",
            Self::ManualRemediationRequired => "manualRemediationRequired",
        }
    }
}

/// What a device needs, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remediation {
    /// What it needs.
    pub state: RemediationState,
    /// Since when that is known.
    pub since: Timestamp,
    /// The upload that showed it; nothing where a boot or somebody by hand did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<UploadId>,
    /// The strongest identity that it showed, where it was a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<IdentityKey>,
}

impl Remediation {
    /// What a booting device showed.
    #[must_use]
    pub const fn at_boot(state: RemediationState, now: Timestamp) -> Self {
        Self {
            state,
            since: now,
            upload: None,
            shown: None,
        }
    }

    /// Nothing is needed any more.
    #[must_use]
    pub const fn done(now: Timestamp) -> Self {
        Self::at_boot(RemediationState::NoRemediationRequired, now)
    }

    /// Whether something is needed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state != RemediationState::NoRemediationRequired
    }
}

/// What a new capture is to a registered device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognition {
    /// It is that device, perhaps with another disk, memory or network card.
    SameDevice,
    /// It has the identity of that device on another board.
    BoardReplaced(Replacement),
    /// It is another device, for this reason.
    AnotherDevice(String),
}

/// A board, or what belongs to it, that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// What differs, in words.
    pub why: String,
    /// Whether it can be mended without a person, as soon as the tenant's MDM service vouches for it: beside the names, other
    /// parts of the old device are still there. Names alone can be written into any firmware.
    pub by_itself: bool,
}

impl Recognition {
    /// What the device needs.
    #[must_use]
    pub const fn remediation(&self) -> RemediationState {
        match self {
            Self::BoardReplaced(Replacement { by_itself: true, .. }) => RemediationState::AutomaticRemediationRequired,
            Self::BoardReplaced(_) => RemediationState::ManualRemediationRequired,
            Self::SameDevice | Self::AnotherDevice(_) => RemediationState::NoRemediationRequired,
        }
    }
}

/// Compares a capture with a registered device. On another board only manufacturer, model and serial number together, or
/// the product key, make it that device; a UUID, a disk or an address that moved does not.
#[must_use]
pub fn recognise(device: &Device, capture: &Record) -> Recognition {
    let Some(why) = device_contradicts(capture, device) else {
        let verdict = capture
            .components
            .as_ref()
            .zip(device.components.as_ref())
            .map(|(new, old)| compare(old, new));
        let shared = capture.keys.iter().any(|key| device.keys.contains(key));
        return if shared || verdict.is_some_and(|verdict| verdict.matched) {
            Recognition::SameDevice
        } else {
            Recognition::AnotherDevice("the two share no identity".to_owned())
        };
    };
    let names = shares(device, capture, KeyKind::Tuple);
    if !names && !shares(device, capture, KeyKind::Pkid) {
        return Recognition::AnotherDevice(why);
    }
    Recognition::BoardReplaced(Replacement {
        why,
        by_itself: names && keeps_parts(device, capture),
    })
}

/// Whether both have an identity of this kind in common.
fn shares(device: &Device, capture: &Record, kind: KeyKind) -> bool {
    device
        .keys
        .iter()
        .any(|key| key.kind() == kind && capture.keys.contains(key))
}

/// Whether more than the names of the old device is still there.
fn keeps_parts(device: &Device, capture: &Record) -> bool {
    let Some((old, new)) = device.components.as_ref().zip(capture.components.as_ref()) else {
        return false;
    };
    compare(old, new).fields.iter().any(|field| {
        matches!(field.field, Part::Uuid | Part::ProductKey | Part::Macs | Part::Disks)
            && matches!(field.verdict, Agreement::Agrees | Agreement::Partly)
    })
}

/// A 4K hardware hash by itself, read by the rules for rows.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_capture(hash: &str) -> Result<Record, Vec<RowFault>> {
    let raw = RawRow {
        hardware_hash: Some(hash),
        ..RawRow::default()
    };
    // It is no row of a file. The channel takes hashes and nothing else.
    let nowhere = Place {
        row: 1,
        line: 1,
        offset: 0,
        len: 0,
    };
    row::read(&raw, nowhere, Channel::Intune, &mut Vec::new())
}

/// What a device needs as of now: what was found out last, by uploads and by hand or at its boots. One that is not registered
/// any more needs nothing.
#[must_use]
pub fn current(device: &Device, at_boot: Option<&Remediation>) -> Remediation {
    if device.state != DeviceState::Registered {
        return Remediation::done(device.changed_at);
    }
    let first = Remediation::done(device.registered_at);
    let known = device.remediation.as_ref().unwrap_or(&first);
    at_boot.filter(|boot| boot.since > known.since).unwrap_or(known).clone()
}

#[cfg(test)]
mod tests;
