//! The devices that have a profile.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use muster_core::id::TenantId;
use muster_runtime::http::{Acting, Cursor, PageQuery, Problem, ProblemBody, Query};
use muster_store::ErrorKind;

use super::explain::eyes;
use super::known;
use crate::Api;
use crate::model::{AssignedDevicePage, Eyes};
use crate::rights;

/// List the devices that have a profile
///
/// By whichever of its rules: those that it names, those with its group tags, all devices, or those that no other profile applies
/// to. A page goes over a part of the tenant's devices: where few have the profile it may be short, or empty, and name a next one
/// all the same. The list ends where `next` is null. A partner is told what would be so if there were no profiles but those of
/// partners.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/profiles/{profile}/assigned-devices",
    operation_id = "listAssignedDevices",
    tag = "profiles",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("profile" = String, Path, description = "The profile's id"),
        PageQuery,
    ),
    responses(
        (status = 200, body = AssignedDevicePage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_assigned_devices(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, profile)): Path<(TenantId, String)>,
    Query(page): Query<PageQuery>,
) -> Result<Json<AssignedDevicePage>, Problem> {
    let limit = page.limit()?;
    rights::may_see(&api, &acting, tenant).await?;
    let profile = known(&api, &acting, tenant, &profile).await?;
    let cursor = Cursor::of(&["assigned devices", &profile.id.to_string()]);
    let from = cursor.read(page.cursor.as_deref())?;
    let (profiles, eyes) = (&api.function.profiles, eyes(&acting));
    let found = profiles.assigned(tenant, profile.id, eyes == Eyes::Partners, from.as_deref(), limit);
    let found = found.await.map_err(|error| match error.kind() {
        ErrorKind::Rejected if from.is_some() => Problem::at("query.cursor", "It is not one that this list gave."),
        _ => Problem::from(error),
    })?;
    let told = AssignedDevicePage::read(&api.function.contacts, found, eyes).await?;
    Ok(Json(AssignedDevicePage {
        next: told.next.map(|mark| cursor.write(&mark)),
        ..told
    }))
}
