//! Queues of imports, as clients of Microsoft Graph see what they handed in.
//!
//! A row here says where a device stands in a list that was uploaded, and what became of it once that is known. It is a
//! view: deleting it touches no device, no upload and no receipt. Rows are forgotten after 30 days, before the receipts
//! that they are told from.

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::id::{AnnouncementId, DeviceId, ImportId, TenantId, UploadId};
use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, StoreError};
use crate::item::{Attributes, Item, key_attributes, millis, read};
use crate::keys;
use crate::receipts::RECEIPTS_KEPT_DAYS;
use crate::table::{Condition, Query, Range, TABLE_SCHEMA_VERSION, Table};

/// How many rows are written at once.
const AT_ONCE: usize = 16;

/// Queues of imports. Needs `dynamodb:GetItem`, `Query`, `PutItem`, `UpdateItem` and `DeleteItem` on the table.
#[derive(Clone)]
pub struct Imports {
    table: Table,
}

/// A row of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// What the client calls the import that it belongs to.
    pub import_id: String,
    /// Serial number, as it was handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Product key id, as it was handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_key: Option<String>,
    /// Group tag, as it was handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_tag: Option<String>,
    /// Assigned user, as it was handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_user: Option<String>,
    /// When it was handed in.
    pub created_at: Timestamp,
    /// The list that it stands in.
    pub list: AnnouncementId,
    /// The upload that the list is.
    pub upload: UploadId,
    /// Its number in it, from 1.
    pub row: u64,
    /// What became of it, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ImportResult>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ImportResult {
    /// The device is registered for the tenant.
    Complete(DeviceId),
    /// It is not registered by this row, for this reason.
    Failed {
        /// The published number; 0 where there is none.
        code: u16,
        /// The published name, or Muster's own.
        name: String,
    },
}

/// A page of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportPage {
    /// Its rows.
    pub rows: Vec<Import>,
    /// The last row of the page, where others follow.
    pub next: Option<ImportId>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Synchronisation {
    asked_ms: i64,
}

impl Imports {
    /// The queues in this table.
    #[must_use]
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// Writes rows of a tenant's queue. The same row once more is harmless, unless it was deleted meanwhile.
    ///
    /// # Errors
    /// When the store is out of reach. Some rows may be written then.
    pub async fn add(&self, tenant: TenantId, rows: &[Import]) -> Result<(), StoreError> {
        let items = rows.iter().map(|row| {
            let kept = row.created_at.checked_add((RECEIPTS_KEPT_DAYS * 24).hours());
            Ok(Item::new(&keys::import(tenant, row.id), row)?.expires(kept.unwrap_or(row.created_at)))
        });
        let items = items.collect::<Result<Vec<Item>, StoreError>>()?;
        stream::iter(items)
            // One that is there stays: it may know its result already.
            .map(|item| async move { self.table.put(item, Some(Condition::absent())).await.map(drop) })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// A row, as of now.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get(&self, tenant: TenantId, id: ImportId) -> Result<Option<Import>, StoreError> {
        self.table.get(&keys::import(tenant, id), true).await
    }

    /// A page of a tenant's queue, behind a row that may be gone.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn list(
        &self,
        tenant: TenantId,
        after: Option<ImportId>,
        limit: usize,
    ) -> Result<ImportPage, StoreError> {
        let partition = keys::imports(tenant);
        let query = Query {
            partition: &partition,
            range: Some((Range::BeginsWith, AttributeValue::S(keys::IMPORT.to_owned()))),
            from: after.map(|id| key_attributes(&keys::import(tenant, id))),
            limit: Some(limit),
            ..Query::default()
        };
        let page = self.table.query(query).await?;
        let rows = page.items.into_iter().map(read).collect::<Result<Vec<Import>, _>>()?;
        let next = page.next.and_then(|_| rows.last().map(|row| row.id));
        Ok(ImportPage { rows, next })
    }

    /// Remembers what became of rows. What is remembered stays, and a row that was deleted meanwhile stays deleted.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn settle(&self, tenant: TenantId, results: &[(ImportId, ImportResult)]) -> Result<(), StoreError> {
        stream::iter(results.to_vec())
            .map(|(id, result)| async move { self.settle_one(tenant, id, &result).await })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn settle_one(&self, tenant: TenantId, id: ImportId, result: &ImportResult) -> Result<(), StoreError> {
        let value = serde_dynamo::to_attribute_value(result).map_err(|e| StoreError::corrupt("write an item", e))?;
        let condition = Condition::new("attribute_exists(pk) AND attribute_not_exists(#result)")
            .name("#result", "result")
            .value(":result", value);
        let key = keys::import(tenant, id);
        self.table
            .update(&key, "SET #result = :result", condition)
            .await
            .map(drop)
    }

    /// Deletes a row, and says whether it was there.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn delete(&self, tenant: TenantId, id: ImportId) -> Result<bool, StoreError> {
        let there = Condition::new("attribute_exists(pk)");
        self.table.delete(&keys::import(tenant, id), there).await
    }

    /// When the tenant asked for a synchronisation last.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn synchronisation(&self, tenant: TenantId) -> Result<Option<Timestamp>, StoreError> {
        let found = self.table.get_attributes(&keys::synchronisation(tenant), true).await?;
        found.map(asked_at).transpose()
    }

    /// Records that the tenant asks for a synchronisation, unless it asked after `last`: then that moment is the answer.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn synchronise(
        &self,
        tenant: TenantId,
        last: Timestamp,
        now: Timestamp,
    ) -> Result<Result<(), Timestamp>, StoreError> {
        let condition = Condition::new("attribute_not_exists(#asked) OR #asked <= :last")
            .name("#asked", "askedMs")
            .value(":last", millis(last))
            .value(":now", millis(now))
            .value(":v", AttributeValue::N(TABLE_SCHEMA_VERSION.to_string()));
        let key = keys::synchronisation(tenant);
        match self.table.update(&key, "SET v = :v, #asked = :now", condition).await? {
            Ok(_) => Ok(Ok(())),
            Err(Some(known)) => asked_at(known).map(Err),
            Err(None) => Err(StoreError::contended("ask for a synchronisation")),
        }
    }
}

fn asked_at(item: Attributes) -> Result<Timestamp, StoreError> {
    let item: Synchronisation = read(item)?;
    Timestamp::from_millisecond(item.asked_ms).map_err(|e| {
        StoreError::new(
            ErrorKind::Corrupt,
            "read when a synchronisation was asked for",
            e.to_string(),
        )
    })
}
