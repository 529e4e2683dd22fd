//! Which answer a device gets, and what is recorded of it.

use muster_core::Timestamp;
use muster_core::deployment::{self, Contact, Recognised, recognise};
use muster_core::device::Device;
use muster_core::id::DeviceId;
use muster_core::party::Tenant;
use muster_core::profile::oobe::{Facts, device_configuration};
use muster_core::profile::{Because, Downloaded, Profile, Rule, Target, explain};
use muster_core::repair::{self, Remediation, RemediationState};
use muster_store::StoreError;
use muster_store::contacts::NewContact;

use crate::DeploymentApi;
use crate::lookup::Shown;
use crate::model::Answer;

/// How often the rules are read where the profile that they name is not there.
const LOOKS: usize = 2;

impl DeploymentApi {
    /// The answer to a device, with its contact recorded. A stranger is answered after the same requests to the store
    /// whatever there is: two for the identities and the device that they may lead to, one for its tenant, one for its
    /// contacts, and one that records what other hardware showed, or nothing.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn answer(&self, shown: &Shown, now: Timestamp) -> Result<Answer, StoreError> {
        let lookup = self.devices.lookup(&shown.record.keys).await?;
        let owner = lookup
            .found
            .as_ref()
            .map_or(lookup.no_tenant, |(_, device)| device.tenant);
        let tenant = self.tenants.get(owner).await?;
        let known = lookup.found.zip(tenant);
        let recognised = known
            .as_ref()
            .map(|((led_by, device), tenant)| recognise(&shown.record, *led_by, device, tenant.tuple_lookup));
        match (recognised, known) {
            (Some(Recognised::Same), Some(((_, device), tenant))) => {
                self.of_profile(shown, &device, &tenant, now).await
            }
            (Some(Recognised::Differs(answer)), Some(((_, device), _))) => {
                let before = self.contacts.get(&device.ids()).await?;
                self.refuse(shown, &device, &before, answer, now).await
            }
            (recognised, known) => {
                let device = known.map(|((_, device), _)| device);
                let replaced = device.filter(|_| recognised == Some(Recognised::Replaced));
                self.remark(shown, replaced.as_ref(), lookup.nobody, now).await?;
                Ok(Answer::refused(deployment::Answer::NotRegistered))
            }
        }
    }

    /// Records that other hardware showed an identity of this device, in as many requests as where there is no such device.
    async fn remark(
        &self,
        shown: &Shown,
        replaced: Option<&Device>,
        nobody: DeviceId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = replaced.map_or(nobody, |device| device.id);
        // One read, whatever was merged into the device.
        let before = self.contacts.get(&[id]).await?;
        // Other hardware ends nothing that the device asks for.
        let asks = replaced
            .and_then(|device| asks(shown, device, &before, now))
            .filter(Remediation::is_open);
        let in_vain = asks.is_none();
        let remediation = asks.unwrap_or_else(|| Remediation::at_boot(RemediationState::default(), now));
        self.contacts.remark(id, in_vain, &remediation).await
    }

    /// The answer to a device that was recognised: by its profile.
    async fn of_profile(
        &self,
        shown: &Shown,
        device: &Device,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Result<Answer, StoreError> {
        let before = self.contacts.get(&device.ids()).await?;
        let target = Target::of(device, self.profiles.lists(&device.ids()).await?);
        let (mut rules, mut chosen, mut given) = (Vec::new(), None, None);
        // The device keeps its answer, so a profile that is deleted in this moment is not the last word.
        for _ in 0..LOOKS {
            rules = self.profiles.rules(device.tenant).await?;
            chosen = explain(&target, &rules).chosen;
            let Some(chosen) = chosen.as_ref().filter(|chosen| chosen.hindrance(&target).is_none()) else {
                break;
            };
            let profile = self.profiles.get(device.tenant, chosen.rule.id).await?;
            given = profile.map(|profile| (profile, chosen.because));
            if given.is_some() {
                break;
            }
        }
        let Some((profile, because)) = given else {
            let answer = match chosen.is_none() && is_gone(&before, &rules) {
                true => deployment::Answer::ProfileGone,
                false => deployment::Answer::NoProfile,
            };
            return self.refuse(shown, device, &before, answer, now).await;
        };
        let new = NewContact {
            profile: Some(Downloaded {
                profile: profile.id,
                name: profile.settings.name.clone(),
                revision: profile.revision,
                at: now,
            }),
            ..contact(shown, device, &before, deployment::Answer::Profile, now)
        };
        self.contacts.record(device.id, &new).await?;
        Ok(self.give(&profile, device, tenant, because, now))
    }

    fn give(&self, profile: &Profile, device: &Device, tenant: &Tenant, because: Because, now: Timestamp) -> Answer {
        let facts = Facts {
            because,
            correlation: (self.new_id)(),
            now,
        };
        Answer::Profile {
            registration: device.into(),
            configuration: Box::new(device_configuration(profile, device, tenant, facts)),
            enrollment_status_page: profile.settings.enrollment_status_page.clone().map(Box::new),
        }
    }

    async fn refuse(
        &self,
        shown: &Shown,
        device: &Device,
        before: &Contact,
        answer: deployment::Answer,
        now: Timestamp,
    ) -> Result<Answer, StoreError> {
        let new = contact(shown, device, before, answer, now);
        self.contacts.record(device.id, &new).await?;
        Ok(Answer::refused(answer))
    }
}

/// Whether the profile that the device was given last is none of the tenant's any more.
fn is_gone(before: &Contact, rules: &[Rule]) -> bool {
    let last = before.profile.as_ref();
    last.is_some_and(|last| rules.iter().all(|rule| rule.id != last.profile))
}

/// What is recorded of a device that was recognised.
fn contact(shown: &Shown, device: &Device, before: &Contact, answer: deployment::Answer, now: Timestamp) -> NewContact {
    NewContact {
        at: now,
        answer,
        os_build: shown.os_build.clone(),
        profile: None,
        remediation: asks(shown, device, before, now),
    }
}

/// What the hardware that a device shows asks for, where that is another thing than what is known. A tuple says nothing
/// of the hardware.
fn asks(shown: &Shown, device: &Device, before: &Contact, now: Timestamp) -> Option<Remediation> {
    let state = repair::recognise(device, &shown.record).remediation();
    let known = repair::current(device, before.remediation.as_ref());
    // What is for a person stays so, although the next look of the MDM service could have mended it.
    let is_less = (state, known.state)
        == (
            RemediationState::AutomaticRemediationRequired,
            RemediationState::ManualRemediationRequired,
        );
    let changed = shown.record.components.is_some() && state != known.state && !is_less;
    changed.then(|| Remediation::at_boot(state, now))
}
