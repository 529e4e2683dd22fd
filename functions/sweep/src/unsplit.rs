//! An object that was to be split and was not: its event was lost, or it cannot be split.

use muster_core::Timestamp;
use muster_core::id::UploadId;
use muster_core::message::ObjectsCreated;
use muster_core::upload::{ObjectVersion, Reason};
use muster_runtime::Failure;
use muster_store::ErrorKind;
use muster_store::queue::{QueueName, send_json};
use muster_store::uploads::{Due, Unsplit};
use tracing::{error, warn};

use crate::{MAX_TRIES, Occasion, Sweep, next_look};

/// How many versions behind a key are looked at, to see whether the object is there.
const VERSIONS: usize = 1000;

impl Sweep<'_> {
    /// Sends the object again, unless it is an upload by now; gives it up after too many tries.
    pub(crate) async fn look_after_unsplit(
        &self,
        due: &Due,
        id: &UploadId,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let stray = match self.uploads.unsplit(id).await {
            Ok(Some(stray)) => stray,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Corrupt => return self.set_aside(due, &error, now).await,
            Err(error) => return Err(error.into()),
        };
        let (Some(Unsplit { version, tries, .. }), true) = (stray.unsplit, stray.bucket == self.objects.bucket())
        else {
            return self.set_aside(due, &"it names no version of this bucket", now).await;
        };
        let object = ObjectVersion {
            bucket: stray.bucket,
            key: stray.key,
            version,
        };
        if !self.uploads.known(std::slice::from_ref(id)).await?.is_empty() {
            return Ok(self.uploads.forget_unsplit(id, now).await?);
        }
        if self.in_queue.contains(id) {
            let (next, reason) = (Some(next_look(0, now)), never_split(id, tries));
            return Ok(self.uploads.record_unsplit(&object, tries, next, &reason, now).await?);
        }
        let tries = match occasion {
            Occasion::Start => tries,
            Occasion::Schedule => tries.saturating_add(1),
        };
        if tries <= MAX_TRIES {
            return self.send_again(&object, tries, now).await;
        }
        if self.is_gone(&object).await? {
            return Ok(self.uploads.forget_unsplit(id, now).await?);
        }
        error!(upload.id = %id, "an object in the inbox is given up: it was never split");
        let reason = never_split(id, MAX_TRIES);
        Ok(self
            .uploads
            .record_unsplit(&object, MAX_TRIES, None, &reason, now)
            .await?)
    }

    /// Sends an object to be split, for the `tries`th time, and remembers it.
    pub(crate) async fn send_again(&self, object: &ObjectVersion, tries: u32, now: Timestamp) -> Result<(), Failure> {
        let id = object.upload_id();
        warn!(upload.id = %id, tries, "an object in the inbox was not split, and is sent again");
        send_json(self.queue, QueueName::Split, &ObjectsCreated::of(object), None).await?;
        let (next, reason) = (Some(next_look(tries, now)), never_split(&id, tries));
        Ok(self.uploads.record_unsplit(object, tries, next, &reason, now).await?)
    }

    /// Whether somebody removed the object version.
    async fn is_gone(&self, object: &ObjectVersion) -> Result<bool, Failure> {
        let page = self.objects.list_versions(&object.key, None, VERSIONS).await?;
        let is_it = |listed: &muster_store::objects::ListedVersion| {
            listed.key == object.key && listed.version == object.version
        };
        Ok(page.next.is_none() && !page.versions.iter().any(is_it))
    }
}

fn never_split(id: &UploadId, tries: u32) -> Reason {
    Reason {
        code: "never-split".to_owned(),
        detail: format!("it was never split, though it was sent again {tries} times"),
        remedy: format!(
            "Look into the dead letters of the queue `split` for the reason, then `muster uploads resume {id}`."
        ),
    }
}
