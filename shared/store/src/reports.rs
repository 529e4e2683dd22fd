//! Where the reports of an upload are.

use muster_core::id::UploadId;

/// The prefix under which everything is that is made of uploads.
pub const PREFIX: &str = "uploads/";

/// The key of `report.csv`: every row and its outcome.
#[must_use]
pub fn report_key(upload: &UploadId) -> String {
    format!("uploads/{upload}/report.csv")
}

/// The key of `fixit.csv`: the rows that failed, in the dialect of the upload.
#[must_use]
pub fn fixit_key(upload: &UploadId) -> String {
    format!("uploads/{upload}/fixit.csv")
}

/// The key of `summary.json`: counts and figures.
#[must_use]
pub fn summary_key(upload: &UploadId) -> String {
    format!("uploads/{upload}/summary.json")
}
