//! Problems as RFC 9457 has them: a stable code, where it is, what and why, and what to do.

use std::borrow::Cow;
use std::fmt;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use muster_core::upload::Reason;
use muster_store::{ErrorKind, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::read::sentence;

/// How many parts of a request that are wrong are told at most.
const MAX_ERRORS: usize = 100;

/// The kinds of problems. The name on the wire never changes; texts may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A body, a query or a header that cannot be taken; `errors` says where.
    InvalidRequest,
    /// No token, or one that is not good.
    Unauthenticated,
    /// The caller's roles do not allow it.
    Forbidden,
    /// The consent does not allow it; `reason` says why.
    ConsentDenied,
    /// There is no such thing, or none that the caller may know of.
    NotFound,
    /// The path has no such method.
    MethodNotAllowed,
    /// What stands there does not allow it now.
    Conflict,
    /// What is edited was changed meanwhile.
    PreconditionFailed,
    /// The body is too large.
    BodyTooLarge,
    /// The body is of another type than JSON.
    UnsupportedMediaType,
    /// An idempotency key that came with another body before.
    IdempotencyKeyReused,
    /// Too many requests come from there.
    TooManyRequests,
    /// A fault of the service.
    Internal,
    /// The service cannot do it now.
    Unavailable,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 14] = [
        Self::InvalidRequest,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::ConsentDenied,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::IdempotencyKeyReused,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Status, name on the wire, title.
    const fn entry(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidRequest => (
                StatusCode::BAD_REQUEST,
                "invalid-request",
                "The request is not as it must be",
            ),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "A valid token is needed"),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "The caller's roles do not allow this",
            ),
            Self::ConsentDenied => (
                StatusCode::FORBIDDEN,
                "consent-denied",
                "The tenant's consent does not allow this",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "The path has no such method",
            ),
            Self::Conflict => (
                StatusCode::CONFLICT,
                "conflict",
                "The present state does not allow this",
            ),
            Self::PreconditionFailed => (
                StatusCode::PRECONDITION_FAILED,
                "precondition-failed",
                "It was changed meanwhile",
            ),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large"),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "The body must be JSON",
            ),
            Self::IdempotencyKeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "The idempotency key was used for another request",
            ),
            Self::TooManyRequests => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-requests",
                "Too many requests come from there",
            ),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The service failed"),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The service cannot do this now",
            ),
        }
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.entry().0
    }

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.entry().1
    }

    /// The same words for every problem of the kind.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.entry().2
    }
}

/// The content type of problems.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// What is wrong with a part of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldError {
    /// Where: a path into the body such as `devices[3].hardwareHash`, `query.` and a parameter, or `header.` and a name.
    pub path: String,
    /// What, why, and what to do.
    pub detail: String,
}

/// What a client is told (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody {
    /// `urn:muster:problem:` and the code.
    pub r#type: String,
    /// What kind of problem it is, in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable name.
    pub code: String,
    /// Where, what and why.
    pub detail: String,
    /// Why the service decided so, where it has a reason with a code of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// What is wrong with which part of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The request's id, also in the header `request-id`. The service's log has it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// An answer that is no success. What is sent says nothing of the inside; its cause goes to the log, once.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: Code,
    detail: Cow<'static, str>,
    reason: Option<Cow<'static, str>>,
    remedy: Option<Cow<'static, str>>,
    errors: Vec<FieldError>,
    retry_after: Option<u64>,
    cause: Option<String>,
}

impl Problem {
    /// A problem in words for the client.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            code,
            detail: detail.into(),
            reason: None,
            remedy: None,
            errors: Vec::new(),
            retry_after: (code == Code::Unavailable).then_some(1),
            cause: None,
        }))
    }

    /// What does not exist, and what a caller may not know of: always the same words.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing here that this caller may see.")
    }

    /// The path is there, and takes other methods.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(Code::MethodNotAllowed, "The path is there, and takes other methods.")
    }

    /// One part of the request that is wrong.
    pub fn at(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError {
            path: path.into(),
            detail: detail.into(),
        }])
    }

    /// Parts of the request that are wrong; the first hundred are told.
    #[must_use]
    pub fn invalid(mut errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.path, one.detail),
            several => format!("{} parts of the request are wrong.", several.len()),
        };
        let mut problem = Self::new(Code::InvalidRequest, detail);
        errors.truncate(MAX_ERRORS);
        problem.0.errors = errors;
        problem
    }

    /// The same with a reason that has a code of its own, and with what to do.
    #[must_use]
    pub fn because(mut self, reason: &Reason) -> Self {
        self.0.reason = Some(Cow::Owned(reason.code.clone()));
        self.0.remedy = (!reason.remedy.is_empty()).then(|| Cow::Owned(reason.remedy.clone()));
        self.0.detail = Cow::Owned(sentence(&reason.detail));
        self
    }

    /// The same with what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.0.remedy = Some(remedy.into());
        self
    }

    /// The same with after how many seconds to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// The same with what only the log is told.
    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// Its kind.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What the client is told.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        let parts = &*self.0;
        ProblemBody {
            r#type: format!("urn:muster:problem:{}", parts.code.as_str()),
            title: parts.code.title().to_owned(),
            status: parts.code.status().as_u16(),
            code: parts.code.as_str().to_owned(),
            detail: parts.detail.clone().into_owned(),
            reason: parts.reason.clone().map(Cow::into_owned),
            remedy: parts.remedy.clone().map(Cow::into_owned),
            errors: parts.errors.clone(),
            request_id: None,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let problem = match error.kind() {
            ErrorKind::Transient | ErrorKind::Disk => Self::new(
                Code::Unavailable,
                "The store cannot be reached, or is busy. Try again in a moment.",
            ),
            _ => Self::new(
                Code::Internal,
                "The service failed. Its operator finds the cause by the request's id.",
            ),
        };
        problem.caused_by(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.body();
        let code = self.code();
        let mut response = (code.status(), axum::Json(body.clone())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // The layer around all routes adds the request's id, and logs the cause.
        response.extensions_mut().insert(Told {
            body,
            cause: self.0.cause,
        });
        response
    }
}

/// What an answer says that is a problem. A facade, whose clients know other words, reads it in a layer around its routes,
/// and puts a body of its own in its place, of another content type; the log is told all the same.
#[must_use]
pub fn problem_of(response: &Response) -> Option<&ProblemBody> {
    response.extensions().get::<Told>().map(|told| &told.body)
}

/// A problem on its way out, before it has its request's id.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) body: ProblemBody,
    pub(super) cause: Option<String>,
}

#[cfg(test)]
mod tests;
