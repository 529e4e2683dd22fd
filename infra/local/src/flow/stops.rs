//! Uploads that stopped because a message was put aside: why, and how they go on.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use muster_core::id::UploadId;
use muster_core::message::ObjectsCreated;
use muster_core::upload::ObjectVersion;
use muster_runtime::Failure;
use muster_store::queue::QueueName;
use serde::Deserialize;

use super::Embedded;
use super::queue::keep;

/// The uploads that stopped last, each with its reason.
#[derive(Debug, Default)]
pub(super) struct Stops(VecDeque<(UploadId, String)>);

impl Stops {
    /// A message was put aside for this reason.
    pub(super) fn note(&mut self, queue: QueueName, body: &str, reason: &str) {
        for id in uploads(queue, body) {
            self.insert(id, reason);
        }
    }

    /// An upload comes to no end, for this reason.
    pub(super) fn insert(&mut self, id: UploadId, reason: &str) {
        self.forget(&id);
        keep(&mut self.0, (id, reason.to_owned()));
    }

    /// A message is sent that lets its upload go on.
    pub(super) fn forget_of(&mut self, queue: QueueName, body: &str) {
        if !self.0.is_empty() {
            uploads(queue, body).iter().for_each(|id| self.forget(id));
        }
    }

    pub(super) fn forget(&mut self, id: &UploadId) {
        self.0.retain(|(stopped, _)| stopped != id);
    }

    pub(super) fn reason(&self, id: &UploadId) -> Option<&str> {
        let (_, reason) = self.0.iter().find(|(stopped, _)| stopped == id)?;
        Some(reason)
    }
}

/// The uploads that a message is about.
pub(super) fn uploads(queue: QueueName, body: &str) -> Vec<UploadId> {
    match queue {
        QueueName::Split => objects(body).iter().map(ObjectVersion::upload_id).collect(),
        _ => upload(body).into_iter().collect(),
    }
}

/// The objects that a message of the split queue tells of.
pub(super) fn objects(body: &str) -> Vec<ObjectVersion> {
    let created: ObjectsCreated = serde_json::from_str(body).unwrap_or_default();
    created.records.iter().filter_map(|record| record.object()).collect()
}

/// The upload that a message of any other queue is about.
pub(super) fn upload(body: &str) -> Option<UploadId> {
    #[derive(Deserialize)]
    struct OfUpload {
        upload: UploadId,
    }
    let OfUpload { upload } = serde_json::from_str(body).ok()?;
    Some(upload)
}

impl Embedded {
    /// Why an upload stopped: the reason of its last message that was put aside, or that its file is gone, unless it was put
    /// on again since. Of the thousand that stopped last.
    #[must_use]
    pub fn stopped(&self, id: &UploadId) -> Option<String> {
        self.queue.stopped(id)
    }

    /// Notes of an object whose event was worked on that it made no upload, so that nobody waits for one.
    pub(super) async fn note_gone(&self, object: &ObjectVersion) {
        let id = object.upload_id();
        if self.stopped(&id).is_none() && matches!(self.uploads().get(&id).await, Ok(None)) {
            self.queue.note_stop(id, "its file was removed before it was read");
        }
    }

    /// Puts the upload that this object is on again, if nothing else will: its event was done with and it is not split, or
    /// it stopped later.
    ///
    /// # Errors
    /// When table or bucket are out of reach.
    pub async fn go_on(&self, object: &ObjectVersion) -> Result<(), Failure> {
        let outbox = |error| Failure::Retry(format!("the outbox of the bucket: {error}"));
        // Before the upload is read: an event leaves the outbox only after what came of it is stored.
        if self.bucket.event_waits(object).await.map_err(outbox)? {
            return Ok(());
        }
        let id = object.upload_id();
        let status = self.uploads().get(&id).await?;
        match status {
            Some(status) if status.state.is_final() => Ok(()),
            Some(status) if status.total.is_some() => match self.stopped(&id) {
                Some(_) => self.put_on(&id).await,
                None => Ok(()),
            },
            _ => {
                self.queue.forget_stop(&id);
                self.bucket.repeat_event(object).await.map_err(outbox)
            }
        }
    }
}
