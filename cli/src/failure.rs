//! How a command ends, and what a person is told when it could not do its work.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use muster_local::data_dir::DataDirError;
use muster_local::flow::{Embedded, StartError};
use muster_store::{ErrorKind, StoreError};

use crate::deployed::Origin;
use crate::output;
use crate::state::Surroundings;

/// What to do about a data directory, where nothing better is known.
const DIRECTORY: &str = "See that the directory can be used, or name another one with --data-dir.";

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, and all is well.
    Fine,
    /// Done, but rows failed or the answer is no.
    Negative,
    /// Not done.
    NotDone,
}

impl Exit {
    /// Fine, unless something failed.
    pub(crate) fn unless(failed: bool) -> Self {
        if failed { Self::Negative } else { Self::Fine }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => Self::SUCCESS,
            Exit::Negative => Self::from(1),
            Exit::NotDone => Self::from(2),
        }
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something a person can act on.
    Told {
        /// Where and what, and why.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// What happens to the store.
    Store(StoreError),
    /// Whoever read the output has gone, as `head` does: no fault.
    ReaderGone,
}

impl Failure {
    /// A failure in words.
    pub(crate) fn new(what: impl Display, remedy: impl Display) -> Self {
        Self::Told {
            what: what.to_string(),
            remedy: remedy.to_string(),
        }
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => "Check the path.",
            io::ErrorKind::PermissionDenied => "Give this user the right to read it.",
            io::ErrorKind::IsADirectory => "Name a file in it.",
            _ => "See that the file can be read, and run the command again.",
        };
        Self::new(
            format_args!("{} cannot be read: {}", output::path(path), cause(error)),
            remedy,
        )
    }

    /// A file that cannot be written.
    pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "Free some space, or name a file on another disk."
            }
            _ => "Name a file in a directory that exists and that this user may write to.",
        };
        Self::new(
            format_args!("{} cannot be written: {}", output::path(path), cause(error)),
            remedy,
        )
    }

    /// A failure whose text ends with what to do, behind its last colon.
    pub(crate) fn with_remedy_behind_colon(text: &str) -> Self {
        match text.rsplit_once(": ") {
            Some((what, remedy)) => Self::new(what, sentence(remedy)),
            None => Self::new(text, DIRECTORY),
        }
    }

    /// Why `embedded` cannot go on: its disk, where that is known.
    pub(crate) fn of_disk_or(embedded: &Embedded, other: impl Into<Self>) -> Self {
        embedded
            .trouble()
            .map_or_else(|| other.into(), |trouble| Self::from(&*trouble))
    }

    /// Tells it on stderr, and says how the process ends.
    pub(crate) fn report(self, around: &Surroundings) -> Exit {
        match self {
            Self::ReaderGone => Exit::Fine,
            Self::Store(error) => of_store(&error, around.origin()).report(around),
            Self::Told { what, remedy } => {
                output::complain(&around.env, &what, &remedy);
                Exit::NotDone
            }
        }
    }
}

/// An error of the operating system without its number.
fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    let plain = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = plain.chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

/// What happens to stdout.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::new(
            format_args!("the output cannot be written: {}", cause(&error)),
            "See that its target is writable and has space.",
        )
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What to do about a failure of the store, which depends on where that is.
fn of_store(error: &StoreError, origin: Origin) -> Failure {
    const AGAIN: &str = "Run the command again: it goes on where it stopped.";
    let remedy = match (error.kind(), origin) {
        (ErrorKind::Disk, _) => return Failure::with_remedy_behind_colon(&error.to_string()),
        (ErrorKind::Rejected, Origin::Here | Origin::Server) => "Check what was given.",
        (ErrorKind::Rejected, Origin::Aws) => {
            "Check what was given: --table, --bucket, and the region in the environment (AWS_REGION)."
        }
        (ErrorKind::Corrupt, Origin::Here | Origin::Server) => "Put a backup of the whole data directory in its place.",
        (ErrorKind::Corrupt, Origin::Aws) => "`muster fsck` says what cannot be read, and what to do.",
        (ErrorKind::Denied, Origin::Aws) => "Use other credentials, or give these the permission that is named.",
        (_, Origin::Aws) => {
            "See that AWS can be reached, and which credentials the environment has; then run the command again."
        }
        (_, Origin::Server) => {
            "See that the server still runs and answers, or start it again; then run the command again."
        }
        (_, Origin::Here) => AGAIN,
    };
    Failure::new(error, remedy)
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::DataDir(error) => error.into(),
            StartError::Store(error) => error.into(),
        }
    }
}

/// Its words say what to do behind a colon.
impl From<&DataDirError> for Failure {
    fn from(error: &DataDirError) -> Self {
        let text = error.to_string();
        match error {
            DataDirError::Io { .. } | DataDirError::Database { .. } => Self::new(text, DIRECTORY),
            _ => Self::with_remedy_behind_colon(&text),
        }
    }
}

impl From<DataDirError> for Failure {
    fn from(error: DataDirError) -> Self {
        Self::from(&error)
    }
}

impl From<muster_runtime::Failure> for Failure {
    fn from(failure: muster_runtime::Failure) -> Self {
        Self::new(failure, "Run the command again: it goes on where it stopped.")
    }
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}
