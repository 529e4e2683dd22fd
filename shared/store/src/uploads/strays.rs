//! Objects in the bucket that are no upload, and sweep's places in its searches of the bucket.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::id::UploadId;
use muster_core::upload::{ObjectVersion, Reason};
use serde::{Deserialize, Serialize};

use super::{Uploads, serialised};
use crate::error::StoreError;
use crate::item::{Item, read};
use crate::keys::{self, Key};
use crate::objects::Marker;
use crate::table::{Condition, Query};

/// For how long it is remembered that an object was sent again which is an upload now, in hours: 30 days.
const REMEMBERED: i64 = 30 * 24;

/// An object in the inbox that is no upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stray {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// Why it is none, and what to do.
    pub reason: Reason,
    /// When it was found to be none, for this reason.
    pub seen_at: Timestamp,
    /// Of a version that is to be split and was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsplit: Option<Unsplit>,
}

/// A version of an object that is to be split and was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unsplit {
    /// The upload that it would be.
    pub upload: UploadId,
    /// The version.
    pub version: String,
    /// How often it was sent again.
    pub tries: u32,
    /// When it is looked at next; `None` once it is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Timestamp>,
}

/// Where sweep goes on in its searches of the bucket; `None`: at the beginning.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SweepPlaces {
    /// In the inbox.
    #[serde(rename = "marker")]
    pub inbox: Option<Marker>,
    /// In the multipart uploads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Marker>,
}

