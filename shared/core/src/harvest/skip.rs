//! Why nothing becomes of a reported device. One table, [`SkipReason::entry`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::DeviceId;

/// Why a reported device is not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// Its hash cannot be read, or names no device.
    InvalidHash,
    /// Another row of the page stands for the same device.
    DuplicateInPage,
    /// The tenant has it already, whoever registered it.
    AlreadyRegistered,
    /// It is another device than the one that holds an identity of it.
    IdentityHeld,
    /// It is registered, its board was replaced, and somebody was told to see to it.
    BoardReplaced,
    /// It is not enrolled.
    NotEnrolled,
    /// It is the user's own.
    PersonallyOwned,
    /// Nobody says that it is the organisation's.
    OwnershipUnknown,
    /// Its version of Windows is too old, or is none.
    UnsupportedVersion,
    /// It is of a kind that is not registered so.
    UnsupportedDevice,
    /// A converting profile excludes it, and no other one is meant for it.
    Excluded,
    /// No converting profile is meant for it.
    NotTargeted,
    /// The registry has it, and not for this tenant. Never says whose it is.
    OtherTenant,
}

/// A row of the table of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkipEntry {
    /// What it means, in plain words.
    pub meaning: &'static str,
    /// What to do. Empty where there is nothing to do.
    pub remedy: &'static str,
}

/// A reported device of which nothing becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// Why.
    pub reason: SkipReason,
    /// The device of the tenant that it is, or that holds an identity of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// What is wrong beyond the reason's meaning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Skipped {
    pub(super) const fn of(reason: SkipReason) -> Self {
        Self {
            reason,
            device: None,
            detail: None,
        }
    }

    pub(super) const fn with(reason: SkipReason, device: DeviceId) -> Self {
        Self {
            reason,
            device: Some(device),
            detail: None,
        }
    }
}

impl SkipReason {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::InvalidHash,
        Self::DuplicateInPage,
        Self::AlreadyRegistered,
        Self::IdentityHeld,
        Self::BoardReplaced,
        Self::NotEnrolled,
        Self::PersonallyOwned,
        Self::OwnershipUnknown,
        Self::UnsupportedVersion,
        Self::UnsupportedDevice,
        Self::Excluded,
        Self::NotTargeted,
        Self::OtherTenant,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidHash => "invalid-hash",
            Self::DuplicateInPage => "duplicate-in-page",
            Self::AlreadyRegistered => "already-registered",
            Self::IdentityHeld => "identity-held",
            Self::BoardReplaced => "board-replaced",
            Self::NotEnrolled => "not-enrolled",
            Self::PersonallyOwned => "personally-owned",
            Self::OwnershipUnknown => "ownership-unknown",
            Self::UnsupportedVersion => "unsupported-version",
            Self::UnsupportedDevice => "unsupported-device",
            Self::Excluded => "excluded",
            Self::NotTargeted => "not-targeted",
            Self::OtherTenant => "other-tenant",
        }
    }

    /// The reason's row of the table.
    #[must_use]
    pub const fn entry(self) -> SkipEntry {
        let (meaning, remedy) = match self {
            Self::InvalidHash => (
                "the hardware hash cannot be used",
                "Have the MDM service ask the device for its hash again, and report it whole.",
            ),
            Self::DuplicateInPage => (
                "another row of this page stands for the same device",
                "Report each device once.",
            ),
            Self::AlreadyRegistered => ("the tenant has the device already", ""),
            Self::IdentityHeld => (
                "another device of the tenant has an identity of this one",
                "See which of the two is right; release the device that is gone, then report this one again.",
            ),
            Self::BoardReplaced => (
                "the device is registered, and its board was replaced",
                "Rebind the device to its new hardware hash, or release it.",
            ),
            Self::NotEnrolled => ("the device is not enrolled", "Report it again once it is enrolled."),
            Self::PersonallyOwned => (
                "the device is personally owned",
                "If it is the organisation's, change its ownership in the MDM service.",
            ),
            Self::OwnershipUnknown => (
                "nobody says that the device is the organisation's",
                "Set its ownership to corporate in the MDM service.",
            ),
            Self::UnsupportedVersion => (
                "its version of Windows is not supported: it needs Windows 10 version 1709 (10.0.16299) or later",
                "Update Windows, then report the device again.",
            ),
            Self::UnsupportedDevice => (
                "a HoloLens is not registered automatically",
                "Upload its device hash by hand, or have the reseller register it.",
            ),
            Self::Excluded => (
                "a profile that converts targeted devices excludes the device's group tag",
                "Change the group tag, or the profile's assignment.",
            ),
            Self::NotTargeted => (
                "no profile that converts targeted devices is meant for the device",
                "Turn the flag on in a profile that is assigned to all devices or to the device's group tag.",
            ),
            Self::OtherTenant => (
                "the device is registered, and not by this tenant",
                "Its owner must release it first. If you bought it second-hand, ask the seller.",
            ),
        };
        SkipEntry { meaning, remedy }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
