//! What contradicts itself in a profile.

use std::collections::BTreeSet;

use super::settings::{MAX_DESCRIPTION, MAX_NAME};
use super::{
    DeviceType, EnrollmentStatusPage, Join, Mode, OutOfBoxExperience, Profile, Settings, UserType, is_limited,
};

/// The most characters of a group tag; devices have no longer ones.
pub(crate) const MAX_TAG: usize = 128;
/// The most group tags on one side.
const MAX_TAGS: usize = 100;
/// The most role scope tags, and the most characters of the id of one.
const MAX_SCOPE_TAGS: usize = 100;
const MAX_SCOPE_TAG: usize = 36;
/// The most characters of what a user is told after a failure.
const MAX_MESSAGE: usize = 1000;
/// The most minutes until the status page has failed: a day.
const MAX_TIMEOUT: u32 = 1440;

/// A value of a profile that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands in the profile's JSON.
    pub path: String,
    /// What is wrong with it.
    pub detail: String,
}

/// Collects faults.
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: &str, detail: impl Into<String>) {
        self.0.push(Fault {
            path: path.to_owned(),
            detail: detail.into(),
        });
    }

    fn add_if(&mut self, wrong: bool, path: &str, detail: &str) {
        if wrong {
            self.add(path, detail);
        }
    }
}

pub(super) fn faults(profile: &Profile) -> Vec<Fault> {
    let mut faults = Faults(Vec::new());
    let settings = &profile.settings;
    texts(settings, &mut faults);
    modes(settings, &mut faults);
    kinds(settings, &mut faults);
    if let Some(page) = &settings.enrollment_status_page {
        status_page(page, &mut faults);
    }
    if is_limited(profile.origin) {
        limited(profile, &mut faults);
    }
    assignment(profile, &mut faults);
    faults.0
}

fn texts(settings: &Settings, faults: &mut Faults) {
    faults.add_if(settings.name.is_empty(), "name", "a profile needs a name");
    text("name", &settings.name, MAX_NAME, false, faults);
    if let Some(description) = &settings.description {
        text("description", description, MAX_DESCRIPTION, true, faults);
    }
    if let Some(language) = &settings.language
        && language != "os-default"
        && !is_locale(language)
    {
        let detail = "it is neither a locale such as de-DE nor os-default; leave it out for the user to choose";
        faults.add("language", detail);
    }
    if let Some(id) = &settings.management_service_app_id
        && (id.len() != 36 || uuid::Uuid::try_parse(id).is_err())
    {
        faults.add("managementServiceAppId", "an application's id is a GUID");
    }
    tags(
        "roleScopeTagIds",
        &settings.role_scope_tag_ids,
        MAX_SCOPE_TAGS,
        MAX_SCOPE_TAG,
        faults,
    );
    if let Some(fault) = settings
        .device_name_template
        .as_ref()
        .and_then(|template| template.fault())
    {
        faults.add("deviceNameTemplate", fault);
    }
}

fn modes(settings: &Settings, faults: &mut Faults) {
    let OutOfBoxExperience {
        user_type,
        keyboard_page_skipped,
        ..
    } = settings.out_of_box_experience;
    let self_deploying = settings.mode == Mode::SelfDeploying;
    let hybrid = settings.join == Join::Hybrid;
    let user_path = "outOfBoxExperience.userType";
    faults.add_if(
        self_deploying && hybrid,
        "join",
        "a self-deploying device joins Entra; hybrid is for user-driven profiles",
    );
    faults.add_if(
        self_deploying && user_type.is_some(),
        user_path,
        "no user sets a self-deploying device up; leave the user's type out",
    );
    faults.add_if(
        !self_deploying && user_type.is_none(),
        user_path,
        "a user-driven profile says what the user becomes: standard or administrator",
    );
    faults.add_if(
        self_deploying && settings.preprovisioning_allowed,
        "preprovisioningAllowed",
        "a self-deploying device has no user's part that could be left for later; pre-provisioning is for user-driven \
         profiles",
    );
    faults.add_if(
        !hybrid && settings.skip_connectivity_check,
        "skipConnectivityCheck",
        "only a hybrid join looks for a domain controller",
    );
    faults.add_if(
        hybrid && settings.device_name_template.is_some(),
        "deviceNameTemplate",
        "in a hybrid join the domain's own configuration names the device",
    );
    faults.add_if(
        keyboard_page_skipped && settings.language.is_none(),
        "outOfBoxExperience.keyboardPageSkipped",
        "the keyboard follows the language, and the language is left to the user: set language",
    );
}

fn kinds(settings: &Settings, faults: &mut Faults) {
    let kind = settings.device_type;
    if kind == DeviceType::HoloLens {
        faults.add_if(
            settings.mode != Mode::SelfDeploying,
            "mode",
            "a HoloLens is self-deploying",
        );
        faults.add_if(settings.join != Join::Entra, "join", "a HoloLens joins Entra");
        faults.add_if(
            settings.convert_targeted_devices,
            "convertTargetedDevices",
            "a HoloLens is not registered by its management service",
        );
    }
    if kind == DeviceType::VirtualMachine {
        faults.add_if(
            settings.mode == Mode::SelfDeploying,
            "mode",
            "self-deploying devices attest a TPM of their own, which a virtual machine has not",
        );
        faults.add_if(
            settings.preprovisioning_allowed,
            "preprovisioningAllowed",
            "pre-provisioned devices attest a TPM of their own, which a virtual machine has not",
        );
    }
    faults.add_if(
        settings.is_default && kind != DeviceType::WindowsPc,
        "isDefault",
        "the default is for whatever device comes, so it is a profile for Windows PCs",
    );
}

