//! Registered devices and the claims that hold their identities.

mod change;
mod complete;
mod list;
mod lookup;
mod rebind;
mod slice;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::device::Device;
use muster_core::id::{DeviceId, TenantId};
use muster_core::identity::IdentityKey;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{Item, read};
use crate::keys::{self, LIST_SHARDS, shard_of};
use crate::table::{Condition, Table};

#[cfg(test)]
pub(crate) use change::change_item;
pub use change::{Act, ChangePage, Released, Updated};
pub use complete::{Completed, Completion};
pub(crate) use list::mark;
pub use list::{DeviceFilter, DevicePage, Registrants};
pub use lookup::Lookup;
pub use rebind::{Holder, Rebound};
pub use slice::{MAX_ACTIONS, PlannedRow, Slice, SliceWritten, actions_of};
pub(crate) use slice::{claim_item, verdict};

/// Devices. Needs `dynamodb:GetItem`, `BatchGetItem`, `Query` (index `list`), and for writers `PutItem`, `DeleteItem`,
/// `ConditionCheckItem` on the table.
#[derive(Clone)]
pub struct Devices {
    table: Table,
}

/// A claim: which device holds an identity key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The device.
    pub device: DeviceId,
    /// Whose it is.
    pub tenant: TenantId,
}

impl Devices {
    /// The devices in this table.
    #[must_use]
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// The device of this id, as of now.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get(&self, id: DeviceId) -> Result<Option<Device>, StoreError> {
        self.table.get(&keys::device(id), true).await
    }

    /// The devices of these ids, as of now, in no particular order.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get_many(&self, ids: &[DeviceId]) -> Result<Vec<Device>, StoreError> {
        let keys: Vec<keys::Key> = ids.iter().map(|id| keys::device(*id)).collect();
        self.table.get_many(&keys, true).await?.into_iter().map(read).collect()
    }

    /// Which of these keys are held, and by whom. `consistent`: as of now; otherwise it may be a moment old.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn claims(
        &self,
        wanted: &[IdentityKey],
        consistent: bool,
    ) -> Result<HashMap<IdentityKey, Claim>, StoreError> {
        let keys: Vec<keys::Key> = wanted.iter().map(|key| keys::claim(*key)).collect();
        let mut claims = HashMap::with_capacity(keys.len());
        for item in self.table.get_many(&keys, consistent).await? {
            let key = item
                .get("pk")
                .and_then(|pk| pk.as_s().ok())
                .and_then(|pk| pk.strip_prefix("CLAIM#"))
                .and_then(|k| k.parse().ok());
            if let Some(key) = key {
                claims.insert(key, read(item)?);
            }
        }
        Ok(claims)
    }
}

/// The item of a device, in the tenant's list of devices in its state.
pub(crate) fn device_item(device: &Device) -> Result<Item, StoreError> {
    let (partition, sort) = listing(device);
    Ok(Item::new(&keys::device(device.id), device)?.listed(partition, sort))
}

/// Where a device stands in the index of lists.
pub(crate) fn listing(device: &Device) -> (String, String) {
    let shard = shard_of(&device.id.to_string(), LIST_SHARDS);
    (
        keys::device_list(device.tenant, device.state, shard),
        list::sort(device),
    )
}

/// The device is as it was seen, and registered.
fn unchanged(seen: &Device) -> Condition {
    Condition::new("#v = :seen AND #s = :registered")
        .name("#v", "version")
        .name("#s", "state")
        .value(":seen", AttributeValue::N(seen.version.to_string()))
        .value(":registered", AttributeValue::S("registered".to_owned()))
}

/// The claim is held by this device.
pub(crate) fn held_by(id: DeviceId) -> Condition {
    Condition::new("#d = :device")
        .name("#d", "device")
        .value(":device", AttributeValue::S(id.to_string()))
}
