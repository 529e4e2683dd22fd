//! Wires [`Sweep`] to the Lambda runtime; a schedule calls it.

use std::collections::BTreeSet;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use muster_runtime::env::Env;
use muster_runtime::lambda::{now, time_to_begin};
use muster_runtime::wiring::Wiring;
use muster_store::Grants;
use muster_store::queue::QueueName;
use muster_store::uploads::Uploads;
use sweep::{Occasion, Sweep};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    muster_runtime::init_telemetry();
    let sends = [
        QueueName::Split,
        QueueName::Validate,
        QueueName::ValidateExpress,
        QueueName::Finish,
        QueueName::FinishExpress,
    ];
    let aws = Wiring::aws(&Env::process(), &[], &sends).await?;
    let function = &Sweep {
        uploads: Uploads::new(aws.table.clone()),
        grants: Grants::new(aws.table),
        objects: aws.objects,
        queue: &aws.queue,
        in_queue: BTreeSet::new(),
    };
    let service = service_fn(|event: LambdaEvent<serde_json::Value>| {
        let time = time_to_begin(&event.context);
        Box::pin(async move {
            let swept = function.handle(Occasion::Schedule, now(), time).await;
            swept.map_err(Error::from)
        })
    });
    Box::pin(lambda_runtime::run(service)).await
}
