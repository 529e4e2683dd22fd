//! What a check came to, for people and as JSON.

use std::collections::BTreeMap;

use manifest::{Delimiter, Dialect, Encoding, Format};
use muster_core::channel::Channel;
use muster_core::id::UploadId;
use muster_core::outcome::Outcome;
use muster_core::record::Checked;
use muster_core::report::ReportRow;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{self, Number, Output, Style, count};

/// How many different notices of rows are told.
const MAX_NOTICES: usize = 50;
/// The name of what is in order, among the names of outcomes.
const READY: &str = "ready";

/// What a check came to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) file: String,
    pub(super) channel: Channel,
    format: Format,
    encoding: Encoding,
    delimiter: Delimiter,
    pub(super) rows: u64,
    batches: u64,
    /// Rows by outcome; those that are in order as `ready`.
    outcomes: BTreeMap<&'static str, u64>,
    notices: Vec<String>,
    /// Notices of rows, and of how many.
    row_notices: BTreeMap<String, u64>,
    /// Among how many rows duplicates across batches were looked for, where it were not all.
    #[serde(rename = "duplicatesSoughtAmongRows", skip_serializing_if = "Option::is_none")]
    pub(super) looked_at: Option<u64>,
    problems: Vec<ReportRow>,
    #[serde(skip)]
    told: BTreeMap<Outcome, u64>,
    #[serde(skip)]
    max_problems: usize,
    /// Stands for the upload that there is not.
    #[serde(skip)]
    upload: UploadId,
}

/// Why a file as a whole is refused.
#[derive(Serialize)]
pub(super) struct Refusal {
    pub(super) file: String,
    pub(super) code: &'static str,
    pub(super) line: Option<u64>,
    pub(super) column: Option<u32>,
    pub(super) detail: String,
    pub(super) remedy: String,
}

impl Refusal {
    pub(super) fn place(&self) -> String {
        match (self.line, self.column) {
            (Some(line), Some(column)) => format!("line {line}, column {column}: "),
            (Some(line), None) => format!("line {line}: "),
            _ => String::new(),
        }
    }

    pub(super) fn as_json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Refused<'a> {
            refused: &'a Refusal,
        }
        Refused { refused: self }
    }
}

impl Report {
    pub(super) fn new(file: String, channel: Channel, dialect: &Dialect, max_problems: usize) -> Self {
        let mut notices: Vec<String> = dialect.notices.iter().map(ToString::to_string).collect();
        if channel.policy().retired {
            notices.push(format!(
                "the front end {channel} was retired by its vendor; its lists are still accepted here"
            ));
        }
        Self {
            upload: UploadId::of_object("", &file, ""),
            file,
            channel,
            format: dialect.format,
            encoding: dialect.encoding,
            delimiter: dialect.delimiter,
            rows: 0,
            batches: 0,
            outcomes: BTreeMap::new(),
            notices,
            row_notices: BTreeMap::new(),
            looked_at: None,
            problems: Vec::new(),
            told: BTreeMap::new(),
            max_problems,
        }
    }

    /// Counts the rows of a batch.
    pub(super) fn batch(&mut self, rows: &[Checked]) {
        self.batches += 1;
        self.rows += rows.len() as u64;
        for row in rows {
            if let Checked::Valid(record) = row {
                *self.outcomes.entry(READY).or_default() += 1;
                record.notices.iter().for_each(|notice| self.notice(notice));
                continue;
            }
            let Some(problem) = ReportRow::new(&self.upload, row, None) else {
                continue;
            };
            *self.outcomes.entry(problem.outcome.name()).or_default() += 1;
            *self.told.entry(problem.outcome).or_default() += 1;
            if self.problems.len() < self.max_problems {
                self.problems.push(problem);
            }
        }
    }

    fn notice(&mut self, notice: &str) {
        if let Some(count) = self.row_notices.get_mut(notice) {
            *count += 1;
        } else if self.row_notices.len() < MAX_NOTICES {
            self.row_notices.insert(notice.to_owned(), 1);
        }
    }

