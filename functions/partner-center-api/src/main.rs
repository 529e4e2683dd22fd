//! Wires [`partner_center_api::router`] to the Lambda runtime.

use lambda_http::Error;
use muster_runtime::env::Env;
use muster_runtime::http::{Guard, random_ids, serve_lambda};
use muster_runtime::wiring::Wiring;
use muster_store::Registry;
use partner_center_api::{PartnerCenterApi, alone, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    muster_runtime::init_telemetry();
    let env = Env::process();
    let aws = Wiring::aws(&env, &[], &[]).await?;
    let guard = Guard::aws(&env, aws.table.clone())?;
    let registry = Registry::new(aws.table, aws.objects);
    let public_url = env.required("PUBLIC_URL")?.to_owned();
    let function = PartnerCenterApi::over(&registry, random_ids(), public_url);
    serve_lambda(alone(router(function, guard.clone()), guard)).await
}
