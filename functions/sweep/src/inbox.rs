//! Objects in the inbox that no event told of. A page each time: the inbox may be large, the sweep is not.

use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::inbox::{InboxKey, PREFIX, stray_reason};
use muster_core::message::ObjectsCreated;
use muster_core::upload::ObjectVersion;
use muster_runtime::Failure;
use muster_store::queue::{QueueName, send_json};
use tracing::warn;

use crate::{Occasion, Sweep};

/// How many object versions one sweep looks at.
const PAGE: usize = 1000;

/// How old an object must be before its event counts as lost, in seconds.
const GRACE: i64 = 300;

impl Sweep<'_> {
    pub(crate) async fn look_into_inbox(&self, occasion: Occasion, now: Timestamp) -> Result<(), Failure> {
        let place = self.uploads.sweep_place().await?;
        let page = self.objects.list_versions(PREFIX, place.as_ref(), PAGE).await?;
        let young = now.checked_sub(GRACE.seconds()).unwrap_or(now);
        let old = |at: Timestamp| occasion == Occasion::Start || at < young;
        let mut objects = Vec::new();
        for listed in page.versions.into_iter().filter(|listed| old(listed.last_modified)) {
            let object = ObjectVersion {
                bucket: self.objects.bucket().to_owned(),
                key: listed.key,
                version: listed.version,
            };
            if InboxKey::parse(&object.key).is_some() {
                objects.push(object);
            } else {
                self.record_stray(&object, now).await?;
            }
        }
        let ids: Vec<_> = objects.iter().map(ObjectVersion::upload_id).collect();
        let known = self.uploads.known(&ids).await?;
        for object in objects.iter().filter(|object| !known.contains(&object.upload_id())) {
            warn!(upload.id = %object.upload_id(), "an object in the inbox was never split");
            send_json(self.queue, QueueName::Split, &ObjectsCreated::of(object), None).await?;
        }
        Ok(self.uploads.set_sweep_place(page.next.as_ref()).await?)
    }

    async fn record_stray(&self, object: &ObjectVersion, now: Timestamp) -> Result<(), Failure> {
        Ok(self
            .uploads
            .record_stray(&object.bucket, &object.key, &stray_reason(), now)
            .await?)
    }
}
