//! What a device that boots is told. The codes are those of the events that Windows logs (Microsoft Learn, "Troubleshoot
//! Windows Autopilot OOBE issues").

use serde::{Deserialize, Serialize};

use crate::error_code::ErrorCode;

/// What a device was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// Its profile.
    Profile,
    /// That it is not registered: what every stranger is told.
    NotRegistered,
    /// That its profile no longer exists.
    ProfileGone,
    /// That no profile is assigned to it, or one that it cannot use.
    NoProfile,
    /// That it was registered with another serial number.
    SerialNumberMismatch,
    /// That it was registered with another PKID.
    ProductKeyMismatch,
}

/// A refusal, as the device shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The number of the event.
    pub code: u16,
    /// Its name.
    pub name: &'static str,
    /// What and why.
    pub detail: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

impl Answer {
    /// All answers.
    pub const ALL: [Self; 6] = [
        Self::Profile,
        Self::NotRegistered,
        Self::ProfileGone,
        Self::NoProfile,
        Self::SerialNumberMismatch,
        Self::ProductKeyMismatch,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::NotRegistered => "notRegistered",
            Self::ProfileGone => "profileGone",
            Self::NoProfile => "noProfile",
            Self::SerialNumberMismatch => "serialNumberMismatch",
            Self::ProductKeyMismatch => "productKeyMismatch",
        }
    }

    /// Whether it tells which profiles the device's tenant has.
    #[must_use]
    pub const fn tells_of_profiles(self) -> bool {
        matches!(self, Self::Profile | Self::ProfileGone | Self::NoProfile)
    }

    /// What the device shows, where it is given no profile. The same words each time: what a stranger is told depends on
    /// nothing.
    #[must_use]
    pub const fn refused(self) -> Option<Refused> {
        let (code, name, detail, remedy) = match self {
            Self::Profile => return None,
            Self::NotRegistered => (
                807,
                ErrorCode::NotRegistered.name(),
                "This device is not registered here.",
                "Have whoever manages it register its hardware hash. Then reset it, or restart its setup. Where it is \
                 registered already, their administrator sees what keeps it from being recognised.",
            ),
            Self::ProfileGone => (
                809,
                "ZtdDeviceHasNoAssignedProfile",
                "The deployment profile that this device had no longer exists.",
                "The device keeps this answer. Have its administrator assign another profile, wait until that is ready \
                 (muster devices wait), then reset the device or restart its setup.",
            ),
            Self::NoProfile => (
                815,
                "ZtdDeviceHasNoAssignedProfile",
                "This device is registered, and no deployment profile that it can use is assigned to it.",
                "The device keeps this answer. Have its administrator assign a profile, wait until that is ready (muster \
                 devices wait), then reset the device or restart its setup.",
            ),
            Self::SerialNumberMismatch => (
                908,
                "SerialNumberMismatch",
                "This device was registered with another serial number than its firmware holds.",
                "Have the serial number that is on its case written into its firmware, or have its hardware hash \
                 registered anew. Then reset the device, or restart its setup.",
            ),
            Self::ProductKeyMismatch => (
                908,
                "ProductKeyIdMismatch",
                "This device was registered with another product key id than its firmware holds.",
                "Have its hardware hash registered anew. Then reset the device, or restart its setup.",
            ),
        };
        Some(Refused {
            code,
            name,
            detail,
            remedy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_those_of_the_published_table() {
        let published = [
            (Answer::NotRegistered, 807, "ZtdDeviceIsNotRegistered"),
            (Answer::ProfileGone, 809, "ZtdDeviceHasNoAssignedProfile"),
            (Answer::NoProfile, 815, "ZtdDeviceHasNoAssignedProfile"),
            (Answer::SerialNumberMismatch, 908, "SerialNumberMismatch"),
            (Answer::ProductKeyMismatch, 908, "ProductKeyIdMismatch"),
        ];
        for (answer, code, name) in published {
            let refused = answer.refused().unwrap();
            assert_eq!((refused.code, refused.name), (code, name));
            for text in [refused.detail, refused.remedy] {
                assert!(
                    text.is_ascii() && text.ends_with('.'),
                    "a firmware's screen may know no more: {text}"
                );
            }
        }
        assert_eq!(Answer::Profile.refused(), None);
        for answer in Answer::ALL {
            assert_eq!(serde_json::to_value(answer).unwrap(), answer.as_str());
        }
    }
}
