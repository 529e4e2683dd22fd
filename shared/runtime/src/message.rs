//! What becomes of a message: done, tried again, or put aside with its reason.

#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use muster_store::queue::{Queue, QueueName};
use muster_store::{ErrorKind, StoreError};
use serde::de::DeserializeOwned;
use tracing::{error, warn};

/// How often a message is delivered before it is put aside. The template's redrive policies allow one more, so that they
/// only catch what dies before it can speak.
pub const MAX_RECEIVES: u32 = 5;

/// Why a message could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Trying again may help.
    #[error("{0}")]
    Retry(String),
    /// Trying again changes nothing.
    #[error("{0}")]
    Poison(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error.kind() {
            ErrorKind::Corrupt => Self::Poison(error.to_string()),
            _ => Self::Retry(error.to_string()),
        }
    }
}

/// A message as a queue delivers it.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The queue.
    pub queue: QueueName,
    /// The message.
    pub body: &'a str,
    /// How often it was delivered, this time included.
    pub receives: u32,
}

/// What the queue shall do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Forget it.
    Done,
    /// Deliver it again.
    Again,
}

/// Reads a message and hands it to `handle`. What cannot be read, what `handle` calls poison, and what failed too often
/// goes to the dead-letter queue with its reason; its text never goes to a log. A panic is a failure like any other.
pub async fn deliver<M, F, R>(delivery: Delivery<'_>, queue: &dyn Queue, handle: F) -> Verdict
where
    M: DeserializeOwned,
    F: FnOnce(M) -> R,
    R: Future<Output = Result<(), Failure>>,
{
    let name = delivery.queue.as_str();
    let reason = match serde_json::from_str(delivery.body) {
        Err(error) => format!("the message cannot be read: {error}"),
        Ok(message) => match caught(async { handle(message).await }).await {
            Ok(()) => return Verdict::Done,
            Err(Failure::Retry(reason)) if delivery.receives < MAX_RECEIVES => {
                warn!(
                    queue = name,
                    receives = delivery.receives,
                    reason,
                    "a message failed and is tried again"
                );
                return Verdict::Again;
            }
            Err(Failure::Retry(reason)) => format!("failed {} times; the last time: {reason}", delivery.receives),
            Err(Failure::Poison(reason)) => reason,
        },
    };
    error!(queue = name, reason, "a message is put aside");
    match queue
        .dead_letter(delivery.queue, delivery.body.to_owned(), reason)
        .await
    {
        Ok(()) => Verdict::Done,
        Err(error) => {
            error!(queue = name, %error, "a message could not be put aside and is tried again");
            Verdict::Again
        }
    }
}

/// A panic must take neither the messages beside it nor, on one machine, the worker with it.
async fn caught(handling: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let broken = |_| Err(Failure::Retry("the function panicked; its log says where".to_owned()));
    AssertUnwindSafe(handling).catch_unwind().await.unwrap_or_else(broken)
}
