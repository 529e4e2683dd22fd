//! The rows of an upload, in pages.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use jiff::ToSpan as _;
use muster_core::id::TenantId;
use muster_core::outcome::Outcome;
use muster_core::report::ReportRow;
use muster_runtime::http::openapi::words;
use muster_runtime::http::{Acting, Cursor, PageQuery, Problem, ProblemBody, Query};
use muster_store::announcements::KEPT_DAYS;
use muster_store::outcomes::{RowsOf, rows_of_batch};
use muster_store::uploads::UploadStatus;
use serde::Deserialize;
use utoipa::IntoParams;

use super::announce::conflict;
use super::find::find;
use crate::Api;
use crate::model::UploadRowPage;

/// How many batches are read for one answer at most: each has up to 4 MiB.
const MAX_BATCHES: u32 = 16;

/// Which rows are asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RowQuery {
    /// Only rows that came to this outcome.
    #[param(value_type = Option<words::Outcome>)]
    outcome: Option<Outcome>,
    /// How many are listed at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    cursor: Option<String>,
}

/// How far a list of rows is: the batch, and the last row of it that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Mark {
    batch: u32,
    row: u64,
}

impl Mark {
    fn write(self) -> String {
        format!("{}:{}", self.batch, self.row)
    }

    fn read(text: &str) -> Option<Self> {
        let (batch, row) = text.split_once(':')?;
        Some(Self {
            batch: batch.parse().ok()?,
            row: row.parse().ok()?,
        })
    }
}

/// List the rows of an upload
///
/// In the order of the file, as far as they are done. While the upload is worked on, the last page names a next one that
/// goes on when more is done. Kept for 30 days; the report is kept longer.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/uploads/{upload}/rows",
    operation_id = "listUploadRows",
    tag = "uploads",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("upload" = String, Path, description = "The id of the upload, or of its announcement"),
        RowQuery,
    ),
    responses(
        (status = 200, body = UploadRowPage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_upload_rows(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, upload)): Path<(TenantId, String)>,
    Query(query): Query<RowQuery>,
) -> Result<Json<UploadRowPage>, Problem> {
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let limit = page.limit()?;
    let found = find(&api, &acting, tenant, &upload).await?;
    let Some(status) = found.known() else {
        // Nothing of it was looked at yet.
        return Ok(Json(UploadRowPage {
            rows: Vec::new(),
            next: None,
        }));
    };
    let outcome = query.outcome.map_or("", Outcome::name);
    let cursor = Cursor::of(&["rows", &tenant.to_string(), status.id.as_str(), outcome]);
    let from = match cursor.read(page.cursor.as_deref())? {
        None => Mark::default(),
        Some(text) => {
            Mark::read(&text).ok_or_else(|| Problem::at("query.cursor", "It is not one that this list gave."))?
        }
    };
    let oldest = api.guard.now().checked_sub(((KEPT_DAYS - 1) * 24).hours());
    if oldest.is_ok_and(|oldest| status.created_at < oldest) {
        return Err(conflict(
            "The outcomes of single rows are kept for 30 days, and this upload is older.",
            "Its report tells them.",
        ));
    }
    let list = List {
        api: &api,
        status: &status,
        limit,
        outcome: query.outcome,
    };
    let (rows, next) = list.page(from).await?;
    Ok(Json(UploadRowPage {
        rows: rows.into_iter().map(Into::into).collect(),
        next: next.map(|mark| cursor.write(&mark.write())),
    }))
}

/// Rows that are listed.
struct List<'a> {
    api: &'a Api,
    status: &'a UploadStatus,
    limit: usize,
    outcome: Option<Outcome>,
}

impl List<'_> {
    /// A page from a mark on, and where the next one begins.
    async fn page(&self, from: Mark) -> Result<(Vec<ReportRow>, Option<Mark>), Problem> {
        let function = &self.api.function;
        let of = RowsOf {
            upload: &self.status.id,
            validate_only: self
                .status
                .options
                .as_ref()
                .is_some_and(|options| options.validate_only),
        };
        let ended = self.status.state.is_final();
        let end = self.batches().await?;
        let (mut rows, mut at) = (Vec::new(), from);
        for _ in 0..MAX_BATCHES {
            if end.is_some_and(|end| at.batch >= end) {
                return Ok((rows, None));
            }
            let batch = rows_of_batch(&function.validated, &function.receipts, of, at.batch).await?;
            match batch {
                None if ended => {}
                None => return Ok((rows, Some(at))),
                Some(batch) => {
                    if let Some(stop) = self.take(batch, at, ended, &mut rows) {
                        return Ok((rows, Some(stop)));
                    }
                }
            }
            at = Mark {
                batch: at.batch.saturating_add(1),
                row: 0,
            };
        }
        let done = end.is_some_and(|end| at.batch >= end);
        Ok((rows, (!done).then_some(at)))
    }

    /// Takes rows of a batch. Where to go on when the page is full, or a row is not done that will be.
    fn take(&self, batch: Vec<Option<ReportRow>>, from: Mark, ended: bool, rows: &mut Vec<ReportRow>) -> Option<Mark> {
        let mut at = from;
        for row in batch {
            let Some(row) = row else {
                if ended {
                    continue;
                }
                return Some(at);
            };
            let number = row.place.row;
            if number <= from.row {
                continue;
            }
            if self.outcome.is_none_or(|outcome| outcome == row.outcome) {
                if rows.len() == self.limit {
                    return Some(at);
                }
                rows.push(row);
            }
            at.row = number;
        }
        None
    }

    /// How many batches there are; `None` while more may come.
    async fn batches(&self) -> Result<Option<u32>, Problem> {
        if self.status.total.is_some() || !self.status.state.is_final() {
            return Ok(self.status.total);
        }
        // It ended while it was cut.
        let cuts = self.api.function.uploads.cuts(&self.status.id).await?;
        let count = cuts.iter().map(|(_, batches)| batches.len()).sum::<usize>();
        Ok(Some(u32::try_from(count).unwrap_or(u32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back() {
        let mark = Mark { batch: 7, row: 3501 };
        assert_eq!(Mark::read(&mark.write()), Some(mark));
        for none in ["", "7", "7:", ":1", "-1:2", "7:x"] {
            assert_eq!(Mark::read(none), None, "{none}");
        }
    }
}
