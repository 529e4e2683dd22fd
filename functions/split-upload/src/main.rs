//! Wires [`SplitUpload`] to the Lambda runtime.

use lambda_runtime::Error;
use muster_runtime::env::Env;
use muster_runtime::lambda::{now, serve_queue};
use muster_runtime::wiring::Wiring;
use muster_store::announcements::Announcements;
use muster_store::queue::QueueName;
use muster_store::uploads::Uploads;
use muster_store::{Grants, Partners, Tenants};
use split_upload::SplitUpload;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    muster_runtime::init_telemetry();
    let sends = [
        QueueName::Validate,
        QueueName::ValidateExpress,
        QueueName::Finish,
        QueueName::FinishExpress,
    ];
    let aws = Wiring::aws(&Env::process(), &[QueueName::Split], &sends).await?;
    let function = SplitUpload {
        tenants: Tenants::new(aws.table.clone()),
        partners: Partners::new(aws.table.clone()),
        grants: Grants::new(aws.table.clone()),
        announcements: Announcements::new(aws.table.clone()),
        uploads: Uploads::new(aws.table),
        objects: aws.objects,
        queue: &aws.queue,
    };
    serve_queue(QueueName::Split, &aws.queue, |message| function.handle(message, now())).await
}
