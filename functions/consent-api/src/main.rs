//! Wires [`consent_api::router`] to the Lambda runtime.

use std::sync::Arc;

use consent_api::ConsentApi;
use lambda_http::Error;
use muster_runtime::auth::{Trusted, Verifier};
use muster_runtime::env::Env;
use muster_runtime::http::{Guard, serve_lambda};
use muster_runtime::lambda::now;
use muster_runtime::wiring::Wiring;
use muster_store::{Grants, Partners, Tenants};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    muster_runtime::init_telemetry();
    let env = Env::process();
    let verifier = Verifier::new(Trusted::from_env(&env)?);
    let aws = Wiring::aws(&env, &[], &[]).await?;
    let grants = Grants::new(aws.table.clone());
    let function = ConsentApi {
        tenants: Tenants::new(aws.table.clone()),
        partners: Partners::new(aws.table),
        grants: grants.clone(),
        public_url: env.required("PUBLIC_URL")?.to_owned(),
    };
    let (router, _) = consent_api::router(function, Guard::new(verifier, grants, Arc::new(now)));
    serve_lambda(router).await
}
