//! The data directory: where the embedded default keeps everything, owned by one process at a time.
//!
//! The lock is an advisory lock of the operating system on `muster.lock`, so a killed process never leaves it behind.
//! `muster.owner` only says *who*, and of a server how to reach it: it may be stale, and nothing is decided by it.

mod error;
mod owner;
mod private;
mod sandbox;
#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use error::DataDirError;
pub use owner::{Access, Owner, Stage};
pub use private::write_private;

/// The file that is locked.
const LOCK: &str = "muster.lock";

/// A locked data directory. The lock lasts as long as this value.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    owner: Owner,
    closed_to_others: bool,
    /// Held for its lock, which the kernel releases with the descriptor.
    _lock: File,
}

impl DataDir {
    /// Creates the directory if need be and takes it for this process. It is then for this user alone (mode 0700), also
    /// where it was there before.
    ///
    /// `command` and `now` are what another process is told about the owner.
    ///
    /// # Errors
    /// [`DataDirError::InUse`] when another process has it, otherwise what is wrong with the path.
    pub fn open(path: impl AsRef<Path>, command: &str, now: Timestamp) -> Result<Self, DataDirError> {
        let path = path.as_ref();
        create_private(path).map_err(|e| DataDirError::from_io(path, "create it", e))?;
        if !path.is_dir() {
            return Err(DataDirError::NotADirectory { path: path.to_owned() });
        }
        let lock_path = path.join(LOCK);
        let closed_to_others = private::close_to_others(path)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|e| DataDirError::from_io(&lock_path, "open it", e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DataDirError::InUse {
                    path: path.to_owned(),
                    owner: Owner::read(path).map(Box::new),
                });
            }
            Err(TryLockError::Error(e)) => return Err(DataDirError::from_io(&lock_path, "lock it", e)),
        }
        let dir = Self {
            path: path.to_owned(),
            owner: Owner {
                pid: std::process::id(),
                command: command.to_owned(),
                since: now,
                server: None,
            },
            closed_to_others,
            _lock: lock,
        };
        dir.owner.write(path)?;
        Ok(dir)
    }

    /// Tells other processes that this one is a server, and how far it is.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn announce(&self, stage: Stage) -> Result<(), DataDirError> {
        let server = Some(stage);
        Owner {
            server,
            ..self.owner.clone()
        }
        .write(&self.path)
    }

    /// Whether other users could look into the directory until now.
    pub const fn was_open_to_others(&self) -> bool {
        self.closed_to_others
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file of the embedded DynamoDB.
    pub fn registry_db(&self) -> PathBuf {
        self.path.join("registry.db")
    }

    /// The file of the embedded S3's metadata.
    pub fn objects_db(&self) -> PathBuf {
        self.path.join("objects.db")
    }

    /// The file of the messages that were put aside, a JSON line each.
    pub fn dead_letters(&self) -> PathBuf {
        self.path.join("dead-letters.ndjson")
    }

    /// The directory of the embedded S3's bodies.
    pub fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }
}

/// Creates `path` readable by its owner alone; parents get the usual mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        // Two first starts at once: the lock decides between them.
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
