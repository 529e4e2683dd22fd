//! Updates of group tag, assigned user, display name and purchase order.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use muster_core::device::DeviceEdit;
use muster_core::grant::Verb;
use muster_core::id::{DeviceId, TenantId};
use muster_runtime::http::{Acting, Body, Code, FieldError, Problem, ProblemBody, if_match, sentence};
use muster_service::acts::{AT_ONCE, Acts, Came, named_once};
use muster_store::idempotency::Seed;

use super::{Tagged, begin, id, known, tagged};
use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{DeviceOutcome, DeviceOutcomes, EditDevice, EditDevices, OutcomeName, Refusal};
use crate::rights::{denied, reason};

/// Update a device
///
/// What is absent stays, what is null is cleared. With the header `If-Match` only the version that it names is changed. The
/// same again changes nothing, and is no error.
#[utoipa::path(
    patch,
    path = "/v1/tenants/{tenant}/devices/{device}",
    operation_id = "updateDevice",
    tag = "devices",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("device" = String, Path, description = "The device's id"),
        ("if-match" = Option<String>, Header, description = "The version that is to be changed, as `etag` gave it"),
    ),
    request_body = EditDevice,
    responses(
        (status = 200, body = crate::model::Device, headers(("etag" = String, description = "The device's version"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update_device(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, device)): Path<(TenantId, String)>,
    headers: HeaderMap,
    Body(edit): Body<EditDevice>,
) -> Result<Tagged, Problem> {
    let edit = checked(edit.into(), "").map_err(Problem::invalid)?;
    let acts = begin(&api, &acting, tenant, Verb::Update).await?;
    let seen = known(&api, &acting, tenant, &device).await?;
    let version = headers.contains_key(header::IF_MATCH).then_some(seen.version);
    // What is as asked for already may have come of this very request, whose answer was lost.
    if edit.apply(&seen) != seen {
        if_match(&headers, seen.version)?;
    }
    match acts.update(id(&device)?, edit, version).await? {
        Came::Done(device) | Came::Unchanged(device) => tagged(&api, &acting, *device).await,
        Came::Absent => Err(Problem::not_found()),
        Came::Retired(device) => Err(Problem::new(
            Code::Conflict,
            format!(
                "The device is {} and cannot be changed any more.",
                device.state.as_str()
            ),
        )),
        Came::Overtaken(version) => {
            if_match(&headers, version)?;
            Err(Problem::new(Code::PreconditionFailed, "It was changed meanwhile.")
                .remedy("Read it again, and decide anew."))
        }
        Came::Denied(denial) => Err(denied(denial)),
    }
}

/// Update devices
///
/// Up to 1,000, each by itself: the answer says for each what became of it, in the order of the request.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/devices/update",
    operation_id = "updateDevices",
    tag = "devices",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = EditDevices,
    responses(
        (status = 200, body = DeviceOutcomes),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update_devices(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(tenant): Path<TenantId>,
    headers: HeaderMap,
    Body(request): Body<EditDevices>,
) -> Result<Answer, Problem> {
    let path = format!("/v1/tenants/{tenant}/devices/update");
    let run = async |_: Seed| Answer::ok(&all_updated(&api, &acting, tenant, request.clone()).await?);
    idempotent(&api, &acting, &headers, &path, &request, run).await
}

async fn all_updated(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    request: EditDevices,
) -> Result<DeviceOutcomes, Problem> {
    let ids: Vec<DeviceId> = request.devices.iter().map(|device| device.id).collect();
    named_once("devices", &ids, |at| format!("devices[{at}].id"))?;
    let (mut edits, mut errors) = (Vec::with_capacity(ids.len()), Vec::new());
    for (at, device) in request.devices.into_iter().enumerate() {
        match checked(device.into(), &format!("devices[{at}].")) {
            Ok(edit) => edits.push(edit),
            Err(wrong) => errors.extend(wrong),
        }
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let acts = begin(api, acting, tenant, Verb::Update).await?;
    let devices = stream::iter(ids.into_iter().zip(edits))
        .map(|(id, edit)| one(acts.clone(), id, edit))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(DeviceOutcomes { devices })
}

async fn one(acts: Acts, id: DeviceId, edit: DeviceEdit) -> Result<DeviceOutcome, Problem> {
    let came = match acts.update(id, edit, None).await {
        Ok(came) => came,
        // What became of the others shall not be lost for this one.
        Err(problem) if problem.code() == Code::Unavailable => {
            return Ok(DeviceOutcome::refused(id, Refusal::unavailable()));
        }
        Err(problem) => return Err(problem),
    };
    Ok(match came {
        Came::Done(device) => DeviceOutcome::of(OutcomeName::Updated, &device),
        Came::Unchanged(device) => DeviceOutcome::of(OutcomeName::Unchanged, &device),
        Came::Absent | Came::Overtaken(_) => DeviceOutcome::not_found(id),
        Came::Retired(device) => DeviceOutcome::refused(id, Refusal::retired(&device)),
        Came::Denied(denial) => DeviceOutcome::refused(id, reason(denial).into()),
    })
}

/// The edit, if all its values can be taken; else what is wrong, at paths that begin so.
fn checked(edit: DeviceEdit, path: &str) -> Result<DeviceEdit, Vec<FieldError>> {
    edit.checked().map_err(|faults| {
        let told = faults.into_iter().map(|fault| FieldError {
            path: format!("{path}{}", fault.field),
            detail: sentence(&fault.detail),
        });
        told.collect()
    })
}
