//! What a profile says.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{DeviceType, NameTemplate};

/// The most characters of a profile's name.
pub(super) const MAX_NAME: usize = 200;
/// The most characters of a profile's description.
pub(super) const MAX_DESCRIPTION: usize = 1500;

/// How a device is set up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// A user signs in and so enrols the device.
    #[default]
    UserDriven,
    /// The device enrols itself, by its TPM; it is nobody's.
    SelfDeploying,
}

/// Which directory a device joins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Join {
    /// Microsoft Entra ID.
    #[default]
    Entra,
    /// Active Directory, and through it Microsoft Entra ID.
    Hybrid,
}

/// What the user becomes on the device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserType {
    /// A local administrator.
    Administrator,
    /// A standard user.
    #[default]
    Standard,
}

macro_rules! names {
    ($type:ident, $($variant:ident => $name:literal),+ $(,)?) => {
        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the wire and on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }
    };
}
pub(super) use names;

names!(Mode, UserDriven => "userDriven", SelfDeploying => "selfDeploying");
names!(Join, Entra => "entra", Hybrid => "hybrid");
names!(UserType, Administrator => "administrator", Standard => "standard");

/// The pages of the first run, and what the user becomes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutOfBoxExperience {
    /// The page with the privacy settings is left out.
    pub privacy_settings_hidden: bool,
    /// The page with the license terms is left out.
    pub license_terms_hidden: bool,
    /// The page with the keyboard's layout is left out: it follows the language.
    pub keyboard_page_skipped: bool,
    /// The link to use another account is left out, so that the device can be used for this organisation only.
    pub change_account_hidden: bool,
    /// What the user becomes; nothing where no user sets the device up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_type: Option<UserType>,
}

/// The page that shows how far the device's set-up is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl Default for EnrollmentStatusPage {
    fn default() -> Self {
        Self {
            hide_installation_progress: false,
            allow_device_use_before_profile_and_app_install_complete: true,
            block_device_setup_retry_by_user: false,
            allow_log_collection_on_install_failure: true,
            custom_error_message: String::new(),
            install_progress_timeout_in_minutes: 60,
            allow_device_use_on_install_failure: true,
        }
    }
}

/// What a profile says: everything of it that people write, but for which devices it is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The name: unique among the tenant's profiles of the same origin, without regard to case.
    pub name: String,
    /// What people want to remember of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The kind of device that it is for.
    pub device_type: DeviceType,
    /// How a device is set up.
    pub mode: Mode,
    /// Which directory it joins.
    pub join: Join,
    /// A hybrid join does not wait for a domain controller in reach.
    pub skip_connectivity_check: bool,
    /// The pages of the first run.
    pub out_of_box_experience: OutOfBoxExperience,
    /// A locale such as `de-DE`, or `os-default`; nothing: the user chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the device is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name_template: Option<NameTemplate>,
    /// A technician may prepare the device before its user gets it.
    pub preprovisioning_allowed: bool,
    /// Devices that the tenant manages and that this profile targets are registered, by the hash that the MDM service
    /// takes.
    pub convert_targeted_devices: bool,
    /// The MDM application that the device enrols with; nothing: Intune. A GUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_service_app_id: Option<String>,
    /// The page that shows how far the set-up is; nothing: no page of this profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrollment_status_page: Option<EnrollmentStatusPage>,
    /// Ids of the scope tags by which the MDM service decides which administrators see the profile. They are kept for it, and
    /// decide nothing here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub role_scope_tag_ids: BTreeSet<String>,
    /// Devices that no profile applies to get this one.
    #[serde(default)]
    pub is_default: bool,
}

impl Settings {
    /// The same without outer blanks; blank optional texts are no texts.
    #[must_use]
    pub fn trimmed(self) -> Self {
        let trim = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            name: self.name.trim().to_owned(),
            description: trim(self.description),
            language: trim(self.language),
            device_name_template: self
                .device_name_template
                .filter(|template| !template.as_str().is_empty()),
            management_service_app_id: trim(self.management_service_app_id).map(|id| id.to_ascii_lowercase()),
            role_scope_tag_ids: self.role_scope_tag_ids.iter().map(|id| id.trim().to_owned()).collect(),
            ..self
        }
    }

    /// As much of it as a device is told.
    #[must_use]
    pub(super) fn told(&self) -> Self {
        Self {
            description: None,
            convert_targeted_devices: false,
            role_scope_tag_ids: BTreeSet::new(),
            is_default: false,
            ..self.clone()
        }
    }
}
