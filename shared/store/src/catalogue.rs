//! The catalogue: what manufacturers made known, and which entries a PKID or a tuple leads to.

mod list;
mod slice;
#[cfg(test)]
mod tests;
mod withdraw;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::catalogue::{Entry, EntryId, EntryState};
use muster_core::identity::IdentityKey;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{Item, read};
use crate::keys::{self, LIST_SHARDS, shard_of};
use crate::table::{Action, Condition, TABLE_SCHEMA_VERSION, Table};

pub use list::{EntryFilter, EntryPage};
pub use slice::{EntrySlice, PlannedEntry, actions_of_entry};
pub use withdraw::{Withdrawal, Withdrawn};

/// The catalogue. Reading needs `dynamodb:GetItem`, `BatchGetItem` and `Query` (index `list`); listing and withdrawing also
/// `PutItem`, `UpdateItem`, `DeleteItem` and `ConditionCheckItem`.
#[derive(Clone)]
pub struct Catalogue {
    table: Table,
}

/// Which entries an identity leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// An item without any leads nowhere.
    #[serde(default)]
    pub(crate) entries: BTreeSet<EntryId>,
}

/// Which entries identities lead to; one that leads nowhere is absent.
pub type Leads = BTreeMap<IdentityKey, BTreeSet<EntryId>>;

/// What there is around some rows of a catalogue.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// The entries, by id.
    pub entries: HashMap<EntryId, Entry>,
    /// Where the identities lead.
    pub leads: Leads,
}

/// An entry that something was decided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntrySeen {
    /// The entry.
    pub id: EntryId,
    /// The version that was seen.
    pub version: u64,
}

impl From<&Entry> for EntrySeen {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.id,
            version: entry.version,
        }
    }
}

impl Catalogue {
    /// The catalogue in this table.
    #[must_use]
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// The entry of this id, as of now, listed or withdrawn.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get(&self, id: EntryId) -> Result<Option<Entry>, StoreError> {
        self.table.get(&keys::entry(id), true).await
    }

    /// The entries of these ids, as of now, in no particular order.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get_many(&self, ids: &[EntryId]) -> Result<Vec<Entry>, StoreError> {
        let keys: Vec<keys::Key> = ids.iter().map(|id| keys::entry(*id)).collect();
        self.table.get_many(&keys, true).await?.into_iter().map(read).collect()
    }

    /// The entries that these identities lead to, as of now, each once, in no particular order. One bulk read where they lead
    /// nowhere.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn led_to(&self, wanted: &BTreeSet<IdentityKey>) -> Result<Vec<Entry>, StoreError> {
        let ids: BTreeSet<EntryId> = self.leads(wanted).await?.into_values().flatten().collect();
        self.get_many(&ids.into_iter().collect::<Vec<_>>()).await
    }

    /// The entries of these ids and those that these identities lead to.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn around(&self, ids: &BTreeSet<EntryId>, wanted: &BTreeSet<IdentityKey>) -> Result<Around, StoreError> {
        // First where the identities lead: who writes by what is read here makes it conditional on that.
        let leads = self.leads(wanted).await?;
        let ids: BTreeSet<EntryId> = leads.values().flatten().chain(ids).copied().collect();
        let entries = self.get_many(&ids.into_iter().collect::<Vec<_>>()).await?;
        Ok(Around {
            entries: entries.into_iter().map(|entry| (entry.id, entry)).collect(),
            leads,
        })
    }

    /// Where these identities lead, as of now.
    pub(crate) async fn leads(&self, wanted: &BTreeSet<IdentityKey>) -> Result<Leads, StoreError> {
        let keys: Vec<keys::Key> = wanted.iter().map(|key| keys::known(*key)).collect();
        let mut leads = Leads::new();
        for item in self.table.get_many(&keys, true).await? {
            if let Some(key) = keys::known_key(&item) {
                leads.insert(key, read::<Known>(item)?.entries);
            }
        }
        leads.retain(|_, entries| !entries.is_empty());
        Ok(leads)
    }
}

