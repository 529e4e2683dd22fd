//! What becomes of reported devices, as the registry stands.

use std::collections::{BTreeMap, BTreeSet};

use muster_core::Timestamp;
use muster_core::deployment::{Contact, EnrollmentState};
use muster_core::harvest::{Harvested, Judgement, Known, SkipReason, read_page};
use muster_core::id::{DeviceId, TenantId};
use muster_core::identity::IdentityKey;
use muster_store::StoreError;
use muster_store::contacts::Contacts;
use muster_store::devices::Devices;
use muster_store::profiles::Profiles;

/// What becomes of each device of a page: one look at the tenant's profiles, and bulk looks at what the devices'
/// identities lead to. Nothing is written.
///
/// # Errors
/// When the store is out of reach.
pub async fn survey(
    devices: &Devices,
    profiles: &Profiles,
    tenant: TenantId,
    page: &[Harvested],
) -> Result<Vec<Judgement>, StoreError> {
    let read = read_page(page);
    let keys: BTreeSet<IdentityKey> = read.iter().flat_map(|read| read.keys().iter().copied()).collect();
    let keys: Vec<IdentityKey> = keys.into_iter().collect();
    let claims = devices.claims(&keys, true).await?;
    let claims = claims
        .into_iter()
        .map(|(key, claim)| (key, (claim.device, claim.tenant)));
    let mut known = Known {
        claims: claims.collect(),
        ..Known::default()
    };
    let own = known.claims.values().filter(|(_, owner)| *owner == tenant);
    let own: BTreeSet<DeviceId> = own.map(|(device, _)| *device).collect();
    let own: Vec<DeviceId> = own.into_iter().collect();
    let found = devices.get_many(&own).await?;
    known.devices = found.into_iter().map(|device| (device.id, device)).collect();
    let rules = profiles.rules(tenant).await?;
    let judged = read.iter().zip(page);
    Ok(judged
        .map(|(read, harvested)| read.judge(harvested, tenant, &known, &rules))
        .collect())
}

/// Records of devices that are registered already whether their MDM service has them enrolled: all that a report changes
/// of them. A report that says the same again writes nothing.
///
/// # Errors
/// When the store is out of reach.
pub async fn note_enrolled(
    devices: &Devices,
    contacts: &Contacts,
    page: &[Harvested],
    judged: &[Judgement],
    now: Timestamp,
) -> Result<(), StoreError> {
    let registered = page
        .iter()
        .zip(judged)
        .filter_map(|(harvested, judgement)| match judgement {
            Judgement::Skip(skipped) if skipped.reason == SkipReason::AlreadyRegistered => {
                Some((skipped.device?, harvested.enrolled))
            }
            _ => None,
        });
    let reported: BTreeMap<DeviceId, bool> = registered.collect();
    let ids: Vec<DeviceId> = reported.keys().copied().collect();
    let devices = devices.get_many(&ids).await?;
    let known = contacts.get_many(&devices.iter().collect::<Vec<_>>()).await?;
    for device in &devices {
        let enrolled = reported.get(&device.id).copied().unwrap_or_default();
        let state = known.get(&device.id).map(Contact::enrollment_state);
        if (state == Some(EnrollmentState::Enrolled)) != enrolled {
            contacts.enrolled(&device.ids(), enrolled.then_some(now)).await?;
        }
    }
    Ok(())
}
