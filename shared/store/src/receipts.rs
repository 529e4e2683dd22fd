//! Receipts: what was done of a batch.

use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::id::UploadId;
use muster_core::report::RowOutcome;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{Attributes, Item, read};
use crate::keys;
use crate::table::{Condition, Query, Table, Written};

/// Receipts. Needs `dynamodb:Query` and `PutItem` on the table.
#[derive(Clone)]
pub struct Receipts {
    table: Table,
}

/// The outcomes of a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The upload.
    pub upload: UploadId,
    /// The batch's number.
    pub batch: u32,
    /// The outcomes in order; at least one.
    pub rows: Vec<RowOutcome>,
}

impl Receipt {
    fn first_row(&self) -> u64 {
        self.rows.first().map_or(0, |r| r.row)
    }
}

#[derive(Serialize, Deserialize)]
struct ReceiptItem {
    /// JSON: one attribute is smaller, and quicker to read, than a list of maps.
    rows: String,
}

/// How long receipts are kept: long behind the last redelivery of any message.
pub(crate) const RECEIPTS_KEPT_DAYS: i64 = 30;

impl Receipts {
    /// The receipts in this table.
    #[must_use]
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// All outcomes of a batch so far, in order of rows.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn of_batch(&self, upload: &UploadId, batch: u32) -> Result<Vec<RowOutcome>, StoreError> {
        let partition = keys::receipts(upload, batch);
        let items = self
            .table
            .query_all(Query {
                partition: &partition,
                ..Query::default()
            })
            .await?;
        let mut rows = Vec::new();
        for item in items {
            rows.extend(outcomes(item)?);
        }
        Ok(rows)
    }

    /// Writes a receipt for rows for which nothing else is written. `false` when there is one already.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn put(&self, receipt: &Receipt, now: Timestamp) -> Result<bool, StoreError> {
        let written = self
            .table
            .put(receipt_item(receipt, now)?, Some(Condition::absent()))
            .await?;
        Ok(written == Written::Done)
    }
}

/// What a receipt says of its rows.
pub(crate) fn outcomes(item: Attributes) -> Result<Vec<RowOutcome>, StoreError> {
    let item: ReceiptItem = read(item)?;
    serde_json::from_str(&item.rows).map_err(|e| StoreError::corrupt("read a receipt", e))
}

pub(crate) fn receipt_item(receipt: &Receipt, now: Timestamp) -> Result<Item, StoreError> {
    let rows = serde_json::to_string(&receipt.rows).map_err(|e| StoreError::corrupt("write a receipt", e))?;
    let key = keys::receipt(&receipt.upload, receipt.batch, receipt.first_row());
    let end = now.checked_add((RECEIPTS_KEPT_DAYS * 24).hours()).unwrap_or(now);
    Ok(Item::new(&key, &ReceiptItem { rows })?.expires(end))
}
