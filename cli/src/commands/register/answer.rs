//! What a registration came to: a summary, the first problems, and where the reports are.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use muster_core::id::{PartnerId, TenantId};
use muster_core::outcome::Outcome;
use muster_core::upload::ObjectVersion;
use muster_store::Registry;
use muster_store::reports::{fixit_key, report_key, summary_key};
use registration_api::model::{Reason, Upload, UploadStage};
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::output::{self, Number, Output, Style, count, plain};

/// How many problems are printed; the report has them all.
const FIRST: usize = 10;

/// What a registration came to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    upload_id: String,
    state: UploadStage,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantAnswer>,
    /// The manufacturer whose catalogue the devices are in, where they are nobody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    catalogue: Option<PartnerId>,
    rows: u64,
    outcomes: BTreeMap<Outcome, u64>,
    /// Why the whole file was refused or given up.
    reason: Option<Reason>,
    notices: Vec<String>,
    /// Whether an earlier run of the command began it.
    resumed: bool,
    /// Whether nothing was registered, and this is what would become of the rows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    validate_only: bool,
    /// The file with every row and its outcome.
    report: Option<PathBuf>,
    /// The file with the rows that failed.
    fixit: Option<PathBuf>,
    summary: Option<PathBuf>,
    #[serde(skip)]
    problems: Vec<String>,
    #[serde(skip)]
    partner: Option<PartnerId>,
}

/// The tenant of a registration.
#[derive(Serialize)]
pub(super) struct TenantAnswer {
    pub(super) id: TenantId,
    pub(super) name: String,
    /// Whether it was made on the spot.
    pub(super) created: bool,
}

/// The files about an upload, as far as there are any.
#[derive(Default)]
pub(super) struct Files {
    pub(super) report: Option<PathBuf>,
    pub(super) fixit: Option<PathBuf>,
    pub(super) summary: Option<PathBuf>,
}

impl Files {
    /// Copies them out of the bucket into a directory.
    pub(super) async fn copy(registry: &Registry, upload: &Upload, target: &Path) -> Result<Self, Failure> {
        // What was accepted or refused has an id of its own, and what was not has no files.
        let Ok(id) = upload.id.parse() else {
            return Ok(Self::default());
        };
        Ok(Self {
            report: copy(registry, &report_key(&id), target, REPORT).await?,
            fixit: copy(registry, &fixit_key(&id), target, FIXIT).await?,
            summary: copy(registry, &summary_key(&id), target, SUMMARY).await?,
        })
    }
}

/// What the files are called.
pub(super) const REPORT: &str = "report.csv";
pub(super) const FIXIT: &str = "fixit.csv";
pub(super) const SUMMARY: &str = "summary.json";

impl Answer {
    /// What is told of an upload that came to its end: reads from the report what a person wants to see first.
    pub(super) fn of(
        upload: Upload,
        tenant: Option<TenantAnswer>,
        files: Files,
        resumed: bool,
    ) -> Result<Self, Failure> {
        let failed = failed(&upload.counts);
        let problems = match files.report.as_deref().filter(|_| failed > 0) {
            Some(path) => first_problems(path, failed)?,
            None => Vec::new(),
        };
        Ok(Self {
            validate_only: upload.options.is_some_and(|options| options.validate_only),
            upload_id: upload.id,
            state: upload.state,
            catalogue: upload.partner.clone().filter(|_| tenant.is_none()),
            tenant,
            rows: upload.rows.unwrap_or_default(),
            outcomes: upload.counts,
            reason: upload.reason,
            notices: upload.notices,
            resumed,
            report: files.report,
            fixit: files.fixit,
            summary: files.summary,
            problems,
            partner: upload.partner,
        })
    }

    pub(super) fn exit(&self) -> Exit {
        Exit::unless(self.state != UploadStage::Finished)
    }

    pub(super) fn json(&self, out: &mut Output) -> Result<(), Failure> {
        out.json(self)
    }

    pub(super) fn show(&self, out: &mut Output) -> Result<(), Failure> {
        for notice in &self.notices {
            let title = out.paint(Style::Notice, "notice:");
            out.line(format_args!("{title} {}", plain(notice)))?;
        }
        if let Some(reason) = &self.reason {
            return self.show_reason(reason, out);
        }
        let done: u64 = self
            .outcomes
            .iter()
            .filter(|(outcome, _)| outcome.is_success())
            .map(|(_, rows)| rows)
            .sum();
        let all = count(self.rows, "row", "rows");
        let title = match done == self.rows {
            true if self.rows == 1 => out.paint(Style::Good, "The row is in order"),
            true => out.paint(Style::Good, format_args!("All {all} are in order")),
            false => out.paint(
                Style::Bad,
                format_args!("{} of {all} failed", Number(self.rows.saturating_sub(done))),
            ),
        };
        let place = match (&self.tenant, &self.catalogue) {
            (Some(tenant), _) => format!("tenant {}", plain(&tenant.name)),
            (None, Some(partner)) => format!("the catalogue of {partner}"),
            (None, None) => "a catalogue".to_owned(),
        };
        out.line(format_args!("{title} ({place}, upload {}).", self.upload_id))?;
        for (outcome, rows) in &self.outcomes {
            let style = if outcome.is_success() { Style::Good } else { Style::Bad };
            let text = out.paint(style, outcome.entry().meaning);
            out.line(format_args!("{:>9}  {text}", Number(*rows)))?;
        }
        self.show_problems(self.rows.saturating_sub(done), out)?;
        self.show_files(out)
    }

