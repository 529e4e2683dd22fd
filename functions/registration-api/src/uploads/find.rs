//! Uploads by either of their ids, as far as the caller may know of them.

use std::time::Duration;

use muster_core::access::Role;
use muster_core::channel::Channel;
use muster_core::id::{AnnouncementId, TenantId, UploadId};
use muster_core::party::Registrant;
use muster_core::upload::{ObjectVersion, Reason};
use muster_runtime::http::{Acting, Problem};
use muster_store::announcements::Announcement;
use muster_store::uploads::{Stray, UploadStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Api;
use crate::model::{FileSeen, Upload};
use crate::wait::{self, Wait};

/// An upload that was found.
pub(super) enum Found {
    /// It was accepted or refused.
    Known(Box<UploadStatus>),
    /// It was announced; its object, where that is there and was not looked at yet.
    Announced(Box<Announcement>, Option<Arrived>),
}

/// An object that was announced and is there.
pub(super) struct Arrived {
    pub(super) object: ObjectVersion,
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
    fn given_up(&self) -> Option<&Stray> {
        self.unsplit.as_deref().filter(|stray| stray.is_given_up())
    }
}

impl Found {
    /// The upload that can be resumed, should it have been given up.
    pub(super) fn id(&self) -> Option<UploadId> {
        match self {
            Self::Known(status) => Some(status.id.clone()),
            Self::Announced(_, Some(arrived)) if arrived.unsplit.is_some() => Some(arrived.object.upload_id()),
            Self::Announced(..) => None,
        }
    }

    /// Whether it is worked on, or was put on again.
    pub(super) fn is_under_way(&self) -> bool {
        match self {
            Self::Known(status) => !status.state.is_final(),
            Self::Announced(_, Some(arrived)) => arrived.unsplit.is_some() && arrived.given_up().is_none(),
            Self::Announced(_, None) => false,
        }
    }

    /// Whether nothing more happens by itself.
    fn has_ended(&self) -> bool {
        match self {
            Self::Known(status) => status.state.is_final(),
            Self::Announced(_, arrived) => arrived.as_ref().is_some_and(|arrived| arrived.given_up().is_some()),
        }
    }

    /// What is known of it once it was accepted.
    pub(super) fn known(self) -> Option<UploadStatus> {
        match self {
            Self::Known(status) => Some(*status),
            Self::Announced(..) => None,
        }
    }
}

/// How long to wait.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitQuery {
    /// For how many seconds to wait at most for the upload's end, 0 to 20. The answer tells how it stands then.
    #[param(minimum = 0, maximum = 20, default = 0)]
    pub(crate) wait: Option<u64>,
}

impl WaitQuery {
    /// The time to wait.
    ///
    /// # Errors
    /// When it is too long.
    pub(crate) fn time(&self) -> Result<Duration, Problem> {
        wait::time(self.wait)
    }
}

/// The upload that a path names.
///
/// # Errors
/// When there is none, or none that the caller may know of.
pub(super) async fn find(api: &Api, acting: &Acting, tenant: TenantId, id: &str) -> Result<Found, Problem> {
    if let Ok(id) = id.parse::<AnnouncementId>() {
        return find_announced(api, acting, tenant, &id).await;
    }
    let id: UploadId = id.parse().map_err(|_| Problem::not_found())?;
    let status = api.function.uploads.get(&id).await?;
    let seen = status.filter(|status| status.tenant == Some(tenant) && may_see(acting, status));
    seen.map(|status| Found::Known(Box::new(status)))
        .ok_or_else(Problem::not_found)
}

async fn find_announced(api: &Api, acting: &Acting, tenant: TenantId, id: &AnnouncementId) -> Result<Found, Problem> {
    let announced = api.function.announcements.get(id).await?;
    let announced = announced
        .filter(|announced| announced.tenant == tenant && sees(acting, Some(&announced.registrant), announced.channel))
        .ok_or_else(Problem::not_found)?;
    let object = object_of(api, &announced).await?;
    let Some(object) = object else {
        return Ok(Found::Announced(Box::new(announced), None));
    };
    let (uploads, upload) = (&api.function.uploads, object.upload_id());
    if let Some(status) = uploads.get(&upload).await? {
        return Ok(Found::Known(Box::new(status)));
    }
    let unsplit = uploads.unsplit(&upload).await?.map(Box::new);
    Ok(Found::Announced(Box::new(announced), Some(Arrived { object, unsplit })))
}

/// The object that an announcement became. Remembered once it was seen, since somebody may remove it.
pub(super) async fn object_of(api: &Api, announced: &Announcement) -> Result<Option<ObjectVersion>, Problem> {
    if let Some(object) = &announced.object {
        return Ok(Some(object.clone()));
    }
    let objects = &api.function.objects;
    let Some(head) = objects.head(&announced.key, None).await? else {
        return Ok(None);
    };
    let object = ObjectVersion {
        bucket: objects.bucket().to_owned(),
        key: announced.key.clone(),
        version: head.version,
    };
    api.function.announcements.arrived(&announced.id, &object).await?;
    Ok(Some(object))
}

/// Whether whoever acts may know of this upload. A partner sees what it handed in itself, and an MDM service what came
/// through its channel; everybody else whom the route lets pass sees all of the tenant's.
pub(super) fn may_see(acting: &Acting, status: &UploadStatus) -> bool {
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

/// How an upload stands.
pub(super) async fn view(api: &Api, found: Found) -> Result<Upload, Problem> {
    let now = api.guard.now();
    match found {
        Found::Known(status) => Ok(Upload::read(&api.function.uploads, *status, now).await?),
        Found::Announced(announced, arrived) => {
            let file = match &arrived {
                None => FileSeen::Not,
                Some(arrived) => match arrived.given_up() {
                    Some(stray) => FileSeen::GivenUp {
                        reason: never_split(stray),
                        at: stray.seen_at,
                    },
                    None => FileSeen::Arrived,
                },
            };
            Ok(Upload::announced(*announced, file, now))
        }
    }
}

/// Why a file was given up, in words for whoever sent it: what is recorded speaks to whoever runs the service.
fn never_split(stray: &Stray) -> Reason {
    Reason {
        code: stray.reason.code.clone(),
        detail: stray.reason.detail.clone(),
        remedy: "Resume the upload. If it is given up again, tell whoever runs the service.".to_owned(),
    }
}

/// How an upload stands at its end, or when the time is up.
pub(crate) async fn view_at_end(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    id: &str,
    time: Duration,
) -> Result<Upload, Problem> {
    let wait = Wait::begin(time);
    loop {
        let found = find(api, acting, tenant, id).await?;
        if found.has_ended() || !wait.goes_on().await {
            return view(api, found).await;
        }
    }
}
