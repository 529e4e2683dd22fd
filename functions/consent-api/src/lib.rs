//! Consent over HTTP: a partner asks, the customer decides and takes back, and both see how it stands.

mod changes;
mod consents;
mod decisions;
mod directory;
pub mod model;
mod permission;
mod refusal;
mod requests;

use std::sync::Arc;

use axum::{Router, middleware};
use muster_runtime::http::Guard;
use muster_store::{Grants, Partners, Tenants};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The function and the capabilities that it uses.
pub struct ConsentApi {
    /// Looks tenants up.
    pub tenants: Tenants,
    /// Looks partners up, and keeps the directory.
    pub partners: Partners,
    /// Asks for, decides and lists consent.
    pub grants: Grants,
    /// The URL under which clients reach this service, without a slash at its end: links to consents begin with it.
    pub public_url: String,
}

/// What a handler is given.
#[derive(Clone)]
struct Api {
    function: Arc<ConsentApi>,
    guard: Guard,
}

/// The routes, and what is told of them.
pub fn router(function: ConsentApi, guard: Guard) -> (Router, OpenApi) {
    let door = middleware::from_fn_with_state(guard.clone(), Guard::stand);
    let api = Api {
        function: Arc::new(function),
        guard,
    };
    let routes = OpenApiRouter::new()
        .routes(routes!(consents::list_of_tenant, requests::request))
        .routes(routes!(consents::get))
        .routes(routes!(decisions::grant))
        .routes(routes!(decisions::decline))
        .routes(routes!(decisions::revoke))
        .routes(routes!(permission::permission))
        .routes(routes!(changes::list))
        .routes(routes!(consents::list_of_partner))
        .routes(routes!(directory::list))
        .routes(routes!(directory::put, directory::remove));
    routes.route_layer(door).with_state(api).split_for_parts()
}
