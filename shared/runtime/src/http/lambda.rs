//! A router as a Lambda function behind an HTTP API.

use std::sync::Arc;

use axum::Router;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, LambdaEvent};
use muster_store::{Grants, Table};
use tower::util::MapRequest;
use uuid::Uuid;

use super::guard::Guard;
use super::layers::{NewId, around};
use crate::auth::{Trusted, Verifier};
use crate::env::{Env, EnvError};
use crate::lambda::now;

impl Guard {
    /// The door of a function on AWS: it believes the issuer that the environment names ([`Trusted::from_env`]).
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn aws(env: &Env, table: Table) -> Result<Self, EnvError> {
        let verifier = Verifier::new(Trusted::from_env(env)?);
        Ok(Self::new(verifier, Grants::new(table), Arc::new(now)))
    }
}

/// Serves a router until the process ends.
///
/// # Errors
/// When the Lambda runtime ends.
pub async fn serve_lambda(router: Router) -> Result<(), Error> {
    let service = Adapter::from(around(router, random_ids()));
    lambda_runtime::run(MapRequest::new(service, with_encoded_path)).await
}

/// HTTP APIs decode a request's path before they give it on, and `lambda_http` reads it as a part of a URL: what would end
/// the path there, or part it, is encoded again.
fn with_encoded_path(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload
        && let Some(path) = &mut request.raw_path
    {
        *path = encoded(path);
    }
    event
}

/// The path as a part of a URL. `%` and two digits stay, so that a path that was not decoded is the same.
fn encoded(path: &str) -> String {
    let mut told = String::with_capacity(path.len());
    for (at, character) in path.char_indices() {
        match character {
            '%' if !is_escape(path.get(at..)) => told.push_str("%25"),
            '#' => told.push_str("%23"),
            '?' => told.push_str("%3F"),
            '\\' => told.push_str("%5C"),
            other => told.push(other),
        }
    }
    told
}

/// Whether a text begins with a byte that is percent-encoded.
fn is_escape(text: Option<&str>) -> bool {
    let digits = text.and_then(|text| text.as_bytes().get(1..3));
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// Ids that nobody can guess, for a process that serves.
#[must_use]
pub fn random_ids() -> NewId {
    Arc::new(new_id)
}

#[expect(clippy::disallowed_methods, reason = "a request without an id needs one")]
fn new_id() -> Uuid {
    Uuid::new_v4()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The path that the router sees of an event with this `rawPath`.
    fn seen(path: &str) -> String {
        let mut event: Value = json!({
            "version": "2.0", "routeKey": "$default", "rawQueryString": "a=b%20c",
            "headers": { "host": "api.example" }, "isBase64Encoded": false,
            "requestContext": {
                "accountId": "1", "apiId": "a", "stage": "$default", "requestId": "r", "time": "", "timeEpoch": 0,
                "http": { "method": "GET", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "x" },
            },
        });
        event["rawPath"] = json!(path);
        event["requestContext"]["http"]["path"] = json!(path);
        let payload: LambdaRequest = serde_json::from_value(event).unwrap();
        let event = with_encoded_path(LambdaEvent::new(payload, lambda_http::Context::default()));
        let request = lambda_http::Request::from(event.payload);
        assert_eq!(request.uri().query(), Some("a=b%20c"), "{path}");
        request.uri().path().to_owned()
    }

    #[test]
    fn a_path_that_was_decoded_leads_where_it_led() {
        for (raw, expected) in [
            ("/v1/customers", "/v1/customers"),
            ("/a/50% off/x", "/a/50%25%20off/x"),
            ("/a/No. #1/x", "/a/No.%20%231/x"),
            ("/a/why?/x", "/a/why%3F/x"),
            ("/a/b\\c/x", "/a/b%5Cc/x"),
            ("/a/100%/x", "/a/100%25/x"),
            ("/a/100%é/x", "/a/100%25%C3%A9/x"),
            ("/a/My%20Batch/x", "/a/My%20Batch/x"),
        ] {
            assert_eq!(seen(raw), expected, "{raw}");
        }
    }
}
