//! The devices of a batch: those that partners registered and that have its name as their group tag.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use muster_core::device;
use muster_core::grant::Verb;
use muster_core::id::{DeviceId, PartnerId, ProfileId, TenantId};
use muster_core::profile::{Rule, Side};
use muster_runtime::http::{Acting, Code, Cursor, Problem};
use muster_service::acts::Came;
use muster_service::rights::{denied, requester};
use muster_store::ErrorKind;
use muster_store::devices::{DeviceFilter, Registrants};

use crate::model::{Attributes, Collection, Device, GivenPolicy, time};
use crate::{Api, batches, partner, words};

/// How many devices a page has.
const PAGE: usize = 100;
/// How often a page is filled up: each time about 2,000 devices of the tenant are looked at.
const LOOKS: usize = 10;
/// Of how many devices it is read at once which lists they are on.
const AT_ONCE: usize = 16;

/// The category of policies that there is.
pub(crate) const OOBE: &str = "o_o_b_e";

/// Lists the devices of a batch.
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    Path((_, batch)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let partner = partner(&acting)?;
    let cursor = Cursor::of(&["devices of a batch", &tenant.to_string(), partner.as_str(), &batch]);
    let mut mark = cursor
        .read(words::continuation(&headers)?)
        .map_err(|_| words::no_continuation())?;
    api.rights().may_see(&acting, tenant).await?;
    batches::known(&api, tenant, partner, &batch).await?;
    let filter = DeviceFilter {
        group_tag: Some(batch),
        registrants: Registrants::Partners,
        ..DeviceFilter::default()
    };
    let mut devices = Vec::new();
    for _ in 0..LOOKS {
        let wanted = PAGE.saturating_sub(devices.len());
        let page = look(&api, tenant, &filter, mark.as_deref(), wanted).await?;
        devices.extend(page.devices);
        mark = page.next;
        if mark.is_none() || devices.len() >= PAGE {
            break;
        }
    }
    if devices.len() >= PAGE && mark.is_some() {
        // The store does not know yet whether anything follows.
        let behind = look(&api, tenant, &filter, mark.as_deref(), 1).await?;
        if behind.devices.is_empty() && behind.next.is_none() {
            mark = None;
        }
    }
    let items = told(&api, tenant, devices).await?;
    Ok(Json(Collection::of(items, mark.map(|mark| cursor.write(&mark)))).into_response())
}

async fn look(
    api: &Api,
    tenant: TenantId,
    filter: &DeviceFilter,
    from: Option<&str>,
    limit: usize,
) -> Result<muster_store::devices::DevicePage, Problem> {
    let listed = api.function.devices.list(tenant, filter, from, limit).await;
    listed.map_err(|error| match error.kind() {
        ErrorKind::Rejected if from.is_some() => words::no_continuation(),
        _ => Problem::from(error),
    })
}

/// Devices as they are told, each with the policy that it was given.
pub(crate) async fn told(api: &Api, tenant: TenantId, devices: Vec<device::Device>) -> Result<Vec<Device>, Problem> {
    let policies = policies(api, tenant).await?;
    let names = names(api, &devices).await?;
    let told = stream::iter(devices).map(|device| one(api, &policies, &names, device));
    told.buffered(AT_ONCE).try_collect().await
}

/// What the partners are called that registered these devices.
async fn names(api: &Api, devices: &[device::Device]) -> Result<BTreeMap<PartnerId, String>, Problem> {
    let ids = devices.iter().filter_map(|device| device.registrant.partner());
    let ids: BTreeSet<PartnerId> = ids.cloned().collect();
    let mut names = BTreeMap::new();
    for id in ids {
        if let Some(partner) = api.function.partners.get(&id).await? {
            names.insert(id, partner.name);
        }
    }
    Ok(names)
}

async fn one(
    api: &Api,
    policies: &[ProfileId],
    names: &BTreeMap<PartnerId, String>,
    device: device::Device,
) -> Result<Device, Problem> {
    let lists = api.function.profiles.lists(&device.ids()).await?;
    Ok(Device {
        id: device.id.to_string(),
        serial_number: device.serial,
        product_key: device.pkid.map(|pkid| pkid.as_str().to_owned()),
        model_name: device.model,
        oem_manufacturer_name: device.manufacturer,
        policies: vec![GivenPolicy {
            key: OOBE,
            value: policy_of(&lists, policies).map(|id| id.to_string()),
        }],
        created_by: device.registrant.partner().and_then(|id| names.get(id)).cloned(),
        uploaded_date: time(device.registered_at),
        allowed_operations: ["GET", "PATCH", "DELETE"],
        attributes: Attributes::of("Device"),
    })
}

/// The policy that a device was given: of several, as native clients can give them, the one that applies.
fn policy_of(lists: &BTreeMap<ProfileId, Side>, policies: &[ProfileId]) -> Option<ProfileId> {
    let included = |id: &&ProfileId| lists.get(id) == Some(&Side::Include);
    policies.iter().find(included).copied()
}

/// The tenant's policies, which are the profiles that partners made, the oldest first.
pub(crate) async fn policies(api: &Api, tenant: TenantId) -> Result<Vec<ProfileId>, Problem> {
    let mut rules: Vec<Rule> = api.function.profiles.rules(tenant).await?;
    rules.retain(Rule::is_of_partners);
    rules.sort_by_key(|rule| (rule.created_at, rule.id));
    Ok(rules.into_iter().map(|rule| rule.id).collect())
}

/// A device of a batch that whoever acts may know of.
pub(crate) async fn known(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    batch: &str,
    id: &str,
) -> Result<device::Device, Problem> {
    batches::known(api, tenant, partner(acting)?, batch).await?;
    let id: DeviceId = id.parse().map_err(|_| Problem::not_found())?;
    let by = requester(acting);
    let found =
        api.function.devices.get(id).await?.filter(|device| {
            device.tenant == tenant && by.may_know(device) && device.group_tag.as_deref() == Some(batch)
        });
    found.ok_or_else(Problem::not_found)
}

/// Releases a device of a batch; one that is released already is as asked for.
pub(crate) async fn remove(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    Path((_, batch, device)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let acts = api.acts(&acting, tenant, Verb::Release).await?;
    let device = known(&api, &acting, tenant, &batch, &device).await?;
    match acts.release(device.id).await? {
        Came::Done(_) | Came::Unchanged(_) => Ok(StatusCode::NO_CONTENT),
        Came::Absent | Came::Overtaken(_) => Err(Problem::not_found()),
        Came::Retired(device) => Err(Problem::new(
            Code::Conflict,
            format!(
                "The device is {} and cannot be removed any more.",
                device.state.as_str()
            ),
        )),
        Came::Denied(denial) => Err(denied(denial)),
    }
}

/// Those ids that are named twice.
pub(crate) fn twice<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut seen = HashSet::new();
    let twice = ids.enumerate().filter(|(_, id)| !seen.insert(id.to_ascii_lowercase()));
    twice.map(|(at, _)| at).collect()
}
