//! Objects in the inbox that no event told of. Some pages each time: the inbox may be large, the sweep is not.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::id::UploadId;
use muster_core::inbox::{InboxKey, PREFIX, stray_reason};
use muster_core::upload::ObjectVersion;
use muster_runtime::Failure;
use muster_store::objects::{ListedVersion, Marker};
use tokio::time::Instant;

use crate::Sweep;

/// How many object versions are looked at together.
const PAGE: usize = 500;

/// How many of those pages one sweep looks at.
const PAGES: usize = 2;

/// How old an object must be before its event counts as lost, in seconds.
const GRACE: i64 = 300;

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
        let (mut objects, mut strays) = (Vec::new(), BTreeSet::new());
        for listed in versions.into_iter().filter(|listed| !young(listed.last_modified)) {
            if InboxKey::parse(&listed.key).is_some() {
                objects.push(ObjectVersion {
                    bucket: self.objects.bucket().to_owned(),
                    key: listed.key,
                    version: listed.version,
                });
            } else {
                strays.insert(listed.key);
            }
        }
        self.record_strays(&strays, now).await?;
        let ids: Vec<UploadId> = objects.iter().map(ObjectVersion::upload_id).collect();
        let known = self.uploads.known(&ids).await?;
        objects.retain(|object| {
            let id = object.upload_id();
            !known.contains(&id) && !self.in_queue.contains(&id)
        });
        let ids: Vec<UploadId> = objects.iter().map(ObjectVersion::upload_id).collect();
        // From its first try on it is due by itself, or given up.
        let recorded = self.uploads.recorded_unsplit(&ids).await?;
        objects.retain(|object| !recorded.contains(&object.upload_id()));
        for object in &objects {
            self.send_again(object, 1, now).await?;
        }
        Ok(())
    }

    /// Records what is not recorded yet.
    async fn record_strays(&self, keys: &BTreeSet<String>, now: Timestamp) -> Result<(), Failure> {
        let (bucket, reason) = (self.objects.bucket(), stray_reason());
        let recorded = self.uploads.recorded_strays(bucket, keys, &reason).await?;
        for key in keys.difference(&recorded) {
            self.uploads.record_stray(bucket, key, &reason, now).await?;
        }
        Ok(())
    }
}
