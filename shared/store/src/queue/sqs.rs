//! The queues as SQS standard queues.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{BatchResultErrorEntry, MessageAttributeValue, SendMessageBatchRequestEntry};

use super::{Outgoing, Queue, QueueName, Sending};
use crate::connection::Connection;
use crate::error::{ErrorKind, StoreError};

const SEND: &str = "send messages";
const DEAD_LETTER: &str = "put a message aside";

/// What one SendMessageBatch takes (Amazon SQS message quotas): ten messages, 1 MiB together.
const BATCH_MESSAGES: usize = 10;
const BATCH_BYTES: usize = 1 << 20;
/// How often refused messages are sent again before the caller hears of it.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Bytes of a dead letter's reason.
const REASON_BYTES: usize = 1024;

/// SQS standard queues by name. Needs `sqs:SendMessage` on the queues that are sent to and on their dead-letter queues.
///
/// The group of a message becomes its message group, which makes a standard queue fair (Amazon SQS developer guide,
/// "Amazon SQS fair queues").
#[derive(Clone)]
pub struct Sqs {
    client: Client,
    urls: BTreeMap<QueueName, String>,
    dead_letters: BTreeMap<QueueName, String>,
}

impl Sqs {
    /// Queues at these URLs; those that a function never sends to may be absent.
    #[must_use]
    pub fn new(
        connection: &Connection,
        urls: BTreeMap<QueueName, String>,
        dead_letters: BTreeMap<QueueName, String>,
    ) -> Self {
        Self {
            client: connection.sqs.clone(),
            urls,
            dead_letters,
        }
    }

    async fn send_all(&self, queue: QueueName, messages: Vec<Outgoing>) -> Result<(), StoreError> {
        let url = url(&self.urls, queue, SEND)?;
        for batch in batches(messages)? {
            self.send_batch(url, batch).await?;
        }
        Ok(())
    }

    /// Sends at most ten messages, and again those that were refused for no fault of theirs.
    async fn send_batch(&self, url: &str, messages: Vec<Outgoing>) -> Result<(), StoreError> {
        let mut left: BTreeMap<String, Outgoing> = messages
            .into_iter()
            .enumerate()
            .map(|(at, message)| (at.to_string(), message))
            .collect();
        let mut pause = FIRST_PAUSE;
        let mut refused = String::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            let entries = left
                .iter()
                .map(|(id, message)| entry(id, message))
                .collect::<Result<Vec<_>, _>>()?;
            let answer = self
                .client
                .send_message_batch()
                .queue_url(url)
                .set_entries(Some(entries))
                .send()
                .await;
            let failed = answer.map_err(|e| StoreError::from_sdk(SEND, e))?.failed;
            if let Some(fault) = failed.iter().find(|f| f.sender_fault()) {
                return Err(StoreError::new(ErrorKind::Rejected, SEND, why(fault)));
            }
            refused = failed.first().map(why).unwrap_or_default();
            left.retain(|id, _| failed.iter().any(|f| f.id() == id));
            if left.is_empty() {
                return Ok(());
            }
        }
        let message = format!("{} messages were refused {TRIES} times: {refused}", left.len());
        Err(StoreError::new(ErrorKind::Transient, SEND, message))
    }

    async fn put_aside(&self, queue: QueueName, body: String, reason: String) -> Result<(), StoreError> {
        let url = url(&self.dead_letters, queue, DEAD_LETTER)?;
        let attribute = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(attribute_text(&reason));
        let attribute = attribute.build().map_err(|e| StoreError::corrupt(DEAD_LETTER, e))?;
        self.client
            .send_message()
            .queue_url(url)
            .message_body(body)
            .set_message_attributes(Some(HashMap::from([("reason".to_owned(), attribute)])))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk(DEAD_LETTER, e))?;
        Ok(())
    }
}

impl Queue for Sqs {
    fn send(&self, queue: QueueName, messages: Vec<Outgoing>) -> Sending<'_> {
        Box::pin(self.send_all(queue, messages))
    }

    fn dead_letter(&self, queue: QueueName, body: String, reason: String) -> Sending<'_> {
        Box::pin(self.put_aside(queue, body, reason))
    }
}

fn url<'a>(
    urls: &'a BTreeMap<QueueName, String>,
    queue: QueueName,
    operation: &'static str,
) -> Result<&'a str, StoreError> {
    let missing = || format!("the URL of queue `{queue}` is not configured for this function");
    urls.get(&queue)
        .map(String::as_str)
        .ok_or_else(|| StoreError::new(ErrorKind::Rejected, operation, missing()))
}

/// Cuts messages, in order, into batches that SQS takes.
fn batches(messages: Vec<Outgoing>) -> Result<Vec<Vec<Outgoing>>, StoreError> {
    let mut batches: Vec<Vec<Outgoing>> = Vec::new();
    let mut bytes = 0;
    for message in messages {
        let size = message.body.len();
        if size > BATCH_BYTES {
            let message = format!("a message of {size} bytes is over the limit of {BATCH_BYTES}");
            return Err(StoreError::new(ErrorKind::Rejected, SEND, message));
        }
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_MESSAGES && bytes + size <= BATCH_BYTES => {
                batch.push(message);
                bytes += size;
            }
            _ => {
                batches.push(vec![message]);
                bytes = size;
            }
        }
    }
    Ok(batches)
}

fn entry(id: &str, message: &Outgoing) -> Result<SendMessageBatchRequestEntry, StoreError> {
    SendMessageBatchRequestEntry::builder()
        .id(id)
        .message_body(&message.body)
        .set_message_group_id(message.group.clone())
        .build()
        .map_err(|e| StoreError::corrupt(SEND, e))
}

fn why(fault: &BatchResultErrorEntry) -> String {
    match fault.message() {
        Some(message) => format!("{}: {message}", fault.code()),
        None => fault.code().to_owned(),
    }
}

/// What SQS takes as an attribute: not empty, no control characters, and here at most [`REASON_BYTES`].
fn attribute_text(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let end = text.floor_char_boundary(REASON_BYTES);
    match text.get(..end).map(str::trim) {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => "no reason given".to_owned(),
    }
}
