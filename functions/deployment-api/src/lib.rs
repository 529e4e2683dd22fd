//! A device that boots, over HTTP: it shows its hardware hash, and is told its profile, or why it gets none.
//!
//! Nobody shows a token here, so nothing is told to strangers: whoever is not recognised gets the same answer after the
//! same requests to the store, whatever is registered (`docs/deployment.md`).

mod answer;
mod limit;
mod lookup;
pub mod model;
mod nonce;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use muster_runtime::http::{Clock, NewId};
use muster_store::Tenants;
use muster_store::contacts::Contacts;
use muster_store::devices::Devices;
use muster_store::nonces::Nonces;
use muster_store::profiles::Profiles;
use muster_store::rates::Rates;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use lookup::{Shown, read};

/// Bytes that a body has at most: a hash has 4,000 characters, and 24,000 are taken.
const MAX_BODY: usize = 64 << 10;

/// The function and the capabilities that it uses.
pub struct DeploymentApi {
    /// Gives nonces out and takes them.
    pub nonces: Nonces,
    /// Counts what each source asks.
    pub rates: Rates,
    /// Looks devices up by what they show.
    pub devices: Devices,
    /// Looks up what a device's tenant allows.
    pub tenants: Tenants,
    /// Looks up which profile a device has, and what that says.
    pub profiles: Profiles,
    /// Records that devices showed themselves.
    pub contacts: Contacts,
    /// Where ids and nonces come from, which nobody can guess.
    pub new_id: NewId,
}

/// What a handler is given.
#[derive(Clone)]
struct Api {
    function: Arc<DeploymentApi>,
    clock: Clock,
}

/// The routes, and what is told of them. No door stands before them: [`ROUTES`](muster_core::access::ROUTES) has them as
/// open.
pub fn router(function: DeploymentApi, clock: Clock) -> (Router, OpenApi) {
    let api = Api {
        function: Arc::new(function),
        clock,
    };
    let routes = OpenApiRouter::new()
        .routes(routes!(nonce::give_nonce))
        .routes(routes!(lookup::look_up));
    let routes = routes.layer(DefaultBodyLimit::max(MAX_BODY));
    let routes = routes.route_layer(middleware::from_fn_with_state(api.clone(), limit::stand));
    routes.with_state(api).split_for_parts()
}
