//! Registered devices and the claims that hold their identities.

mod slice;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::device::{Device, DeviceState};
use muster_core::grant::GrantPin;
use muster_core::id::{DeviceId, TenantId};
use muster_core::identity::IdentityKey;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::grants::check;
use crate::item::{Item, read};
use crate::keys::{self, GRANT_SHARDS, LIST_SHARDS, shard_of};
use crate::table::{Action, Cancelled, Condition, Query, Range, Table, Transacted};

pub(crate) use slice::claim_item;
pub use slice::{MAX_ACTIONS, PlannedRow, Slice, SliceWritten, actions_of};

/// How often a release is tried while other writers have its items: a quarter of a second in all.
const RELEASE_TRIES: u64 = 10;

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

/// A page of devices.
#[derive(Debug, Clone)]
pub struct DevicePage {
    /// The devices, ordered by serial number within each of the index's partitions.
    pub devices: Vec<Device>,
    /// Where the next page begins; opaque.
    pub next: Option<String>,
}

/// What a release came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Released {
    /// The device is released, and its identities are free.
    Done(Box<Device>),
    /// There is no such device in this tenant, or it is not registered.
    NotRegistered,
    /// The consent does not allow it any more; [`Grants::denial`](crate::Grants::denial) says why.
    Refused,
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

    /// A page of a tenant's registered devices whose serial number begins with `serial_prefix`. `from` is what the
    /// page before named as `next`; another text gives the first page's error.
    ///
    /// # Errors
    /// When the store is out of reach, or `from` is no such mark.
    pub async fn list(
        &self,
        tenant: TenantId,
        serial_prefix: &str,
        from: Option<&str>,
        limit: usize,
    ) -> Result<DevicePage, StoreError> {
        let (mut shard, mut after) = match from {
            None => (0, None),
            Some(mark) => mark_parts(mark)?,
        };
        let mut devices: Vec<Device> = Vec::new();
        while shard < LIST_SHARDS {
            let partition = keys::device_list(tenant, shard);
            let start = after.take().map(|(sort, id)| list_key(&partition, sort, id));
            let query = Query {
                index: Some("list"),
                partition: &partition,
                range: (!serial_prefix.is_empty())
                    .then(|| (Range::BeginsWith, AttributeValue::S(serial_prefix.to_owned()))),
                from: start,
                limit: Some(limit - devices.len()),
                backwards: false,
            };
            let page = self.table.query(query).await?;
            let more = page.next.is_some();
            for item in page.items {
                devices.push(read(item)?);
            }
            if devices.len() >= limit {
                let next = devices.last().map(|last| mark_of(shard, last));
                return Ok(DevicePage { devices, next });
            }
            match devices.last() {
                Some(last) if more => after = Some((list_sort(last), last.id)),
                _ => shard += 1,
            }
        }
        Ok(DevicePage { devices, next: None })
    }

    /// Ends the association of a device with the tenant of `pin`: its claims go, and it stays as `released`. The consent
    /// is checked in the same transaction. A second release says that it is not registered.
    ///
    /// # Errors
    /// When the store is out of reach, or other writers were faster each time.
    pub async fn release(&self, id: DeviceId, pin: &GrantPin, now: Timestamp) -> Result<Released, StoreError> {
        const OPERATION: &str = "release a device";
        for (round, shard) in (0..RELEASE_TRIES).zip(shard_of(&id.to_string(), GRANT_SHARDS)..) {
            let Some(device) = self.get(id).await? else {
                return Ok(Released::NotRegistered);
            };
            if device.tenant != pin.tenant || device.state != DeviceState::Registered {
                return Ok(Released::NotRegistered);
            }
            let mut released = device.clone();
            released.version += 1;
            released.state = DeviceState::Released;
            released.changed_at = now;
            let mut actions = vec![
                check(pin, shard, now),
                Action::Put(device_item(&released)?, Some(unchanged(&device))),
            ];
            actions.extend(
                device
                    .keys
                    .iter()
                    .map(|key| Action::Delete(keys::claim(*key), Some(held_by(id)))),
            );
            match self.table.transact(&actions).await? {
                Transacted::Done => return Ok(Released::Done(Box::new(released))),
                Transacted::Cancelled(reasons) if matches!(reasons.first(), Some(Cancelled::Condition(_))) => {
                    return Ok(Released::Refused);
                }
                Transacted::Cancelled(reasons) if !reasons.contains(&Cancelled::Invalid) => {
                    tokio::time::sleep(Duration::from_millis(5 * round)).await;
                }
                _ => {
                    return Err(StoreError::new(
                        crate::ErrorKind::Rejected,
                        OPERATION,
                        "the store refused the transaction",
                    ));
                }
            }
        }
        Err(StoreError::contended(OPERATION))
    }
}

/// The item of a device; it is in the tenant's list only while it is registered.
pub(crate) fn device_item(device: &Device) -> Result<Item, StoreError> {
    let item = Item::new(&keys::device(device.id), device)?;
    Ok(match listing(device) {
        Some((partition, sort)) => item.listed(partition, sort),
        None => item,
    })
}

/// Where a device stands in the index of lists; nowhere unless it is registered.
pub(crate) fn listing(device: &Device) -> Option<(String, String)> {
    let shard = shard_of(&device.id.to_string(), LIST_SHARDS);
    let partition = keys::device_list(device.tenant, shard);
    (device.state == DeviceState::Registered).then(|| (partition, list_sort(device)))
}

fn list_sort(device: &Device) -> String {
    format!("{}#{}", device.serial.as_deref().unwrap_or_default(), device.id)
}

fn list_key(partition: &str, sort: String, id: DeviceId) -> crate::item::Attributes {
    let mut key = crate::item::key_attributes(&keys::device(id));
    key.insert("lpk".to_owned(), AttributeValue::S(partition.to_owned()));
    key.insert("lsk".to_owned(), AttributeValue::S(sort));
    key
}

fn mark_of(shard: u32, last: &Device) -> String {
    format!("{shard}:{}:{}", last.id, last.serial.as_deref().unwrap_or_default())
}

type After = Option<(String, DeviceId)>;

fn mark_parts(mark: &str) -> Result<(u32, After), StoreError> {
    let bad = || {
        StoreError::new(
            crate::ErrorKind::Rejected,
            "list devices",
            "the page mark is not one of ours",
        )
    };
    let mut parts = mark.splitn(3, ':');
    let (shard, id, serial) = (parts.next(), parts.next(), parts.next());
    let shard: u32 = shard
        .and_then(|s| s.parse().ok())
        .filter(|s| *s < LIST_SHARDS)
        .ok_or_else(bad)?;
    let id: DeviceId = id.and_then(|i| i.parse().ok()).ok_or_else(bad)?;
    Ok((shard, Some((format!("{}#{id}", serial.unwrap_or_default()), id))))
}

/// The device is as it was seen.
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
