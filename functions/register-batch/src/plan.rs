//! Plans rows: what is known of their identities, and what to do for each.

use std::collections::{BTreeSet, HashMap};

use muster_core::decide::{Decision, decide};
use muster_core::device::{Device, RowContext};
use muster_core::id::DeviceId;
use muster_core::identity::IdentityKey;
use muster_core::record::Record;
use muster_runtime::Failure;
use muster_store::devices::Claim;

use crate::RegisterBatch;

/// A row and what to do for it.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) record: Record,
    pub(crate) decision: Decision,
}

impl RegisterBatch<'_> {
    /// Looks the strongest key of each row up in bulk. A row whose strongest key nobody holds is planned as a new device
    /// without further reads: the write is conditional on each of its keys. A row whose keys the holder of the strongest
    /// one has all needs no further reads either, since no other device can hold them. The others are planned in full.
    pub(crate) async fn plan(&self, records: Vec<Record>, context: &RowContext<'_>) -> Result<Vec<Planned>, Failure> {
        let strongest: BTreeSet<IdentityKey> = records.iter().filter_map(strongest_key).collect();
        let claims = self
            .devices
            .claims(&strongest.into_iter().collect::<Vec<_>>(), false)
            .await?;
        let devices = self.devices_of(&claims).await?;
        let mut decisions = HashMap::new();
        let mut open = Vec::new();
        for record in &records {
            let Some(claim) = strongest_key(record).and_then(|key| claims.get(&key)) else {
                decisions.insert(record.place.row, decide(record, context, &[]));
                continue;
            };
            match devices
                .get(&claim.device)
                .filter(|device| record.keys.iter().all(|key| device.keys.contains(key)))
            {
                Some(holder) => {
                    decisions.insert(record.place.row, decide(record, context, std::slice::from_ref(holder)));
                }
                None => open.push(record),
            }
        }
        decisions.extend(self.decide_all(&open, context).await?);
        let planned = records.into_iter().filter_map(|record| {
            let decision = decisions.remove(&record.place.row)?;
            Some(Planned { record, decision })
        });
        Ok(planned.collect())
    }

    /// Decides about rows by all of their keys, as of now. The decisions by row.
    pub(crate) async fn decide_all(
        &self,
        records: &[&Record],
        context: &RowContext<'_>,
    ) -> Result<HashMap<u64, Decision>, Failure> {
        if records.is_empty() {
            return Ok(HashMap::new());
        }
        let keys: BTreeSet<IdentityKey> = records.iter().flat_map(|r| &r.keys).copied().collect();
        let claims = self.devices.claims(&keys.into_iter().collect::<Vec<_>>(), true).await?;
        let devices = self.devices_of(&claims).await?;
        let decisions = records.iter().map(|record| {
            let ids: BTreeSet<DeviceId> = record
                .keys
                .iter()
                .filter_map(|key| claims.get(key))
                .map(|claim| claim.device)
                .collect();
            let holders: Vec<Device> = ids.iter().filter_map(|id| devices.get(id)).cloned().collect();
            (record.place.row, decide(record, context, &holders))
        });
        Ok(decisions.collect())
    }

    /// The devices that hold these claims, as of now.
    async fn devices_of(&self, claims: &HashMap<IdentityKey, Claim>) -> Result<HashMap<DeviceId, Device>, Failure> {
        let ids: BTreeSet<DeviceId> = claims.values().map(|claim| claim.device).collect();
        let devices = self.devices.get_many(&ids.into_iter().collect::<Vec<_>>()).await?;
        Ok(devices.into_iter().map(|device| (device.id, device)).collect())
    }
}

fn strongest_key(record: &Record) -> Option<IdentityKey> {
    record.keys.first().copied()
}
