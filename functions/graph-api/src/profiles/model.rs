//! Profiles as they are told.

use muster_core::profile::{EnrollmentStatusPage, Join, Mode, Profile, UserType};
use serde_json::{Value, json};

use crate::odata::{Entity, Kind, Property, Type};
use crate::wire;

/// What can be told with a profile.
pub(super) const ASSIGNMENTS: &str = "assignments";

/// What a profile has. Members of before, and those that took their places, are both told.
pub(crate) const PROFILE: Kind = Kind {
    name: "windowsAutopilotDeploymentProfile",
    properties: &[
        Property::text("id"),
        Property::text("displayName"),
        Property::text("description"),
        Property::text("locale"),
        Property::text("language"),
        Property::text("createdDateTime").of(Type::Time),
        Property::text("lastModifiedDateTime").of(Type::Time),
        Property::text("outOfBoxExperienceSetting").of(Type::Complex),
        Property::text("outOfBoxExperienceSettings").of(Type::Complex),
        Property::text("enrollmentStatusScreenSettings").of(Type::Complex),
        Property::text("hardwareHashExtractionEnabled").of(Type::Flag),
        Property::text("extractHardwareHash").of(Type::Flag),
        Property::text("deviceNameTemplate"),
        Property::text("deviceType"),
        Property::text("preprovisioningAllowed").of(Type::Flag),
        Property::text("enableWhiteGlove").of(Type::Flag),
        Property::text("roleScopeTagIds").of(Type::Complex),
        Property::text("managementServiceAppId"),
        Property::text("hybridAzureADJoinSkipConnectivityCheck").of(Type::Flag),
    ],
    expands: &[ASSIGNMENTS],
};

/// The types of profiles, by the directory that a device joins.
pub(super) const TYPES: [(&str, Join); 2] = [
    ("#microsoft.graph.azureADWindowsAutopilotDeploymentProfile", Join::Entra),
    (
        "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile",
        Join::Hybrid,
    ),
];

/// How a device is used, by how it is set up.
pub(super) const fn usage(mode: Mode) -> &'static str {
    match mode {
        Mode::UserDriven => "singleUser",
        Mode::SelfDeploying => "shared",
    }
}

/// A profile.
pub(crate) fn entity(profile: &Profile) -> Entity {
    let settings = &profile.settings;
    let oobe = &settings.out_of_box_experience;
    let (user, usage) = (oobe.user_type.map(UserType::as_str), usage(settings.mode));
    let (name, _) = TYPES
        .into_iter()
        .find(|(_, join)| *join == settings.join)
        .unwrap_or(("", Join::Entra));
    let locale = wire::text(settings.language.as_deref());
    let template = settings.device_name_template.as_ref();
    let mut members: Vec<(&str, Value)> = vec![
        ("@odata.type", name.into()),
        ("id", profile.id.to_string().into()),
        ("displayName", settings.name.clone().into()),
        ("description", wire::text(settings.description.as_deref())),
        ("locale", locale.clone()),
        ("language", locale),
        ("createdDateTime", wire::moment(Some(profile.created_at))),
        ("lastModifiedDateTime", wire::moment(Some(profile.modified_at))),
        (
            "outOfBoxExperienceSetting",
            json!({
                "privacySettingsHidden": oobe.privacy_settings_hidden,
                "eulaHidden": oobe.license_terms_hidden,
                "userType": user,
                "deviceUsageType": usage,
                "keyboardSelectionPageSkipped": oobe.keyboard_page_skipped,
                "escapeLinkHidden": oobe.change_account_hidden,
            }),
        ),
        (
            "outOfBoxExperienceSettings",
            json!({
                "hidePrivacySettings": oobe.privacy_settings_hidden,
                "hideEULA": oobe.license_terms_hidden,
                "userType": user,
                "deviceUsageType": usage,
                "skipKeyboardSelectionPage": oobe.keyboard_page_skipped,
                "hideEscapeLink": oobe.change_account_hidden,
            }),
        ),
        (
            "enrollmentStatusScreenSettings",
            settings
                .enrollment_status_page
                .as_ref()
                .map_or(Value::Null, status_page),
        ),
        (
            "hardwareHashExtractionEnabled",
            settings.convert_targeted_devices.into(),
        ),
        ("extractHardwareHash", settings.convert_targeted_devices.into()),
        (
            "deviceNameTemplate",
            wire::text(template.map(|template| template.as_str())),
        ),
        ("deviceType", settings.device_type.as_str().into()),
        ("preprovisioningAllowed", settings.preprovisioning_allowed.into()),
        ("enableWhiteGlove", settings.preprovisioning_allowed.into()),
        (
            "roleScopeTagIds",
            Value::from_iter(settings.role_scope_tag_ids.iter().cloned()),
        ),
        (
            "managementServiceAppId",
            wire::text(settings.management_service_app_id.as_deref()),
        ),
    ];
    if settings.join == Join::Hybrid {
        let skips = settings.skip_connectivity_check.into();
        members.push(("hybridAzureADJoinSkipConnectivityCheck", skips));
    }
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn status_page(page: &EnrollmentStatusPage) -> Value {
    json!({
        "hideInstallationProgress": page.hide_installation_progress,
        "allowDeviceUseBeforeProfileAndAppInstallComplete": page.allow_device_use_before_profile_and_app_install_complete,
        "blockDeviceSetupRetryByUser": page.block_device_setup_retry_by_user,
        "allowLogCollectionOnInstallFailure": page.allow_log_collection_on_install_failure,
        "customErrorMessage": page.custom_error_message,
        "installProgressTimeoutInMinutes": page.install_progress_timeout_in_minutes,
        "allowDeviceUseOnInstallFailure": page.allow_device_use_on_install_failure,
    })
}
