//! Changes of a tenant's profiles, and what is told of those that cannot be.

use muster_core::grant::{GrantPin, Verb};
use muster_core::history::Requester;
use muster_core::id::TenantId;
use muster_core::profile::{Fault, MAX_PROFILES, Profile};
use muster_core::upload::Reason;
use muster_runtime::http::{Acting, Code, FieldError, Guard, Problem, sentence};
use muster_store::Grants;
use muster_store::devices::Act;
use muster_store::profiles::{ProfileDeleted, ProfileWritten};

use crate::rights::{Rights, denied, requester};

/// Somebody who changes profiles of a tenant, and may.
pub struct ProfileActs<'a> {
    grants: &'a Grants,
    guard: &'a Guard,
    pin: GrantPin,
    by: Requester,
}

impl<'a> ProfileActs<'a> {
    /// Acts in the name of whoever calls, if there is consent.
    ///
    /// # Errors
    /// When there is none.
    pub async fn begin(
        rights: Rights<'a>,
        guard: &'a Guard,
        acting: &Acting,
        tenant: TenantId,
    ) -> Result<Self, Problem> {
        Ok(Self {
            pin: rights.permit(acting, tenant, Verb::Update).await?,
            by: requester(acting),
            grants: rights.grants,
            guard,
        })
    }

    /// The consent that a change is made under, who makes it, and when.
    #[must_use]
    pub fn act(&self) -> Act<'_> {
        Act {
            pin: &self.pin,
            by: &self.by,
            now: self.guard.now(),
        }
    }

    /// The consent ended meanwhile: why.
    pub async fn denied(&self) -> Problem {
        match self.grants.denial(&self.pin, self.guard.now()).await {
            Ok(denial) => denied(denial),
            Err(error) => error.into(),
        }
    }

    /// The profile as it was written. `fault`: what is wrong with it, at paths of the request.
    ///
    /// # Errors
    /// Why it was not.
    pub async fn written(
        &self,
        written: ProfileWritten,
        fault: impl Fn(Fault) -> FieldError,
    ) -> Result<Profile, Problem> {
        if let Some(reason) = refused(&written) {
            return Err(Problem::new(Code::Conflict, sentence(&reason.detail)).remedy(reason.remedy));
        }
        Err(match written {
            ProfileWritten::Done(profile) | ProfileWritten::Unchanged(profile) => return Ok(*profile),
            ProfileWritten::Overtaken(version) => overtaken(version),
            ProfileWritten::Faults(faults) => Problem::invalid(faults.into_iter().map(fault).collect()),
            ProfileWritten::Refused => self.denied().await,
            ProfileWritten::Absent
            | ProfileWritten::NameTaken(_)
            | ProfileWritten::SecondDefault(_)
            | ProfileWritten::TooMany
            | ProfileWritten::TooLarge => Problem::not_found(),
        })
    }

    /// The profile is gone. `assigned`: what is told of one that is assigned.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn deleted(
        &self,
        deleted: ProfileDeleted,
        assigned: impl Fn(&Profile) -> Problem,
    ) -> Result<(), Problem> {
        Err(match deleted {
            ProfileDeleted::Done => return Ok(()),
            ProfileDeleted::Absent => Problem::not_found(),
            ProfileDeleted::Overtaken(version) => overtaken(version),
            ProfileDeleted::Refused => self.denied().await,
            ProfileDeleted::Assigned(profile) => assigned(&profile),
        })
    }
}

/// It stands at another version than the one that was asked for.
fn overtaken(version: u64) -> Problem {
    Problem::new(
        Code::PreconditionFailed,
        format!("It stands at version {version}, and the header If-Match names another one."),
    )
    .remedy("Read it again, and decide anew.")
}

/// What is wrong with a profile, at the path that it has there but for this beginning.
pub fn at_path(strip: &str) -> impl Fn(Fault) -> FieldError {
    move |fault| FieldError {
        path: fault.path.strip_prefix(strip).unwrap_or(&fault.path).to_owned(),
        detail: sentence(&fault.detail),
    }
}

/// What stands in the way of a profile among the tenant's other ones; nothing where something else does, or nothing.
#[must_use]
pub fn refused(written: &ProfileWritten) -> Option<Reason> {
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
    Some(Reason {
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
