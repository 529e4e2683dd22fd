//! What becomes of uploads, told as it happens to whoever follows.
//!
//! An upload changes its state only where a message is worked on or sweep looks, so that is when it is read.

#[cfg(test)]
pub(super) mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use muster_core::Timestamp;
use muster_core::id::UploadId;
use muster_core::inbox::{InboxKey, stray_reason};
use muster_core::upload::{ObjectVersion, Reason, UploadState};
use muster_runtime::Delivery;
use muster_store::queue::QueueName;
use muster_store::uploads::{Due, Stray, UploadStatus};
use tokio::sync::Notify;

use super::{Embedded, stops};
use crate::metrics::Metrics;

/// How many changes wait for whoever follows, and how much that ended is remembered, so that it is not told again.
const KEPT: usize = 1000;

/// Something that a person may want to know at once.
#[derive(Debug, Clone)]
pub enum Change {
    /// An upload is in this state now.
    Upload(Box<UploadStatus>),
    /// An object in the inbox is no upload.
    Stray {
        /// Its key.
        key: String,
        /// Why it is none, and what to do.
        reason: Reason,
    },
}

/// The changes that nobody has taken yet, and what was told already.
#[derive(Debug, Default)]
pub(super) struct Changes {
    followed: AtomicBool,
    told: Mutex<Told>,
    changed: Notify,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Told {
    open: BTreeSet<UploadId>,
    ended: VecDeque<(UploadId, UploadState)>,
    strays: VecDeque<String>,
    untaken: VecDeque<Change>,
}

impl Changes {
    pub(super) fn counted_by(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            ..Self::default()
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        // Nothing here can leave it half changed.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn upload(&self, status: UploadStatus) {
        let mut told = self.told();
        if !told.is_news(&status) {
            return;
        }
        // One that was given up and is resumed has not ended any more.
        told.ended.retain(|(id, _)| *id != status.id);
        if status.state.is_final() {
            told.open.remove(&status.id);
            keep(&mut told.ended, (status.id.clone(), status.state));
            self.metrics.ended(&status);
        } else {
            told.open.insert(status.id.clone());
        }
        self.tell(told, Change::Upload(Box::new(status)));
    }

    fn stray(&self, key: String, reason: Reason) {
        let mut told = self.told();
        if told.strays.contains(&key) {
            return;
        }
        keep(&mut told.strays, key.clone());
        self.metrics.stray();
        self.tell(told, Change::Stray { key, reason });
    }

    fn tell(&self, mut told: MutexGuard<'_, Told>, change: Change) {
        keep(&mut told.untaken, change);
        drop(told);
        self.changed.notify_one();
    }
}

impl Told {
    fn is_news(&self, status: &UploadStatus) -> bool {
        let ended = self.ended.iter().find(|(id, _)| *id == status.id);
        match ended.map(|(_, state)| *state) {
            // One that was given up may be resumed; nothing else goes on.
            Some(UploadState::Failed) => status.state != UploadState::Failed && !self.open.contains(&status.id),
            Some(_) => false,
            None => status.state.is_final() || !self.open.contains(&status.id),
        }
    }
}

/// Of more than fit the oldest is left out.
fn keep<T>(list: &mut VecDeque<T>, value: T) {
    if list.len() == KEPT {
        list.pop_front();
    }
    list.push_back(value);
}

impl Embedded {
    /// From now on what becomes of uploads is kept for [`next_change`](Self::next_change), and counted.
    pub(crate) fn follow(&self) {
        self.changes.followed.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_followed(&self) -> bool {
        self.changes.followed.load(Ordering::Relaxed)
    }

    /// Uploads that were seen and have not ended.
    #[must_use]
    pub fn open_uploads(&self) -> Vec<UploadId> {
        self.changes.told().open.iter().cloned().collect()
    }

    /// What has changed and was not taken; of more than a thousand the newest.
    #[must_use]
    pub fn take_changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.changes.told().untaken).into()
    }

    /// The next change. For one that waits at a time.
    pub async fn next_change(&self) -> Change {
        loop {
            let next = self.changes.told().untaken.pop_front();
            match next {
                Some(change) => return change,
                None => self.changes.changed.notified().await,
            }
        }
    }

    /// Looks at what a message was about, once it was worked on.
    pub(super) async fn look_behind(&self, delivery: Delivery<'_>) {
        if !self.is_followed() {
            return;
        }
        if delivery.queue == QueueName::Split {
            for object in stops::objects(delivery.body) {
                self.look_at(&object.upload_id(), Some(object)).await;
            }
            return;
        }
        let Some(upload) = stops::upload(delivery.body) else {
            return;
        };
        let may_end = matches!(delivery.queue, QueueName::Finish | QueueName::FinishExpress);
        if may_end || !self.changes.told().open.contains(&upload) {
            self.look_at(&upload, None).await;
        }
    }

    /// Looks at what sweep looked after, and at the strays that it found since `begun`.
    pub(super) async fn look_behind_sweep(&self, due: &[Due], begun: Timestamp) {
        for due in due {
            if let Due::Upload(id) = due {
                self.look_at(id, None).await;
            }
        }
        let strays = match self.uploads().strays(KEPT).await {
            Ok(strays) => strays,
            Err(error) => return tracing::warn!(%error, "stray objects could not be looked at"),
        };
        let found = |stray: &Stray| stray.seen_at >= begun && InboxKey::parse(&stray.key).is_some();
        for Stray { key, reason, .. } in strays.into_iter().filter(found) {
            self.changes.stray(key, reason);
        }
    }

    async fn look_at(&self, id: &UploadId, object: Option<ObjectVersion>) {
        match self.uploads().get(id).await {
            Ok(Some(status)) => self.changes.upload(status),
            Ok(None) => {
                if let Some(object) = object.filter(|object| InboxKey::parse(&object.key).is_none()) {
                    self.changes.stray(object.key, stray_reason());
                }
            }
            Err(error) => tracing::warn!(upload.id = %id, %error, "an upload could not be looked at"),
        }
    }
}
