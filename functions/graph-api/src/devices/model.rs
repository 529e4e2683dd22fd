//! Devices on the wire.

use muster_core::deployment::Contact;
use muster_core::device::Device;
use muster_core::identity::Pkid;
use muster_core::repair;
use serde_json::Value;

use crate::odata::{Entity, Kind, Property, Type};
use crate::wire::{self, NO_GUID};

/// What a device has.
pub(crate) const DEVICE: Kind = Kind {
    name: "windowsAutopilotDeviceIdentity",
    properties: &[
        Property::text("id"),
        Property::text("deploymentProfileAssignmentStatus").beta().shown_only(),
        Property::text("deploymentProfileAssignmentDetailedStatus")
            .beta()
            .shown_only(),
        Property::text("deploymentProfileAssignedDateTime")
            .of(Type::Time)
            .beta()
            .shown_only(),
        Property::text("groupTag"),
        Property::text("purchaseOrderIdentifier"),
        Property::text("serialNumber"),
        Property::text("productKey"),
        Property::text("manufacturer"),
        Property::text("model"),
        Property::text("enrollmentState"),
        Property::text("lastContactedDateTime").of(Type::Time),
        Property::text("addressableUserName"),
        Property::text("userPrincipalName"),
        Property::text("resourceName"),
        Property::text("skuNumber"),
        Property::text("systemFamily"),
        Property::text("azureActiveDirectoryDeviceId"),
        Property::text("azureAdDeviceId").beta(),
        Property::text("managedDeviceId"),
        Property::text("displayName"),
        Property::text("deviceAccountUpn").beta(),
        Property::text("deviceAccountPassword").beta(),
        Property::text("deviceFriendlyName").beta(),
        Property::text("remediationState").beta(),
        Property::text("remediationStateLastModifiedDateTime")
            .of(Type::Time)
            .beta(),
        Property::text("userlessEnrollmentStatus").beta(),
        Property::text("deploymentProfile").of(Type::Complex).beta(),
        Property::text("intendedDeploymentProfile").of(Type::Complex).beta(),
    ],
    expands: &["deploymentProfile", "intendedDeploymentProfile"],
};

/// A device, without what profiles say of it. What Muster does not know is told as Graph tells what is not set; the hash is
/// never told.
pub(crate) fn entity(device: &Device, contact: Option<&Contact>) -> Entity {
    let state = contact.map_or("notContacted", |contact| contact.enrollment_state().as_str());
    let remediation = repair::current(device, contact.and_then(|contact| contact.remediation.as_ref()));
    // A device that nothing was ever noted of has no such moment.
    let remedied = (remediation.since != device.registered_at).then_some(remediation.since);
    let members: [(&str, Value); 24] = [
        ("id", device.id.to_string().into()),
        ("groupTag", wire::text(device.group_tag.as_deref())),
        ("purchaseOrderIdentifier", wire::text(device.purchase_order.as_deref())),
        ("serialNumber", wire::text(device.serial.as_deref())),
        ("productKey", wire::text(device.pkid.as_ref().map(Pkid::as_str))),
        ("manufacturer", wire::text(device.manufacturer.as_deref())),
        ("model", wire::text(device.model.as_deref())),
        ("enrollmentState", state.into()),
        (
            "lastContactedDateTime",
            wire::moment(contact.and_then(|contact| contact.last_at)),
        ),
        (
            "addressableUserName",
            wire::text(device.addressable_user_name.as_deref()),
        ),
        ("userPrincipalName", wire::text(device.assigned_user.as_deref())),
        ("resourceName", "".into()),
        ("skuNumber", "".into()),
        ("systemFamily", "".into()),
        ("azureActiveDirectoryDeviceId", NO_GUID.into()),
        ("azureAdDeviceId", NO_GUID.into()),
        ("managedDeviceId", NO_GUID.into()),
        ("displayName", wire::text(device.display_name.as_deref())),
        ("deviceAccountUpn", "".into()),
        ("deviceAccountPassword", "".into()),
        ("deviceFriendlyName", "".into()),
        ("remediationState", remediation.state.as_str().into()),
        ("remediationStateLastModifiedDateTime", wire::moment(remedied)),
        ("userlessEnrollmentStatus", "unknown".into()),
    ];
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
