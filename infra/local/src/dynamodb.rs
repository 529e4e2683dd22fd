//! The embedded DynamoDB: `dynoxide-rs` behind the SDK's HTTP-client seam, without a socket.
//!
//! What it does not do: it never conflicts, throttles or reads stale by itself (see [`crate::conflicts`] and
//! [`crate::faults`]), and nothing expires unless [`DynamoDb::sweep_ttl`] is called. Streams are not offered: they
//! cost a table scan per written item. Client request tokens are forgotten when the process ends.

#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{HttpConnectorFuture, SharedHttpClient};
use aws_smithy_runtime_api::client::result::ConnectorError;
use bytes::Bytes;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::JoinError;

use crate::data_dir::DataDirError;
use crate::disk::{self, Disk};
use crate::seam::{self, Operation};

/// An embedded DynamoDB. Clones share it.
#[derive(Clone)]
pub struct DynamoDb {
    database: Database,
    /// Whether the tokens of transactions are kept for ten minutes, as by DynamoDB.
    keeps_tokens: bool,
    path: Arc<PathBuf>,
    disk: Disk,
}

impl std::fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DynamoDb")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl DynamoDb {
    /// Opens or creates the database file; every commit is flushed to the disk.
    ///
    /// It ignores the token of a transaction: no answer is lost between an engine and a client of the same process, while
    /// the engine would keep kilobytes for each transaction and look at all of them in each.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataDirError> {
        let path = path.as_ref();
        let name = path.to_str().ok_or_else(|| DataDirError::Database {
            path: path.to_owned(),
            reason: "its path is not valid UTF-8: name another directory with --data-dir".to_owned(),
        })?;
        // The engine calls a damaged file an encrypted one; SQLite's own word is better.
        probe(path).map_err(|e| DataDirError::from_sqlite(path, &e))?;
        let database = Database::new(name).map_err(|e| DataDirError::from_dynoxide(path, &e))?;
        Ok(Self {
            database,
            keeps_tokens: false,
            path: Arc::new(path.to_owned()),
            disk: Disk::default(),
        })
    }

    /// Gives a database that is no longer open the name under which it will be found.
    ///
    /// # Errors
    /// When it is open, or the file system refuses.
    pub(crate) fn publish(from: &Path, to: &Path) -> Result<(), DataDirError> {
        // Out of the write-ahead log, which is a file of its own, so that the rename is all or nothing.
        let mode = rusqlite::Connection::open(from)
            .and_then(|file| file.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0)))
            .map_err(|e| DataDirError::from_sqlite(from, &e))?;
        if !mode.eq_ignore_ascii_case("delete") {
            let reason = format!("its journal stays in the mode `{mode}`");
            return Err(DataDirError::Database {
                path: from.to_owned(),
                reason,
            });
        }
        std::fs::rename(from, to).map_err(|e| DataDirError::from_io(to, "give it its name", e))
    }

    /// Removes a database that an earlier process left unfinished, if there is one.
    ///
    /// # Errors
    /// When the file system refuses.
    pub(crate) fn discard(path: &Path) -> Result<(), DataDirError> {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            match std::fs::remove_file(&name) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(DataDirError::from_io(path, "remove it", e));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A database that lives and dies with the process.
    ///
    /// # Errors
    /// When SQLite cannot start.
    pub fn in_memory() -> Result<Self, DataDirError> {
        let path = PathBuf::from(":memory:");
        let database = Database::memory().map_err(|e| DataDirError::from_dynoxide(&path, &e))?;
        Ok(Self {
            database,
            keeps_tokens: true,
            path: Arc::new(path),
            disk: Disk::default(),
        })
    }

    /// The same, leaving word of the disk's faults there.
    pub(crate) fn on(self, disk: &Disk) -> Self {
        let disk = disk.clone();
        Self { disk, ..self }
    }

    /// The HTTP client to give to `aws_sdk_dynamodb::Config::builder().http_client(…)`. Any endpoint, region and
    /// credentials will do: requests never leave the process, and signatures are not checked.
    pub fn http_client(&self) -> SharedHttpClient {
        let this = self.clone();
        seam::client(move |request| {
            let this = this.clone();
            HttpConnectorFuture::new(async move {
                let Operation { name, .. } = seam::operation(&request);
                let no_request = "a streamed body is no DynamoDB request";
                let body = request.body().bytes();
                let body = body.ok_or_else(|| ConnectorError::user(no_request.into()))?;
                let answered = this.call(name, Bytes::copy_from_slice(body)).await;
                let (status, body) = answered.map_err(|e| ConnectorError::other(e.into(), None))?;
                seam::json_response(status, body)
            })
        })
    }

    /// The answer to what could not be done.
    fn refuse(&self, error: &DynoxideError) -> (u16, String) {
        if error.status_code() == 500 {
            let fault = DataDirError::from_dynoxide(&self.path, error);
            let message = fault.to_string();
            if let Some(code) = self.disk.note(fault) {
                let body = serde_json::json!({ "__type": code, "message": message });
                return (disk::STATUS, body.to_string());
            }
        }
        (error.status_code(), error.to_json())
    }

    /// Runs an operation, such as `PutItem`, on its request in JSON. Answers with the HTTP status and JSON.
    ///
    /// # Errors
    /// When the work was cut off because the process ends.
    pub(crate) async fn call(&self, operation: String, body: Bytes) -> Result<(u16, Vec<u8>), JoinError> {
        let this = self.clone();
        // A commit waits for the disk: never on the reactor's thread.
        tokio::task::spawn_blocking(move || match dispatch(&this, &operation, &body) {
            Ok(body) => (200, body),
            Err(e) => {
                let (status, body) = this.refuse(&e);
                (status, body.into_bytes())
            }
        })
        .await
    }

    /// Deletes what has outlived its time-to-live attribute, as DynamoDB does within a few days; answers how many
    /// items went.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_ttl(&self) -> Result<usize, DataDirError> {
        let (database, path) = (self.database.clone(), self.path.clone());
        tokio::task::spawn_blocking(move || database.sweep_ttl().map_err(|e| DataDirError::from_dynoxide(&path, &e)))
            .await
            .map_err(|e| DataDirError::Database {
                path: self.path.to_path_buf(),
                reason: e.to_string(),
            })?
    }
}

