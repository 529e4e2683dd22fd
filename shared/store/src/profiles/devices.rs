//! Devices that a profile names one by one.
//!
//! A device is on one list of a profile at most: of those that get it, or of those that never do. Each change of the lists
//! is a version of the profile, so that it knows how many it names, and cannot be deleted meanwhile.

use std::collections::{BTreeSet, HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::device::{Device, DeviceState};
use muster_core::id::{DeviceId, ProfileId, TenantId};
use muster_core::profile::{Profile, Side};

use super::write::{Tried, grant_shard, pause};
use super::{Entry, Profiles, at_version, profile_item};
use crate::devices::{Act, Devices};
use crate::error::{ErrorKind, StoreError};
use crate::grants::check;
use crate::item::{Item, key_attributes, read};
use crate::keys;
use crate::table::{Action, Condition, Query, Range};

/// How many devices one transaction puts on lists: it has 100 actions at most.
const CHUNK: usize = 90;
/// How many places it writes: consent and profile are two more actions.
const MOST: usize = 98;
/// How often a change is tried while other writers have its items.
const TRIES: u64 = 40;
const OPERATION: &str = "put devices on a profile's lists";

/// Where a device is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placing {
    /// The device.
    pub device: DeviceId,
    /// On which list; on none, where there is nothing.
    pub side: Option<Side>,
    /// Also where it is on the other list; otherwise that is a contradiction.
    pub moves: bool,
}

/// What became of a device that was to be put on a list, or taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListOutcome {
    /// It is on the list now.
    Added,
    /// It is on no list now.
    Removed,
    /// It was so before.
    Unchanged,
    /// There is no such registered device in this tenant that the requester may know of.
    NotRegistered,
    /// It is on the other list.
    OnOtherList,
    /// The profile is for all devices, and so excludes none.
    AllDevices,
    /// The tenant registered it itself, and a partner made the profile.
    NotOfPartner,
}

/// What a change of a profile's lists came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// One outcome for each device, in order.
    Done(Vec<ListOutcome>),
    /// There is no such profile in this tenant that the requester may know of.
    Absent,
    /// The consent does not allow it any more; [`Grants::denial`](crate::Grants::denial) says why.
    Refused,
}

/// A device on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedDevice {
    /// The device.
    pub device: DeviceId,
    /// On which list.
    pub side: Side,
}

/// A page of the devices that a profile names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPage {
    /// The devices: those that get it, then those that do not, by id.
    pub devices: Vec<ListedDevice>,
    /// Where the next page begins.
    pub next: Option<ListedDevice>,
}

/// The item of a device on a list.
pub(crate) fn entry_item(entry: &Entry) -> Result<Item, StoreError> {
    let (partition, sort) = listing(entry);
    Ok(Item::new(&keys::device_profile(entry.device, entry.profile), entry)?.listed(partition, sort))
}

/// Where an entry stands in the index of lists.
pub(crate) fn listing(entry: &Entry) -> (String, String) {
    let sort = format!("{}{}", side_prefix(entry.side), entry.device);
    (keys::profile_devices(entry.profile), sort)
}

/// What the sort keys of one list begin with; those that get the profile come first.
fn side_prefix(side: Side) -> String {
    let order = match side {
        Side::Include => 0,
        Side::Exclude => 1,
    };
    format!("{order}#{}#", side.as_str())
}

impl Profiles {
    /// Puts devices on the lists of a profile, or takes them off; each device once. Of more than 90 devices some may be
    /// placed before an error comes; the same again goes on with the rest.
    ///
    /// # Errors
    /// When the store is out of reach, or other writers were faster each time; `Rejected` where a device comes twice.
    pub async fn place(&self, id: ProfileId, wanted: &[Placing], act: &Act<'_>) -> Result<Placed, StoreError> {
        let once: HashSet<DeviceId> = wanted.iter().map(|placing| placing.device).collect();
        if once.len() < wanted.len() {
            return Err(StoreError::new(ErrorKind::Rejected, OPERATION, "a device comes twice"));
        }
        let mut outcomes = Vec::with_capacity(wanted.len());
        while let Some(rest) = wanted.get(outcomes.len()..).filter(|rest| !rest.is_empty()) {
            let chunk = rest.get(..CHUNK).unwrap_or(rest);
            match self.place_some(id, chunk, act).await? {
                Placed::Done(placed) => outcomes.extend(placed),
                other => return Ok(other),
            }
        }
        Ok(Placed::Done(outcomes))
    }

