//! From the bucket's outbox to the split queue. An event leaves the outbox only when its upload is split, so a crash
//! loses none.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use muster_core::message::ObjectsCreated;
use muster_core::upload::ObjectVersion;
use muster_runtime::{Delivery, Verdict, deliver};
use muster_store::queue::QueueName;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Alarm, Embedded};
use crate::objects::ObjectEvent;

/// How many uploads are split at once.
const SPLITS: usize = 8;

/// Events under work, by their place in the outbox.
#[derive(Debug, Default)]
pub(super) struct InHand(Mutex<HashSet<i64>>);

impl InHand {
    fn insert(&self, seq: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(seq)
    }

    fn remove(&self, seq: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&seq);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Splits what is dropped, until it is told to close; then what is being split comes to its end.
pub(super) async fn pump(embedded: Embedded, in_hand: Arc<InHand>, closing: CancellationToken, alarm: Alarm) {
    let permits = Arc::new(Semaphore::new(SPLITS));
    let mut splits = JoinSet::new();
    while !closing.is_cancelled() {
        while splits.try_join_next().is_some() {}
        let events = match embedded.bucket.next_events(in_hand.len() + SPLITS).await {
            Ok(events) => events,
            Err(error) => {
                tracing::error!(%error, "the outbox of the bucket cannot be read");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                closing.run_until_cancelled(embedded.bucket.disk().usable()).await;
                continue;
            }
        };
        let fresh: Vec<ObjectEvent> = events.into_iter().filter(|event| in_hand.insert(event.seq)).collect();
        if fresh.is_empty() {
            closing.run_until_cancelled(embedded.bucket.notified()).await;
        }
        for event in fresh {
            let permit = closing.run_until_cancelled(Arc::clone(&permits).acquire_owned()).await;
            let Some(Ok(permit)) = permit else {
                break;
            };
            let (embedded, in_hand, closing) = (embedded.clone(), Arc::clone(&in_hand), closing.clone());
            splits.spawn(alarm.clone().guard(closing.clone(), async move {
                split(&embedded, &event, &closing).await;
                in_hand.remove(event.seq);
                drop(permit);
            }));
        }
    }
    while splits.join_next().await.is_some() {}
}

async fn split(embedded: &Embedded, event: &ObjectEvent, closing: &CancellationToken) {
    let object = ObjectVersion {
        bucket: event.bucket.clone(),
        key: event.key.clone(),
        version: event.version.clone(),
    };
    let body = serde_json::to_string(&ObjectsCreated::of(&object)).unwrap_or_default();
    let mut receives = 0;
    loop {
        let usable = closing.run_until_cancelled(embedded.bucket.disk().usable()).await;
        if usable.is_none() {
            // Still in the outbox, for the next start.
            return;
        }
        receives += 1;
        let function = embedded.split_upload();
        let delivery = Delivery {
            queue: QueueName::Split,
            body: &body,
            receives,
        };
        let handle = |message| async { function.handle(message, embedded.now()).await };
        if deliver(delivery, &*embedded.sends, handle).await == Verdict::Done {
            break;
        }
        tokio::time::sleep(super::workers::pause(receives)).await;
        receives = super::workers::counted(embedded, receives);
    }
    let delivery = Delivery {
        queue: QueueName::Split,
        body: &body,
        receives: 1,
    };
    embedded.look_behind(delivery).await;
    embedded.note_gone(&object).await;
    if let Err(error) = embedded.bucket.acknowledge(event.seq).await {
        tracing::error!(%error, "an event of the bucket could not be acknowledged and will come again");
    }
}
