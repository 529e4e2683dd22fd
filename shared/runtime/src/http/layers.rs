//! What stands around every router: the request's id, bounds, packing, and answers where no route gives one.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use muster_core::access::straighten;
use tower::Layer as _;
use tower::util::MapRequestLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use uuid::Uuid;

use super::docs;
use super::problem::{Code, PROBLEM_JSON, Problem, Told};

/// Bytes that a body has at most, packed and unpacked: what a Lambda function can be given (AWS Lambda quotas).
pub const MAX_BODY: usize = 6 << 20;

/// The header of a request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// Where new ids come from: only binaries make random ones.
pub type NewId = Arc<dyn Fn() -> Uuid + Send + Sync>;

/// A router with all that stands around it, and beside it what the API tells of itself: `/openapi.json` and `/docs`.
///
/// Paths of Partner Center's and Graph's, whose clients write them in any letter case and with slashes twice, are
/// straightened before they are looked up.
pub fn around(router: Router, new_id: NewId) -> Router {
    let router = router
        .merge(docs::router())
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(RequestDecompressionLayer::new().no_br().no_deflate().no_zstd())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            let id = request_id(request.headers()).unwrap_or_else(|| new_id().to_string());
            with_id(id, request, next)
        }))
        .layer(CompressionLayer::new());
    // A layer of the router itself would come behind the look-up.
    Router::new().fallback_service(MapRequestLayer::new(straightened).layer(router))
}

fn straightened(mut request: Request) -> Request {
    let Some(path) = straighten(request.uri().path()) else {
        return request;
    };
    let path = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = path.parse().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// A router whose requests come from another request of this process: each has an id of its own, a line in the log, and
/// an answer even where its handler panics.
pub fn within(router: Router, new_id: NewId) -> Router {
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            with_id(new_id().to_string(), request, next)
        }))
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::new(
        Code::Internal,
        "The service failed. Its operator finds the cause by the request's id.",
    )
    .caused_by("the handler panicked; what it printed says where")
    .into_response()
}

/// The id that the client gave, where it is fit for headers and logs.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(REQUEST_ID)?.to_str().ok()?;
    let sane = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    ((1..=128).contains(&given.len()) && given.chars().all(sane)).then(|| given.to_owned())
}

