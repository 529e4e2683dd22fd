//! The report of an upload and its fix-it file, read from the bucket by URLs that are signed for them.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use jiff::SignedDuration;
use muster_core::id::{TenantId, UploadId};
use muster_runtime::http::{Acting, Code, Problem, ProblemBody};
use muster_store::reports::{fixit_key, report_key};

use super::find::find;
use crate::Api;
use crate::model::Download;

/// How long a URL is good.
const LASTS: Duration = Duration::from_secs(900);

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
pub(crate) async fn get_upload_report(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, upload)): Path<(TenantId, String)>,
) -> Result<Json<Download>, Problem> {
    let missing = "There is no report: an upload has one once it is finished.";
    download(
        &api,
        &acting,
        tenant,
        &upload,
        &File {
            key: report_key,
            name: "report",
            missing,
        },
    )
    .await
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
pub(crate) async fn get_upload_fixit(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, upload)): Path<(TenantId, String)>,
) -> Result<Json<Download>, Problem> {
    let missing = "There is no fix-it file: an upload has one when it finished and rows of it failed.";
    download(
        &api,
        &acting,
        tenant,
        &upload,
        &File {
            key: fixit_key,
            name: "fixit",
            missing,
        },
    )
    .await
}

/// A file that is made of an upload.
struct File {
    key: fn(&UploadId) -> String,
    name: &'static str,
    missing: &'static str,
}

async fn download(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    upload: &str,
    file: &File,
) -> Result<Json<Download>, Problem> {
    let missing = || Problem::new(Code::NotFound, file.missing).remedy("Look at the upload to see how it stands.");
    let status = find(api, acting, tenant, upload).await?.known().ok_or_else(missing)?;
    let key = (file.key)(&status.id);
    if api.function.objects.head(&key, None).await?.is_none() {
        return Err(missing());
    }
    let name = format!("{}-{}.csv", status.id, file.name);
    let signed = api.function.presigner.get(&key, &name, LASTS).await?;
    let now = api.guard.now();
    let lasts = SignedDuration::try_from(LASTS).unwrap_or_default();
    Ok(Json(Download {
        url: signed.url,
        expires_at: now.checked_add(lasts).unwrap_or(now),
    }))
}
