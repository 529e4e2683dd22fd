//! The HTTP functions over the embedded state.

use axum::Router;
use consent_api::ConsentApi;
use muster_runtime::auth::Verifier;
use muster_runtime::http::Guard;
use registration_api::RegistrationApi;
use utoipa::openapi::OpenApi;

use crate::flow::Embedded;

/// The routes of all HTTP functions over this state, for callers whose tokens this verifier finds good, and what is told of
/// the routes. What stands around them in the cloud is to be put around them here, too
/// ([`muster_runtime::http::around`]).
#[must_use]
pub fn apis(embedded: &Embedded, verifier: Verifier) -> (Router, OpenApi) {
    let clock = embedded.clone();
    let guard = Guard::new(verifier, embedded.grants(), std::sync::Arc::new(move || clock.now()));
    let consent = ConsentApi {
        tenants: embedded.tenants(),
        partners: embedded.partners(),
        grants: embedded.grants(),
    };
    let registration = RegistrationApi {
        tenants: embedded.tenants(),
        partners: embedded.partners(),
        grants: embedded.grants(),
    };
    let (router, mut document) = consent_api::router(consent, guard.clone());
    let (other, told) = registration_api::router(registration, guard);
    document.merge(told);
    (router.merge(other), document)
}
