//! Uploads: their state, how they were cut, and which of their batches are done.

mod cuts;
mod done;
mod item;
mod of_partner;
mod strays;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::id::{TenantId, UploadId};
use muster_core::outcome::Outcome;
use muster_core::upload::{Reason, Upload, UploadState};

use crate::error::{ErrorKind, StoreError};
use crate::item::{Attributes, Item, due_values, key_attributes, read};
use crate::keys;
use crate::table::{Condition, Query, Range, Table, Written};

pub(crate) use done::{GroupItem, is_complete};
pub(crate) use item::GROUP;

pub use cuts::{MAX_BATCHES_PER_ITEM, PutCuts};
pub use done::{BatchDone, Progress};
pub use item::{RefusedUpload, UploadStatus};
pub use strays::{Stray, SweepPlaces, Unsplit};
pub use watch::{Due, LONGEST_WORK};

/// Uploads. Needs `dynamodb:GetItem`, `PutItem`, `UpdateItem`, `Query` (index `list`) on the table, split-upload
/// `ConditionCheckItem` too, partner-center-api and sweep `BatchGetItem`, and sweep `Query` on the index `due`.
#[derive(Clone)]
pub struct Uploads {
    table: Table,
}

/// What recording an upload came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Accepted {
    /// It is recorded now.
    New,
    /// It was known before, perhaps by this very call, whose first answer was lost.
    Known(Box<UploadStatus>),
}

/// What finishing an upload came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Finished {
    /// It is finished now.
    Done,
    /// It was finished before, with the same result.
    Already,
    /// It stands otherwise; nothing was changed.
    Otherwise(Box<UploadStatus>),
}

/// A page of uploads.
#[derive(Debug, Clone)]
pub struct UploadPage {
    /// The uploads, newest first.
    pub uploads: Vec<UploadStatus>,
    /// Where the next page begins; opaque.
    pub next: Option<String>,
}

