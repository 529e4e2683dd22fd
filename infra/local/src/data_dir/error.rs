//! What can be wrong with a data directory, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::Owner;

/// Why the embedded default cannot use its data directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataDirError {
    /// Another process has the directory.
    #[error(
        "the data directory {} is in use by {}: let it finish, or name another directory with --data-dir",
        path.display(), named(owner.as_deref())
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Who has it, where its owner file could be read.
        owner: Option<Box<Owner>>,
    },
    /// The path, or a part of it, is something else than a directory.
    #[error("{} is not a directory: name another one with --data-dir", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// Other users can look into it, and it cannot be closed to them here.
    #[error(
        "other users can read what is in {}: close it to them with `chmod 700`, or name an empty or new directory \
         with --data-dir", path.display()
    )]
    OpenToOthers {
        /// The directory.
        path: PathBuf,
    },
    /// It is to become a sandbox, and is none.
    #[error(
        "{} holds {holds}, and no registry becomes a sandbox: name a new or empty directory with --data-dir", path.display()
    )]
    NoSandbox {
        /// The directory.
        path: PathBuf,
        /// A file that is in it.
        holds: String,
    },
    /// This user may not write here, or the file system is mounted read-only.
    #[error("cannot write to {}: make it writable for this user, or name another directory with --data-dir", path.display())]
    NotWritable {
        /// The file or directory.
        path: PathBuf,
    },
    /// No space left.
    #[error("the disk that holds {} is full: free some space and try again", path.display())]
    Full {
        /// The file that could not grow.
        path: PathBuf,
    },
    /// A database file that SQLite does not recognise, or finds corrupt.
    #[error(
        "the database {} is damaged ({reason}): put a backup of the whole data directory in its place, \
         or move the directory away to begin anew", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// The disk does not do what it is asked: it is failing, unplugged, or full where SQLite cannot tell.
    #[error("the disk that holds {} fails ({reason}): see that it is there, works and has space, and try again", path.display())]
    Failing {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// Any other fault of the operating system.
    #[error("{}: could not {action}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the operating system says.
        source: io::Error,
    },
    /// Any other fault of a database.
    #[error("the database {}: {reason}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What it says.
        reason: String,
    },
}

impl DataDirError {
    /// The code under which an engine answers with it, where it is the disk's fault and not the request's.
    pub(crate) const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Full { .. } => Some("DiskFull"),
            Self::NotWritable { .. } => Some("DiskReadOnly"),
            Self::Damaged { .. } => Some("DatabaseDamaged"),
            Self::Failing { .. } => Some("DiskFailing"),
            _ => None,
        }
    }

    /// What it is and what to do, for whoever may not know where the directory is; the log says that.
    pub(crate) const fn in_short(&self) -> &'static str {
        match self {
            Self::Full { .. } => "the disk of the data directory is full: free some space",
            Self::NotWritable { .. } => "the data directory cannot be written: make it writable for the server's user",
            Self::Damaged { .. } => {
                "a database in the data directory is damaged: the server's log says which, and what to do"
            }
            Self::Failing { .. } => "the disk of the data directory fails: see that it is there, works and has space",
            _ => "the data directory cannot be used: the server's log says why",
        }
    }

    /// Sorts a fault of the operating system by what its user can do about it.
    pub(crate) fn from_io(path: &Path, action: &'static str, source: io::Error) -> Self {
        use io::ErrorKind as Kind;
        let path = path.to_owned();
        match source.kind() {
            Kind::StorageFull | Kind::QuotaExceeded => Self::Full { path },
            Kind::FileTooLarge => Self::Failing {
                path,
                reason: "a file may not grow".to_owned(),
            },
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem => Self::NotWritable { path },
            Kind::NotADirectory | Kind::AlreadyExists | Kind::IsADirectory => Self::NotADirectory { path },
            _ => Self::Io { path, action, source },
        }
    }

    /// Sorts a fault of SQLite the same way.
    pub(crate) fn from_sqlite(path: &Path, source: &rusqlite::Error) -> Self {
        let (path, reason) = (path.to_owned(), source.to_string());
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::NotWritable { path }
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged { path, reason },
            Some(ErrorCode::SystemIoFailure) => Self::Failing { path, reason },
            _ => Self::Database { path, reason },
        }
    }

    /// The same for the embedded DynamoDB, which wraps SQLite's errors in several ways.
    pub(crate) fn from_dynoxide(path: &Path, source: &dynoxide::DynoxideError) -> Self {
        if let dynoxide::DynoxideError::SqliteError(e) = source {
            return Self::from_sqlite(path, e);
        }
        let (path, reason) = (path.to_owned(), source.to_string());
        // Most of them have only SQLite's text left.
        match reason.strip_prefix("backend: ") {
            Some("database or disk is full") => Self::Full { path },
            Some("attempt to write a readonly database" | "unable to open database file") => Self::NotWritable { path },
            Some(text) if text.starts_with("I/O error") => Self::Failing { path, reason },
            Some(text) if text.contains("malformed") || text == "not a valid database" => Self::Damaged {
                path,
                reason: text.to_owned(),
            },
            _ => Self::Database { path, reason },
        }
    }
}

/// The owner in words.
fn named(owner: Option<&Owner>) -> String {
    match owner {
        Some(Owner {
            pid, command, since, ..
        }) => format!("`{command}` (process {pid}, since {since})"),
        None => "another process".to_owned(),
    }
}
