//! What became of rows of the queue: looked up where their uploads have ended, and remembered.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use muster_core::id::{AnnouncementId, ImportId, TenantId, UploadId};
use muster_core::outcome::Outcome;
use muster_core::report::ReportRow;
use muster_core::upload::lost;
use muster_runtime::http::Problem;
use muster_store::imports::{Import, ImportResult};
use muster_store::outcomes::{RowsOf, rows_of_batch};
use muster_store::uploads::UploadStatus;

use crate::Api;

/// How many uploads are looked at at once.
const AT_ONCE: usize = 16;

/// What became of the rows of an upload, by their numbers; of those that are not among them the other.
struct Results {
    rows: BTreeMap<u64, ImportResult>,
    other: ImportResult,
}

impl Results {
    fn of(&self, row: u64) -> ImportResult {
        self.rows.get(&row).unwrap_or(&self.other).clone()
    }
}

/// The rows with what became of them, as far as that is known.
pub(super) async fn settled(api: &Api, tenant: TenantId, mut rows: Vec<Import>) -> Result<Vec<Import>, Problem> {
    let open: BTreeMap<UploadId, AnnouncementId> = rows
        .iter()
        .filter(|row| row.result.is_none())
        .map(|row| (row.upload.clone(), row.list.clone()))
        .collect();
    let ended: BTreeMap<UploadId, (AnnouncementId, Results)> = stream::iter(open)
        .map(|(upload, list)| async move {
            let found = look(api, &upload).await?;
            Ok::<_, Problem>(found.map(|results| (upload, (list, results))))
        })
        .buffer_unordered(AT_ONCE)
        .try_filter_map(|found| async move { Ok(found) })
        .try_collect()
        .await?;
    // All rows of what was read are remembered, so that no other row of the upload makes it be read again.
    let mut news: BTreeMap<ImportId, ImportResult> = BTreeMap::new();
    for (list, results) in ended.values() {
        let known = results.rows.iter();
        news.extend(known.map(|(row, result)| (ImportId::of_row(list, *row), result.clone())));
    }
    for row in rows.iter_mut().filter(|row| row.result.is_none()) {
        if let Some((_, results)) = ended.get(&row.upload) {
            let result = results.of(row.row);
            news.insert(row.id, result.clone());
            row.result = Some(result);
        }
    }
    let news: Vec<(ImportId, ImportResult)> = news.into_iter().collect();
    api.function.imports.settle(tenant, &news).await?;
    Ok(rows)
}

/// What became of an upload's rows; nothing while it is worked on.
async fn look(api: &Api, upload: &UploadId) -> Result<Option<Results>, Problem> {
    let uploads = &api.function.uploads;
    let Some(status) = uploads.get(upload).await? else {
        let given_up = uploads.unsplit(upload).await?.is_some_and(|stray| stray.is_given_up());
        return Ok(given_up.then(|| Results {
            rows: BTreeMap::new(),
            other: failed(Outcome::StorageError),
        }));
    };
    if !status.state.is_final() {
        return Ok(None);
    }
    let mut rows = BTreeMap::new();
    let of = RowsOf {
        upload,
        validate_only: false,
    };
    for batch in 0..status.total.unwrap_or(0) {
        let found = rows_of_batch(&api.function.validated, &api.function.receipts, of, batch).await?;
        let done = found.into_iter().flatten().flatten();
        rows.extend(done.map(|row| (row.place.row, result(&row))));
    }
    Ok(Some(Results {
        rows,
        other: without_row(&status),
    }))
}

fn result(row: &ReportRow) -> ImportResult {
    match (row.outcome, row.device) {
        (Outcome::Registered | Outcome::Updated, Some(device)) => ImportResult::Complete(device),
        (outcome, _) => failed(outcome),
    }
}

/// The published number and name of an outcome; Muster's own name where there is none.
fn failed(outcome: Outcome) -> ImportResult {
    let entry = outcome.entry();
    ImportResult::Failed {
        code: entry.code.unwrap_or(0),
        name: entry.code_name.unwrap_or(outcome.name()).to_owned(),
    }
}

/// What became of a row that an upload came to its end without.
fn without_row(status: &UploadStatus) -> ImportResult {
    let (number, name) = lost(status.reason.as_ref());
    ImportResult::Failed {
        code: number.unwrap_or(0),
        name: name.to_owned(),
    }
}