impl Uploads {
    /// The uploads in this table.
    #[must_use]
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// Records an upload whose batches can now be cut. `dialect` is kept as it is, for the caller; sweep looks after
    /// the upload at `next_check`.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn accept(
        &self,
        upload: &Upload,
        dialect: &str,
        notices: &[String],
        next_check: Timestamp,
    ) -> Result<Accepted, StoreError> {
        let status = UploadStatus::accepted(upload, dialect, notices, next_check);
        self.record(&status).await
    }

    /// Records an upload that is refused from the start. One that is known already is left as it is.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn refuse(&self, refused: &RefusedUpload, now: Timestamp) -> Result<Accepted, StoreError> {
        self.record(&UploadStatus::refused(refused, now)).await
    }

    /// Records an upload as called off before it was accepted: it never will be. One that is known already is left as it
    /// is.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn cancel_early(&self, cancelled: &RefusedUpload, now: Timestamp) -> Result<Accepted, StoreError> {
        let refused = UploadStatus::refused(cancelled, now);
        let status = UploadStatus {
            state: UploadState::Cancelled,
            ..refused
        };
        self.record(&status).await
    }

    async fn record(&self, status: &UploadStatus) -> Result<Accepted, StoreError> {
        let key = keys::upload(&status.id);
        let mut item =
            Item::new(&key, status)?.listed(list_of(status.tenant), list_sort(&status.id, status.created_at));
        if let Some(at) = status.next_check {
            item = item.due(at);
        }
        match self.table.put(item, Some(Condition::absent())).await? {
            Written::Done => Ok(Accepted::New),
            Written::Refused(Some(known)) => Ok(Accepted::Known(Box::new(read(known)?))),
            Written::Refused(None) => match self.get(&status.id).await? {
                Some(known) => Ok(Accepted::Known(Box::new(known))),
                None => Err(StoreError::contended("record an upload")),
            },
        }
    }

    /// The upload of this id, as of now.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get(&self, id: &UploadId) -> Result<Option<UploadStatus>, StoreError> {
        self.table.get(&keys::upload(id), true).await
    }

    /// The ids of those of these uploads that are known, as of now.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn known(&self, ids: &[UploadId]) -> Result<BTreeSet<UploadId>, StoreError> {
        let keys: Vec<keys::Key> = ids.iter().map(keys::upload).collect();
        let items = self.table.get_many(&keys, true).await?;
        Ok(items.iter().filter_map(keys::upload_of).collect())
    }

    /// Those of these uploads that are known, as of now, in no particular order. No id may be there twice.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get_many(&self, ids: &[UploadId]) -> Result<Vec<UploadStatus>, StoreError> {
        let keys: Vec<keys::Key> = ids.iter().map(keys::upload).collect();
        self.table.get_many(&keys, true).await?.into_iter().map(read).collect()
    }

    /// A page of a tenant's uploads, newest first, or of those that were refused before their tenant was known. May be
    /// a moment old. `from` is what the page before named as `next`.
    ///
    /// # Errors
    /// When the store is out of reach, or `from` is no such mark.
    pub async fn list(
        &self,
        tenant: Option<TenantId>,
        from: Option<&str>,
        limit: usize,
    ) -> Result<UploadPage, StoreError> {
        let partition = list_of(tenant);
        let query = Query {
            index: Some("list"),
            partition: &partition,
            from: from.map(|mark| list_key(&partition, mark)).transpose()?,
            limit: Some(limit.max(1)),
            backwards: true,
            range: None,
        };
        let page = self.table.query(query).await?;
        let next = page.next.and_then(|next| next.get("lsk")?.as_s().ok().cloned());
        let uploads = page.items.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(UploadPage { uploads, next })
    }

    /// The up to `limit` uploads of a tenant that were accepted last until this moment, newest first. May be a moment old.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn until(
        &self,
        tenant: TenantId,
        moment: Timestamp,
        limit: usize,
    ) -> Result<Vec<UploadStatus>, StoreError> {
        let query = Query {
            index: Some("list"),
            partition: &list_of(Some(tenant)),
            // Behind the moment stands `#` in the index, which sorts before `~`.
            range: Some((
                Range::AtMost,
                AttributeValue::S(format!("{:015}~", moment.as_millisecond().max(0))),
            )),
            limit: Some(limit.max(1)),
            backwards: true,
            from: None,
        };
        let page = self.table.query(query).await?;
        page.items.into_iter().map(read).collect()
    }

    /// The up to `limit` uploads of the same tenant that were accepted or refused just before this one, newest first. May
    /// be a moment old.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn older(&self, upload: &Upload, limit: usize) -> Result<Vec<UploadStatus>, StoreError> {
        let place = list_sort(&upload.id, upload.created_at);
        Ok(self.list(Some(upload.tenant), Some(&place), limit).await?.uploads)
    }

    /// Ends an upload with its result: `state` is `Finished` or `FinishedWithErrors`.
    ///
    /// # Errors
    /// When there is no such upload, `state` is no such state, or the store is out of reach.
    pub async fn finish(
        &self,
        id: &UploadId,
        state: UploadState,
        counts: &BTreeMap<Outcome, u64>,
        finished_at: Timestamp,
    ) -> Result<Finished, StoreError> {
        const OPERATION: &str = "finish an upload";
        if !matches!(state, UploadState::Finished | UploadState::FinishedWithErrors) {
            let message = format!("`{}` is not a state that an upload finishes in", state.as_str());
            return Err(StoreError::new(ErrorKind::Rejected, OPERATION, message));
        }
        let change = Change::to(
            "SET #state = :to, #counts = :counts, #end = :end REMOVE dpk, dsk, #next",
            "processing",
        )
        .name("#counts", "counts")
        .name("#end", "finishedAt")
        .name("#next", "nextCheck")
        .value(":to", state_value(state))
        .value(":counts", serialised(counts)?)
        .value(":end", serialised(&finished_at)?);
        match self.change(id, change).await? {
            Changed::Done => Ok(Finished::Done),
            Changed::Not(Some(now)) if now.state == state && now.counts == *counts => Ok(Finished::Already),
            Changed::Not(Some(now)) => Ok(Finished::Otherwise(now)),
            Changed::Not(None) => Err(unknown(OPERATION, id)),
        }
    }

    /// Changes an upload that is in the state which the change starts from.
    async fn change(&self, id: &UploadId, change: Change) -> Result<Changed, StoreError> {
        let key = keys::upload(id);
        Ok(
            match self.table.update(&key, change.expression, change.condition).await? {
                Ok(_) => Changed::Done,
                Err(old) => Changed::Not(old.map(read).transpose()?.map(Box::new)),
            },
        )
    }
}

