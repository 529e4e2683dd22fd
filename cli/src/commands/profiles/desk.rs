//! The profiles of a tenant, here or behind a server.

mod here;

use muster_core::channel::Channel;
use muster_core::id::{DeviceId, ProfileId};
use registration_api::model;

use crate::deployed::{Place, RegistryArgs};
use crate::failure::Failure;
use crate::output::plain;
use crate::remote::{Named, Refusal, Server};
use crate::state::Surroundings;

use here::Here;

/// How many devices one request puts on lists.
pub(super) const AT_ONCE: usize = 1000;

/// The profiles of a tenant.
pub(super) struct Desk {
    /// What the tenant is called.
    pub(super) name: String,
    way: Way,
}

enum Way {
    Here(Here),
    Server(Server, Named),
}

impl Desk {
    /// The profiles of the tenant of this id or name.
    pub(super) async fn open(registry: &RegistryArgs, tenant: &str, around: &Surroundings) -> Result<Self, Failure> {
        Ok(match registry.place(around).await? {
            Place::Registry(registry) => {
                let here = Here::open(registry, tenant, around).await?;
                Self {
                    name: here.tenant.name.clone(),
                    way: Way::Here(here),
                }
            }
            Place::Server(server) => {
                let named = server.tenant(tenant).await?;
                Self {
                    name: named.name.clone(),
                    way: Way::Server(server, named),
                }
            }
        })
    }

    /// A page of them, the oldest first.
    pub(super) async fn page(
        &self,
        channel: Option<Channel>,
        name: Option<&str>,
        from: Option<&str>,
        limit: usize,
    ) -> Result<model::ProfilePage, Failure> {
        match &self.way {
            Way::Here(here) => here.page(channel, name, from, limit).await,
            Way::Server(server, tenant) => Ok(server.profiles(tenant.id, (channel, name), from, limit).await?),
        }
    }

    /// The one of this id or name.
    pub(super) async fn find(&self, text: &str) -> Result<model::Profile, Failure> {
        let text = text.trim();
        if let Ok(id) = text.parse::<ProfileId>() {
            let found = match &self.way {
                Way::Here(here) => here.get(id).await?,
                Way::Server(server, tenant) => server.profile(tenant.id, id).await?,
            };
            return found.ok_or_else(|| self.none(text));
        }
        // Of the same name there is one in each channel at most.
        let mut found = self.page(None, Some(text), None, 10).await?.profiles;
        match (found.pop(), found.len()) {
            (None, _) => Err(self.none(text)),
            (Some(only), 0) => Ok(only),
            (Some(_), _) => Err(Failure::new(
                format_args!(
                    "`{}` has several profiles called `{}`, in several channels",
                    plain(&self.name),
                    plain(text)
                ),
                "Give the id of one of them; `muster profiles list` lists them.",
            )),
        }
    }

    fn none(&self, text: &str) -> Failure {
        Failure::new(
            format_args!("`{}` has no profile `{}`", plain(&self.name), plain(text)),
            "Check its id or name; `muster profiles list` lists them.",
        )
    }

    /// Makes a profile.
    pub(super) async fn create(&self, new: &model::CreateProfile) -> Result<model::Profile, Failure> {
        match &self.way {
            Way::Here(here) => here.create(new).await,
            Way::Server(server, tenant) => Ok(server.create_profile(tenant.id, new).await?),
        }
    }

    /// Changes what a profile says.
    pub(super) async fn edit(&self, id: ProfileId, edit: &model::EditProfile) -> Result<model::Profile, Failure> {
        match &self.way {
            Way::Here(here) => here.edit(id, edit).await,
            Way::Server(server, tenant) => Ok(server.edit_profile(tenant.id, id, edit).await?),
        }
    }

    /// Says anew for which devices a profile is. Only if it stands as it was seen.
    pub(super) async fn assign(
        &self,
        seen: &model::Profile,
        assignment: &model::Assignment,
    ) -> Result<model::Profile, Failure> {
        match &self.way {
            Way::Here(here) => here.assign(seen, assignment).await,
            Way::Server(server, tenant) => Ok(server.assign_profile(tenant.id, seen, assignment).await?),
        }
    }

    /// Puts devices on the lists of a profile, or takes them off; at most 1,000 on each.
    pub(super) async fn place(
        &self,
        id: ProfileId,
        wanted: &model::PlaceDevices,
    ) -> Result<Vec<model::PlacedDevice>, Failure> {
        match &self.way {
            Way::Here(here) => here.place(id, wanted).await,
            Way::Server(server, tenant) => Ok(server.place_profile_devices(tenant.id, id, wanted).await?.devices),
        }
    }

    /// Some of the devices that a profile names.
    pub(super) async fn named(&self, id: ProfileId) -> Result<Vec<DeviceId>, Failure> {
        match &self.way {
            Way::Here(here) => here.named(id).await,
            Way::Server(server, tenant) => {
                let page = server.profile_devices(tenant.id, id, AT_ONCE).await?;
                Ok(page.devices.into_iter().map(|device| device.id).collect())
            }
        }
    }

    /// A page of the devices that have a profile.
    pub(super) async fn assigned(
        &self,
        id: ProfileId,
        from: Option<&str>,
        limit: usize,
    ) -> Result<model::AssignedDevicePage, Failure> {
        match &self.way {
            Way::Here(here) => here.assigned(id, from, limit).await,
            Way::Server(server, tenant) => Ok(server.assigned_devices(tenant.id, id, from, limit).await?),
        }
    }

    /// Deletes a profile that is not assigned.
    pub(super) async fn remove(&self, id: ProfileId) -> Result<(), Failure> {
        match &self.way {
            Way::Here(here) => here.remove(id).await,
            Way::Server(server, tenant) => Ok(server.delete_profile(tenant.id, id).await?),
        }
    }

    /// The profile as the file for devices that are there already.
    pub(super) async fn file(&self, id: ProfileId) -> Result<model::ConfigurationFile, Failure> {
        match &self.way {
            Way::Here(here) => here.file(id).await,
            Way::Server(server, tenant) => Ok(server.configuration_file(tenant.id, id).await?),
        }
    }
}

/// Why a device's profile cannot be told.
pub(super) async fn explained(place: &Place, device: &model::Device) -> Result<model::DeviceProfile, Failure> {
    match place {
        Place::Registry(registry) => here::explained(registry, device.id).await,
        Place::Server(server) => match server.device_profile(device.tenant, device.id).await {
            Ok(told) => Ok(told),
            Err(refusal) if Refusal::is_absence(&refusal) => Err(no_longer(device.id)),
            Err(refusal) => Err(refusal.into()),
        },
    }
}

fn no_longer(device: DeviceId) -> Failure {
    Failure::new(
        format_args!("device {device} is not registered, and so has no profile"),
        "`muster devices list` lists those that are.",
    )
}
