//! Changes of devices by hand, and what becomes of each.

use muster_core::device::{self, DeviceEdit};
use muster_core::id::DeviceId;
use muster_core::upload::Reason;
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::given;

/// A body that says what to change of a device, beside what else it has; serde refuses unknown members of an object by name
/// only where all its members stand in one type.
macro_rules! edit {
    ($(#[$about:meta])* $name:ident { $($(#[$member_about:meta])* $member:ident: $member_type:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($(#[$member_about])* pub $member: $member_type,)*
            /// Group tag, up to 128 characters.
            #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<String>)]
            pub group_tag: Option<Option<String>>,
            /// Assigned user, as a user principal name.
            #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<String>)]
            pub assigned_user: Option<Option<String>>,
            /// The name that the device shall get: up to 15 letters, digits and hyphens, not only digits.
            #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<String>)]
            pub display_name: Option<Option<String>>,
            /// The order that it was bought by, up to 128 characters.
            #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<String>)]
            pub purchase_order: Option<Option<String>>,
        }

        impl From<$name> for DeviceEdit {
            fn from(edit: $name) -> Self {
                Self {
                    group_tag: edit.group_tag,
                    assigned_user: edit.assigned_user,
                    display_name: edit.display_name,
                    purchase_order: edit.purchase_order,
                    ..Self::default()
                }
            }
        }
    };
}

edit! {
    /// What to change of a device. What is absent stays, what is null or blank is cleared.
    #[derive(Default)]
    EditDevice {}
}

edit! {
    /// What to change of one of many devices.
    EditOneOfMany {
        /// The device.
        #[schema(value_type = String, format = Uuid)]
        id: DeviceId,
    }
}

/// What to change of which devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditDevices {
    /// 1 to 1,000 devices, each once.
    #[schema(min_items = 1, max_items = 1000)]
    pub devices: Vec<EditOneOfMany>,
}

/// Which devices to release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseDevices {
    /// The ids of 1 to 1,000 devices, each once.
    #[schema(value_type = Vec<words::DeviceId>, min_items = 1, max_items = 1000)]
    pub ids: Vec<DeviceId>,
}

/// A device by what is printed on its box: serial number, manufacturer and model together, or a product key id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(min_properties = 1)]
pub struct IdentifiedDevice {
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// System manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// System product name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Product key id, 13 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_key_id: Option<String>,
}

/// Which devices to release, whosever they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseByIdentity {
    /// 1 to 1,000 devices.
    #[schema(min_items = 1, max_items = 1000)]
    pub devices: Vec<IdentifiedDevice>,
}

/// What became of a device that was named by an identity. No more is said of it, since a manufacturer sees no devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityOutcome {
    /// `released`, `notFound`, or `refused` where the store was busy.
    pub outcome: OutcomeName,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Refusal>,
}

/// What became of devices that were named by identities, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityOutcomes {
    /// The devices.
    pub devices: Vec<IdentityOutcome>,
}

/// What became of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum OutcomeName {
    /// It is changed.
    Updated,
    /// It was as asked for.
    Unchanged,
    /// It is released.
    Released,
    /// There is no such device that the caller may know of.
    NotFound,
    /// It may not be done; the reason says why.
    Refused,
}

/// What became of one of many devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceOutcome {
    /// The device.
    #[schema(value_type = String, format = Uuid)]
    pub id: DeviceId,
    /// What became of it.
    pub outcome: OutcomeName,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Refusal>,
}

/// What became of many devices, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceOutcomes {
    /// The devices.
    pub devices: Vec<DeviceOutcome>,
}

/// Why something may not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// A stable name.
    pub code: String,
    /// What and why.
    pub detail: String,
    /// What to do.
    pub remedy: String,
}

impl Refusal {
    /// Of a device that could not be reached, while others could.
    pub(crate) fn unavailable() -> Self {
        Self {
            code: "unavailable".to_owned(),
            detail: "The store was busy with this device each time it was tried.".to_owned(),
            remedy: "Send this device again, under another idempotency key.".to_owned(),
        }
    }
}

impl Refusal {
    /// Of an entry of a catalogue whose device somebody has registered.
    #[must_use]
    pub fn owned() -> Self {
        Self {
            code: "owned".to_owned(),
            detail: "somebody has registered the device".to_owned(),
            remedy: "It can be withdrawn when its owner has released it.".to_owned(),
        }
    }
}

impl DeviceOutcome {
    pub(crate) fn of(outcome: OutcomeName, device: &device::Device) -> Self {
        Self {
            id: device.id,
            outcome,
            version: Some(device.version),
            reason: None,
        }
    }

    pub(crate) const fn not_found(id: DeviceId) -> Self {
        Self {
            id,
            outcome: OutcomeName::NotFound,
            version: None,
            reason: None,
        }
    }

    pub(crate) const fn refused(id: DeviceId, reason: Refusal) -> Self {
        Self {
            id,
            outcome: OutcomeName::Refused,
            version: None,
            reason: Some(reason),
        }
    }
}

impl Refusal {
    /// The device is not registered any more.
    pub(crate) fn retired(device: &device::Device) -> Self {
        let (detail, remedy) = match device.merged_into {
            Some(id) => (
                format!("the device turned out to be device {id}"),
                format!("Name device {id} instead."),
            ),
            None => (
                "the device is not registered any more".to_owned(),
                "Upload its row again to register it anew.".to_owned(),
            ),
        };
        Self {
            code: "not-registered".to_owned(),
            detail,
            remedy,
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            code: reason.code,
            detail: reason.detail,
            remedy: reason.remedy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_clears_and_what_is_absent_stays() {
        let edit: EditDevice = serde_json::from_str(r#"{"groupTag":null,"displayName":"PC-1"}"#).unwrap();
        assert_eq!(edit.group_tag, Some(None));
        assert_eq!(edit.display_name, Some(Some("PC-1".to_owned())));
        assert_eq!(edit.assigned_user, None);
        assert_eq!(
            serde_json::to_string(&edit).unwrap(),
            r#"{"groupTag":null,"displayName":"PC-1"}"#
        );
        assert!(serde_json::from_str::<EditDevice>(r#"{"serial":"x"}"#).is_err());
        let id = "1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f";
        let one = format!(r#"{{"id":"{id}","groupTag":null,"displayName":"PC-1"}}"#);
        let one: EditOneOfMany = serde_json::from_str(&one).unwrap();
        assert_eq!(DeviceEdit::from(one), DeviceEdit::from(edit));
        assert!(serde_json::from_str::<EditOneOfMany>(&format!(r#"{{"id":"{id}","serial":"x"}}"#)).is_err());
    }
}
