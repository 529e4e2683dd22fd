//! Uploads that run, each in a line that moves. Only on a terminal.

use indicatif::{MultiProgress, ProgressBar};
use muster_core::id::UploadId;
use muster_core::inbox::InboxKey;
use muster_store::StoreError;
use muster_store::uploads::{UploadStatus, Uploads};

use crate::output::{Number, plain};
use crate::progress;

/// How many uploads have a line; the others are counted.
const LINES: usize = 8;

/// The lines at the end of the terminal.
pub(super) struct Live {
    lines: MultiProgress,
    open: Vec<Open>,
    others: Option<ProgressBar>,
}

struct Open {
    id: UploadId,
    name: String,
    line: Option<ProgressBar>,
}

impl Live {
    pub(super) const fn new(lines: MultiProgress) -> Self {
        Self {
            lines,
            open: Vec::new(),
            others: None,
        }
    }

    /// Takes an upload in, or out when it has ended.
    pub(super) fn change(&mut self, status: &UploadStatus) {
        let known = self.open.iter().position(|open| open.id == status.id);
        match known {
            Some(at) if status.state.is_final() => {
                if let Some(line) = self.open.remove(at).line {
                    line.finish_and_clear();
                    self.lines.remove(&line);
                }
            }
            None if !status.state.is_final() => self.open.push(Open {
                id: status.id.clone(),
                name: name(&status.object.key),
                line: None,
            }),
            _ => {}
        }
    }

    /// Shows how far the uploads are.
    pub(super) async fn update(&mut self, uploads: &Uploads) -> Result<(), StoreError> {
        for open in self.open.iter_mut().take(LINES) {
            let line = open.line.get_or_insert_with(|| {
                let line = self.lines.add(progress::of_upload());
                line.with_message(open.name.clone())
            });
            if let Some(progress) = uploads.progress(&open.id).await? {
                progress::show_rows(line, progress.rows_done, progress.rows);
            }
        }
        match self.open.len().saturating_sub(LINES).try_into() {
            Ok(0_u64) | Err(_) => {
                if let Some(others) = self.others.take() {
                    others.finish_and_clear();
                    self.lines.remove(&others);
                }
            }
            Ok(more) => {
                // Taken out and put in again, so that it stays the last.
                let others = self.others.take().unwrap_or_else(progress::of_others);
                self.lines.remove(&others);
                let others = self.lines.add(others);
                others.set_message(format!("and {} more", Number(more)));
                others.tick();
                self.others = Some(others);
            }
        }
        Ok(())
    }
}

/// What fits into a line of an upload's key.
fn name(key: &str) -> String {
    let name = InboxKey::parse(key).map_or_else(|| key.to_owned(), |key| format!("{}/{}", key.tenant, key.name));
    plain(&name).into_owned()
}
