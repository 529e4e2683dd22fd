//! Objects: device lists as they were dropped, and what is written beside them.

mod file;
mod list;
mod parts;
mod unfinished;
mod writer;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::SharedCredentialsProvider;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError, DateTime};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use bytes::Bytes;
use muster_core::Timestamp;
use muster_core::upload::ObjectVersion;

use crate::connection::Connection;
use crate::error::{ErrorKind, StoreError};

pub use list::{ListedVersion, Marker, VersionPage};
pub use parts::{ArrivedPart, PartsCompleted};
pub use unfinished::{Unfinished, UnfinishedPage};
pub use writer::Writer;

/// Bytes that [`Objects::read_range`] and [`Objects::get_small`] hold in memory at most: 16 MiB.
pub const MAX_IN_MEMORY: u64 = 16 << 20;

/// How often a conditional write is sent again when another one to the same key is under way.
const CONFLICT_TRIES: u32 = 6;

/// The objects of one bucket, with versioning on. Needs, on the prefixes in question, `s3:GetObject`,
/// `GetObjectVersion`, `PutObject`, `AbortMultipartUpload`, `DeleteObject`, for sweep `ListBucketVersions` and
/// `ListBucketMultipartUploads`, and for registration-api `ListMultipartUploadParts`. Without `s3:ListBucket` S3 answers "denied" for an object that is missing.
#[derive(Clone)]
pub struct Objects {
    pub(crate) client: Client,
    pub(crate) bucket: String,
    pub(crate) credentials: Option<SharedCredentialsProvider>,
}

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectHead {
    /// Bytes.
    pub size: u64,
    /// The entity tag, in its quotes.
    pub etag: String,
    /// The version.
    pub version: String,
    /// User metadata; names in lower case, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// When this version was written.
    pub last_modified: Timestamp,
}

impl Objects {
    /// The objects of `bucket`.
    #[must_use]
    pub fn new(connection: &Connection, bucket: impl Into<String>) -> Self {
        Self {
            client: connection.s3.clone(),
            bucket: bucket.into(),
            credentials: connection.credentials.clone(),
        }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Creates the bucket unless it exists. For the embedded default, whose buckets keep all versions, and for tests.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn create(&self) -> Result<(), StoreError> {
        if self.client.head_bucket().bucket(&self.bucket).send().await.is_ok() {
            return Ok(());
        }
        let answer = self.client.create_bucket().bucket(&self.bucket).send().await;
        answer.map_err(|e| StoreError::from_sdk("create the bucket", e))?;
        Ok(())
    }

    /// What is known of a version of an object, or of its current one. `None` where there is none, or the version is a
    /// delete marker.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn head(&self, key: &str, version: Option<&str>) -> Result<Option<ObjectHead>, StoreError> {
        const OPERATION: &str = "look an object up";
        let request = self.client.head_object().bucket(&self.bucket).key(key);
        let answer = match request.set_version_id(version.map(str::to_owned)).send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => return Ok(None),
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(StoreError::from_sdk(OPERATION, error)),
        };
        Ok(Some(ObjectHead {
            size: size(OPERATION, answer.content_length)?,
            etag: answer.e_tag.unwrap_or_default(),
            version: answer.version_id.unwrap_or_else(unversioned),
            metadata: answer.metadata.unwrap_or_default().into_iter().collect(),
            last_modified: timestamp(OPERATION, answer.last_modified)?,
        }))
    }

    /// The bytes from `start` up to, and without, `end`. `None` where the version is gone.
    ///
    /// # Errors
    /// When the range is longer than [`MAX_IN_MEMORY`] or lies beyond the object, or the store is out of reach.
    pub async fn read_range(&self, object: &ObjectVersion, start: u64, end: u64) -> Result<Option<Bytes>, StoreError> {
        const OPERATION: &str = "read a part of an object";
        let length = end.saturating_sub(start);
        if length == 0 {
            return Ok(Some(Bytes::new()));
        }
        check_size(OPERATION, length)?;
        let answer = match self
            .version(object)
            .range(format!("bytes={start}-{}", end - 1))
            .send()
            .await
        {
            Ok(answer) => answer,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(StoreError::from_sdk(OPERATION, error)),
        };
        let given = size(OPERATION, answer.content_length)?;
        if given != length {
            let message =
                format!("bytes {start} to {end} were asked for, and {given} bytes given: the object is shorter");
            return Err(StoreError::new(ErrorKind::Rejected, OPERATION, message));
        }
        collect(OPERATION, answer.body).await.map(Some)
    }

    /// Reads a version from byte `start` on, chunk by chunk. `None` where the version is gone. A `start` at or beyond
    /// the end gives no chunk.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn stream(&self, object: &ObjectVersion, start: u64) -> Result<Option<Reader>, StoreError> {
        const OPERATION: &str = "read an object";
        // Any range of an empty object is an error in S3, and the whole needs no range.
        let range = (start > 0).then(|| format!("bytes={start}-"));
        match self.version(object).set_range(range).send().await {
            Ok(answer) => Ok(Some(Reader { body: answer.body })),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) if start > 0 && error.code() == Some("InvalidRange") => Ok(Some(Reader {
                body: ByteStream::default(),
            })),
            Err(error) => Err(StoreError::from_sdk(OPERATION, error)),
        }
    }

    /// An object of at most [`MAX_IN_MEMORY`] bytes, as it stands now. `None` where there is none.
    ///
    /// # Errors
    /// When it is longer, or the store is out of reach.
    pub async fn get_small(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        const OPERATION: &str = "read a small object";
        let answer = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(answer) => answer,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(StoreError::from_sdk(OPERATION, error)),
        };
        check_size(OPERATION, size(OPERATION, answer.content_length)?)?;
        collect(OPERATION, answer.body).await.map(Some)
    }

    /// Writes an object unless there is one. `false`: there is one already, perhaps by this very call, whose first
    /// answer was lost.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn put_if_absent(&self, key: &str, body: Bytes, content_type: &str) -> Result<bool, StoreError> {
        Ok(self.put_new(key, body, content_type, &[]).await?.is_some())
    }

    /// As [`Self::put_if_absent`], with metadata; the version that it became.
    ///
    /// # Errors
    /// As there.
    pub async fn put_new(
        &self,
        key: &str,
        body: Bytes,
        content_type: &str,
        metadata: &[(String, String)],
    ) -> Result<Option<String>, StoreError> {
        const OPERATION: &str = "write an object unless there is one";
        let mut pause = Duration::from_millis(50);
        for _ in 0..CONFLICT_TRIES {
            let mut request = self
                .client
                .put_object()
                .bucket(&self.bucket)
                .key(key)
                .if_none_match("*");
            for (name, value) in metadata {
                request = request.metadata(name, value);
            }
            match request
                .content_type(content_type)
                .body(ByteStream::from(body.clone()))
                .send()
                .await
            {
                Ok(answer) => return Ok(Some(answer.version_id.unwrap_or_else(unversioned))),
                Err(error) => match error.code() {
                    Some("PreconditionFailed") => return Ok(None),
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

    /// Writes an object, as a new version where there is one.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn put(&self, key: &str, body: Bytes, content_type: &str) -> Result<(), StoreError> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type);
        let answer = request.body(ByteStream::from(body)).send().await;
        answer.map_err(|e| StoreError::from_sdk("write an object", e))?;
        Ok(())
    }

    /// Deletes an object: with versioning, its versions stay and it is no longer there. One that is absent is no error.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let answer = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        answer.map_err(|e| StoreError::from_sdk("delete an object", e))?;
        Ok(())
    }

    fn version(&self, object: &ObjectVersion) -> GetObjectFluentBuilder {
        self.client
            .get_object()
            .bucket(&object.bucket)
            .key(&object.key)
            .version_id(&object.version)
    }
}

/// Reads an object chunk by chunk. After an error the caller starts again at its own offset with [`Objects::stream`].
#[derive(Debug)]
pub struct Reader {
    body: ByteStream,
}

impl Reader {
    /// The next bytes, as many as the network gave at once; `None` at the end.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, StoreError> {
        self.body
            .next()
            .await
            .transpose()
            .map_err(|e| broken("read an object", &e))
    }
}

