//! Lists for the channel `automatic`, as a harvest hands them in.

use std::sync::atomic::Ordering;

use muster_core::channel::Channel;
use muster_core::id::AnnouncementId;
use muster_core::inbox::{InboxKey, UploadOptions};
use muster_core::party::Registrant;
use muster_core::upload::ObjectVersion;
use muster_store::announcements::Announcement;

use crate::world::{Result, World};

impl World {
    /// Hands a list in under a name that belongs to its announcement.
    pub(crate) async fn hand_in(
        &self,
        key: &InboxKey<'_>,
        body: Vec<u8>,
        options: UploadOptions,
    ) -> Result<ObjectVersion> {
        let tenant = self
            .embedded
            .tenants()
            .find(key.tenant)
            .await?
            .ok_or("no such tenant")?;
        let number = self.harvests.fetch_add(1, Ordering::Relaxed);
        let id = AnnouncementId::of_list(u128::from(number).to_be_bytes(), &body);
        let name = format!("{id}~{}", key.name);
        let announcement = Announcement {
            key: InboxKey::format(key.channel, None, key.tenant, &name),
            id,
            tenant: tenant.id,
            registrant: Registrant::Tenant,
            channel: Channel::Automatic,
            options,
            name: key.name.to_owned(),
            size: u64::try_from(body.len())?,
            parts: None,
            created_at: self.now(),
            expires_at: self.now(),
            object: None,
            cancelled: None,
        };
        let (announcements, objects) = (self.embedded.announcements(), self.embedded.objects());
        let object = announcements.hand_in(&objects, &announcement, body.into()).await?;
        object.ok_or_else(|| "the object is gone".into())
    }
}