impl Uploads {
    /// Records an object that is no upload. What is recorded for this very reason stays as it is.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn record_stray(
        &self,
        bucket: &str,
        key: &str,
        reason: &Reason,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let stray = Stray {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            reason: reason.clone(),
            seen_at: now,
            unsplit: None,
        };
        let news = Condition::new("attribute_not_exists(pk) OR #reason <> :reason")
            .name("#reason", "reason")
            .value(":reason", serialised(reason)?);
        self.table
            .put(Item::new(&keys::stray(bucket, key), &stray)?, Some(news))
            .await?;
        Ok(())
    }

    /// Those of these keys that are recorded for this reason already.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn recorded_strays(
        &self,
        bucket: &str,
        keys: &BTreeSet<String>,
        reason: &Reason,
    ) -> Result<BTreeSet<String>, StoreError> {
        let items: Vec<Key> = keys.iter().map(|key| keys::stray(bucket, key)).collect();
        let recorded = self.strays_of(&items).await?;
        let same = recorded.into_iter().filter(|stray| stray.reason == *reason);
        Ok(same.map(|stray| stray.key).collect())
    }

    /// Those of these uploads whose objects are recorded as not split, whether given up or not.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn recorded_unsplit(&self, ids: &[UploadId]) -> Result<BTreeSet<UploadId>, StoreError> {
        let items: Vec<Key> = ids.iter().map(keys::unsplit).collect();
        let recorded = self.strays_of(&items).await?;
        Ok(recorded
            .into_iter()
            .filter_map(|stray| Some(stray.unsplit?.upload))
            .collect())
    }

    /// Those of these uploads whose objects were to be split and were given up.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn given_up_unsplit(&self, ids: &[UploadId]) -> Result<BTreeSet<UploadId>, StoreError> {
        let items: Vec<Key> = ids.iter().map(keys::unsplit).collect();
        let recorded = self.strays_of(&items).await?;
        let given_up = recorded.into_iter().filter(Stray::is_given_up);
        Ok(given_up.filter_map(|stray| Some(stray.unsplit?.upload)).collect())
    }

    /// What cannot be read counts as absent, so that it is written anew.
    async fn strays_of(&self, keys: &[Key]) -> Result<Vec<Stray>, StoreError> {
        let items = self.table.get_many(keys, true).await?;
        Ok(items.into_iter().filter_map(|item| read(item).ok()).collect())
    }

    /// What is recorded of the object of this upload, should it be recorded as not split.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn unsplit(&self, id: &UploadId) -> Result<Option<Stray>, StoreError> {
        self.table.get(&keys::unsplit(id), true).await
    }

    /// Records an object version that was not split; what was recorded of it before is replaced. Sweep looks at it when
    /// its next try is due.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn record_unsplit(
        &self,
        object: &ObjectVersion,
        tries: u32,
        next_try: Option<Timestamp>,
        reason: &Reason,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let upload = object.upload_id();
        let key = keys::unsplit(&upload);
        let stray = Stray {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            reason: reason.clone(),
            seen_at: now,
            unsplit: Some(Unsplit {
                upload,
                version: object.version.clone(),
                tries,
                next_try,
            }),
        };
        let item = Item::new(&key, &stray)?;
        let item = match next_try {
            Some(at) => item.due(at),
            None => item,
        };
        self.table.put(item, None).await?;
        Ok(())
    }

    /// An object that was recorded as not split is split, or gone: sweep looks at it no more, and it is forgotten some
    /// time after `now`.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn forget_unsplit(&self, id: &UploadId, now: Timestamp) -> Result<(), StoreError> {
        let end = now.checked_add(REMEMBERED.hours()).unwrap_or(now);
        let condition = Condition::new("attribute_exists(pk)")
            .name("#ttl", "ttl")
            .value(":ttl", AttributeValue::N(end.as_second().to_string()));
        let expression = "SET #ttl = :ttl REMOVE dpk, dsk";
        let _absent = self.table.update(&keys::unsplit(id), expression, condition).await?;
        Ok(())
    }

    /// Takes an object that was given up before it was split, up again; `false` where there is none.
    pub(super) async fn resume_unsplit(&self, id: &UploadId, now: Timestamp) -> Result<bool, StoreError> {
        let Some(stray) = self.unsplit(id).await? else {
            return Ok(false);
        };
        let Some(object) = stray.given_up() else {
            return Ok(false);
        };
        self.record_unsplit(&object, 0, Some(now), &stray.reason, stray.seen_at)
            .await?;
        Ok(true)
    }

    /// The first `limit` objects that are no upload and of which sweep makes none.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn strays(&self, limit: usize) -> Result<Vec<Stray>, StoreError> {
        let mut query = Query {
            partition: keys::STRAYS,
            limit: Some(limit.max(1)),
            ..Query::default()
        };
        let mut found = Vec::new();
        loop {
            let page = self.table.query(query.clone()).await?;
            let strays: Vec<Stray> = page.items.into_iter().map(read).collect::<Result<_, _>>()?;
            let unsplit = strays.iter().filter_map(|stray| stray.unsplit.as_ref());
            let unsplit: Vec<UploadId> = unsplit.map(|unsplit| unsplit.upload.clone()).collect();
            // Its event may have come after all.
            let split = self.known(&unsplit).await?;
            let is_left = |stray: &Stray| match &stray.unsplit {
                Some(unsplit) => unsplit.next_try.is_none() && !split.contains(&unsplit.upload),
                None => true,
            };
            found.extend(strays.into_iter().filter(is_left));
            query.from = page.next;
            if found.len() >= limit || query.from.is_none() {
                found.truncate(limit.max(1));
                return Ok(found);
            }
        }
    }

    /// Where sweep goes on.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn sweep_places(&self) -> Result<SweepPlaces, StoreError> {
        Ok(self.table.get(&keys::sweep_place(), true).await?.unwrap_or_default())
    }

    /// Sets where sweep goes on.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn set_sweep_places(&self, places: &SweepPlaces) -> Result<(), StoreError> {
        self.table.put(Item::new(&keys::sweep_place(), places)?, None).await?;
        Ok(())
    }
}

impl Stray {
    /// Whether it was to be split and was given up.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.unsplit.as_ref().is_some_and(|unsplit| unsplit.next_try.is_none())
    }

    /// The object version, where it was to be split and was given up.
    fn given_up(&self) -> Option<ObjectVersion> {
        let unsplit = self.unsplit.as_ref().filter(|_| self.is_given_up())?;
        Some(ObjectVersion {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            version: unsplit.version.clone(),
        })
    }
}
