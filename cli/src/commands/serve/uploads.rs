//! What becomes of uploads while the server runs: a line for each change, and on a terminal lines that move.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use indicatif::MultiProgress;
use muster_core::upload::{Reason, UploadState};
use muster_local::flow::Change;
use muster_store::uploads::{UploadStatus, Uploads};
use serde::Serialize;

use super::live::Live;
use crate::failure::Failure;
use crate::output::{Number, Output, plain};

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Event<'a> {
    Upload { upload: &'a UploadStatus },
    Stray { key: &'a str, reason: &'a Reason },
}

/// How often the lines move.
const MOVE: Duration = Duration::from_millis(250);

/// What a person or a program is told of uploads.
pub(super) struct View {
    json: bool,
    lines: MultiProgress,
    live: Option<Live>,
    moved: Instant,
}

impl View {
    /// A view whose lines that move stand below what is printed. There are none where no terminal is, and none in JSON.
    pub(super) fn new(json: bool, out: &Output) -> Self {
        let lines = MultiProgress::new();
        let live = !json && out.is_terminal() && !lines.is_hidden();
        Self {
            json,
            live: live.then(|| Live::new(lines.clone())),
            lines,
            moved: Instant::now(),
        }
    }

    /// Writes a line of the log, where it disturbs no line that moves.
    pub(super) fn log(&self) -> impl Fn(&[u8]) + Clone + Send + Sync + 'static {
        let lines = self.live.is_some().then(|| self.lines.clone());
        move |line| {
            // Where nobody can be told, nothing can be done.
            let write = || _ = io::stderr().lock().write_all(line);
            match &lines {
                Some(lines) => lines.suspend(write),
                None => write(),
            }
        }
    }

    /// Tells of one change, in a line or as an object.
    pub(super) fn tell(&mut self, change: &Change, out: &mut Output) -> Result<(), Failure> {
        if let (Change::Upload(status), Some(live)) = (change, &mut self.live) {
            live.change(status);
            if !status.state.is_final() {
                return Ok(());
            }
        }
        let json = self.json;
        let mut print = || {
            tell(change, json, out)?;
            out.flush()
        };
        match &self.live {
            Some(_) => self.lines.suspend(print),
            // Whoever does not read what is printed must not hold up who writes to the log.
            None => print(),
        }
    }

    /// Moves the lines, now and then.
    pub(super) async fn go_on(&mut self, uploads: &Uploads) {
        let Some(live) = self.live.as_mut().filter(|_| self.moved.elapsed() >= MOVE) else {
            return;
        };
        // What cannot be read now is read at the next move; the workers complain of a store that is out of reach.
        let _ = live.update(uploads).await;
        self.moved = Instant::now();
    }

    /// Takes the lines that move away, for good.
    pub(super) fn end_lines(&mut self) {
        self.live = None;
        // Where the terminal is gone, so are the lines.
        let _ = self.lines.clear();
    }
}

fn tell(change: &Change, json: bool, out: &mut Output) -> Result<(), Failure> {
    match (change, json) {
        (Change::Upload(upload), true) => out.json(&Event::Upload { upload }),
        (Change::Upload(upload), false) => out.line(line(upload)),
        (Change::Stray { key, reason }, true) => out.json(&Event::Stray { key, reason }),
        (Change::Stray { key, reason }, false) => out.line(format_args!(
            "{}: no upload, left alone: {}. {}",
            plain(key),
            plain(&reason.detail),
            plain(&reason.remedy)
        )),
    }
}

fn line(status: &UploadStatus) -> String {
    let head = format!("{} ({})", plain(&status.object.key), status.id);
    let reason = status.reason.as_ref().map_or_else(String::new, |reason| {
        format!(": {}. {}", plain(&reason.detail), plain(&reason.remedy))
    });
    match status.state {
        UploadState::Processing => format!("{head}: accepted"),
        UploadState::Refused => format!("{head}: refused{reason}"),
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
