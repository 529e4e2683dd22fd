//! Carries a batch out: each request is sent to this function's own routes, as if it had come by itself.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::State;
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::{Extension, Json, Router};
use futures::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Collected};
use muster_runtime::http::{Code, Problem};
use serde_json::{Map, Value, json};

use crate::Api;
use crate::asked::Asked;
use crate::body::Raw;
use crate::fault::{self, Refusal};
use crate::front;
use crate::wire::Version;

use super::plan::{self, Inner, order};

/// How many requests are carried out at once: half as many as a consent has shards, which changes hold.
const AT_ONCE: usize = 4;

/// Bytes that the bodies of a batch's answers have together: a Lambda function gives 6 MB back (AWS Lambda quotas), and answers
/// stand in a text there, with their quotation marks escaped.
const MOST_TOLD: usize = 4 << 20;

/// What a request of a batch says of the way it came, and what is for the whole batch alone.
const NOT_INNER: [HeaderName; 8] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::ACCEPT_ENCODING,
    header::EXPECT,
    HeaderName::from_static("request-id"),
];
/// What of an answer's headers is told.
const TOLD: [HeaderName; 3] = [
    header::LOCATION,
    header::RETRY_AFTER,
    HeaderName::from_static("client-request-id"),
];

/// The routes that requests of a batch are sent to: all but that of batches.
#[derive(Clone)]
pub(crate) struct Runner(pub(crate) Router);

