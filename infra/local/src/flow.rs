//! The flow on one machine: the embedded engines, and the loop that plays AWS around the functions.
//!
//! [`Embedded`] is the state; [`Flow`] is the work on it. Events leave the outbox of the bucket, messages the queues in
//! memory, and each goes to the same `handle` that runs in Lambda.

mod alarm;
mod changes;
mod events;
mod files;
mod played;
mod queue;
mod stops;
mod swept;
mod workers;

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use finish_upload::FinishUpload;
use muster_core::inbox::PREFIX;
use muster_runtime::Failure;
use muster_store::queue::Queue;
use muster_store::{Connection, Credentials, Registry, StoreError, Table};
use register_batch::RegisterBatch;
use split_upload::SplitUpload;
use validate_batch::ValidateBatch;

use crate::Clock;
use crate::data_dir::{DataDir, DataDirError, Stage};
use crate::dynamodb::DynamoDb;
use crate::metrics::{Metrics, Reading};
use crate::objects::{Objects, Options, VersionIds, random_ids};

pub(crate) use alarm::Alarm;
pub use changes::Change;
pub use queue::{DeadLetter, InProcess};
pub use workers::Flow;

/// The name of the embedded bucket.
pub const BUCKET: &str = "muster";

/// The name of the embedded table.
pub const TABLE: &str = "muster";

/// Why the embedded default cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The engines behind it.
    #[error("the embedded store cannot be prepared: {0}")]
    Store(#[from] StoreError),
}

/// The state of the embedded default: the registry over table and bucket, and the queues in memory. Clones share it.
#[derive(Clone)]
pub struct Embedded {
    registry: Registry,
    dynamodb: DynamoDb,
    bucket: Objects,
    queue: Arc<InProcess>,
    changes: Arc<changes::Changes>,
    metrics: Arc<Metrics>,
    /// Where the functions send: `queue`, perhaps with decorators.
    sends: Arc<dyn Queue>,
    clock: Clock,
    directory: Option<Arc<DataDir>>,
    sandbox: bool,
}

impl Deref for Embedded {
    type Target = Registry;

    fn deref(&self) -> &Registry {
        &self.registry
    }
}

impl Embedded {
    /// Opens the state in a data directory, which this process owns until the last clone is gone.
    ///
    /// # Errors
    /// When a file cannot be opened or the engines cannot be prepared.
    pub async fn open(directory: DataDir, clock: Clock) -> Result<Self, StartError> {
        let bucket = Objects::open(directory.objects_db(), directory.blobs(), options(&clock))?;
        let registry = directory.registry_db();
        if !registry.exists() {
            // The engine makes a table in several steps. A process that is killed between them must not leave half of one.
            let unfinished = registry.with_extension("db.new");
            DynamoDb::discard(&unfinished)?;
            let dynamodb = DynamoDb::open(&unfinished)?.on(bucket.disk());
            let first = Self::over(dynamodb, bucket.clone(), clock.clone(), None, |client| client);
            first.create().await?;
            drop(first);
            DynamoDb::publish(&unfinished, &registry)?;
        }
        let dynamodb = DynamoDb::open(registry)?.on(bucket.disk());
        let embedded = Self::over(dynamodb, bucket, clock, Some(Arc::new(directory)), |client| client);
        embedded.create().await?;
        Ok(embedded)
    }

    /// State that lives and dies with the process, for tests.
    ///
    /// # Errors
    /// When the engines cannot be prepared.
    pub async fn in_memory(clock: Clock) -> Result<Self, StartError> {
        Self::in_memory_with(clock, random_ids()).await
    }

    /// The same, whose object versions have the ids that `version_ids` makes: with the same ids, what is uploaded has the
    /// same ids, too, and so have its devices.
    ///
    /// # Errors
    /// When the engines cannot be prepared.
    pub async fn in_memory_with(clock: Clock, version_ids: VersionIds) -> Result<Self, StartError> {
        let options = Options {
            version_ids,
            ..options(&clock)
        };
        let (dynamodb, bucket) = (DynamoDb::in_memory()?, Objects::in_memory(options)?);
        let embedded = Self::over(dynamodb, bucket, clock, None, |client| client);
        embedded.create().await?;
        Ok(embedded)
    }

    /// The same state as another process would see it: with empty queues, and with `wrap` around the clients of both
    /// engines.
    #[must_use]
    pub fn again(&self, wrap: impl Fn(SharedHttpClient) -> SharedHttpClient) -> Self {
        let again = Self::over(
            self.dynamodb.clone(),
            self.bucket.clone(),
            self.clock.clone(),
            self.directory.clone(),
            wrap,
        );
        Self {
            sandbox: self.sandbox,
            ..again
        }
    }

    /// The same state as a sandbox, for tests; one in a data directory is a sandbox if that says so.
    #[must_use]
    pub fn as_sandbox(self) -> Self {
        Self { sandbox: true, ..self }
    }

    /// The same process, whose functions send to what `wrap` makes of its queues.
    #[must_use]
    pub fn sending_through(self, wrap: impl FnOnce(Arc<dyn Queue>) -> Arc<dyn Queue>) -> Self {
        let sends = wrap(self.sends);
        Self { sends, ..self }
    }

