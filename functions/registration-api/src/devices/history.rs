//! What became of a device.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::{Extension, Json};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use muster_core::id::{TenantId, UploadId};
use muster_core::party::Registrant;
use muster_runtime::http::{Acting, Cursor, PageQuery, Problem, ProblemBody, Query};

use super::known;
use crate::Api;
use crate::model::{DeviceChange, DeviceChangePage};
use crate::rights;

/// Of how many uploads it is read at once whose they are.
const AT_ONCE: usize = 16;

/// List the changes of a device
///
/// Newest first; the last one is its registration. Who somebody of the tenant or of another partner is, and what they
/// uploaded, a partner is not told.
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
    let mut changes: Vec<DeviceChange> = page.changes.into_iter().map(DeviceChange::from).collect();
    if acting.partner().is_some() {
        hide(&api, &acting, &mut changes).await?;
    }
    Ok(Json(DeviceChangePage {
        changes,
        next: page.next.map(|version| cursor.write(&version.to_string())),
    }))
}

/// Leaves out what a partner is not told. Whose a row is, its upload says.
async fn hide(api: &Api, acting: &Acting, changes: &mut [DeviceChange]) -> Result<(), Problem> {
    let rows = changes.iter().filter_map(|change| change.by.source.as_ref());
    let uploads: BTreeSet<UploadId> = rows.map(|row| row.upload.clone()).collect();
    let party = async |id: UploadId| -> Result<_, Problem> {
        let status = api.function.uploads.get(&id).await?;
        Ok((id, status.and_then(|status| status.registrant)))
    };
    let parties: BTreeMap<UploadId, Option<Registrant>> =
        stream::iter(uploads).map(party).buffered(AT_ONCE).try_collect().await?;
    let own = acting.registrant();
    for change in changes {
        change.hide_from(&own, |upload| parties.get(upload).cloned().flatten());
    }
    Ok(())
}
