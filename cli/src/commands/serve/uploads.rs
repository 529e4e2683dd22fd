//! What becomes of uploads while the server runs: a line for each state that is seen.

use std::collections::{BTreeMap, VecDeque};

use muster_core::id::UploadId;
use muster_core::inbox::{InboxKey, stray_reason};
use muster_core::upload::{Reason, UploadState};
use muster_local::flow::Embedded;
use muster_store::StoreError;
use muster_store::uploads::UploadStatus;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{self, Number, Output, plain};

/// How many uploads that ended are remembered, so that a repeated message does not tell them again.
const REMEMBERED: usize = 1000;

/// Follows uploads from when they are seen until they end.
pub(super) struct Followed<'a> {
    embedded: &'a Embedded,
    json: bool,
    /// Those that have not ended, with the state that was told.
    open: BTreeMap<UploadId, Option<UploadState>>,
    ended: VecDeque<UploadId>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Event<'a> {
    Upload { upload: &'a UploadStatus },
    Stray { key: &'a str, reason: &'a Reason },
}

impl<'a> Followed<'a> {
    pub(super) const fn new(embedded: &'a Embedded, json: bool) -> Self {
        Self {
            embedded,
            json,
            open: BTreeMap::new(),
            ended: VecDeque::new(),
        }
    }

    /// Tells what changed since the last call. A store that is out of reach is logged, and asked again at the next call.
    pub(super) async fn tell(&mut self, out: &mut Output) -> Result<(), Failure> {
        for (id, object) in self.embedded.take_moved() {
            match object {
                Some(object) if InboxKey::parse(&object.key).is_none() => self.stray(&object.key, out)?,
                _ if self.ended.contains(&id) => {}
                _ => _ = self.open.entry(id).or_default(),
            }
        }
        let ids: Vec<UploadId> = self.open.keys().cloned().collect();
        for id in ids {
            match self.embedded.uploads().get(&id).await {
                Ok(Some(status)) => self.look(&status, out)?,
                // Its object was gone before it was looked at.
                Ok(None) => _ = self.open.remove(&id),
                Err(error) => {
                    unread(&error);
                    break;
                }
            }
        }
        out.flush()
    }

    fn look(&mut self, status: &UploadStatus, out: &mut Output) -> Result<(), Failure> {
        let told = self.open.insert(status.id.clone(), Some(status.state)).flatten();
        if told != Some(status.state) {
            match self.json {
                true => out.json(&Event::Upload { upload: status })?,
                false => out.line(line(status))?,
            }
        }
        if status.state.is_final() {
            self.open.remove(&status.id);
            if self.ended.len() == REMEMBERED {
                self.ended.pop_front();
            }
            self.ended.push_back(status.id.clone());
        }
        Ok(())
    }

    fn stray(&self, key: &str, out: &mut Output) -> Result<(), Failure> {
        let reason = &stray_reason();
        match self.json {
            true => out.json(&Event::Stray { key, reason }),
            false => out.line(format_args!(
                "{}: no upload, left alone: {}. {}",
                plain(key),
                reason.detail,
                reason.remedy
            )),
        }
    }
}

fn unread(error: &StoreError) {
    output::remark(format_args!("warning: an upload could not be looked at: {error}"));
}

fn line(status: &UploadStatus) -> String {
    let head = format!("{} ({})", plain(&status.object.key), status.id);
    let reason = status.reason.as_ref().map_or_else(String::new, |reason| {
        format!(": {}. {}", plain(&reason.detail), plain(&reason.remedy))
    });
    match status.state {
        UploadState::Processing => format!("{head}: accepted"),
        UploadState::Refused => format!("{head}: refused{reason}"),
        UploadState::Failed => format!(
            "{head}: failed{reason} Then stop the server, run `muster uploads resume {}`, and start it again.",
            status.id
        ),
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
                "failed: why it\u{fffd} is. Do this. Then stop the server, run `muster uploads resume \
                 u-AAAAAAAAAAAAAAAAAAAA`, and start it again.",
            ),
            ("finished", counts, "finished: 1,200 registered, 1 unchanged"),
        ] {
            let head = "inbox/intune/-/Contoso/a.csv (u-AAAAAAAAAAAAAAAAAAAA)";
            assert_eq!(line(&status(state, more)), format!("{head}: {expected}"));
        }
    }
}
