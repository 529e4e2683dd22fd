//! What a person is told of a row: one shape for reports, fix-it files, the command line and APIs.

use serde::{Deserialize, Serialize};

use crate::catalogue::EntryId;
use crate::id::{DeviceId, UploadId};
use crate::outcome::Outcome;
use crate::record::{Checked, Place};

/// What registration came to for a row; short names, since a receipt holds hundreds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowOutcome {
    /// The row's number.
    #[serde(rename = "r")]
    pub row: u64,
    /// Its outcome.
    #[serde(rename = "o")]
    pub outcome: Outcome,
    /// The device; absent for a row that registered a new one, whose id follows from the row.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The entry of a catalogue, where the row is one for a catalogue.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryId>,
    /// The line that stands for the same device.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub other_line: Option<u64>,
    /// What a person should know beyond the outcome's meaning.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A row of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportRow {
    /// Where the row stands in the upload.
    #[serde(flatten)]
    pub place: Place,
    /// Its serial number.
    pub serial: Option<String>,
    /// Its outcome.
    pub outcome: Outcome,
    /// Its device, where the sender may know it.
    pub device: Option<DeviceId>,
    /// The entry of the catalogue that it made or met; in no report but one about a catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryId>,
    /// The cell to blame, counted from 1.
    pub column: Option<u32>,
    /// What that column is called.
    pub column_name: Option<String>,
    /// What and why. Empty where the outcome says all.
    pub detail: String,
    /// What to do. Empty where there is nothing to do, or the detail says it.
    pub remedy: &'static str,
    /// What the sender should know though it stopped nothing.
    pub notices: Vec<String>,
}

impl ReportRow {
    /// Joins what validation and registration came to. `None` where the row is in order and was not registered yet.
    #[must_use]
    pub fn new(upload: &UploadId, checked: &Checked, registered: Option<&RowOutcome>) -> Option<Self> {
        let row = |outcome: Outcome, detail: String| Self {
            place: checked.place(),
            serial: checked.serial().map(str::to_owned),
            outcome,
            device: None,
            entry: None,
            column: None,
            column_name: None,
            detail,
            remedy: outcome.entry().remedy,
            notices: Vec::new(),
        };
        match checked {
            Checked::Faulty { faults, .. } => {
                let outcome = faults.first().map_or(Outcome::MalformedRow, |fault| fault.outcome);
                let details: Vec<&str> = faults.iter().map(|fault| fault.detail.as_str()).collect();
                let cell = faults
                    .iter()
                    .find(|fault| fault.column.is_some() || fault.column_name.is_some());
                let told = faults.iter().all(|fault| says_what_to_do(fault.outcome));
                Some(Self {
                    remedy: if told { "" } else { outcome.entry().remedy },
                    column: cell.and_then(|fault| fault.column),
                    column_name: cell.and_then(|fault| fault.column_name.clone()),
                    ..row(outcome, details.join("; "))
                })
            }
            Checked::Duplicate { of_line, .. } => Some(row(Outcome::DuplicateInUpload, same_as(*of_line))),
            Checked::Valid(record) => {
                let registered = registered?;
                let detail = match (&registered.detail, registered.other_line) {
                    (Some(detail), _) => detail.clone(),
                    (None, Some(line)) => same_as(line),
                    _ => String::new(),
                };
                let is_device = registered.outcome == Outcome::Registered && registered.entry.is_none();
                let new = is_device.then(|| DeviceId::of_row(upload, registered.row));
                Some(Self {
                    device: registered.device.or(new),
                    entry: registered.entry,
                    notices: record.notices.clone(),
                    ..row(registered.outcome, detail)
                })
            }
        }
    }

    /// What is wrong and what to do, as one text; for rows that failed.
    #[must_use]
    pub fn problem(&self) -> String {
        let meaning = self.outcome.entry().meaning;
        let what = if self.detail.is_empty() { meaning } else { &self.detail };
        format!("{}. {}", what.trim_end_matches('.'), self.remedy)
            .trim_end()
            .to_owned()
    }
}

/// The detail of a cell or a hash that cannot be read says what to do; the outcome's remedy would only repeat it.
pub(crate) const fn says_what_to_do(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::MalformedRow | Outcome::InvalidHash | Outcome::HashNot4k
    )
}

fn same_as(line: u64) -> String {
    format!("the same device as line {line}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Fault;

    #[test]
    fn a_faulty_row_tells_all_its_faults_and_blames_the_first_cell() {
        let upload = UploadId::of_object("b", "k", "v");
        let fault = |column, detail: &str| Fault {
            outcome: Outcome::InvalidValue,
            column,
            column_name: None,
            detail: detail.to_owned(),
        };
        let checked = Checked::Faulty {
            place: Place {
                row: 1,
                line: 2,
                offset: 0,
                len: 1,
            },
            serial: Some("S".to_owned()),
            faults: vec![fault(None, "first."), fault(Some(3), "second")],
        };
        let row = ReportRow::new(&upload, &checked, None).unwrap();
        assert_eq!((row.outcome, row.column), (Outcome::InvalidValue, Some(3)));
        insta::assert_snapshot!(row.problem(), @"first.; second. Mend the cell that is named.");
    }
}
