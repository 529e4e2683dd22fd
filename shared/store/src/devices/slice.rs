//! Slices: what one transaction writes of a batch.
//!
//! A transaction holds one check of the grant, one receipt with the outcomes of the slice's rows, and for each row its
//! device and claims. So a row is registered exactly when its receipt says so, and never without consent.

use muster_core::Timestamp;
use muster_core::decide::{Change, Decision, Marking};
use muster_core::device::{Device, DeviceState};
use muster_core::grant::GrantPin;
use muster_core::history::{Author, DeviceChange};
use muster_core::identity::IdentityKey;

use super::change::change_item;
use super::{Claim, Devices, device_item, held_by, unchanged};
use crate::catalogue::{EntrySeen, check_listed};
use crate::error::StoreError;
use crate::grants::check;
use crate::item::Item;
use crate::keys;
use crate::receipts::{Receipt, receipt_item};
use crate::table::{Action, Cancelled, Condition, Transacted};

/// How many actions of a transaction are left for rows: DynamoDB takes 100, and one checks the grant, one is the
/// receipt (DynamoDB service quotas).
pub const MAX_ACTIONS: usize = 98;

/// A row and what was decided for it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRow {
    /// Its number.
    pub row: u64,
    /// What to do.
    pub decision: Decision,
    /// The entry of the catalogue that the row leads to, which must still be listed when it is carried out.
    pub entry: Option<EntrySeen>,
}

/// A slice to write.
#[derive(Debug)]
pub struct Slice<'a> {
    /// The consent that it needs.
    pub pin: &'a GrantPin,
    /// The shard of the grant to check.
    pub shard: u32,
    /// The time of this attempt.
    pub now: Timestamp,
    /// The outcomes.
    pub receipt: &'a Receipt,
    /// The rows, in order.
    pub rows: &'a [PlannedRow],
}

/// What writing a slice came to.
#[derive(Debug, Clone, PartialEq)]
pub enum SliceWritten {
    /// All of it is written.
    Done,
    /// There is a receipt already: another worker was faster, or this is a replay.
    Repeated,
    /// The grant's shard does not allow it.
    Refused,
    /// The grant's shard is in use by another transaction.
    ShardBusy,
    /// What was decided for these rows (indices into the slice) no longer holds; `busy` where another transaction has
    /// their items at this moment.
    Stale {
        /// The rows.
        rows: Vec<usize>,
        /// Whether only time will help.
        busy: bool,
    },
    /// The store takes some row never.
    Invalid,
}

/// How many actions a decision needs: for a change at most 95, which fit one transaction, since a device has at most
/// [`MAX_KEYS`](muster_core::decide::MAX_KEYS) identities, those of the devices that end with it included. A device that
/// gives identities up absorbs none.
#[must_use]
pub fn actions_of(decision: &Decision) -> usize {
    match decision {
        Decision::Insert(device) => 1 + device.keys.len(),
        Decision::Leave(_) => 0,
        Decision::Mark(_) => 2,
        Decision::Update(change) => {
            2 + change.new_keys.len()
                + change.freed_keys.len()
                + change.absorbed.iter().map(|d| 2 + d.keys.len()).sum::<usize>()
        }
    }
}

impl Devices {
    /// Writes a slice, all or nothing.
    ///
    /// # Errors
    /// When the store is out of reach. Whether the slice was written is then open; a repeat finds its receipt.
    pub async fn write_slice(&self, slice: &Slice<'_>) -> Result<SliceWritten, StoreError> {
        let mut actions = vec![
            check(slice.pin, slice.shard, slice.now),
            Action::Put(receipt_item(slice.receipt, slice.now)?, Some(Condition::absent())),
        ];
        let mut owners = Vec::new();
        for (at, row) in slice.rows.iter().enumerate() {
            let before = actions.len();
            append(&row.decision, &mut actions)?;
            if actions.len() > before {
                actions.extend(row.entry.map(check_listed));
            }
            owners.resize(owners.len() + actions.len() - before, at);
        }
        match self.table.transact(&actions).await? {
            Transacted::Done => Ok(SliceWritten::Done),
            Transacted::Invalid => Ok(SliceWritten::Invalid),
            Transacted::Cancelled(reasons) => Ok(verdict(&reasons, &owners)),
        }
    }
}

