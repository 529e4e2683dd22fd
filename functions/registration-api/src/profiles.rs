//! Deployment profiles: what booting devices are told, and which devices get which.

mod assigned;
mod change;
mod devices;
mod explain;
mod file;
mod make;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::{Extension, Json};
use muster_core::channel::Channel;
use muster_core::id::{ProfileId, TenantId};
use muster_core::profile;
use muster_runtime::http::openapi::words;
use muster_runtime::http::{Acting, Cursor, PageQuery, Problem, ProblemBody, Query, etag};
use muster_store::profiles::ProfileFilter;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::model::{Profile, ProfilePage};
use crate::rights;

/// The routes of profiles.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(make::create_profile))
        .routes(routes!(list_profiles))
        .routes(routes!(get_profile))
        .routes(routes!(change::update_profile))
        .routes(routes!(change::assign_profile))
        .routes(routes!(change::delete_profile))
        .routes(routes!(devices::list_profile_devices))
        .routes(routes!(devices::place_profile_devices))
        .routes(routes!(assigned::list_assigned_devices))
        .routes(routes!(file::get_configuration_file))
        .routes(routes!(explain::explain_device_profile))
}

/// Which profiles are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProfileQuery {
    /// How many are listed at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before, with the same filters.
    cursor: Option<String>,
    /// Those that were made in this channel.
    #[param(value_type = Option<words::Channel>)]
    channel: Option<Channel>,
    /// The one of this name, in whatever letter case.
    name: Option<String>,
}

/// List the profiles of a tenant
///
/// The oldest first. A partner sees those that partners made.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/profiles",
    operation_id = "listProfiles",
    tag = "profiles",
    params(("tenant" = String, Path, description = "The tenant's id"), ProfileQuery),
    responses(
        (status = 200, body = ProfilePage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_profiles(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(tenant): Path<TenantId>,
    Query(query): Query<ProfileQuery>,
) -> Result<Json<ProfilePage>, Problem> {
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = page.limit()?;
    let filter = ProfileFilter {
        channel: query.channel,
        name: query.name.map(|name| name.trim().to_lowercase()),
        of_partners: acting.partner().is_some(),
    };
    let cursor = Cursor::of(&[
        "profiles",
        &tenant.to_string(),
        filter.channel.map_or("", Channel::as_str),
        filter.name.as_deref().unwrap_or_default(),
    ]);
    let after = match cursor.read(page.cursor.as_deref())? {
        None => None,
        Some(mark) => Some(mark.parse::<ProfileId>().map_err(|_| no_mark())?),
    };
    rights::may_see(&api, &acting, tenant).await?;
    let listed = api.function.profiles.page(tenant, &filter, after, limit).await?;
    let listed = listed.ok_or_else(no_mark)?;
    Ok(Json(ProfilePage {
        profiles: listed.profiles.into_iter().map(Profile::from).collect(),
        next: listed.next.map(|id| cursor.write(&id.to_string())),
    }))
}

fn no_mark() -> Problem {
    Problem::at(
        "query.cursor",
        "It is not one that this list gave, or the profile that it ended with is gone.",
    )
}

/// Show a profile
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/profiles/{profile}",
    operation_id = "getProfile",
    tag = "profiles",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("profile" = String, Path, description = "The profile's id"),
    ),
    responses(
        (status = 200, body = Profile, headers(("etag" = String, description = "The profile's version"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_profile(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, profile)): Path<(TenantId, String)>,
) -> Result<Tagged, Problem> {
    rights::may_see(&api, &acting, tenant).await?;
    Ok(tagged(known(&api, &acting, tenant, &profile).await?))
}

/// A profile with its version in the header.
pub(crate) type Tagged = ([(HeaderName, HeaderValue); 1], Json<Profile>);

fn tagged(profile: profile::Profile) -> Tagged {
    ([(header::ETAG, etag(profile.version))], Json(profile.into()))
}

/// The id that a path names; what is none names nothing that exists.
fn id(text: &str) -> Result<ProfileId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// A profile of the tenant that whoever acts may know of.
async fn known(api: &Api, acting: &Acting, tenant: TenantId, text: &str) -> Result<profile::Profile, Problem> {
    let by = rights::requester(acting);
    let found = api.function.profiles.get(tenant, id(text)?).await?;
    found
        .filter(|profile| by.may_know_profile(profile))
        .ok_or_else(Problem::not_found)
}
