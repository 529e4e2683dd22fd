//! What becomes of uploads while the server runs: a line for each change, and on a terminal lines that move.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::MultiProgress;
use muster_core::id::UploadId;
use muster_core::upload::{Reason, UploadState};
use muster_local::flow::Change;
use muster_store::uploads::{UploadStatus, Uploads};
use serde::Serialize;

use super::aside::Aside;
use super::live::{LINES, Live, Running};
use super::screen::{Screen, Show};
use crate::output::{Number, Output, plain};

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Event<'a> {
    Upload { upload: &'a UploadStatus },
    Stray { key: &'a str, reason: &'a Reason },
}

/// How often the lines move.
const MOVE: Duration = Duration::from_millis(250);

/// What a person or a program is told of uploads. Dropped, it waits a moment until everything is told.
pub(super) struct View {
    screen: Aside<Show>,
    log: Arc<Aside<Vec<u8>>>,
    json: bool,
    /// Uploads that run, with their keys, where there are lines that move.
    open: Option<Vec<(UploadId, String)>>,
    moved: Instant,
}

impl View {
    /// A view whose lines that move stand below what is printed. There are none where no terminal is, and none in JSON.
    pub(super) fn new(json: bool, out: Output) -> Self {
        let lines = MultiProgress::new();
        let live = !json && out.is_terminal() && !lines.is_hidden();
        let log = Aside::new({
            let lines = live.then(|| lines.clone());
            move |missing, line: Option<Vec<u8>>| match &lines {
                Some(lines) => lines.suspend(|| log(missing, line)),
                None => log(missing, line),
            }
        });
        let mut screen = Screen {
            out,
            json,
            live: live.then(|| Live::new(lines.clone())),
            lines,
            broken: false,
        };
        Self {
            screen: Aside::new(move |missing, show| screen.show(missing, show)),
            log: Arc::new(log),
            json,
            open: live.then(Vec::new),
            moved: Instant::now(),
        }
    }

    /// Writes a line of the log, where it disturbs no line that moves.
    pub(super) fn log(&self) -> impl Fn(&[u8]) + Clone + Send + Sync + 'static {
        let log = Arc::clone(&self.log);
        move |line| log.tell(line.to_vec())
    }

    /// Prints lines.
    pub(super) fn say(&self, text: impl Into<String>) {
        self.screen.tell(Show::Line(text.into()));
    }

    /// Prints a value as a line of JSON.
    pub(super) fn say_json(&self, value: &impl Serialize) {
        // What is printed here always is JSON.
        self.say(serde_json::to_string(value).unwrap_or_default());
    }

    /// Tells of one change, in a line or as an object.
    pub(super) fn tell(&mut self, change: &Change) {
        if let (Change::Upload(status), Some(open)) = (change, &mut self.open) {
            open.retain(|(id, _)| *id != status.id);
            if !status.state.is_final() {
                return open.push((status.id.clone(), status.object.key.clone()));
            }
        }
        match (change, self.json) {
            (Change::Upload(upload), true) => self.say_json(&Event::Upload { upload }),
            (Change::Upload(upload), false) => self.say(line(upload)),
            (Change::Stray { key, reason }, true) => self.say_json(&Event::Stray { key, reason }),
            (Change::Stray { key, reason }, false) => self.say(format!(
                "{}: no upload, left alone: {}. {}",
                plain(key),
                plain(&reason.detail),
                plain(&reason.remedy)
            )),
        }
    }

    /// Moves the lines, now and then.
    pub(super) async fn go_on(&mut self, uploads: &Uploads) {
        let Some(open) = self.open.as_ref().filter(|_| self.moved.elapsed() >= MOVE) else {
            return;
        };
        let mut lines = Vec::new();
        for (id, key) in open.iter().take(LINES) {
            // What cannot be read now is read at the next move; the workers complain of a store that is out of reach.
            let progress = tokio::time::timeout(MOVE, uploads.progress(id)).await;
            lines.push((id.clone(), key.clone(), progress.ok().and_then(Result::ok).flatten()));
        }
        let others = open.len().saturating_sub(LINES);
        self.screen.tell(Show::Running(Running { lines, others }));
        self.moved = Instant::now();
    }

    /// Takes the lines that move away, for good.
    pub(super) fn end_lines(&mut self) {
        self.open = None;
        self.screen.tell(Show::EndLines);
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.screen.end();
        self.log.end();
    }
}

/// Writes a line of the log, behind so many that are missing.
fn log(missing: u64, line: Option<Vec<u8>>) {
    let missing = match missing {
        0 => String::new(),
        missing => format!("({} of the log left out here, since nobody read it)\n", Number(missing)),
    };
    let text = [missing.into_bytes(), line.unwrap_or_default()].concat();
    // Where nobody can be told, nothing can be done.
    let _ = io::stderr().lock().write_all(&text);
}

fn line(status: &UploadStatus) -> String {
    let head = format!("{} ({})", plain(&status.object.key), status.id);
    let reason = status.reason.as_ref().map_or_else(String::new, |reason| {
        format!(": {}. {}", plain(&reason.detail), plain(&reason.remedy))
    });
    match status.state {
        UploadState::Processing => format!("{head}: accepted"),
        UploadState::Refused | UploadState::Cancelled => format!("{head}: {}{reason}", status.state.as_str()),
        UploadState::Failed => format!("{head}: failed{reason} Then run `muster uploads resume {}`.", status.id),
        UploadState::Finished | UploadState::FinishedWithErrors => {
            let counts: Vec<String> = (status.counts.iter())
                .map(|(outcome, rows)| format!("{} {}", Number(*rows), outcome.name()))
                .collect();
            format!("{head}: {}: {}", status.state.as_str(), counts.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(state: &str, more: &str) -> UploadStatus {
        let text = format!(
            r#"{{"id": "u-AAAAAAAAAAAAAAAAAAAA", "size": 1, "createdAt": "2026-01-01T00:00:00Z", "state": "{state}",
                "object": {{"bucket": "b", "key": "inbox/intune/-/Contoso/a.csv", "version": "1"}}{more}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_line_says_how_an_upload_stands_and_what_to_do() {
        let reason = r#", "reason": {"code": "c", "detail": "why it\u001b is", "remedy": "Do this."}"#;
        let counts = r#", "counts": {"registered": 1200, "unchanged": 1}"#;
        for (state, more, expected) in [
            ("processing", "", "accepted"),
            ("refused", reason, "refused: why it\u{fffd} is. Do this."),
            (
                "failed",
                reason,
                "failed: why it\u{fffd} is. Do this. Then run `muster uploads resume u-AAAAAAAAAAAAAAAAAAAA`.",
            ),
            ("finished", counts, "finished: 1,200 registered, 1 unchanged"),
        ] {
            let head = "inbox/intune/-/Contoso/a.csv (u-AAAAAAAAAAAAAAAAAAAA)";
            assert_eq!(line(&status(state, more)), format!("{head}: {expected}"));
        }
    }
}
