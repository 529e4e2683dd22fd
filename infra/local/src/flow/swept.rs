//! Sweep on one machine, counted.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use muster_core::Timestamp;
use muster_core::id::UploadId;
use muster_runtime::Failure;
use muster_store::queue::{Outgoing, Queue, QueueName, Sending};
use muster_store::uploads::Due;
use sweep::{Occasion, Sweep};

use super::{Embedded, InProcess};
use crate::metrics::Metrics;

/// How long a sweep may take, as on AWS.
const SWEEP_AT_MOST: Duration = Duration::from_secs(40);

/// How much that is due is looked at again behind a sweep, to tell what became of it.
const LOOKED_AT: usize = 500;

/// The queues, and a count of what is sent. An upload that it is sent for goes on.
pub(super) struct Counted<'a> {
    queue: &'a dyn Queue,
    stops: &'a InProcess,
    metrics: &'a Metrics,
}

impl Queue for Counted<'_> {
    fn send(&self, queue: QueueName, messages: Vec<Outgoing>) -> Sending<'_> {
        self.metrics.sweep_sent(messages.len());
        self.stops.forget_stops(queue, &messages);
        self.queue.send(queue, messages)
    }

    fn dead_letter(&self, queue: QueueName, body: String, reason: String) -> Sending<'_> {
        self.queue.dead_letter(queue, body, reason)
    }
}

impl Embedded {
    /// Looks once for what stopped moving.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn sweep(&self, occasion: Occasion) -> Result<(), Failure> {
        let now = self.now();
        let due = match self.is_followed() {
            true => self.due(occasion, now).await,
            false => Vec::new(),
        };
        let queue = &self.counted();
        let swept = self.sweeping(queue).await.handle(occasion, now, SWEEP_AT_MOST).await;
        self.metrics.swept(swept.is_ok());
        if self.is_followed() {
            self.look_behind_sweep(&due, now).await;
        }
        swept
    }

    /// Has sweep put an upload on again now, due or not.
    pub(super) async fn put_on(&self, id: &UploadId) -> Result<(), Failure> {
        let queue = &self.counted();
        self.sweeping(queue).await.look_after_now(id, self.now()).await
    }

    async fn sweeping<'a>(&self, queue: &'a Counted<'_>) -> Sweep<'a> {
        Sweep {
            uploads: self.uploads(),
            grants: self.grants(),
            objects: self.objects(),
            queue,
            in_queue: self.in_queue().await,
        }
    }

    /// Uploads of which a message or the event is on its way. Where the outbox cannot be read, sweep itself will say so.
    async fn in_queue(&self) -> BTreeSet<UploadId> {
        let events = self.bucket.next_events(usize::MAX).await.unwrap_or_default();
        let events = events
            .iter()
            .map(|event| UploadId::of_object(&event.bucket, &event.key, &event.version));
        events.chain(self.queue.uploads()).collect()
    }

    pub(super) fn counted(&self) -> Counted<'_> {
        Counted {
            queue: &*self.sends,
            stops: &self.queue,
            metrics: &self.metrics,
        }
    }

    /// What this sweep will look after. Where it cannot be asked for, sweep itself will say so.
    async fn due(&self, occasion: Occasion, now: Timestamp) -> Vec<Due> {
        let before = match occasion {
            Occasion::Start => Timestamp::MAX,
            Occasion::Schedule => now,
        };
        self.uploads().due(before, LOOKED_AT).await.unwrap_or_default()
    }
}
