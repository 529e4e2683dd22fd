//! What sweep asks: what should have moved by now, and what is left to do of it.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use muster_core::Timestamp;
use muster_core::id::{TenantId, UploadId};
use muster_core::party::Registrant;
use muster_core::upload::{Reason, UploadState};

use super::done::GroupItem;
use super::{Change, Changed, Uploads, number, serialised, state_value, with_reason};
use crate::error::{ErrorKind, StoreError};
use crate::fsck::place_of;
use crate::item::{Attributes, due_values, millis};
use crate::keys::{self, DUE_SHARDS};
use crate::receipts::RECEIPTS_KEPT_DAYS;
use crate::table::{Condition, Query, Range};

/// How long a worker is at a batch at most, whatever happens: no Lambda function runs longer (AWS Lambda quotas).
pub const LONGEST_WORK: SignedDuration = SignedDuration::from_mins(15);

/// Something to look after.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Due {
    /// An upload that is not finished.
    Upload(UploadId),
    /// A grant whose decision is not carried out.
    Grant {
        /// Whose devices it is about.
        tenant: TenantId,
        /// Who may act.
        registrant: Registrant,
    },
    /// An object that was to be split and was not, by the upload that it would be.
    Unsplit(UploadId),
}

/// As a finding of `fsck` calls it.
impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upload(id) => write!(f, "upload {id}"),
            Self::Grant { tenant, registrant } => f.write_str(&place_of(*tenant, registrant)),
            Self::Unsplit(id) => write!(f, "the object of upload {id}, which was not split,"),
        }
    }
}

