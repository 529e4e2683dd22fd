//! Splits an upload: decides whether it is accepted, cuts it into batches on row boundaries, and sends them on while the
//! file still streams. Memory is one window, whatever the size.

mod accept;
mod cut;

use muster_core::Timestamp;
use muster_core::inbox::{InboxKey, stray_reason};
use muster_core::message::ObjectsCreated;
use muster_core::upload::ObjectVersion;
use muster_runtime::Failure;
use muster_store::announcements::Announcements;
use muster_store::objects::Objects;
use muster_store::queue::Queue;
use muster_store::uploads::Uploads;
use muster_store::{Grants, Partners, Tenants};
use tracing::{info, warn};

/// The function and the capabilities that it uses.
pub struct SplitUpload<'a> {
    /// Looks the tenant up.
    pub tenants: Tenants,
    /// Looks the partner up.
    pub partners: Partners,
    /// Looks the consent up.
    pub grants: Grants,
    /// Says whether an upload was called off before its object came.
    pub announcements: Announcements,
    /// Accepts or refuses the upload, stores its cuts.
    pub uploads: Uploads,
    /// Reads the file.
    pub objects: Objects,
    /// Sends the batches on.
    pub queue: &'a dyn Queue,
}

impl SplitUpload<'_> {
    /// Handles one notification. A repeat sends the same batches again.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn handle(&self, message: ObjectsCreated, now: Timestamp) -> Result<(), Failure> {
        for record in &message.records {
            let object = record
                .object()
                .ok_or_else(|| Failure::Poison("the object's key is not UTF-8".to_owned()))?;
            self.split(object, now).await?;
        }
        Ok(())
    }

    async fn split(&self, object: ObjectVersion, now: Timestamp) -> Result<(), Failure> {
        let Some(key) = InboxKey::parse(&object.key) else {
            warn!(object.key = object.key, "an object that is no upload was left alone");
            return Ok(self
                .uploads
                .record_stray(&object.bucket, &object.key, &stray_reason(), now)
                .await?);
        };
        let id = object.upload_id();
        let status = match self.uploads.get(&id).await? {
            Some(status) => status,
            None => match self.accept(&object, &key, now).await? {
                Some(status) => status,
                None => return Ok(()),
            },
        };
        let (Some(upload), false) = (status.upload(), status.state.is_final()) else {
            return Ok(());
        };
        info!(upload.id = %id, "an upload is split");
        self.cut(&upload, &status, now).await
    }
}