/// Carries a batch out.
pub(crate) async fn run(
    State(api): State<Api>,
    asked: Asked,
    Extension(Runner(routes)): Extension<Runner>,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Json<Value>, Refusal> {
    let requests = plan::read(raw.object()?)?;
    let rounds = order(&requests).ok_or_else(|| Problem::at("requests", "Some wait for each other."))?;
    let around = Around {
        version: asked.version,
        token: headers.get(header::AUTHORIZATION),
        inner_error: fault::inner_error(&headers, api.guard.now()),
        told: AtomicUsize::new(0),
    };
    let around = &around;
    let mut answers: Vec<Option<(StatusCode, Value)>> = vec![None; requests.len()];
    for round in rounds {
        let done: Vec<(usize, (StatusCode, Value))> = stream::iter(round)
            .filter_map(|place| async move { Some(place) })
            .map(|place| {
                let inner = requests.get(place);
                let failed = inner.is_some_and(|inner| {
                    let mut before = inner.after.iter().filter_map(|place| answers.get(*place)?.as_ref());
                    before.any(|(status, _)| !status.is_success())
                });
                let routes = routes.clone();
                async move {
                    let answer = match inner {
                        Some(inner) if !failed => one(routes, inner, around).await,
                        Some(inner) => around.dependent(inner),
                        None => (StatusCode::INTERNAL_SERVER_ERROR, Value::Null),
                    };
                    (place, answer)
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for (place, answer) in done {
            if let Some(slot) = answers.get_mut(place) {
                *slot = Some(answer);
            }
        }
    }
    let responses: Vec<Value> = answers.into_iter().flatten().map(|(_, told)| told).collect();
    Ok(Json(json!({"responses": responses})))
}

/// What the requests of a batch have in common.
struct Around<'a> {
    version: Version,
    token: Option<&'a HeaderValue>,
    /// What refusals say of the batch.
    inner_error: Value,
    /// Bytes that the answers have so far.
    told: AtomicUsize,
}

impl Around<'_> {
    /// The answer to a request whose forerunner failed.
    fn dependent(&self, inner: &Inner) -> (StatusCode, Value) {
        self.refused(
            inner,
            StatusCode::FAILED_DEPENDENCY,
            "FailedDependency",
            "A request that this one depends on has failed.",
        )
    }

    /// The answer to a request that there is no room for any more.
    fn too_much(&self, inner: &Inner) -> (StatusCode, Value) {
        self.refused(
            inner,
            StatusCode::INSUFFICIENT_STORAGE,
            "InsufficientStorage",
            "The batch's answers are too long together. Send this request again, in another batch or by itself.",
        )
    }

    fn refused(&self, inner: &Inner, status: StatusCode, code: &str, message: &str) -> (StatusCode, Value) {
        let body = json!({"error": {"code": code, "message": message, "innerError": self.inner_error}});
        (status, told(inner, status, Map::new(), body))
    }

    /// Whether there is room for an answer of so many bytes. Once one does not fit, there is none for any other.
    fn takes(&self, bytes: usize) -> bool {
        self.told.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= MOST_TOLD
    }

    /// Whether nothing more is carried out.
    fn is_full(&self) -> bool {
        self.told.load(Ordering::Relaxed) >= MOST_TOLD
    }
}

async fn one(routes: Router, inner: &Inner, around: &Around<'_>) -> (StatusCode, Value) {
    if around.is_full() {
        return around.too_much(inner);
    }
    let request = match request(inner, around.version, around.token) {
        Ok(request) => request,
        Err(why) => return around.refused(inner, StatusCode::BAD_REQUEST, "BadRequest", &why),
    };
    let reads = request.method() == Method::GET;
    let response = front::call(routes, request).await;
    let (parts, body) = response.into_parts();
    let Ok(bytes) = body.collect().await.map(Collected::to_bytes) else {
        let code = Code::Internal.as_str();
        return around.refused(inner, StatusCode::INTERNAL_SERVER_ERROR, code, "The answer was lost.");
    };
    // What became of a change is told in any case; a list may be left out, since reading changed nothing.
    match around.takes(bytes.len()) {
        false if reads => around.too_much(inner),
        _ => read(inner, &parts, &bytes),
    }
}

/// The request as it would come by itself; in words why it cannot be one.
fn request(inner: &Inner, version: Version, token: Option<&HeaderValue>) -> Result<Request<Body>, String> {
    let path = inner.url.split(['?', '#']).next().unwrap_or_default();
    if path.contains(':') || inner.url.starts_with("//") || path.contains('\\') {
        return Err("url: It leads elsewhere. Addresses of a batch are relative, as in /deviceManagement/windowsAutopilotSettings.".into());
    }
    let method: Method = inner
        .method
        .to_uppercase()
        .parse()
        .map_err(|_| "method: It is none.".to_owned())?;
    let url = inner.url.trim_start_matches('/');
    let (version, url) = versioned(url).unwrap_or((version, url));
    let uri = format!("/{}/{url}", version.as_str());
    // Addresses stand in JSON as people read them.
    let uri = uri.replace(' ', "%20");
    let mut request = Request::builder().method(method).uri(uri);
    if let Some(headers) = request.headers_mut() {
        headers.extend(token.map(|token| (header::AUTHORIZATION, token.clone())));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in &inner.headers {
            let pair = name
                .parse::<HeaderName>()
                .ok()
                .zip(value.as_str().and_then(|value| value.parse().ok()));
            let (name, value) = pair.ok_or_else(|| "headers: They are texts by name.".to_owned())?;
            if !NOT_INNER.contains(&name) {
                headers.insert(name, value);
            }
        }
    }
    let body = match &inner.body {
        None => Body::empty(),
        Some(Value::String(text)) => Body::from(text.clone()),
        Some(body) => Body::from(body.to_string()),
    };
    request
        .body(body)
        .map_err(|_| "url: It is no address. Percent-encode what is not ASCII.".to_owned())
}

/// The version that an address begins with, and what follows. Microsoft's JavaScript client sends all that stands behind the
/// host, where Graph has addresses begin behind the version.
fn versioned(url: &str) -> Option<(Version, &str)> {
    let (version, rest) = url.split_once('/')?;
    let rest = rest.trim_start_matches('/');
    let (first, _) = rest.split_once('/')?;
    let version = Version::of(&version.to_ascii_lowercase())?;
    first
        .eq_ignore_ascii_case("deviceManagement")
        .then_some((version, rest))
}

fn read(inner: &Inner, parts: &Parts, bytes: &[u8]) -> (StatusCode, Value) {
    let body = match bytes.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into()),
    };
    // In a batch, clients have seen 200 where a deletion by itself is 204.
    let deleted = parts.status == StatusCode::NO_CONTENT && inner.method.eq_ignore_ascii_case("DELETE");
    let status = if deleted { StatusCode::OK } else { parts.status };
    let told_headers = TOLD;
    let headers = told_headers.iter().filter_map(|name| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        let name = if *name == header::RETRY_AFTER {
            "Retry-After"
        } else {
            name.as_str()
        };
        Some((name.to_owned(), value.into()))
    });
    let headers =
        headers.filter(|(name, _)| name != "client-request-id" || inner.headers.contains_key("client-request-id"));
    (status, told(inner, status, headers.collect(), body))
}

fn told(inner: &Inner, status: StatusCode, mut headers: Map<String, Value>, body: Value) -> Value {
    headers.insert("Content-Type".to_owned(), "application/json".into());
    json!({"id": inner.id, "status": status.as_u16(), "headers": headers, "body": body})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_before_the_path_is_the_requests_own() {
        for (url, expected) in [
            (
                "v1.0/deviceManagement/x?y=/z",
                Some((Version::V1, "deviceManagement/x?y=/z")),
            ),
            ("Beta//devicemanagement/x", Some((Version::Beta, "devicemanagement/x"))),
            ("deviceManagement/v1.0/deviceManagement/x", None),
            ("v1.0/v1.0/deviceManagement/x", None),
            ("v2.0/deviceManagement/x", None),
            ("beta/$batch", None),
            ("beta/me", None),
            ("beta", None),
            ("", None),
        ] {
            assert_eq!(versioned(url), expected, "{url}");
        }
    }
}
