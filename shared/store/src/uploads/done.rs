//! Which batches are done, and when all are.
//!
//! Batches are counted in groups of 256, one item each, so that no item is written by all workers. Whoever completes a
//! group adds it to the upload's item; whoever sees all groups there sees the upload complete. The last group is
//! complete earlier, when it holds as many batches as the total leaves for it: so who marks a batch looks for the total
//! **after** it wrote, and who writes the total looks at the last group **after** that. Whichever write came last, its
//! writer sees both.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::id::UploadId;
use serde::{Deserialize, Serialize};

use super::item::GROUP;
use super::{UploadStatus, Uploads, number, unknown};
use crate::error::{ErrorKind, StoreError};
use crate::item::{Attributes, read};
use crate::keys;
use crate::table::{Condition, Query, Range, TABLE_SCHEMA_VERSION};

const MARK: &str = "mark a batch done";
const TOTAL: &str = "store the number of batches";

/// What marking a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchDone {
    /// Whether all batches of the upload are done. More than one caller may be told so.
    pub upload_complete: bool,
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Batches that are done.
    pub batches_done: u32,
    /// Rows in them.
    pub rows_done: u64,
    /// All batches; `None` while the upload is being cut.
    pub total: Option<u32>,
    /// All rows; `None` while the upload is being cut.
    pub rows: Option<u64>,
}

/// What is done of a group.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupItem {
    #[serde(default)]
    pub(crate) done: BTreeSet<u32>,
    #[serde(default)]
    pub(crate) rows: u64,
    /// Batches of a cancelled upload of which nothing is written any more, and with which nothing is left to do.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) settled: BTreeSet<u32>,
}

impl Uploads {
    /// Marks a batch done, with its number of rows. Marking it again changes nothing and looks again.
    ///
    /// # Errors
    /// When there is no such upload, or the store is out of reach: the batch may then be marked, and is to be marked
    /// again.
    pub async fn batch_done(&self, id: &UploadId, batch: u32, rows: u32) -> Result<BatchDone, StoreError> {
        let group = batch / GROUP;
        let condition = Condition::new("NOT contains(#done, :number)")
            .name("#done", "done")
            .name("#rows", "rows")
            .value(":number", number(batch))
            .value(":set", AttributeValue::Ns(vec![batch.to_string()]))
            .value(":rows", number(rows))
            .value(":v", number(TABLE_SCHEMA_VERSION));
        let expression = "SET v = :v ADD #done :set, #rows :rows";
        let written = self
            .table
            .update(&keys::progress(id, group), expression, condition)
            .await?;
        let progress: GroupItem = match written {
            Ok(new) | Err(Some(new)) => read(new)?,
            Err(None) => return Err(StoreError::contended(MARK)),
        };
        let status = self.get(id).await?.ok_or_else(|| unknown(MARK, id))?;
        self.look(status, group, &progress).await
    }

    /// Marks a batch of a cancelled upload settled: nothing of it is written any more, and nothing is left to do with it.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn batch_settled(&self, id: &UploadId, batch: u32) -> Result<(), StoreError> {
        let condition = Condition::new("")
            .name("#settled", "settled")
            .value(":set", AttributeValue::Ns(vec![batch.to_string()]))
            .value(":v", number(TABLE_SCHEMA_VERSION));
        let key = keys::progress(id, batch / GROUP);
        let marked = self
            .table
            .update(&key, "SET v = :v ADD #settled :set", condition)
            .await?;
        marked.map(drop).map_err(|_| StoreError::contended(MARK))
    }

    /// Stores how many batches and rows an upload has, once all of it is cut. Storing the same again looks again.
    ///
    /// # Errors
    /// When there is no such upload, other numbers are stored, or the store is out of reach.
    pub async fn set_total(&self, id: &UploadId, total: u32, rows: u64) -> Result<BatchDone, StoreError> {
        let condition = Condition::new(
            "attribute_exists(pk) AND (attribute_not_exists(#total) OR (#total = :total AND #rows = :rows))",
        );
        let condition = condition
            .name("#total", "total")
            .name("#rows", "rows")
            .value(":total", number(total))
            .value(":rows", number(rows));
        let status: UploadStatus = match self
            .table
            .update(&keys::upload(id), "SET #total = :total, #rows = :rows", condition)
            .await?
        {
            Ok(new) => read(new)?,
            Err(None) => return Err(unknown(TOTAL, id)),
            Err(Some(_)) => {
                let message = format!("upload `{id}` was counted before, and not as {total} batches of {rows} rows");
                return Err(StoreError::new(ErrorKind::Corrupt, TOTAL, message));
            }
        };
        let Some(last) = total.checked_sub(1) else {
            return Ok(BatchDone { upload_complete: true });
        };
        let group = last / GROUP;
        let progress = self
            .table
            .get(&keys::progress(id, group), true)
            .await?
            .unwrap_or_default();
        self.look(status, group, &progress).await
    }

    /// Adds a group that is complete to its upload, and says whether the upload is.
    async fn look(&self, status: UploadStatus, group: u32, progress: &GroupItem) -> Result<BatchDone, StoreError> {
        if status.done_groups.contains(&group) || !is_complete(group, &progress.done, status.total) {
            return Ok(BatchDone {
                upload_complete: status.is_complete(),
            });
        }
        let condition = Condition::new("attribute_exists(pk)")
            .name("#groups", "doneGroups")
            .value(":group", AttributeValue::Ns(vec![group.to_string()]));
        match self
            .table
            .update(&keys::upload(&status.id), "ADD #groups :group", condition)
            .await?
        {
            Ok(new) => Ok(BatchDone {
                upload_complete: read::<UploadStatus>(new)?.is_complete(),
            }),
            Err(_) => Err(unknown(MARK, &status.id)),
        }
    }

    /// How far an upload is; `None` where there is none.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn progress(&self, id: &UploadId) -> Result<Option<Progress>, StoreError> {
        let Some(status) = self.get(id).await? else {
            return Ok(None);
        };
        let mut progress = Progress {
            total: status.total,
            rows: status.rows,
            ..Progress::default()
        };
        for group in self.groups(id).await?.into_values() {
            progress.batches_done += u32::try_from(group.done.len()).unwrap_or(GROUP);
            progress.rows_done += group.rows;
        }
        Ok(Some(progress))
    }

    /// What is done of each group, by its number.
    pub(crate) async fn groups(&self, id: &UploadId) -> Result<BTreeMap<u32, GroupItem>, StoreError> {
        let partition = keys::upload(id).pk;
        let range = Some((Range::BeginsWith, AttributeValue::S("PROGRESS#".to_owned())));
        let items = self
            .table
            .query_all(Query {
                partition: &partition,
                range,
                ..Query::default()
            })
            .await?;
        items
            .into_iter()
            .map(|item| Ok((group_of(&item).unwrap_or(u32::MAX), read(item)?)))
            .collect()
    }
}

fn group_of(item: &Attributes) -> Option<u32> {
    let sort = item.get("sk")?.as_s().ok()?;
    sort.strip_prefix("PROGRESS#")?.parse().ok()
}

/// Whether all batches of a group are done. The last group has fewer than 256; which one that is, the total tells.
pub(crate) fn is_complete(group: u32, done: &BTreeSet<u32>, total: Option<u32>) -> bool {
    let start = group * GROUP;
    let end = total.map_or(start.saturating_add(GROUP), |total| {
        total.min(start.saturating_add(GROUP))
    });
    start < end && (start..end).all(|batch| done.contains(&batch))
}
