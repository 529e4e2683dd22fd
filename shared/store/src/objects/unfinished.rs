//! Multipart uploads that somebody began and never ended: their parts take space, and no list of objects shows them.

use aws_sdk_s3::types::EncodingType;
use muster_core::Timestamp;

use super::list::{Marker, decoded};
use super::{Objects, timestamp};
use crate::error::{ErrorKind, StoreError};

const OPERATION: &str = "list multipart uploads";

/// A multipart upload that is neither an object yet nor aborted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The key of the object that it was to become.
    pub key: String,
    /// Its id.
    pub id: String,
    /// When it was begun.
    pub begun_at: Timestamp,
}

impl Unfinished {
    /// Where a page begins behind it, whether or not it is still there.
    #[must_use]
    pub fn place(&self) -> Marker {
        Marker {
            key: self.key.clone(),
            version: Some(self.id.clone()),
        }
    }
}

/// A page of multipart uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedPage {
    /// By key.
    pub uploads: Vec<Unfinished>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Marker>,
}

impl Objects {
    /// Lists up to `max` (S3: at most 1,000) multipart uploads of the whole bucket. The version of a marker is an upload's
    /// id here.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn list_unfinished(&self, from: Option<&Marker>, max: usize) -> Result<UnfinishedPage, StoreError> {
        let request = self
            .client
            .list_multipart_uploads()
            .bucket(&self.bucket)
            .max_uploads(i32::try_from(max.clamp(1, 1000)).unwrap_or(1000))
            .encoding_type(EncodingType::Url)
            .set_key_marker(from.map(|m| m.key.clone()))
            .set_upload_id_marker(from.and_then(|m| m.version.clone()));
        let answer = request.send().await.map_err(|e| StoreError::from_sdk(OPERATION, e))?;
        let encoding = answer.encoding_type;
        let mut uploads = Vec::new();
        for upload in answer.uploads.unwrap_or_default() {
            uploads.push(Unfinished {
                key: decoded(OPERATION, upload.key.unwrap_or_default(), encoding.as_ref())?,
                id: upload
                    .upload_id
                    .ok_or_else(|| StoreError::new(ErrorKind::Corrupt, OPERATION, "the answer names no upload's id"))?,
                begun_at: timestamp(OPERATION, upload.initiated)?,
            });
        }
        let next = match answer.next_key_marker {
            Some(key) if answer.is_truncated == Some(true) => Some(Marker {
                key: decoded(OPERATION, key, encoding.as_ref())?,
                version: answer.next_upload_id_marker.filter(|id| !id.is_empty()),
            }),
            _ => None,
        };
        Ok(UnfinishedPage { uploads, next })
    }

    /// Removes what was uploaded of it. One that has ended in the meantime is no error.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn abort_unfinished(&self, upload: &Unfinished) -> Result<(), StoreError> {
        let request = self
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket)
            .key(&upload.key)
            .upload_id(&upload.id);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_no_such_upload()) => Ok(()),
            Err(error) => Err(StoreError::from_sdk("remove the parts of an object", error)),
        }
    }
}
