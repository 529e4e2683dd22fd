//! Lists of a tenant's devices.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use muster_core::deployment::Contact;
use muster_core::device::{Device, DeviceState};
use muster_core::id::{DeviceId, PartnerId, TenantId, UploadId};
use muster_core::repair::{self, RemediationState};

use super::Devices;
use crate::contacts::Contacts;
use crate::error::{ErrorKind, StoreError};
use crate::item::{Attributes, key_attributes, read};
use crate::keys::{self, LIST_SHARDS, shard_of};
use crate::table::{Query, Range};

/// How many devices one call looks at. A list of which few pass the filter comes in short pages.
const MAX_READ: usize = 2000;
/// How many devices are read at once where some of them do not pass the filter.
const PAGE: usize = 500;
/// How many devices are read at once that should have one serial number.
const OF_ONE_SERIAL: usize = 100;

/// Which devices of a tenant are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// Those in this state.
    pub state: DeviceState,
    /// Those whose serial number begins so.
    pub serial_prefix: String,
    /// Those with this group tag.
    pub group_tag: Option<String>,
    /// Those that came from there.
    pub registrants: Registrants,
    /// Those that this upload registered.
    pub upload: Option<UploadId>,
    /// Those that need this, as uploads or boots showed it.
    pub remediation: Option<RemediationState>,
}

/// Who registered the devices that are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Registrants {
    /// Whoever.
    #[default]
    All,
    /// Some partner, and not the tenant itself.
    Partners,
    /// This partner.
    Partner(PartnerId),
}

impl DeviceFilter {
    /// Whether the device passes; of what it needs only [`Self::needs`] knows.
    fn admits(&self, device: &Device) -> bool {
        let serial = device.serial.as_deref().unwrap_or_default();
        let from = match &self.registrants {
            Registrants::All => true,
            Registrants::Partners => device.is_of_partners(),
            Registrants::Partner(id) => device.registrant.partner() == Some(id),
        };
        from && serial.starts_with(&self.serial_prefix)
            && self
                .group_tag
                .as_ref()
                .is_none_or(|tag| device.group_tag.as_ref() == Some(tag))
            && self.upload.as_ref().is_none_or(|id| device.source.upload == *id)
    }

    /// Whether the device needs what is asked for, given when it booted.
    fn needs(&self, device: &Device, contact: Option<&Contact>) -> bool {
        let at_boot = contact.and_then(|contact| contact.remediation.as_ref());
        self.remediation
            .is_none_or(|state| repair::current(device, at_boot).state == state)
    }

    /// Whether the index alone does not say which devices pass.
    fn looks_inside(&self) -> bool {
        self.group_tag.is_some()
            || self.upload.is_some()
            || self.remediation.is_some()
            || self.registrants != Registrants::All
    }
}

/// A page of devices.
#[derive(Debug, Clone)]
pub struct DevicePage {
    /// The devices, ordered by serial number within each of the index's partitions.
    pub devices: Vec<Device>,
    /// Where the next page begins; opaque.
    pub next: Option<String>,
}

impl Devices {
    /// Where a list goes on behind a device of it: what [`Self::list`] takes as `from`.
    #[must_use]
    pub fn behind(device: &Device) -> String {
        mark(device.id)
    }

    /// A page of a tenant's devices that pass the filter; may be a moment old. `from` is what the page before named as
    /// `next`. One call looks at 2,000 devices at most: a page that is shorter than `limit`, or empty, is the last one
    /// only if it names no `next`.
    ///
    /// # Errors
    /// When the store is out of reach; `Rejected` when `from` is no such mark.
    pub async fn list(
        &self,
        tenant: TenantId,
        filter: &DeviceFilter,
        from: Option<&str>,
        limit: usize,
    ) -> Result<DevicePage, StoreError> {
        let (mut shard, mut after) = match from {
            None => (0, None),
            Some(mark) => self.place_of(tenant, mark).await?,
        };
        let prefix = &filter.serial_prefix;
        let mut devices: Vec<Device> = Vec::new();
        let mut room = MAX_READ;
        while shard < LIST_SHARDS {
            let partition = keys::device_list(tenant, filter.state, shard);
            let start = after.take().map(|(sort, id)| list_key(&partition, sort, id));
            let wanted = limit - devices.len();
            let query = Query {
                index: Some("list"),
                partition: &partition,
                range: (!prefix.is_empty()).then(|| (Range::BeginsWith, AttributeValue::S(prefix.clone()))),
                from: start,
                limit: Some(
                    if filter.looks_inside() {
                        wanted.max(PAGE)
                    } else {
                        wanted
                    }
                    .min(room),
                ),
                backwards: false,
            };
            let page = self.table.query(query).await?;
            let more = page.next.is_some();
            let mut last = None;
            let found = page.items.into_iter().map(read).collect::<Result<Vec<Device>, _>>()?;
            let contacts = self.contacts_of(filter, &found).await?;
            for device in found {
                room = room.saturating_sub(1);
                last = Some((sort(&device), device.id));
                if filter.admits(&device) && filter.needs(&device, contacts.get(&device.id)) {
                    devices.push(device);
                }
                if devices.len() >= limit {
                    break;
                }
            }
            let full = devices.len() >= limit || room == 0;
            match last {
                Some((_, id)) if full => {
                    return Ok(DevicePage {
                        devices,
                        next: Some(mark(id)),
                    });
                }
                Some(place) if more => after = Some(place),
                _ => shard += 1,
            }
        }
        Ok(DevicePage { devices, next: None })
    }

