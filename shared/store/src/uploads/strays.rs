//! Objects in the bucket that are no upload, and sweep's places in its searches of the bucket.

use muster_core::Timestamp;
use muster_core::upload::Reason;
use serde::{Deserialize, Serialize};

use super::Uploads;
use crate::error::StoreError;
use crate::item::{Item, read};
use crate::keys;
use crate::objects::Marker;
use crate::table::Query;

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
    /// When it was seen last.
    pub seen_at: Timestamp,
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
    /// Records an object that is no upload; what was recorded of it before is replaced.
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
        };
        self.table
            .put(Item::new(&keys::stray(bucket, key), &stray)?, None)
            .await?;
        Ok(())
    }

    /// The first `limit` objects that are no upload, by bucket and key.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn strays(&self, limit: usize) -> Result<Vec<Stray>, StoreError> {
        let query = Query {
            partition: keys::STRAYS,
            limit: Some(limit.max(1)),
            ..Query::default()
        };
        self.table.query(query).await?.items.into_iter().map(read).collect()
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
