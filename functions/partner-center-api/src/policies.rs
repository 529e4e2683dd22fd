//! Policies: the profiles of the channel `partner-center`.

mod assigned;
mod settings;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use muster_core::channel::Channel;
use muster_core::id::{ProfileId, TenantId};
use muster_core::inbox::percent_encode;
use muster_core::profile::Profile;
use muster_runtime::http::{Acting, Code, Problem, if_match};
use muster_service::idempotent::Answer;
use muster_service::profiles::at_path;
use muster_store::idempotency::Seed;
use serde_json::Value;

use crate::body::AnyCase;
use crate::model::{Collection, ConfigurationPolicy, SentConfiguration};
use crate::{Api, devices, partner};

use assigned::assigned;
use settings::{read, told};

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
    let acts = api.profile_acts(acting, tenant).await?;
    let new = Profile {
        partner: Some(partner(acting)?.clone()),
        ..Profile::new(
            ProfileId::of_seed(seed),
            tenant,
            Channel::PartnerCenter,
            settings,
            api.guard.now(),
        )
    };
    let written = api.function.profiles.create(&new, &acts.act()).await?;
    Answer::ok(&told(acts.written(written, at_path("")).await?))
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
    let acts = api.profile_acts(&acting, tenant).await?;
    let seen = known(&api, tenant, &policy).await?;
    let change = |old: &Profile| old.with_settings(settings.clone(), api.guard.now());
    let version = version(&headers, &seen, change(&seen).settings == seen.settings)?;
    let profiles = &api.function.profiles;
    let written = profiles.change(seen.id, version, &acts.act(), change).await?;
    Ok(Json(told(acts.written(written, at_path("")).await?)).into_response())
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
    let acts = api.profile_acts(acting, tenant).await?;
    let seen = known(api, tenant, policy).await?;
    let version = version(headers, &seen, false)?;
    let deleted = api.function.profiles.delete(seen.id, version, &acts.act()).await?;
    acts.deleted(deleted, assigned).await?;
    Answer::new(StatusCode::NO_CONTENT, None, &())
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
