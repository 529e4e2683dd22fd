//! Why a profile cannot be as asked for, in the words of every way in.

use muster_core::profile::{MAX_PROFILES, Profile};
use muster_store::profiles::ProfileWritten;

use crate::model::Refusal;

/// What stands in the way of a profile among the tenant's other ones; nothing where something else does, or nothing.
#[must_use]
pub fn refused(written: &ProfileWritten) -> Option<Refusal> {
    let (code, detail, remedy) = match written {
        ProfileWritten::NameTaken(id) => (
            "name-taken",
            format!("the profile {id} of the same channel has this name"),
            "Take another name, or change that profile.",
        ),
        ProfileWritten::SecondDefault(id) => (
            "second-default",
            format!("the profile {id} is the default, and there is one at most"),
            "Let that profile be the default no more, then try again.",
        ),
        ProfileWritten::TooMany => (
            "too-many-profiles",
            format!(
                "there can be no more: a tenant has {MAX_PROFILES} profiles at most, those of its partners included"
            ),
            "Delete profiles that no device needs any more.",
        ),
        ProfileWritten::TooLarge => (
            "profiles-too-large",
            "the names and the group tags of the tenant's profiles together take more than the 350 KB that can be kept"
                .to_owned(),
            "Use shorter names, name fewer or shorter group tags, or delete profiles that no device needs any more.",
        ),
        _ => return None,
    };
    Some(Refusal {
        code: code.to_owned(),
        detail,
        remedy: remedy.to_owned(),
    })
}

/// To what a profile is assigned, in words.
#[must_use]
pub fn assigned(profile: &Profile) -> String {
    let (included, excluded) = (profile.included_devices, profile.excluded_devices);
    let tags: Vec<&str> = profile
        .assignment
        .include_group_tags
        .iter()
        .map(String::as_str)
        .collect();
    let mut parts = Vec::new();
    if profile.assignment.all_devices {
        parts.push("it is for all devices".to_owned());
    }
    if !tags.is_empty() {
        parts.push(format!("it is for the group tags {}", tags.join(", ")));
    }
    if included + excluded > 0 {
        parts.push(format!(
            "it includes {included} and excludes {excluded} devices by name"
        ));
    }
    parts.join("; ")
}
