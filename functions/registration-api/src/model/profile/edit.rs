//! Profiles to make, and what to change of them.

use muster_core::channel::Channel;
use muster_core::profile::{self, DeviceType, Join, Mode, NameTemplate, Settings, UserType};
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Assignment;
use crate::model::given;

/// A profile to make. What is absent is off, or left to the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateProfile {
    /// The channel that it is made in. Absent: `intune`, and `partner-center` for a partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::Channel>)]
    pub channel: Option<Channel>,
    /// The name, up to 200 characters: unique among the tenant's profiles of the channel, without regard to case.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What people want to remember of it, up to 1,500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1500)]
    pub description: Option<String>,
    /// The kind of device that it is for: a Windows PC where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::ProfileDeviceType>)]
    pub device_type: Option<DeviceType>,
    /// `userDriven` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::ProfileMode>)]
    pub mode: Option<Mode>,
    /// `entra` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::ProfileJoin>)]
    pub join: Option<Join>,
    /// A hybrid join does not wait for a domain controller in reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_connectivity_check: Option<bool>,
    /// The pages of the first run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_box_experience: Option<EditOutOfBoxExperience>,
    /// A locale such as `de-DE`, or `os-default`. Absent: the user chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the device is called: letters, digits, hyphens, `%SERIAL%` and `%RAND:x%`; at most 15 characters result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name_template: Option<String>,
    /// A technician may prepare the device before its user gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprovisioning_allowed: Option<bool>,
    /// Devices that the tenant manages and that this profile targets are registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub convert_targeted_devices: Option<bool>,
    /// The MDM application that the device enrols with, a GUID. Absent: Intune.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_service_app_id: Option<String>,
    /// The page that shows how far the set-up is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrollment_status_page: Option<SetEnrollmentStatusPage>,
    /// Devices that no profile applies to get this one. There is one such profile at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// Which devices it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<Assignment>,
}

/// What to change of a profile. What is absent stays, what is null is cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditProfile {
    /// The name, up to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// What people want to remember of it, up to 1,500 characters.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 1500)]
    pub description: Option<Option<String>>,
    /// The kind of device that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::ProfileDeviceType>)]
    pub device_type: Option<DeviceType>,
    /// `userDriven`, or `selfDeploying`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::ProfileMode>)]
    pub mode: Option<Mode>,
    /// Which directory a device joins: `entra`, or `hybrid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::ProfileJoin>)]
    pub join: Option<Join>,
    /// A hybrid join does not wait for a domain controller in reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_connectivity_check: Option<bool>,
    /// The pages of the first run; of these, too, what is absent stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_box_experience: Option<EditOutOfBoxExperience>,
    /// A locale such as `de-DE`, or `os-default`; null: the user chooses.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub language: Option<Option<String>>,
    /// What the device is called: letters, digits, hyphens, `%SERIAL%` and `%RAND:x%`; at most 15 characters result.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub device_name_template: Option<Option<String>>,
    /// A technician may prepare the device before its user gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprovisioning_allowed: Option<bool>,
    /// Devices that the tenant manages and that this profile targets are registered. Turned off, it releases none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub convert_targeted_devices: Option<bool>,
    /// The MDM application that the device enrols with, a GUID; null: Intune.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub management_service_app_id: Option<Option<String>>,
    /// The page that shows how far the set-up is, whole; null: none.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<SetEnrollmentStatusPage>)]
    pub enrollment_status_page: Option<Option<SetEnrollmentStatusPage>>,
    /// Devices that no profile applies to get this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
}

/// The pages of the first run. What is absent stays; of a new profile it is off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditOutOfBoxExperience {
    /// The page with the privacy settings is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy_settings_hidden: Option<bool>,
    /// The page with the license terms is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_terms_hidden: Option<bool>,
    /// The page with the keyboard's layout is left out: it follows the language, which must be set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyboard_page_skipped: Option<bool>,
    /// The link to use another account is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_account_hidden: Option<bool>,
    /// What the user becomes: `standard` where a user-driven profile does not say; null where no user sets the device up.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::UserType>)]
    pub user_type: Option<Option<UserType>>,
}

