//! What became of a device.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use muster_core::id::TenantId;
use muster_runtime::http::{Acting, Cursor, PageQuery, Problem, ProblemBody, Query};

use super::known;
use crate::Api;
use crate::model::{DeviceChange, DeviceChangePage};
use crate::rights;

/// List the changes of a device
///
/// Newest first; the last one is its registration. Who somebody of the tenant or of another partner is, a partner is not
/// told.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/devices/{device}/history",
    operation_id = "listDeviceChanges",
    tag = "devices",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("device" = String, Path, description = "The device's id"),
        PageQuery,
    ),
    responses(
        (status = 200, body = DeviceChangePage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_device_changes(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, device)): Path<(TenantId, String)>,
    Query(page): Query<PageQuery>,
) -> Result<Json<DeviceChangePage>, Problem> {
    let limit = page.limit()?;
    let cursor = Cursor::of(&["device changes", &tenant.to_string(), &device]);
    let below = match cursor.read(page.cursor.as_deref())? {
        None => None,
        Some(mark) => {
            let bad = |_| Problem::at("query.cursor", "It is not one that this list gave.");
            Some(mark.parse::<u64>().map_err(bad)?)
        }
    };
    rights::may_see(&api, &acting, tenant).await?;
    let device = known(&api, &acting, tenant, &device).await?;
    let page = api.function.devices.history(&device, below, limit).await?;
    let own = acting.partner().is_some().then(|| acting.registrant());
    let changes = page.changes.into_iter().map(|change| {
        let mut told = DeviceChange::from(change);
        told.hide_subject_from(own.as_ref());
        told
    });
    Ok(Json(DeviceChangePage {
        changes: changes.collect(),
        next: page.next.map(|version| cursor.write(&version.to_string())),
    }))
}
