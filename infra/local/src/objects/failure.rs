//! What can go wrong inside an operation, and the S3 error that it becomes.

use std::io;

use s3s::{S3Error, S3ErrorCode};

use super::Inner;
use crate::data_dir::DataDirError;

/// The code of an object whose body is gone or cut short.
const BODY_DAMAGED: &str = "BodyDamaged";

/// The result of the storage layer.
pub(super) type Outcome<T> = Result<T, Failure>;

#[derive(Debug)]
pub(super) enum Failure {
    /// An answer of the protocol.
    S3(S3Error),
    /// A fault of the database.
    Sqlite(rusqlite::Error),
    /// A fault of the file system.
    Io(io::Error),
    /// A body that is not as its row says; which, and how.
    Body(String),
}

impl From<S3Error> for Failure {
    fn from(e: S3Error) -> Self {
        Self::S3(e)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(e: rusqlite::Error) -> Self {
        Self::Sqlite(e)
    }
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(e: serde_json::Error) -> Self {
        Self::Io(e.into())
    }
}

impl Inner {
    /// The answer to what could not be done. Leaves word where it is the disk's fault.
    pub(super) fn error(&self, failure: Failure) -> S3Error {
        let (cause, fault) = match failure {
            Failure::S3(e) => return e,
            Failure::Body(what) => {
                let why = "put a backup of the whole data directory in its place";
                return disk_error(BODY_DAMAGED, format!("{what}: {why}"));
            }
            Failure::Sqlite(e) => {
                let fault = DataDirError::from_sqlite(&self.path, &e);
                (S3Error::internal_error(e), fault)
            }
            Failure::Io(e) => {
                let cause = S3Error::internal_error(io::Error::from(e.kind()));
                (cause, DataDirError::from_io(self.blobs.dir(), "read or write in it", e))
            }
        };
        let message = fault.to_string();
        match self.disk.note(fault) {
            Some(code) => disk_error(code, message),
            None => {
                let mut error = cause;
                error.set_message("the embedded S3 could not read or write its data directory");
                error
            }
        }
    }
}

/// An answer that no other try by itself will change.
fn disk_error(code: &'static str, message: String) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(http::StatusCode::INSUFFICIENT_STORAGE);
    error
}

/// An answer of the protocol with a message.
pub(super) fn refuse(code: S3ErrorCode, message: impl Into<std::borrow::Cow<'static, str>>) -> S3Error {
    S3Error::with_message(code, message)
}
