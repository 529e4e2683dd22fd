//! Devices that a profile names one by one.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};
use muster_core::device::Device;
use muster_core::id::{DeviceId, TenantId};
use muster_core::profile::{Fault, Side};
use muster_runtime::http::openapi::words;
use muster_runtime::http::{Acting, Body, Cursor, PageQuery, Problem, ProblemBody, Query};
use muster_service::profiles::at_path;
use muster_store::idempotency::Seed;
use muster_store::profiles::{self, Placed};
use serde::Deserialize;
use utoipa::IntoParams;

use super::known;
use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{ListedDevice, ListedDevicePage, PlaceDevices, PlacedDevice, PlacedDevices};
use crate::rights;

/// Which devices are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListedQuery {
    /// How many are listed at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before, with the same filter.
    cursor: Option<String>,
    /// Those on this list: `include` or `exclude`.
    #[param(value_type = Option<words::ProfileSide>)]
    side: Option<Side>,
}

/// List the devices that a profile names
///
/// Those that it includes, then those that it excludes. A device that was released stays on its list until it is taken off.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/profiles/{profile}/devices",
    operation_id = "listProfileDevices",
    tag = "profiles",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("profile" = String, Path, description = "The profile's id"),
        ListedQuery,
    ),
    responses(
        (status = 200, body = ListedDevicePage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_profile_devices(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, profile)): Path<(TenantId, String)>,
    Query(query): Query<ListedQuery>,
) -> Result<Json<ListedDevicePage>, Problem> {
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = page.limit()?;
    rights::may_see(&api, &acting, tenant).await?;
    let profile = known(&api, &acting, tenant, &profile).await?;
    let side = query.side.map_or("", Side::as_str);
    let cursor = Cursor::of(&["profile devices", &profile.id.to_string(), side]);
    let after = match cursor.read(page.cursor.as_deref())? {
        None => None,
        Some(mark) => {
            Some(read_mark(&mark).ok_or_else(|| Problem::at("query.cursor", "It is not one that this list gave."))?)
        }
    };
    let profiles = &api.function.profiles;
    let listed = profiles.listed(tenant, profile.id, query.side, after, limit).await?;
    let ids: Vec<DeviceId> = listed.devices.iter().map(|listed| listed.device).collect();
    let devices = api.function.devices.get_many(&ids).await?;
    let by = rights::requester(&acting);
    let devices: HashMap<DeviceId, Device> = devices
        .into_iter()
        .filter(|device| device.tenant == tenant && by.may_know(device))
        .map(|device| (device.id, device))
        .collect();
    let told = listed.devices.iter().map(|listed| ListedDevice {
        id: listed.device,
        side: listed.side,
        serial: devices.get(&listed.device).and_then(|device| device.serial.clone()),
        state: devices.get(&listed.device).map(|device| device.state),
    });
    Ok(Json(ListedDevicePage {
        devices: told.collect(),
        next: listed
            .next
            .map(|last| cursor.write(&format!("{}:{}", last.side.as_str(), last.device))),
    }))
}

fn read_mark(mark: &str) -> Option<profiles::ListedDevice> {
    let (side, device) = mark.split_once(':')?;
    Some(profiles::ListedDevice {
        side: Side::ALL.iter().copied().find(|known| known.as_str() == side)?,
        device: device.parse().ok()?,
    })
}

/// Put devices on a profile's lists
///
/// Up to 1,000 to include, to exclude, and to take off, each by itself: the answer says for each what became of it. A device
/// is on one list at most.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/profiles/{profile}/devices",
    operation_id = "placeProfileDevices",
    tag = "profiles",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("profile" = String, Path, description = "The profile's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = PlaceDevices,
    responses(
        (status = 200, body = PlacedDevices),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn place_profile_devices(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, profile)): Path<(TenantId, String)>,
    headers: HeaderMap,
    Body(sent): Body<PlaceDevices>,
) -> Result<Answer, Problem> {
    let path = format!("/v1/tenants/{tenant}/profiles/{profile}/devices");
    let run = async |_: Seed| Answer::ok(&placed(&api, &acting, tenant, &profile, &sent).await?);
    idempotent(&api, &acting, &headers, &path, &sent, run).await
}

async fn placed(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    profile: &str,
    sent: &PlaceDevices,
) -> Result<PlacedDevices, Problem> {
    let wanted = sent.placings().map_err(invalid)?;
    let acts = api.profile_acts(acting, tenant).await?;
    let profile = known(api, acting, tenant, profile).await?;
    match api.function.profiles.place(profile.id, &wanted, &acts.act()).await? {
        Placed::Absent => Err(Problem::not_found()),
        Placed::Refused => Err(acts.denied().await),
        Placed::Done(outcomes) => {
            let devices = wanted.iter().zip(outcomes);
            Ok(PlacedDevices {
                devices: devices
                    .map(|(placing, outcome)| PlacedDevice::of(placing.device, outcome))
                    .collect(),
            })
        }
    }
}

/// What is wrong with the request.
fn invalid(faults: Vec<Fault>) -> Problem {
    Problem::invalid(faults.into_iter().map(at_path("")).collect())
}

#[cfg(test)]
mod tests {
    use muster_core::id::UploadId;

    use super::*;

    #[test]
    fn a_mark_is_read_back() {
        let device = DeviceId::of_row(&UploadId::of_object("b", "k", "1"), 1);
        let mark = format!("exclude:{device}");
        assert_eq!(read_mark(&mark).map(|listed| listed.side), Some(Side::Exclude));
        for none in ["", "include", "both:x", "include:x"] {
            assert_eq!(read_mark(none), None, "{none}");
        }
    }
}
