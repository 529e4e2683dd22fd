//! Policies: the profiles of the channel `partner-center`.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use muster_core::channel::Channel;
use muster_core::grant::{GrantPin, Verb};
use muster_core::history::Requester;
use muster_core::id::{ProfileId, TenantId};
use muster_core::inbox::percent_encode;
use muster_core::profile::{Assignment, MAX_PROFILES, OutOfBoxExperience, Profile, Settings, UserType};
use muster_runtime::http::{Acting, Code, FieldError, Problem, if_match, sentence};
use muster_service::idempotent::Answer;
use muster_service::rights::{denied, requester};
use muster_store::devices::Act;
use muster_store::idempotency::Seed;
use muster_store::profiles::{ProfileDeleted, ProfileWritten};
use serde_json::Value;

use crate::assign::no_word;
use crate::assigned::assigned;
use crate::body::AnyCase;
use crate::devices::{self, OOBE};
use crate::model::{Attributes, Collection, ConfigurationPolicy, SentConfiguration, time};
use crate::{Api, partner};

/// The page with the privacy settings is left out.
const SKIP_EXPRESS_SETTINGS: &str = "skip_express_settings";
/// The page with the license terms is left out.
const SKIP_EULA: &str = "skip_eula";
/// The user becomes a standard user.
const NOT_LOCAL_ADMIN: &str = "oobe_user_not_local_admin";
/// The page of the manufacturer's registration is left out, as it always is here.
const SKIP_OEM_REGISTRATION: &str = "skip_oem_registration";
/// What a manufacturer preinstalled is removed: an option of old, which no profile has.
const REMOVE_OEM_PREINSTALLS: &str = "remove_oem_preinstalls";

/// Lists the policies of a tenant, the oldest first.
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
) -> Result<Response, Problem> {
    api.rights().may_see(&acting, tenant).await?;
    let ids = devices::policies(&api, tenant).await?;
    let profiles = api.function.profiles.get_many(tenant, &ids).await?;
    let items: Vec<ConfigurationPolicy> = profiles.into_iter().map(told).collect();
    Ok(Json(Collection::of(items, None)).into_response())
}

/// Shows a policy.
pub(crate) async fn get(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    Path((_, policy)): Path<(String, String)>,
) -> Result<Response, Problem> {
    api.rights().may_see(&acting, tenant).await?;
    Ok(Json(told(known(&api, tenant, &policy).await?)).into_response())
}

/// Makes a policy. These clients expect 200 for what is made.
pub(crate) async fn create(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    headers: HeaderMap,
    AnyCase(sent): AnyCase<SentConfiguration>,
) -> Result<Response, Problem> {
    let path = format!("POST /customers/{tenant}/policies");
    let run = async |seed: Seed| made(&api, &acting, tenant, &sent, seed).await;
    let answer = api.repeats().once(&acting, &headers, &path, &sent, run).await?;
    let told: Value = serde_json::from_str(&answer.body)
        .map_err(|error| Problem::new(Code::Internal, "The service failed.").caused_by(error))?;
    Ok((answer.status, Json(told)).into_response())
}

async fn made(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    sent: &SentConfiguration,
    Seed(seed): Seed,
) -> Result<Answer, Problem> {
    let settings = read(sent)?;
    let writer = Writer::begin(api, acting, tenant).await?;
    let now = api.guard.now();
    let new = Profile {
        id: ProfileId::of_seed(seed),
        tenant,
        version: 1,
        revision: 1,
        origin: Channel::PartnerCenter,
        partner: Some(partner(acting)?.clone()),
        settings,
        assignment: Assignment::default(),
        included_devices: 0,
        excluded_devices: 0,
        created_at: now,
        modified_at: now,
    };
    let written = api.function.profiles.create(&new, &writer.act()).await?;
    Answer::ok(&told(writer.written(written).await?))
}

/// Puts a policy in another's place: what is left out is as if it had never been said.
pub(crate) async fn replace(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    Path((_, policy)): Path<(String, String)>,
    headers: HeaderMap,
    AnyCase(sent): AnyCase<SentConfiguration>,
) -> Result<Response, Problem> {
    let settings = read(&sent)?;
    let own = sent.id.as_deref().filter(|id| !id.is_empty());
    if own.is_some_and(|own| !own.eq_ignore_ascii_case(&policy)) {
        return Err(Problem::at("id", "It is another policy than the path names."));
    }
    let writer = Writer::begin(&api, &acting, tenant).await?;
    let seen = known(&api, tenant, &policy).await?;
    let change = |old: &Profile| old.with_settings(settings.clone(), api.guard.now());
    let version = version(&headers, &seen, change(&seen).settings == seen.settings)?;
    let profiles = &api.function.profiles;
    let written = profiles.change(seen.id, version, &writer.act(), change).await?;
    Ok(Json(told(writer.written(written).await?)).into_response())
}

