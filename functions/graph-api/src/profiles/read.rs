//! Profiles as they are sent. Clients read a profile, change something and send all of it back, members of before and those
//! that took their places: of two that mean the same, the one that says something new counts.

use muster_core::profile::{
    DeviceType, EnrollmentStatusPage, Join, Mode, NameTemplate, OutOfBoxExperience, Settings, UserType,
};
use muster_runtime::http::Problem;
use serde_json::{Map, Value};

use super::model::{TYPES, usage};
use crate::body::{Members, checked};

/// Characters of a text that is kept at most; the profile's own bounds are narrower.
const MOST: usize = 4000;

/// What a new profile says.
///
/// # Errors
/// Everything that cannot be read, by its path.
pub(super) fn new(body: Map<String, Value>) -> Result<Settings, Problem> {
    let join = join_of(&body)?.unwrap_or_default();
    let base = Settings {
        join,
        language: Some("os-default".to_owned()),
        out_of_box_experience: OutOfBoxExperience {
            user_type: Some(UserType::default()),
            ..OutOfBoxExperience::default()
        },
        ..Settings::default()
    };
    apply(body, base)
}

/// What a profile says after a change of it. What is absent or null stays.
///
/// # Errors
/// Everything that cannot be read, by its path.
pub(super) fn changed(body: Map<String, Value>, settings: &Settings) -> Result<Settings, Problem> {
    if join_of(&body)?.is_some_and(|join| join != settings.join) {
        return Err(Problem::at(
            "@odata.type",
            "A profile keeps its type. Make another profile.",
        ));
    }
    apply(body, settings.clone())
}

fn join_of(body: &Map<String, Value>) -> Result<Option<Join>, Problem> {
    let Some(name) = body.get("@odata.type").filter(|name| !name.is_null()) else {
        return Ok(None);
    };
    let name = name.as_str().unwrap_or_default().trim_start_matches('#');
    let found = TYPES
        .iter()
        .find(|(known, _)| known.trim_start_matches('#').eq_ignore_ascii_case(name));
    match found {
        Some((_, join)) => Ok(Some(*join)),
        None => {
            let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
            Err(Problem::at(
                "@odata.type",
                format!("It is one of {}.", names.join(", ")),
            ))
        }
    }
}

/// Of two members that mean the same, what is said that is new.
fn either<T: PartialEq>(new: Option<T>, old: Option<T>, stands: &T) -> Option<T> {
    match (new, old) {
        (Some(new), Some(old)) if new == *stands => Some(old),
        (Some(new), _) => Some(new),
        (None, old) => old,
    }
}

fn take<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

fn apply(body: Map<String, Value>, mut settings: Settings) -> Result<Settings, Problem> {
    let mut errors = Vec::new();
    let mut members = Members::of(body, "", &mut errors);
    for name in ["id", "createdDateTime", "lastModifiedDateTime"] {
        members.ignore(name);
    }
    take(
        &mut settings.name,
        members.given("displayName", MOST).map(Option::unwrap_or_default),
    );
    take(&mut settings.description, members.given("description", MOST));
    let (locale, language) = (members.given("locale", MOST), members.given("language", MOST));
    let stands = settings.language.clone();
    take(&mut settings.language, either(locale, language, &stands));
    let (new, old) = (
        members.flag("hardwareHashExtractionEnabled"),
        members.flag("extractHardwareHash"),
    );
    let stands = settings.convert_targeted_devices;
    take(&mut settings.convert_targeted_devices, either(new, old, &stands));
    let (new, old) = (members.flag("preprovisioningAllowed"), members.flag("enableWhiteGlove"));
    let stands = settings.preprovisioning_allowed;
    take(&mut settings.preprovisioning_allowed, either(new, old, &stands));
    take(
        &mut settings.skip_connectivity_check,
        members.flag("hybridAzureADJoinSkipConnectivityCheck"),
    );
    let template = members.given("deviceNameTemplate", MOST);
    take(
        &mut settings.device_name_template,
        template.map(|text| text.as_deref().map(NameTemplate::new)),
    );
    take(
        &mut settings.management_service_app_id,
        members.given("managementServiceAppId", MOST),
    );
    take(
        &mut settings.device_type,
        members.one_of("deviceType", DeviceType::ALL, DeviceType::as_str),
    );
    let tags = members.texts("roleScopeTagIds").map(|tags| tags.into_iter().collect());
    take(&mut settings.role_scope_tag_ids, tags);

    let new = members.inner("outOfBoxExperienceSetting").map(|part| oobe(part, &NEW));
    let old = members.inner("outOfBoxExperienceSettings").map(|part| oobe(part, &OLD));
    Oobe::either(new.unwrap_or_default(), old.unwrap_or_default(), &settings).apply(&mut settings);
    if let Some(part) = members.inner("enrollmentStatusScreenSettings") {
        let page = settings.enrollment_status_page.get_or_insert_default();
        status_page(part, page);
    }
    members.finish();
    checked(errors)?;
    Ok(settings.trimmed())
}

