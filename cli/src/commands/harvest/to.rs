//! Where a harvest goes: the registry of a data directory, or a server.

use muster_core::channel::Channel;
use muster_core::harvest::Harvested;
use muster_core::id::{AnnouncementId, TenantId};
use muster_core::inbox::{InboxKey, OnConflict, UploadOptions};
use muster_core::party::{Registrant, Tenant};
use muster_store::announcements::Announcement;
use muster_store::uploads::Progress;
use registration_api::harvests::{list_of, note_enrolled, survey};
use registration_api::model::{Harvest, HarvestedDevice, NewHarvest, Upload};

use crate::commands::register::until_final;
use crate::failure::Failure;
use crate::here::Here;
use crate::remote::{Named, Server};
use crate::state::Surroundings;
use crate::watch;

/// Where a harvest goes, and for which tenant.
pub(super) enum To<'a> {
    /// Into a data directory.
    Here(&'a Here, Tenant, &'a Surroundings),
    /// To a server.
    There(&'a Server, Named),
}

impl To<'_> {
    /// The tenant's id.
    pub(super) fn tenant(&self) -> TenantId {
        match self {
            Self::Here(_, tenant, _) => tenant.id,
            Self::There(_, tenant) => tenant.id,
        }
    }

    /// The tenant's name.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Here(_, tenant, _) => &tenant.name,
            Self::There(_, tenant) => &tenant.name,
        }
    }

    /// How a command on this tenant says which registry is meant.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Here(here, ..) => format!("--data-dir {}", crate::output::quoted_path(&here.directory)),
            Self::There(server, _) => format!("--server {}", server.address()),
        }
    }

    /// Hands a page in and waits for what becomes of it.
    pub(super) async fn hand_in(&self, devices: Vec<HarvestedDevice>) -> Result<Harvest, Failure> {
        match self {
            Self::There(server, tenant) => {
                let mut harvest = server.harvest(tenant.id, &NewHarvest { devices }).await?;
                if let Some(upload) = &mut harvest.upload
                    && !upload.state.is_final()
                {
                    *upload = until_final(server, tenant, &upload.id).await?;
                }
                Ok(harvest)
            }
            Self::Here(here, tenant, around) => hand_in_here(here, tenant.id, around, devices).await,
        }
    }
}

async fn hand_in_here(
    here: &Here,
    tenant: TenantId,
    around: &Surroundings,
    devices: Vec<HarvestedDevice>,
) -> Result<Harvest, Failure> {
    let page: Vec<Harvested> = devices.iter().map(Harvested::from).collect();
    let judged = survey(&here.devices(), &here.profiles(), tenant, &page).await?;
    note_enrolled(&here.devices(), &here.contacts(), &page, &judged, (around.clock)()).await?;
    let list = list_of(&page, &judged).map_err(|wrong| {
        let details: Vec<&str> = wrong.iter().map(|error| error.detail.as_str()).collect();
        Failure::new(details.join(" "), "Correct the file.")
    })?;
    let upload = match list {
        Some(list) => Some(register(here, tenant, around, list).await?),
        None => None,
    };
    Ok(Harvest::of(&devices, judged, upload))
}

/// Puts a list into the inbox, and works on it or looks on until it is done.
async fn register(here: &Here, tenant: TenantId, around: &Surroundings, list: Vec<u8>) -> Result<Upload, Failure> {
    let id = AnnouncementId::of_list((around.new_id)().into_bytes(), &list);
    let (name, now) = ("harvest.csv".to_owned(), (around.clock)());
    let announcement = Announcement {
        key: InboxKey::format(
            Channel::Automatic.as_str(),
            None,
            &tenant.to_string(),
            &format!("{id}~{name}"),
        ),
        id,
        tenant,
        registrant: Registrant::Tenant,
        channel: Channel::Automatic,
        options: UploadOptions {
            on_conflict: OnConflict::Keep,
            ..UploadOptions::default()
        },
        name,
        size: u64::try_from(list.len()).unwrap_or(u64::MAX),
        parts: None,
        created_at: now,
        expires_at: now,
        object: None,
        cancelled: None,
    };
    let (announcements, objects) = (here.announcements(), here.objects());
    let object = announcements.hand_in(&objects, &announcement, list.into()).await?;
    let object = object.ok_or_else(|| {
        let what = format_args!("the object {} was removed meanwhile", announcement.key).to_string();
        Failure::new(what, "Run the command again.")
    })?;
    let status = watch::until_final(here, &object.upload_id()).await?;
    Ok(Upload::of(status, &Progress::default(), (around.clock)()))
}