/// Deletes a policy that no device has.
pub(crate) async fn delete(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    Path((_, policy)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let path = format!("DELETE /customers/{tenant}/policies/{}", percent_encode(&policy));
    let run = async |_: Seed| deleted(&api, &acting, tenant, &policy, &headers).await;
    let answer = api.repeats().once(&acting, &headers, &path, &(), run).await?;
    Ok(answer.status)
}

async fn deleted(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    policy: &str,
    headers: &HeaderMap,
) -> Result<Answer, Problem> {
    let writer = Writer::begin(api, acting, tenant).await?;
    let seen = known(api, tenant, policy).await?;
    let version = version(headers, &seen, false)?;
    match api.function.profiles.delete(seen.id, version, &writer.act()).await? {
        ProfileDeleted::Done => Answer::new(StatusCode::NO_CONTENT, None, &()),
        ProfileDeleted::Absent => Err(Problem::not_found()),
        ProfileDeleted::Overtaken(_) => Err(overtaken()),
        ProfileDeleted::Refused => Err(writer.denied().await),
        ProfileDeleted::Assigned(profile) => Err(assigned(&profile)),
    }
}

/// The version that the client saw, where it says one. What is as asked for already may have come of this very request.
fn version(headers: &HeaderMap, seen: &Profile, is_so: bool) -> Result<Option<u64>, Problem> {
    if !headers.contains_key("if-match") {
        return Ok(None);
    }
    if !is_so {
        if_match(headers, seen.version)?;
    }
    Ok(Some(seen.version))
}

/// A policy of the tenant: a profile that a partner made.
async fn known(api: &Api, tenant: TenantId, policy: &str) -> Result<Profile, Problem> {
    let id: ProfileId = policy.parse().map_err(|_| Problem::not_found())?;
    let found = api.function.profiles.get(tenant, id).await?;
    found.filter(Profile::is_of_partners).ok_or_else(Problem::not_found)
}

fn told(profile: Profile) -> ConfigurationPolicy {
    let oobe = &profile.settings.out_of_box_experience;
    let all = [
        (NOT_LOCAL_ADMIN, oobe.user_type == Some(UserType::Standard)),
        (SKIP_EXPRESS_SETTINGS, oobe.privacy_settings_hidden),
        (SKIP_OEM_REGISTRATION, true),
        (SKIP_EULA, oobe.license_terms_hidden),
    ];
    ConfigurationPolicy {
        id: profile.id.to_string(),
        category: OOBE,
        devices_assigned: profile.included_devices,
        devices_assigned_count: profile.included_devices,
        policy_settings: all.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| *name).collect(),
        created_date: time(profile.created_at),
        last_modified_date: time(profile.modified_at),
        attributes: Attributes::at_version("ConfigurationPolicy", profile.version),
        name: profile.settings.name,
        description: profile.settings.description,
    }
}

/// The settings that a policy says.
fn read(sent: &SentConfiguration) -> Result<Settings, Problem> {
    let category = sent.category.as_deref().unwrap_or(OOBE);
    if !["", OOBE, "oobe", "none"]
        .iter()
        .any(|known| category.eq_ignore_ascii_case(known))
    {
        return Err(no_word("category", category, OOBE));
    }
    let mut oobe = OutOfBoxExperience {
        user_type: Some(UserType::Administrator),
        ..OutOfBoxExperience::default()
    };
    for word in sent.policy_settings.iter().flatten() {
        match word.to_ascii_lowercase().as_str() {
            "none" | SKIP_OEM_REGISTRATION => {}
            NOT_LOCAL_ADMIN => oobe.user_type = Some(UserType::Standard),
            SKIP_EXPRESS_SETTINGS => oobe.privacy_settings_hidden = true,
            SKIP_EULA => oobe.license_terms_hidden = true,
            REMOVE_OEM_PREINSTALLS => {
                let detail = "What a manufacturer preinstalled is not removed here: leave remove_oem_preinstalls out.";
                return Err(Problem::at("policySettings", detail));
            }
            _ => {
                let words = [
                    "none",
                    NOT_LOCAL_ADMIN,
                    SKIP_EXPRESS_SETTINGS,
                    SKIP_OEM_REGISTRATION,
                    SKIP_EULA,
                ];
                return Err(no_word("policy setting", word, &words.join(", ")));
            }
        }
    }
    Ok(Settings {
        name: sent.name.clone().unwrap_or_default(),
        description: sent.description.clone(),
        out_of_box_experience: oobe,
        ..Settings::default()
    }
    .trimmed())
}

