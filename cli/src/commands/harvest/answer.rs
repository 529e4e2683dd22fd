//! What a harvest came to, for people and as JSON.

use std::collections::BTreeMap;

use manifest::{Dialect, Format};
use muster_core::harvest::SkipReason;
use muster_core::id::{DeviceId, TenantId};
use muster_core::outcome::Outcome;
use registration_api::model::{Harvest, Reason, UploadStage};
use serde::Serialize;

use super::To;
use crate::failure::{Exit, Failure};
use crate::output::{Number, Output, Style, count, plain};

/// What a harvest came to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    file: String,
    tenant: TenantAnswer,
    format: Format,
    /// What a person should know of the file.
    pub(super) notices: Vec<String>,
    rows: u64,
    /// How many devices were handed in.
    taken: u64,
    /// What those came to.
    outcomes: BTreeMap<Outcome, u64>,
    /// How many devices were skipped, by reason.
    skipped: BTreeMap<SkipReason, u64>,
    /// How many rows could not be used.
    unusable: u64,
    uploads: Vec<UploadAnswer>,
    /// Rows that could not be used, and devices that were skipped, as many as are told.
    lines: Vec<Line>,
    #[serde(skip)]
    most: usize,
}

#[derive(Serialize)]
struct TenantAnswer {
    id: TenantId,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UploadAnswer {
    id: String,
    state: UploadStage,
    reason: Option<Reason>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    line: u64,
    code: String,
    detail: String,
    remedy: String,
    device: Option<DeviceId>,
}

impl Answer {
    pub(super) fn new(file: String, to: &To<'_>, dialect: &Dialect, most: usize) -> Self {
        Self {
            file,
            tenant: TenantAnswer {
                id: to.tenant(),
                name: to.name().to_owned(),
            },
            format: dialect.format,
            notices: dialect.notices.iter().map(ToString::to_string).collect(),
            rows: 0,
            taken: 0,
            outcomes: BTreeMap::new(),
            skipped: BTreeMap::new(),
            unusable: 0,
            uploads: Vec::new(),
            lines: Vec::new(),
            most,
        }
    }

    /// Adds rows that cannot be used.
    pub(super) fn unusable(&mut self, rows: Vec<(u64, String)>) {
        self.rows += rows.len() as u64;
        self.unusable += rows.len() as u64;
        for (line, detail) in rows {
            self.tell(Line {
                line,
                code: "unusable".to_owned(),
                detail,
                remedy: "Mend the row, or have the inventory take the hash anew.".to_owned(),
                device: None,
            });
        }
    }

    /// Adds what became of a page, whose devices stand on these lines.
    pub(super) fn page(&mut self, lines: &[u64], harvest: Harvest) {
        self.rows += lines.len() as u64;
        self.taken += harvest.taken;
        for (reason, devices) in harvest.skipped {
            *self.skipped.entry(reason).or_default() += devices;
        }
        for (line, row) in lines.iter().zip(harvest.rows) {
            let Some(Reason { code, detail, remedy }) = row.skipped else {
                continue;
            };
            self.tell(Line {
                line: *line,
                code,
                detail,
                remedy,
                device: row.device,
            });
        }
        if let Some(upload) = harvest.upload {
            for (outcome, rows) in upload.counts {
                *self.outcomes.entry(outcome).or_default() += rows;
            }
            self.uploads.push(UploadAnswer {
                id: upload.id,
                state: upload.state,
                reason: upload.reason,
            });
        }
    }

    fn tell(&mut self, line: Line) {
        // That a device is registered already is what most lines of a daily report come to.
        let dull = line.code == SkipReason::AlreadyRegistered.as_str() && self.most != usize::MAX;
        if self.lines.len() < self.most && !dull {
            self.lines.push(line);
        }
    }

    pub(super) fn exit(&self) -> Exit {
        let ended = self.uploads.iter().all(|upload| upload.state == UploadStage::Finished);
        Exit::unless(self.unusable > 0 || !ended)
    }

    pub(super) fn json(&self, out: &mut Output) -> Result<(), Failure> {
        out.json(self)
    }

    pub(super) fn show(&self, to: &To<'_>, out: &mut Output) -> Result<(), Failure> {
        for notice in &self.notices {
            let title = out.paint(Style::Notice, "notice:");
            out.line(format_args!("{title} {}", plain(notice)))?;
        }
        let (rows, name) = (count(self.rows, "device", "devices"), plain(&self.tenant.name));
        let title = out.paint(Style::Bold, format_args!("{rows} for {name}"));
        out.line(title)?;
        for (outcome, devices) in &self.outcomes {
            let style = if outcome.is_success() { Style::Good } else { Style::Bad };
            let meaning = out.paint(style, outcome.entry().meaning);
            out.line(format_args!("{:>9}  {meaning}", Number(*devices)))?;
        }
        for (reason, devices) in &self.skipped {
            out.line(format_args!(
                "{:>9}  skipped: {}",
                Number(*devices),
                reason.entry().meaning
            ))?;
        }
        if self.unusable > 0 {
            let meaning = out.paint(Style::Bad, "could not be used");
            out.line(format_args!("{:>9}  {meaning}", Number(self.unusable)))?;
        }
        for line in &self.lines {
            out.line(format_args!(
                "  line {}: {} ({})",
                line.line,
                plain(&line.detail),
                line.code
            ))?;
            if !line.remedy.is_empty() {
                out.line(format_args!("    {}", plain(&line.remedy)))?;
            }
        }
        for upload in self
            .uploads
            .iter()
            .filter(|upload| upload.state != UploadStage::Finished)
        {
            if let Some(reason) = &upload.reason {
                out.line(format_args!("{} {}", plain(&reason.detail), plain(&reason.remedy)))?;
            }
            out.line(format_args!(
                "See what failed: muster uploads show {} --tenant {} {}",
                upload.id,
                self.tenant.id,
                to.place()
            ))?;
        }
        Ok(())
    }
}
