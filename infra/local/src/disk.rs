//! What the machine's disk does to the engines: full, read-only, failing, or the file on it damaged.
//!
//! An engine that meets such a fault answers with a code of its own (HTTP 507, which the SDK does not try again) and
//! leaves word here. The flow then holds its work until the disk can be used again, so that a fault costs no message a try.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::data_dir::DataDirError;

/// How an engine answers that the disk does not let it: nothing that the SDK tries again by itself.
pub(crate) const STATUS: u16 = 507;

/// How often a disk in trouble is tried.
const TRY_EVERY: Duration = Duration::from_secs(2);

/// What a disk must take to count as usable, in bytes: more than what a slice or a validated batch writes.
const ENOUGH: usize = 4 << 20;

/// The disk under the engines. Clones share what is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    trouble: Arc<watch::Sender<Option<Arc<DataDirError>>>>,
}

impl Default for Disk {
    fn default() -> Self {
        Self {
            trouble: Arc::new(watch::Sender::new(None)),
        }
    }
}

impl Disk {
    /// Leaves word of a fault. Answers the code under which a client is told of it, if it is the disk's.
    pub(crate) fn note(&self, error: DataDirError) -> Option<&'static str> {
        let code = error.code()?;
        self.trouble.send_if_modified(|trouble| {
            let first = trouble.is_none();
            if first {
                tracing::error!(%error, "work stands still until the data directory can be used again");
                *trouble = Some(Arc::new(error));
            }
            first
        });
        Some(code)
    }

    /// What is wrong with it now.
    pub(crate) fn trouble(&self) -> Option<Arc<DataDirError>> {
        self.trouble.borrow().clone()
    }

    /// Waits until nothing is wrong.
    pub(crate) async fn usable(&self) {
        // The sender lives as long as `self`.
        let _ = self.trouble.subscribe().wait_for(Option::is_none).await;
    }

    /// Nothing is wrong any more.
    pub(crate) fn forget(&self) {
        self.trouble.send_replace(None);
    }

    /// Forgets a trouble as soon as `directory` takes a file again. A damaged database stays damaged.
    pub(crate) async fn watch(&self, directory: &Path) {
        let mut word = self.trouble.subscribe();
        loop {
            if word.wait_for(Option::is_some).await.is_err() {
                return;
            }
            tokio::time::sleep(TRY_EVERY).await;
            let damaged = |trouble: &DataDirError| matches!(trouble, DataDirError::Damaged { .. });
            if self.trouble().is_some_and(|trouble| damaged(&trouble)) {
                continue;
            }
            let directory = directory.to_owned();
            let tried = tokio::task::spawn_blocking(move || takes_a_file(&directory)).await;
            if matches!(tried, Ok(Ok(()))) {
                tracing::info!("the data directory can be used again");
                self.forget();
            }
        }
    }
}

/// Writes a file to the disk itself and removes it.
fn takes_a_file(directory: &Path) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(&vec![0; ENOUGH])?;
    file.as_file().sync_all()
}
