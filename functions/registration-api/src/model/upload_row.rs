//! Rows of an upload, and files about it.

use muster_core::Timestamp;
use muster_core::catalogue::EntryId;
use muster_core::id::DeviceId;
use muster_core::outcome::Outcome;
use muster_core::report::ReportRow;
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadRow {
    /// The row's number, from 1, without header and blank lines. Of devices that came as JSON, the device's place.
    pub row: u64,
    /// The line of the file where it begins, from 1.
    pub line: u64,
    /// Its serial number, as far as it could be read.
    pub serial: Option<String>,
    /// Its outcome.
    #[schema(value_type = words::Outcome)]
    pub outcome: Outcome,
    /// The number that tools of the field know for it.
    pub code: Option<u16>,
    /// The name that goes with the number.
    pub code_name: Option<String>,
    /// Its device, where the sender may know it.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub device: Option<DeviceId>,
    /// The entry of the catalogue; only of a row for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub entry: Option<EntryId>,
    /// The cell to blame, from 1.
    pub column: Option<u32>,
    /// What that column is called.
    pub column_name: Option<String>,
    /// What and why. Empty where the outcome says all.
    pub detail: String,
    /// What to do. Empty where there is nothing to do, or the detail says it.
    pub remedy: String,
    /// What the sender should know though it stopped nothing.
    pub notices: Vec<String>,
}

impl From<ReportRow> for UploadRow {
    fn from(row: ReportRow) -> Self {
        let entry = row.outcome.entry();
        let detail = match row.detail {
            detail if detail.is_empty() && !row.outcome.is_success() => entry.meaning.to_owned(),
            detail => detail,
        };
        Self {
            row: row.place.row,
            line: row.place.line,
            serial: row.serial,
            outcome: row.outcome,
            code: entry.code,
            code_name: entry.code_name.map(str::to_owned),
            device: row.device,
            entry: row.entry,
            column: row.column,
            column_name: row.column_name,
            detail,
            remedy: row.remedy.to_owned(),
            notices: row.notices,
        }
    }
}

/// A page of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadRowPage {
    /// The rows in the order of the file. There may be none, and yet a next page.
    pub rows: Vec<UploadRow>,
    /// Where the next page begins. While the upload is worked on, what follows may not be done yet: ask again later.
    pub next: Option<String>,
}

/// Where a file can be read for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    /// The URL, which is a secret as long as it is good: `GET` it.
    pub url: String,
    /// Until when it is good.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}