/// What the pages of the first run are called: privacy settings, licence terms, keyboard, the link to another account.
type Names = [&'static str; 4];
const NEW: Names = [
    "privacySettingsHidden",
    "eulaHidden",
    "keyboardSelectionPageSkipped",
    "escapeLinkHidden",
];
const OLD: Names = [
    "hidePrivacySettings",
    "hideEULA",
    "skipKeyboardSelectionPage",
    "hideEscapeLink",
];

/// What is said of the first run.
#[derive(Default)]
struct Oobe {
    pages: [Option<bool>; 4],
    user: Option<UserType>,
    mode: Option<Mode>,
}

fn oobe(mut part: Members<'_>, names: &Names) -> Oobe {
    let read = Oobe {
        pages: names.map(|name| part.flag(name)),
        user: part.one_of("userType", UserType::ALL, UserType::as_str),
        mode: part.one_of("deviceUsageType", Mode::ALL, usage),
    };
    part.finish();
    read
}

impl Oobe {
    fn either(new: Self, old: Self, settings: &Settings) -> Self {
        let [a, b, c, d] = new.pages;
        let [e, f, g, h] = old.pages;
        let stands = &settings.out_of_box_experience;
        Self {
            pages: [
                either(a, e, &stands.privacy_settings_hidden),
                either(b, f, &stands.license_terms_hidden),
                either(c, g, &stands.keyboard_page_skipped),
                either(d, h, &stands.change_account_hidden),
            ],
            user: either(new.user.map(Some), old.user.map(Some), &stands.user_type).flatten(),
            mode: either(new.mode, old.mode, &settings.mode),
        }
    }

    fn apply(self, settings: &mut Settings) {
        let [privacy, terms, keyboard, link] = self.pages;
        let before = settings.mode;
        take(&mut settings.mode, self.mode);
        let oobe = &mut settings.out_of_box_experience;
        take(&mut oobe.privacy_settings_hidden, privacy);
        take(&mut oobe.license_terms_hidden, terms);
        take(&mut oobe.keyboard_page_skipped, keyboard);
        take(&mut oobe.change_account_hidden, link);
        // Where the usage changes and nothing is said of the user, the user's type goes with it.
        match self.user {
            Some(user) => oobe.user_type = Some(user),
            None if settings.mode == before => {}
            None => oobe.user_type = (settings.mode == Mode::UserDriven).then(UserType::default),
        }
    }
}

fn status_page(mut part: Members<'_>, page: &mut EnrollmentStatusPage) {
    take(
        &mut page.hide_installation_progress,
        part.flag("hideInstallationProgress"),
    );
    take(
        &mut page.allow_device_use_before_profile_and_app_install_complete,
        part.flag("allowDeviceUseBeforeProfileAndAppInstallComplete"),
    );
    take(
        &mut page.block_device_setup_retry_by_user,
        part.flag("blockDeviceSetupRetryByUser"),
    );
    take(
        &mut page.allow_log_collection_on_install_failure,
        part.flag("allowLogCollectionOnInstallFailure"),
    );
    take(
        &mut page.allow_device_use_on_install_failure,
        part.flag("allowDeviceUseOnInstallFailure"),
    );
    take(
        &mut page.install_progress_timeout_in_minutes,
        part.number("installProgressTimeoutInMinutes"),
    );
    let message = part.given("customErrorMessage", MOST).map(Option::unwrap_or_default);
    take(&mut page.custom_error_message, message);
    part.finish();
}
