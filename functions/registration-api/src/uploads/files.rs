//! The files about an upload, read from the bucket by URLs that are signed for them.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use muster_core::id::{TenantId, UploadId};
use muster_runtime::http::{Acting, Code, Problem, ProblemBody};
use muster_store::reports::{fixit_key, report_key, summary_key};

use super::announce::after;
use super::find::find;
use crate::Api;
use crate::model::Download;

/// How long a URL is good at most.
const LASTS: Duration = Duration::from_secs(900);

/// Who asks for a file of which upload.
type Asked = (State<Api>, Extension<Acting>, Path<(TenantId, String)>);

/// A file that is made of an upload.
struct File {
    key: fn(&UploadId) -> String,
    name: &'static str,
    missing: &'static str,
}

const REPORT: File = File {
    key: report_key,
    name: "report.csv",
    missing: "There is no report: an upload has one once it is finished.",
};
const FIXIT: File = File {
    key: fixit_key,
    name: "fixit.csv",
    missing: "There is no fix-it file: an upload has one when it finished and rows of it failed.",
};
const SUMMARY: File = File {
    key: summary_key,
    name: "summary.json",
    missing: "There is no summary: an upload has one once it is finished.",
};

/// Get the report of an upload
///
/// A CSV file with every row and its outcome. There is none before the upload is finished.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/uploads/{upload}/report",
    operation_id = "getUploadReport",
    tag = "uploads",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("upload" = String, Path, description = "The id of the upload, or of its announcement"),
    ),
    responses(
        (status = 200, body = Download),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_upload_report(asked: Asked) -> Result<Json<Download>, Problem> {
    download(asked, &REPORT).await
}

/// Get the fix-it file of an upload
///
/// The rows that failed, as they were sent, each with its problem. There is none where no row failed.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/uploads/{upload}/fixit",
    operation_id = "getUploadFixit",
    tag = "uploads",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("upload" = String, Path, description = "The id of the upload, or of its announcement"),
    ),
    responses(
        (status = 200, body = Download),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_upload_fixit(asked: Asked) -> Result<Json<Download>, Problem> {
    download(asked, &FIXIT).await
}

/// Get the summary of an upload
///
/// A JSON file with its counts and figures. There is none before the upload is finished.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/uploads/{upload}/summary",
    operation_id = "getUploadSummary",
    tag = "uploads",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("upload" = String, Path, description = "The id of the upload, or of its announcement"),
    ),
    responses(
        (status = 200, body = Download),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_upload_summary(asked: Asked) -> Result<Json<Download>, Problem> {
    download(asked, &SUMMARY).await
}

async fn download(asked: Asked, file: &File) -> Result<Json<Download>, Problem> {
    let (State(api), Extension(acting), Path((tenant, upload))) = asked;
    let missing = || Problem::new(Code::NotFound, file.missing).remedy("Look at the upload to see how it stands.");
    let status = find(&api, &acting, tenant, &upload).await?;
    let id = status.known().ok_or_else(missing)?.id;
    let key = (file.key)(&id);
    if api.function.objects.head(&key, None).await?.is_none() {
        return Err(missing());
    }
    let (presigner, now) = (&api.function.presigner, api.guard.now());
    let lasts = presigner.lasts(LASTS, now).await?;
    let signed = presigner.get(&key, &format!("{id}-{}", file.name), lasts).await?;
    Ok(Json(Download {
        url: signed.url,
        expires_at: after(now, lasts),
    }))
}
