//! Changes of profiles, under a consent, and what is told of what cannot be.

use muster_core::grant::{GrantPin, Verb};
use muster_core::history::Requester;
use muster_core::id::TenantId;
use muster_core::profile::{Fault, Profile};
use muster_runtime::http::{Acting, Code, FieldError, Problem};
use muster_store::devices::Act;
use muster_store::profiles::ProfileWritten;

use crate::Api;
use crate::model::refused;
use crate::rights;

/// Somebody who changes profiles of a tenant, and may.
pub(super) struct Acts<'a> {
    api: &'a Api,
    pin: GrantPin,
    by: Requester,
}

impl<'a> Acts<'a> {
    /// Acts in the name of whoever calls, if there is consent.
    pub(super) async fn begin(api: &'a Api, acting: &Acting, tenant: TenantId) -> Result<Self, Problem> {
        Ok(Self {
            pin: rights::permit(api, acting, tenant, Verb::Update).await?,
            by: rights::requester(acting),
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
            Ok(denial) => rights::denied(denial),
            Err(error) => error.into(),
        }
    }

    /// The profile as it was written, or why it was not. `strip`: the part of the paths that the request does not have.
    pub(super) async fn written(&self, written: ProfileWritten, strip: &str) -> Result<Profile, Problem> {
        if let Some(refusal) = refused(&written) {
            return Err(Problem::new(Code::Conflict, sentence(&refusal.detail)).remedy(refusal.remedy));
        }
        Err(match written {
            ProfileWritten::Done(profile) | ProfileWritten::Unchanged(profile) => return Ok(*profile),
            ProfileWritten::Overtaken(version) => overtaken(version),
            ProfileWritten::Faults(faults) => invalid(faults, strip),
            ProfileWritten::Refused => self.denied().await,
            _ => Problem::not_found(),
        })
    }
}

/// It stands at another version than the one that was asked for.
pub(super) fn overtaken(version: u64) -> Problem {
    Problem::new(
        Code::PreconditionFailed,
        format!("It stands at version {version}, and the header If-Match names another one."),
    )
    .remedy("Read it again, and decide anew.")
}

/// What is wrong with a profile, at paths of the request.
pub(super) fn invalid(faults: Vec<Fault>, strip: &str) -> Problem {
    let error = |fault: Fault| FieldError {
        path: fault.path.strip_prefix(strip).unwrap_or(&fault.path).to_owned(),
        detail: sentence(&fault.detail),
    };
    Problem::invalid(faults.into_iter().map(error).collect())
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}
