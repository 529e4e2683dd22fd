//! Plans rows: what is known of their identities, and what to do for each.

use std::collections::{BTreeSet, HashMap};

use muster_core::decide::{Decision, decide, led};
use muster_core::device::{Device, RowContext};
use muster_core::id::DeviceId;
use muster_core::identity::IdentityKey;
use muster_core::record::Record;
use muster_runtime::Failure;
use muster_store::catalogue::EntrySeen;
use muster_store::devices::Claim;

use crate::RegisterBatch;
use crate::led::Led;

/// A row and what to do for it.
#[derive(Debug)]
pub(crate) struct Planned {
    /// The row as it came.
    pub(crate) record: Record,
    pub(crate) decision: Decision,
    /// The entry of the catalogue that the decision takes more from than the row says.
    pub(crate) entry: Option<EntrySeen>,
}

/// What to do for a row.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) decision: Decision,
    pub(crate) entry: Option<EntrySeen>,
}

impl From<Decision> for Decided {
    fn from(decision: Decision) -> Self {
        Self { decision, entry: None }
    }
}

impl RegisterBatch<'_> {
    /// Looks the strongest key of each row up in bulk. A row whose strongest key nobody holds is planned as a new device
    /// without further reads: the write is conditional on each of its keys. A row whose keys the holder of the strongest
    /// one has all needs no further reads either, since no other device can hold them. The others are planned in full. New
    /// devices without a hash are looked for in the catalogue; `required`: they must be there. `predicts`: nothing will be
    /// written, so no condition mends a plan, and all rows are planned in full.
    pub(crate) async fn plan(
        &self,
        records: Vec<Record>,
        context: &RowContext<'_>,
        required: bool,
        predicts: bool,
    ) -> Result<Vec<Planned>, Failure> {
        let strongest: BTreeSet<IdentityKey> = records.iter().filter_map(strongest_key).collect();
        let claims = self
            .devices
            .claims(&strongest.into_iter().collect::<Vec<_>>(), false)
            .await?;
        let devices = self.devices_of(&claims).await?;
        let mut decided: HashMap<u64, Decided> = HashMap::new();
        let (mut open, mut bare) = (Vec::new(), Vec::new());
        for record in &records {
            if predicts {
                open.push(record);
                continue;
            }
            let Some(claim) = strongest_key(record).and_then(|key| claims.get(&key)) else {
                match record.components {
                    Some(_) => _ = decided.insert(record.place.row, decide(record, context, &[]).into()),
                    None => bare.push(record),
                }
                continue;
            };
            match devices
                .get(&claim.device)
                .filter(|device| record.keys.iter().all(|key| device.keys.contains(key)))
            {
                Some(holder) => {
                    let decision = decide(record, context, std::slice::from_ref(holder));
                    decided.insert(record.place.row, decision.into());
                }
                None => open.push(record),
            }
        }
        let mut led = self.led(&bare, required).await?;
        for record in bare {
            let planned = match led.remove(&record.place.row) {
                Some(Led::To(whole, entry)) => Decided {
                    decision: decide(&whole, context, &[]),
                    entry: Some(entry),
                },
                Some(Led::AsItIs) => decide(record, context, &[]).into(),
                // Somebody may hold one of its other keys.
                Some(Led::Refused(_)) | None => {
                    open.push(record);
                    continue;
                }
            };
            decided.insert(record.place.row, planned);
        }
        decided.extend(self.decide_anew(&open, context, required).await?);
        let planned = records.into_iter().filter_map(|record| {
            let Decided { decision, entry } = decided.remove(&record.place.row)?;
            Some(Planned {
                record,
                decision,
                entry,
            })
        });
        Ok(planned.collect())
    }

    /// Decides about rows by all of their keys, and by what the catalogue knows of those that make a new device without a
    /// hash, as of now. By row.
    pub(crate) async fn decide_anew(
        &self,
        records: &[&Record],
        context: &RowContext<'_>,
        required: bool,
    ) -> Result<HashMap<u64, Decided>, Failure> {
        let decisions = self.decide_all(records, context).await?;
        let is_new = |record: &&Record| matches!(decisions.get(&record.place.row), Some(Decision::Insert(_)));
        let bare: Vec<&Record> = records
            .iter()
            .copied()
            .filter(|record| record.components.is_none() && is_new(record))
            .collect();
        let leads = self.led(&bare, required).await?;
        let mut decided: HashMap<u64, Decided> = decisions.into_iter().map(|(row, d)| (row, d.into())).collect();
        let (mut whole, mut entries) = (Vec::new(), HashMap::new());
        for (row, lead) in leads {
            match lead {
                Led::AsItIs => {}
                Led::Refused(decision) => _ = decided.insert(row, decision.into()),
                Led::To(record, entry) => {
                    whole.push(record);
                    entries.insert(row, entry);
                }
            }
        }
        // Of the entry's identities somebody may hold one.
        let whole: Vec<&Record> = whole.iter().map(AsRef::as_ref).collect();
        let mut made = self.decide_all(&whole, context).await?;
        for record in whole {
            let row = record.place.row;
            if let Some(decision) = made.remove(&row) {
                let (decision, entry) = (led(decision, record), entries.remove(&row));
                decided.insert(row, Decided { decision, entry });
            }
        }
        Ok(decided)
    }

    /// Decides about rows by all of their keys, as of now. The decisions by row.
    async fn decide_all(
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
    pub(crate) async fn devices_of(
        &self,
        claims: &HashMap<IdentityKey, Claim>,
    ) -> Result<HashMap<DeviceId, Device>, Failure> {
        let ids: BTreeSet<DeviceId> = claims.values().map(|claim| claim.device).collect();
        let devices = self.devices.get_many(&ids.into_iter().collect::<Vec<_>>()).await?;
        Ok(devices.into_iter().map(|device| (device.id, device)).collect())
    }
}

fn strongest_key(record: &Record) -> Option<IdentityKey> {
    record.keys.first().copied()
}