impl Uploads {
    /// What was to be looked after by `before`, the longest overdue first, at most `limit`. May be a moment old: what
    /// is in it is to be read again before it is acted on.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn due(&self, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.watched((Range::AtMost, millis(before)), limit).await
    }

    /// What is to be looked after later than `after` only, as [`Self::due`].
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn due_later(&self, after: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.watched((Range::Above, millis(after)), limit).await
    }

    async fn watched(&self, range: (Range, AttributeValue), limit: usize) -> Result<Vec<Due>, StoreError> {
        let mut found: Vec<(i64, Due)> = Vec::new();
        for shard in 0..DUE_SHARDS {
            let partition = keys::due_list(shard);
            let query = Query {
                index: Some("due"),
                partition: &partition,
                range: Some(range.clone()),
                limit: Some(limit.max(1)),
                ..Query::default()
            };
            found.extend(self.table.query(query).await?.items.iter().filter_map(entry));
        }
        found.sort_by_key(|(at, _)| *at);
        found.truncate(limit);
        Ok(found.into_iter().map(|(_, due)| due).collect())
    }

    /// Sets the next look at an upload, and what this one saw. `false` when the upload is final, or there is none.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn postpone(
        &self,
        id: &UploadId,
        seen: u32,
        tries: u32,
        next_check: Timestamp,
    ) -> Result<bool, StoreError> {
        self.look_again(id, UploadState::Processing, (seen, tries), next_check)
            .await
    }

    /// The same of an upload that was cancelled, and may not be settled yet. `false` when it is.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn postpone_settling(
        &self,
        id: &UploadId,
        tries: u32,
        next_check: Timestamp,
    ) -> Result<bool, StoreError> {
        self.look_again(id, UploadState::Cancelled, (0, tries), next_check)
            .await
    }

    async fn look_again(
        &self,
        id: &UploadId,
        state: UploadState,
        (seen, tries): (u32, u32),
        next_check: Timestamp,
    ) -> Result<bool, StoreError> {
        let expression = "SET #seen = :seen, #tries = :tries, #next = :next, dpk = :dpk, dsk = :dsk";
        let change = Change::to(expression, state.as_str())
            .name("#seen", "seen")
            .name("#tries", "tries")
            .name("#next", "nextCheck")
            .value(":seen", number(seen))
            .value(":tries", number(tries))
            .value(":next", serialised(&next_check)?)
            .due(id, next_check);
        Ok(matches!(self.change(id, change).await?, Changed::Done))
    }

    /// Puts off what nobody can look after, whatever is in it: it moves in the line of what is due, and nothing else of it
    /// changes. `false` when it does not stand in that line any more.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn put_off(&self, due: &Due, until: Timestamp) -> Result<bool, StoreError> {
        let key = match due {
            Due::Upload(id) => keys::upload(id),
            Due::Grant { tenant, registrant } => keys::grant(*tenant, registrant),
            Due::Unsplit(id) => keys::unsplit(id),
        };
        let (dpk, dsk) = due_values(&key.pk, until);
        let condition = Condition::new("attribute_exists(dpk)");
        let condition = condition.value(":dpk", dpk).value(":dsk", dsk);
        let put_off = self.table.update(&key, "SET dpk = :dpk, dsk = :dsk", condition).await?;
        Ok(put_off.is_ok())
    }

    /// Gives an upload up. `false` when it is final already, or there is none.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn give_up(&self, id: &UploadId, reason: &Reason, now: Timestamp) -> Result<bool, StoreError> {
        let expression = "SET #state = :to, #reason = :reason, #end = :end REMOVE dpk, dsk, #next";
        let change = Change::to(expression, UploadState::Processing.as_str());
        let change = with_reason(change, reason, now)?.value(":to", state_value(UploadState::Failed));
        Ok(matches!(self.change(id, change).await?, Changed::Done))
    }

    /// Calls an upload off that is under way: no batch of it is begun any more, and what is worked on stops before its next
    /// slice. Sweep looks at it once no worker can be at it any more, for what one that died left behind. `false` when it is
    /// final already, or there is none.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn cancel(&self, id: &UploadId, reason: &Reason, now: Timestamp) -> Result<bool, StoreError> {
        let next = now.checked_add(LONGEST_WORK).unwrap_or(now);
        let expression =
            "SET #state = :to, #reason = :reason, #end = :end, #tries = :zero, #next = :next, dpk = :dpk, dsk = :dsk";
        let change = Change::to(expression, UploadState::Processing.as_str()).name("#tries", "tries");
        let change = with_reason(change, reason, now)?
            .value(":to", state_value(UploadState::Cancelled))
            .value(":zero", number(0_u32))
            .value(":next", serialised(&next)?)
            .due(id, next);
        Ok(matches!(self.change(id, change).await?, Changed::Done))
    }

    /// Takes a cancelled upload, with which nothing is left to do, out of the line of what is due.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn settled(&self, id: &UploadId) -> Result<(), StoreError> {
        let change = Change::to("REMOVE dpk, dsk, #next", UploadState::Cancelled.as_str()).name("#next", "nextCheck");
        self.change(id, change).await.map(drop)
    }

    /// Takes an upload that was given up, up again, also one that was never split: sweep looks after it from `now` on.
    /// `false` when it was not given up, or there is none.
    ///
    /// # Errors
    /// When the store is out of reach, or the upload is so old that its receipts are gone: without them nobody knows
    /// what was done of it.
    pub async fn resume(&self, id: &UploadId, now: Timestamp) -> Result<bool, StoreError> {
        let Some(status) = self.get(id).await? else {
            return self.resume_unsplit(id, now).await;
        };
        if status.is_past_resuming(now) {
            let message = format!(
                "it is older than {} days; upload the file again",
                RECEIPTS_KEPT_DAYS - 1
            );
            return Err(StoreError::new(ErrorKind::Rejected, "resume an upload", message));
        }
        let expression = "SET #state = :to, #tries = :zero, #next = :next, dpk = :dpk, dsk = :dsk REMOVE #reason, #end";
        let change = Change::to(expression, UploadState::Failed.as_str())
            .name("#tries", "tries")
            .name("#next", "nextCheck")
            .name("#reason", "reason")
            .name("#end", "finishedAt")
            .value(":to", state_value(UploadState::Processing))
            .value(":zero", number(0_u32))
            .value(":next", serialised(&now)?)
            .due(id, now);
        Ok(matches!(self.change(id, change).await?, Changed::Done))
    }

    /// The batches that are cut and not done, in order.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn undone_batches(&self, id: &UploadId) -> Result<Vec<u32>, StoreError> {
        self.batches_left(id, |group| group.done).await
    }

    /// The batches of a cancelled upload that are neither done nor settled, in order.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn unsettled_batches(&self, id: &UploadId) -> Result<Vec<u32>, StoreError> {
        self.batches_left(id, |group| &group.done | &group.settled).await
    }

    async fn batches_left(
        &self,
        id: &UploadId,
        over: impl Fn(GroupItem) -> BTreeSet<u32>,
    ) -> Result<Vec<u32>, StoreError> {
        let groups = self.groups(id).await?.into_values();
        let done: BTreeSet<u32> = groups.flat_map(over).collect();
        let cuts = self.cuts(id).await?;
        let numbers = cuts.iter().flat_map(|(first, batches)| (*first..).take(batches.len()));
        Ok(numbers.filter(|batch| !done.contains(batch)).collect())
    }
}

/// An entry of the index of due checks.
fn entry(item: &Attributes) -> Option<(i64, Due)> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let due = text("pk").zip(text("sk")).and_then(|(pk, sk)| keys::parse_due(pk, sk));
    let at = item
        .get("dsk")
        .and_then(|at: &AttributeValue| at.as_n().ok()?.parse().ok());
    if due.is_none() {
        tracing::warn!("the index of due checks holds an item that nobody looks after");
    }
    at.zip(due)
}
