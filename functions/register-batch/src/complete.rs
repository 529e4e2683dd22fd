//! Completes devices that were registered without a hardware hash, once the catalogue knows it.
//!
//! Rows and entries may come at the same moment, each by a worker that does not see the other. Both write first and look for
//! the other afterwards, so at least one of the two sees both; and a batch is done only when its worker has looked. What it
//! finds complete it leaves alone, so that any number of workers may do this, any number of times.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures::StreamExt as _;
use muster_core::catalogue::{Lead, lead};
use muster_core::channel::Channel;
use muster_core::decide::complete;
use muster_core::device::{Device, DeviceState};
use muster_core::grant::{GrantPin, Verb};
use muster_core::id::DeviceId;
use muster_core::identity::IdentityKey;
use muster_core::party::Registrant;
use muster_runtime::Failure;
use muster_store::devices::{Completed, Completion};
use tracing::info;

use crate::{Clock, RegisterBatch};

/// How many devices are completed at once.
const AT_ONCE: usize = 8;
/// How often one is tried while other writers have its items.
const TRIES: u32 = 20;

/// By what right, and in which place, a worker completes devices.
#[derive(Clone, Copy)]
pub(crate) struct By<'a> {
    /// The consent of the upload that is worked on.
    pub(crate) pin: &'a GrantPin,
    /// The batch, which decides about the shard of the grant.
    pub(crate) number: u32,
    pub(crate) clock: Clock<'a>,
}

impl RegisterBatch<'_> {
    /// After rows: completes the devices that have these identities of theirs, where entries have come meanwhile. One bulk
    /// read where none has.
    pub(crate) async fn complete_after_rows(&self, keys: BTreeSet<IdentityKey>, by: By<'_>) -> Result<(), Failure> {
        if keys.is_empty() {
            return Ok(());
        }
        let entries = self.catalogue.led_to(&keys).await?;
        let led: BTreeSet<IdentityKey> = entries
            .iter()
            .flat_map(|entry| entry.leading_keys())
            .filter(|key| keys.contains(key))
            .collect();
        self.complete_after_entries(led, by).await
    }

    /// After entries: completes the devices that somebody registered by one of these identities before. One bulk read where
    /// nobody did.
    pub(crate) async fn complete_after_entries(&self, keys: BTreeSet<IdentityKey>, by: By<'_>) -> Result<(), Failure> {
        let claims = self.devices.claims(&keys.into_iter().collect::<Vec<_>>(), true).await?;
        let ids: BTreeSet<DeviceId> = claims.values().map(|claim| claim.device).collect();
        let devices = self.devices.get_many(&ids.into_iter().collect::<Vec<_>>()).await?;
        let bare = devices
            .iter()
            .filter(|device| lacks_hash(device))
            .map(|device| device.id);
        let bare: Vec<DeviceId> = bare.collect();
        let mut done = futures::stream::iter(bare)
            .map(|id| self.complete_device(id, by))
            .buffer_unordered(AT_ONCE);
        let mut count = 0_u64;
        while let Some(completed) = done.next().await {
            count += u64::from(completed?);
        }
        if count > 0 {
            info!(devices = count, "devices were completed from the catalogue");
        }
        Ok(())
    }

    /// Completes a device if the catalogue leads from it to one entry. Everything is read as it is now.
    ///
    /// Whoever registered or listed it may not do anything any more by now. What the catalogue knows is the tenant's all the
    /// same, whichever of the two came first: then the device is completed under the tenant's consent to itself.
    async fn complete_device(&self, id: DeviceId, by: By<'_>) -> Result<bool, Failure> {
        let mut own: Option<GrantPin> = None;
        for round in 0..TRIES {
            let Some(device) = self.devices.get(id).await?.filter(lacks_hash) else {
                return Ok(false);
            };
            let keys: BTreeSet<IdentityKey> = device.keys.iter().copied().collect();
            let entries = self.catalogue.led_to(&keys).await?;
            let Lead::To(entry) = lead(&device.keys, (&device).into(), &entries) else {
                return Ok(false);
            };
            let all: BTreeSet<IdentityKey> = keys.iter().chain(&entry.keys).copied().collect();
            let claims = self.devices.claims(&all.into_iter().collect::<Vec<_>>(), true).await?;
            let holders: HashMap<DeviceId, Device> = self.devices_of(&claims).await?;
            let holders: Vec<Device> = holders.into_values().collect();
            let now = (by.clock)();
            let Some(change) = complete(entry, &holders, now) else {
                return Ok(false);
            };
            let completion = Completion {
                entry: entry.into(),
                change: Box::new(change),
            };
            let shard = by.number.wrapping_add(round);
            let pin = own.as_ref().unwrap_or(by.pin);
            match self.devices.complete(&completion, pin, shard, now).await? {
                Completed::Done => return Ok(true),
                Completed::Refused if own.is_none() => {
                    let (tenant, itself) = (device.tenant, Registrant::Tenant);
                    let allowed = self
                        .grants
                        .permit(tenant, &itself, None, Verb::Update, Channel::Intune, now);
                    match allowed.await? {
                        Ok(pin) => own = Some(pin),
                        Err(_) => return Ok(false),
                    }
                }
                // Not even the consent that the tenant gives itself is in force.
                Completed::Refused => return Ok(false),
                Completed::Stale { .. } => tokio::time::sleep(Duration::from_millis(u64::from(3 * round))).await,
            }
        }
        Err(Failure::Retry("other writers were faster each time".to_owned()))
    }
}

fn lacks_hash(device: &Device) -> bool {
    device.state == DeviceState::Registered && device.components.is_none()
}
