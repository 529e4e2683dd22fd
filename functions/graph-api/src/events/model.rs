//! Boots on the wire.

use jiff::Timestamp;
use muster_core::deployment::{Answer, Contact, EnrollmentState};
use muster_core::device::Device;
use muster_core::id::{DeviceId, ProfileId};
use serde_json::Value;

use crate::odata::{Entity, Kind, Property, Type};
use crate::wire::{self, NO_GUID};

/// What an event has.
pub(super) const EVENT: Kind = Kind {
    name: "deviceManagementAutopilotEvent",
    properties: &[
        Property::text("id"),
        Property::text("deviceId"),
        Property::text("eventDateTime").of(Type::Time),
        Property::text("deviceRegisteredDateTime").of(Type::Time),
        Property::text("enrollmentStartDateTime").of(Type::Time),
        Property::text("enrollmentType"),
        Property::text("deviceSerialNumber"),
        Property::text("managedDeviceName"),
        Property::text("userPrincipalName"),
        Property::text("windowsAutopilotDeploymentProfileDisplayName"),
        Property::text("enrollmentState"),
        Property::text("windows10EnrollmentCompletionPageConfigurationDisplayName"),
        Property::text("windows10EnrollmentCompletionPageConfigurationId"),
        Property::text("deploymentState"),
        Property::text("deviceSetupStatus"),
        Property::text("accountSetupStatus"),
        Property::text("osVersion"),
        Property::text("deploymentDuration"),
        Property::text("deploymentTotalDuration"),
        Property::text("devicePreparationDuration"),
        Property::text("deviceSetupDuration"),
        Property::text("accountSetupDuration"),
        Property::text("deploymentStartDateTime").of(Type::Time),
        Property::text("deploymentEndDateTime").of(Type::Time),
        Property::text("targetedAppCount").of(Type::Number),
        Property::text("targetedPolicyCount").of(Type::Number),
        Property::text("enrollmentFailureDetails"),
    ],
    expands: &[],
};

/// A duration that nobody measured.
const NO_TIME: &str = "PT0S";
const UNKNOWN: &str = "unknown";

/// The device that an event's id names. Whether it has this event, its boot says.
pub(super) fn device_of(event: &str) -> Option<DeviceId> {
    let (device, _) = event.split_once('_')?;
    device.parse().ok()
}

/// The last boot of a device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Boot<'a> {
    device: &'a Device,
    contact: &'a Contact,
    at: Timestamp,
}

impl<'a> Boot<'a> {
    /// The last boot, unless it was before this moment, or there was none.
    pub(super) fn of(device: &'a Device, contact: &'a Contact, since: Timestamp) -> Option<Self> {
        let at = contact.last_at.filter(|at| *at >= since)?;
        Some(Self { device, contact, at })
    }

    /// The event's id: another boot of the device is another event.
    pub(super) fn id(&self) -> String {
        format!("{}_{:016x}", self.device.id, self.at.as_nanosecond())
    }

    /// The profile that the device got then.
    pub(super) fn profile(&self) -> Option<ProfileId> {
        let got = self.contact.profile.as_ref()?;
        (self.contact.answer == Some(Answer::Profile)).then_some(got.profile)
    }

    /// What became of it, and why it failed.
    fn outcome(&self) -> (&'static str, String) {
        let refused = self.contact.answer.and_then(Answer::refused);
        match (self.contact.enrollment_state(), refused) {
            (EnrollmentState::Enrolled, _) => ("success", String::new()),
            (_, Some(refused)) => ("failure", format!("{} {}", refused.code, refused.name)),
            (_, None) => (UNKNOWN, String::new()),
        }
    }

    /// The event. `profile`: what the profile is called that the device got, if it is still there. What Muster does not know
    /// is told as Graph tells what is not set.
    pub(super) fn entity(&self, profile: Option<&str>) -> Entity {
        let (device, contact) = (self.device, self.contact);
        let (state, failure) = self.outcome();
        let members: [(&str, Value); 27] = [
            ("id", self.id().into()),
            ("deviceId", device.id.to_string().into()),
            ("eventDateTime", wire::moment(Some(self.at))),
            ("deviceRegisteredDateTime", wire::moment(Some(device.registered_at))),
            ("enrollmentStartDateTime", wire::moment(None)),
            ("enrollmentType", UNKNOWN.into()),
            ("deviceSerialNumber", wire::text(device.serial.as_deref())),
            ("managedDeviceName", "".into()),
            ("userPrincipalName", wire::text(device.assigned_user.as_deref())),
            ("windowsAutopilotDeploymentProfileDisplayName", wire::text(profile)),
            ("enrollmentState", contact.enrollment_state().as_str().into()),
            ("windows10EnrollmentCompletionPageConfigurationDisplayName", "".into()),
            ("windows10EnrollmentCompletionPageConfigurationId", NO_GUID.into()),
            ("deploymentState", state.into()),
            ("deviceSetupStatus", UNKNOWN.into()),
            ("accountSetupStatus", UNKNOWN.into()),
            ("osVersion", wire::text(contact.os_build.as_deref())),
            ("deploymentDuration", NO_TIME.into()),
            ("deploymentTotalDuration", NO_TIME.into()),
            ("devicePreparationDuration", NO_TIME.into()),
            ("deviceSetupDuration", NO_TIME.into()),
            ("accountSetupDuration", NO_TIME.into()),
            ("deploymentStartDateTime", wire::moment(None)),
            ("deploymentEndDateTime", wire::moment(None)),
            ("targetedAppCount", 0.into()),
            ("targetedPolicyCount", 0.into()),
            ("enrollmentFailureDetails", failure.into()),
        ];
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}
