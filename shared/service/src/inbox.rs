//! Lists that functions write: put into the inbox, so that each device has its source, and announced.

use jiff::Timestamp;
use muster_core::channel::Channel;
use muster_core::id::{AnnouncementId, TenantId};
use muster_core::inbox::{InboxKey, NO_TENANT, UploadOptions};
use muster_runtime::http::{Acting, Code, Problem};
use muster_store::announcements::{Announcement, Announcements};
use muster_store::idempotency::Seed;
use muster_store::objects::Objects;

/// Where lists are put.
#[derive(Clone, Copy)]
pub struct Inbox<'a> {
    /// Writes lists.
    pub objects: &'a Objects,
    /// Announces them.
    pub announcements: &'a Announcements,
    /// The time now.
    pub now: Timestamp,
}

impl Inbox<'_> {
    /// Puts a list that this function wrote into the inbox of a channel, under this name; the id to ask for it by.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn hand_in(
        &self,
        acting: &Acting,
        tenant: TenantId,
        (channel, name): (Channel, &str),
        list: Vec<u8>,
        options: UploadOptions,
        seed: Seed,
    ) -> Result<AnnouncementId, Problem> {
        let id = AnnouncementId::of_list(seed.0, &list);
        let now = self.now;
        let key = key_of(channel, acting, tenant, &id, name);
        let size = u64::try_from(list.len()).unwrap_or(u64::MAX);
        let announcement = Announcement {
            id,
            tenant,
            registrant: acting.registrant(),
            channel,
            options,
            name: name.to_owned(),
            size,
            parts: None,
            created_at: now,
            expires_at: now,
            object: None,
            cancelled: None,
            key,
        };
        let handed_in = self
            .announcements
            .hand_in(self.objects, &announcement, list.into())
            .await?;
        match handed_in {
            Some(_) => Ok(announcement.id),
            None => Err(Problem::new(
                Code::Unavailable,
                "The list was removed while it was taken. Try again in a moment.",
            )),
        }
    }
}

/// The key of an object that was announced.
#[must_use]
pub fn key_of(channel: Channel, acting: &Acting, tenant: TenantId, id: &AnnouncementId, name: &str) -> String {
    let partner = acting.partner().map(|partner| partner.as_str());
    let tenant = match channel.registers() {
        true => tenant.to_string(),
        false => NO_TENANT.to_owned(),
    };
    InboxKey::format(channel.as_str(), partner, &tenant, &format!("{id}~{name}"))
}
