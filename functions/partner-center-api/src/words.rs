//! Partner Center's words around every answer: the headers that clients trace requests by, and the body of an error.

use axum::Json;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use muster_core::access::route_of;
use muster_core::upload::Reason;
use muster_runtime::http::{Acting, Code, NewId, Problem, ProblemBody, name_encoding, problem_of};
use muster_service::idempotent::{MAX_KEY, UNDER_WAY};
use serde::{Deserialize, Serialize};

/// What a client calls its request.
const REQUEST_ID: HeaderName = HeaderName::from_static("ms-requestid");
/// What it calls the work that the request belongs to.
const CORRELATION_ID: HeaderName = HeaderName::from_static("ms-correlationid");
/// The place of an answer among others.
const VECTOR: HeaderName = HeaderName::from_static("ms-cv");
/// Who answered.
const SERVER_ID: HeaderName = HeaderName::from_static("ms-serverid");

/// Characters of an error's description, and of what it says of one member, at most.
const MAX_DESCRIPTION: usize = 1024;

/// The reason of a value that should be one of some words, and is none.
pub(crate) const NO_ENUM: &str = "enum-not-parsable";

/// An error, as Partner Center's clients read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fault {
    code: u32,
    description: String,
    data: Vec<String>,
    source: &'static str,
}

