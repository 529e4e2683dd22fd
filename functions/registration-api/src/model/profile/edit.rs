//! Profiles to make, and what to change of them.

use std::collections::BTreeSet;

use muster_core::channel::Channel;
use muster_core::profile::{self, DeviceType, Join, Mode, NameTemplate, Settings, UserType};
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::Assignment;
use crate::model::given;

/// The two requests, which name the same members of a profile.
macro_rules! requests {
    ($($(#[$meta:meta])* $member:ident: $type:ty,)+) => {
        /// A profile to make. What is absent or null is off, or left to the user.
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
            $(
                $(#[$meta])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $member: Option<$type>,
            )+
            /// Which devices it is for.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub assignment: Option<Assignment>,
        }

        /// What to change of a profile. What is absent stays, what is null is cleared. What cannot be empty, such as a switch or
        /// the mode, stays where it is null.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct EditProfile {
            /// The name, up to 200 characters.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(min_length = 1, max_length = 200)]
            pub name: Option<String>,
            $(
                $(#[$meta])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $member: Option<$type>,
            )+
        }

        impl CreateProfile {
            /// A profile of this name that says what an edit would, and is for no device.
            #[must_use]
            pub fn new(name: &str, channel: Option<Channel>, says: EditProfile) -> Self {
                Self {
                    channel,
                    name: name.to_owned(),
                    $($member: says.$member,)+
                    assignment: None,
                }
            }

            fn says(&self) -> EditProfile {
                EditProfile {
                    name: Some(self.name.clone()),
                    $($member: self.$member.clone(),)+
                }
            }
        }
    };
}

requests! {
    /// What people want to remember of it, up to 1,500 characters.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 1500)]
    description: Option<String>,
    /// The kind of device that it is for. A new one: a Windows PC where nothing is said.
    #[schema(value_type = Option<words::ProfileDeviceType>)]
    device_type: DeviceType,
    /// `userDriven`, or `selfDeploying`. A new one: `userDriven` where nothing is said.
    #[schema(value_type = Option<words::ProfileMode>)]
    mode: Mode,
    /// Which directory a device joins: `entra`, or `hybrid`. A new one: `entra` where nothing is said.
    #[schema(value_type = Option<words::ProfileJoin>)]
    join: Join,
    /// A hybrid join does not wait for a domain controller in reach.
    skip_connectivity_check: bool,
    /// The pages of the first run; of these, too, what is absent stays.
    out_of_box_experience: EditOutOfBoxExperience,
    /// A locale such as `de-DE`, or `os-default`; null: the user chooses.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    language: Option<String>,
    /// What the device is called: letters, digits, hyphens, `%SERIAL%` and `%RAND:x%`; at most 15 characters result.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    device_name_template: Option<String>,
    /// A technician may prepare the device before its user gets it.
    preprovisioning_allowed: bool,
    /// Devices that the tenant manages and that this profile targets are registered. Turned off, it releases none.
    convert_targeted_devices: bool,
    /// The MDM application that the device enrols with, a GUID; null: Intune.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    management_service_app_id: Option<String>,
    /// The page that shows how far the set-up is, whole; null: none.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<SetEnrollmentStatusPage>)]
    enrollment_status_page: Option<SetEnrollmentStatusPage>,
    /// All ids of scope tags of the MDM service, up to 100 of up to 36 characters; null: none. They are kept for it, and decide
    /// nothing here.
    #[serde(deserialize_with = "given_or_empty")]
    #[schema(max_items = 100)]
    role_scope_tag_ids: BTreeSet<String>,
    /// Devices that no profile applies to get this one. There is one such profile at most.
    is_default: bool,
}

/// Tells null from absent, where null is nothing.
fn given_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BTreeSet<String>>, D::Error> {
    Ok(given(deserializer)?.map(Option::unwrap_or_default))
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
        let mut fresh = Settings::default();
        fresh.out_of_box_experience.user_type = UserType::default_of(fresh.mode);
        self.says().apply(&fresh)
    }
}

impl EditProfile {
    /// The settings with these changes. Where the mode changes, and what the user becomes is not said, the new mode says it.
    #[must_use]
    pub fn apply(&self, old: &Settings) -> Settings {
        let (edit, mut new) = (self.clone(), old.clone());
        set(&mut new.name, edit.name);
        set(&mut new.description, edit.description);
        set(&mut new.device_type, edit.device_type);
        set(&mut new.mode, edit.mode);
        set(&mut new.join, edit.join);
        set(&mut new.skip_connectivity_check, edit.skip_connectivity_check);
        let (pages, sent) = (
            &mut new.out_of_box_experience,
            edit.out_of_box_experience.unwrap_or_default(),
        );
        if new.mode != old.mode {
            pages.user_type = UserType::default_of(new.mode);
        }
        set(&mut pages.privacy_settings_hidden, sent.privacy_settings_hidden);
        set(&mut pages.license_terms_hidden, sent.license_terms_hidden);
        set(&mut pages.keyboard_page_skipped, sent.keyboard_page_skipped);
        set(&mut pages.change_account_hidden, sent.change_account_hidden);
        set(&mut pages.user_type, sent.user_type);
        set(&mut new.language, edit.language);
        let template = |text: Option<String>| text.map(|text| NameTemplate::new(&text));
        set(&mut new.device_name_template, edit.device_name_template.map(template));
        set(&mut new.preprovisioning_allowed, edit.preprovisioning_allowed);
        set(&mut new.convert_targeted_devices, edit.convert_targeted_devices);
        set(&mut new.management_service_app_id, edit.management_service_app_id);
        let page = edit.enrollment_status_page.map(|page| page.map(Into::into));
        set(&mut new.enrollment_status_page, page);
        set(&mut new.role_scope_tag_ids, edit.role_scope_tag_ids);
        set(&mut new.is_default, edit.is_default);
        new.trimmed()
    }
}

impl From<SetEnrollmentStatusPage> for profile::EnrollmentStatusPage {
    fn from(sent: SetEnrollmentStatusPage) -> Self {
        let mut page = Self::default();
        set(&mut page.hide_installation_progress, sent.hide_installation_progress);
        set(
            &mut page.allow_device_use_before_profile_and_app_install_complete,
            sent.allow_device_use_before_profile_and_app_install_complete,
        );
        set(
            &mut page.block_device_setup_retry_by_user,
            sent.block_device_setup_retry_by_user,
        );
        set(
            &mut page.allow_log_collection_on_install_failure,
            sent.allow_log_collection_on_install_failure,
        );
        let message = sent.custom_error_message.map(|message| message.trim().to_owned());
        set(&mut page.custom_error_message, message);
        set(
            &mut page.install_progress_timeout_in_minutes,
            sent.install_progress_timeout_in_minutes,
        );
        set(
            &mut page.allow_device_use_on_install_failure,
            sent.allow_device_use_on_install_failure,
        );
        page
    }
}

/// Puts what was sent, if anything was.
fn set<T>(place: &mut T, sent: Option<T>) {
    if let Some(sent) = sent {
        *place = sent;
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
        let tagged = edit(r#"{"roleScopeTagIds":[" 0 ","17","0"]}"#);
        assert_eq!(
            tagged.role_scope_tag_ids,
            BTreeSet::from(["0".to_owned(), "17".to_owned()])
        );
        for none in [r#"{"roleScopeTagIds":[]}"#, r#"{"roleScopeTagIds":null}"#] {
            let untagged = serde_json::from_str::<EditProfile>(none).unwrap();
            assert!(untagged.apply(&tagged).role_scope_tag_ids.is_empty(), "{none}");
        }
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
