//! A router as a Lambda function behind an HTTP API.

use std::sync::Arc;

use axum::Router;
use lambda_http::Error;
use uuid::Uuid;

use super::layers::{NewId, around};

/// Serves a router until the process ends.
///
/// # Errors
/// When the Lambda runtime ends.
pub async fn serve_lambda(router: Router) -> Result<(), Error> {
    lambda_http::run(around(router, random_ids())).await
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
