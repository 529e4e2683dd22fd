//! Rebinding: a device whose board was replaced gets its new parts.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use muster_core::grant::Verb;
use muster_core::id::TenantId;
use muster_core::outcome::Outcome;
use muster_core::record::Record;
use muster_core::repair::{self, MAX_REASON, Misfit};
use muster_core::upload::Reason;
use muster_runtime::http::{Acting, Body, Code, FieldError, Problem, ProblemBody, etag, if_match, text};
use muster_service::acts::Came;
use muster_store::devices::{Holder, Rebound};
use muster_store::idempotency::Seed;

use super::find::wrong;
use super::told;
use super::{begin, id, known};
use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{RebindDevice, ReboundDevice};
use crate::rights::denied;

/// Rebind a device to its new board
///
/// After a repair, the parts of the new hardware hash become those of the device: it keeps its id, its group tag and all else,
/// and its old identities are free. The hash must have the serial number of the device, and a product key where the device
/// had one. The same again changes nothing, and is no error. Where another device holds a part, it must be released first.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/devices/{device}/rebind",
    operation_id = "rebindDevice",
    tag = "devices",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("device" = String, Path, description = "The device's id"),
        ("if-match" = Option<String>, Header, description = "The version that is to be changed, as `etag` gave it"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = RebindDevice,
    responses(
        (status = 200, body = ReboundDevice, headers(("etag" = String, description = "The device's version"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn rebind_device(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, device)): Path<(TenantId, String)>,
    headers: HeaderMap,
    Body(wanted): Body<RebindDevice>,
) -> Result<Answer, Problem> {
    let path = format!("/v1/tenants/{tenant}/devices/{device}/rebind");
    let run = async |_: Seed| rebound(&api, &acting, tenant, &device, &headers, &wanted).await;
    idempotent(&api, &acting, &headers, &path, &wanted, run).await
}

async fn rebound(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    device: &str,
    headers: &HeaderMap,
    wanted: &RebindDevice,
) -> Result<Answer, Problem> {
    let (capture, reason) = read(wanted)?;
    let acts = begin(api, acting, tenant, Verb::Update).await?;
    let seen = known(api, acting, tenant, device).await?;
    let version = headers.contains_key(header::IF_MATCH).then_some(seen.version);
    // A device that has these parts already may have got them by this very request, whose answer was lost.
    let has_them = repair::rebind(&seen, &capture, api.guard.now()).is_ok_and(|rebinding| rebinding.device == seen);
    if !has_them {
        if_match(headers, seen.version)?;
    }
    let came = acts.rebind(id(device)?, &capture, &reason, version).await?;
    match came {
        Ok(Rebound::Done(device, notices)) => {
            let notices = notices.into_iter().map(Into::into).collect();
            answer(api, acting, *device, true, notices).await
        }
        Ok(Rebound::Unchanged(device)) => answer(api, acting, *device, false, Vec::new()).await,
        Ok(Rebound::Misfit(misfit)) => Err(unfit(&misfit)),
        Ok(Rebound::Held(holder)) => Err(held(holder)),
        Ok(Rebound::Overtaken(version)) | Err(Came::Overtaken(version)) => {
            if_match(headers, version)?;
            Err(Problem::new(Code::PreconditionFailed, "It was changed meanwhile.")
                .remedy("Read it again, and decide anew."))
        }
        Err(Came::Denied(denial)) => Err(denied(denial)),
        Err(Came::Retired(device)) => Err(Problem::new(
            Code::Conflict,
            format!(
                "The device is {} and cannot be rebound any more.",
                device.state.as_str()
            ),
        )
        .remedy("Upload its new hash to register it anew.")),
        _ => Err(Problem::not_found()),
    }
}

async fn answer(
    api: &Api,
    acting: &Acting,
    device: muster_core::device::Device,
    changed: bool,
    notices: Vec<crate::model::RebindNotice>,
) -> Result<Answer, Problem> {
    let tag: HeaderValue = etag(device.version);
    let told = ReboundDevice {
        device: told(api, acting, device).await?,
        changed,
        notices,
    };
    let mut answer = Answer::ok(&told)?;
    answer.etag = tag.to_str().ok().map(str::to_owned);
    Ok(answer)
}

/// The capture and the reason, if both can be taken.
fn read(wanted: &RebindDevice) -> Result<(Record, String), Problem> {
    let mut errors = Vec::new();
    let reason = match text("reason", Some(&wanted.reason), MAX_REASON) {
        Ok(Some(reason)) => reason,
        Ok(None) => {
            errors.push(FieldError {
                path: "reason".to_owned(),
                detail: "It says in words why the device is rebound.".to_owned(),
            });
            String::new()
        }
        Err(error) => {
            errors.push(error);
            String::new()
        }
    };
    if wanted.names_other_identities() {
        return Err(hash_only());
    }
    let hash = wanted.hardware_hash.as_deref().unwrap_or_default();
    let capture = repair::read_capture(hash);
    if let Err(faults) = &capture {
        errors.extend(faults.iter().map(wrong));
    }
    match capture {
        Ok(capture) if errors.is_empty() => Ok((capture, reason)),
        _ => Err(Problem::invalid(errors)),
    }
}

/// A new board is known by its hash and by nothing else (Microsoft Learn, "Windows Autopilot motherboard replacement").
fn hash_only() -> Problem {
    let entry = Outcome::UnknownIdentity.entry();
    let detail = "A new board is known by its 4K hardware hash only: no product key id, and no manufacturer, model and \
                  serial number lead to it.";
    Problem::at("hardwareHash", detail).because(&Reason {
        code: entry.code_name.unwrap_or_default().to_owned(),
        detail: detail.to_owned(),
        remedy: "Capture the hardware hash of the repaired device, and send it as hardwareHash.".to_owned(),
    })
}

fn unfit(misfit: &Misfit) -> Problem {
    Problem::new(Code::Conflict, "").because(&Reason {
        code: misfit.code().to_owned(),
        detail: misfit.detail(),
        remedy: misfit.remedy().to_owned(),
    })
}

/// Never says which tenant another one is, nor of devices that the caller may not know of.
fn held(holder: Holder) -> Problem {
    let (code, detail, remedy) = match holder {
        Holder::Device(id) => (
            "held-by-other-device",
            format!("The new board belongs to device {id}."),
            format!("If its board was taken out, release device {id} first, then rebind again."),
        ),
        Holder::Hidden => (
            "held-by-other-device",
            "The new board belongs to another device of the tenant.".to_owned(),
            "Ask the tenant to release that device first, then rebind again.".to_owned(),
        ),
        Holder::OtherTenant => (
            Outcome::OwnedByOtherTenant.entry().code_name.unwrap_or_default(),
            "The new board belongs to a device of another tenant.".to_owned(),
            "Its owner must release that device first. If you bought the board second-hand, ask the seller.".to_owned(),
        ),
    };
    Problem::new(Code::Conflict, "").because(&Reason {
        code: code.to_owned(),
        detail,
        remedy,
    })
}
