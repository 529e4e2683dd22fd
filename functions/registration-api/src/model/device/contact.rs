//! When a device booted, and what it was told.

use muster_core::Timestamp;
use muster_core::deployment::{self, Answer, EnrollmentState};
use muster_core::id::ProfileId;
use muster_core::profile::Downloaded;
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The contacts of a device. Enrolling is the MDM service's work; of it is known what that reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeviceContact)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// `notContacted` until the device boots for the first time, then `unknown`; `enrolled` while the tenant's MDM service
    /// reports that, until the device boots into the out-of-box experience again.
    #[schema(value_type = words::EnrollmentState)]
    pub enrollment_state: EnrollmentState,
    /// When it booted and was recognised for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub first_contact_at: Option<Timestamp>,
    /// When it did so last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_contacted_date_time: Option<Timestamp>,
    /// What it was told then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::DeploymentAnswer>)]
    pub last_answer: Option<Answer>,
    /// The build of Windows that it named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os_build: Option<String>,
    /// The profile that it was given last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downloaded_profile: Option<DownloadedProfile>,
}

/// A profile that a device was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DownloadedProfile {
    /// The profile's id.
    #[schema(value_type = String, format = Uuid)]
    pub id: ProfileId,
    /// What it was called then.
    pub name: String,
    /// Which of its revisions it was.
    pub revision: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl From<deployment::Contact> for Contact {
    fn from(contact: deployment::Contact) -> Self {
        Self {
            enrollment_state: contact.enrollment_state(),
            first_contact_at: contact.first_at,
            last_contacted_date_time: contact.last_at,
            last_answer: contact.answer,
            os_build: contact.os_build,
            downloaded_profile: contact.profile.map(DownloadedProfile::from),
        }
    }
}

impl From<Downloaded> for DownloadedProfile {
    fn from(downloaded: Downloaded) -> Self {
        Self {
            id: downloaded.profile,
            name: downloaded.name,
            revision: downloaded.revision,
            at: downloaded.at,
        }
    }
}
