//! Deployment profiles.

mod assigned;
mod edit;
mod file;
mod placed;

use std::collections::BTreeSet;

use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::id::{PartnerId, ProfileId, TenantId};
use muster_core::profile::{self, DeviceType, Join, Mode, UserType};
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use assigned::{AssignedDevice, AssignedDevicePage, AssignedProfile, ConsideredProfile, DeviceProfile, Eyes};
pub use edit::{CreateProfile, EditOutOfBoxExperience, EditProfile, SetEnrollmentStatusPage};
pub(crate) use file::ConfigurationFileSchema;
pub use muster_core::profile::ConfigurationFile;
pub use muster_service::profiles::{assigned, refused};
pub use placed::{ListedDevice, ListedDevicePage, NamedDevices, PlaceDevices, PlacedDevice, PlacedDevices, PlacedName};

/// A deployment profile: what a booting device is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: ProfileId,
    /// Whose it is.
    #[schema(value_type = String, format = Uuid)]
    pub tenant: TenantId,
    /// Counts every change, of its assignment too.
    pub version: u64,
    /// Counts the changes of what a device is told.
    pub revision: u64,
    /// The channel that it was made in.
    #[schema(value_type = words::Channel)]
    pub channel: Channel,
    /// The partner that made it. Absent: the tenant did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::PartnerId>)]
    pub partner: Option<PartnerId>,
    /// The name: unique among the tenant's profiles of the channel, without regard to case.
    pub name: String,
    /// What people want to remember of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The kind of device that it is for.
    #[schema(value_type = words::ProfileDeviceType)]
    pub device_type: DeviceType,
    /// `userDriven`, or `selfDeploying`.
    #[schema(value_type = words::ProfileMode)]
    pub mode: Mode,
    /// Which directory a device joins: `entra`, or `hybrid`.
    #[schema(value_type = words::ProfileJoin)]
    pub join: Join,
    /// A hybrid join does not wait for a domain controller in reach.
    pub skip_connectivity_check: bool,
    /// The pages of the first run.
    pub out_of_box_experience: OutOfBoxExperience,
    /// A locale such as `de-DE`, or `os-default`. Absent: the user chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the device is called: letters, digits, hyphens, `%SERIAL%` and `%RAND:x%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name_template: Option<String>,
    /// A technician may prepare the device before its user gets it.
    pub preprovisioning_allowed: bool,
    /// Devices that the tenant manages and that this profile targets are registered.
    pub convert_targeted_devices: bool,
    /// The MDM application that the device enrols with. Absent: Intune.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_service_app_id: Option<String>,
    /// The page that shows how far the set-up is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrollment_status_page: Option<EnrollmentStatusPage>,
    /// Ids of scope tags of the MDM service, which are kept for it.
    #[serde(default)]
    pub role_scope_tag_ids: BTreeSet<String>,
    /// Devices that no profile applies to get this one.
    pub is_default: bool,
    /// Which devices it is for, beside those that it names one by one.
    pub assignment: Assignment,
    /// How many devices it includes by name.
    pub included_devices: u64,
    /// How many devices it excludes by name.
    pub excluded_devices: u64,
    /// When it was made. Of several that apply, the oldest wins.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    pub modified_at: Timestamp,
}

/// The pages of the first run, and what the user becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutOfBoxExperience {
    /// The page with the privacy settings is left out.
    pub privacy_settings_hidden: bool,
    /// The page with the license terms is left out.
    pub license_terms_hidden: bool,
    /// The page with the keyboard's layout is left out: it follows the language.
    pub keyboard_page_skipped: bool,
    /// The link to use another account is left out.
    pub change_account_hidden: bool,
    /// What the user becomes. Absent where no user sets the device up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::UserType>)]
    pub user_type: Option<UserType>,
}

