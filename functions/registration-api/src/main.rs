//! Wires [`registration_api::router`] to the Lambda runtime.

use lambda_http::Error;
use muster_runtime::env::Env;
use muster_runtime::http::{Guard, random_ids, serve_lambda};
use muster_runtime::wiring::Wiring;
use muster_store::Registry;
use registration_api::{RegistrationApi, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    muster_runtime::init_telemetry();
    let env = Env::process();
    let aws = Wiring::aws(&env, &[], &[]).await?;
    let guard = Guard::aws(&env, aws.table.clone())?;
    let presigner = aws.objects.presigner(None);
    let registry = Registry::new(aws.table, aws.objects);
    let function = RegistrationApi::over(&registry, presigner, random_ids());
    serve_lambda(router(function, guard).0).await
}
