//! Wires [`consent_api::router`] to the Lambda runtime.

use consent_api::{ConsentApi, router};
use lambda_http::Error;
use muster_runtime::env::Env;
use muster_runtime::http::{Guard, serve_lambda};
use muster_runtime::wiring::Wiring;
use muster_store::{Grants, Partners, Tenants};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    muster_runtime::init_telemetry();
    let env = Env::process();
    let aws = Wiring::aws(&env, &[], &[]).await?;
    let guard = Guard::aws(&env, aws.table.clone())?;
    let function = ConsentApi {
        tenants: Tenants::new(aws.table.clone()),
        partners: Partners::new(aws.table.clone()),
        grants: Grants::new(aws.table),
        public_url: env.required("PUBLIC_URL")?.to_owned(),
    };
    serve_lambda(router(function, guard).0).await
}
