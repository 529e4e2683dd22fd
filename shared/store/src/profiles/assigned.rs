//! The devices that have a profile, by whichever of its rules.
//!
//! Nothing of it is stored: a page goes over a part of the tenant's devices and asks the one rule about each.

use std::collections::HashMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use muster_core::device::Device;
use muster_core::id::{DeviceId, ProfileId, TenantId};
use muster_core::profile::{Chosen, Rule, Target, explain};

use super::Profiles;
use crate::devices::{DeviceFilter, Devices, mark};
use crate::error::StoreError;

/// How many devices are judged at once.
const STEP: usize = 100;
/// How many devices one call judges: a list of a profile that few devices have comes in short pages.
const MAX_JUDGED: usize = 1000;
/// How many devices are asked for their lists at once.
const AT_ONCE: usize = 16;

/// A device that has the profile.
#[derive(Debug, Clone)]
pub struct AssignedDevice {
    /// The device.
    pub device: Device,
    /// The device as profiles see it.
    pub target: Target,
    /// The profile's rule, and why the device has it.
    pub chosen: Chosen,
}

/// A page of the devices that have a profile.
#[derive(Debug, Clone)]
pub struct AssignedPage {
    /// The devices, in no order that spans pages.
    pub devices: Vec<AssignedDevice>,
    /// Where the next page begins; opaque.
    pub next: Option<String>,
    /// How many devices were judged for it.
    pub judged: usize,
}

impl Profiles {
    /// A page of the registered devices that have a profile of the tenant's; may be a moment old. `of_partners`: as partners
    /// see it, who know of no other devices and profiles than theirs. `from` is what the page before named as `next`. One call
    /// judges 1,000 devices at most, so a page that is shorter than `limit`, or empty, is the last one only if it names no
    /// `next`. It reads the rules, these devices, a place on a list for each, and the lists of each that gets the profile unless
    /// another one is before it.
    ///
    /// # Errors
    /// When the store is out of reach; `Rejected` when `from` is no such mark.
    pub async fn assigned(
        &self,
        tenant: TenantId,
        id: ProfileId,
        of_partners: bool,
        from: Option<&str>,
        limit: usize,
    ) -> Result<AssignedPage, StoreError> {
        let mut rules = self.rules(tenant).await?;
        rules.retain(|rule| !of_partners || rule.is_of_partners());
        let (mut devices, mut next) = (Vec::new(), from.map(str::to_owned));
        let Some(rule) = rules.iter().find(|rule| rule.id == id) else {
            return Ok(AssignedPage {
                devices,
                next: None,
                judged: 0,
            });
        };
        let (of_tenant, all) = (Devices::new(self.table.clone()), DeviceFilter::default());
        let mut judged = 0;
        for _ in 0..MAX_JUDGED / STEP {
            let mut page = of_tenant.list(tenant, &all, next.as_deref(), STEP).await?;
            judged += page.devices.len();
            page.devices.retain(|device| !of_partners || device.is_of_partners());
            let room = limit.saturating_sub(devices.len());
            devices.extend(self.having(rule, &rules, page.devices, room).await?);
            next = page.next;
            if let Some(last) = devices.last().filter(|_| devices.len() >= limit) {
                next = Some(mark(last.device.id));
            }
            if next.is_none() || devices.len() >= limit {
                break;
            }
        }
        Ok(AssignedPage { devices, next, judged })
    }

    /// Those of these devices that have the profile of this rule, as many as there is room for.
    async fn having(
        &self,
        rule: &Rule,
        rules: &[Rule],
        devices: Vec<Device>,
        room: usize,
    ) -> Result<Vec<AssignedDevice>, StoreError> {
        let ids: Vec<DeviceId> = devices.iter().map(|device| device.id).collect();
        let devices: HashMap<DeviceId, Device> = devices.into_iter().map(|device| (device.id, device)).collect();
        let places = self.places(rule.id, &ids, &devices).await?;
        let in_order = ids.iter().filter_map(|id| devices.get(id).cloned());
        let may_have: Vec<Device> = in_order
            .filter(|device| {
                let place = places.get(&device.id).and_then(|held| held.first());
                let own = place.map(|(_, side)| (rule.id, *side));
                rule.may_be_chosen(&Target::of(device, own.into_iter().collect()))
            })
            .collect();
        let judged = stream::iter(may_have).map(async |device| {
            let target = Target::of(&device, self.lists(&device.ids()).await?);
            let chosen = explain(&target, rules)
                .chosen
                .filter(|chosen| chosen.rule.id == rule.id);
            Ok(chosen.map(|chosen| AssignedDevice { device, target, chosen }))
        });
        let having = judged.buffered(AT_ONCE).try_filter_map(async |having| Ok(having));
        having.take(room).try_collect().await
    }
}