fn status_page(page: &EnrollmentStatusPage, faults: &mut Faults) {
    let at = |name: &str| format!("enrollmentStatusPage.{name}");
    text(
        &at("customErrorMessage"),
        &page.custom_error_message,
        MAX_MESSAGE,
        true,
        faults,
    );
    if !(1..=MAX_TIMEOUT).contains(&page.install_progress_timeout_in_minutes) {
        let detail = format!("it is a number of minutes from 1 to {MAX_TIMEOUT}");
        faults.add(&at("installProgressTimeoutInMinutes"), detail);
    }
    faults.add_if(
        page.hide_installation_progress && !page.allow_device_use_before_profile_and_app_install_complete,
        &at("allowDeviceUseBeforeProfileAndAppInstallComplete"),
        "a page that is not shown cannot hold the user back",
    );
}

/// Profiles of other channels than Intune have the settings of Partner Center's policies and no others.
fn limited(profile: &Profile, faults: &mut Faults) {
    let settings = &profile.settings;
    let oobe = &settings.out_of_box_experience;
    let given = [
        ("deviceType", settings.device_type != DeviceType::WindowsPc),
        ("mode", settings.mode != Mode::UserDriven),
        ("join", settings.join != Join::Entra),
        ("outOfBoxExperience.keyboardPageSkipped", oobe.keyboard_page_skipped),
        ("outOfBoxExperience.changeAccountHidden", oobe.change_account_hidden),
        ("language", settings.language.is_some()),
        ("deviceNameTemplate", settings.device_name_template.is_some()),
        ("preprovisioningAllowed", settings.preprovisioning_allowed),
        ("convertTargetedDevices", settings.convert_targeted_devices),
        ("managementServiceAppId", settings.management_service_app_id.is_some()),
        ("enrollmentStatusPage", settings.enrollment_status_page.is_some()),
        ("roleScopeTagIds", !settings.role_scope_tag_ids.is_empty()),
        ("isDefault", settings.is_default),
    ];
    for (path, given) in given {
        if given {
            let detail = format!(
                "profiles of the channel {} are user-driven ones that join Entra; they hide the license terms and the \
                 privacy settings and say what the user becomes, no more",
                profile.origin
            );
            faults.add(path, detail);
        }
    }
}

fn assignment(profile: &Profile, faults: &mut Faults) {
    let assignment = &profile.assignment;
    let excludes = "assignment.excludeGroupTags";
    for (path, tags) in [
        ("assignment.includeGroupTags", &assignment.include_group_tags),
        (excludes, &assignment.exclude_group_tags),
    ] {
        self::tags(path, tags, MAX_TAGS, MAX_TAG, faults);
    }
    for tag in assignment
        .include_group_tags
        .intersection(&assignment.exclude_group_tags)
    {
        faults.add(excludes, format!("the group tag `{tag}` is both included and excluded"));
    }
    if assignment.all_devices {
        faults.add_if(
            !assignment.exclude_group_tags.is_empty(),
            excludes,
            "a profile for all devices excludes none",
        );
        if profile.excluded_devices > 0 {
            let count = profile.excluded_devices;
            let detail = format!("a profile for all devices excludes none, and this one excludes {count} by name");
            faults.add("assignment.allDevices", detail);
        }
    }
}

/// At most so many tags, each of so many characters.
fn tags(path: &str, tags: &BTreeSet<String>, most: usize, longest: usize, faults: &mut Faults) {
    for tag in tags {
        faults.add_if(tag.is_empty(), path, "a tag is not blank");
        text(path, tag, longest, false, faults);
    }
    if tags.len() > most {
        let detail = format!("it names {} tags; at most {most} are taken", tags.len());
        faults.add(path, detail);
    }
}

fn text(path: &str, text: &str, max: usize, lines: bool, faults: &mut Faults) {
    let control = |c: &char| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'));
    if let Some(bad) = text.chars().find(control) {
        faults.add(path, format!("it holds the control character U+{:04X}", u32::from(bad)));
    }
    let length = text.chars().count();
    if length > max {
        faults.add(path, format!("it has {length} characters; at most {max} are taken"));
    }
}

/// Language, script and region in the form of BCP 47.
fn is_locale(text: &str) -> bool {
    let letters = |part: &str, len: std::ops::RangeInclusive<usize>| {
        len.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic())
    };
    let digits = |part: &str| part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = text.split('-').peekable();
    let language = parts.next().is_some_and(|part| letters(part, 2..=3));
    parts.next_if(|part| letters(part, 4..=4));
    parts.next_if(|part| letters(part, 2..=2) || digits(part));
    language && parts.next().is_none()
}

impl UserType {
    /// What a user-driven profile says where nobody says it.
    #[must_use]
    pub const fn default_of(mode: Mode) -> Option<Self> {
        match mode {
            Mode::UserDriven => Some(Self::Standard),
            Mode::SelfDeploying => None,
        }
    }
}