async fn with_id(id: String, mut request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let method = request.method().clone();
    if let Ok(value) = HeaderValue::from_str(&id) {
        request.headers_mut().insert(REQUEST_ID, value);
    }
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    let route = route.as_deref().unwrap_or("none");
    if let Some(mut told) = response.extensions_mut().remove::<Told>() {
        match &told.cause {
            Some(cause) => tracing::error!(
                request.id = id, http.method = %method, http.route = route, http.status = status, cause,
                "a request failed"
            ),
            None => tracing::info!(
                request.id = id, http.method = %method, http.route = route, http.status = status,
                problem = told.body.code, "a request was refused"
            ),
        }
        told.body.request_id = Some(id.clone());
        let content_type = response.headers().get(header::CONTENT_TYPE);
        let in_our_words = content_type.is_some_and(|kind| kind == PROBLEM_JSON);
        if let Ok(body) = serde_json::to_vec(&told.body)
            && in_our_words
        {
            response.headers_mut().remove(header::CONTENT_LENGTH);
            *response.body_mut() = Body::from(body);
        }
    } else {
        tracing::debug!(request.id = id, http.method = %method, http.route = route, http.status = status, "a request");
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    // What is answered is for this caller at this moment.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Says of a JSON answer that it is UTF-8. RFC 8259 leaves no choice, but Windows PowerShell 5.1 reads ISO-8859-1 where nothing is
/// said: clients of others are to be told.
pub fn name_encoding(headers: &mut HeaderMap) {
    if headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json")
    {
        let named = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, named);
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::super::read;
    use super::*;

    fn router() -> Router {
        let echo = async |read::Body(value): read::Body<serde_json::Value>| axum::Json(value);
        let panics = async || -> &'static str { panic!("on purpose") };
        let router = Router::new().route("/echo", post(echo)).route("/panics", get(panics));
        around(router, Arc::new(|| Uuid::from_u128(7)))
    }

    async fn ask(request: Request) -> (Response, serde_json::Value) {
        let (parts, body) = router().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let value = serde_json::from_slice(&body).unwrap_or_default();
        (Response::from_parts(parts, Body::empty()), value)
    }

    fn request(method: &str, path: &str, body: impl Into<Body>) -> Request {
        let request = Request::builder().method(method).uri(path);
        request
            .header("content-type", "application/json")
            .body(body.into())
            .unwrap()
    }

    #[tokio::test]
    async fn every_answer_has_its_requests_id() {
        let mut given = request("POST", "/echo", "{}");
        given
            .headers_mut()
            .insert(REQUEST_ID, HeaderValue::from_static("mine-1"));
        assert_eq!(ask(given).await.0.headers()[REQUEST_ID], "mine-1");
        let mut bad = request("GET", "/nowhere", "");
        bad.headers_mut()
            .insert(REQUEST_ID, HeaderValue::from_static("not one\""));
        let (response, body) = ask(bad).await;
        let made = Uuid::from_u128(7).to_string();
        assert_eq!(response.headers()[REQUEST_ID], made);
        assert_eq!(body["requestId"], made);
    }

    #[tokio::test]
    async fn what_no_handler_answers_is_a_problem_too() {
        for (request, status, code) in [
            (request("GET", "/nowhere", ""), 404, "not-found"),
            (request("GET", "/echo", ""), 405, "method-not-allowed"),
            (request("GET", "/panics", ""), 500, "internal"),
            (
                request("POST", "/echo", vec![b' '; MAX_BODY + 1]),
                413,
                "body-too-large",
            ),
        ] {
            let what = request.uri().to_string();
            let (response, body) = ask(request).await;
            assert_eq!(
                (response.status().as_u16(), body["code"].as_str()),
                (status, Some(code)),
                "{what}"
            );
            assert_eq!(response.headers()["content-type"], "application/problem+json", "{what}");
        }
    }

    #[tokio::test]
    async fn a_body_of_another_type_is_refused() {
        let mut other = request("POST", "/echo", "a=b");
        other
            .headers_mut()
            .insert("content-type", HeaderValue::from_static("text/plain"));
        assert_eq!(ask(other).await.1["code"], "unsupported-media-type");
    }

    /// These bytes as a gzip member, made by the layer that packs answers.
    async fn packed(bytes: Vec<u8>) -> axum::body::Bytes {
        let plain = Router::new().route("/", get(async move || bytes));
        let ask = Request::builder().uri("/").header("accept-encoding", "gzip");
        let answer = plain
            .layer(CompressionLayer::new())
            .oneshot(ask.body(Body::empty()).unwrap());
        let answer = answer.await.unwrap();
        assert_eq!(answer.headers()["content-encoding"], "gzip");
        answer.into_body().collect().await.unwrap().to_bytes()
    }

    #[tokio::test]
    async fn a_packed_body_is_taken_and_an_answer_packed_for_who_asks() {
        let told = serde_json::json!({ "name": "März ".repeat(100) });
        let body = packed(serde_json::to_vec(&told).unwrap()).await;
        let mut sent = request("POST", "/echo", body.clone());
        sent.headers_mut()
            .insert("content-encoding", HeaderValue::from_static("gzip"));
        let (response, echoed) = ask(sent).await;
        assert_eq!((response.status().as_u16(), &echoed), (200, &told));
        // Without the header it is no JSON, and what breaks off is none either.
        assert_eq!(ask(request("POST", "/echo", body.clone())).await.0.status(), 400);
        let mut cut = request("POST", "/echo", body.slice(..body.len() / 2));
        cut.headers_mut()
            .insert("content-encoding", HeaderValue::from_static("gzip"));
        assert_eq!(ask(cut).await.0.status(), 400);
    }

    #[tokio::test]
    async fn what_is_packed_small_and_unpacks_large_is_refused() {
        let packed = packed(vec![b' '; MAX_BODY + 1]).await;
        assert!(packed.len() < MAX_BODY / 100, "{}", packed.len());
        let mut bomb = request("POST", "/echo", packed);
        bomb.headers_mut()
            .insert("content-encoding", HeaderValue::from_static("gzip"));
        assert_eq!(ask(bomb).await.0.status().as_u16(), 413);
    }
}