    fn over(
        dynamodb: DynamoDb,
        bucket: Objects,
        clock: Clock,
        directory: Option<Arc<DataDir>>,
        wrap: impl Fn(SharedHttpClient) -> SharedHttpClient,
    ) -> Self {
        let secret = bucket.credentials();
        let credentials = Credentials {
            access_key: secret.access_key.clone(),
            secret_key: secret.secret_key.clone(),
        };
        let connection = Connection::embedded(wrap(dynamodb.http_client()), wrap(bucket.http_client()), &credentials);
        let dead_letters = directory.as_ref().map(|directory| directory.dead_letters());
        let table = Table::new(&connection, TABLE);
        let objects = muster_store::objects::Objects::new(&connection, BUCKET);
        let metrics = Arc::new(Metrics::default());
        let queue = Arc::new(InProcess::new(dead_letters, Arc::clone(&metrics)));
        Self {
            registry: Registry::new(table, objects),
            dynamodb,
            bucket,
            sends: queue.clone(),
            queue,
            changes: Arc::new(changes::Changes::counted_by(Arc::clone(&metrics))),
            metrics,
            clock,
            sandbox: directory.as_ref().is_some_and(|directory| directory.is_sandbox()),
            directory,
        }
    }

    /// The S3 service over the bucket, for a listener.
    #[must_use]
    pub(crate) fn s3_service(&self) -> s3s::service::S3Service {
        self.bucket.service()
    }

    /// The access key of the bucket.
    #[must_use]
    pub fn credentials(&self) -> &crate::objects::Credentials {
        self.bucket.credentials()
    }

    /// The engine of the table.
    pub(crate) const fn dynamodb(&self) -> &DynamoDb {
        &self.dynamodb
    }

    /// Tells other processes how far this server is, where there is a directory that they could want.
    pub(crate) fn announce(&self, stage: Stage) -> Result<(), DataDirError> {
        match &self.directory {
            Some(directory) => directory.announce(stage),
            None => Ok(()),
        }
    }

    /// The data directory, where there is one.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_ref().map(|directory| directory.path())
    }

    /// The data directory itself.
    pub(crate) fn data_dir(&self) -> Option<&DataDir> {
        self.directory.as_deref()
    }

    /// Whether it is a sandbox, in which serial numbers say what their rows come to ([`muster_core::sandbox`]).
    #[must_use]
    pub const fn is_sandbox(&self) -> bool {
        self.sandbox
    }

    /// The queues.
    #[must_use]
    pub fn queue(&self) -> &InProcess {
        &self.queue
    }

    /// What was counted, and how things stand, as Prometheus reads it. `started` is when the server started, in seconds
    /// since 1970, and `resident` the memory of the process in bytes.
    ///
    /// # Errors
    /// When the outbox of the bucket cannot be read.
    pub(crate) async fn metrics(&self, started: i64, resident: Option<u64>) -> Result<String, Failure> {
        let events = self.bucket.waiting_events().await;
        Ok(self.metrics.text(&Reading {
            uploads_open: self.open_uploads().len(),
            events: events.map_err(|e| Failure::Retry(format!("the outbox of the bucket: {e}")))?,
            queues: self.queue.depths(),
            resident,
            started,
        }))
    }

    /// What is wrong with the data directory, if work stands still for it.
    #[must_use]
    pub fn trouble(&self) -> Option<Arc<DataDirError>> {
        self.bucket.disk().trouble()
    }

    /// Leaves word of a trouble, as an engine does.
    #[cfg(test)]
    pub(crate) fn note_trouble(&self, error: DataDirError) {
        self.bucket.disk().note(error);
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        (self.clock)()
    }

    /// The function of this name over this state.
    pub(crate) fn split_upload(&self) -> SplitUpload<'_> {
        SplitUpload {
            tenants: self.tenants(),
            partners: self.partners(),
            grants: self.grants(),
            announcements: self.announcements(),
            uploads: self.uploads(),
            objects: self.objects(),
            queue: &*self.sends,
        }
    }

    /// The function of this name over this state.
    pub(crate) fn validate_batch(&self) -> ValidateBatch<'_> {
        ValidateBatch {
            uploads: self.uploads(),
            objects: self.objects(),
            validated: self.validated(),
            queue: &*self.sends,
        }
    }

    /// The function of this name over this state.
    pub(crate) fn register_batch(&self) -> RegisterBatch<'_> {
        RegisterBatch {
            uploads: self.uploads(),
            validated: self.validated(),
            devices: self.devices(),
            catalogue: self.catalogue(),
            receipts: self.receipts(),
            grants: self.grants(),
            queue: &*self.sends,
        }
    }

    /// The function of this name over this state.
    pub(crate) fn finish_upload(&self) -> FinishUpload<'_> {
        FinishUpload {
            uploads: self.uploads(),
            validated: self.validated(),
            receipts: self.receipts(),
            objects: self.objects(),
            queue: &*self.sends,
        }
    }

    /// Deletes what has outlived its time, as DynamoDB does by itself. The engine goes by the machine's clock, so this is
    /// not for worlds with a clock of their own.
    pub(crate) async fn expire(&self) {
        if self.directory.is_some()
            && let Err(error) = self.dynamodb.sweep_ttl().await
        {
            tracing::error!(%error, "expired items could not be deleted and stay for now");
        }
    }

    /// Forgets all events of the bucket, as a notification that is lost.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn forget_events(&self) -> Result<(), Failure> {
        let failure = |e| Failure::Retry(format!("the outbox of the bucket: {e}"));
        for event in self.bucket.next_events(usize::MAX).await.map_err(failure)? {
            self.bucket.acknowledge(event.seq).await.map_err(failure)?;
        }
        Ok(())
    }
}

/// As the template's notification: what is dropped in the inbox makes an event.
fn options(clock: &Clock) -> Options {
    Options {
        event_prefixes: vec![PREFIX.to_owned()],
        clock: clock.clone(),
        version_ids: random_ids(),
    }
}