/// A layer: whatever goes out goes out in these words.
pub(crate) async fn translate(State(new_id): State<NewId>, request: Request, next: Next) -> Response {
    let headers = traced(request.headers(), &new_id);
    let is_route = is_route(&request);
    let mut response = next.run(request).await;
    if let Some(problem) = problem_of(&response) {
        // The door hides what the caller has nothing to do with; these clients ask whether there is a relationship.
        let hidden = is_route && response.extensions().get::<Acting>().is_none();
        let (status, code) = code_of(problem, hidden);
        let told = Json(fault(problem, code)).into_response();
        *response.status_mut() = status;
        for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
            response.headers_mut().remove(name);
        }
        response.headers_mut().extend(told.headers().clone());
        *response.body_mut() = told.into_body();
    }
    name_encoding(response.headers_mut());
    for (name, value) in headers {
        if let Some(value) = value {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// What every answer says of itself: the ids that the client gave, or new ones.
fn traced(headers: &HeaderMap, new_id: &NewId) -> [(HeaderName, Option<HeaderValue>); 4] {
    let kept = |name: &HeaderName| {
        let given = headers.get(name).filter(|value| is_sane(value)).cloned();
        given.or_else(|| HeaderValue::try_from(new_id().to_string()).ok())
    };
    [
        (REQUEST_ID, kept(&REQUEST_ID)),
        (CORRELATION_ID, kept(&CORRELATION_ID)),
        (VECTOR, HeaderValue::try_from(vector(new_id().as_bytes())).ok()),
        (SERVER_ID, Some(HeaderValue::from_static("muster"))),
    ]
}

/// Whether the table of routes has the route that was matched.
fn is_route(request: &Request) -> bool {
    let path = request.extensions().get::<MatchedPath>();
    path.is_some_and(|path| route_of(request.method().as_str(), path.as_str()).is_some())
}

fn is_sane(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    (1..=MAX_KEY).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

/// A correlation vector: 16 characters of base64, and the number of the answer.
fn vector(bytes: &[u8; 16]) -> String {
    let base: Vec<u8> = bytes.iter().copied().take(12).collect();
    format!("{}.0", STANDARD.encode(base))
}

/// The status and the number that go with a problem. Where none was published, the number is the status.
fn code_of(problem: &ProblemBody, hidden: bool) -> (StatusCode, u32) {
    let (status, code) = match problem.code.as_str() {
        "invalid-request" if problem.reason.as_deref() == Some(NO_ENUM) => (400, 900_126),
        "invalid-request" | "body-too-large" | "unsupported-media-type" => (400, 3000),
        "unauthenticated" => (401, 400),
        "forbidden" => (403, 900_150),
        "consent-denied" => (403, 20_002),
        "not-found" if hidden => (403, 20_002),
        "not-found" => (404, 1000),
        // These clients send what is worked on again after 503, and never after 409.
        "conflict" if problem.reason.as_deref() == Some(UNDER_WAY) => (503, 503),
        // The same id with another request.
        "idempotency-key-reused" => (409, 409),
        _ => (problem.status, u32::from(problem.status)),
    };
    (
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        code,
    )
}

fn fault(problem: &ProblemBody, code: u32) -> Fault {
    let description = match (code, problem.code.as_str()) {
        (20_002, "not-found") => "The partner has no relationship with this customer.".to_owned(),
        _ => [Some(problem.detail.as_str()), problem.remedy.as_deref()]
            .into_iter()
            .flatten()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
    };
    Fault {
        code,
        description: description.chars().take(MAX_DESCRIPTION).collect(),
        data: problem
            .errors
            .iter()
            .map(|error| {
                let line = format!("{}: {}", error.path, error.detail);
                line.chars().take(MAX_DESCRIPTION).collect()
            })
            .collect(),
        source: "Muster",
    }
}

/// A value that is none of the words that a member takes.
pub(crate) fn no_word(member: &str, value: &str, words: &str) -> Problem {
    let value: String = value.chars().take(40).collect();
    let reason = Reason {
        code: NO_ENUM.to_owned(),
        detail: format!("`{value}` is no {member}; there is {words}"),
        remedy: String::new(),
    };
    Problem::new(Code::InvalidRequest, "").because(&reason)
}

/// An answer with an empty body that says where to ask what became of it: without `/v1`, as clients expect.
pub(crate) fn accepted(location: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Where a list goes on, as the client was told before.
///
/// # Errors
/// When it is no text.
pub(crate) fn continuation(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(token) = headers.get("ms-continuationtoken") else {
        return Ok(None);
    };
    token.to_str().map(Some).map_err(|_| no_continuation())
}

/// A token that is none of ours.
pub(crate) fn no_continuation() -> Problem {
    Problem::at(
        "header.MS-ContinuationToken",
        "It is not one that this list gave. Take `continuationToken` of the page before.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_a_number_that_clients_know() {
        for code in Code::ALL {
            let problem = Problem::new(code, "x").body();
            let (status, number) = code_of(&problem, false);
            let known = [400, 401, 403, 404, 405, 406, 409, 412, 429, 500, 501, 502, 503, 504];
            assert!(known.contains(&status.as_u16()), "{code:?}: {status}");
            assert!(number > 0, "{code:?}");
        }
        let number = |problem: Problem, hidden| {
            let (status, number) = code_of(&problem.body(), hidden);
            (status.as_u16(), number)
        };
        assert_eq!(number(Problem::not_found(), true), (403, 20_002));
        assert_eq!(number(Problem::not_found(), false), (404, 1000));
        let reason = Reason {
            code: NO_ENUM.to_owned(),
            detail: "no such word".to_owned(),
            remedy: String::new(),
        };
        let word = Problem::new(Code::InvalidRequest, "").because(&reason);
        assert_eq!(number(word, false), (400, 900_126));
        let reason = Reason {
            code: UNDER_WAY.to_owned(),
            ..reason
        };
        let busy = Problem::new(Code::Conflict, "").because(&reason);
        assert_eq!(number(busy, false), (503, 503));
        assert_eq!(number(Problem::new(Code::Conflict, ""), false), (409, 409));
    }

    #[test]
    fn a_description_is_bounded_and_says_what_to_do() {
        let problem = Problem::new(Code::Conflict, "It is so.").remedy("Do that.").body();
        assert_eq!(fault(&problem, 409).description, "It is so. Do that.");
        let long = Problem::at("devices", "ä".repeat(2000)).body();
        let told = fault(&long, 3000);
        assert!(told.description.chars().count() <= MAX_DESCRIPTION);
        assert!(told.data.iter().all(|line| line.starts_with("devices: ")));
        assert!(told.data.iter().all(|line| line.chars().count() <= MAX_DESCRIPTION));
    }

    #[test]
    fn a_vector_is_short_base64_with_a_number() {
        assert_eq!(vector(&[0; 16]), "AAAAAAAAAAAAAAAA.0");
    }
}