    /// The outcomes of the first of these devices, at least one: as many as one transaction takes.
    async fn place_some(&self, id: ProfileId, wanted: &[Placing], act: &Act<'_>) -> Result<Placed, StoreError> {
        let ids: Vec<DeviceId> = wanted.iter().map(|placing| placing.device).collect();
        for round in 0..TRIES {
            let Some(old) = self.known(act.pin.tenant, id, act).await? else {
                return Ok(Placed::Absent);
            };
            let devices = Devices::new(self.table.clone()).get_many(&ids).await?;
            let devices: HashMap<DeviceId, Device> = devices.into_iter().map(|device| (device.id, device)).collect();
            let places = self.places(id, &ids, &devices).await?;
            let mut profile = Profile {
                version: old.version + 1,
                modified_at: act.now,
                ..old.clone()
            };
            let (mut outcomes, mut actions) = (Vec::new(), Vec::new());
            for placing in wanted {
                let held = places.get(&placing.device).map(Vec::as_slice).unwrap_or_default();
                let side = held.first().map(|(_, side)| *side);
                let outcome = judge(placing, side, devices.get(&placing.device), &old, act);
                if matches!(outcome, ListOutcome::Added | ListOutcome::Removed) {
                    let moved = moves(placing, held, &old)?;
                    if !actions.is_empty() && actions.len() + moved.len() > MOST {
                        break;
                    }
                    actions.extend(moved);
                    count(&mut profile, held, placing.side);
                }
                outcomes.push(outcome);
            }
            if actions.is_empty() {
                return Ok(Placed::Done(outcomes));
            }
            actions.insert(0, check(act.pin, grant_shard(id, round), act.now));
            actions.push(Action::Put(profile_item(&profile)?, Some(at_version(old.version))));
            match self.attempt(&actions, OPERATION).await? {
                Tried::Done => return Ok(Placed::Done(outcomes)),
                Tried::Refused => return Ok(Placed::Refused),
                Tried::Again => pause(id, round).await,
            }
        }
        Err(StoreError::contended(OPERATION))
    }

    /// The places of these devices on the lists of a profile: its own first, then those of the devices that were merged into it.
    pub(super) async fn places(
        &self,
        profile: ProfileId,
        ids: &[DeviceId],
        devices: &HashMap<DeviceId, Device>,
    ) -> Result<HashMap<DeviceId, Vec<(DeviceId, Side)>>, StoreError> {
        let ids_of = |id: &DeviceId| devices.get(id).map_or_else(|| vec![*id], Device::ids);
        let all: BTreeSet<DeviceId> = ids.iter().flat_map(ids_of).collect();
        let keys: Vec<keys::Key> = all.iter().map(|id| keys::device_profile(*id, profile)).collect();
        let items = self.table.get_many(&keys, true).await?.into_iter();
        let entries = items.map(read).collect::<Result<Vec<Entry>, _>>()?;
        let sides: HashMap<DeviceId, Side> = entries.into_iter().map(|entry| (entry.device, entry.side)).collect();
        let places = ids.iter().map(|id| {
            let of_it = ids_of(id).into_iter();
            let held = of_it.filter_map(|place| Some((place, *sides.get(&place)?)));
            (*id, held.collect())
        });
        Ok(places.collect())
    }