    fn show_reason(&self, reason: &Reason, out: &mut Output) -> Result<(), Failure> {
        let what = match self.state {
            UploadStage::Refused => "The file was refused, and nothing of it was registered",
            UploadStage::Cancelled => "The upload was called off; what was registered stays",
            _ => "The upload was given up; what was registered stays",
        };
        let title = out.paint(Style::Bad, what);
        out.line(format_args!("{title} (upload {}).", self.upload_id))?;
        out.line(format_args!("  {}: {}", reason.code, plain(&reason.detail)))?;
        out.line(format_args!("  {}", plain(&reason.remedy)))?;
        match (&self.partner, reason.code.as_str()) {
            (Some(partner), "consent-pending") => self.suggest("grant", partner, out),
            (Some(partner), code) if code.starts_with("consent-") => self.suggest("request", partner, out),
            _ => Ok(()),
        }
    }

    /// The command that brings a consent forward.
    fn suggest(&self, verb: &str, partner: &PartnerId, out: &mut Output) -> Result<(), Failure> {
        let Some(tenant) = &self.tenant else {
            return Ok(());
        };
        let tenant = output::quoted(&tenant.name);
        out.line(format_args!(
            "      muster consent {verb} --tenant {tenant} --partner {partner}"
        ))
    }

    fn show_problems(&self, failed: u64, out: &mut Output) -> Result<(), Failure> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let shown = self.problems.len() as u64;
        let title = if shown < failed {
            format!("The first {shown} problems:")
        } else {
            "Problems:".to_owned()
        };
        let title = out.paint(Style::Bold, title);
        out.line(format_args!("\n{title}"))?;
        self.problems
            .iter()
            .try_for_each(|problem| out.line(format_args!("  {problem}")))
    }

    fn show_files(&self, out: &mut Output) -> Result<(), Failure> {
        out.line("")?;
        if let Some(report) = &self.report {
            out.line(format_args!("Every row and its outcome: {}", output::path(report)))?;
        }
        if let Some(fixit) = &self.fixit {
            out.line(format_args!("The rows that failed:      {}", output::path(fixit)))?;
            out.line("Mend them there and register that file; the column Problem is ignored.")?;
        }
        Ok(())
    }
}

/// How many rows failed.
fn failed(outcomes: &BTreeMap<Outcome, u64>) -> u64 {
    outcomes
        .iter()
        .filter(|(outcome, _)| !outcome.is_success())
        .map(|(_, rows)| rows)
        .sum()
}

/// Copies an object into the directory, if there is one; whole or not at all.
async fn copy(registry: &Registry, key: &str, target: &Path, name: &str) -> Result<Option<PathBuf>, Failure> {
    let objects = registry.objects();
    let Some(head) = objects.head(key, None).await? else {
        return Ok(None);
    };
    let object = ObjectVersion {
        bucket: objects.bucket().to_owned(),
        key: key.to_owned(),
        version: head.version,
    };
    let Some(mut reader) = objects.stream(&object, 0).await? else {
        return Ok(None);
    };
    let path = target.join(name);
    let unwritable = |error: io::Error| Failure::unwritable(&path, &error);
    fs::create_dir_all(target).map_err(unwritable)?;
    let mut file = tempfile::NamedTempFile::new_in(target).map_err(unwritable)?;
    while let Some(chunk) = reader.next_chunk().await? {
        io::Write::write_all(&mut file, &chunk).map_err(unwritable)?;
    }
    file.persist(&path).map_err(|error| unwritable(error.error))?;
    Ok(Some(path))
}

/// The first rows of the report that failed, in words.
fn first_problems(report: &Path, failed: u64) -> Result<Vec<String>, Failure> {
    let unreadable = |error: csv::Error| Failure::unreadable(report, &io::Error::other(error));
    let mut reader = csv::Reader::from_path(report).map_err(unreadable)?;
    let columns = Columns::of(reader.headers().map_err(unreadable)?);
    let wanted = FIRST.min(usize::try_from(failed).unwrap_or(FIRST));
    let mut problems = Vec::with_capacity(wanted);
    for record in reader.records() {
        if problems.len() == wanted {
            break;
        }
        problems.extend(columns.problem(&record.map_err(unreadable)?));
    }
    Ok(problems)
}

/// Where the columns of a report are.
struct Columns(BTreeMap<String, usize>);

impl Columns {
    fn of(header: &StringRecord) -> Self {
        Self(header.iter().map(str::to_owned).zip(0..).collect())
    }

    fn get<'r>(&self, record: &'r StringRecord, name: &str) -> &'r str {
        self.0.get(name).and_then(|at| record.get(*at)).unwrap_or_default()
    }

    fn problem(&self, record: &StringRecord) -> Option<String> {
        let outcome = self.get(record, "Outcome");
        let outcome = Outcome::ALL.into_iter().find(|known| known.name() == outcome)?;
        if outcome.is_success() {
            return None;
        }
        let column = Some(self.get(record, "Column")).filter(|column| !column.is_empty());
        let serial = Some(self.get(record, "Serial Number")).filter(|serial| !serial.is_empty());
        let column = column.map(|column| format!(", column {column}")).unwrap_or_default();
        let serial = serial.map(|serial| format!(" [{serial}]")).unwrap_or_default();
        let detail = self.get(record, "Detail").trim_end_matches('.');
        let problem = format!(
            "line {}{column}{serial}: {detail}. {}",
            self.get(record, "Line"),
            self.get(record, "Remedy")
        );
        Some(plain(problem.trim_end()).into_owned())
    }
}
