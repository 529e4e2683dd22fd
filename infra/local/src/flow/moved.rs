//! Which uploads moved since somebody asked last.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use muster_core::id::UploadId;
use muster_core::message::ObjectsCreated;
use muster_core::upload::ObjectVersion;
use muster_runtime::Delivery;
use muster_store::queue::QueueName;
use serde::Deserialize;

/// How many are kept for whoever asks; the others show when they move again.
const KEPT: usize = 10_000;

/// Uploads that a message was about, each with its object where the message named it.
#[derive(Debug, Default)]
pub(super) struct Moved(Mutex<BTreeMap<UploadId, Option<ObjectVersion>>>);

#[derive(Deserialize)]
struct OfUpload {
    upload: UploadId,
}

impl Moved {
    /// A message was worked on. One that cannot be read is about none.
    pub(super) fn by(&self, delivery: Delivery<'_>) {
        if delivery.queue == QueueName::Split {
            let created: ObjectsCreated = serde_json::from_str(delivery.body).unwrap_or_default();
            for object in created.records.iter().filter_map(|record| record.object()) {
                self.insert(object.upload_id(), Some(object));
            }
        } else if let Ok(OfUpload { upload }) = serde_json::from_str(delivery.body) {
            self.insert(upload, None);
        }
    }

    fn insert(&self, id: UploadId, object: Option<ObjectVersion>) {
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if moved.len() < KEPT || moved.contains_key(&id) {
            let known = moved.entry(id).or_default();
            *known = object.or_else(|| known.take());
        }
    }

    pub(super) fn take(&self) -> BTreeMap<UploadId, Option<ObjectVersion>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
