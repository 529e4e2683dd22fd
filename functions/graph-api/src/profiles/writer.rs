//! Somebody who changes profiles, and why a change is refused, in Graph's names.

use muster_core::profile::{Fault, Profile};
use muster_runtime::http::{FieldError, Problem, sentence};
use muster_service::profiles::ProfileActs;
use muster_store::devices::Act;
use muster_store::profiles::{ProfileDeleted, ProfileWritten};

use crate::Api;
use crate::asked::Asked;

/// Somebody who changes profiles of a tenant, and may.
pub(super) struct Writer<'a>(ProfileActs<'a>);

impl<'a> Writer<'a> {
    pub(super) async fn begin(api: &'a Api, asked: &Asked) -> Result<Self, Problem> {
        let acts = ProfileActs::begin(api.rights(), &api.guard, &asked.acting, asked.tenant);
        acts.await.map(Self)
    }

    pub(super) fn act(&self) -> Act<'_> {
        self.0.act()
    }

    /// The consent ended meanwhile.
    pub(super) async fn denied(&self) -> Problem {
        self.0.denied().await
    }

    /// The profile as it was written, or why it was not.
    pub(super) async fn written(&self, written: ProfileWritten) -> Result<Profile, Problem> {
        self.0.written(written, in_words_of_graph).await
    }

    /// The profile is gone, or why it is not.
    pub(super) async fn deleted(
        &self,
        deleted: ProfileDeleted,
        assigned: impl Fn(&Profile) -> Problem,
    ) -> Result<(), Problem> {
        self.0.deleted(deleted, assigned).await
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
