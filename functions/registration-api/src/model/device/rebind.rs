//! A device whose board was replaced.

use muster_core::repair;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Device;

/// The new parts of a device, as a hardware hash. The other identities are read only to be told that they do not do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RebindDevice {
    /// 4K hardware hash in base64, captured after the repair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware_hash: Option<String>,
    /// Why, in words, 1 to 500 characters; kept in the device's history.
    pub reason: String,
    /// Serial number: does not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// System manufacturer: does not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// System product name: does not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Product key id: does not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_key_id: Option<String>,
}

impl RebindDevice {
    /// Whether an identity is given that is no hash.
    pub(crate) const fn names_other_identities(&self) -> bool {
        self.serial_number.is_some()
            || self.manufacturer.is_some()
            || self.model.is_some()
            || self.product_key_id.is_some()
    }
}

/// A device that has its new parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReboundDevice {
    /// The device.
    pub device: Device,
    /// Whether it changed; it does not where it had these parts already.
    pub changed: bool,
    /// What should be known though it stopped nothing.
    pub notices: Vec<RebindNotice>,
}

/// What should be known of a repair though it stops nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RebindNotice {
    /// A stable name: `adapters-kept`, `no-tpm`.
    pub code: String,
    /// What it means.
    pub detail: String,
}

impl From<repair::Notice> for RebindNotice {
    fn from(notice: repair::Notice) -> Self {
        Self {
            code: notice.code().to_owned(),
            detail: notice.detail().to_owned(),
        }
    }
}
