//! A router as a Lambda function behind an HTTP API.

use std::sync::Arc;

use axum::Router;
use lambda_http::Error;
use muster_store::{Grants, Table};
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
