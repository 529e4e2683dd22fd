//! Changes of one device by hand, and its history.
//!
//! A change is one transaction: the consent, the device as it was seen, and the history's entry of its new version.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::device::{Device, DeviceEdit, DeviceState};
use muster_core::grant::GrantPin;
use muster_core::history::{Author, DeviceChange, Requester};
use muster_core::id::DeviceId;
use muster_core::identity::IdentityKey;
use muster_core::repair::Remediation;

use super::{Devices, device_item, held_by, unchanged};
use crate::error::{ErrorKind, StoreError};
use crate::grants::check;
use crate::item::{Item, key_attributes, read};
use crate::keys::{self, GRANT_SHARDS, shard_of};
use crate::table::{Action, Cancelled, Query, Range, Transacted};

/// How often a change is tried while other writers have its items: about a third of a second in all.
pub(super) const TRIES: u32 = 10;
/// By how much the wait before the next try grows from try to try at most.
const PAUSE: Duration = Duration::from_millis(8);

/// An act on a device by hand.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// The consent that it needs; its tenant is the one whose devices are meant.
    pub pin: &'a GrantPin,
    /// Who acts. To a partner the devices that the tenant registered itself do not exist.
    pub by: &'a Requester,
    /// The time of this attempt.
    pub now: Timestamp,
}

/// What a release came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Released {
    /// The device is released, and its identities are free.
    Done(Box<Device>),
    /// There is no such device in this tenant that the requester may know of, or it is not registered.
    NotRegistered,
    /// The consent does not allow it any more; [`Grants::denial`](crate::Grants::denial) says why.
    Refused,
}

/// What an update came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Updated {
    /// The device is as it is here now.
    Done(Box<Device>),
    /// It was so before, and nothing was written.
    Unchanged(Box<Device>),
    /// There is no such device in this tenant that the requester may know of, or it is not registered.
    NotRegistered,
    /// It stands at this version, which is not the one that was asked for.
    Overtaken(u64),
    /// The consent does not allow it any more; [`Grants::denial`](crate::Grants::denial) says why.
    Refused,
}

/// A page of a device's history, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangePage {
    /// The changes. The last one of all is the registration.
    pub changes: Vec<DeviceChange>,
    /// The next page begins below this version.
    pub next: Option<u64>,
}

/// The entry of a change in the history of its device.
pub(crate) fn change_item(id: DeviceId, change: &DeviceChange) -> Result<Item, StoreError> {
    Item::new(&keys::device_change(id, change.version), change)
}

/// The wait after a try: longer each time, and another one for each device, so that those who met once do not meet again.
pub(super) fn pause(id: DeviceId, round: u32) -> Duration {
    const PARTS: u32 = 64;
    let part = shard_of(&format!("{id} {round}"), PARTS);
    let most = PAUSE * round.saturating_add(1);
    most / 2 + most / 2 * part / PARTS
}

impl Devices {
    /// Ends the association of a device with its tenant: its claims go, and it stays as `released`. The consent is
    /// checked in the same transaction. A second release says that it is not registered.
    ///
    /// # Errors
    /// When the store is out of reach, or other writers were faster each time.
    pub async fn release(&self, id: DeviceId, act: &Act<'_>) -> Result<Released, StoreError> {
        let release = |device: &Device| {
            Ok(Device {
                state: DeviceState::Released,
                remediation: device.remediation.clone().map(|seen| match seen.is_open() {
                    true => Remediation::done(act.now),
                    false => seen,
                }),
                ..device.clone()
            })
        };
        Ok(match self.rewrite(id, act, "release a device", release).await? {
            Ok(device) => Released::Done(device),
            Err(Updated::Refused) => Released::Refused,
            Err(_) => Released::NotRegistered,
        })
    }

    /// Changes a registered device. `version`: only if it stands at this one; a device that is already as asked for is
    /// left alone whatever its version, so that a repeat is harmless. The consent is checked in the same transaction.
    ///
    /// # Errors
    /// When the store is out of reach, or other writers were faster each time.
    pub async fn update(
        &self,
        id: DeviceId,
        edit: &DeviceEdit,
        version: Option<u64>,
        act: &Act<'_>,
    ) -> Result<Updated, StoreError> {
        let change = |device: &Device| {
            let new = edit.apply(device);
            if new == *device {
                return Err(Updated::Unchanged(Box::new(new)));
            }
            match version {
                Some(version) if version != device.version => Err(Updated::Overtaken(device.version)),
                _ => Ok(new),
            }
        };
        let written = self.rewrite(id, act, "update a device", change).await?;
        Ok(written.map_or_else(|other| other, Updated::Done))
    }

