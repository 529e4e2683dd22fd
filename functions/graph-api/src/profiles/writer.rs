//! Somebody who changes profiles, and why a change is refused, in Graph's names.

use muster_core::grant::{GrantPin, Verb};
use muster_core::history::Requester;
use muster_core::profile::{Fault, MAX_PROFILES, Profile};
use muster_runtime::http::{Code, FieldError, Problem, sentence};
use muster_service::rights::{denied, requester};
use muster_store::devices::Act;
use muster_store::profiles::ProfileWritten;

use crate::Api;
use crate::asked::Asked;

/// Somebody who changes profiles of a tenant, and may.
pub(super) struct Writer<'a> {
    api: &'a Api,
    pin: GrantPin,
    by: Requester,
}

impl<'a> Writer<'a> {
    pub(super) async fn begin(api: &'a Api, asked: &Asked) -> Result<Self, Problem> {
        Ok(Self {
            pin: api.rights().permit(&asked.acting, asked.tenant, Verb::Update).await?,
            by: requester(&asked.acting),
            api,
        })
    }

    pub(super) fn act(&self) -> Act<'_> {
        Act {
            pin: &self.pin,
            by: &self.by,
            now: self.api.guard.now(),
        }
    }

    /// The consent ended meanwhile.
    pub(super) async fn denied(&self) -> Problem {
        match self.api.function.grants.denial(&self.pin, self.api.guard.now()).await {
            Ok(denial) => denied(denial),
            Err(error) => error.into(),
        }
    }

    /// The profile as it was written, or why it was not.
    pub(super) async fn written(&self, written: ProfileWritten) -> Result<Profile, Problem> {
        let conflict = |what: String| Err(Problem::new(Code::Conflict, what));
        match written {
            ProfileWritten::Done(profile) | ProfileWritten::Unchanged(profile) => Ok(*profile),
            ProfileWritten::Faults(faults) => {
                Err(Problem::invalid(faults.into_iter().map(in_words_of_graph).collect()))
            }
            ProfileWritten::NameTaken(id) => conflict(format!("The profile {id} has this displayName.")),
            ProfileWritten::SecondDefault(id) => conflict(format!("The profile {id} is the default.")),
            ProfileWritten::TooMany => conflict(format!("A tenant has {MAX_PROFILES} profiles at most.")),
            ProfileWritten::TooLarge => conflict("The tenant's profiles have too long names.".to_owned()),
            ProfileWritten::Refused => Err(self.denied().await),
            ProfileWritten::Absent | ProfileWritten::Overtaken(_) => Err(Problem::not_found()),
        }
    }
}

/// What Muster's own names of a profile's parts are here.
const NAMES: [(&str, &str); 17] = [
    ("name", "displayName"),
    ("language", "locale"),
    ("convertTargetedDevices", "hardwareHashExtractionEnabled"),
    ("mode", "outOfBoxExperienceSetting.deviceUsageType"),
    ("join", "@odata.type"),
    ("skipConnectivityCheck", "hybridAzureADJoinSkipConnectivityCheck"),
    (
        "outOfBoxExperience.privacySettingsHidden",
        "outOfBoxExperienceSetting.privacySettingsHidden",
    ),
    (
        "outOfBoxExperience.licenseTermsHidden",
        "outOfBoxExperienceSetting.eulaHidden",
    ),
    (
        "outOfBoxExperience.keyboardPageSkipped",
        "outOfBoxExperienceSetting.keyboardSelectionPageSkipped",
    ),
    (
        "outOfBoxExperience.changeAccountHidden",
        "outOfBoxExperienceSetting.escapeLinkHidden",
    ),
    ("outOfBoxExperience.userType", "outOfBoxExperienceSetting.userType"),
    (
        "enrollmentStatusPage.installProgressTimeoutInMinutes",
        "enrollmentStatusScreenSettings.installProgressTimeoutInMinutes",
    ),
    (
        "enrollmentStatusPage.customErrorMessage",
        "enrollmentStatusScreenSettings.customErrorMessage",
    ),
    (
        "enrollmentStatusPage.allowDeviceUseBeforeProfileAndAppInstallComplete",
        "enrollmentStatusScreenSettings.allowDeviceUseBeforeProfileAndAppInstallComplete",
    ),
    ("assignment.allDevices", "target"),
    ("assignment.includeGroupTags", "target"),
    ("assignment.excludeGroupTags", "target"),
];

fn in_words_of_graph(fault: Fault) -> FieldError {
    let name = NAMES
        .iter()
        .find(|(own, _)| *own == fault.path)
        .map(|(_, name)| (*name).to_owned());
    FieldError {
        path: name.unwrap_or(fault.path),
        detail: sentence(&fault.detail),
    }
}
