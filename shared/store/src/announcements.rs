//! Uploads that were announced: what is known of them before their object is there, and which upload it became.

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::id::{AnnouncementId, TenantId};
use muster_core::inbox::UploadOptions;
use muster_core::party::Registrant;
use muster_core::upload::{ObjectVersion, Reason};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{Item, read};
use crate::keys;
use crate::objects::Objects;
use crate::table::{Condition, Table, Written};

/// Announcements. Needs `dynamodb:GetItem`, `PutItem` and `UpdateItem` on the table; split-upload only `GetItem`.
#[derive(Clone)]
pub struct Announcements {
    table: Table,
}

/// What a device list is for the bucket.
pub const CSV: &str = "text/csv";

/// How long an announcement is kept, in days: as long as the outcomes of its rows.
pub const KEPT_DAYS: i64 = 30;

/// An upload that was announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Announcement {
    /// Its id.
    pub id: AnnouncementId,
    /// Whose devices its rows are to become.
    pub tenant: TenantId,
    /// Who announced it.
    pub registrant: Registrant,
    /// Through which channel.
    pub channel: Channel,
    /// Its options.
    pub options: UploadOptions,
    /// The key that its object is to have.
    pub key: String,
    /// What its sender calls it.
    pub name: String,
    /// Bytes that its object is to have.
    pub size: u64,
    /// How it is sent in parts, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<PartsPlan>,
    /// When it was announced.
    pub created_at: Timestamp,
    /// Until when it can be sent.
    pub expires_at: Timestamp,
    /// Its object, once that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectVersion>,
    /// Why it was called off, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Reason>,
}

/// How an object is sent in parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartsPlan {
    /// The multipart upload's id.
    pub upload_id: String,
    /// Bytes of each part but the last.
    pub part_size: u64,
}

impl PartsPlan {
    /// The bytes of each part of an object of `size` bytes, in order.
    pub fn sizes(&self, size: u64) -> impl Iterator<Item = u64> + '_ {
        let part = self.part_size.max(1);
        (0..size.div_ceil(part)).map(move |number| part.min(size - number * part))
    }
}

impl Announcements {
    /// The announcements in this table.
    #[must_use]
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// Records an announcement unless one of this id is known; the one that stands.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn record(&self, announcement: &Announcement) -> Result<Announcement, StoreError> {
        let end = announcement.created_at.checked_add((KEPT_DAYS * 24).hours());
        let item = Item::new(&keys::announcement(&announcement.id), announcement)?;
        let item = item.expires(end.unwrap_or(announcement.created_at));
        match self.table.put(item, Some(Condition::absent())).await? {
            Written::Done => Ok(announcement.clone()),
            Written::Refused(Some(known)) => read(known),
            Written::Refused(None) => Err(StoreError::contended("announce an upload")),
        }
    }

    /// Announces a list that is at hand and puts it into the inbox; the object that it became. In this order, so that of its
    /// object it can be told that it came so. A repeat finds both. `None`: somebody removed the object meanwhile.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn hand_in(
        &self,
        objects: &Objects,
        announcement: &Announcement,
        list: Bytes,
    ) -> Result<Option<ObjectVersion>, StoreError> {
        let known = self.record(announcement).await?;
        if let Some(object) = known.object {
            return Ok(Some(object));
        }
        let metadata = known.options.to_metadata();
        let version = match objects.put_new(&known.key, list, CSV, &metadata).await? {
            Some(version) => Some(version),
            None => objects.head(&known.key, None).await?.map(|head| head.version),
        };
        let Some(version) = version else {
            return Ok(None);
        };
        let object = ObjectVersion {
            bucket: objects.bucket().to_owned(),
            key: known.key,
            version,
        };
        self.arrived(&known.id, &object).await?;
        Ok(Some(object))
    }

    /// The announcement of this id, as of now.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn get(&self, id: &AnnouncementId) -> Result<Option<Announcement>, StoreError> {
        self.table.get(&keys::announcement(id), true).await
    }

    /// Remembers which object it became; the first one stays.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn arrived(&self, id: &AnnouncementId, object: &ObjectVersion) -> Result<(), StoreError> {
        self.set(id, "object", object).await
    }

    /// Calls it off: an object that arrives from now on is refused. Once is enough.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn cancel(&self, id: &AnnouncementId, reason: &Reason) -> Result<(), StoreError> {
        self.set(id, "cancelled", reason).await
    }

    async fn set(&self, id: &AnnouncementId, name: &str, value: &impl Serialize) -> Result<(), StoreError> {
        let value: AttributeValue =
            serde_dynamo::to_attribute_value(value).map_err(|e| StoreError::corrupt("write an item", e))?;
        let condition = Condition::new("attribute_exists(pk) AND attribute_not_exists(#name)")
            .name("#name", name)
            .value(":value", value);
        let key = keys::announcement(id);
        // What is set already, or deleted by now, needs nothing more.
        let _ = self.table.update(&key, "SET #name = :value", condition).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_object_exactly() {
        for (size, part, expected) in [
            (10, 4, vec![4, 4, 2]),
            (8, 4, vec![4, 4]),
            (1, 4, vec![1]),
            (4, 4, vec![4]),
        ] {
            let plan = PartsPlan {
                upload_id: "x".to_owned(),
                part_size: part,
            };
            assert_eq!(plan.sizes(size).collect::<Vec<_>>(), expected);
        }
    }
}