/// The page that shows how far a device's set-up is. What is absent is as Windows has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetEnrollmentStatusPage {
    /// The page is not shown. Absent: it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hide_installation_progress: Option<bool>,
    /// The device can be used before all is installed. Absent: it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_device_use_before_profile_and_app_install_complete: Option<bool>,
    /// The user cannot try again after a failure. Absent: the user can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_device_setup_retry_by_user: Option<bool>,
    /// The user can collect logs after a failure. Absent: the user can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_log_collection_on_install_failure: Option<bool>,
    /// What the user is told after a failure, up to 1,000 characters. Absent: the page's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub custom_error_message: Option<String>,
    /// After how many minutes it has failed, 1 to 1440. Absent: 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1440)]
    pub install_progress_timeout_in_minutes: Option<u32>,
    /// The device can be used after a failure. Absent: it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_device_use_on_install_failure: Option<bool>,
}

impl CreateProfile {
    /// What the profile is to say.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let this = self.clone();
        let edit = EditProfile {
            name: Some(this.name),
            description: Some(this.description),
            device_type: this.device_type,
            mode: this.mode,
            join: this.join,
            skip_connectivity_check: this.skip_connectivity_check,
            out_of_box_experience: this.out_of_box_experience,
            language: Some(this.language),
            device_name_template: Some(this.device_name_template),
            preprovisioning_allowed: this.preprovisioning_allowed,
            convert_targeted_devices: this.convert_targeted_devices,
            management_service_app_id: Some(this.management_service_app_id),
            enrollment_status_page: Some(this.enrollment_status_page),
            is_default: this.is_default,
        };
        let mut fresh = Settings::default();
        fresh.out_of_box_experience.user_type = UserType::default_of(fresh.mode);
        edit.apply(&fresh)
    }
}

impl EditProfile {
    /// The settings with these changes. Where the mode changes, and what the user becomes is not said, the new mode says it.
    #[must_use]
    pub fn apply(&self, old: &Settings) -> Settings {
        let edit = self.clone();
        let pages = edit.out_of_box_experience.unwrap_or_default();
        let mode = edit.mode.unwrap_or(old.mode);
        let user_type = match (mode == old.mode, old.out_of_box_experience.user_type) {
            (true, kept) => kept,
            (false, _) => UserType::default_of(mode),
        };
        let was = &old.out_of_box_experience;
        let template = |text: Option<String>| text.map(|text| NameTemplate::new(&text));
        let settings = Settings {
            name: edit.name.unwrap_or_else(|| old.name.clone()),
            description: edit.description.unwrap_or_else(|| old.description.clone()),
            device_type: edit.device_type.unwrap_or(old.device_type),
            mode,
            join: edit.join.unwrap_or(old.join),
            skip_connectivity_check: edit.skip_connectivity_check.unwrap_or(old.skip_connectivity_check),
            out_of_box_experience: profile::OutOfBoxExperience {
                privacy_settings_hidden: pages.privacy_settings_hidden.unwrap_or(was.privacy_settings_hidden),
                license_terms_hidden: pages.license_terms_hidden.unwrap_or(was.license_terms_hidden),
                keyboard_page_skipped: pages.keyboard_page_skipped.unwrap_or(was.keyboard_page_skipped),
                change_account_hidden: pages.change_account_hidden.unwrap_or(was.change_account_hidden),
                user_type: pages.user_type.unwrap_or(user_type),
            },
            language: edit.language.unwrap_or_else(|| old.language.clone()),
            device_name_template: edit
                .device_name_template
                .map_or_else(|| old.device_name_template.clone(), template),
            preprovisioning_allowed: edit.preprovisioning_allowed.unwrap_or(old.preprovisioning_allowed),
            convert_targeted_devices: edit.convert_targeted_devices.unwrap_or(old.convert_targeted_devices),
            management_service_app_id: edit
                .management_service_app_id
                .unwrap_or_else(|| old.management_service_app_id.clone()),
            enrollment_status_page: edit
                .enrollment_status_page
                .map_or_else(|| old.enrollment_status_page.clone(), |page| page.map(Into::into)),
            is_default: edit.is_default.unwrap_or(old.is_default),
        };
        settings.trimmed()
    }
}

