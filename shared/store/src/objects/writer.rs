//! Objects whose length is not known before their end.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;

use super::Objects;
use crate::error::{ErrorKind, StoreError};

const OPERATION: &str = "write an object in parts";
/// Bytes of a part, which is also what a writer holds in memory; S3 takes no part but the last under 5 MiB.
const PART: usize = 8 << 20;
/// Parts of one object at most (Amazon S3 multipart upload limits).
const MAX_PARTS: i32 = 10_000;

/// Writes an object piece by piece, 8 MiB in memory. Nothing is to be seen of it before [`Writer::finish`]; a writer
/// that is dropped before leaves parts behind, which sweep removes.
///
/// An object of up to 8 MiB is one request; one of more than 80 GB is refused.
pub struct Writer {
    objects: Objects,
    key: String,
    content_type: String,
    /// Has room for a part from the start; what is not written to takes no memory.
    buffer: Vec<u8>,
    parts: Option<Parts>,
    failed: bool,
}

impl Objects {
    /// A writer of the object `key`.
    #[must_use]
    pub fn writer(&self, key: &str, content_type: &str) -> Writer {
        Writer {
            objects: self.clone(),
            key: key.to_owned(),
            content_type: content_type.to_owned(),
            buffer: Vec::with_capacity(PART),
            parts: None,
            failed: false,
        }
    }
}

impl Writer {
    /// Appends bytes.
    ///
    /// # Errors
    /// When the store is out of reach or refuses. What was written is removed, and the writer is of no more use.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        self.check()?;
        while let Some((now, later)) = bytes.split_at_checked(PART - self.buffer.len()) {
            self.buffer.extend_from_slice(now);
            bytes = later;
            let part = std::mem::take(&mut self.buffer);
            if let Err(error) = self.send(part.into()).await {
                self.fail().await;
                return Err(error);
            }
            self.buffer = Vec::with_capacity(PART);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Makes the object, with all that was written.
    ///
    /// # Errors
    /// When the store is out of reach or refuses. What was written is then removed.
    pub async fn finish(mut self) -> Result<(), StoreError> {
        self.check()?;
        let rest = Bytes::from(std::mem::take(&mut self.buffer));
        if self.parts.is_none() {
            return self.objects.put(&self.key, rest, &self.content_type).await;
        }
        if !rest.is_empty()
            && let Err(error) = self.send(rest).await
        {
            self.fail().await;
            return Err(error);
        }
        match self.parts.take() {
            Some(parts) => parts.complete().await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Gives the object up and removes what was written of it, as far as the store is in reach.
    pub async fn abort(mut self) {
        self.fail().await;
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::new(
                ErrorKind::Rejected,
                OPERATION,
                "an earlier part of it could not be written",
            ));
        }
        Ok(())
    }

    async fn send(&mut self, part: Bytes) -> Result<(), StoreError> {
        let parts = match &mut self.parts {
            Some(parts) => parts,
            None => {
                let begun = Parts::begin(&self.objects, &self.key, &self.content_type, &BTreeMap::new()).await?;
                self.parts.insert(begun)
            }
        };
        parts.send(ByteStream::from(part)).await
    }

    async fn fail(&mut self) {
        self.failed = true;
        self.buffer = Vec::new();
        if let Some(parts) = self.parts.take() {
            parts.abort().await;
        }
    }
}

/// A multipart upload under way.
pub(super) struct Parts {
    client: Client,
    bucket: String,
    key: String,
    id: String,
    done: Vec<CompletedPart>,
}

impl Parts {
    pub(super) async fn begin(
        objects: &Objects,
        key: &str,
        content_type: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self, StoreError> {
        let (client, bucket) = (objects.client.clone(), objects.bucket.clone());
        let mut request = client
            .create_multipart_upload()
            .bucket(&bucket)
            .key(key)
            .content_type(content_type);
        for (name, value) in metadata {
            request = request.metadata(name, value);
        }
        let answer = request.send().await.map_err(|e| StoreError::from_sdk(OPERATION, e))?;
        let id = answer.upload_id.ok_or_else(|| unnamed("multipart upload"))?;
        Ok(Self {
            client,
            bucket,
            key: key.to_owned(),
            id,
            done: Vec::new(),
        })
    }

    pub(super) async fn send(&mut self, body: ByteStream) -> Result<(), StoreError> {
        let number = i32::try_from(self.done.len() + 1)
            .ok()
            .filter(|n| *n <= MAX_PARTS)
            .ok_or_else(|| {
                StoreError::new(
                    ErrorKind::Rejected,
                    OPERATION,
                    format!("it has more than {MAX_PARTS} parts"),
                )
            })?;
        let request = self
            .client
            .upload_part()
            .bucket(&self.bucket)
            .key(&self.key)
            .upload_id(&self.id);
        let answer = request.part_number(number).body(body).send().await;
        let answer = answer.map_err(|e| StoreError::from_sdk(OPERATION, e))?;
        let etag = answer.e_tag.ok_or_else(|| unnamed("part"))?;
        // S3 wants the checksums back that the parts were sent with.
        let part = CompletedPart::builder()
            .part_number(number)
            .e_tag(etag)
            .set_checksum_crc32(answer.checksum_crc32);
        self.done.push(part.build());
        Ok(())
    }

    /// Makes the object of its parts; answers its version. Parts that cannot be put together are removed.
    pub(super) async fn complete(mut self) -> Result<Option<String>, StoreError> {
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(std::mem::take(&mut self.done)))
            .build();
        let request = self
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(&self.key)
            .upload_id(&self.id);
        match request.multipart_upload(parts).send().await {
            Ok(answer) => Ok(answer.version_id),
            Err(error) => {
                self.abort().await;
                Err(StoreError::from_sdk(OPERATION, error))
            }
        }
    }

    /// Removes the parts. What cannot be removed now, sweep removes.
    pub(super) async fn abort(self) {
        let request = self
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket)
            .key(&self.key)
            .upload_id(&self.id);
        if let Err(error) = request.send().await {
            let error = StoreError::from_sdk("remove the parts of an object", error);
            tracing::warn!(%error, "parts of an object are left to sweep");
        }
    }
}

fn unnamed(what: &str) -> StoreError {
    StoreError::new(
        ErrorKind::Corrupt,
        OPERATION,
        format!("the answer does not name the {what}"),
    )
}
