//! Paths that are Graph's. API Gateway tells letters and slashes apart and leads whatever no route of its own fits to this
//! function: `//beta/…` and `/BETA/…`, too. Whoever sends these reads Graph's errors, so that it is told in one which path
//! to use.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use muster_runtime::http::{Guard, name_encoding};
use serde_json::json;

/// Characters of a client's own id at most: a longer one is not told back.
const MAX_ID: usize = 128;

/// The router as it serves where Graph's routes are another function's. [`around`](muster_runtime::http::around)
/// straightens paths before they come here.
pub fn alone(router: Router, guard: Guard) -> Router {
    let graph = Router::new()
        .route("/v1.0/{*path}", any(graph))
        .route("/beta/{*path}", any(graph));
    router.merge(graph.with_state(guard))
}

/// Graph's 404. It tells nothing of any tenant, so that no token is looked at.
async fn graph(State(guard): State<Guard>, uri: Uri, headers: HeaderMap) -> Response {
    let version = uri.path().split('/').nth(1).unwrap_or_default();
    let id = |name: &str| {
        let text = headers.get(name)?.to_str().ok()?;
        (text.len() <= MAX_ID).then_some(text)
    };
    let request = id("request-id").unwrap_or_default();
    let body = json!({"error": {
        "code": "ResourceNotFound",
        "message": format!(
            "Here the path begins with /{version}/, in these letters and behind one slash. Check that the base URL does not \
             end in a slash, and how the version is spelt."
        ),
        "innerError": {
            "date": guard.now().strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            "request-id": request,
            "client-request-id": id("client-request-id").unwrap_or(request),
        },
    }});
    let mut response = (StatusCode::NOT_FOUND, Json(body)).into_response();
    name_encoding(response.headers_mut());
    response
}
