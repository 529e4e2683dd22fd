//! How far a device is with the profile that it has.

use serde::{Deserialize, Serialize};

use super::settings::names;
use super::{Chosen, DeviceType, Explanation, Mode, Target};
use crate::Timestamp;
use crate::id::ProfileId;

/// The profile that a device got when it last asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Downloaded {
    /// The profile.
    pub profile: ProfileId,
    /// Its name then.
    pub name: String,
    /// Its revision then.
    pub revision: u64,
    /// When.
    pub at: Timestamp,
}

/// How far a device is with its profile. The names are Graph's, but for one that Graph misspells. None is `pending`: a
/// profile is a device's from the moment on that it is assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AssignmentStatus {
    /// It has none.
    NotAssigned,
    /// It has one and has never asked for it.
    AssignedUnknownSyncState,
    /// It has one and got it as it is.
    AssignedInSync,
    /// It has one and got another, or this one as it was before.
    AssignedOutOfSync,
    /// It has one that it cannot use.
    Failed,
}

names!(
    AssignmentStatus,
    NotAssigned => "notAssigned",
    AssignedUnknownSyncState => "assignedUnknownSyncState",
    AssignedInSync => "assignedInSync",
    AssignedOutOfSync => "assignedOutOfSync",
    Failed => "failed",
);

/// Why a device cannot use its profile. The names are Graph's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AssignmentDetail {
    /// It can, or has none.
    #[serde(rename = "none")]
    None,
    /// The profile is self-deploying, and the device's hash tells of no TPM.
    #[serde(rename = "hardwareRequirementsNotMet")]
    HardwareRequirementsNotMet,
    /// The profile is for Surface Hubs 2, the device is none.
    #[serde(rename = "surfaceHubProfileNotSupported")]
    SurfaceHubProfileNotSupported,
    /// The profile is for HoloLens, the device is none.
    #[serde(rename = "holoLensProfileNotSupported")]
    HoloLensProfileNotSupported,
    /// The profile is for PCs, the device is none.
    #[serde(rename = "windowsPcProfileNotSupported")]
    WindowsPcProfileNotSupported,
    /// The profile is for Surface Hubs 2S, the device is none.
    #[serde(rename = "surfaceHub2SProfileNotSupported")]
    SurfaceHub2SProfileNotSupported,
}

names!(
    AssignmentDetail,
    None => "none",
    HardwareRequirementsNotMet => "hardwareRequirementsNotMet",
    SurfaceHubProfileNotSupported => "surfaceHubProfileNotSupported",
    HoloLensProfileNotSupported => "holoLensProfileNotSupported",
    WindowsPcProfileNotSupported => "windowsPcProfileNotSupported",
    SurfaceHub2SProfileNotSupported => "surfaceHub2SProfileNotSupported",
);

/// Status and detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssignmentState {
    /// How far the device is.
    pub status: AssignmentStatus,
    /// Why it failed.
    pub detail: AssignmentDetail,
}

impl Explanation {
    /// How far the device is with the chosen profile, given what it last got.
    #[must_use]
    pub fn state(&self, target: &Target, downloaded: Option<&Downloaded>) -> AssignmentState {
        let none = AssignmentState {
            status: AssignmentStatus::NotAssigned,
            detail: AssignmentDetail::None,
        };
        self.chosen
            .as_ref()
            .map_or(none, |chosen| chosen.state(target, downloaded))
    }
}

impl Chosen {
    /// How far the device is with it, given what it last got.
    #[must_use]
    pub fn state(&self, target: &Target, downloaded: Option<&Downloaded>) -> AssignmentState {
        if let Some(detail) = self.hindrance(target) {
            return AssignmentState {
                status: AssignmentStatus::Failed,
                detail,
            };
        }
        let status = match downloaded {
            None => AssignmentStatus::AssignedUnknownSyncState,
            Some(got) if got.profile == self.rule.id && got.revision == self.rule.revision => {
                AssignmentStatus::AssignedInSync
            }
            Some(_) => AssignmentStatus::AssignedOutOfSync,
        };
        AssignmentState {
            status,
            detail: AssignmentDetail::None,
        }
    }

    /// Why this device cannot use the profile.
    #[must_use]
    pub fn hindrance(&self, target: &Target) -> Option<AssignmentDetail> {
        let kind = self.rule.device_type;
        if target.device_type.is_some_and(|device| !kind.fits(device)) {
            return Some(match kind {
                DeviceType::HoloLens => AssignmentDetail::HoloLensProfileNotSupported,
                DeviceType::SurfaceHub2 => AssignmentDetail::SurfaceHubProfileNotSupported,
                DeviceType::SurfaceHub2S => AssignmentDetail::SurfaceHub2SProfileNotSupported,
                DeviceType::WindowsPc | DeviceType::VirtualMachine => AssignmentDetail::WindowsPcProfileNotSupported,
            });
        }
        let no_tpm = self.rule.mode == Mode::SelfDeploying && target.has_tpm == Some(false);
        no_tpm.then_some(AssignmentDetail::HardwareRequirementsNotMet)
    }
}
