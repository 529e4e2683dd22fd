//! The HTTP functions over the embedded state.

use axum::Router;
use consent_api::ConsentApi;
use deployment_api::DeploymentApi;
use graph_api::{GraphApi, Throttling};
use muster_runtime::auth::Verifier;
use muster_runtime::http::{Clock, Guard, NewId};
use partner_center_api::PartnerCenterApi;
use registration_api::RegistrationApi;
use utoipa::openapi::OpenApi;

use crate::flow::Embedded;

/// What the functions are told of the process around them.
#[derive(Clone)]
pub struct Outside {
    /// Where clients reach the bucket.
    pub s3_url: String,
    /// Where clients reach the functions, for links.
    pub public_url: String,
    /// Where new ids come from, which nobody can guess.
    pub new_id: NewId,
    /// Whether Graph's wire format answers 429 at the rates that Microsoft documents.
    pub throttling: Throttling,
}

/// The routes of all HTTP functions over this state, for callers whose tokens this verifier finds good, and what is told of
/// the routes. What stands around them in the cloud is to be put around them here, too
/// ([`muster_runtime::http::around`]).
pub fn apis(embedded: &Embedded, verifier: Verifier, outside: &Outside) -> (Router, OpenApi) {
    let clock = embedded.clone();
    let clock: Clock = std::sync::Arc::new(move || clock.now());
    let guard = Guard::new(verifier, embedded.grants(), clock.clone());
    let consent = ConsentApi {
        tenants: embedded.tenants(),
        partners: embedded.partners(),
        grants: embedded.grants(),
        public_url: outside.public_url.clone(),
    };
    let presigner = embedded.objects().presigner(Some(&outside.s3_url));
    let registration = RegistrationApi::over(embedded, presigner, outside.new_id.clone());
    let partner_center = PartnerCenterApi::over(embedded, outside.new_id.clone(), outside.public_url.clone());
    let deployment = DeploymentApi {
        nonces: embedded.nonces(),
        rates: embedded.rates(),
        devices: embedded.devices(),
        tenants: embedded.tenants(),
        profiles: embedded.profiles(),
        contacts: embedded.contacts(),
        new_id: outside.new_id.clone(),
    };
    let (mut router, mut document) = consent_api::router(consent, guard.clone());
    for (other, told) in [
        registration_api::router(registration, guard.clone()),
        deployment_api::router(deployment, clock),
    ] {
        router = router.merge(other);
        document.merge(told);
    }
    let (new_id, public_url) = (outside.new_id.clone(), outside.public_url.clone());
    let graph = GraphApi::over(embedded, outside.throttling, new_id, public_url);
    // Their words are others', so that the document of this API does not tell of them.
    router = router.merge(partner_center_api::router(partner_center, guard.clone()));
    router = router.merge(graph_api::router(graph, guard));
    (router, document)
}
