//! What can go wrong inside an operation, and the S3 error that it becomes.

use std::io;

use s3s::{S3Error, S3ErrorCode};

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

impl From<Failure> for S3Error {
    fn from(failure: Failure) -> Self {
        let full = match &failure {
            Failure::S3(_) => false,
            Failure::Sqlite(e) => e.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            Failure::Io(e) => matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded),
        };
        let mut error = match failure {
            Failure::S3(e) => return e,
            Failure::Sqlite(e) => S3Error::internal_error(e),
            Failure::Io(e) => S3Error::internal_error(e),
        };
        error.set_message(if full {
            "the disk that holds the data directory is full: free some space and try again"
        } else {
            "the embedded S3 could not read or write its data directory"
        });
        error
    }
}

/// An answer of the protocol with a message.
pub(super) fn refuse(code: S3ErrorCode, message: impl Into<std::borrow::Cow<'static, str>>) -> S3Error {
    S3Error::with_message(code, message)
}
