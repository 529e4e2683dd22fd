//! Registration over HTTP: tenants and partners, uploads and what became of their rows, and registered devices.

mod devices;
pub mod model;
mod parties;
mod rights;

use std::sync::Arc;

use axum::{Router, middleware};
use muster_runtime::http::Guard;
use muster_store::devices::Devices;
use muster_store::{Grants, Partners, Tenants};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// The function and the capabilities that it uses.
pub struct RegistrationApi {
    /// Makes tenants known and lists them.
    pub tenants: Tenants,
    /// Makes partners known and lists them.
    pub partners: Partners,
    /// Looks consent up.
    pub grants: Grants,
    /// Lists, finds, changes and releases devices.
    pub devices: Devices,
}

/// What a handler is given.
#[derive(Clone)]
struct Api {
    function: Arc<RegistrationApi>,
    guard: Guard,
}

/// The routes, and what is told of them.
pub fn router(function: RegistrationApi, guard: Guard) -> (Router, OpenApi) {
    let door = middleware::from_fn_with_state(guard.clone(), Guard::stand);
    let api = Api {
        function: Arc::new(function),
        guard,
    };
    let routes = OpenApiRouter::new().merge(parties::routes()).merge(devices::routes());
    routes.route_layer(door).with_state(api).split_for_parts()
}
