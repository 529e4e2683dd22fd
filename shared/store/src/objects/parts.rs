//! Objects that somebody else sends in parts: begun here, completed here once all parts are there.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_smithy_types::error::metadata::ErrorMetadata;

use super::{CONFLICT_TRIES, Objects, unversioned};
use crate::error::{ErrorKind, StoreError};

/// A part that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrivedPart {
    /// Its number, from 1.
    pub number: i32,
    /// Its entity tag, in its quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
}

/// What completing came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartsCompleted {
    /// The object is there, with this version.
    Done(String),
    /// There is an object under the key already.
    Exists,
    /// The multipart upload was completed or aborted before, perhaps by this very call, whose first answer was lost.
    Gone,
    /// The parts that were named are not those that arrived.
    Differ,
}

impl Objects {
    /// Begins an object that is sent in parts; the multipart upload's id.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn begin_parts(
        &self,
        key: &str,
        content_type: &str,
        metadata: &[(String, String)],
    ) -> Result<String, StoreError> {
        const OPERATION: &str = "begin a multipart upload";
        let mut request = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type);
        for (name, value) in metadata {
            request = request.metadata(name, value);
        }
        let answer = request.send().await.map_err(|e| StoreError::from_sdk(OPERATION, e))?;
        answer.upload_id.ok_or_else(|| {
            StoreError::new(
                ErrorKind::Corrupt,
                OPERATION,
                "the answer does not name the multipart upload",
            )
        })
    }

    /// All parts that have arrived, in order; `None` where there is no such multipart upload any more.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn arrived_parts(&self, key: &str, upload_id: &str) -> Result<Option<Vec<ArrivedPart>>, StoreError> {
        const OPERATION: &str = "list the parts of an object";
        let corrupt = || StoreError::new(ErrorKind::Corrupt, OPERATION, "the answer does not say what a part is");
        let mut parts = Vec::new();
        let mut marker = None;
        loop {
            let request = self
                .client
                .list_parts()
                .bucket(&self.bucket)
                .key(key)
                .upload_id(upload_id);
            let answer = match request.set_part_number_marker(marker.take()).send().await {
                Ok(answer) => answer,
                Err(error) if is_gone(error.meta()) => return Ok(None),
                Err(error) => return Err(StoreError::from_sdk(OPERATION, error)),
            };
            for part in answer.parts.unwrap_or_default() {
                parts.push(ArrivedPart {
                    number: part.part_number.ok_or_else(corrupt)?,
                    etag: part.e_tag.ok_or_else(corrupt)?,
                    size: part
                        .size
                        .and_then(|size| u64::try_from(size).ok())
                        .ok_or_else(corrupt)?,
                });
            }
            match answer.next_part_number_marker {
                Some(next) if answer.is_truncated == Some(true) => marker = Some(next),
                _ => return Ok(Some(parts)),
            }
        }
    }

    /// Makes the object of its parts, unless there is one under the key.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn complete_parts(
        &self,
        key: &str,
        upload_id: &str,
        parts: &[ArrivedPart],
    ) -> Result<PartsCompleted, StoreError> {
        const OPERATION: &str = "complete a multipart upload";
        let named = parts.iter().map(|part| {
            CompletedPart::builder()
                .part_number(part.number)
                .e_tag(&part.etag)
                .build()
        });
        let named = CompletedMultipartUpload::builder()
            .set_parts(Some(named.collect()))
            .build();
        let mut pause = std::time::Duration::from_millis(50);
        for _ in 0..CONFLICT_TRIES {
            let request = self
                .client
                .complete_multipart_upload()
                .bucket(&self.bucket)
                .key(key)
                .upload_id(upload_id)
                .if_none_match("*")
                .multipart_upload(named.clone());
            match request.send().await {
                Ok(answer) => return Ok(PartsCompleted::Done(answer.version_id.unwrap_or_else(unversioned))),
                Err(error) => match error.code() {
                    Some("PreconditionFailed") => return Ok(PartsCompleted::Exists),
                    Some("NoSuchUpload") => return Ok(PartsCompleted::Gone),
                    Some("InvalidPart" | "InvalidPartOrder" | "EntityTooSmall") => return Ok(PartsCompleted::Differ),
                    Some("ConditionalRequestConflict") => {
                        tokio::time::sleep(pause).await;
                        pause *= 2;
                    }
                    _ => return Err(StoreError::from_sdk(OPERATION, error)),
                },
            }
        }
        Err(StoreError::contended(OPERATION))
    }

    /// Removes the parts of an object that is not to be. One that has ended in the meantime is no error.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn abort_parts(&self, key: &str, upload_id: &str) -> Result<(), StoreError> {
        let request = self
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket)
            .key(key)
            .upload_id(upload_id);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_gone(error.meta()) => Ok(()),
            Err(error) => Err(StoreError::from_sdk("remove the parts of an object", error)),
        }
    }
}

fn is_gone(error: &ErrorMetadata) -> bool {
    error.code() == Some("NoSuchUpload")
}
