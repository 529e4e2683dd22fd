//! The queues: who sends what where. In the cloud they are SQS; the embedded default brings its own.

mod sqs;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde::Serialize;

use crate::error::StoreError;

pub use sqs::Sqs;

/// A queue of Muster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QueueName {
    /// Objects that were dropped, for split-upload.
    Split,
    /// Batches of long lists, for validate-batch.
    Validate,
    /// The batch of a list that has only one, for validate-batch.
    ValidateExpress,
    /// Validated batches of long lists, for register-batch.
    Register,
    /// The validated batch of a list that has only one, for register-batch.
    RegisterExpress,
    /// Long uploads whose batches are all done, for finish-upload.
    Finish,
    /// An upload of one batch that is done, for finish-upload.
    FinishExpress,
    /// What happened, for whoever listens.
    Events,
}

impl QueueName {
    /// All queues, in the order in which an upload meets them.
    pub const ALL: [Self; 8] = [
        Self::Split,
        Self::Validate,
        Self::ValidateExpress,
        Self::Register,
        Self::RegisterExpress,
        Self::Finish,
        Self::FinishExpress,
        Self::Events,
    ];

    /// The name, in kebab case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Split => "split",
            Self::Validate => "validate",
            Self::ValidateExpress => "validate-express",
            Self::Register => "register",
            Self::RegisterExpress => "register-express",
            Self::Finish => "finish",
            Self::FinishExpress => "finish-express",
            Self::Events => "events",
        }
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The body; JSON, a few hundred bytes, at most 1 MiB.
    pub body: String,
    /// Whose work it is: one tenant's backlog does not delay another tenant's messages.
    pub group: Option<String>,
}

impl Outgoing {
    /// A message with `message` as its JSON body, in the group of `group` (the tenant).
    ///
    /// # Errors
    /// When `message` cannot be written as JSON.
    pub fn json(message: &impl Serialize, group: Option<&str>) -> Result<Self, StoreError> {
        let body = serde_json::to_string(message).map_err(|e| StoreError::corrupt("write a message", e))?;
        Ok(Self {
            body,
            group: group.map(str::to_owned),
        })
    }
}

/// What a send comes to, later.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

/// Queues that messages can be sent to. A handler takes `&dyn Queue`.
///
/// Delivery is at least once and in any order; what was sent before an error may have been sent.
pub trait Queue: Send + Sync {
    /// Sends all messages; none is no work.
    fn send(&self, queue: QueueName, messages: Vec<Outgoing>) -> Sending<'_>;

    /// Puts a message that can never be worked on aside, beside those of `queue` that failed too often. `reason` tells
    /// the person who looks there what to do.
    fn dead_letter(&self, queue: QueueName, body: String, reason: String) -> Sending<'_>;
}

/// Sends one JSON message; see [`Outgoing::json`].
///
/// # Errors
/// When the message cannot be written as JSON, or not be sent.
pub async fn send_json(
    queue: &dyn Queue,
    name: QueueName,
    message: &(impl Serialize + Sync),
    group: Option<&str>,
) -> Result<(), StoreError> {
    queue.send(name, vec![Outgoing::json(message, group)?]).await
}
