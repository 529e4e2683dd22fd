//! The profiles of a tenant on this machine, as the tenant's own administrator.

use muster_core::channel::{Channel, ProfileRights};
use muster_core::device::DeviceState;
use muster_core::grant::{Denial, GrantPin, Verb};
use muster_core::history::Requester;
use muster_core::id::{DeviceId, ProfileId};
use muster_core::party::{Registrant, Tenant};
use muster_core::profile::{Fault, Profile};
use muster_local::Clock;
use muster_store::devices::Act;
use muster_store::profiles::{Placed, ProfileDeleted, ProfileFilter, ProfileWritten, Profiles};
use muster_store::{ErrorKind, Registry};
use registration_api::model::{self, Eyes};
use uuid::Uuid;

use super::{AT_ONCE, no_longer};
use crate::deployed::State;
use crate::failure::Failure;
use crate::state::{self, Surroundings};

/// Who acts.
const BY: &str = "command line";

pub(super) struct Here {
    pub(super) tenant: Tenant,
    registry: State,
    by: Requester,
    clock: Clock,
    new_id: fn() -> Uuid,
}

impl Here {
    pub(super) async fn open(registry: State, tenant: &str, around: &Surroundings) -> Result<Self, Failure> {
        Ok(Self {
            tenant: state::tenant(&registry, tenant).await?,
            registry,
            by: Requester::new(BY, Registrant::Tenant),
            clock: around.clock.clone(),
            new_id: around.new_id,
        })
    }

    fn profiles(&self) -> Profiles {
        self.registry.profiles()
    }

    /// The tenant's own consent to change its profiles.
    async fn pin(&self) -> Result<GrantPin, Failure> {
        let (own, channel, now) = (Registrant::Tenant, Channel::Intune, (self.clock)());
        let grants = self.registry.grants();
        let answer = grants
            .permit(self.tenant.id, &own, None, Verb::Update, channel, now)
            .await?;
        answer.map_err(refused)
    }

    fn act<'a>(&'a self, pin: &'a GrantPin) -> Act<'a> {
        Act {
            pin,
            by: &self.by,
            now: (self.clock)(),
        }
    }

    pub(super) async fn page(
        &self,
        channel: Option<Channel>,
        name: Option<&str>,
        from: Option<&str>,
        limit: usize,
    ) -> Result<model::ProfilePage, Failure> {
        let filter = ProfileFilter {
            channel,
            name: name.map(str::to_owned),
            of_partners: false,
        };
        let after = from.map(str::parse).transpose().map_err(|_| no_mark())?;
        let page = self.profiles().page(self.tenant.id, &filter, after, limit).await?;
        let page = page.ok_or_else(no_mark)?;
        Ok(model::ProfilePage {
            profiles: page.profiles.into_iter().map(model::Profile::from).collect(),
            next: page.next.map(|id| id.to_string()),
        })
    }

    pub(super) async fn get(&self, id: ProfileId) -> Result<Option<model::Profile>, Failure> {
        let found = self.profiles().get(self.tenant.id, id).await?;
        Ok(found.map(model::Profile::from))
    }

    pub(super) async fn create(&self, new: &model::CreateProfile) -> Result<model::Profile, Failure> {
        let origin = new.channel.unwrap_or(Channel::Intune);
        if origin == Channel::PartnerCenter || origin.policy().profiles == ProfileRights::None {
            return Err(Failure::new(
                format_args!("a tenant makes no profiles in the channel {origin}"),
                "Leave --channel off, or use intune, store-for-business or m365-business.",
            ));
        }
        let id = ProfileId::of_seed(*(self.new_id)().as_bytes());
        let profile = Profile {
            assignment: new.assignment.clone().unwrap_or_default().into(),
            ..Profile::new(id, self.tenant.id, origin, new.settings(), (self.clock)())
        };
        let pin = self.pin().await?;
        let written = self.profiles().create(&profile, &self.act(&pin)).await?;
        self.written(written, &pin).await
    }

    pub(super) async fn edit(&self, id: ProfileId, edit: &model::EditProfile) -> Result<model::Profile, Failure> {
        let (pin, now) = (self.pin().await?, (self.clock)());
        let change = |old: &Profile| old.with_settings(edit.apply(&old.settings), now);
        let written = self.profiles().change(id, None, &self.act(&pin), change).await?;
        self.written(written, &pin).await
    }

    pub(super) async fn assign(
        &self,
        seen: &model::Profile,
        assignment: &model::Assignment,
    ) -> Result<model::Profile, Failure> {
        let (pin, now) = (self.pin().await?, (self.clock)());
        let assignment: muster_core::profile::Assignment = assignment.clone().into();
        let change = |old: &Profile| old.with_assignment(assignment.clone(), now);
        let profiles = self.profiles();
        let written = profiles
            .change(seen.id, Some(seen.version), &self.act(&pin), change)
            .await?;
        self.written(written, &pin).await
    }

