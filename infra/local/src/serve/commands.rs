//! What commands of the same user ask a running server for: the table, as DynamoDB's API, and what only the process can
//! do that has the data directory.
//!
//! The key is in the owner file of the data directory, which only that user can read. Browsers are kept out twice: they
//! cannot send the header to another origin without asking first, which nothing here answers, and what comes from a page
//! is refused before, as [everywhere](super::origin).

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use muster_core::id::UploadId;
use muster_core::upload::ObjectVersion;
use subtle::ConstantTimeEq as _;
use sweep::Occasion;

use crate::flow::Embedded;

/// The header that brings the key.
pub(super) const KEY: &str = "x-muster-key";
/// Answers that the key is right, and what keeps the server from its work, if anything does.
pub(super) const DOOR: &str = "/_muster";
/// Takes the operations of DynamoDB. The SDK adds the slash.
pub(super) const DYNAMODB: &str = "/_muster/dynamodb";
/// Answers what the files of the data directory show, as JSON.
pub(super) const FILES: &str = "/_muster/files";
/// Looks at once for what is due.
pub(super) const SWEEP: &str = "/_muster/sweep";
/// Answers why an upload, whose id comes behind it, stopped; nothing where it did not.
pub(super) const STOPPED: &str = "/_muster/stopped";
/// Takes an object version as JSON, and puts its upload on again if it stopped.
pub(super) const GO_ON: &str = "/_muster/go-on";

/// The largest request that DynamoDB takes is 16 MB (a batch of writes).
const MAX_BODY: usize = 16 << 20;

/// Takes requests that bring this key.
pub(super) fn router(embedded: &Embedded, key: &str) -> Router {
    Router::new()
        .route(DOOR, get(door))
        .route(&format!("{DYNAMODB}/"), post(dynamodb))
        .route(FILES, get(files))
        .route(SWEEP, post(sweep))
        .route(&format!("{STOPPED}/{{upload}}"), get(stopped))
        .route(GO_ON, post(go_on))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route_layer(middleware::from_fn_with_state(key.to_owned(), guard))
        .with_state(embedded.clone())
}

/// Lets nobody in who does not bring the key; before a body is read.
async fn guard(State(key): State<String>, request: Request, next: Next) -> Response {
    if admitted(request.headers(), &key) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "this is for muster's own commands\n").into_response()
    }
}

fn admitted(headers: &HeaderMap, key: &str) -> bool {
    let shown = headers.get(KEY).map_or(&[][..], |shown| shown.as_bytes());
    key.as_bytes().ct_eq(shown).into()
}

async fn door(State(embedded): State<Embedded>) -> Response {
    match embedded.trouble() {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(trouble) => trouble.to_string().into_response(),
    }
}

/// Runs an operation of the embedded DynamoDB.
async fn dynamodb(State(embedded): State<Embedded>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let Some((_, operation)) = target.and_then(|target| target.split_once('.')) else {
        return (StatusCode::BAD_REQUEST, "no operation is named\n").into_response();
    };
    match embedded.dynamodb().call(operation.to_owned(), body).await {
        Ok((status, body)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an operation for another command was cut off");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn files(State(embedded): State<Embedded>) -> Response {
    let findings = embedded.check_files().await.map_err(|error| error.to_string());
    match findings.and_then(|findings| serde_json::to_vec(&findings).map_err(|error| error.to_string())) {
        Ok(findings) => findings.into_response(),
        Err(error) => {
            tracing::error!(%error, "the files could not be looked at");
            (StatusCode::INTERNAL_SERVER_ERROR, error).into_response()
        }
    }
}

async fn sweep(State(embedded): State<Embedded>) -> StatusCode {
    match embedded.sweep(Occasion::Schedule).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(failure) => {
            tracing::error!(%failure, "sweep failed and is tried again");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

async fn stopped(State(embedded): State<Embedded>, Path(upload): Path<UploadId>) -> Response {
    match embedded.stopped(&upload) {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(why) => why.into_response(),
    }
}

async fn go_on(State(embedded): State<Embedded>, body: Bytes) -> Response {
    let object: ObjectVersion = match serde_json::from_slice(&body) {
        Ok(object) => object,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    match embedded.go_on(&object).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(failure) => {
            let id = object.upload_id();
            tracing::error!(upload.id = %id, %failure, "an upload could not be put on again for another command");
            (StatusCode::INTERNAL_SERVER_ERROR, failure.to_string()).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_is_let_in() {
        for (shown, expected) in [
            (Some("sesame"), true),
            (Some("sesamE"), false),
            (Some("sesame1"), false),
            (Some(""), false),
            (None, false),
        ] {
            let headers = shown.map(|shown| (KEY.parse().unwrap(), shown.parse().unwrap()));
            let headers: HeaderMap = headers.into_iter().collect();
            assert_eq!(admitted(&headers, "sesame"), expected, "{headers:?}");
        }
    }
}
