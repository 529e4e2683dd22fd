//! Refusals in Graph's words: `{"error": {"code", "message", "innerError": {"date", "request-id", "client-request-id"}}}`.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use muster_runtime::http::{Guard, Problem, ProblemBody, name_encoding, problem_of};
use serde_json::{Value, json};

/// The request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// What the client calls the request.
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
/// The id of a request that no layer outside gave one.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// Something that is refused in words of Graph's own.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// A name that clients look for in the message, which is a JSON document then.
    phrase: Option<&'static str>,
    retry_after: Option<u64>,
}

/// What a handler refuses with.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// In Graph's words.
    Fault(Fault),
    /// In Muster's, which are translated.
    Problem(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<muster_store::StoreError> for Refusal {
    fn from(error: muster_store::StoreError) -> Self {
        Self::Problem(error.into())
    }
}

impl Fault {
    /// A refusal.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            phrase: None,
            retry_after: None,
        }
    }

    /// The same with a name that clients look for (`CustomApiErrorPhrase`).
    pub(crate) fn phrase(self, phrase: &'static str) -> Self {
        Self {
            phrase: Some(phrase),
            ..self
        }
    }

    /// The same with after how many seconds to try again.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    fn body(&self, ids: &Ids) -> Value {
        let message = match self.phrase {
            None => self.message.clone(),
            Some(phrase) => wrapped(&self.message, phrase, ids),
        };
        body(self.code, &message, ids)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Fault(fault) => {
                let mut response = fault.status.into_response();
                if let Some(seconds) = fault.retry_after {
                    response
                        .headers_mut()
                        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                // The layer around the routes knows the request's ids.
                response.extensions_mut().insert(fault);
                response
            }
        }
    }
}

/// What the two sides call a request, and when it is answered.
struct Ids {
    request: String,
    client: String,
    path: String,
    date: String,
}

impl Ids {
    fn of(headers: &HeaderMap, path: &str, now: Timestamp) -> Self {
        let text = |name: &HeaderName| text(headers, name);
        let own = text(&REQUEST_ID).unwrap_or_else(|| NOBODY.to_owned());
        Self {
            client: text(&CLIENT_REQUEST_ID).unwrap_or_else(|| own.clone()),
            request: own,
            path: path.to_owned(),
            // UTC, and no zone: as Graph writes it here.
            date: now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        }
    }
}

/// A header's text, as far as it is fit for headers and bodies.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    (!text.is_empty() && text.len() <= 128).then(|| text.to_owned())
}

/// What a refusal says of a request with these headers.
pub(crate) fn inner_error(headers: &HeaderMap, now: Timestamp) -> Value {
    of_request(&Ids::of(headers, "", now))
}

/// Stands around the routes: tells refusals in Graph's words, and gives the client its own id back.
pub(crate) async fn tell(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let ids = Ids::of(request.headers(), request.uri().path(), guard.now());
    let mut response = next.run(request).await;
    if let Some(fault) = response.extensions_mut().remove::<Fault>() {
        let (parts, _) = response.into_parts();
        response = (parts.status, Json(fault.body(&ids))).into_response();
        if let Some(after) = parts.headers.get(header::RETRY_AFTER) {
            response.headers_mut().insert(header::RETRY_AFTER, after.clone());
        }
        *response.extensions_mut() = parts.extensions;
    }
    if let Some(problem) = problem_of(&response) {
        let body = of_problem(response.status(), problem, &ids);
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts
            .headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response = Response::from_parts(parts, Body::from(body.to_string()));
    }
    name_encoding(response.headers_mut());
    if let Ok(id) = HeaderValue::from_str(&ids.client) {
        response.headers_mut().insert(CLIENT_REQUEST_ID, id);
    }
    response
}

/// A problem of Muster's own API in Graph's words.
fn of_problem(status: StatusCode, problem: &ProblemBody, ids: &Ids) -> Value {
    let code = match status {
        StatusCode::UNAUTHORIZED => "InvalidAuthenticationToken",
        StatusCode::FORBIDDEN => "Forbidden",
        StatusCode::NOT_FOUND => "ResourceNotFound",
        StatusCode::METHOD_NOT_ALLOWED => "MethodNotAllowed",
        StatusCode::CONFLICT => "Conflict",
        StatusCode::PRECONDITION_FAILED => "PreconditionFailed",
        StatusCode::PAYLOAD_TOO_LARGE => "RequestEntityTooLarge",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "UnsupportedMediaType",
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
        status if status.is_server_error() => "InternalServerError",
        _ => "BadRequest",
    };
    let mut message = match problem.errors.as_slice() {
        [] => problem.detail.clone(),
        errors => {
            let all: Vec<String> = errors
                .iter()
                .map(|error| match error.path.as_str() {
                    "" => error.detail.clone(),
                    path => format!("{path}: {}", error.detail),
                })
                .collect();
            all.join(" ")
        }
    };
    if let Some(reason) = &problem.reason {
        message = format!("{message} ({reason})");
    }
    if let Some(remedy) = &problem.remedy {
        message = format!("{message} {remedy}");
    }
    body(code, &message, ids)
}

fn body(code: &str, message: &str, ids: &Ids) -> Value {
    json!({"error": {
        "code": code,
        "message": message,
        "innerError": of_request(ids),
    }})
}

fn of_request(ids: &Ids) -> Value {
    json!({"date": ids.date, "request-id": ids.request, "client-request-id": ids.client})
}

/// The message as Intune has it: a JSON document in a text.
fn wrapped(message: &str, phrase: &str, ids: &Ids) -> String {
    json!({
        "_version": 3,
        "Message": format!(
            "{message} - Operation ID (for customer support): {} - Activity ID: {} - Url: {}",
            ids.request, ids.client, ids.path
        ),
        "CustomApiErrorPhrase": phrase,
        "RetryAfter": null,
        "ErrorSourceService": "",
        "HttpHeaders": "{}",
    })
    .to_string()
}