    async fn written(&self, written: ProfileWritten, pin: &GrantPin) -> Result<model::Profile, Failure> {
        if let Some(refusal) = model::refused(&written) {
            return Err(Failure::new(refusal.detail, refusal.remedy));
        }
        Err(match written {
            ProfileWritten::Done(profile) | ProfileWritten::Unchanged(profile) => return Ok((*profile).into()),
            ProfileWritten::Faults(faults) => told(&faults),
            ProfileWritten::Refused => self.denied(pin).await?,
            _ => changed_meanwhile(),
        })
    }

    async fn denied(&self, pin: &GrantPin) -> Result<Failure, Failure> {
        Ok(refused(self.registry.grants().denial(pin, (self.clock)()).await?))
    }

    pub(super) async fn place(
        &self,
        id: ProfileId,
        wanted: &model::PlaceDevices,
    ) -> Result<Vec<model::PlacedDevice>, Failure> {
        let all = wanted.placings().map_err(|faults| told(&faults))?;
        let pin = self.pin().await?;
        match self.profiles().place(id, &all, &self.act(&pin)).await? {
            Placed::Absent => Err(changed_meanwhile()),
            Placed::Refused => Err(self.denied(&pin).await?),
            Placed::Done(outcomes) => {
                let devices = all.iter().zip(outcomes);
                Ok(devices
                    .map(|(placing, outcome)| model::PlacedDevice::of(placing.device, outcome))
                    .collect())
            }
        }
    }

    pub(super) async fn named(&self, id: ProfileId) -> Result<Vec<DeviceId>, Failure> {
        let page = self.profiles().listed(self.tenant.id, id, None, None, AT_ONCE).await?;
        Ok(page.devices.into_iter().map(|device| device.device).collect())
    }

    pub(super) async fn assigned(
        &self,
        id: ProfileId,
        from: Option<&str>,
        limit: usize,
    ) -> Result<model::AssignedDevicePage, Failure> {
        let found = self.profiles().assigned(self.tenant.id, id, false, from, limit).await;
        let found = found.map_err(|error| match error.kind() {
            ErrorKind::Rejected if from.is_some() => no_mark(),
            _ => error.into(),
        })?;
        Ok(model::AssignedDevicePage::read(&self.registry.contacts(), found, Eyes::Tenants).await?)
    }

    pub(super) async fn remove(&self, id: ProfileId) -> Result<(), Failure> {
        let pin = self.pin().await?;
        Err(match self.profiles().delete(id, None, &self.act(&pin)).await? {
            ProfileDeleted::Done => return Ok(()),
            ProfileDeleted::Assigned(profile) => Failure::new(
                format_args!("the profile is assigned: {}", model::assigned(&profile)),
                "Take that back with `muster profiles unassign`, then remove it.",
            ),
            ProfileDeleted::Refused => self.denied(&pin).await?,
            ProfileDeleted::Absent | ProfileDeleted::Overtaken(_) => changed_meanwhile(),
        })
    }

    pub(super) async fn file(&self, id: ProfileId) -> Result<model::ConfigurationFile, Failure> {
        let profile = self
            .profiles()
            .get(self.tenant.id, id)
            .await?
            .ok_or_else(changed_meanwhile)?;
        let file = muster_core::profile::ConfigurationFile::of(&profile, &self.tenant);
        file.map_err(|faults| {
            let faults: Vec<String> = faults
                .iter()
                .map(|fault| format!("{}: {}", fault.path, fault.detail))
                .collect();
            Failure::new(
                format_args!("there can be no such file: {}", faults.join("; ")),
                "Change the profile with `muster profiles edit`, or the domain with `muster tenants edit`.",
            )
        })
    }
}

pub(super) async fn explained(registry: &Registry, id: DeviceId) -> Result<model::DeviceProfile, Failure> {
    let device = registry.devices().get(id).await?;
    let device = device
        .filter(|device| device.state == DeviceState::Registered)
        .ok_or_else(|| no_longer(id))?;
    Ok(model::DeviceProfile::read(&registry.profiles(), &registry.contacts(), &device, Eyes::Tenants).await?)
}

fn no_mark() -> Failure {
    Failure::new(
        "--from is not the mark of this list",
        "Take it as the page before gave it.",
    )
}

fn told(faults: &[Fault]) -> Failure {
    let told: Vec<String> = faults
        .iter()
        .map(|fault| format!("{}: {}", fault.path, fault.detail))
        .collect();
    Failure::new(told.join("; "), "Change what is said there, and try again.")
}

fn refused(denial: Denial) -> Failure {
    let entry = denial.outcome().entry();
    Failure::new(format!("profiles cannot be changed: {}", entry.meaning), entry.remedy)
}

fn changed_meanwhile() -> Failure {
    Failure::new("another command changed the profile in this moment", "Try again.")
}
