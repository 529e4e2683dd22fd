//! Deletion of devices, which is a release: the association with the tenant ends, and the record stays in Muster's own API.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use futures::{StreamExt as _, stream};
use muster_core::error_code::ErrorCode;
use muster_core::grant::Verb;
use muster_core::id::{DeviceId, TenantId};
use muster_runtime::http::{Code, Problem};
use muster_service::acts::{AT_ONCE, Acts, Came};
use muster_service::rights::denied;
use muster_store::ErrorKind;
use serde_json::{Map, Value, json};

use crate::Api;
use crate::asked::Asked;
use crate::body::{Members, Raw, checked};
use crate::fault::{Fault, Refusal};
use crate::wire::with_context;

use super::Named;

/// How many serial numbers are taken at once: as many as devices are by the channel's limit.
const MOST: usize = 500;
/// Characters of a serial number at most.
const MAX_SERIAL: usize = 128;

async fn begin(api: &Api, asked: &Asked) -> Result<Acts, Problem> {
    let what = (asked.tenant, Verb::Release);
    Acts::begin(api.rights(), &api.function.devices, &api.guard, &asked.acting, what).await
}

/// Deletes a device.
pub(crate) async fn delete_device(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<StatusCode, Refusal> {
    let id = named.id()?;
    match begin(&api, &asked).await?.release(id).await? {
        Came::Done(_) => Ok(StatusCode::NO_CONTENT),
        Came::Unchanged(_) => {
            let message = "The device is deleted already";
            Err(Fault::new(StatusCode::BAD_REQUEST, "BadRequest", message)
                .phrase(ErrorCode::AlreadyDeleted.name())
                .into())
        }
        Came::Denied(denial) => Err(denied(denial).into()),
        Came::Absent | Came::Retired(_) | Came::Overtaken(_) => Err(Problem::not_found().into()),
    }
}

/// Deletes devices by their serial numbers. The answer says for each what became of it, in the order of the request.
pub(crate) async fn delete_devices(
    State(api): State<Api>,
    asked: Asked,
    raw: Raw,
) -> Result<Json<Map<String, Value>>, Refusal> {
    let serials = serials(raw.object()?)?;
    let acts = begin(&api, &asked).await?;
    let tenant = asked.tenant;
    // Each once, whatever blanks are around it: a second deletion would tell that there is nothing.
    let once: BTreeSet<String> = serials.iter().map(|serial| serial.trim().to_owned()).collect();
    let deleted: BTreeMap<String, Deleted> = stream::iter(once)
        .map(|serial| {
            let (api, acts) = (&api, acts.clone());
            async move {
                let deleted = one(api, tenant, acts, &serial).await;
                (serial, deleted)
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let told = serials
        .iter()
        .filter_map(|serial| Some(deleted.get(serial.trim())?.told(serial)));
    let told: Vec<Value> = told.collect();
    let context = asked.context("Collection(microsoft.graph.deletedWindowsAutopilotDeviceState)", "");
    let value = std::iter::once(("value".to_owned(), Value::from(told)));
    Ok(Json(with_context(context, value.collect())))
}

fn serials(mut body: Map<String, Value>) -> Result<Vec<String>, Problem> {
    let list = match body.remove("serialNumbers") {
        Some(Value::Array(list)) if (1..=MOST).contains(&list.len()) => list,
        Some(Value::Array(list)) => {
            let detail = format!("It holds {} serial numbers; 1 to {MOST} are taken.", list.len());
            return Err(Problem::at("serialNumbers", detail));
        }
        _ => return Err(Problem::at("serialNumbers", "It is an array of serial numbers.")),
    };
    let mut errors = Vec::new();
    Members::of(body, "", &mut errors).finish();
    checked(errors)?;
    let texts = list.into_iter().enumerate().map(|(at, value)| match value {
        Value::String(text) if (1..=MAX_SERIAL).contains(&text.trim().chars().count()) => Ok(text),
        _ => Err(Problem::at(format!("serialNumbers[{at}]"), "It is a serial number.")),
    });
    texts.collect()
}

/// What became of the devices of a serial number.
#[derive(Debug, Clone)]
enum Deleted {
    /// It is gone.
    Done(DeviceId),
    /// It is not, for this reason.
    Not(Option<DeviceId>, &'static str),
    /// The service failed for it: what became of the others shall not be lost for this one.
    Fault(&'static str),
}

impl Deleted {
    fn told(&self, serial: &str) -> Value {
        let (id, state, message) = match self {
            Self::Done(id) => (Some(*id), "accepted", None),
            Self::Not(id, why) => (*id, "failed", Some(*why)),
            Self::Fault(why) => (None, "error", Some(*why)),
        };
        json!({
            "serialNumber": serial,
            "deviceRegistrationId": id.map(|id| id.to_string()).unwrap_or_default(),
            "deletionState": state,
            "errorMessage": message,
        })
    }
}

const NOT_THERE: &str = "No device with this serial number is registered.";
const SEVERAL: &str = "Several devices have this serial number. Delete them by their ids.";
const TOO_MANY_LIKE_IT: &str = "Too many serial numbers begin with this one. Delete the device by its id.";

async fn one(api: &Api, tenant: TenantId, acts: Acts, serial: &str) -> Deleted {
    delete(api, tenant, acts, serial).await.unwrap_or_else(|problem| {
        tracing::error!(?problem, "a device was not deleted by its serial number");
        Deleted::Fault(match problem.code() {
            Code::Unavailable => "The service is busy. Try again in a moment.",
            _ => "The service failed. Try again, and tell its operator if it fails again.",
        })
    })
}

async fn delete(api: &Api, tenant: TenantId, acts: Acts, serial: &str) -> Result<Deleted, Problem> {
    let found = match api.function.devices.with_serial(tenant, serial).await {
        Err(error) if error.kind() == ErrorKind::Rejected => return Ok(Deleted::Not(None, TOO_MANY_LIKE_IT)),
        found => found?,
    };
    let id = match found.as_slice() {
        [] => return Ok(Deleted::Not(None, NOT_THERE)),
        [device] => device.id,
        _ => return Ok(Deleted::Not(None, SEVERAL)),
    };
    Ok(match acts.release(id).await? {
        // Whoever else deleted it meanwhile: it is gone.
        Came::Done(_) | Came::Unchanged(_) => Deleted::Done(id),
        Came::Absent | Came::Retired(_) | Came::Overtaken(_) => Deleted::Not(Some(id), NOT_THERE),
        Came::Denied(denial) => Deleted::Not(Some(id), denial.code()),
    })
}
