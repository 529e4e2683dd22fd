//! The reports of an upload, written as streams.

use manifest::{Dialect, FixitWriter};
use muster_core::id::UploadId;
use muster_core::report::ReportRow;
use muster_runtime::Failure;
use muster_store::objects::{Objects, Writer};
use muster_store::reports::{fixit_key, report_key};

/// The header of `report.csv` (`docs/csv.md`).
const HEADER: [&str; 11] = [
    "Line",
    "Row",
    "Serial Number",
    "Outcome",
    "Code",
    "Name",
    "Device ID",
    "Column",
    "Detail",
    "Remedy",
    "Notices",
];

/// `report.csv`, and `fixit.csv` once a row failed.
pub(crate) struct Reports<'a> {
    objects: &'a Objects,
    upload: &'a UploadId,
    fixit_writer: FixitWriter<'a>,
    report: Writer,
    begun: bool,
    fixit: Option<Writer>,
}

impl<'a> Reports<'a> {
    pub(crate) fn begin(objects: &'a Objects, upload: &'a UploadId, dialect: &'a Dialect) -> Self {
        let report = objects.writer(&report_key(upload), "text/csv; charset=utf-8");
        Self {
            objects,
            upload,
            fixit_writer: FixitWriter::new(dialect),
            report,
            begun: false,
            fixit: None,
        }
    }

    /// Adds a row; `raw` are its bytes in the upload.
    pub(crate) async fn row(&mut self, row: &ReportRow, raw: &[u8]) -> Result<(), Failure> {
        let mut lines = Vec::new();
        if !self.begun {
            lines = line(&HEADER.map(str::to_owned))?;
            self.begun = true;
        }
        lines.extend(line(&cells(row))?);
        self.report.write(&lines).await?;
        if row.outcome.is_success() || raw.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        if self.fixit.is_none() {
            self.fixit_writer.header(&mut bytes);
        }
        self.fixit_writer.row(&mut bytes, raw, &row.problem());
        let fixit = self
            .fixit
            .get_or_insert_with(|| self.objects.writer(&fixit_key(self.upload), "text/csv"));
        Ok(fixit.write(&bytes).await?)
    }

    pub(crate) async fn finish(mut self) -> Result<(), Failure> {
        if !self.begun {
            self.report.write(&line(&HEADER.map(str::to_owned))?).await?;
        }
        self.report.finish().await?;
        if let Some(fixit) = self.fixit {
            fixit.finish().await?;
        }
        Ok(())
    }

    pub(crate) async fn abort(self) {
        self.report.abort().await;
        if let Some(fixit) = self.fixit {
            fixit.abort().await;
        }
    }
}

fn cells(row: &ReportRow) -> [String; 11] {
    let entry = row.outcome.entry();
    let column = match (row.column, &row.column_name) {
        (Some(number), Some(name)) => format!("{number} ({name})"),
        (Some(number), None) => number.to_string(),
        (None, name) => name.clone().unwrap_or_default(),
    };
    let detail = if row.detail.is_empty() && !row.outcome.is_success() {
        entry.meaning
    } else {
        &row.detail
    };
    [
        row.place.line.to_string(),
        row.place.row.to_string(),
        row.serial.clone().unwrap_or_default(),
        row.outcome.name().to_owned(),
        entry.code.map(|code| code.to_string()).unwrap_or_default(),
        entry.code_name.unwrap_or_default().to_owned(),
        id(row),
        column,
        detail.to_owned(),
        row.remedy.to_owned(),
        row.notices.join("; "),
    ]
}

/// The device, or in the report of a catalogue upload the entry.
fn id(row: &ReportRow) -> String {
    let entry = row.entry.map(|entry| entry.to_string());
    row.device
        .map(|device| device.to_string())
        .or(entry)
        .unwrap_or_default()
}

fn line(cells: &[String; 11]) -> Result<Vec<u8>, Failure> {
    let failure = |e: csv::Error| Failure::Poison(format!("a line of the report: {e}"));
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(cells).map_err(failure)?;
    writer
        .into_inner()
        .map_err(|e| Failure::Poison(format!("a line of the report: {e}")))
}
