//! What profiles say of devices that are shown: how far each is with the profile that it has.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use muster_core::deployment::Contact;
use muster_core::device::Device;
use muster_core::id::DeviceId;
use muster_core::profile::{AssignmentStatus, Rule, Target, explain};
use muster_runtime::http::Problem;
use serde_json::Value;

use crate::Api;
use crate::asked::Asked;
use crate::odata::{Entity, Options};
use crate::profiles;
use crate::wire::{self, Version};

/// How many devices' places on lists are looked up at once.
const AT_ONCE: usize = 16;

/// The properties that this is about.
const STATUS: &str = "deploymentProfileAssignmentStatus";
const DETAIL: &str = "deploymentProfileAssignmentDetailedStatus";
const MOMENT: &str = "deploymentProfileAssignedDateTime";

/// Adds it to the devices of a page, where somebody asks for it: in the beta, unless other properties are selected.
pub(super) async fn add(api: &Api, asked: &Asked, options: &Options, entities: &mut [Entity]) -> Result<(), Problem> {
    let told = [STATUS, DETAIL, MOMENT].iter().any(|name| options.tells(name));
    if asked.version == Version::V1 || !told || entities.is_empty() {
        return Ok(());
    }
    let rules = api.function.profiles.rules(asked.tenant).await?;
    let found: Vec<[Value; 3]> = if rules.is_empty() {
        vec![nothing(); entities.len()]
    } else {
        of_devices(api, &rules, entities).await?
    };
    for (entity, values) in entities.iter_mut().zip(found) {
        entity.extend([STATUS, DETAIL, MOMENT].into_iter().map(str::to_owned).zip(values));
    }
    Ok(())
}

/// What is said of a device that has no profile.
fn nothing() -> [Value; 3] {
    [
        name(AssignmentStatus::NotAssigned).into(),
        "none".into(),
        wire::moment(None),
    ]
}

async fn of_devices(api: &Api, rules: &[Rule], entities: &[Entity]) -> Result<Vec<[Value; 3]>, Problem> {
    let ids: Vec<Option<DeviceId>> = entities
        .iter()
        .map(|entity| entity.get("id")?.as_str()?.parse().ok())
        .collect();
    let asked: Vec<DeviceId> = ids.iter().copied().flatten().collect();
    let devices = api.function.devices.get_many(&asked).await?;
    let contacts = api
        .function
        .contacts
        .get_many(&devices.iter().collect::<Vec<_>>())
        .await?;
    let mut devices: HashMap<DeviceId, Device> = devices.into_iter().map(|device| (device.id, device)).collect();
    let in_order: Vec<Option<Device>> = ids.into_iter().map(|id| devices.remove(&id?)).collect();
    stream::iter(in_order)
        .map(|device| of_device(api, rules, device, &contacts))
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn of_device(
    api: &Api,
    rules: &[Rule],
    device: Option<Device>,
    contacts: &HashMap<DeviceId, Contact>,
) -> Result<[Value; 3], Problem> {
    let Some(device) = device else {
        return Ok(nothing());
    };
    let contact = contacts.get(&device.id).cloned().unwrap_or_default();
    let target = Target::of(&device, api.function.profiles.lists(&device.ids()).await?);
    let explanation = explain(&target, rules);
    let state = explanation.state(&target, contact.profile.as_ref());
    // A profile is a device's from the moment on that its rule says so: there is none at which it was assigned. The
    // moment at which the device got it is known.
    let got = contact.profile.as_ref().zip(explanation.chosen.as_ref());
    let got = got
        .filter(|(got, chosen)| got.profile == chosen.rule.id)
        .map(|(got, _)| got.at);
    Ok([
        name(state.status).into(),
        state.detail.as_str().into(),
        wire::moment(got),
    ])
}

/// The profile that a device has; null where it has none.
pub(super) async fn of(api: &Api, device: &Device) -> Result<Value, Problem> {
    let known = &api.function.profiles;
    let rules = known.rules(device.tenant).await?;
    let target = Target::of(device, known.lists(&device.ids()).await?);
    let Some(chosen) = explain(&target, &rules).chosen else {
        return Ok(Value::Null);
    };
    let found = known.get(device.tenant, chosen.rule.id).await?;
    Ok(found.map_or(Value::Null, |profile| profiles::entity(&profile).into()))
}

/// The status in Graph's spelling.
const fn name(status: AssignmentStatus) -> &'static str {
    match status {
        AssignmentStatus::AssignedUnknownSyncState => "assignedUnkownSyncState",
        other => other.as_str(),
    }
}