    /// The problems since the last call.
    pub(super) fn take_problems(&mut self) -> Vec<ReportRow> {
        std::mem::take(&mut self.problems)
    }

    /// How many rows are not in order.
    pub(super) fn failed(&self) -> u64 {
        self.told.values().sum()
    }

    pub(super) fn json(&self, out: &mut Output) -> Result<(), Failure> {
        out.json(self)
    }

    pub(super) fn show(&self, out: &mut Output) -> Result<(), Failure> {
        let failed = self.failed();
        if self.max_problems == usize::MAX && failed > 0 {
            out.line("")?;
        }
        out.line(format_args!("{}: {}", self.file, count(self.rows, "row", "rows")))?;
        out.line(format_args!(
            "  format: {} ({}, {})",
            self.format, self.encoding, self.delimiter
        ))?;
        let policy = self.channel.policy();
        let batches = count(self.batches, "batch", "batches");
        out.line(format_args!(
            "  channel: {}, {batches} of at most {} devices",
            self.channel, policy.max_devices
        ))?;
        for notice in &self.notices {
            show_notice(out, notice)?;
        }
        for (notice, rows) in &self.row_notices {
            show_notice(
                out,
                &format!("{} ({})", output::plain(notice), count(*rows, "row", "rows")),
            )?;
        }
        out.line("")?;
        let ready = self.outcomes.get(READY).copied().unwrap_or_default();
        let text = out.paint(Style::Good, "ready to be registered");
        out.line(format_args!("{:>9}  {text}", Number(ready)))?;
        for (outcome, rows) in &self.told {
            let text = out.paint(Style::Bad, outcome.entry().meaning);
            out.line(format_args!("{:>9}  {text}", Number(*rows)))?;
        }
        self.show_problems(out)?;
        out.line("")?;
        self.show_prospect(ready, failed, out)
    }

    fn show_problems(&self, out: &mut Output) -> Result<(), Failure> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let (shown, failed) = (self.problems.len() as u64, self.failed());
        let title = if shown < failed {
            format!("The first {shown} of {} problems (--all shows all):", Number(failed))
        } else {
            "Problems:".to_owned()
        };
        let title = out.paint(Style::Bold, title);
        out.line(format_args!("\n{title}"))?;
        self.problems.iter().try_for_each(|problem| show_problem(problem, out))
    }

    fn show_prospect(&self, ready: u64, failed: u64, out: &mut Output) -> Result<(), Failure> {
        if let Some(rows) = self.looked_at {
            out.line(format_args!(
                "Duplicates across batches were looked for among the first {} only; later ones show when the list is registered.",
                count(rows, "row", "rows")
            ))?;
        }
        let mut prospect = format!("`muster register` would go on with {}", count(ready, "row", "rows"));
        if failed > 0 {
            prospect.push_str(&format!(
                " and answer {} as above, with a fix-it file",
                count(failed, "row", "rows")
            ));
        }
        out.line(format_args!(
            "{prospect}. Consent and other tenants' devices show only then. Nothing was written."
        ))
    }
}

fn show_notice(out: &mut Output, notice: &str) -> Result<(), Failure> {
    let name = out.paint(Style::Notice, "notice:");
    out.line(format_args!("  {name} {notice}"))
}

/// One problem: where, what, and what to do.
pub(crate) fn show_problem(problem: &ReportRow, out: &mut Output) -> Result<(), Failure> {
    let column = match (problem.column, &problem.column_name) {
        (Some(number), Some(name)) => format!(", column {number} ({})", output::plain(name)),
        (Some(number), None) => format!(", column {number}"),
        (None, Some(name)) => format!(", {}", output::plain(name)),
        (None, None) => String::new(),
    };
    let serial = match problem
        .serial
        .as_deref()
        .filter(|_| problem.column.is_none_or(|column| column > 1))
    {
        Some(serial) => format!(" [{}]", output::plain(serial)),
        None => String::new(),
    };
    let place = out.paint(Style::Bold, format_args!("line {}{column}", problem.place.line));
    out.line(format_args!("  {place}{serial}: {}", output::plain(&problem.problem())))
}
