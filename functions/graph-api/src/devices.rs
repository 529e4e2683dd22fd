//! `windowsAutopilotDeviceIdentities`: registered devices.

mod absent;
mod change;
mod delete;
mod model;
mod profile;
mod search;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use muster_core::device::{Device, DeviceState};
use muster_core::id::DeviceId;
use muster_runtime::http::Problem;
use serde::Deserialize;
use serde_json::Value;

use crate::Api;
use crate::asked::Asked;
use crate::fault::Refusal;
use crate::odata::{Entity, Listed, Options, list};
use crate::profiles;
use crate::wire::{self, Version};

use search::{Found, Search};

pub(crate) use absent::{create_device, resource_account};
pub(crate) use change::{allow_next_enrollment, assign_user, unassign_user, update_properties};
pub(crate) use delete::{delete_device, delete_devices};
pub(crate) use model::{DEVICE, entity};

/// The entity set.
const SET: &str = "deviceManagement/windowsAutopilotDeviceIdentities";

/// What a path names.
#[derive(Deserialize)]
pub(crate) struct Named {
    device: String,
}

impl Named {
    fn id(&self) -> Result<DeviceId, Problem> {
        self.device.parse().map_err(|_| Problem::not_found())
    }
}

/// Lists the tenant's devices.
pub(crate) async fn list_devices(State(api): State<Api>, asked: Asked) -> Result<Json<Entity>, Refusal> {
    let options = asked.options(&DEVICE)?;
    let mut listed = listed(&api, &asked, &options).await?;
    finish(&api, &asked, &options, &mut listed.entities).await?;
    Ok(Json(asked.page(&options, SET, listed)))
}

/// Adds what profiles say of the devices of a page, and leaves out what the version does not have.
pub(crate) async fn finish(
    api: &Api,
    asked: &Asked,
    options: &Options,
    entities: &mut [Entity],
) -> Result<(), Problem> {
    if !options.expand.is_empty() {
        return Err(Problem::at("$expand", "It is for one device, not for a list."));
    }
    profile::add(api, asked, options, entities).await?;
    for entity in entities {
        *entity = wire::told(&DEVICE, asked.version, std::mem::take(entity));
    }
    Ok(())
}

/// How many devices pass the filter.
pub(crate) async fn count_devices(State(api): State<Api>, asked: Asked) -> Result<String, Refusal> {
    let options = Options {
        count: true,
        top: Some(0),
        ..asked.options(&DEVICE)?
    };
    let listed = listed(&api, &asked, &options).await?;
    Ok(listed.count.unwrap_or_default().to_string())
}

async fn listed(api: &Api, asked: &Asked, options: &Options) -> Result<Listed, Refusal> {
    api.rights().may_see(&asked.acting, asked.tenant).await?;
    let from = asked.mark(options)?;
    let search = Search::of(options.filter.as_ref());
    let found = Found {
        api,
        tenant: asked.tenant,
        search,
    };
    Ok(list(options, from, &found).await?)
}

/// Shows a device.
pub(crate) async fn get_device(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<Json<Entity>, Refusal> {
    let options = asked.options(&DEVICE)?;
    if !options.expand.is_empty() && asked.version == Version::V1 {
        let detail = "Version 1.0 tells no profile with a device. Ask the beta.";
        return Err(Problem::at("$expand", detail).into());
    }
    api.rights().may_see(&asked.acting, asked.tenant).await?;
    let device = known(&api, &asked, named.id()?).await?;
    let contact = api.function.contacts.get(&device.ids()).await?;
    let mut entities = vec![entity(&device, Some(&contact))];
    profile::add(&api, &asked, &options, &mut entities).await?;
    let mut told = wire::told(&DEVICE, asked.version, entities.pop().unwrap_or_default());
    if !options.expand.is_empty() {
        let chosen = profile::of(&api, &device).await?;
        told.extend(options.expand.iter().map(|name| ((*name).to_owned(), chosen.clone())));
    }
    Ok(Json(asked.entity(&options, SET, told)))
}

/// Shows the profile that a device has. There is no content where it has none, as OData has it.
pub(crate) async fn get_profile(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<Response, Refusal> {
    let options = asked.options(&profiles::PROFILE)?;
    api.rights().may_see(&asked.acting, asked.tenant).await?;
    let device = known(&api, &asked, named.id()?).await?;
    Ok(match profile::of(&api, &device).await? {
        Value::Object(chosen) => Json(asked.entity(&options, profiles::SET, chosen)).into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    })
}

/// A registered device of the tenant. One that is released or merged is gone for clients of Graph.
pub(crate) async fn known(api: &Api, asked: &Asked, id: DeviceId) -> Result<Device, Problem> {
    let found = api.function.devices.get(id).await?;
    found
        .filter(|device| device.tenant == asked.tenant && device.state == DeviceState::Registered)
        .ok_or_else(Problem::not_found)
}
