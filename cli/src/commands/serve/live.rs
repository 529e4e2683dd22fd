//! Uploads that run, each in a line that moves. Only on a terminal.

use indicatif::{MultiProgress, ProgressBar};
use muster_core::id::UploadId;
use muster_core::inbox::{InboxKey, NO_TENANT};
use muster_store::uploads::Progress;

use crate::output::{Number, plain};
use crate::progress;

/// How many uploads have a line; the others are counted.
pub(super) const LINES: usize = 8;

/// The uploads that run.
pub(super) struct Running {
    /// Those that have a line, and how far they are where that could be read.
    pub(super) lines: Vec<(UploadId, String, Option<Progress>)>,
    /// How many there are besides.
    pub(super) others: usize,
}

/// The lines at the end of the terminal.
pub(super) struct Live {
    lines: MultiProgress,
    open: Vec<(UploadId, ProgressBar)>,
    others: Option<ProgressBar>,
}

impl Live {
    pub(super) const fn new(lines: MultiProgress) -> Self {
        Self {
            lines,
            open: Vec::new(),
            others: None,
        }
    }

    /// Shows how far the uploads are.
    pub(super) fn update(&mut self, running: Running) {
        let Self { lines, open, others } = self;
        open.retain(|(id, line)| {
            let runs = running.lines.iter().any(|(running, ..)| running == id);
            if !runs {
                line.finish_and_clear();
                lines.remove(line);
            }
            runs
        });
        for (id, key, progress) in running.lines {
            let line = match open.iter().find(|(known, _)| *known == id) {
                Some((_, line)) => line.clone(),
                None => {
                    let line = lines.add(progress::of_upload()).with_message(name(&key));
                    open.push((id, line.clone()));
                    line
                }
            };
            if let Some(progress) = progress {
                progress::show_rows(&line, progress.rows_done, progress.rows);
            }
        }
        // Taken out and put in again, so that it stays the last.
        let last = others.take();
        if let Some(last) = &last {
            lines.remove(last);
        }
        match running.others.try_into() {
            Ok(0_u64) | Err(_) => last.iter().for_each(ProgressBar::finish_and_clear),
            Ok(more) => {
                let last = lines.add(last.unwrap_or_else(progress::of_others));
                last.set_message(format!("and {} more", Number(more)));
                last.tick();
                *others = Some(last);
            }
        }
    }
}

/// What fits into a line of an upload's key.
fn name(key: &str) -> String {
    let told = |key: InboxKey<'_>| match (key.tenant, key.partner) {
        (NO_TENANT, Some(partner)) => format!("catalogue of {partner}/{}", key.name),
        (tenant, _) => format!("{tenant}/{}", key.name),
    };
    let name = InboxKey::parse(key).map_or_else(|| key.to_owned(), told);
    plain(&name).into_owned()
}
