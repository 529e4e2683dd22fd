//! Slices of a catalogue upload: one check of the manufacturer's grant, one receipt, and the entries of some rows with the
//! identities that lead to them.

use std::collections::BTreeSet;

use muster_core::Timestamp;
use muster_core::catalogue::{EntryDecision, EntryId};
use muster_core::grant::GrantPin;
use muster_core::identity::IdentityKey;

use super::{Catalogue, Leads, as_seen, entry_item, lead_to};
use crate::devices::{SliceWritten, verdict};
use crate::error::StoreError;
use crate::grants::check;
use crate::receipts::{Receipt, receipt_item};
use crate::table::{Action, Condition, Transacted};

/// A row and what was decided for it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedEntry {
    /// Its number.
    pub row: u64,
    /// What to do.
    pub decision: EntryDecision,
    /// Where the identities of the row led when that was decided.
    pub leads: Leads,
}

impl PlannedEntry {
    /// Lets an identity lead to the entry of this row, unless somebody listed or withdrew another one meanwhile.
    fn lead_to(&self, key: IdentityKey, id: EntryId) -> Action {
        let nowhere = BTreeSet::new();
        lead_to(key, id, self.leads.get(&key).unwrap_or(&nowhere))
    }
}

/// A slice to write.
#[derive(Debug)]
pub struct EntrySlice<'a> {
    /// The grant that it needs.
    pub pin: &'a GrantPin,
    /// The shard of the grant to check.
    pub shard: u32,
    /// The time of this attempt.
    pub now: Timestamp,
    /// The outcomes.
    pub receipt: &'a Receipt,
    /// The rows, in order.
    pub rows: &'a [PlannedEntry],
}

/// How many actions a decision needs: at most 33, since an entry has as many identities as a device may have.
#[must_use]
pub fn actions_of_entry(decision: &EntryDecision) -> usize {
    match decision {
        EntryDecision::Insert(entry) => 1 + entry.leading_keys().count(),
        EntryDecision::Update(change) => 1 + change.new_leads.len(),
        EntryDecision::Leave(_) => 0,
    }
}

impl Catalogue {
    /// Writes a slice, all or nothing.
    ///
    /// # Errors
    /// When the store is out of reach. Whether the slice was written is then open; a repeat finds its receipt.
    pub async fn write_slice(&self, slice: &EntrySlice<'_>) -> Result<SliceWritten, StoreError> {
        let mut actions = vec![
            check(slice.pin, slice.shard, slice.now),
            Action::Put(receipt_item(slice.receipt, slice.now)?, Some(Condition::absent())),
        ];
        let mut owners = Vec::new();
        for (at, row) in slice.rows.iter().enumerate() {
            let before = actions.len();
            match &row.decision {
                EntryDecision::Insert(entry) => {
                    actions.push(Action::Put(entry_item(entry)?, Some(Condition::absent())));
                    actions.extend(entry.leading_keys().map(|key| row.lead_to(key, entry.id)));
                }
                EntryDecision::Update(change) => {
                    let entry = &change.entry;
                    actions.push(Action::Put(entry_item(entry)?, Some(as_seen(change.before.version))));
                    actions.extend(change.new_leads.iter().map(|key| row.lead_to(*key, entry.id)));
                }
                EntryDecision::Leave(_) => {}
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
