//! `autopilotEvents`: the last boot of each device of the tenant.
//!
//! A boot is written nowhere by itself: of each device Muster knows its last contact, and that is the device's event. So a
//! page is read by devices, and an event is gone when its device boots again, is released, or 30 days have passed.

mod model;

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use jiff::{SignedDuration, Timestamp};
use muster_core::deployment::Contact;
use muster_core::id::ProfileId;
use muster_runtime::http::Problem;
use muster_store::ErrorKind;
use muster_store::devices::{DeviceFilter, Devices};
use serde::Deserialize;

use crate::Api;
use crate::asked::Asked;
use crate::devices;
use crate::fault::Refusal;
use crate::odata::{Chunk, Entity, Listed, Options, Row, Source, list};

use model::{Boot, EVENT};

/// The entity set.
const SET: &str = "deviceManagement/autopilotEvents";
/// How many devices are read at once.
const CHUNK: usize = 500;
/// How long an event is told: Intune keeps 30 days of them.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a path names.
#[derive(Deserialize)]
pub(crate) struct Named {
    event: String,
}

/// Lists the last boots of the tenant's devices.
pub(crate) async fn list_events(State(api): State<Api>, asked: Asked) -> Result<Json<Entity>, Refusal> {
    let options = asked.options(&EVENT)?;
    let listed = listed(&api, &asked, &options).await?;
    Ok(Json(asked.page(&options, SET, listed)))
}

/// How many pass the filter.
pub(crate) async fn count_events(State(api): State<Api>, asked: Asked) -> Result<String, Refusal> {
    let options = Options {
        count: true,
        top: Some(0),
        ..asked.options(&EVENT)?
    };
    let listed = listed(&api, &asked, &options).await?;
    Ok(listed.count.unwrap_or_default().to_string())
}

async fn listed(api: &Api, asked: &Asked, options: &Options) -> Result<Listed, Refusal> {
    api.rights().may_see(&asked.acting, asked.tenant).await?;
    let from = asked.mark(options)?;
    let rules = api.function.profiles.rules(asked.tenant).await?;
    let boots = Boots {
        api,
        asked,
        profiles: rules.into_iter().map(|rule| (rule.id, rule.name)).collect(),
        since: since(api),
    };
    Ok(list(options, from, &boots).await?)
}

/// Shows the event of this id, if it is still its device's last boot.
pub(crate) async fn get_event(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<Json<Entity>, Refusal> {
    let options = asked.options(&EVENT)?;
    api.rights().may_see(&asked.acting, asked.tenant).await?;
    let id = model::device_of(&named.event).ok_or_else(Problem::not_found)?;
    let device = devices::known(&api, &asked, id).await?;
    let contact = api.function.contacts.get(&device.ids()).await?;
    let boot = Boot::of(&device, &contact, since(&api)).filter(|boot| boot.id().eq_ignore_ascii_case(&named.event));
    let boot = boot.ok_or_else(Problem::not_found)?;
    let profile = match boot.profile() {
        None => None,
        Some(id) => api.function.profiles.get(asked.tenant, id).await?,
    };
    let name = profile.as_ref().map(|profile| profile.settings.name.as_str());
    Ok(Json(asked.entity(&options, SET, boot.entity(name))))
}

/// Since when events are told.
fn since(api: &Api) -> Timestamp {
    api.guard.now().checked_sub(KEPT).unwrap_or(Timestamp::MIN)
}

/// The last boots of a tenant's devices.
struct Boots<'a> {
    api: &'a Api,
    asked: &'a Asked,
    /// The names of the profiles that there are.
    profiles: HashMap<ProfileId, String>,
    since: Timestamp,
}

impl Source for Boots<'_> {
    async fn read(&self, mark: Option<String>) -> Result<Chunk, Problem> {
        let (known, filter) = (&self.api.function.devices, DeviceFilter::default());
        let page = known.list(self.asked.tenant, &filter, mark.as_deref(), CHUNK).await;
        let page = page.map_err(|error| match error.kind() {
            ErrorKind::Rejected if mark.is_some() => Problem::at("$skiptoken", "It is not one that this list gave."),
            _ => Problem::from(error),
        })?;
        let devices: Vec<_> = page.devices.iter().collect();
        let contacts = self.api.function.contacts.get_many(&devices).await?;
        let none = Contact::default();
        Ok(Chunk::among(&page.devices, page.next, |device| {
            let boot = Boot::of(device, contacts.get(&device.id).unwrap_or(&none), self.since)?;
            let name = boot.profile().and_then(|id| self.profiles.get(&id));
            Some(Row {
                entity: boot.entity(name.map(String::as_str)),
                mark: Devices::behind(device),
            })
        }))
    }
}
