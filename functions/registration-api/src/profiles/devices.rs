//! Devices that a profile names one by one.

use std::collections::{HashMap, HashSet};

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};
use muster_core::device::Device;
use muster_core::id::{DeviceId, TenantId};
use muster_core::profile::Side;
use muster_runtime::http::openapi::words;
use muster_runtime::http::{Acting, Body, Cursor, FieldError, PageQuery, Problem, ProblemBody, Query};
use muster_store::idempotency::Seed;
use muster_store::profiles::{self, Placed, Placing};
use serde::Deserialize;
use utoipa::IntoParams;

use super::act::Acts;
use super::known;
use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{ListedDevice, ListedDevicePage, PlaceDevices, PlacedDevice, PlacedDevices};
use crate::rights;

/// How many devices one request may name in each of its lists.
const MOST: usize = 1000;

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
    let wanted = placings(sent).map_err(Problem::invalid)?;
    let acts = Acts::begin(api, acting, tenant).await?;
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

/// Where each device is to be; what contradicts itself is named.
fn placings(sent: &PlaceDevices) -> Result<Vec<Placing>, Vec<FieldError>> {
    let removed: HashSet<DeviceId> = sent.remove.iter().copied().collect();
    let lists = [
        ("add.include", &sent.add.include, Some(Side::Include)),
        ("add.exclude", &sent.add.exclude, Some(Side::Exclude)),
        ("remove", &sent.remove, None),
    ];
    let (mut placings, mut errors) = (Vec::new(), Vec::new());
    let mut sides: HashMap<DeviceId, Option<Side>> = HashMap::new();
    if lists.iter().all(|(_, devices, _)| devices.is_empty()) {
        errors.push(error(
            "add".to_owned(),
            "It names no device, and neither does remove.".to_owned(),
        ));
    }
    for (list, devices, side) in lists {
        if devices.len() > MOST {
            let detail = format!("It names {} devices; at most {MOST} are taken.", devices.len());
            errors.push(error(list.to_owned(), detail));
            continue;
        }
        let mut seen = HashSet::new();
        for (at, device) in devices.iter().enumerate() {
            let path = || format!("{list}[{at}]");
            if !seen.insert(*device) {
                errors.push(error(path(), "The device is named before.".to_owned()));
                continue;
            }
            match (sides.get(device), side) {
                (Some(_), Some(_)) => {
                    errors.push(error(
                        path(),
                        "The device is both to be included and to be excluded.".to_owned(),
                    ));
                }
                // It moves to the list that names it.
                (Some(_), None) => {}
                (None, side) => {
                    sides.insert(*device, side);
                    placings.push(Placing {
                        device: *device,
                        side,
                        moves: removed.contains(device),
                    });
                }
            }
        }
    }
    if errors.is_empty() { Ok(placings) } else { Err(errors) }
}

const fn error(path: String, detail: String) -> FieldError {
    FieldError { path, detail }
}

#[cfg(test)]
mod tests {
    use muster_core::id::UploadId;

    use super::*;
    use crate::model::NamedDevices;

    fn device(row: u64) -> DeviceId {
        DeviceId::of_row(&UploadId::of_object("b", "k", "1"), row)
    }

    fn sent(include: &[u64], exclude: &[u64], remove: &[u64]) -> PlaceDevices {
        let of = |rows: &[u64]| rows.iter().map(|row| device(*row)).collect();
        PlaceDevices {
            add: NamedDevices {
                include: of(include),
                exclude: of(exclude),
            },
            remove: of(remove),
        }
    }

    #[test]
    fn a_device_is_to_be_in_one_place() {
        let paths = |sent: PlaceDevices| {
            let errors = placings(&sent).unwrap_err();
            errors.into_iter().map(|error| error.path).collect::<Vec<_>>()
        };
        assert_eq!(paths(sent(&[1, 2, 1], &[2], &[])), ["add.include[2]", "add.exclude[0]"]);
        assert_eq!(paths(sent(&[], &[], &[3, 3])), ["remove[1]"]);
        assert_eq!(paths(sent(&[], &[], &[])), ["add"]);
        let many: Vec<u64> = (0..1001).collect();
        assert_eq!(paths(sent(&[], &many, &[])), ["add.exclude"]);
    }

    #[test]
    fn what_is_taken_off_and_put_on_moves() {
        let wanted = placings(&sent(&[1], &[2], &[2, 3])).unwrap();
        let told: Vec<(DeviceId, Option<Side>, bool)> =
            wanted.iter().map(|one| (one.device, one.side, one.moves)).collect();
        assert_eq!(
            told,
            [
                (device(1), Some(Side::Include), false),
                (device(2), Some(Side::Exclude), true),
                (device(3), None, true),
            ]
        );
    }

    #[test]
    fn a_mark_is_read_back() {
        let mark = format!("exclude:{}", device(1));
        assert_eq!(read_mark(&mark).map(|listed| listed.side), Some(Side::Exclude));
        for none in ["", "include", "both:x", "include:x"] {
            assert_eq!(read_mark(none), None, "{none}");
        }
    }
}
