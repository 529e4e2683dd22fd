//! Files as objects, in one request or in parts.

use std::collections::BTreeMap;
use std::path::Path;

use aws_sdk_s3::primitives::{ByteStream, Length};
use muster_core::upload::ObjectVersion;

use super::writer::Parts;
use super::{Objects, unversioned};
use crate::error::{ErrorKind, StoreError};

const OPERATION: &str = "write a file to the bucket";
/// Up to here a file is written in one request; a longer one in parts, each of which can be repeated by itself.
const IN_ONE_REQUEST: u64 = 64 << 20;
const PART: u64 = 16 << 20;
/// Parts of one object at most (Amazon S3 multipart upload limits).
const MAX_PARTS: u64 = 10_000;

impl Objects {
    /// Writes a file as an object, without holding it in memory, and says which version it became.
    ///
    /// # Errors
    /// When the file cannot be read, or the store is out of reach or refuses. Parts that were written are removed.
    pub async fn put_file(
        &self,
        key: &str,
        path: &Path,
        content_type: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Result<ObjectVersion, StoreError> {
        let size = tokio::fs::metadata(path).await.map_err(|e| unreadable(path, &e))?.len();
        let version = if size <= IN_ONE_REQUEST {
            let body = ByteStream::from_path(path).await.map_err(|e| unreadable(path, &e))?;
            let mut request = self
                .client
                .put_object()
                .bucket(&self.bucket)
                .key(key)
                .content_type(content_type);
            for (name, value) in metadata {
                request = request.metadata(name, value);
            }
            request
                .body(body)
                .send()
                .await
                .map_err(|e| StoreError::from_sdk(OPERATION, e))?
                .version_id
        } else {
            let mut parts = Parts::begin(self, key, content_type, metadata).await?;
            match send_parts(&mut parts, path, size, PART.max(size.div_ceil(MAX_PARTS))).await {
                Ok(()) => parts.complete().await?,
                Err(error) => {
                    parts.abort().await;
                    return Err(error);
                }
            }
        };
        let version = version.unwrap_or_else(unversioned);
        Ok(ObjectVersion {
            bucket: self.bucket.clone(),
            key: key.to_owned(),
            version,
        })
    }
}

async fn send_parts(parts: &mut Parts, path: &Path, size: u64, part: u64) -> Result<(), StoreError> {
    let mut start = 0;
    while start < size {
        let length = part.min(size - start);
        let body = ByteStream::read_from()
            .path(path)
            .offset(start)
            .length(Length::Exact(length))
            .build()
            .await;
        parts.send(body.map_err(|e| unreadable(path, &e))?).await?;
        start += length;
    }
    Ok(())
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> StoreError {
    StoreError::new(
        ErrorKind::Rejected,
        OPERATION,
        format!("`{}` cannot be read: {error}", path.display()),
    )
}
