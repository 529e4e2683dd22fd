//! Releases: the end of the association of devices with their tenant.

pub(super) mod anywhere;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use muster_core::grant::Verb;
use muster_core::id::{DeviceId, TenantId};
use muster_runtime::http::{Acting, Body, Code, Problem, ProblemBody};
use muster_service::acts::{AT_ONCE, Acts, Came, named_once};
use muster_store::idempotency::Seed;

use super::{begin, id};
use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{DeviceOutcome, DeviceOutcomes, Nothing, OutcomeName, Refusal, ReleaseDevices};
use crate::rights::{denied, reason};

/// Release a device
///
/// Ends its association with the tenant: its identities are free then, and its record stays. A device that is released
/// already is answered the same way. Partners release what partners registered. The answer shows nothing of the device, since
/// a manufacturer may release what it may not see.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/devices/{device}/release",
    operation_id = "releaseDevice",
    tag = "devices",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("device" = String, Path, description = "The device's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = Nothing,
    responses(
        (status = 200, body = DeviceOutcome),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn release_device(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, device)): Path<(TenantId, String)>,
    headers: HeaderMap,
    Body(nothing): Body<Nothing>,
) -> Result<Answer, Problem> {
    let path = format!("/v1/tenants/{tenant}/devices/{device}/release");
    let run = async |_: Seed| Answer::ok(&released(&api, &acting, tenant, &device).await?);
    idempotent(&api, &acting, &headers, &path, &nothing, run).await
}

async fn released(api: &Api, acting: &Acting, tenant: TenantId, device: &str) -> Result<DeviceOutcome, Problem> {
    let acts = begin(api, acting, tenant, Verb::Release).await?;
    match acts.release(id(device)?).await? {
        Came::Done(device) | Came::Unchanged(device) => Ok(DeviceOutcome::of(OutcomeName::Released, &device)),
        Came::Absent | Came::Overtaken(_) => Err(Problem::not_found()),
        Came::Retired(device) => {
            let why = Refusal::retired(&device);
            Err(Problem::new(Code::Conflict, why.detail).remedy(why.remedy))
        }
        Came::Denied(denial) => Err(denied(denial)),
    }
}

/// Release devices
///
/// Up to 1,000, each by itself: the answer says for each what became of it, in the order of the request.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/devices/release",
    operation_id = "releaseDevices",
    tag = "devices",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = ReleaseDevices,
    responses(
        (status = 200, body = DeviceOutcomes),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn release_devices(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(tenant): Path<TenantId>,
    headers: HeaderMap,
    Body(request): Body<ReleaseDevices>,
) -> Result<Answer, Problem> {
    let path = format!("/v1/tenants/{tenant}/devices/release");
    let run = async |_: Seed| Answer::ok(&all_released(&api, &acting, tenant, &request.ids).await?);
    idempotent(&api, &acting, &headers, &path, &request, run).await
}

async fn all_released(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    ids: &[DeviceId],
) -> Result<DeviceOutcomes, Problem> {
    named_once("ids", ids, |at| format!("ids[{at}]"))?;
    let acts = begin(api, acting, tenant, Verb::Release).await?;
    let devices = stream::iter(ids.to_vec())
        .map(|id| one(acts.clone(), id))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(DeviceOutcomes { devices })
}

async fn one(acts: Acts, id: DeviceId) -> Result<DeviceOutcome, Problem> {
    let came = match acts.release(id).await {
        Ok(came) => came,
        // What became of the others shall not be lost for this one.
        Err(problem) if problem.code() == Code::Unavailable => {
            return Ok(DeviceOutcome::refused(id, Refusal::unavailable()));
        }
        Err(problem) => return Err(problem),
    };
    Ok(match came {
        Came::Done(device) | Came::Unchanged(device) => DeviceOutcome::of(OutcomeName::Released, &device),
        Came::Absent | Came::Overtaken(_) => DeviceOutcome::not_found(id),
        Came::Retired(device) => DeviceOutcome::refused(id, Refusal::retired(&device)),
        Came::Denied(denial) => DeviceOutcome::refused(id, reason(denial).into()),
    })
}
