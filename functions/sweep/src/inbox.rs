//! Objects in the inbox that no event told of. A page each time: the inbox may be large, the sweep is not.

use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::inbox::{InboxKey, PREFIX, stray_reason};
use muster_core::message::ObjectsCreated;
use muster_core::upload::{ObjectVersion, Reason};
use muster_runtime::Failure;
use muster_store::queue::{QueueName, send_json};
use tracing::warn;

use crate::Sweep;

/// How many object versions one sweep looks at.
const PAGE: usize = 1000;

/// How old an object must be before its event counts as lost, in seconds.
const GRACE: i64 = 300;

/// For how long an object that cannot be split is sent again, in hours: a week.
const SENT_AGAIN: i64 = 7 * 24;

impl Sweep<'_> {
    pub(crate) async fn look_into_inbox(&self, now: Timestamp) -> Result<(), Failure> {
        let place = self.uploads.sweep_place().await?;
        let page = self.objects.list_versions(PREFIX, place.as_ref(), PAGE).await?;
        let young = now.checked_sub(GRACE.seconds()).unwrap_or(now);
        let hopeless = now.checked_sub(SENT_AGAIN.hours()).unwrap_or(now);
        let mut objects = Vec::new();
        for listed in page.versions.into_iter().filter(|listed| listed.last_modified < young) {
            let object = ObjectVersion {
                bucket: self.objects.bucket().to_owned(),
                key: listed.key,
                version: listed.version,
            };
            if InboxKey::parse(&object.key).is_some() {
                objects.push((object, listed.last_modified));
            } else {
                self.record_stray(&object, &stray_reason(), now).await?;
            }
        }
        let ids: Vec<_> = objects.iter().map(|(object, _)| object.upload_id()).collect();
        let known = self.uploads.known(&ids).await?;
        for (object, since) in objects
            .iter()
            .filter(|(object, _)| !known.contains(&object.upload_id()))
        {
            if *since < hopeless {
                self.record_stray(object, &never_split(), now).await?;
                continue;
            }
            warn!(upload.id = %object.upload_id(), "an object in the inbox was never split");
            send_json(self.queue, QueueName::Split, &ObjectsCreated::of(object), None).await?;
        }
        Ok(self.uploads.set_sweep_place(page.next.as_ref()).await?)
    }

    async fn record_stray(&self, object: &ObjectVersion, reason: &Reason, now: Timestamp) -> Result<(), Failure> {
        Ok(self
            .uploads
            .record_stray(&object.bucket, &object.key, reason, now)
            .await?)
    }
}

fn never_split() -> Reason {
    Reason {
        code: "never-split".to_owned(),
        detail: "it could not be split, and was tried again for a week".to_owned(),
        remedy: "Look for the reason in the dead letters of the queue `split`, then upload it again.".to_owned(),
    }
}
