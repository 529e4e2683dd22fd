//! Wires [`graph_api::router`] to the Lambda runtime.

use graph_api::{GraphApi, Throttling, router};
use lambda_http::Error;
use muster_runtime::env::Env;
use muster_runtime::http::{Guard, random_ids, serve_lambda};
use muster_runtime::wiring::Wiring;
use muster_store::Registry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    muster_runtime::init_telemetry();
    let env = Env::process();
    let aws = Wiring::aws(&env, &[], &[]).await?;
    let guard = Guard::aws(&env, aws.table.clone())?;
    let throttling = env.optional("GRAPH_THROTTLING").unwrap_or("off").parse();
    let throttling: Throttling =
        throttling.map_err(|error| format!("environment variable GRAPH_THROTTLING: {error}"))?;
    let public_url = env.required("PUBLIC_URL")?.to_owned();
    let registry = Registry::new(aws.table, aws.objects);
    let function = GraphApi::over(&registry, throttling, random_ids(), public_url);
    serve_lambda(router(function, guard)).await
}
