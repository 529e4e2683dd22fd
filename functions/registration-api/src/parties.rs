//! Tenants and partners: who owns devices, and who hands them in.

mod partners;
mod tenants;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use muster_runtime::http::{Problem, text};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;

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
fn known(created: bool, path: &str, more: Option<(HeaderName, HeaderValue)>, body: impl Serialize) -> Response {
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    if let (true, Ok(path)) = (created, HeaderValue::from_str(path)) {
        headers.insert(header::LOCATION, path);
    }
    headers.extend(more);
    response
}
