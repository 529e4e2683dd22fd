//! What devices send and are told.

mod configuration;

use muster_core::Timestamp;
use muster_core::deployment;
use muster_core::device::Device;
use muster_core::id::{DeviceId, TenantId};
use muster_core::profile::EnrollmentStatusPage;
use muster_core::profile::oobe::DeviceConfiguration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A nonce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Nonce {
    /// 32 characters, good for one look-up.
    pub nonce: String,
    /// From then on it is good for nothing.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// What a device shows: `hardwareHash`; or `manufacturer`, `model` and `serialNumber`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lookup {
    /// A nonce that was not used.
    pub nonce: String,
    /// The 4K hardware hash, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 24_000)]
    pub hardware_hash: Option<String>,
    /// System manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 128)]
    pub manufacturer: Option<String>,
    /// System product name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 128)]
    pub model: Option<String>,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 128)]
    pub serial_number: Option<String>,
    /// The build of Windows that the device runs, such as 10.0.26100.1; recorded with the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    pub os_build: Option<String>,
}

/// What the device is registered as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// The device's id.
    #[schema(value_type = String, format = Uuid)]
    pub id: DeviceId,
    /// Whose it is.
    #[schema(value_type = String, format = Uuid)]
    pub tenant: TenantId,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    pub registered_at: Timestamp,
}

/// What a device is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeploymentLookupAnswer)]
#[serde(tag = "answer", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answer {
    /// It is recognised and has a profile.
    Profile {
        /// What it is registered as.
        registration: Registration,
        /// What it keeps of the profile, under the names of `AutopilotDDSZTDFile.json`.
        #[schema(value_type = configuration::DeviceConfiguration)]
        configuration: Box<DeviceConfiguration>,
        /// The enrolment status page that it shows; absent where the profile has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<configuration::EnrollmentStatusPage>)]
        enrollment_status_page: Option<Box<EnrollmentStatusPage>>,
    },
    /// It gets no profile. The device shows these words, and keeps the answer until it is reset or its setup restarts.
    Refused {
        /// The number of the event that Windows logs.
        code: u16,
        /// Its name.
        name: String,
        /// What and why.
        detail: String,
        /// What to do.
        remedy: String,
    },
}

impl Answer {
    /// A refusal. An answer that is none is told as what strangers are told.
    pub(crate) fn refused(answer: deployment::Answer) -> Self {
        let refused = answer.refused().or(deployment::Answer::NotRegistered.refused());
        let (code, name, detail, remedy) = refused.map_or((0, "", "", ""), |refused| {
            (refused.code, refused.name, refused.detail, refused.remedy)
        });
        Self::Refused {
            code,
            name: name.to_owned(),
            detail: detail.to_owned(),
            remedy: remedy.to_owned(),
        }
    }
}

impl From<&Device> for Registration {
    fn from(device: &Device) -> Self {
        Self {
            id: device.id,
            tenant: device.tenant,
            registered_at: device.registered_at,
        }
    }
}