/// The item of an entry; one that is listed stands in its manufacturer's list.
pub(crate) fn entry_item(entry: &Entry) -> Result<Item, StoreError> {
    let item = Item::new(&keys::entry(entry.id), entry)?;
    Ok(match listing(entry) {
        Some((partition, sort)) => item.listed(partition, sort),
        None => item,
    })
}

/// Where an entry stands in the index of lists.
pub(crate) fn listing(entry: &Entry) -> Option<(String, String)> {
    let shard = shard_of(&entry.id.to_string(), LIST_SHARDS);
    let listed = entry.state == EntryState::Listed;
    listed.then(|| (keys::entry_list(&entry.partner, shard), list::sort(entry)))
}

/// The entry is as it was seen.
pub(crate) fn as_seen(version: u64) -> Condition {
    Condition::new("#v = :seen")
        .name("#v", "version")
        .value(":seen", AttributeValue::N(version.to_string()))
}

/// Lets a transaction commit only while the entry is listed, as it was seen.
pub(crate) fn check_listed(seen: EntrySeen) -> Action {
    let condition = Condition {
        expression: "#v = :seen AND #s = :listed".to_owned(),
        ..as_seen(seen.version)
    };
    let condition = condition
        .name("#s", "state")
        .value(":listed", AttributeValue::S(EntryState::Listed.as_str().to_owned()));
    Action::Check(keys::entry(seen.id), condition)
}

/// Lets an identity lead to an entry, on the condition that it leads where it was seen to lead: two entries that each was
/// decided about without the other are not both written.
pub(crate) fn lead_to(key: IdentityKey, id: EntryId, seen: &BTreeSet<EntryId>) -> Action {
    let condition = leads_to(seen)
        .value(":entry", AttributeValue::Ss(vec![id.to_string()]))
        .value(":v", AttributeValue::N(TABLE_SCHEMA_VERSION.to_string()));
    Action::Update {
        key: keys::known(key),
        expression: "SET v = :v ADD #entries :entry".to_owned(),
        condition,
    }
}

/// An identity leads to these entries and to no others.
fn leads_to(seen: &BTreeSet<EntryId>) -> Condition {
    if seen.is_empty() {
        return Condition::new("attribute_not_exists(#entries)").name("#entries", "entries");
    }
    let mut condition = Condition::new("size(#entries) = :count")
        .name("#entries", "entries")
        .value(":count", AttributeValue::N(seen.len().to_string()));
    // An expression holds 300 operators at most (DynamoDB service quotas), and one identity never has as many entries.
    for (at, id) in seen.iter().take(100).enumerate() {
        condition
            .expression
            .push_str(&format!(" AND contains(#entries, :seen{at})"));
        condition = condition.value(&format!(":seen{at}"), AttributeValue::S(id.to_string()));
    }
    condition
}

/// Lets an identity lead to an entry no more. `only`: it leads to no other, as was seen.
pub(crate) fn lead_no_more(key: IdentityKey, id: EntryId, only: bool) -> Action {
    let condition = Condition::new("").name("#entries", "entries");
    if only {
        let condition = Condition {
            expression: "attribute_not_exists(#entries) OR (size(#entries) = :one AND contains(#entries, :id))"
                .to_owned(),
            ..condition
        };
        let condition = condition
            .value(":one", AttributeValue::N("1".to_owned()))
            .value(":id", AttributeValue::S(id.to_string()));
        return Action::Delete(keys::known(key), Some(condition));
    }
    let condition = Condition {
        expression: "attribute_exists(pk)".to_owned(),
        ..condition
    };
    Action::Update {
        key: keys::known(key),
        expression: "DELETE #entries :entry".to_owned(),
        condition: condition.value(":entry", AttributeValue::Ss(vec![id.to_string()])),
    }
}
