//! Shows and lists uploads.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use muster_core::id::TenantId;
use muster_runtime::http::{Acting, Cursor, PageQuery, Problem, ProblemBody, Query, if_none_match, weak_etag};
use muster_service::wait::{self, Wait};
use muster_store::ErrorKind;
use serde::Deserialize;
use utoipa::IntoParams;

use super::find::{find, may_see, view};
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

/// How long to wait for news.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NewsQuery {
    /// For how many seconds to wait at most for a change, 0 to 20.
    #[param(minimum = 0, maximum = 20, default = 0)]
    wait: Option<u64>,
}

/// Show an upload
///
/// By the id of its announcement or by its own. With `wait`, the answer comes when something of it has changed since the
/// request came, when it has come to its end, or when the time is up; whoever waits for the end asks again while its state is
/// `announced` or `processing`. With `If-None-Match`, which names the `ETag` of the last answer, the answer comes as soon as
/// there is something else to tell, and is a 304 where there is nothing. Steps on the way are gathered for half a second.
/// `rate` and `estimatedEnd` alone are no change.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/uploads/{upload}",
    operation_id = "getUpload",
    tag = "uploads",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("upload" = String, Path, description = "The id of the upload, or of its announcement"),
        NewsQuery,
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what the client knows"),
    ),
    responses(
        (status = 200, body = Upload, headers(("etag" = String, description = "What is shown, but for its pace"))),
        (
            status = 304,
            description = "Nothing has changed",
            headers(("etag" = String, description = "What the client knows"))
        ),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_upload(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, upload)): Path<(TenantId, String)>,
    Query(asked): Query<NewsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wait = Wait::begin(wait::time(asked.wait)?);
    let mut first = None;
    loop {
        let shown = view(&api, find(&api, &acting, tenant, &upload).await?).await?;
        let etag = tag_of(&shown)?;
        let known = if_none_match(&headers, &etag);
        let is_news = match known {
            Some(known) => !known,
            None => *first.get_or_insert_with(|| etag.clone()) != etag,
        };
        let is_due = shown.state.is_final() || (is_news && wait.has_gathered());
        if is_due || !wait.goes_on().await {
            let tagged = [(header::ETAG, etag)];
            return Ok(match known {
                Some(true) => (StatusCode::NOT_MODIFIED, tagged).into_response(),
                _ => (tagged, Json(shown)).into_response(),
            });
        }
    }
}

/// The entity tag of an upload. Its pace follows from the time that passes, and is no news by itself.
fn tag_of(upload: &Upload) -> Result<HeaderValue, Problem> {
    weak_etag(&Upload {
        rate: None,
        estimated_end: None,
        ..upload.clone()
    })
}
