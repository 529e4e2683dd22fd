//! Objects in the inbox that no event told of. Some pages each time: the inbox may be large, the sweep is not.

use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::inbox::{InboxKey, PREFIX, stray_reason};
use muster_core::message::ObjectsCreated;
use muster_core::upload::{ObjectVersion, Reason};
use muster_runtime::Failure;
use muster_store::objects::{ListedVersion, Marker};
use muster_store::queue::{Outgoing, QueueName};
use tokio::time::Instant;
use tracing::warn;

use crate::Sweep;

/// How many object versions are looked at together.
const PAGE: usize = 500;

/// How many of those pages one sweep looks at.
const PAGES: usize = 2;

/// How old an object must be before its event counts as lost, in seconds.
const GRACE: i64 = 300;

/// For how long an object that cannot be split is sent again, in hours: a week.
const SENT_AGAIN: i64 = 7 * 24;

impl Sweep<'_> {
    /// Looks at some pages from `place` on, and moves it on.
    pub(crate) async fn look_into_inbox(
        &self,
        place: &mut Option<Marker>,
        now: Timestamp,
        until: Instant,
    ) -> Result<(), Failure> {
        for _ in 0..PAGES {
            if Instant::now() >= until {
                break;
            }
            let page = self.objects.list_versions(PREFIX, place.as_ref(), PAGE).await?;
            self.look_at(page.versions, now).await?;
            *place = page.next;
            if place.is_none() {
                break;
            }
        }
        Ok(())
    }

    async fn look_at(&self, versions: Vec<ListedVersion>, now: Timestamp) -> Result<(), Failure> {
        let young = |at: Timestamp| {
            // What is of later than now is not young: the clock was set back since.
            let (from, to) = (now.checked_sub(GRACE.seconds()), now.checked_add(GRACE.seconds()));
            from.is_ok_and(|from| at >= from) && to.is_ok_and(|to| at <= to)
        };
        let hopeless = now.checked_sub(SENT_AGAIN.hours()).unwrap_or(now);
        let mut objects = Vec::new();
        for listed in versions.into_iter().filter(|listed| !young(listed.last_modified)) {
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
        let mut again = Vec::new();
        for ((object, since), id) in objects.iter().zip(&ids).filter(|(_, id)| !known.contains(id)) {
            if *since < hopeless {
                self.record_stray(object, &never_split(), now).await?;
                continue;
            }
            warn!(upload.id = %id, "an object in the inbox was never split");
            again.push(Outgoing::json(&ObjectsCreated::of(object), None)?);
        }
        if again.is_empty() {
            return Ok(());
        }
        Ok(self.queue.send(QueueName::Split, again).await?)
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
