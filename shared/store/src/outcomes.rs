//! What became of rows: validation and registration joined, batch by batch.

use muster_core::id::UploadId;
use muster_core::outcome::Outcome;
use muster_core::report::ReportRow;

use crate::error::StoreError;
use crate::receipts::Receipts;
use crate::validated::ValidatedBatches;

/// Of which upload the rows are.
#[derive(Debug, Clone, Copy)]
pub struct RowsOf<'a> {
    /// The upload.
    pub upload: &'a UploadId,
    /// Whether its receipts only predict: then no row made a device.
    pub validate_only: bool,
}

/// What the detail of a success says that was only predicted.
const PREDICTED: &str = "predicted: nothing was written";

/// The rows of a batch in input order, each as far as it is known: `None` for a row that is in order and not registered yet.
/// `None` for all of them before the batch is validated.
///
/// # Errors
/// When the store is out of reach, or what is there cannot be read.
pub async fn rows_of_batch(
    validated: &ValidatedBatches,
    receipts: &Receipts,
    of: RowsOf<'_>,
    number: u32,
) -> Result<Option<Vec<Option<ReportRow>>>, StoreError> {
    let Some(checked) = validated.get(of.upload, number).await? else {
        return Ok(None);
    };
    let registered = receipts.of_batch(of.upload, number).await?;
    let mut registered = registered.iter().peekable();
    let rows = checked.iter().map(|checked| {
        let own = registered.next_if(|outcome| outcome.row == checked.place().row);
        let row = ReportRow::new(of.upload, checked, own)?;
        Some(if of.validate_only { predicted(row) } else { row })
    });
    Ok(Some(rows.collect()))
}

/// A row of an upload that registered nothing.
fn predicted(mut row: ReportRow) -> ReportRow {
    if row.outcome == Outcome::Registered {
        row.device = None;
        row.entry = None;
    }
    if row.outcome.is_success() && row.detail.is_empty() {
        PREDICTED.clone_into(&mut row.detail);
    }
    row
}