fn overtaken() -> Problem {
    Problem::new(Code::PreconditionFailed, "The policy was changed meanwhile.")
        .remedy("Read it again, and decide anew.")
}

/// Somebody who changes profiles of a tenant, and may.
struct Writer<'a> {
    api: &'a Api,
    pin: GrantPin,
    by: Requester,
}

impl<'a> Writer<'a> {
    async fn begin(api: &'a Api, acting: &Acting, tenant: TenantId) -> Result<Self, Problem> {
        Ok(Self {
            pin: api.rights().permit(acting, tenant, Verb::Update).await?,
            by: requester(acting),
            api,
        })
    }

    fn act(&self) -> Act<'_> {
        Act {
            pin: &self.pin,
            by: &self.by,
            now: self.api.guard.now(),
        }
    }

    async fn denied(&self) -> Problem {
        match self.api.function.grants.denial(&self.pin, self.api.guard.now()).await {
            Ok(denial) => denied(denial),
            Err(error) => error.into(),
        }
    }

    async fn written(&self, written: ProfileWritten) -> Result<Profile, Problem> {
        let conflict =
            |detail: &str, remedy: &'static str| Problem::new(Code::Conflict, detail.to_owned()).remedy(remedy);
        Err(match written {
            ProfileWritten::Done(profile) | ProfileWritten::Unchanged(profile) => return Ok(*profile),
            ProfileWritten::Absent => Problem::not_found(),
            ProfileWritten::Overtaken(_) => overtaken(),
            ProfileWritten::Faults(faults) => {
                let errors = faults.into_iter().map(|fault| FieldError {
                    path: fault.path,
                    detail: sentence(&fault.detail),
                });
                Problem::invalid(errors.collect())
            }
            ProfileWritten::NameTaken(_) => conflict("Another policy has this name.", "Take another name."),
            ProfileWritten::SecondDefault(_) => conflict(
                "Another profile is the default.",
                "Let that one be the default no more, then try again.",
            ),
            ProfileWritten::TooMany => conflict(
                &format!("The customer has as many profiles as it may have, which is {MAX_PROFILES} at most."),
                "Delete policies that no device needs any more.",
            ),
            ProfileWritten::TooLarge => conflict(
                "The names and group tags of the customer's profiles are longer than can be kept.",
                "Take a shorter name, or delete policies that no device needs any more.",
            ),
            ProfileWritten::Refused => self.denied().await,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(category: Option<&str>, words: &[&str]) -> SentConfiguration {
        SentConfiguration {
            id: None,
            name: Some(" Windows 10 ".to_owned()),
            category: category.map(str::to_owned),
            description: Some(String::new()),
            policy_settings: Some(words.iter().map(|word| (*word).to_owned()).collect()),
        }
    }

    #[test]
    fn settings_are_read_in_their_own_words_alone() {
        let all = [
            "none",
            NOT_LOCAL_ADMIN,
            SKIP_EXPRESS_SETTINGS,
            SKIP_OEM_REGISTRATION,
            "SKIP_EULA",
        ];
        let settings = read(&sent(Some("o_o_b_e"), &all)).unwrap();
        let oobe = &settings.out_of_box_experience;
        assert_eq!((settings.name.as_str(), &settings.description), ("Windows 10", &None));
        assert_eq!(
            (oobe.user_type, oobe.privacy_settings_hidden, oobe.license_terms_hidden),
            (Some(UserType::Standard), true, true)
        );
        let none = read(&sent(None, &[])).unwrap().out_of_box_experience;
        assert_eq!(
            (none.user_type, none.privacy_settings_hidden, none.license_terms_hidden),
            (Some(UserType::Administrator), false, false)
        );
        for (category, words, number) in [
            (Some("device"), &[][..], Some("enum-not-parsable")),
            (None, &["skip_everything"][..], Some("enum-not-parsable")),
            (None, &[REMOVE_OEM_PREINSTALLS][..], None),
        ] {
            let problem = read(&sent(category, words)).unwrap_err().body();
            assert_eq!(problem.reason.as_deref(), number, "{words:?}");
        }
    }
}
