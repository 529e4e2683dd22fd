//! Rebinding: the parts of a new capture become those of a registered device.

use muster_core::device::{Device, DeviceState};
use muster_core::history::{Author, DeviceChange};
use muster_core::id::DeviceId;
use muster_core::record::Record;
use muster_core::repair::{self, Misfit, Notice, Rebinding};

use super::change::{TRIES, change_item, pause};
use super::{Act, Devices, claim_item, device_item, held_by, unchanged};
use crate::error::{ErrorKind, StoreError};
use crate::grants::check;
use crate::keys::{self, GRANT_SHARDS, shard_of};
use crate::table::{Action, Cancelled, Condition, Transacted};

/// What a rebind came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Rebound {
    /// The device has the new parts, and the old identities are free.
    Done(Box<Device>, Vec<Notice>),
    /// It had them before, and nothing was written.
    Unchanged(Box<Device>),
    /// There is no such device in this tenant that the requester may know of, or it is not registered.
    NotRegistered,
    /// It stands at this version, which is not the one that was asked for.
    Overtaken(u64),
    /// The consent does not allow it any more; [`Grants::denial`](crate::Grants::denial) says why.
    Refused,
    /// The capture is not that of this device after a repair.
    Misfit(Misfit),
    /// Another device holds some of the new identities.
    Held(Holder),
}

/// Who holds identities of a new board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// This device of the same tenant, of which the requester may know.
    Device(DeviceId),
    /// A device of the same tenant that the requester may not know of.
    Hidden,
    /// A device of another tenant.
    OtherTenant,
}

impl Devices {
    /// Makes the parts of `capture` those of a registered device: its claims, what the matcher compares, and its names. The old
    /// ones are kept in its history, with the reason. `version`: only if it stands at this one; a device that has these parts
    /// already is left alone whatever its version, so that a repeat is harmless. All is one transaction, with the consent.
    ///
    /// # Errors
    /// When the store is out of reach, or other writers were faster each time.
    pub async fn rebind(
        &self,
        id: DeviceId,
        capture: &Record,
        reason: &str,
        version: Option<u64>,
        act: &Act<'_>,
    ) -> Result<Rebound, StoreError> {
        const OPERATION: &str = "rebind a device";
        for (round, shard) in (0..TRIES).zip(shard_of(&id.to_string(), GRANT_SHARDS)..) {
            let Some(device) = self.registered(id, act).await? else {
                return Ok(Rebound::NotRegistered);
            };
            let rebinding = match repair::rebind(&device, capture, act.now) {
                Ok(rebinding) => rebinding,
                Err(misfit) => return Ok(Rebound::Misfit(misfit)),
            };
            if rebinding.device == device {
                return Ok(Rebound::Unchanged(Box::new(device)));
            }
            if version.is_some_and(|version| version != device.version) {
                return Ok(Rebound::Overtaken(device.version));
            }
            if let Some(holder) = self.holder_of(&rebinding, act).await? {
                return Ok(Rebound::Held(holder));
            }
            let new = Device {
                version: device.version + 1,
                changed_at: act.now,
                ..rebinding.device.clone()
            };
            let mut actions = vec![check(act.pin, shard, act.now)];
            append(&device, &new, &rebinding, reason, act, &mut actions)?;
            match self.table.transact(&actions).await? {
                Transacted::Done => return Ok(Rebound::Done(Box::new(new), rebinding.notices)),
                Transacted::Cancelled(reasons) if matches!(reasons.first(), Some(Cancelled::Condition(_))) => {
                    return Ok(Rebound::Refused);
                }
                Transacted::Cancelled(reasons) if !reasons.contains(&Cancelled::Invalid) => {
                    tokio::time::sleep(pause(id, round)).await;
                }
                _ => {
                    let refused = "the store refused the transaction";
                    return Err(StoreError::new(ErrorKind::Rejected, OPERATION, refused));
                }
            }
        }
        Err(StoreError::contended(OPERATION))
    }

    /// Who else holds an identity that the device would get. What is said of it is for people: the write is conditional.
    async fn holder_of(&self, rebinding: &Rebinding, act: &Act<'_>) -> Result<Option<Holder>, StoreError> {
        let claims = self.claims(&rebinding.new_keys, true).await?;
        let mut holders: Vec<(bool, DeviceId)> = claims
            .values()
            .map(|claim| (claim.tenant == act.pin.tenant, claim.device))
            .collect();
        // One of another tenant first: as long as there is one, releasing the others is in vain.
        holders.sort_unstable();
        let Some((own, id)) = holders.first().copied() else {
            return Ok(None);
        };
        if !own {
            return Ok(Some(Holder::OtherTenant));
        }
        Ok(match self.get(id).await? {
            // It is just being released; the write will show.
            Some(device) if device.state != DeviceState::Registered => None,
            Some(device) if act.by.may_know(&device) => Some(Holder::Device(id)),
            _ => Some(Holder::Hidden),
        })
    }
}

fn append(
    old: &Device,
    new: &Device,
    rebinding: &Rebinding,
    reason: &str,
    act: &Act<'_>,
    actions: &mut Vec<Action>,
) -> Result<(), StoreError> {
    let mut entry = DeviceChange::between(old, new, Author::Requester(act.by.clone()));
    entry.reason = Some(reason.to_owned());
    actions.push(Action::Put(device_item(new)?, Some(unchanged(old))));
    actions.push(Action::Put(change_item(new.id, &entry)?, None));
    for key in &rebinding.new_keys {
        actions.push(Action::Put(claim_item(*key, new)?, Some(Condition::absent())));
    }
    for key in &rebinding.freed_keys {
        actions.push(Action::Delete(keys::claim(*key), Some(held_by(new.id))));
    }
    Ok(())
}