pub(crate) fn verdict(reasons: &[Cancelled], owners: &[usize]) -> SliceWritten {
    let mut reasons = reasons.iter();
    let (check, receipt) = (reasons.next(), reasons.next());
    if matches!(receipt, Some(Cancelled::Condition(_))) {
        return SliceWritten::Repeated;
    }
    match check {
        Some(Cancelled::Condition(_)) => return SliceWritten::Refused,
        Some(Cancelled::Busy) => return SliceWritten::ShardBusy,
        _ => {}
    }
    let blamed: Vec<(usize, &Cancelled)> = owners
        .iter()
        .copied()
        .zip(reasons)
        .filter(|(_, reason)| **reason != Cancelled::Fine)
        .collect();
    if blamed.iter().any(|(_, reason)| **reason == Cancelled::Invalid) {
        return SliceWritten::Invalid;
    }
    let mut rows: Vec<usize> = blamed.iter().map(|(row, _)| *row).collect();
    rows.dedup();
    let busy = !blamed
        .iter()
        .any(|(_, reason)| matches!(reason, Cancelled::Condition(_)));
    SliceWritten::Stale { rows, busy }
}

fn append(decision: &Decision, actions: &mut Vec<Action>) -> Result<(), StoreError> {
    match decision {
        Decision::Leave(_) => {}
        Decision::Insert(device) => {
            actions.push(Action::Put(device_item(device)?, Some(Condition::absent())));
            for key in &device.keys {
                actions.push(Action::Put(claim_item(*key, device)?, Some(Condition::absent())));
            }
        }
        Decision::Update(change) => append_change(change, actions)?,
        Decision::Mark(marking) => append_marking(marking, actions)?,
    }
    Ok(())
}

fn append_marking(marking: &Marking, actions: &mut Vec<Action>) -> Result<(), StoreError> {
    let Marking {
        device, before, row, ..
    } = marking;
    let history = DeviceChange::between(before, device, Author::Row(row.clone()));
    actions.push(Action::Put(device_item(device)?, Some(unchanged(before))));
    actions.push(Action::Put(change_item(device.id, &history)?, None));
    Ok(())
}

pub(super) fn append_change(change: &Change, actions: &mut Vec<Action>) -> Result<(), StoreError> {
    let device = &change.device;
    let by = || match &change.catalogued_by {
        Some(partner) => Author::Catalogue(partner.clone()),
        None => Author::Row(change.row.clone()),
    };
    actions.push(Action::Put(device_item(device)?, Some(unchanged(&change.before))));
    let mut history = DeviceChange::between(&change.before, device, by());
    history.absorbed = change.absorbed.iter().map(|old| old.id).collect();
    // Whoever writes the version writes its entry: the condition on the device stands for both.
    actions.push(Action::Put(change_item(device.id, &history)?, None));
    for key in &change.new_keys {
        actions.push(Action::Put(claim_item(*key, device)?, Some(Condition::absent())));
    }
    for key in &change.freed_keys {
        actions.push(Action::Delete(keys::claim(*key), Some(held_by(device.id))));
    }
    for old in &change.absorbed {
        let merged = Device {
            version: old.version + 1,
            state: DeviceState::Merged,
            merged_into: Some(device.id),
            changed_at: device.changed_at,
            ..old.clone()
        };
        actions.push(Action::Put(device_item(&merged)?, Some(unchanged(old))));
        let history = DeviceChange::between(old, &merged, by());
        actions.push(Action::Put(change_item(old.id, &history)?, None));
        for key in &old.keys {
            actions.push(Action::Put(claim_item(*key, device)?, Some(held_by(old.id))));
        }
    }
    Ok(())
}

/// The item of a claim.
pub(crate) fn claim_item(key: IdentityKey, device: &Device) -> Result<Item, StoreError> {
    Item::new(
        &keys::claim(key),
        &Claim {
            device: device.id,
            tenant: device.tenant,
        },
    )
}
