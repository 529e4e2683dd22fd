//! Tenants and partners: who owns devices, and who hands them in.

mod partners;
mod tenants;

use axum::http::StatusCode;
use muster_runtime::http::{Problem, etag, text};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::idempotent::Answer;

/// The routes of tenants and partners.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(tenants::create_tenant))
        .routes(routes!(tenants::list_tenants))
        .routes(routes!(tenants::get_tenant))
        .routes(routes!(tenants::update_tenant))
        .routes(routes!(partners::create_partner))
        .routes(routes!(partners::list_partners))
        .routes(routes!(partners::get_partner))
        .routes(routes!(partners::update_partner))
}

/// The most characters of a name.
const MAX_NAME: usize = 256;

/// A name as it was sent.
fn name(sent: &str) -> Result<String, Problem> {
    text("name", Some(sent), MAX_NAME)
        .map_err(|error| Problem::invalid(vec![error]))?
        .ok_or_else(|| Problem::at("name", "It is empty."))
}

/// The answer for something that is known now under this path, or was so before.
fn known(created: bool, path: String, version: Option<u64>, body: &impl Serialize) -> Result<Answer, Problem> {
    let (status, location) = match created {
        true => (StatusCode::CREATED, Some(path)),
        false => (StatusCode::OK, None),
    };
    let etag = version.and_then(|version| etag(version).to_str().ok().map(str::to_owned));
    Ok(Answer {
        etag,
        ..Answer::new(status, location, body)?
    })
}
