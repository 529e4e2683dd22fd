//! The embedded S3: the protocol by `s3s`, metadata and versions in SQLite, bodies in files.
//!
//! * Versioning is always on. A key is data and never a file name: bodies are `blobs/<uuid>`.
//! * A body is written to a temporary file, verified, flushed and renamed; then one SQLite transaction makes it the
//!   current version **and** puts the "object created" event into the outbox. Until that commit the old object
//!   stands; what a crash leaves behind is a file that no row names, removed at the next start.
//! * Events are delivered at least once: [`Objects::next_events`] repeats them until [`Objects::acknowledge`].
//!
//! Differences from Amazon S3, on purpose: a copy of a multipart object keeps its ETag; an upload in parts returns no
//! checksum of the whole and answers a repeated completion with `NoSuchUpload`; `Expires`, tags, ACLs, storage classes
//! and encryption headers are not kept.

mod blobs;
mod buckets;
pub(crate) mod check;
mod checksums;
mod conditions;
mod connector;
mod failure;
mod keys;
mod listing;
mod multipart;
mod outbox;
mod read;
mod s3;
mod schema;
#[cfg(test)]
pub(crate) mod tests;
mod versions;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use rusqlite::Connection;
use s3s::S3Result;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::sync::Notify;

use crate::Clock;
use crate::data_dir::DataDirError;
use crate::disk::Disk;
use blobs::Blobs;
use failure::Outcome;

pub use outbox::ObjectEvent;

/// An embedded S3. Clones share it.
#[derive(Debug, Clone)]
pub struct Objects {
    inner: Arc<Inner>,
}

/// What the caller decides about an embedded S3.
#[derive(Clone)]
pub struct Options {
    /// Objects whose key begins with one of these make an event; all others, such as what the product writes
    /// itself, make none.
    pub event_prefixes: Vec<String>,
    /// The time of "last modified".
    pub clock: Clock,
    /// The ids of versions.
    pub version_ids: VersionIds,
}

/// Makes the id of a new version of the object under this key; never the same twice for a key.
pub type VersionIds = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Ids that nobody can guess, as S3's.
pub fn random_ids() -> VersionIds {
    Arc::new(|_| schema::random_id())
}

/// The one access key of an embedded S3, made at its first start.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key id.
    pub access_key: String,
    /// The secret access key: for its user's eyes only, never for logs.
    pub secret_key: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

struct Inner {
    database: Mutex<Connection>,
    path: PathBuf,
    blobs: Blobs,
    options: Options,
    credentials: Credentials,
    arrived: Notify,
    disk: Disk,
    /// Bodies of an in-memory store; removed with it.
    _scratch: Option<tempfile::TempDir>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Objects {
    /// Opens or creates a store: metadata in the file `database`, bodies in the directory `blobs`. The caller owns
    /// both, see [`crate::data_dir::DataDir`]. Removes the bodies that no row names.
    ///
    /// # Errors
    /// What is wrong with the file or the directory.
    pub fn open(database: impl AsRef<Path>, blobs: impl AsRef<Path>, options: Options) -> Result<Self, DataDirError> {
        let path = database.as_ref();
        let connection = Connection::open(path).map_err(|e| DataDirError::from_sqlite(path, &e))?;
        Self::assemble(connection, path, Blobs::open(blobs.as_ref(), true)?, options, None)
    }

    /// A store that lives and dies with the process; bodies are in a temporary directory.
    ///
    /// # Errors
    /// When there is no place for temporary files.
    pub fn in_memory(options: Options) -> Result<Self, DataDirError> {
        let path = Path::new(":memory:");
        let scratch = tempfile::tempdir().map_err(|e| DataDirError::from_io(&std::env::temp_dir(), "use it", e))?;
        let connection = Connection::open_in_memory().map_err(|e| DataDirError::from_sqlite(path, &e))?;
        Self::assemble(
            connection,
            path,
            Blobs::open(scratch.path(), false)?,
            options,
            Some(scratch),
        )
    }

    fn assemble(
        mut connection: Connection,
        path: &Path,
        blobs: Blobs,
        options: Options,
        scratch: Option<tempfile::TempDir>,
    ) -> Result<Self, DataDirError> {
        let damaged = |e| DataDirError::from_sqlite(path, &e);
        schema::prepare(&mut connection).map_err(damaged)?;
        let credentials = schema::credentials(&connection).map_err(damaged)?;
        let named = schema::named_blobs(&connection).map_err(damaged)?;
        blobs.remove_all_but(&named)?;
        let inner = Inner {
            database: Mutex::new(connection),
            path: path.to_owned(),
            blobs,
            options,
            credentials,
            arrived: Notify::new(),
            disk: Disk::default(),
            _scratch: scratch,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Where it leaves word of the disk's faults.
    pub(crate) fn disk(&self) -> &Disk {
        &self.inner.disk
    }

    /// The access key to sign requests with.
    pub fn credentials(&self) -> &Credentials {
        &self.inner.credentials
    }

    /// The S3 service for a listener: speaks HTTP, checks signatures, answers presigned URLs.
    pub fn service(&self) -> S3Service {
        let mut builder = S3ServiceBuilder::new(self.clone());
        let Credentials { access_key, secret_key } = self.credentials();
        builder.set_auth(SimpleAuth::from_single(access_key.clone(), secret_key.clone()));
        builder.build()
    }

    /// The HTTP client to give to `aws_sdk_s3::Config::builder().http_client(…)`, with
    /// [`credentials`](Self::credentials), any endpoint and `force_path_style(true)`. No socket is involved, and
    /// bodies are streamed both ways.
    pub fn http_client(&self) -> SharedHttpClient {
        connector::http_client(self.service())
    }

    /// Runs `work` where waiting for the disk harms nobody.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Outcome<T> + Send + 'static,
    ) -> S3Result<T> {
        let inner = self.inner.clone();
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(outcome) => outcome.map_err(|failure| self.inner.error(failure)),
            Err(e) => Err(s3s::S3Error::internal_error(e)),
        }
    }
}

impl Inner {
    fn database(&self) -> MutexGuard<'_, Connection> {
        // A transaction that panicked has rolled back: the connection is sound.
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since 1970.
    fn now(&self) -> i64 {
        (self.options.clock)().as_millisecond()
    }

    fn makes_event(&self, key: &str) -> bool {
        self.options.event_prefixes.iter().any(|prefix| key.starts_with(prefix))
    }
}