/// The page that shows how far a device's set-up is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrollmentStatusPage {
    /// The page is not shown.
    pub hide_installation_progress: bool,
    /// The device can be used before all is installed.
    pub allow_device_use_before_profile_and_app_install_complete: bool,
    /// The user cannot try again after a failure.
    pub block_device_setup_retry_by_user: bool,
    /// The user can collect logs after a failure.
    pub allow_log_collection_on_install_failure: bool,
    /// What the user is told after a failure; empty: the page's own words.
    pub custom_error_message: String,
    /// After how many minutes it has failed.
    pub install_progress_timeout_in_minutes: u32,
    /// The device can be used after a failure.
    pub allow_device_use_on_install_failure: bool,
}

/// Which devices a profile is for, beside those that it names one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Assignment {
    /// All devices; of a partner's profile, all that partners registered.
    #[serde(default)]
    pub all_devices: bool,
    /// Devices with one of these group tags, which are compared exactly; up to 100.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub include_group_tags: BTreeSet<String>,
    /// Devices with one of these group tags never get it; up to 100.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub exclude_group_tags: BTreeSet<String>,
}

/// A page of profiles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProfilePage {
    /// The profiles, the oldest first.
    pub profiles: Vec<Profile>,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl From<profile::Profile> for Profile {
    fn from(profile: profile::Profile) -> Self {
        let settings = profile.settings;
        Self {
            id: profile.id,
            tenant: profile.tenant,
            version: profile.version,
            revision: profile.revision,
            channel: profile.origin,
            partner: profile.partner,
            name: settings.name,
            description: settings.description,
            device_type: settings.device_type,
            mode: settings.mode,
            join: settings.join,
            skip_connectivity_check: settings.skip_connectivity_check,
            out_of_box_experience: settings.out_of_box_experience.into(),
            language: settings.language,
            device_name_template: settings.device_name_template.map(|template| template.to_string()),
            preprovisioning_allowed: settings.preprovisioning_allowed,
            convert_targeted_devices: settings.convert_targeted_devices,
            management_service_app_id: settings.management_service_app_id,
            enrollment_status_page: settings.enrollment_status_page.map(Into::into),
            role_scope_tag_ids: settings.role_scope_tag_ids,
            is_default: settings.is_default,
            assignment: profile.assignment.into(),
            included_devices: profile.included_devices,
            excluded_devices: profile.excluded_devices,
            created_at: profile.created_at,
            modified_at: profile.modified_at,
        }
    }
}

impl From<profile::OutOfBoxExperience> for OutOfBoxExperience {
    fn from(oobe: profile::OutOfBoxExperience) -> Self {
        Self {
            privacy_settings_hidden: oobe.privacy_settings_hidden,
            license_terms_hidden: oobe.license_terms_hidden,
            keyboard_page_skipped: oobe.keyboard_page_skipped,
            change_account_hidden: oobe.change_account_hidden,
            user_type: oobe.user_type,
        }
    }
}

impl From<profile::EnrollmentStatusPage> for EnrollmentStatusPage {
    fn from(page: profile::EnrollmentStatusPage) -> Self {
        Self {
            hide_installation_progress: page.hide_installation_progress,
            allow_device_use_before_profile_and_app_install_complete: page
                .allow_device_use_before_profile_and_app_install_complete,
            block_device_setup_retry_by_user: page.block_device_setup_retry_by_user,
            allow_log_collection_on_install_failure: page.allow_log_collection_on_install_failure,
            custom_error_message: page.custom_error_message,
            install_progress_timeout_in_minutes: page.install_progress_timeout_in_minutes,
            allow_device_use_on_install_failure: page.allow_device_use_on_install_failure,
        }
    }
}

impl From<profile::Assignment> for Assignment {
    fn from(assignment: profile::Assignment) -> Self {
        Self {
            all_devices: assignment.all_devices,
            include_group_tags: assignment.include_group_tags,
            exclude_group_tags: assignment.exclude_group_tags,
        }
    }
}

impl From<Assignment> for profile::Assignment {
    fn from(assignment: Assignment) -> Self {
        let assignment = Self {
            all_devices: assignment.all_devices,
            include_group_tags: assignment.include_group_tags,
            exclude_group_tags: assignment.exclude_group_tags,
        };
        assignment.trimmed()
    }
}
