//! Shows and lists uploads.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use muster_core::id::TenantId;
use muster_runtime::http::{Acting, Cursor, PageQuery, Problem, ProblemBody, Query};
use muster_store::ErrorKind;

use super::find::{WaitQuery, may_see, view_at_end};
use crate::Api;
use crate::model::{Upload, UploadPage};

/// How many pages are read to fill one of a partner's uploads among all of a tenant.
const PAGES: usize = 10;

/// List the uploads of a tenant
///
/// Newest first. A partner sees those that it handed in. What was only announced is not listed. A page may hold fewer than
/// the limit, and yet there is a next one.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/uploads",
    operation_id = "listUploads",
    tag = "uploads",
    params(("tenant" = String, Path, description = "The tenant's id"), PageQuery),
    responses(
        (status = 200, body = UploadPage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_uploads(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(tenant): Path<TenantId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<UploadPage>, Problem> {
    let limit = page.limit()?;
    let own = acting.partner().map_or("-", |partner| partner.as_str());
    let cursor = Cursor::of(&["uploads", &tenant.to_string(), own]);
    let mut from = cursor.read(page.cursor.as_deref())?;
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let page = api
            .function
            .uploads
            .list(Some(tenant), from.as_deref(), limit - found.len())
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::Rejected => Problem::at("query.cursor", "It is not one that this list gave."),
                _ => Problem::from(error),
            })?;
        let seen = |status: &muster_store::uploads::UploadStatus| may_see(&acting, status.registrant.as_ref());
        found.extend(page.uploads.into_iter().filter(seen));
        from = page.next;
        if from.is_none() || found.len() >= limit {
            break;
        }
    }
    let (mut uploads, now) = (Vec::with_capacity(found.len()), api.guard.now());
    for status in found {
        uploads.push(Upload::read(&api.function.uploads, status, now).await?);
    }
    Ok(Json(UploadPage {
        uploads,
        next: from.map(|mark| cursor.write(&mark)),
    }))
}

/// Show an upload
///
/// By the id of its announcement or by its own. With `wait`, the answer comes when it has ended, or when the time is up.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/uploads/{upload}",
    operation_id = "getUpload",
    tag = "uploads",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("upload" = String, Path, description = "The id of the upload, or of its announcement"),
        WaitQuery,
    ),
    responses(
        (status = 200, body = Upload),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_upload(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, upload)): Path<(TenantId, String)>,
    Query(wait): Query<WaitQuery>,
) -> Result<Json<Upload>, Problem> {
    let time = wait.time()?;
    Ok(Json(view_at_end(&api, &acting, tenant, &upload, time).await?))
}
