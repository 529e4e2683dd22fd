//! Every contradiction is named where it stands.

use super::*;

/// A change of a profile in order, and the paths of what is wrong with it afterwards.
type Case = (&'static str, fn(&mut Profile), &'static [&'static str]);

fn self_deploying(profile: &mut Profile) {
    profile.settings.mode = Mode::SelfDeploying;
    profile.settings.out_of_box_experience.user_type = None;
}

fn tags(tags: &[&str]) -> std::collections::BTreeSet<String> {
    tags.iter().map(|&tag| tag.to_owned()).collect()
}

fn status_page(profile: &mut Profile) -> &mut EnrollmentStatusPage {
    profile
        .settings
        .enrollment_status_page
        .insert(EnrollmentStatusPage::default())
}

const CASES: &[Case] = &[
    ("in order", |_| (), &[]),
    ("self-deploying in order", self_deploying, &[]),
    ("no name", |p| p.settings.name.clear(), &["name"]),
    ("a name of 200", |p| p.settings.name = "ü".repeat(200), &[]),
    ("a name of 201", |p| p.settings.name = "x".repeat(201), &["name"]),
    (
        "a name of two lines",
        |p| p.settings.name = "a\nb".to_owned(),
        &["name"],
    ),
    (
        "a description of two lines",
        |p| p.settings.description = Some("a\r\n\tb".to_owned()),
        &[],
    ),
    (
        "a description of 1501",
        |p| p.settings.description = Some("x".repeat(1501)),
        &["description"],
    ),
    (
        "self-deploying and hybrid",
        |p| {
            self_deploying(p);
            p.settings.join = Join::Hybrid;
        },
        &["join"],
    ),
    (
        "self-deploying with a user's type",
        |p| p.settings.mode = Mode::SelfDeploying,
        &["outOfBoxExperience.userType"],
    ),
    (
        "user-driven without a user's type",
        |p| p.settings.out_of_box_experience.user_type = None,
        &["outOfBoxExperience.userType"],
    ),
    (
        "self-deploying and pre-provisioned",
        |p| {
            self_deploying(p);
            p.settings.preprovisioning_allowed = true;
        },
        &["preprovisioningAllowed"],
    ),
    ("hybrid", |p| p.settings.join = Join::Hybrid, &[]),
    (
        "hybrid without a look for the domain controller",
        |p| {
            p.settings.join = Join::Hybrid;
            p.settings.skip_connectivity_check = true;
        },
        &[],
    ),
    (
        "Entra without a look for the domain controller",
        |p| p.settings.skip_connectivity_check = true,
        &["skipConnectivityCheck"],
    ),
    (
        "hybrid with a name",
        |p| {
            p.settings.join = Join::Hybrid;
            p.settings.device_name_template = Some(NameTemplate::new("PC-%SERIAL%"));
        },
        &["deviceNameTemplate"],
    ),
    (
        "an illegal name of devices",
        |p| p.settings.device_name_template = Some(NameTemplate::new("my pc")),
        &["deviceNameTemplate"],
    ),
    (
        "no page for the keyboard, and no language",
        |p| p.settings.out_of_box_experience.keyboard_page_skipped = true,
        &["outOfBoxExperience.keyboardPageSkipped"],
    ),
    (
        "no page for the keyboard, and a language",
        |p| {
            p.settings.out_of_box_experience.keyboard_page_skipped = true;
            p.settings.language = Some("os-default".to_owned());
        },
        &[],
    ),
    (
        "no language",
        |p| p.settings.language = Some("German".to_owned()),
        &["language"],
    ),
    (
        "a locale with a script",
        |p| p.settings.language = Some("sr-Latn-RS".to_owned()),
        &[],
    ),
    (
        "half a locale",
        |p| p.settings.language = Some("de-".to_owned()),
        &["language"],
    ),
    (
        "an application without an id",
        |p| p.settings.management_service_app_id = Some("intune".to_owned()),
        &["managementServiceAppId"],
    ),
    (
        "two role scope tags",
        |p| p.settings.role_scope_tag_ids = tags(&["0", "17"]),
        &[],
    ),
    (
        "a blank role scope tag, and one that is no id",
        |p| p.settings.role_scope_tag_ids = tags(&["", &"1".repeat(37)]),
        &["roleScopeTagIds", "roleScopeTagIds"],
    ),
    (
        "too many role scope tags",
        |p| p.settings.role_scope_tag_ids = (0..101).map(|n| n.to_string()).collect(),
        &["roleScopeTagIds"],
    ),
    (
        "a user's HoloLens that joins a domain and is converted",
        |p| {
            p.settings.device_type = DeviceType::HoloLens;
            p.settings.join = Join::Hybrid;
            p.settings.convert_targeted_devices = true;
        },
        &["mode", "join", "convertTargetedDevices"],
    ),
    (
        "a HoloLens in order",
        |p| {
            self_deploying(p);
            p.settings.device_type = DeviceType::HoloLens;
        },
        &[],
    ),
    (
        "a virtual machine that attests a TPM",
        |p| {
            self_deploying(p);
            p.settings.device_type = DeviceType::VirtualMachine;
        },
        &["mode"],
    ),
    (
        "a virtual machine that is pre-provisioned",
        |p| {
            p.settings.device_type = DeviceType::VirtualMachine;
            p.settings.preprovisioning_allowed = true;
        },
        &["preprovisioningAllowed"],
    ),
    (
        "a default for Surface Hubs",
        |p| {
            p.settings.device_type = DeviceType::SurfaceHub2S;
            p.settings.is_default = true;
        },
        &["isDefault"],
    ),
    ("a default", |p| p.settings.is_default = true, &[]),
    (
        "a status page that never fails",
        |p| status_page(p).install_progress_timeout_in_minutes = 0,
        &["enrollmentStatusPage.installProgressTimeoutInMinutes"],
    ),
    (
        "a status page that is hidden and holds the user back",
        |p| {
            let page = status_page(p);
            page.hide_installation_progress = true;
            page.allow_device_use_before_profile_and_app_install_complete = false;
        },
        &["enrollmentStatusPage.allowDeviceUseBeforeProfileAndAppInstallComplete"],
    ),
    (
        "a status page with too long a message",
        |p| status_page(p).custom_error_message = "x".repeat(1001),
        &["enrollmentStatusPage.customErrorMessage"],
    ),
    (
        "a group tag on both sides",
        |p| {
            p.assignment.include_group_tags = tags(&["Sales", "Lab"]);
            p.assignment.exclude_group_tags = tags(&["Lab"]);
        },
        &["assignment.excludeGroupTags"],
    ),
    (
        "all devices but some, by tag and by name",
        |p| {
            p.assignment.all_devices = true;
            p.assignment.exclude_group_tags = tags(&["Lab"]);
            p.excluded_devices = 2;
        },
        &["assignment.excludeGroupTags", "assignment.allDevices"],
    ),
    (
        "a blank group tag and one of 129",
        |p| p.assignment.include_group_tags = tags(&["", &"x".repeat(129)]),
        &["assignment.includeGroupTags", "assignment.includeGroupTags"],
    ),
    (
        "too many group tags",
        |p| p.assignment.exclude_group_tags = (0..101).map(|n| n.to_string()).collect(),
        &["assignment.excludeGroupTags"],
    ),
    (
        "a partner's with Partner Center's settings",
        |p| {
            p.origin = Channel::PartnerCenter;
            p.settings.out_of_box_experience.privacy_settings_hidden = true;
            p.settings.out_of_box_experience.license_terms_hidden = true;
            p.assignment.all_devices = true;
        },
        &[],
    ),
    (
        "a partner's with all that Partner Center has not",
        |p| {
            self_deploying(p);
            p.origin = Channel::PartnerCenter;
            let settings = &mut p.settings;
            settings.device_type = DeviceType::SurfaceHub2;
            settings.out_of_box_experience.keyboard_page_skipped = true;
            settings.out_of_box_experience.change_account_hidden = true;
            settings.language = Some("de-DE".to_owned());
            settings.device_name_template = Some(NameTemplate::new("PC-%SERIAL%"));
            settings.convert_targeted_devices = true;
            settings.management_service_app_id = Some(oobe::INTUNE.to_owned());
            settings.enrollment_status_page = Some(EnrollmentStatusPage::default());
            settings.role_scope_tag_ids = tags(&["0"]);
        },
        &[
            "deviceType",
            "mode",
            "outOfBoxExperience.keyboardPageSkipped",
            "outOfBoxExperience.changeAccountHidden",
            "language",
            "deviceNameTemplate",
            "convertTargetedDevices",
            "managementServiceAppId",
            "enrollmentStatusPage",
            "roleScopeTagIds",
        ],
    ),
    (
        "the default in the channel of a store",
        |p| {
            p.origin = Channel::StoreForBusiness;
            p.settings.is_default = true;
        },
        &["isDefault"],
    ),
];

#[test]
fn every_contradiction_is_named_where_it_stands() {
    for (what, change, paths) in CASES {
        let mut profile = profile();
        change(&mut profile);
        let faults = profile.faults();
        let found: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(found, *paths, "{what}: {faults:?}");
        assert!(faults.iter().all(|fault| !fault.detail.is_empty()), "{what}");
    }
}

#[test]
fn only_intunes_profiles_may_say_everything() {
    for channel in Channel::ALL {
        assert_eq!(is_limited(channel), channel != Channel::Intune, "{channel}");
    }
}