/// Reads the file's first page, if there is one.
fn probe(path: &Path) -> rusqlite::Result<()> {
    rusqlite::Connection::open(path)?.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// Runs an operation by its name.
fn dispatch(this: &DynamoDb, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
    macro_rules! run {
        ($($operation:literal => $method:ident),* $(,)?) => {
            match operation {
                "TransactWriteItems" => answer(body, |input: TransactWriteItemsRequest| {
                    let token = input.client_request_token.filter(|_| this.keeps_tokens);
                    this.database.transact_write_items(TransactWriteItemsRequest {
                        client_request_token: token,
                        ..input
                    })
                }),
                $($operation => answer(body, |input| this.database.$method(input)),)*
                // Not the fault of the data: the product uses an operation that nobody wired up here.
                other => Err(DynoxideError::UnsupportedCapability(other.to_owned())),
            }
        };
    }
    run! {
        "GetItem" => get_item,
        "PutItem" => put_item,
        "UpdateItem" => update_item,
        "DeleteItem" => delete_item,
        "Query" => query,
        "Scan" => scan,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "TransactGetItems" => transact_get_items,
        "CreateTable" => create_table,
        "DescribeTable" => describe_table,
        "ListTables" => list_tables,
        "UpdateTimeToLive" => update_time_to_live,
        "DescribeTimeToLive" => describe_time_to_live,
    }
}

/// JSON in, JSON out.
fn answer<I: DeserializeOwned, O: Serialize>(
    body: &[u8],
    call: impl FnOnce(I) -> dynoxide::Result<O>,
) -> Result<Vec<u8>, DynoxideError> {
    // The place only: serde's own text may quote a value.
    let input = serde_json::from_slice(body).map_err(|e| {
        DynoxideError::SerializationException(format!("the request is not understood (byte {})", e.column()))
    })?;
    let output = call(input)?;
    serde_json::to_vec(&output).map_err(|e| DynoxideError::InternalServerError(e.to_string()))
}
