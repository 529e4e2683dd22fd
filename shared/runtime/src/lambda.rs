//! The loop of a function that a queue feeds: each message on its own, and those that failed are reported, so that the
//! rest of the batch is not delivered again (`ReportBatchItemFailures` in the template is the other half).

use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use muster_store::queue::{Queue, QueueName};
use serde::de::DeserializeOwned;

use crate::message::{Delivery, Failure, Verdict, deliver};

/// Serves a queue until the process ends.
///
/// # Errors
/// When the Lambda runtime ends.
pub async fn serve_queue<M, F, R>(name: QueueName, queue: &dyn Queue, handle: F) -> Result<(), Error>
where
    M: DeserializeOwned,
    F: Fn(M) -> R,
    R: Future<Output = Result<(), Failure>>,
{
    let handle = &handle;
    // Boxed: the runtime's layers around a handler's future are deeper than the compiler follows by itself.
    let service = service_fn(|event: LambdaEvent<SqsEvent>| {
        Box::pin(async move { Ok::<_, Error>(each_message(name, queue, event.payload, handle).await) })
    });
    Box::pin(lambda_runtime::run(service)).await
}

/// Handles the messages of one event, one after the other.
pub async fn each_message<M, F, R>(name: QueueName, queue: &dyn Queue, event: SqsEvent, handle: &F) -> SqsBatchResponse
where
    M: DeserializeOwned,
    F: Fn(M) -> R,
    R: Future<Output = Result<(), Failure>>,
{
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        let delivery = Delivery {
            queue: name,
            body: message.body.as_deref().unwrap_or_default(),
            receives: receives(&message),
        };
        if deliver(delivery, queue, handle).await == Verdict::Again {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.clone().unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
    }
    response
}

fn receives(message: &SqsMessage) -> u32 {
    message
        .attributes
        .get("ApproximateReceiveCount")
        .and_then(|n| n.parse().ok())
        .unwrap_or(1)
}

/// What is begun last may take this long.
const RESERVE: Duration = Duration::from_secs(15);

/// For how long an invocation may begin things, so that they end before Lambda ends it.
#[must_use]
pub fn time_to_begin(context: &Context) -> Duration {
    let now = u64::try_from(now().as_millisecond()).unwrap_or_default();
    let left = Duration::from_millis(context.deadline.saturating_sub(now));
    left - RESERVE.min(left / 2)
}

/// The time now: the one place where a function reads the clock.
#[must_use]
pub fn now() -> jiff::Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the functions' one reading of the clock; below here time is an argument"
    )]
    jiff::Timestamp::now()
}
