//! New profiles.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use muster_core::channel::{Channel, ProfileRights};
use muster_core::id::{ProfileId, TenantId};
use muster_core::profile::Profile;
use muster_runtime::http::{Acting, Body, Problem, ProblemBody, etag};
use muster_service::profiles::at_path;
use muster_store::idempotency::Seed;

use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{self, CreateProfile};

/// Make a profile
///
/// A tenant has 350 profiles at most. What contradicts itself is refused, with each place named. A partner makes profiles of
/// the channel `partner-center`, which are user-driven, join Entra, and say no more than Partner Center's policies do.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/profiles",
    operation_id = "createProfile",
    tag = "profiles",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = CreateProfile,
    responses(
        (status = 201, body = model::Profile, headers(
            ("location" = String, description = "The profile's path"),
            ("etag" = String, description = "The profile's version"),
        )),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_profile(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(tenant): Path<TenantId>,
    headers: HeaderMap,
    Body(sent): Body<CreateProfile>,
) -> Result<Answer, Problem> {
    let path = format!("/v1/tenants/{tenant}/profiles");
    let run = async |Seed(seed): Seed| made(&api, &acting, tenant, &sent, ProfileId::of_seed(seed)).await;
    idempotent(&api, &acting, &headers, &path, &sent, run).await
}

async fn made(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    sent: &CreateProfile,
    id: ProfileId,
) -> Result<Answer, Problem> {
    let origin = origin(acting, sent.channel)?;
    let acts = api.profile_acts(acting, tenant).await?;
    let new = Profile {
        partner: acting.partner().cloned(),
        assignment: sent.assignment.clone().unwrap_or_default().into(),
        ..Profile::new(id, tenant, origin, sent.settings(), api.guard.now())
    };
    let written = api.function.profiles.create(&new, &acts.act()).await?;
    let profile = acts.written(written, at_path("")).await?;
    let (path, tag) = (format!("/v1/tenants/{tenant}/profiles/{id}"), etag(profile.version));
    Ok(Answer {
        etag: tag.to_str().ok().map(str::to_owned),
        ..Answer::new(StatusCode::CREATED, Some(path), &model::Profile::from(profile))?
    })
}

/// The channel that a profile is made in.
fn origin(acting: &Acting, wanted: Option<Channel>) -> Result<Channel, Problem> {
    let partner = acting.partner().is_some();
    // A manufacturer's people do not get here.
    let own = |channel: &Channel| {
        channel.policy().profiles != ProfileRights::None && (*channel == Channel::PartnerCenter) == partner
    };
    let channel = wanted.unwrap_or(if partner {
        Channel::PartnerCenter
    } else {
        Channel::Intune
    });
    if own(&channel) {
        return Ok(channel);
    }
    let names: Vec<&str> = Channel::ALL.into_iter().filter(own).map(Channel::as_str).collect();
    let detail = format!(
        "{channel} is no channel that this caller makes profiles in. Its channels are {}.",
        names.join(", ")
    );
    Err(Problem::at("channel", detail))
}
