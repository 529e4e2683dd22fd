//! What became of jobs: lists that were handed in, and updates of policies.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use muster_core::error_code::ErrorCode;
use muster_core::id::TenantId;
use muster_core::report::ReportRow;
use muster_core::upload::{ObjectVersion, Reason, UploadState, lost};
use muster_runtime::http::{Acting, Problem};
use muster_service::list::{Named, names_in};
use muster_service::uploads::Found;
use muster_store::device_batches::{MAX_DEVICES, PolicyUpdate};
use muster_store::outcomes::{RowsOf, rows_of_batch};
use muster_store::uploads::UploadStatus;
use uuid::Uuid;

use crate::batches;
use crate::model::{Attributes, BatchUploadDetails, DeviceUploadDetails, Status, time};
use crate::progress::{fails, status_of};
use crate::{Api, partner, tracking};

/// How many batches a list of at most 1,000 rows and 6 MB is cut into at most.
const MAX_BATCHES: u32 = 16;

/// Tells how far a job is, and what became of each of its devices, in the order in which they were sent.
pub(crate) async fn status(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    Path((_, job)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let partner = partner(&acting)?;
    api.rights().may_see(&acting, tenant).await?;
    let job: Uuid = job.parse().map_err(|_| Problem::not_found())?;
    let told = match tracking::list_of(job) {
        Some(list) => {
            let announced = api.function.announcements.get(&list).await?;
            let announced = announced.filter(batches::is_list).ok_or_else(Problem::not_found)?;
            let found = api.known_uploads().became(&acting, tenant, announced).await?;
            of_list(&api, job, found).await?
        }
        None => {
            let update = api.function.device_batches.update(tenant, partner, job).await?;
            of_update(update.ok_or_else(Problem::not_found)?)
        }
    };
    Ok(Json(told).into_response())
}

async fn of_list(api: &Api, job: Uuid, found: Found) -> Result<BatchUploadDetails, Problem> {
    let ended = found.has_ended();
    let (object, size, started, upload) = match found {
        Found::Known(status) => (status.object.clone(), status.size, status.created_at, Some(*status)),
        Found::Announced(announced, arrived) => {
            let arrived = arrived.ok_or_else(Problem::not_found)?;
            (arrived.object, announced.size, announced.created_at, None)
        }
    };
    let names = names(api, &object, size).await?;
    let rows = match &upload {
        Some(status) => rows(api, status).await?,
        None => HashMap::new(),
    };
    let reason = upload.as_ref().and_then(|status| status.reason.clone());
    let devices = (1..)
        .zip(names.iter().cloned())
        .map(|(row, name)| match rows.get(&row) {
            Some(row) => of_row(row, name),
            // Nothing failed: what was done of it is no longer kept.
            None if upload
                .as_ref()
                .is_some_and(|status| status_of(status) == Status::Finished) =>
            {
                details(name, Status::Finished)
            }
            None if ended => without_row(name, reason.as_ref()),
            None => details(
                name,
                if upload.is_some() {
                    Status::Processing
                } else {
                    Status::Queued
                },
            ),
        });
    let status = match (&upload, ended) {
        (Some(status), _) => status_of(status),
        (None, true) => Status::FinishedWithErrors,
        (None, false) => Status::Queued,
    };
    Ok(BatchUploadDetails {
        batch_tracking_id: job.to_string(),
        status,
        started_time: time(started),
        devices_status: devices.collect(),
        completed_time: upload.and_then(|status| status.finished_at).map(time),
        attributes: Attributes::of("BatchUploadDetails"),
    })
}

/// What its devices are called in a list, which stays as it is. A list that somebody removed names none.
async fn names(api: &Api, object: &ObjectVersion, size: u64) -> Result<Arc<[Named]>, Problem> {
    let id = object.upload_id();
    if let Some(names) = api.names.get(&id) {
        return Ok(names);
    }
    let Some(list) = api.function.objects.read_range(object, 0, size).await? else {
        return Ok(Arc::default());
    };
    let names: Arc<[Named]> = names_in(&list, MAX_DEVICES).into();
    api.names.keep(id, Arc::clone(&names));
    Ok(names)
}

/// The rows of an upload that are done, by number.
async fn rows(api: &Api, status: &UploadStatus) -> Result<HashMap<u64, ReportRow>, Problem> {
    let function = &api.function;
    let of = RowsOf {
        upload: &status.id,
        validate_only: false,
    };
    let batches = match (status.state, status.total) {
        (UploadState::Refused, _) => 0,
        // It is being cut, which takes a moment; nothing of it is registered yet, or hardly anything.
        (UploadState::Processing, None) => 0,
        (_, total) => total.unwrap_or(MAX_BATCHES).min(MAX_BATCHES),
    };
    let mut done = HashMap::new();
    for number in 0..batches {
        let Some(rows) = rows_of_batch(&function.validated, &function.receipts, of, number).await? else {
            // Batches are validated in any order: a later one may be done before this one.
            continue;
        };
        done.extend(rows.into_iter().flatten().map(|row| (row.place.row, row)));
    }
    Ok(done)
}

fn details(name: Named, status: Status) -> DeviceUploadDetails {
    DeviceUploadDetails {
        device_id: None,
        serial_number: name.serial_number,
        product_key: name.product_key_id,
        status,
        error_code: None,
        error_description: None,
        attributes: Attributes::of("DeviceUploadDetails"),
    }
}

fn of_row(row: &ReportRow, name: Named) -> DeviceUploadDetails {
    let entry = row.outcome.entry();
    let failed = fails(row.outcome);
    let status = if failed {
        Status::FinishedWithErrors
    } else {
        Status::Finished
    };
    DeviceUploadDetails {
        device_id: row.device.map(|id| id.to_string()),
        error_code: entry.code.filter(|_| failed).map(|code| code.to_string()),
        error_description: failed.then(|| entry.code_name.unwrap_or(row.outcome.name()).to_owned()),
        ..details(name, status)
    }
}

/// A device of a list that ended before it was its turn.
fn without_row(name: Named, reason: Option<&Reason>) -> DeviceUploadDetails {
    let (number, description) = lost(reason);
    DeviceUploadDetails {
        error_code: number.map(|number| number.to_string()),
        error_description: Some(description.to_owned()),
        ..details(name, Status::FinishedWithErrors)
    }
}

fn of_update(update: PolicyUpdate) -> BatchUploadDetails {
    let failed = update.devices.iter().any(|device| device.fault.is_some());
    let status = |failed| {
        if failed {
            Status::FinishedWithErrors
        } else {
            Status::Finished
        }
    };
    let devices = update.devices.into_iter().map(|device| DeviceUploadDetails {
        device_id: Some(device.id),
        error_code: device.fault.map(|number| number.to_string()),
        error_description: device.fault.and_then(named).map(str::to_owned),
        ..details(Named::default(), status(device.fault.is_some()))
    });
    BatchUploadDetails {
        batch_tracking_id: update.id.to_string(),
        status: status(failed),
        started_time: time(update.started_at),
        completed_time: Some(time(update.completed_at)),
        devices_status: devices.collect(),
        attributes: Attributes::of("BatchUploadDetails"),
    }
}

/// The published name of a number.
fn named(number: u16) -> Option<&'static str> {
    let code = ErrorCode::ALL.into_iter().find(|code| code.number() == Some(number));
    code.map(ErrorCode::name)
}
