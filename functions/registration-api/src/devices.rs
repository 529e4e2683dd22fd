//! Registered devices: what is known of them, changes by hand, and releases.

mod find;
mod history;
mod rebind;
mod release;
mod update;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::{Extension, Json};
use muster_core::device::{self, DeviceState};
use muster_core::grant::Verb;
use muster_core::id::{DeviceId, PartnerId, TenantId, UploadId};
use muster_core::repair::RemediationState;
use muster_runtime::http::openapi::words;
use muster_runtime::http::{Acting, Cursor, PageQuery, Problem, ProblemBody, Query, etag, text};
use muster_service::acts::Acts;
use muster_store::ErrorKind;
use muster_store::devices::{DeviceFilter, Registrants};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::model::{Device, DevicePage};
use crate::rights;

pub(crate) use muster_service::acts::named_once;

/// The routes of devices.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_devices))
        .routes(routes!(get_device))
        .routes(routes!(find::find_device))
        .routes(routes!(update::update_device))
        .routes(routes!(update::update_devices))
        .routes(routes!(rebind::rebind_device))
        .routes(routes!(release::release_device))
        .routes(routes!(release::release_devices))
        .routes(routes!(release::anywhere::release_devices_by_identity))
        .routes(routes!(history::list_device_changes))
}

/// Acts that do this with devices of the tenant, if there is consent.
async fn begin(api: &Api, acting: &Acting, tenant: TenantId, verb: Verb) -> Result<Acts, Problem> {
    Acts::begin(api.rights(), &api.function.devices, &api.guard, acting, (tenant, verb)).await
}

/// The longest serial number and group tag that can be asked for.
const MAX_TEXT: usize = 128;

/// Which devices are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeviceQuery {
    /// How many are listed at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before, with the same filters.
    cursor: Option<String>,
    /// Those in this state: `registered` (when nothing is said), `released` or `merged`.
    #[param(value_type = Option<words::DeviceState>)]
    state: Option<DeviceState>,
    /// Those whose serial number begins so.
    serial_prefix: Option<String>,
    /// Those with this group tag.
    group_tag: Option<String>,
    /// Those that this partner registered.
    #[param(value_type = Option<words::PartnerId>)]
    partner: Option<PartnerId>,
    /// Those that this upload registered.
    #[param(value_type = Option<words::UploadId>)]
    upload: Option<UploadId>,
    /// Those that need this after their hardware changed.
    #[param(value_type = Option<words::RemediationState>)]
    remediation: Option<RemediationState>,
}

impl DeviceQuery {
    fn filter(self, acting: &Acting) -> Result<DeviceFilter, Problem> {
        let taken = |name: &str, value: &Option<String>| {
            text(&format!("query.{name}"), value.as_deref(), MAX_TEXT).map_err(|error| Problem::invalid(vec![error]))
        };
        Ok(DeviceFilter {
            state: self.state.unwrap_or_default(),
            serial_prefix: taken("serialPrefix", &self.serial_prefix)?.unwrap_or_default(),
            group_tag: taken("groupTag", &self.group_tag)?,
            registrants: match self.partner {
                Some(partner) => Registrants::Partner(partner),
                None if acting.partner().is_some() => Registrants::Partners,
                None => Registrants::All,
            },
            upload: self.upload,
            remediation: self.remediation,
        })
    }
}

/// The cursors of a list: good for the tenant, for what the caller may see of it, and for the filters.
fn cursor(tenant: TenantId, filter: &DeviceFilter) -> Cursor {
    let registrants = match &filter.registrants {
        Registrants::All => "all".to_owned(),
        Registrants::Partners => "partners".to_owned(),
        Registrants::Partner(id) => format!("partner {id}"),
    };
    Cursor::of(&[
        "devices",
        &tenant.to_string(),
        filter.state.as_str(),
        &filter.serial_prefix,
        if filter.group_tag.is_some() { "tagged" } else { "" },
        filter.group_tag.as_deref().unwrap_or_default(),
        &registrants,
        filter.upload.as_ref().map_or("", UploadId::as_str),
        filter.remediation.map_or("", RemediationState::as_str),
    ])
}

/// List devices of a tenant
///
/// Those that are registered, unless `state` says otherwise. A partner sees those that partners registered. Where filters
/// let few devices pass, a page may be short, or empty, and name a next one all the same: the list ends where `next` is
/// null.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/devices",
    operation_id = "listDevices",
    tag = "devices",
    params(("tenant" = String, Path, description = "The tenant's id"), DeviceQuery),
    responses(
        (status = 200, body = DevicePage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_devices(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(tenant): Path<TenantId>,
    Query(mut query): Query<DeviceQuery>,
) -> Result<Json<DevicePage>, Problem> {
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor.take(),
    };
    let limit = page.limit()?;
    let filter = query.filter(&acting)?;
    let cursor = cursor(tenant, &filter);
    let from = cursor.read(page.cursor.as_deref())?;
    rights::may_see(&api, &acting, tenant).await?;
    let listed = api
        .function
        .devices
        .list(tenant, &filter, from.as_deref(), limit)
        .await
        .map_err(|error| match error.kind() {
            ErrorKind::Rejected if from.is_some() => Problem::at("query.cursor", "It is not one that this list gave."),
            _ => Problem::from(error),
        })?;
    Ok(Json(DevicePage {
        devices: told_many(&api, &acting, listed.devices).await?,
        next: listed.next.map(|mark| cursor.write(&mark)),
    }))
}

/// Show a device
///
/// Also once it is released, or merged into another one.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/devices/{device}",
    operation_id = "getDevice",
    tag = "devices",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("device" = String, Path, description = "The device's id"),
    ),
    responses(
        (status = 200, body = Device, headers(("etag" = String, description = "The device's version"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_device(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, device)): Path<(TenantId, String)>,
) -> Result<Tagged, Problem> {
    rights::may_see(&api, &acting, tenant).await?;
    tagged(&api, &acting, known(&api, &acting, tenant, &device).await?).await
}

/// A device with its version in the header.
pub(crate) type Tagged = ([(HeaderName, HeaderValue); 1], Json<Device>);

async fn tagged(api: &Api, acting: &Acting, device: device::Device) -> Result<Tagged, Problem> {
    let version = etag(device.version);
    Ok(([(header::ETAG, version)], Json(told(api, acting, device).await?)))
}

/// A device as whoever acts may see it. A partner is not told of uploads of others.
async fn told(api: &Api, acting: &Acting, device: device::Device) -> Result<Device, Problem> {
    let device = Device::read(&api.function.contacts, device).await?;
    Ok(for_eyes_of(acting, device))
}

async fn told_many(api: &Api, acting: &Acting, devices: Vec<device::Device>) -> Result<Vec<Device>, Problem> {
    let devices = Device::read_all(&api.function.contacts, devices).await?;
    Ok(devices.into_iter().map(|device| for_eyes_of(acting, device)).collect())
}

fn for_eyes_of(acting: &Acting, mut device: Device) -> Device {
    if let Some(partner) = acting.partner() {
        device.hide_from(partner);
    }
    device
}

/// The id that a path names; what is none names nothing that exists.
fn id(text: &str) -> Result<DeviceId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// A device of the tenant that whoever acts may know of.
pub(crate) async fn known(api: &Api, acting: &Acting, tenant: TenantId, text: &str) -> Result<device::Device, Problem> {
    let found = api.function.devices.get(id(text)?).await?;
    let by = rights::requester(acting);
    found
        .filter(|device| device.tenant == tenant && by.may_know(device))
        .ok_or_else(Problem::not_found)
}
