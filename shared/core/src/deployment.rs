//! A device that boots: which device it is, and what it is told.
//!
//! What a device shows is unsigned: whoever knows what a hash would say can make one up. A TPM's endorsement key and a
//! PKID are nothing that people read off a case or guess; manufacturer, model and serial number are. So a device is
//! recognised by the strong ones, by the matcher where the hardware of both sides is known, and by a tuple alone only
//! where the tenant wants that.

mod answer;
#[cfg(test)]
mod tests;

use hardware_hash::{Agreement, Part, compare, placeholder};
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::device::{Device, DeviceState};
use crate::identity::{IdentityKey, KeyKind};
use crate::profile::Downloaded;
use crate::record::Record;
use crate::repair::Remediation;

pub use answer::{Answer, Refused};

/// What a device that shows itself is to a registered one that an identity of it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// The same device.
    Same,
    /// The same device, which says something of itself that was registered otherwise: [`Answer::SerialNumberMismatch`] or
    /// [`Answer::ProductKeyMismatch`].
    Differs(Answer),
    /// It shares an identity with the device, and its hardware is another: the board was replaced, or somebody else shows
    /// the identity. It is told what a stranger is told.
    Replaced,
    /// Nothing that the registry may tell of.
    Stranger,
}

/// Which device this is. `shown`: what it shows; `led_by`: the strongest of its identities that `device` holds;
/// `tuple_lookup`: whether the device's tenant wants its devices recognised by manufacturer, model and serial number alone.
#[must_use]
pub fn recognise(shown: &Record, led_by: KeyKind, device: &Device, tuple_lookup: bool) -> Recognised {
    if device.state != DeviceState::Registered {
        return Recognised::Stranger;
    }
    let strong = matches!(led_by, KeyKind::EndorsementKey | KeyKind::Pkid);
    let by_tuple = led_by == KeyKind::Tuple && tuple_lookup;
    let verdict = shown.components.as_ref().zip(device.components.as_ref());
    let Some(verdict) = verdict.map(|(shown, known)| compare(known, shown)) else {
        return match (strong, differs(shown, device)) {
            (true, Some(answer)) => Recognised::Differs(answer),
            (true, None) => Recognised::Same,
            (false, None) if by_tuple => Recognised::Same,
            (false, _) => Recognised::Stranger,
        };
    };
    if verdict.veto.is_some() {
        return Recognised::Replaced;
    }
    // A made-up hash leaves out what would speak against it. Beyond an identity it must hold one of the two parts that
    // nobody reads off a case.
    let tied = led_by == KeyKind::EndorsementKey
        || verdict
            .fields
            .iter()
            .any(|field| field.field == Part::Uuid && field.verdict == Agreement::Agrees);
    match differs(shown, device) {
        Some(answer) if strong && tied => Recognised::Differs(answer),
        None if led_by == KeyKind::EndorsementKey || verdict.matched || by_tuple => Recognised::Same,
        _ => Recognised::Stranger,
    }
}

/// What the device says of itself otherwise than it was registered.
fn differs(shown: &Record, device: &Device) -> Option<Answer> {
    let kind = |keys: &[IdentityKey], kind: KeyKind| -> Vec<IdentityKey> {
        keys.iter().copied().filter(|key| key.kind() == kind).collect()
    };
    // A device may have several PKIDs, and several tuples, one for each name that it was handed in under.
    let held = |of: KeyKind| kind(&shown.keys, of).iter().any(|key| device.keys.contains(key));
    let telling = |serial: &Option<String>| serial.clone().filter(|serial| !placeholder::is_placeholder(serial));
    let serials = telling(&shown.serial).zip(telling(&device.serial));
    if serials.is_some_and(|(shown, known)| shown != known) && !held(KeyKind::Tuple) {
        return Some(Answer::SerialNumberMismatch);
    }
    let keys = shown.pkid.as_ref().zip(device.pkid.as_ref());
    (keys.is_some_and(|(shown, known)| shown != known) && !held(KeyKind::Pkid)).then_some(Answer::ProductKeyMismatch)
}

/// What is known of a device's contacts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// When the device was recognised first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Timestamp>,
    /// When it was recognised last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// What it was told then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// The build of Windows that it named then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os_build: Option<String>,
    /// The profile that it was given last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Downloaded>,
    /// What boots showed of its hardware, as far as somebody is to do something about it or was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediation: Option<Remediation>,
    /// Since when the MDM service has it enrolled, as far as it reports that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolled_at: Option<Timestamp>,
}

/// How far a device is with its enrolment, in the words of Microsoft Graph, as far as the registry sees it: enrolling is
/// the MDM service's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EnrollmentState {
    /// It has not shown itself since it was registered.
    NotContacted,
    /// It has shown itself; what the MDM service made of it is not known here.
    Unknown,
    /// The MDM service has reported that it is enrolled, and it has not booted into the out-of-box experience since.
    Enrolled,
}

impl EnrollmentState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::NotContacted, Self::Unknown, Self::Enrolled];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotContacted => "notContacted",
            Self::Unknown => "unknown",
            Self::Enrolled => "enrolled",
        }
    }
}

impl Contact {
    /// What is known of a device of which another record existed beside this one: what was seen first, and what was seen last.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        let (last, before) = match self.last_at >= other.last_at {
            true => (self, other),
            false => (other, self),
        };
        let newer = |a: Option<Downloaded>, b: Option<Downloaded>| match (a, b) {
            (Some(a), Some(b)) if b.at > a.at => Some(b),
            (a, b) => a.or(b),
        };
        let open = |a: Option<Remediation>, b: Option<Remediation>| match (a, b) {
            (Some(a), Some(b)) if b.since > a.since => Some(b),
            (a, b) => a.or(b),
        };
        Self {
            first_at: last.first_at.into_iter().chain(before.first_at).min(),
            last_at: last.last_at,
            answer: last.answer.or(before.answer),
            os_build: last.os_build.or(before.os_build),
            profile: newer(last.profile, before.profile),
            remediation: open(last.remediation, before.remediation),
            enrolled_at: last.enrolled_at.max(before.enrolled_at),
        }
    }

    /// How far the device is.
    #[must_use]
    pub fn enrollment_state(&self) -> EnrollmentState {
        match (self.first_at, self.enrolled_at) {
            // A device that shows itself was reset, or is new: the report of before says nothing of it any more.
            (_, Some(enrolled)) if self.last_at.is_none_or(|last| last <= enrolled) => EnrollmentState::Enrolled,
            (None, _) => EnrollmentState::NotContacted,
            (Some(_), _) => EnrollmentState::Unknown,
        }
    }
}
