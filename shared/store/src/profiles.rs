//! Deployment profiles.
//!
//! Beside its profiles a tenant has one item with the rules of all of them, which picking reads. It is written in the same
//! transaction as whatever changes it, on the condition that nobody else did: so there are never more profiles than
//! allowed, never two of one name, and never two defaults.

mod assigned;
mod devices;
mod list;
mod write;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::id::{DeviceId, ProfileId, TenantId};
use muster_core::profile::{Profile, Rule, Side};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{Item, read};
use crate::keys;
use crate::table::{Condition, Query, Table};

pub use assigned::{AssignedDevice, AssignedPage};
#[cfg(test)]
pub(crate) use devices::entry_item;
pub(crate) use devices::listing;
pub use devices::{ListOutcome, ListedDevice, ListedPage, Placed, Placing};
pub use list::{ProfileFilter, ProfilePage};
pub use write::{ProfileDeleted, ProfileWritten};

/// Deployment profiles, and the lists of devices that they name. Needs `dynamodb:GetItem`, `BatchGetItem`, `Query` (index
/// `list`), and for writers `PutItem`, `DeleteItem` and `ConditionCheckItem` on the table.
#[derive(Clone)]
pub struct Profiles {
    table: Table,
}

/// The rules of a tenant's profiles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rules {
    /// Counts every change; changes are conditional on it. 0: there is no such item yet.
    pub(crate) version: u64,
    /// One for each profile, in no particular order.
    pub(crate) rules: Vec<Rule>,
}

/// A device on a list of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) tenant: TenantId,
    pub(crate) device: DeviceId,
    pub(crate) profile: ProfileId,
    pub(crate) side: Side,
}

impl Profiles {
    /// The profiles in this table.
    #[must_use]
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// The rules of a tenant's profiles, as of now, in no particular order.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn rules(&self, tenant: TenantId) -> Result<Vec<Rule>, StoreError> {
        Ok(self.all_rules(tenant).await?.rules)
    }

    async fn all_rules(&self, tenant: TenantId) -> Result<Rules, StoreError> {
        let rules = self.table.get(&keys::profile_rules(tenant), true).await?;
        Ok(rules.unwrap_or_default())
    }

    /// A profile, as of now.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get(&self, tenant: TenantId, id: ProfileId) -> Result<Option<Profile>, StoreError> {
        self.table.get(&keys::profile(tenant, id), true).await
    }

    /// Those of these profiles that there are, in the order of the ids.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get_many(&self, tenant: TenantId, ids: &[ProfileId]) -> Result<Vec<Profile>, StoreError> {
        let keys: Vec<keys::Key> = ids.iter().map(|id| keys::profile(tenant, *id)).collect();
        let items = self.table.get_many(&keys, true).await?;
        let found = items.into_iter().map(read).collect::<Result<Vec<Profile>, _>>()?;
        let mut found: BTreeMap<ProfileId, Profile> = found.into_iter().map(|profile| (profile.id, profile)).collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// The lists of profiles that a device is on, as of now. `ids`: its own, then those of the devices that were merged into it
    /// ([`Device::ids`](muster_core::device::Device::ids)); each is a query, and of one profile the first counts.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn lists(&self, ids: &[DeviceId]) -> Result<BTreeMap<ProfileId, Side>, StoreError> {
        let mut lists = BTreeMap::new();
        for id in ids {
            let partition = keys::device_profiles(*id);
            let query = Query {
                partition: &partition,
                ..Query::default()
            };
            for item in self.table.query_all(query).await? {
                let entry: Entry = read(item)?;
                lists.entry(entry.profile).or_insert(entry.side);
            }
        }
        Ok(lists)
    }
}

/// The item of a profile.
pub(crate) fn profile_item(profile: &Profile) -> Result<Item, StoreError> {
    Item::new(&keys::profile(profile.tenant, profile.id), profile)
}

/// The item of a tenant's rules.
pub(crate) fn rules_item(tenant: TenantId, rules: &Rules) -> Result<Item, StoreError> {
    Item::new(&keys::profile_rules(tenant), rules)
}

/// The item stands at this version; 0: there is none.
pub(crate) fn at_version(version: u64) -> Condition {
    match version {
        0 => Condition::absent(),
        version => Condition::new("#version = :seen")
            .name("#version", "version")
            .value(":seen", AttributeValue::N(version.to_string())),
    }
}