impl From<SetEnrollmentStatusPage> for profile::EnrollmentStatusPage {
    fn from(page: SetEnrollmentStatusPage) -> Self {
        let windows = Self::default();
        let kept = windows.allow_device_use_before_profile_and_app_install_complete;
        Self {
            hide_installation_progress: page
                .hide_installation_progress
                .unwrap_or(windows.hide_installation_progress),
            allow_device_use_before_profile_and_app_install_complete: page
                .allow_device_use_before_profile_and_app_install_complete
                .unwrap_or(kept),
            block_device_setup_retry_by_user: page
                .block_device_setup_retry_by_user
                .unwrap_or(windows.block_device_setup_retry_by_user),
            allow_log_collection_on_install_failure: page
                .allow_log_collection_on_install_failure
                .unwrap_or(windows.allow_log_collection_on_install_failure),
            custom_error_message: page.custom_error_message.unwrap_or_default().trim().to_owned(),
            install_progress_timeout_in_minutes: page
                .install_progress_timeout_in_minutes
                .unwrap_or(windows.install_progress_timeout_in_minutes),
            allow_device_use_on_install_failure: page
                .allow_device_use_on_install_failure
                .unwrap_or(windows.allow_device_use_on_install_failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(json: &str) -> Settings {
        serde_json::from_str::<CreateProfile>(json).unwrap().settings()
    }

    #[test]
    fn what_a_new_profile_does_not_say_is_off() {
        let plain = create(r#"{"name":" Sales "}"#);
        assert_eq!(plain.name, "Sales");
        assert_eq!(plain.out_of_box_experience.user_type, Some(UserType::Standard));
        assert!(!plain.is_default && plain.language.is_none() && plain.enrollment_status_page.is_none());
        let kiosk = create(r#"{"name":"Kiosk","mode":"selfDeploying"}"#);
        assert_eq!(kiosk.out_of_box_experience.user_type, None);
        let page = create(r#"{"name":"a","enrollmentStatusPage":{}}"#).enrollment_status_page;
        assert_eq!(page, Some(profile::EnrollmentStatusPage::default()));
    }

    #[test]
    fn an_edit_changes_what_it_names() {
        let old = create(
            r#"{"name":"a","language":"de-DE","deviceNameTemplate":"PC-%SERIAL%",
                "outOfBoxExperience":{"privacySettingsHidden":true,"userType":"administrator"}}"#,
        );
        let edit = |json: &str| serde_json::from_str::<EditProfile>(json).unwrap().apply(&old);
        assert_eq!(edit("{}"), old);
        let cleared =
            edit(r#"{"language":null,"deviceNameTemplate":" ","outOfBoxExperience":{"licenseTermsHidden":true}}"#);
        assert_eq!((cleared.language, cleared.device_name_template), (None, None));
        assert!(cleared.out_of_box_experience.license_terms_hidden);
        assert!(cleared.out_of_box_experience.privacy_settings_hidden);
        assert_eq!(cleared.out_of_box_experience.user_type, Some(UserType::Administrator));
        let kiosk = edit(r#"{"mode":"selfDeploying"}"#);
        assert_eq!(kiosk.out_of_box_experience.user_type, None);
        let said = edit(r#"{"mode":"selfDeploying","outOfBoxExperience":{"userType":"standard"}}"#);
        assert_eq!(said.out_of_box_experience.user_type, Some(UserType::Standard));
    }

    #[test]
    fn every_member_is_known_by_its_name() {
        for json in [
            r#"{"name":"a","displayName":"b"}"#,
            r#"{"name":"a","outOfBoxExperience":{"eulaHidden":true}}"#,
            r#"{"name":"a","enrollmentStatusPage":{"timeout":1}}"#,
            r#"{"name":"a","assignment":{"groups":[]}}"#,
            r#"{"name":"a","mode":"shared"}"#,
            r#"{"name":"a","join":"azure"}"#,
            r#"{"name":"a","deviceType":"phone"}"#,
            "{}",
        ] {
            assert!(serde_json::from_str::<CreateProfile>(json).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<EditProfile>(r#"{"channel":"intune"}"#).is_err());
    }
}
