//! Wires [`registration_api::router`] to the Lambda runtime.

use std::sync::Arc;

use lambda_http::Error;
use muster_runtime::auth::{Trusted, Verifier};
use muster_runtime::env::Env;
use muster_runtime::http::{Guard, random_ids, serve_lambda};
use muster_runtime::lambda::now;
use muster_runtime::wiring::Wiring;
use muster_store::announcements::Announcements;
use muster_store::devices::Devices;
use muster_store::idempotency::Idempotency;
use muster_store::receipts::Receipts;
use muster_store::uploads::Uploads;
use muster_store::validated::ValidatedBatches;
use muster_store::{Grants, Partners, Tenants};
use registration_api::{RegistrationApi, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    muster_runtime::init_telemetry();
    let env = Env::process();
    let verifier = Verifier::new(Trusted::from_env(&env)?);
    let aws = Wiring::aws(&env, &[], &[]).await?;
    let grants = Grants::new(aws.table.clone());
    let function = RegistrationApi {
        tenants: Tenants::new(aws.table.clone()),
        partners: Partners::new(aws.table.clone()),
        grants: grants.clone(),
        uploads: Uploads::new(aws.table.clone()),
        announcements: Announcements::new(aws.table.clone()),
        presigner: aws.objects.presigner(None),
        validated: ValidatedBatches::new(aws.objects.clone()),
        objects: aws.objects,
        receipts: Receipts::new(aws.table.clone()),
        idempotency: Idempotency::new(aws.table.clone()),
        new_id: random_ids(),
        devices: Devices::new(aws.table),
    };
    serve_lambda(router(function, Guard::new(verifier, grants, Arc::new(now))).0).await
}