async fn collect(operation: &'static str, body: ByteStream) -> Result<Bytes, StoreError> {
    body.collect()
        .await
        .map(|body| body.into_bytes())
        .map_err(|e| broken(operation, &e))
}

fn broken(operation: &'static str, error: &ByteStreamError) -> StoreError {
    StoreError::new(
        ErrorKind::Transient,
        operation,
        format!("the connection broke: {error}"),
    )
}

fn check_size(operation: &'static str, bytes: u64) -> Result<(), StoreError> {
    if bytes <= MAX_IN_MEMORY {
        return Ok(());
    }
    let message = format!("{bytes} bytes are more than the {MAX_IN_MEMORY} that are read at once");
    Err(StoreError::new(ErrorKind::Rejected, operation, message))
}

/// The codes of an object, or a version of one, that is not there: absent, a delete marker, or no version at all.
fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let delete_marker = || error.raw_response().is_some_and(|r| r.status().as_u16() == 405);
    matches!(error.code(), Some("NoSuchKey" | "NoSuchVersion" | "MethodNotAllowed")) || delete_marker()
}

/// The version of an object in a bucket without versions, as S3 calls it.
fn unversioned() -> String {
    "null".to_owned()
}

fn size(operation: &'static str, bytes: Option<i64>) -> Result<u64, StoreError> {
    let given = bytes.and_then(|b| u64::try_from(b).ok());
    given.ok_or_else(|| {
        StoreError::new(
            ErrorKind::Corrupt,
            operation,
            "the answer does not say how long the object is",
        )
    })
}

fn timestamp(operation: &'static str, at: Option<DateTime>) -> Result<Timestamp, StoreError> {
    let at = at.and_then(|at| Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok());
    at.ok_or_else(|| {
        StoreError::new(
            ErrorKind::Corrupt,
            operation,
            "the answer does not say when the object was written",
        )
    })
}
