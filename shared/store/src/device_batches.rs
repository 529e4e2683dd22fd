//! Device batches, as partners' tools name their lists of a tenant's devices: which uploads were handed in for each, and what
//! became of updates of their devices' policies.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::id::{AnnouncementId, PartnerId, TenantId, UploadId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::announcements::KEPT_DAYS;
use crate::error::{ErrorKind, StoreError};
use crate::item::{Item, key_attributes, read};
use crate::keys;
use crate::table::{Condition, Query, Range, Table, Written};

/// How many uploads a batch takes: 200,000 devices.
pub const MAX_UPLOADS: usize = 200;

/// How many devices an update names at most, and bytes of each: far below the 400 KB of an item.
pub const MAX_DEVICES: usize = 1000;
/// The longest text that an update names a device by, in bytes.
pub const MAX_NAMED: usize = 64;

/// Device batches. Needs `dynamodb:GetItem`, `PutItem`, `UpdateItem` and `Query` on the table.
#[derive(Clone)]
pub struct DeviceBatches {
    table: Table,
}

/// A named list of a partner's, of devices of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceBatch {
    /// Its name, as the partner chose it: the group tag of its devices.
    pub id: String,
    /// Whose devices they are.
    pub tenant: TenantId,
    /// Whose list it is.
    pub partner: PartnerId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The upload that it was made with: a repeat of that request knows it by this.
    pub first: AnnouncementId,
    /// The uploads that were handed in for it, the oldest first.
    #[serde(default)]
    pub uploads: Vec<UploadId>,
    /// What came of the first of them.
    #[serde(default)]
    pub ended: Ended,
}

/// What came of the oldest uploads of a batch, each of which stays as it is. It follows from them: whoever works it out of
/// the same ones comes to the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// How many uploads these are.
    pub uploads: usize,
    /// Their rows that were registered.
    pub devices: u64,
    /// Whether anything of them failed.
    pub failed: bool,
}

impl DeviceBatch {
    /// The uploads of which it is not kept what came of them.
    #[must_use]
    pub fn open(&self) -> &[UploadId] {
        self.uploads.get(self.ended.uploads..).unwrap_or_default()
    }
}

/// What appending an upload to a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is there now, or was before.
    Done,
    /// There is no such batch.
    Absent,
    /// It has as many uploads as it takes.
    Full,
}

/// A page of batches.
#[derive(Debug, Clone)]
pub struct DeviceBatchPage {
    /// The batches, by name.
    pub batches: Vec<DeviceBatch>,
    /// Behind which name the next page begins.
    pub next: Option<String>,
}

/// What became of an update of policies. Kept as long as outcomes of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyUpdate {
    /// Its id.
    pub id: Uuid,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was done.
    pub completed_at: Timestamp,
    /// The devices, as the request named them and in its order.
    pub devices: Vec<UpdatedDevice>,
}

/// A device of an update of policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdatedDevice {
    /// What the request called it.
    pub id: String,
    /// The published number of what went wrong, where something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<u16>,
}

