//! Contacts: when devices showed themselves, and what they were told.
//!
//! A contact is an item of its own: a device that boots changes no version of what people edit, and whoever serves it has no
//! right to write a device.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::deployment::{Answer, Contact};
use muster_core::device::Device;
use muster_core::id::DeviceId;
use muster_core::profile::Downloaded;
use muster_core::repair::Remediation;
use serde::Serialize;

use crate::error::StoreError;
use crate::item::read;
use crate::keys::{self, Key};
use crate::table::{Condition, TABLE_SCHEMA_VERSION, Table};

/// Contacts. Readers need `dynamodb:GetItem` and `BatchGetItem` on the table, writers `UpdateItem`.
#[derive(Clone)]
pub struct Contacts {
    table: Table,
}

/// What is recorded of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewContact {
    /// When.
    pub at: Timestamp,
    /// What the device is told.
    pub answer: Answer,
    /// The build of Windows that it names.
    pub os_build: Option<String>,
    /// The profile that it is given.
    pub profile: Option<Downloaded>,
    /// What its hardware asks for, where that is another thing than before.
    pub remediation: Option<Remediation>,
}

impl Contacts {
    /// The contacts in this table.
    #[must_use]
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// What is known of the contacts of a device, as of now; nothing where it never showed itself. `ids`: its own, and those of
    /// the devices that were merged into it ([`Device::ids`]); each is a read.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get(&self, ids: &[DeviceId]) -> Result<Contact, StoreError> {
        let mut known = Contact::default();
        for id in ids {
            if let Some(found) = self.table.get(&keys::contact(*id), true).await? {
                known = known.joined(found);
            }
        }
        Ok(known)
    }

    /// The same of several devices, in bulk; those that never showed themselves are absent.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get_many(&self, devices: &[&Device]) -> Result<HashMap<DeviceId, Contact>, StoreError> {
        let ids: Vec<DeviceId> = devices.iter().flat_map(|device| device.ids()).collect();
        let found = self.read_many(&ids).await?;
        let known = devices.iter().filter_map(|device| {
            let of_it = device.ids().into_iter().filter_map(|id| found.get(&id).cloned());
            Some((device.id, of_it.reduce(Contact::joined)?))
        });
        Ok(known.collect())
    }

    async fn read_many(&self, ids: &[DeviceId]) -> Result<HashMap<DeviceId, Contact>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| keys::contact(*id)).collect();
        let mut found = HashMap::with_capacity(keys.len());
        for item in self.table.get_many(&keys, true).await? {
            let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
            let kind = text("pk").zip(text("sk")).and_then(|(pk, sk)| keys::parse(&pk, &sk));
            if let Some(keys::Kind::Contact(id)) = kind {
                found.insert(id, read(item)?);
            }
        }
        Ok(found)
    }

    /// Records that a device showed itself. The same once more only moves the time.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn record(&self, id: DeviceId, new: &NewContact) -> Result<(), StoreError> {
        let mut write = Write::new()
            .set("lastAt", &new.at)?
            .set("answer", &new.answer)?
            .set_if_absent("firstAt", &new.at)?;
        if let Some(build) = &new.os_build {
            write = write.set("osBuild", build)?;
        }
        if let Some(profile) = &new.profile {
            write = write.set("profile", profile)?;
        }
        if let Some(remediation) = &new.remediation {
            write = write.set("remediation", remediation)?;
        }
        write.send(&self.table, &keys::contact(id)).await
    }

    /// Records since when the MDM service has a device enrolled, or that it has not. `ids`: its own first, and those of the
    /// devices that were merged into it, of which a report says nothing more.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn enrolled(&self, ids: &[DeviceId], since: Option<Timestamp>) -> Result<(), StoreError> {
        for (at, id) in ids.iter().enumerate() {
            let write = Write::new().set("enrolledAt", &since.filter(|_| at == 0))?;
            write.send(&self.table, &keys::contact(*id)).await?;
        }
        Ok(())
    }

    /// Records what a device asks for whose identity other hardware showed. `in_vain`: there is no such device, or nothing to
    /// record, and the write comes to nothing; it is made so that nobody can tell by the time that it takes.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn remark(&self, id: DeviceId, in_vain: bool, remediation: &Remediation) -> Result<(), StoreError> {
        let mut write = Write::new().set("remediation", remediation)?;
        if in_vain {
            "attribute_exists(pk) AND attribute_not_exists(pk)".clone_into(&mut write.values.expression);
        }
        write.send(&self.table, &keys::contact(id)).await
    }
}

/// An update under construction.
struct Write {
    sets: Vec<String>,
    values: Condition,
}

impl Write {
    fn new() -> Self {
        let version = AttributeValue::N(TABLE_SCHEMA_VERSION.to_string());
        Self {
            sets: vec!["v = :v".to_owned()],
            values: Condition::default().value(":v", version),
        }
    }

    fn set(self, name: &str, value: &impl Serialize) -> Result<Self, StoreError> {
        self.with(name, value, format!("#{name} = :{name}"))
    }

    fn set_if_absent(self, name: &str, value: &impl Serialize) -> Result<Self, StoreError> {
        self.with(name, value, format!("#{name} = if_not_exists(#{name}, :{name})"))
    }

    fn with(mut self, name: &str, value: &impl Serialize, expression: String) -> Result<Self, StoreError> {
        let value: AttributeValue =
            serde_dynamo::to_attribute_value(value).map_err(|e| StoreError::corrupt("write an item", e))?;
        self.sets.push(expression);
        self.values = self
            .values
            .name(&format!("#{name}"), name)
            .value(&format!(":{name}"), value);
        Ok(self)
    }

    async fn send(self, table: &Table, key: &Key) -> Result<(), StoreError> {
        let expression = format!("SET {}", self.sets.join(", "));
        // Where the condition does not hold, nothing is to be written.
        let _ = table.update(key, &expression, self.values).await?;
        Ok(())
    }
}
