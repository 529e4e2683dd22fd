//! Faults of the queues: sends that fail, and what queues may do with messages (deliver twice, late, in any order) or
//! what a process that forgets does with its own.

use std::sync::Arc;
use std::time::Duration;

use muster_store::queue::{Outgoing, Queue, QueueName, Sending};
use muster_store::{ErrorKind, StoreError};

use super::State;

/// What happens to a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueFault {
    /// Nothing: it goes through.
    None,
    /// It fails, and nothing is sent.
    FailBefore,
    /// It fails after half of its messages, rounded down, are sent.
    FailHalfway,
    /// It fails, though all is sent.
    FailAfter,
    /// All is sent twice.
    Twice,
    /// All is sent, the last message first.
    Backwards,
    /// It succeeds at once, and the messages come after this time.
    Later(Duration),
    /// It succeeds, and the messages are never seen again.
    Lost,
    /// The process dies here, before anything is sent; see [`Fault::Die`](super::Fault::Die).
    Die,
}

/// Decides about each send by its number among the calls and sends of its process, from 1.
pub type QueuePlan = Arc<dyn Fn(QueueName, u64) -> QueueFault + Send + Sync>;

/// Injects faults in front of queues; see [`Faulty::queue`](super::Faulty::queue). A dead letter is a message like any
/// other, but that it is neither doubled nor late.
pub struct FaultyQueue {
    inner: Arc<dyn Queue>,
    plan: QueuePlan,
    state: Arc<State>,
}

impl FaultyQueue {
    pub(super) fn new(inner: Arc<dyn Queue>, plan: QueuePlan, state: Arc<State>) -> Self {
        Self { inner, plan, state }
    }

    fn next(&self, queue: QueueName) -> QueueFault {
        let fault = self.state.number().map_or(QueueFault::Die, |n| (self.plan)(queue, n));
        if fault == QueueFault::Die {
            self.state.die();
        }
        fault
    }
}

impl Queue for FaultyQueue {
    fn send(&self, queue: QueueName, mut messages: Vec<Outgoing>) -> Sending<'_> {
        if messages.is_empty() {
            return self.inner.send(queue, messages);
        }
        let fault = self.next(queue);
        Box::pin(async move {
            match fault {
                QueueFault::FailBefore | QueueFault::Die => return Err(failed(fault)),
                QueueFault::Lost => return Ok(()),
                QueueFault::Later(time) => {
                    let inner = self.inner.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(time).await;
                        inner.send(queue, messages).await
                    });
                    return Ok(());
                }
                QueueFault::FailHalfway => messages.truncate(messages.len() / 2),
                QueueFault::Twice => messages.extend(messages.clone()),
                QueueFault::Backwards => messages.reverse(),
                QueueFault::None | QueueFault::FailAfter => {}
            }
            self.inner.send(queue, messages).await?;
            match fault {
                QueueFault::FailHalfway | QueueFault::FailAfter => Err(failed(fault)),
                // It may have died meanwhile, by another call.
                _ if self.state.is_dead() => Err(failed(QueueFault::Die)),
                _ => Ok(()),
            }
        })
    }

    fn dead_letter(&self, queue: QueueName, body: String, reason: String) -> Sending<'_> {
        let fault = self.next(queue);
        Box::pin(async move {
            if matches!(
                fault,
                QueueFault::FailBefore | QueueFault::FailHalfway | QueueFault::Die
            ) {
                return Err(failed(fault));
            }
            self.inner.dead_letter(queue, body, reason).await?;
            if fault == QueueFault::FailAfter {
                Err(failed(fault))
            } else {
                Ok(())
            }
        })
    }
}

fn failed(fault: QueueFault) -> StoreError {
    let why = if fault == QueueFault::Die {
        "the process is dead (injected)"
    } else {
        "injected"
    };
    StoreError::new(ErrorKind::Transient, "send messages", why)
}