    /// The tenant's registered devices that have exactly this serial number; may be a moment old. Two are enough to know that
    /// it is not one's alone, so others may be missing then.
    ///
    /// # Errors
    /// When the store is out of reach; `Rejected` where thousands of other serial numbers begin with this one and a `#`,
    /// which stands behind serial numbers in the index.
    pub async fn with_serial(&self, tenant: TenantId, serial: &str) -> Result<Vec<Device>, StoreError> {
        let shards = (0..LIST_SHARDS).map(|shard| self.with_serial_in(tenant, serial, shard));
        Ok(try_join_all(shards).await?.into_iter().flatten().collect())
    }

    async fn with_serial_in(&self, tenant: TenantId, serial: &str, shard: u32) -> Result<Vec<Device>, StoreError> {
        let partition = keys::device_list(tenant, DeviceState::Registered, shard);
        let (mut devices, mut from, mut looked) = (Vec::new(), None, 0);
        loop {
            let query = Query {
                index: Some("list"),
                partition: &partition,
                range: Some((Range::BeginsWith, AttributeValue::S(format!("{serial}#")))),
                from,
                limit: Some(OF_ONE_SERIAL),
                backwards: false,
            };
            let page = self.table.query(query).await?;
            looked += page.items.len();
            let found = page.items.into_iter().map(read).collect::<Result<Vec<Device>, _>>()?;
            devices.extend(found.into_iter().filter(|one| one.serial.as_deref() == Some(serial)));
            from = page.next;
            if from.is_none() || devices.len() > 1 {
                return Ok(devices);
            }
            if looked >= MAX_READ {
                let why = "too many serial numbers begin with this one";
                return Err(StoreError::new(ErrorKind::Rejected, "find a serial number", why));
            }
        }
    }

    /// When the devices booted that pass all else of the filter, where it asks for what boots show.
    async fn contacts_of(
        &self,
        filter: &DeviceFilter,
        found: &[Device],
    ) -> Result<HashMap<DeviceId, Contact>, StoreError> {
        if filter.remediation.is_none() {
            return Ok(HashMap::new());
        }
        let asked: Vec<&Device> = found.iter().filter(|device| filter.admits(device)).collect();
        Contacts::new(self.table.clone()).get_many(&asked).await
    }

    /// The place that a mark of this tenant's lists is for. A mark names the last device that was looked at, which whoever is
    /// given it may not be allowed to see: so it holds nothing of it but its id.
    async fn place_of(&self, tenant: TenantId, mark: &str) -> Result<(u32, After), StoreError> {
        let bad = || StoreError::new(ErrorKind::Rejected, "list devices", "the page mark is not one of ours");
        let (shard, id) = mark.split_once(':').ok_or_else(bad)?;
        let shard: u32 = shard.parse().ok().filter(|s| *s < LIST_SHARDS).ok_or_else(bad)?;
        let id: DeviceId = id.parse().map_err(|_| bad())?;
        let device = self.get(id).await?.filter(|device| device.tenant == tenant);
        let device = device.ok_or_else(bad)?;
        Ok((shard, Some((sort(&device), id))))
    }
}

/// The mark of a page that begins behind this device.
pub(crate) fn mark(id: DeviceId) -> String {
    format!("{}:{id}", shard_of(&id.to_string(), LIST_SHARDS))
}

/// The sort key of a device in a list.
pub(super) fn sort(device: &Device) -> String {
    format!("{}#{}", device.serial.as_deref().unwrap_or_default(), device.id)
}

fn list_key(partition: &str, sort: String, id: DeviceId) -> Attributes {
    let mut key = key_attributes(&keys::device(id));
    key.insert("lpk".to_owned(), AttributeValue::S(partition.to_owned()));
    key.insert("lsk".to_owned(), AttributeValue::S(sort));
    key
}

type After = Option<(String, DeviceId)>;
