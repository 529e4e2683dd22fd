//! Wires [`deployment_api::router`] to the Lambda runtime.

use std::sync::Arc;

use deployment_api::{DeploymentApi, router};
use lambda_http::Error;
use muster_runtime::env::Env;
use muster_runtime::http::{random_ids, serve_lambda};
use muster_runtime::wiring::Wiring;
use muster_store::Tenants;
use muster_store::contacts::Contacts;
use muster_store::devices::Devices;
use muster_store::nonces::Nonces;
use muster_store::profiles::Profiles;
use muster_store::rates::Rates;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    muster_runtime::init_telemetry();
    let aws = Wiring::aws(&Env::process(), &[], &[]).await?;
    let function = DeploymentApi {
        nonces: Nonces::new(aws.table.clone()),
        rates: Rates::new(aws.table.clone()),
        devices: Devices::new(aws.table.clone()),
        tenants: Tenants::new(aws.table.clone()),
        profiles: Profiles::new(aws.table.clone()),
        contacts: Contacts::new(aws.table),
        new_id: random_ids(),
    };
    serve_lambda(router(function, Arc::new(muster_runtime::lambda::now)).0).await
}
