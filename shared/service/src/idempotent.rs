//! Requests that may be sent again, since their clients give each a key of its own.

use std::future::Future;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use muster_core::upload::Reason;
use muster_runtime::http::{Acting, Code, NewId, Problem};
use muster_store::idempotency::{Begun, GivenAnswer, Idempotency, KeyedRequest, Seed};
use serde::Serialize;

/// The header that tells an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The reason of a conflict with the same request, which is worked on: it is to be sent again.
pub const UNDER_WAY: &str = "request-under-way";

/// Characters of a key at most.
pub const MAX_KEY: usize = 255;

/// A success that can be kept and given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The path of what was made.
    pub location: Option<String>,
    /// The entity tag of what was made or changed.
    pub etag: Option<String>,
    /// JSON.
    pub body: String,
    /// Whether it was given before.
    pub replayed: bool,
}

impl Answer {
    /// An answer with this body.
    ///
    /// # Errors
    /// When the body is none in JSON.
    pub fn new(status: StatusCode, location: Option<String>, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body)
            .map_err(|e| Problem::new(Code::Internal, "The answer could not be written.").caused_by(e))?;
        Ok(Self {
            status,
            location,
            etag: None,
            body,
            replayed: false,
        })
    }

    /// An answer that says what became of something.
    ///
    /// # Errors
    /// When the body is none in JSON.
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Self::new(StatusCode::OK, None, body)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(location) = self.location.and_then(|path| HeaderValue::from_str(&path).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if let Some(etag) = self.etag.and_then(|etag| HeaderValue::from_str(&etag).ok()) {
            headers.insert(header::ETAG, etag);
        }
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// What makes repeats harmless.
#[derive(Clone, Copy)]
pub struct Repeats<'a> {
    /// Keeps what was answered under a key.
    pub store: &'a Idempotency,
    /// Where new ids come from.
    pub new_id: &'a NewId,
    /// The time now.
    pub now: Timestamp,
    /// The header with the client's key, as it is written.
    pub header: &'static str,
}

impl Repeats<'_> {
    /// Carries a request out once for each key of its caller; without the header, always.
    ///
    /// `path` is the request's own path, ids included, and `body` what it asks for. Whatever `run` makes takes its ids from the
    /// seed that it is given, since after a crash, or a fault of the service, it runs again with the same one. A refusal
    /// (4xx) is not kept: nothing was carried out, and the key may be used again.
    ///
    /// # Errors
    /// What `run` says; when the key cannot be one, came with another request before, or its request is worked on.
    pub async fn once<F, Fut>(
        &self,
        acting: &Acting,
        headers: &HeaderMap,
        path: &str,
        body: &impl Serialize,
        run: F,
    ) -> Result<Answer, Problem>
    where
        F: FnOnce(Seed) -> Fut + Send,
        Fut: Future<Output = Result<Answer, Problem>> + Send,
    {
        let Some(key) = key_of(self.header, headers)? else {
            return run(Seed(*(self.new_id)().as_bytes())).await;
        };
        let body =
            serde_json::to_vec(body).map_err(|e| Problem::new(Code::Internal, "The service failed.").caused_by(e))?;
        let caller = acting.caller();
        let tenant = caller.tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
        let partner = acting.partner().map_or("-", |partner| partner.as_str());
        let keyed = KeyedRequest::new(&[&caller.subject, &tenant, partner, path, &key], &body);
        let store = self.store;
        let seed = match store.begin(&keyed, self.now).await? {
            Begun::Now(seed) => seed,
            Begun::Answered(answer) => return replayed(answer),
            Begun::OtherRequest => {
                return Err(Problem::new(
                    Code::IdempotencyKeyReused,
                    format!("The key in the header {} came with another body before.", self.header),
                )
                .remedy("Take a new key for each new request."));
            }
            Begun::UnderWay => {
                let reason = Reason {
                    code: UNDER_WAY.to_owned(),
                    detail: format!("a request with this {} is worked on at this moment", self.header),
                    remedy: "Wait a moment, then send it again.".to_owned(),
                };
                return Err(Problem::new(Code::Conflict, "").because(&reason).retry_after(1));
            }
        };
        let outcome = run(seed).await;
        match &outcome {
            Ok(answer) => {
                let given = GivenAnswer {
                    status: answer.status.as_u16(),
                    location: answer.location.clone(),
                    etag: answer.etag.clone(),
                    body: answer.body.clone(),
                };
                if let Err(error) = store.answer(&keyed, &given).await {
                    // It is carried out all the same. A repeat runs again when the work's time is up, and finds what was made.
                    tracing::warn!(%error, "an answer could not be kept for its idempotency key");
                }
            }
            Err(problem) if problem.code().status().is_client_error() => store.forget(&keyed).await?,
            Err(_) => {
                // The store may be what failed; then the key is free when the work's time is up.
                if let Err(error) = store.give_back(&keyed).await {
                    tracing::warn!(%error, "an idempotency key is held for a minute");
                }
            }
        }
        outcome
    }
}

fn replayed(answer: GivenAnswer) -> Result<Answer, Problem> {
    let status = StatusCode::from_u16(answer.status)
        .map_err(|e| Problem::new(Code::Internal, "The service failed.").caused_by(e))?;
    Ok(Answer {
        status,
        location: answer.location,
        etag: answer.etag,
        body: answer.body,
        replayed: true,
    })
}

fn key_of(header: &str, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut given = headers.get_all(header).iter();
    let Some(first) = given.next() else {
        return Ok(None);
    };
    let wrong = || {
        Problem::at(
            format!("header.{header}"),
            format!("It is one key of 1 to {MAX_KEY} visible ASCII characters."),
        )
    };
    if given.next().is_some() {
        return Err(wrong());
    }
    let key = first.to_str().map_err(|_| wrong())?;
    if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong());
    }
    Ok(Some(key.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_and_short() {
        let long = "k".repeat(MAX_KEY + 1);
        for (given, expected) in [
            (vec![], Ok(None)),
            (vec!["8e03978e-40d5-43dd-bc93-6894a57f9324"], Ok(Some(()))),
            (vec!["\"quoted\""], Ok(Some(()))),
            (vec![""], Err(())),
            (vec!["a b"], Err(())),
            (vec!["a", "a"], Err(())),
            (vec![long.as_str()], Err(())),
        ] {
            let mut headers = HeaderMap::new();
            for value in &given {
                headers.append("idempotency-key", value.parse().unwrap());
            }
            let found = key_of("Idempotency-Key", &headers)
                .map(|key| key.map(|_| ()))
                .map_err(|_| ());
            assert_eq!(found, expected, "{given:?}");
        }
    }
}