    /// A page of the devices that a profile names, behind `after`; may be a moment old. `side`: of this list only.
    ///
    /// # Errors
    /// When the store is out of reach; `Rejected` where `after` is on the other list.
    pub async fn listed(
        &self,
        tenant: TenantId,
        profile: ProfileId,
        side: Option<Side>,
        after: Option<ListedDevice>,
        limit: usize,
    ) -> Result<ListedPage, StoreError> {
        if after.zip(side).is_some_and(|(after, side)| after.side != side) {
            let message = "the page mark is not one of this list";
            return Err(StoreError::new(
                ErrorKind::Rejected,
                "list a profile's devices",
                message,
            ));
        }
        let partition = keys::profile_devices(profile);
        let from = after.map(|after| {
            let entry = Entry {
                tenant,
                device: after.device,
                profile,
                side: after.side,
            };
            let (lpk, lsk) = listing(&entry);
            let mut key = key_attributes(&keys::device_profile(entry.device, profile));
            key.insert("lpk".to_owned(), AttributeValue::S(lpk));
            key.insert("lsk".to_owned(), AttributeValue::S(lsk));
            key
        });
        let query = Query {
            index: Some("list"),
            partition: &partition,
            range: side.map(|side| (Range::BeginsWith, AttributeValue::S(side_prefix(side)))),
            from,
            limit: Some(limit.max(1)),
            ..Query::default()
        };
        let page = self.table.query(query).await?;
        let more = page.next.is_some();
        let entries = page.items.into_iter().map(read).collect::<Result<Vec<Entry>, _>>()?;
        let listed = |entry: Entry| ListedDevice {
            device: entry.device,
            side: entry.side,
        };
        let devices: Vec<ListedDevice> = entries.into_iter().map(listed).collect();
        Ok(ListedPage {
            next: devices.last().copied().filter(|_| more),
            devices,
        })
    }
}

/// What is to become of a device that is on this list now.
fn judge(
    placing: &Placing,
    now: Option<Side>,
    device: Option<&Device>,
    profile: &Profile,
    act: &Act<'_>,
) -> ListOutcome {
    let known = device.filter(|device| device.tenant == profile.tenant && act.by.may_know(device));
    let Some(wanted) = placing.side else {
        return match (now, known) {
            (Some(_), Some(_)) => ListOutcome::Removed,
            (None, Some(_)) => ListOutcome::Unchanged,
            (_, None) => ListOutcome::NotRegistered,
        };
    };
    let Some(device) = known.filter(|device| device.state == DeviceState::Registered) else {
        return ListOutcome::NotRegistered;
    };
    match now {
        _ if profile.is_of_partners() && !device.is_of_partners() => ListOutcome::NotOfPartner,
        Some(now) if now == wanted => ListOutcome::Unchanged,
        _ if wanted == Side::Exclude && profile.assignment.all_devices => ListOutcome::AllDevices,
        Some(_) if !placing.moves => ListOutcome::OnOtherList,
        _ => ListOutcome::Added,
    }
}

/// The writes that put a device where it is to be, from where it is: under its own id, or that of one that was merged into it.
fn moves(placing: &Placing, held: &[(DeviceId, Side)], profile: &Profile) -> Result<Vec<Action>, StoreError> {
    let as_seen = |side: Side| {
        Condition::new("#side = :side")
            .name("#side", "side")
            .value(":side", AttributeValue::S(side.as_str().to_owned()))
    };
    let own = held.iter().find(|(id, _)| *id == placing.device);
    let mut actions = Vec::new();
    if let Some(side) = placing.side {
        let entry = Entry {
            tenant: profile.tenant,
            device: placing.device,
            profile: profile.id,
            side,
        };
        let condition = own.map_or_else(Condition::absent, |(_, now)| as_seen(*now));
        actions.push(Action::Put(entry_item(&entry)?, Some(condition)));
    }
    let leaves = held
        .iter()
        .filter(|(id, _)| placing.side.is_none() || *id != placing.device);
    actions
        .extend(leaves.map(|(id, side)| Action::Delete(keys::device_profile(*id, profile.id), Some(as_seen(*side)))));
    Ok(actions)
}

/// Counts what a profile names.
fn count(profile: &mut Profile, before: &[(DeviceId, Side)], after: Option<Side>) {
    let mut add = |side: Option<Side>, sign: i64| {
        let place = match side {
            None => return,
            Some(Side::Include) => &mut profile.included_devices,
            Some(Side::Exclude) => &mut profile.excluded_devices,
        };
        *place = place.saturating_add_signed(sign);
    };
    for (_, side) in before {
        add(Some(*side), -1);
    }
    add(after, 1);
}
