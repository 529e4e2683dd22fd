//! Uploads by either of their ids, as far as the caller may know of them.

use std::time::Duration;

use muster_core::access::Role;
use muster_core::channel::Channel;
use muster_core::id::{AnnouncementId, TenantId, UploadId};
use muster_core::party::Registrant;
use muster_core::upload::ObjectVersion;
use muster_runtime::http::{Acting, Problem};
use muster_store::announcements::{Announcement, Announcements};
use muster_store::objects::Objects;
use muster_store::uploads::{Stray, UploadStatus, Uploads};

use crate::wait::Wait;

/// An upload that was found.
pub enum Found {
    /// It was accepted or refused.
    Known(Box<UploadStatus>),
    /// It was announced; its object, where that is there and was not looked at yet.
    Announced(Box<Announcement>, Option<Arrived>),
}

/// An object that was announced and is there.
pub struct Arrived {
    /// Its place.
    pub object: ObjectVersion,
    /// What is recorded of it, should it have waited in vain to be split.
    unsplit: Option<Box<Stray>>,
}

impl From<ObjectVersion> for Arrived {
    fn from(object: ObjectVersion) -> Self {
        Self { object, unsplit: None }
    }
}

impl Arrived {
    /// What is recorded of it, where nobody tries to split it any more.
    #[must_use]
    pub fn given_up(&self) -> Option<&Stray> {
        self.unsplit.as_deref().filter(|stray| stray.is_given_up())
    }
}

impl Found {
    /// The upload that can be resumed, should it have been given up.
    pub fn id(&self) -> Option<UploadId> {
        match self {
            Self::Known(status) => Some(status.id.clone()),
            Self::Announced(_, Some(arrived)) if arrived.unsplit.is_some() => Some(arrived.object.upload_id()),
            Self::Announced(..) => None,
        }
    }

    /// Whether it is worked on, or was put on again.
    pub fn is_under_way(&self) -> bool {
        match self {
            Self::Known(status) => !status.state.is_final(),
            Self::Announced(_, Some(arrived)) => arrived.unsplit.is_some() && arrived.given_up().is_none(),
            Self::Announced(_, None) => false,
        }
    }

    /// Whether nothing more happens by itself.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        match self {
            Self::Known(status) => status.state.is_final(),
            Self::Announced(_, arrived) => arrived.as_ref().is_some_and(|arrived| arrived.given_up().is_some()),
        }
    }

    /// What is known of it once it was accepted.
    pub fn known(self) -> Option<UploadStatus> {
        match self {
            Self::Known(status) => Some(*status),
            Self::Announced(..) => None,
        }
    }
}

/// Uploads, and what was only announced.
#[derive(Clone, Copy)]
pub struct KnownUploads<'a> {
    /// Looks uploads up.
    pub uploads: &'a Uploads,
    /// Looks announcements up, and remembers what they became.
    pub announcements: &'a Announcements,
    /// Looks for what was announced.
    pub objects: &'a Objects,
}

impl KnownUploads<'_> {
    /// The upload that a path names.
    ///
    /// # Errors
    /// When there is none, or none that the caller may know of.
    pub async fn find(&self, acting: &Acting, tenant: TenantId, id: &str) -> Result<Found, Problem> {
        if let Ok(id) = id.parse::<AnnouncementId>() {
            return self.find_announced(acting, tenant, &id).await;
        }
        let id: UploadId = id.parse().map_err(|_| Problem::not_found())?;
        let status = self.uploads.get(&id).await?;
        let seen = status.filter(|status| status.tenant == Some(tenant) && may_see(acting, status));
        seen.map(|status| Found::Known(Box::new(status)))
            .ok_or_else(Problem::not_found)
    }

    async fn find_announced(&self, acting: &Acting, tenant: TenantId, id: &AnnouncementId) -> Result<Found, Problem> {
        let announced = self.announcements.get(id).await?.ok_or_else(Problem::not_found)?;
        self.became(acting, tenant, announced).await
    }

    /// What became of an announcement.
    ///
    /// # Errors
    /// When the caller may not know of it.
    pub async fn became(&self, acting: &Acting, tenant: TenantId, announced: Announcement) -> Result<Found, Problem> {
        if announced.tenant != tenant || !sees(acting, Some(&announced.registrant), announced.channel) {
            return Err(Problem::not_found());
        }
        let object = self.object_of(&announced).await?;
        let Some(object) = object else {
            return Ok(Found::Announced(Box::new(announced), None));
        };
        let (uploads, upload) = (self.uploads, object.upload_id());
        if let Some(status) = uploads.get(&upload).await? {
            return Ok(Found::Known(Box::new(status)));
        }
        let unsplit = uploads.unsplit(&upload).await?.map(Box::new);
        Ok(Found::Announced(Box::new(announced), Some(Arrived { object, unsplit })))
    }

    /// The object that an announcement became. Remembered once it was seen, since somebody may remove it.
    pub async fn object_of(&self, announced: &Announcement) -> Result<Option<ObjectVersion>, Problem> {
        if let Some(object) = &announced.object {
            return Ok(Some(object.clone()));
        }
        let Some(head) = self.objects.head(&announced.key, None).await? else {
            return Ok(None);
        };
        let object = ObjectVersion {
            bucket: self.objects.bucket().to_owned(),
            key: announced.key.clone(),
            version: head.version,
        };
        self.announcements.arrived(&announced.id, &object).await?;
        Ok(Some(object))
    }

    /// An upload at its end, or how it is when the time is up.
    ///
    /// # Errors
    /// When there is none, or none that the caller may know of.
    pub async fn at_end(&self, acting: &Acting, tenant: TenantId, id: &str, time: Duration) -> Result<Found, Problem> {
        let wait = Wait::begin(time);
        loop {
            let found = self.find(acting, tenant, id).await?;
            if found.has_ended() || !wait.goes_on().await {
                return Ok(found);
            }
        }
    }
}

/// Whether whoever acts may know of this upload. A partner sees what it handed in itself, and an MDM service what came
/// through its channel; everybody else whom the route lets pass sees all of the tenant's.
pub fn may_see(acting: &Acting, status: &UploadStatus) -> bool {
    sees(acting, status.registrant.as_ref(), status.channel)
}

fn sees(acting: &Acting, registrant: Option<&Registrant>, channel: impl Into<Option<Channel>>) -> bool {
    match acting.partner() {
        None => channel.into() == Some(Channel::Automatic) || acting.caller().has(&SEE_ALL),
        Some(own) => registrant.and_then(Registrant::partner) == Some(own),
    }
}

/// The roles with which one sees all uploads of a tenant. Of those that pass without a partner's name, the MDM service's
/// alone is none of them.
const SEE_ALL: [Role; 4] = [
    Role::TenantAdministrator,
    Role::DeviceAdministrator,
    Role::Reader,
    Role::ServiceAdministrator,
];
