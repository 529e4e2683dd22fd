//! Automatic registration over HTTP: an MDM service reports the devices that it manages, page by page.

mod survey;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use muster_core::harvest::{Harvested, Judgement, MAX_PAGE};
use muster_core::id::{AnnouncementId, TenantId};
use muster_core::inbox::{OnConflict, UploadOptions};
use muster_runtime::http::{Acting, Body, Code, FieldError, Problem, ProblemBody, Query, text};
use muster_service::list::{self, DeviceRow};
use muster_store::idempotency::Seed;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{Harvest, HarvestedDevice, NewHarvest};
use crate::uploads::find::{WaitQuery, view_at_end};
use crate::uploads::{inline, path_of};

pub use survey::{note_enrolled, survey};

/// What the list of the devices that a page registers is called.
const NAME: &str = "harvest.csv";

/// The routes of automatic registration.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(harvest_devices))
}

/// What is kept of an answer under its idempotency key: the words for it come from the table, and how the upload stands is
/// looked up each time.
#[derive(Serialize, Deserialize)]
struct Taken {
    upload: Option<AnnouncementId>,
    rows: Vec<Judgement>,
}

/// Report managed devices
///
/// For the tenant's MDM service: up to 500 devices with the hashes that it asked them for. Those that a profile with
/// `convertTargetedDevices` is meant for, corporate-owned, enrolled, on a supported version of Windows and not registered
/// yet, become an upload of the channel `automatic`; the others are skipped, each with its reason. Of devices that are
/// registered already nothing is changed but whether they are enrolled. With `wait`, the answer comes when the upload has
/// ended, or when the time is up. The same page again registers nothing twice.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/harvests",
    operation_id = "harvestDevices",
    tag = "uploads",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        WaitQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = NewHarvest,
    responses(
        (status = 200, body = Harvest, description = "All devices were skipped"),
        (
            status = 202,
            body = Harvest,
            description = "Devices are being registered",
            headers(("Location" = String, description = "Where to ask for the upload"))
        ),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn harvest_devices(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(tenant): Path<TenantId>,
    Query(wait): Query<WaitQuery>,
    headers: HeaderMap,
    Body(new): Body<NewHarvest>,
) -> Result<Answer, Problem> {
    let time = wait.time()?;
    let path = format!("/v1/tenants/{tenant}/harvests");
    let run = async |seed: Seed| take(&api, &acting, tenant, &new, seed).await;
    let taken = idempotent(&api, &acting, &headers, &path, &new, run).await?;
    let Taken { upload, rows } = serde_json::from_str(&taken.body)
        .map_err(|e| Problem::new(Code::Internal, "The service failed.").caused_by(e))?;
    let upload = match upload {
        Some(id) => Some(view_at_end(&api, &acting, tenant, id.as_str(), time).await?),
        None => None,
    };
    let told = Harvest::of(&new.devices, rows, upload);
    let answer = Answer::new(taken.status, taken.location, &told)?;
    Ok(Answer {
        replayed: taken.replayed,
        ..answer
    })
}

async fn take(api: &Api, acting: &Acting, tenant: TenantId, new: &NewHarvest, seed: Seed) -> Result<Answer, Problem> {
    let page = read(&new.devices)?;
    let channel = api.rights().may_harvest(acting, tenant).await?;
    let function = &api.function;
    let judged = survey(&function.devices, &function.profiles, tenant, &page).await?;
    note_enrolled(&function.devices, &function.contacts, &page, &judged, api.guard.now()).await?;
    let list = list_of(&page, &judged).map_err(Problem::invalid)?;
    let mut taken = Taken {
        upload: None,
        rows: judged,
    };
    let Some(list) = list else {
        return Answer::ok(&taken);
    };
    // What people recorded of a device stays as it is.
    let options = UploadOptions {
        on_conflict: OnConflict::Keep,
        ..UploadOptions::default()
    };
    let id = inline::hand_in(api, acting, tenant, (channel, NAME), list, options, seed).await?;
    taken.upload = Some(id.clone());
    Answer::new(StatusCode::ACCEPTED, Some(path_of(tenant, &id)), &taken)
}

/// The page, if everything in it could stand in a list and is as long as it may be.
fn read(devices: &[HarvestedDevice]) -> Result<Vec<Harvested>, Problem> {
    let mut errors = Vec::new();
    if devices.is_empty() || devices.len() > MAX_PAGE {
        errors.push(FieldError {
            path: "devices".to_owned(),
            detail: format!(
                "There are {} devices. A page holds 1 to {MAX_PAGE}; send the others in pages of their own.",
                devices.len()
            ),
        });
        return Err(Problem::invalid(errors));
    }
    let page: Vec<Harvested> = devices.iter().map(Harvested::from).collect();
    errors.extend(
        list::list_of(&page.iter().map(row_of).collect::<Vec<_>>())
            .err()
            .into_iter()
            .flatten(),
    );
    for (at, device) in devices.iter().enumerate() {
        let more = [
            ("osVersion", Some(&device.os_version)),
            ("managedDeviceId", device.managed_device_id.as_ref()),
        ];
        for (name, value) in more {
            let path = format!("devices[{at}].{name}");
            errors.extend(text(&path, value.map(String::as_str), 128).err());
        }
    }
    match errors.is_empty() {
        true => Ok(page),
        false => Err(Problem::invalid(errors)),
    }
}

/// The row of a device in a list.
fn row_of(harvested: &Harvested) -> DeviceRow {
    DeviceRow {
        hardware_hash: Some(harvested.hardware_hash.clone()),
        group_tag: harvested.group_tag.clone(),
        ..DeviceRow::default()
    }
}

/// The list of those devices of a page that are handed in, in order; none where all are skipped.
///
/// # Errors
/// Everything that a list could not hold, by its path.
pub fn list_of(page: &[Harvested], judged: &[Judgement]) -> Result<Option<Vec<u8>>, Vec<FieldError>> {
    let taken = page.iter().zip(judged);
    let taken = taken.filter(|(_, judgement)| !matches!(judgement, Judgement::Skip(_)));
    let taken: Vec<DeviceRow> = taken.map(|(harvested, _)| row_of(harvested)).collect();
    match taken.is_empty() {
        true => Ok(None),
        false => list::list_of(&taken).map(Some),
    }
}
