//! Shows and lists uploads.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use muster_core::id::TenantId;
use muster_runtime::http::{Acting, Cursor, PageQuery, Problem, ProblemBody, Query};
use muster_store::ErrorKind;

use super::find::{WaitQuery, may_see, view_at_end};
use crate::Api;
use crate::model::{Upload, UploadPage};

/// Of how many uploads it is read at once how far they are.
const AT_ONCE: usize = 16;

/// List the uploads of a tenant
///
/// Newest first. A partner sees those that it handed in, and an MDM service those that it reported devices for. What was only announced is not listed. A page may hold fewer than
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
    let (from, uploads) = (cursor.read(page.cursor.as_deref())?, &api.function.uploads);
    let listed = match acting.partner() {
        None => uploads.list(Some(tenant), from.as_deref(), limit).await,
        Some(partner) => uploads.list_of_partner(tenant, partner, from.as_deref(), limit).await,
    };
    let listed = listed.map_err(|error| match error.kind() {
        ErrorKind::Rejected => Problem::at("query.cursor", "It is not one that this list gave."),
        _ => Problem::from(error),
    })?;
    let now = api.guard.now();
    let seen = listed.uploads.into_iter().filter(|status| may_see(&acting, status));
    let told = stream::iter(seen).map(|status| Upload::read(uploads, status, now));
    let told = told.buffered(AT_ONCE).try_collect().await?;
    Ok(Json(UploadPage {
        uploads: told,
        next: listed.next.map(|mark| cursor.write(&mark)),
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
