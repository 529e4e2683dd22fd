//! Wires [`registration_api::router`] to the Lambda runtime.

use lambda_http::Error;
use muster_runtime::env::Env;
use muster_runtime::http::{Guard, random_ids, serve_lambda};
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
    let aws = Wiring::aws(&env, &[], &[]).await?;
    let guard = Guard::aws(&env, aws.table.clone())?;
    let function = RegistrationApi {
        tenants: Tenants::new(aws.table.clone()),
        partners: Partners::new(aws.table.clone()),
        grants: Grants::new(aws.table.clone()),
        devices: Devices::new(aws.table.clone()),
        uploads: Uploads::new(aws.table.clone()),
        announcements: Announcements::new(aws.table.clone()),
        presigner: aws.objects.presigner(None),
        validated: ValidatedBatches::new(aws.objects.clone()),
        objects: aws.objects,
        receipts: Receipts::new(aws.table.clone()),
        idempotency: Idempotency::new(aws.table),
        new_id: random_ids(),
    };
    serve_lambda(router(function, guard).0).await
}
