//! Wires [`FinishUpload`] to the Lambda runtime.

use finish_upload::FinishUpload;
use lambda_runtime::Error;
use muster_runtime::env::Env;
use muster_runtime::lambda::{now, serve_queue};
use muster_runtime::wiring::Wiring;
use muster_store::queue::QueueName;
use muster_store::receipts::Receipts;
use muster_store::uploads::Uploads;
use muster_store::validated::ValidatedBatches;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    muster_runtime::init_telemetry();
    let aws = Wiring::aws(&Env::process(), &[QueueName::Finish], &[QueueName::Events]).await?;
    let function = FinishUpload {
        uploads: Uploads::new(aws.table.clone()),
        validated: ValidatedBatches::new(aws.objects.clone()),
        receipts: Receipts::new(aws.table),
        objects: aws.objects,
        queue: &aws.queue,
    };
    serve_queue(QueueName::Finish, &aws.queue, |message| function.handle(message, now())).await
}
