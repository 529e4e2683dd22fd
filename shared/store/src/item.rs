//! From domain values to items and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::keys::{DUE_SHARDS, Key, due_list, shard_of};
use crate::table::TABLE_SCHEMA_VERSION;

/// Attributes by name.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// An item under construction.
#[derive(Debug, Clone)]
pub(crate) struct Item(Attributes);

impl Item {
    /// The fields of `value`, with key and schema version.
    pub(crate) fn new(key: &Key, value: &impl Serialize) -> Result<Self, StoreError> {
        let mut attributes: Attributes =
            serde_dynamo::to_item(value).map_err(|e| StoreError::corrupt("write an item", e))?;
        attributes.extend(key_attributes(key));
        attributes.insert("v".to_owned(), AttributeValue::N(TABLE_SCHEMA_VERSION.to_string()));
        Ok(Self(attributes))
    }

    /// Makes the item appear in the list index.
    pub(crate) fn listed(mut self, partition: String, sort: String) -> Self {
        self.0.insert("lpk".to_owned(), AttributeValue::S(partition));
        self.0.insert("lsk".to_owned(), AttributeValue::S(sort));
        self
    }

    /// Makes the item appear in the index of due checks.
    pub(crate) fn due(mut self, at: Timestamp) -> Self {
        let pk = self
            .0
            .get("pk")
            .and_then(|pk| pk.as_s().ok())
            .cloned()
            .unwrap_or_default();
        let (dpk, dsk) = due_values(&pk, at);
        self.0.insert("dpk".to_owned(), dpk);
        self.0.insert("dsk".to_owned(), dsk);
        self
    }

    /// Lets the store delete the item some time after `at`.
    pub(crate) fn expires(mut self, at: Timestamp) -> Self {
        self.0
            .insert("ttl".to_owned(), AttributeValue::N(at.as_second().to_string()));
        self
    }

    pub(crate) fn into_attributes(self) -> Attributes {
        self.0
    }
}

/// Values of the due index for the item with this partition key.
pub(crate) fn due_values(pk: &str, at: Timestamp) -> (AttributeValue, AttributeValue) {
    (
        AttributeValue::S(due_list(shard_of(pk, DUE_SHARDS))),
        AttributeValue::N(at.as_millisecond().to_string()),
    )
}

/// The attributes of a primary key.
pub(crate) fn key_attributes(key: &Key) -> Attributes {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

/// Reads an item's fields; attributes that the type does not have are passed over.
pub(crate) fn read<T: DeserializeOwned>(attributes: Attributes) -> Result<T, StoreError> {
    serde_dynamo::from_item(attributes).map_err(|e| StoreError::corrupt("read an item", e))
}

/// A timestamp as the milliseconds that items hold.
pub(crate) fn millis(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_millisecond().to_string())
}