impl DeviceBatches {
    /// The batches in this table.
    #[must_use]
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// Makes a batch, unless the partner has one of this name for the tenant; the one that stands.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn create(&self, batch: &DeviceBatch) -> Result<DeviceBatch, StoreError> {
        let key = keys::device_batch(batch.tenant, &batch.partner, &batch.id);
        let item = Item::new(&key, batch)?;
        match self.table.put(item, Some(Condition::absent())).await? {
            Written::Done => Ok(batch.clone()),
            Written::Refused(Some(known)) => read(known),
            Written::Refused(None) => Err(StoreError::contended("make a device batch")),
        }
    }

    /// The batch of this name, as of now.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get(
        &self,
        tenant: TenantId,
        partner: &PartnerId,
        id: &str,
    ) -> Result<Option<DeviceBatch>, StoreError> {
        self.table.get(&keys::device_batch(tenant, partner, id), true).await
    }

    /// Notes that an upload was handed in for a batch. Once is enough.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn append(
        &self,
        tenant: TenantId,
        partner: &PartnerId,
        id: &str,
        upload: &UploadId,
    ) -> Result<Appended, StoreError> {
        let upload_id = AttributeValue::S(upload.to_string());
        let condition =
            Condition::new("attribute_exists(pk) AND NOT contains(#uploads, :id) AND size(#uploads) < :most")
                .name("#uploads", "uploads")
                .value(":id", upload_id.clone())
                .value(":most", AttributeValue::N(MAX_UPLOADS.to_string()))
                .value(":new", AttributeValue::L(vec![upload_id]));
        let key = keys::device_batch(tenant, partner, id);
        let expression = "SET #uploads = list_append(#uploads, :new)";
        let Err(known) = self.table.update(&key, expression, condition).await? else {
            return Ok(Appended::Done);
        };
        let known: Option<DeviceBatch> = known.map(read).transpose()?;
        Ok(match known {
            None => Appended::Absent,
            Some(batch) if batch.uploads.contains(upload) => Appended::Done,
            Some(_) => Appended::Full,
        })
    }

    /// Keeps what came of the oldest uploads of a batch. What is kept of as many or more stays.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn keep_ended(&self, batch: &DeviceBatch, ended: Ended) -> Result<(), StoreError> {
        let number = |n: u64| AttributeValue::N(n.to_string());
        let uploads = u64::try_from(ended.uploads).unwrap_or(u64::MAX);
        let value = HashMap::from([
            ("uploads".to_owned(), number(uploads)),
            ("devices".to_owned(), number(ended.devices)),
            ("failed".to_owned(), AttributeValue::Bool(ended.failed)),
        ]);
        let condition =
            Condition::new("attribute_exists(pk) AND (attribute_not_exists(#ended) OR #ended.#uploads < :uploads)")
                .name("#ended", "ended")
                .name("#uploads", "uploads")
                .value(":uploads", number(uploads))
                .value(":ended", AttributeValue::M(value));
        let key = keys::device_batch(batch.tenant, &batch.partner, &batch.id);
        let _more_is_kept = self.table.update(&key, "SET #ended = :ended", condition).await?;
        Ok(())
    }

    /// At most `limit` batches that a partner has for a tenant, by name, behind the one of name `after`.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn list(
        &self,
        tenant: TenantId,
        partner: &PartnerId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DeviceBatchPage, StoreError> {
        let partition = keys::device_batches(tenant, partner);
        let query = Query {
            partition: &partition,
            range: Some((
                Range::BeginsWith,
                AttributeValue::S(keys::DEVICE_BATCH_NAMES.to_owned()),
            )),
            from: after.map(|name| key_attributes(&keys::device_batch(tenant, partner, name))),
            // One more says whether there are more.
            limit: Some(limit + 1),
            ..Query::default()
        };
        let page = self.table.query(query).await?;
        let more = page.next.is_some() || page.items.len() > limit;
        let batches = page.items.into_iter().take(limit).map(read);
        let batches = batches.collect::<Result<Vec<DeviceBatch>, _>>()?;
        let next = batches.last().filter(|_| more).map(|batch| batch.id.clone());
        Ok(DeviceBatchPage { batches, next })
    }

    /// Records what became of an update of policies; a repeat of it finds the first record.
    ///
    /// # Errors
    /// When the store is out of reach; `Rejected` where an item does not hold it.
    pub async fn record(&self, tenant: TenantId, partner: &PartnerId, update: &PolicyUpdate) -> Result<(), StoreError> {
        let too_long = update.devices.iter().any(|device| device.id.len() > MAX_NAMED);
        if update.devices.len() > MAX_DEVICES || too_long {
            let message = "it names too many devices, or one by too long a text";
            return Err(StoreError::new(
                ErrorKind::Rejected,
                "record an update of policies",
                message,
            ));
        }
        let end = update.started_at.checked_add((KEPT_DAYS * 24).hours());
        let item = Item::new(&keys::policy_update(tenant, partner, update.id), update)?;
        let item = item.expires(end.unwrap_or(update.started_at));
        self.table.put(item, Some(Condition::absent())).await?;
        Ok(())
    }

    /// What became of an update of policies.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn update(
        &self,
        tenant: TenantId,
        partner: &PartnerId,
        id: Uuid,
    ) -> Result<Option<PolicyUpdate>, StoreError> {
        self.table.get(&keys::policy_update(tenant, partner, id), true).await
    }
}