/// A change of an upload's item, on the condition that it is in some state.
struct Change {
    expression: &'static str,
    condition: Condition,
}

impl Change {
    fn to(expression: &'static str, from: &str) -> Self {
        let condition = Condition::new("#state = :from").name("#state", "state");
        Self {
            expression,
            condition: condition.value(":from", AttributeValue::S(from.to_owned())),
        }
    }

    fn name(self, placeholder: &str, name: &str) -> Self {
        Self {
            condition: self.condition.name(placeholder, name),
            ..self
        }
    }

    fn value(self, placeholder: &str, value: AttributeValue) -> Self {
        Self {
            condition: self.condition.value(placeholder, value),
            ..self
        }
    }

    /// The values of the index of due checks for a check at `at`.
    fn due(self, id: &UploadId, at: Timestamp) -> Self {
        let (dpk, dsk) = due_values(&keys::upload(id).pk, at);
        self.value(":dpk", dpk).value(":dsk", dsk)
    }
}

enum Changed {
    Done,
    /// The upload as it stands, if there is one.
    Not(Option<Box<UploadStatus>>),
}

/// Index partition of a tenant's uploads, or of those whose tenant was not known.
pub(crate) fn list_of(tenant: Option<TenantId>) -> String {
    tenant.map_or_else(|| keys::STRAY_UPLOAD_LIST.to_owned(), keys::upload_list)
}

/// Where an upload stands in it: oldest first.
pub(crate) fn list_sort(id: &UploadId, created_at: Timestamp) -> String {
    format!("{:015}#{id}", created_at.as_millisecond().max(0))
}

/// The index key behind which a list goes on.
fn list_key(partition: &str, mark: &str) -> Result<Attributes, StoreError> {
    let id = mark.split_once('#').and_then(|(_, id)| id.parse::<UploadId>().ok());
    let bad = || StoreError::new(ErrorKind::Rejected, "list uploads", "the page mark is not one of ours");
    let mut key = key_attributes(&keys::upload(&id.ok_or_else(bad)?));
    key.insert("lpk".to_owned(), AttributeValue::S(partition.to_owned()));
    key.insert("lsk".to_owned(), AttributeValue::S(mark.to_owned()));
    Ok(key)
}

fn state_value(state: UploadState) -> AttributeValue {
    AttributeValue::S(state.as_str().to_owned())
}

fn number(value: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

fn serialised(value: &impl serde::Serialize) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(|e| StoreError::corrupt("write an item", e))
}

fn unknown(operation: &'static str, id: &UploadId) -> StoreError {
    StoreError::new(ErrorKind::Rejected, operation, format!("there is no upload `{id}`"))
}

/// Words for an upload that a later step refuses or gives up.
fn with_reason(change: Change, reason: &Reason, now: Timestamp) -> Result<Change, StoreError> {
    Ok(change
        .name("#reason", "reason")
        .name("#end", "finishedAt")
        .name("#next", "nextCheck")
        .value(":reason", serialised(reason)?)
        .value(":end", serialised(&now)?))
}
