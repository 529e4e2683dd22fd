//! Changes and deletions of profiles.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use muster_core::id::TenantId;
use muster_core::profile;
use muster_runtime::http::{Acting, Body, Code, Problem, ProblemBody, if_match};
use muster_service::profiles::{assigned, at_path};

use super::{Tagged, id, known, tagged};
use crate::Api;
use crate::model::{Assignment, EditProfile, Profile};

/// Update a profile
///
/// What is absent stays, what is null is cleared. With the header `If-Match` only the version that it names is changed. A
/// device is told of it when it is set up the next time. The same again changes nothing, and is no error.
#[utoipa::path(
    patch,
    path = "/v1/tenants/{tenant}/profiles/{profile}",
    operation_id = "updateProfile",
    tag = "profiles",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("profile" = String, Path, description = "The profile's id"),
        ("if-match" = Option<String>, Header, description = "The version that is to be changed, as `etag` gave it"),
    ),
    request_body = EditProfile,
    responses(
        (status = 200, body = Profile, headers(("etag" = String, description = "The profile's version"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update_profile(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, profile)): Path<(TenantId, String)>,
    headers: HeaderMap,
    Body(edit): Body<EditProfile>,
) -> Result<Tagged, Problem> {
    let now = api.guard.now();
    let change = |old: &profile::Profile| old.with_settings(edit.apply(&old.settings), now);
    changed(&api, &acting, tenant, &profile, &headers, ("", &change)).await
}

/// Assign a profile
///
/// Says anew which devices the profile is for, beside those that it names one by one. With the header `If-Match` only the
/// version that it names is changed. The same again changes nothing, and is no error.
#[utoipa::path(
    put,
    path = "/v1/tenants/{tenant}/profiles/{profile}/assignment",
    operation_id = "assignProfile",
    tag = "profiles",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("profile" = String, Path, description = "The profile's id"),
        ("if-match" = Option<String>, Header, description = "The version that is to be changed, as `etag` gave it"),
    ),
    request_body = Assignment,
    responses(
        (status = 200, body = Profile, headers(("etag" = String, description = "The profile's version"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn assign_profile(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, profile)): Path<(TenantId, String)>,
    headers: HeaderMap,
    Body(assignment): Body<Assignment>,
) -> Result<Tagged, Problem> {
    let now = api.guard.now();
    let assignment: profile::Assignment = assignment.into();
    let change = |old: &profile::Profile| old.with_assignment(assignment.clone(), now);
    changed(&api, &acting, tenant, &profile, &headers, ("assignment.", &change)).await
}

/// What a change makes of a profile, and what the paths of its faults begin with that the request does not have.
type Change<'a> = (&'a str, &'a (dyn Fn(&profile::Profile) -> profile::Profile + Sync));

async fn changed(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    profile: &str,
    headers: &HeaderMap,
    (strip, change): Change<'_>,
) -> Result<Tagged, Problem> {
    let acts = api.profile_acts(acting, tenant).await?;
    let seen = known(api, acting, tenant, profile).await?;
    let version = headers.contains_key(header::IF_MATCH).then_some(seen.version);
    let new = change(&seen);
    // What is as asked for already may have come of this very request, whose answer was lost.
    if (&new.settings, &new.assignment) != (&seen.settings, &seen.assignment) {
        if_match(headers, seen.version)?;
    }
    let written = api
        .function
        .profiles
        .change(seen.id, version, &acts.act(), change)
        .await?;
    Ok(tagged(acts.written(written, at_path(strip)).await?))
}

/// Delete a profile
///
/// Only one that is not assigned, and that names no device. With the header `If-Match` only the version that it names is
/// deleted.
#[utoipa::path(
    delete,
    path = "/v1/tenants/{tenant}/profiles/{profile}",
    operation_id = "deleteProfile",
    tag = "profiles",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("profile" = String, Path, description = "The profile's id"),
        ("if-match" = Option<String>, Header, description = "The version that is to be deleted, as `etag` gave it"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete_profile(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, profile)): Path<(TenantId, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let acts = api.profile_acts(&acting, tenant).await?;
    let seen = known(&api, &acting, tenant, &profile).await?;
    if_match(&headers, seen.version)?;
    let version = headers.contains_key(header::IF_MATCH).then_some(seen.version);
    let profiles = &api.function.profiles;
    let deleted = profiles.delete(id(&profile)?, version, &acts.act()).await?;
    let is_assigned = |profile: &profile::Profile| {
        let detail = format!("The profile is assigned: {}.", assigned(profile));
        Problem::new(Code::Conflict, detail)
            .remedy("Take its assignment back, and the devices off its lists, then delete it.")
    };
    acts.deleted(deleted, is_assigned).await?;
    Ok(StatusCode::NO_CONTENT)
}
