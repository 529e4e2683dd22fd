//! Wires [`ValidateBatch`] to the Lambda runtime.

use lambda_runtime::Error;
use muster_runtime::env::Env;
use muster_runtime::lambda::serve_queue;
use muster_runtime::wiring::Wiring;
use muster_store::queue::QueueName;
use muster_store::uploads::Uploads;
use muster_store::validated::ValidatedBatches;
use validate_batch::ValidateBatch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    muster_runtime::init_telemetry();
    let sends = [
        QueueName::Register,
        QueueName::RegisterExpress,
        QueueName::Finish,
        QueueName::FinishExpress,
    ];
    let aws = Wiring::aws(&Env::process(), &[QueueName::Validate], &sends).await?;
    let function = ValidateBatch {
        uploads: Uploads::new(aws.table),
        objects: aws.objects.clone(),
        validated: ValidatedBatches::new(aws.objects),
        queue: &aws.queue,
    };
    serve_queue(QueueName::Validate, &aws.queue, |message| function.handle(message)).await
}
