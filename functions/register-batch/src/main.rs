//! Wires [`RegisterBatch`] to the Lambda runtime.

use lambda_runtime::Error;
use muster_runtime::env::Env;
use muster_runtime::lambda::{now, serve_queue};
use muster_runtime::wiring::Wiring;
use muster_store::Grants;
use muster_store::catalogue::Catalogue;
use muster_store::devices::Devices;
use muster_store::queue::QueueName;
use muster_store::receipts::Receipts;
use muster_store::uploads::Uploads;
use muster_store::validated::ValidatedBatches;
use register_batch::RegisterBatch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    muster_runtime::init_telemetry();
    let aws = Wiring::aws(
        &Env::process(),
        &[QueueName::Register],
        &[QueueName::Finish, QueueName::FinishExpress],
    )
    .await?;
    let function = RegisterBatch {
        uploads: Uploads::new(aws.table.clone()),
        validated: ValidatedBatches::new(aws.objects),
        devices: Devices::new(aws.table.clone()),
        catalogue: Catalogue::new(aws.table.clone()),
        receipts: Receipts::new(aws.table.clone()),
        grants: Grants::new(aws.table),
        queue: &aws.queue,
    };
    serve_queue(QueueName::Register, &aws.queue, |message| {
        function.handle(message, &now)
    })
    .await
}