    /// The device, where it is registered and the requester may know of it.
    pub(super) async fn registered(&self, id: DeviceId, act: &Act<'_>) -> Result<Option<Device>, StoreError> {
        Ok(self.get(id).await?.filter(|device| {
            device.tenant == act.pin.tenant && device.state == DeviceState::Registered && act.by.may_know(device)
        }))
    }

    /// Writes what `change` makes of a registered device, with its entry in the history; claims go with the registration.
    async fn rewrite(
        &self,
        id: DeviceId,
        act: &Act<'_>,
        operation: &'static str,
        change: impl Fn(&Device) -> Result<Device, Updated>,
    ) -> Result<Result<Box<Device>, Updated>, StoreError> {
        for (round, shard) in (0..TRIES).zip(shard_of(&id.to_string(), GRANT_SHARDS)..) {
            let Some(device) = self.registered(id, act).await? else {
                return Ok(Err(Updated::NotRegistered));
            };
            let mut new = match change(&device) {
                Ok(new) => new,
                Err(other) => return Ok(Err(other)),
            };
            new.version += 1;
            new.changed_at = act.now;
            let entry = DeviceChange::between(&device, &new, Author::Requester(act.by.clone()));
            let mut actions = vec![
                check(act.pin, shard, act.now),
                Action::Put(device_item(&new)?, Some(unchanged(&device))),
                Action::Put(change_item(id, &entry)?, None),
            ];
            if new.state != DeviceState::Registered {
                let free = |key: &IdentityKey| Action::Delete(keys::claim(*key), Some(held_by(id)));
                actions.extend(device.keys.iter().map(free));
            }
            match self.table.transact(&actions).await? {
                Transacted::Done => return Ok(Ok(Box::new(new))),
                Transacted::Cancelled(reasons) if matches!(reasons.first(), Some(Cancelled::Condition(_))) => {
                    return Ok(Err(Updated::Refused));
                }
                Transacted::Cancelled(reasons) if !reasons.contains(&Cancelled::Invalid) => {
                    tokio::time::sleep(pause(id, round)).await;
                }
                _ => {
                    return Err(StoreError::new(
                        ErrorKind::Rejected,
                        operation,
                        "the store refused the transaction",
                    ));
                }
            }
        }
        Err(StoreError::contended(operation))
    }

    /// At most `limit` (at least 1) changes of a device, newest first, below the version `below`. Of versions that an
    /// older Muster wrote there may be no entry.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn history(&self, device: &Device, below: Option<u64>, limit: usize) -> Result<ChangePage, StoreError> {
        let key = keys::device(device.id);
        let query = Query {
            partition: &key.pk,
            range: Some((Range::BeginsWith, AttributeValue::S(keys::DEVICE_CHANGES.to_owned()))),
            from: below.map(|version| key_attributes(&keys::device_change(device.id, version))),
            limit: Some(limit),
            backwards: true,
            ..Query::default()
        };
        let page = self.table.query(query).await?;
        let whole = page.next.is_none();
        let mut changes = page
            .items
            .into_iter()
            .map(read)
            .collect::<Result<Vec<DeviceChange>, _>>()?;
        // A page also ends where it is a megabyte long.
        if whole && changes.len() < limit && below != Some(1) {
            changes.push(DeviceChange::first(device));
        }
        let next = changes.last().map(|last| last.version).filter(|version| *version > 1);
        Ok(ChangePage { changes, next })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use muster_core::id::UploadId;

    use super::*;

    #[test]
    fn devices_that_met_wait_for_different_times_and_longer_each_time() {
        let upload = UploadId::of_object("b", "k", "1");
        let devices: Vec<DeviceId> = (1..=100).map(|row| DeviceId::of_row(&upload, row)).collect();
        for round in 0..TRIES {
            let pauses: BTreeSet<Duration> = devices.iter().map(|id| pause(*id, round)).collect();
            assert!(pauses.len() > 30, "{round}: {pauses:?}");
            let most = PAUSE * (round + 1);
            assert!(
                pauses.iter().all(|pause| (most / 2..most).contains(pause)),
                "{round}: {pauses:?}"
            );
        }
        let all = |id: &DeviceId| (0..TRIES).map(|round| pause(*id, round)).sum::<Duration>();
        assert!(devices.iter().all(|id| all(id) < Duration::from_millis(440)));
    }
}
