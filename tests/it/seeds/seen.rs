//! What is seen of a world when all is done, and what must hold of it however it came about.

use std::collections::{BTreeMap, BTreeSet};

use journeys::world::{Result, World};
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::device::{Device, DeviceState};
use muster_core::id::DeviceId;
use muster_core::identity::IdentityKey;
use muster_core::outcome::Outcome;
use muster_core::record::{Checked, Record};
use muster_core::report::RowOutcome;
use muster_core::upload::{ObjectVersion, UploadState};
use muster_store::reports::summary_key;
use muster_store::uploads::UploadStatus;
use serde_json::Value;

/// A batch: what validation and registration said of its rows.
#[derive(Debug)]
pub(crate) struct SeenBatch {
    pub(crate) checked: Vec<Checked>,
    pub(crate) receipts: Vec<RowOutcome>,
}

/// An upload as its sender sees it, and its batches.
#[derive(Debug)]
pub(crate) struct SeenUpload {
    pub(crate) status: UploadStatus,
    /// `report.csv` by row; empty where there is none.
    pub(crate) report: BTreeMap<u64, Vec<String>>,
    /// `fixit.csv`; empty where there is none.
    pub(crate) fixit: String,
    /// `summary.json` without times.
    pub(crate) summary: Value,
    pub(crate) batches: Vec<SeenBatch>,
}

/// A world when all is done. Times are left out of everything.
#[derive(Debug)]
pub(crate) struct Observed {
    /// By the number of the list.
    pub(crate) uploads: Vec<SeenUpload>,
    /// All devices that were ever registered.
    pub(crate) devices: BTreeMap<DeviceId, Device>,
    /// Who holds which identity.
    pub(crate) claims: BTreeMap<IdentityKey, DeviceId>,
    /// Events without repeats.
    pub(crate) events: BTreeSet<String>,
}

impl Observed {
    pub(crate) async fn of(world: &World, objects: &[ObjectVersion], events: Vec<String>) -> Result<Self> {
        let mut uploads = Vec::new();
        for object in objects {
            uploads.push(SeenUpload::of(world, object).await?);
        }
        let rows = uploads.iter().flat_map(|upload| {
            let id = &upload.status.id;
            let records = upload.batches.iter().flat_map(SeenBatch::records);
            records.map(move |record| DeviceId::of_row(id, record.place.row))
        });
        let devices = world.embedded.devices().get_many(&rows.collect::<Vec<_>>()).await?;
        let keys: BTreeSet<IdentityKey> = devices.iter().flat_map(|device| device.keys.clone()).collect();
        let claims = world
            .embedded
            .devices()
            .claims(&keys.into_iter().collect::<Vec<_>>(), true)
            .await?;
        Ok(Self {
            uploads,
            devices: devices
                .into_iter()
                .map(|device| (device.id, timeless(device)))
                .collect(),
            claims: claims.into_iter().map(|(key, claim)| (key, claim.device)).collect(),
            events: events.into_iter().collect(),
        })
    }

    /// What is wrong with it by itself.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut registered = BTreeSet::new();
        for upload in &self.uploads {
            upload.faults(&mut faults);
            // What a catalogue holds are no devices.
            let receipts = upload.batches.iter().flat_map(|batch| &batch.receipts);
            for outcome in receipts.filter(|_| upload.status.channel != Some(Channel::Catalogue)) {
                let of_row = DeviceId::of_row(&upload.status.id, outcome.row);
                let device = if outcome.outcome == Outcome::Registered {
                    Some(of_row)
                } else {
                    outcome.device
                };
                registered.extend((outcome.outcome == Outcome::Registered).then_some(of_row));
                match device.map(|id| self.devices.get(&id).ok_or(id)) {
                    Some(Err(id)) => faults.push(format!("a receipt names device {id}, which is not there")),
                    Some(Ok(device)) if Some(device.tenant) != upload.status.tenant => {
                        faults.push(format!("a receipt names device {} of another tenant", device.id));
                    }
                    _ => {}
                }
            }
        }
        for (id, device) in &self.devices {
            if !registered.contains(id) {
                faults.push(format!("device {id} has no receipt that it was registered"));
            }
            for key in &device.keys {
                let holder = self.claims.get(key);
                if (device.state == DeviceState::Registered) != (holder == Some(id)) {
                    faults.push(format!(
                        "device {id} is {:?}, and {holder:?} holds its key {key}",
                        device.state
                    ));
                }
            }
        }
        faults
    }
}

impl SeenUpload {
    async fn of(world: &World, object: &ObjectVersion) -> Result<Self> {
        let seen = world.seen(object).await?;
        let id = seen.status.id.clone();
        let summary = world
            .embedded
            .objects()
            .get_small(&summary_key(&id))
            .await?
            .unwrap_or_default();
        let mut summary: Value = if summary.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&summary)?
        };
        if let Some(fields) = summary.as_object_mut() {
            fields.retain(|name, _| name != "createdAt" && name != "finishedAt");
        }
        let count: usize = world
            .embedded
            .uploads()
            .cuts(&id)
            .await?
            .iter()
            .map(|(_, cuts)| cuts.len())
            .sum();
        let mut batches = Vec::new();
        for number in 0..u32::try_from(count)? {
            batches.push(SeenBatch {
                checked: world.embedded.validated().get(&id, number).await?.unwrap_or_default(),
                receipts: world.embedded.receipts().of_batch(&id, number).await?,
            });
        }
        let mut report = BTreeMap::new();
        for line in csv::Reader::from_reader(seen.report.as_bytes()).records() {
            let line: Vec<String> = line?.iter().map(str::to_owned).collect();
            report.insert(line[1].parse()?, line);
        }
        Ok(Self {
            status: seen.status,
            report,
            fixit: String::from_utf8(seen.fixit)?,
            summary,
            batches,
        })
    }

    fn faults(&self, faults: &mut Vec<String>) {
        let id = &self.status.id;
        let mut fault = |what: String| faults.push(format!("upload {id}: {what}"));
        for (number, batch) in self.batches.iter().enumerate() {
            let valid: Vec<u64> = batch.records().map(|record| record.place.row).collect();
            let done: Vec<u64> = batch.receipts.iter().map(|outcome| outcome.row).collect();
            if valid != done {
                fault(format!(
                    "batch {number}: rows {valid:?} are in order, and receipts are of {done:?}"
                ));
            }
        }
        let rows: Vec<u64> = self
            .batches
            .iter()
            .flat_map(|b| &b.checked)
            .map(|row| row.place().row)
            .collect();
        if self.status.state == UploadState::Refused {
            if !self.report.is_empty() || !self.batches.is_empty() {
                fault("it is refused, and something of it was done".to_owned());
            }
            return;
        }
        if !self.report.keys().copied().eq(rows.iter().copied()) || !rows.iter().copied().eq(1..=rows.len() as u64) {
            fault(format!(
                "its rows are {rows:?}, and the report tells of {:?}",
                self.report.keys()
            ));
        }
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for line in self.report.values() {
            *counts.entry(&line[3]).or_default() += 1;
        }
        let told: BTreeMap<&str, u64> = self
            .status
            .counts
            .iter()
            .map(|(outcome, n)| (outcome.name(), *n))
            .collect();
        if counts != told || self.status.rows != Some(rows.len() as u64) {
            fault(format!(
                "the report counts {counts:?}, and the upload {told:?} of {:?} rows",
                self.status.rows
            ));
        }
        let failed: u64 = self
            .status
            .counts
            .iter()
            .filter(|(o, _)| !o.is_success())
            .map(|(_, n)| n)
            .sum();
        let state = if failed == 0 {
            UploadState::Finished
        } else {
            UploadState::FinishedWithErrors
        };
        if self.status.state != state {
            fault(format!("{failed} rows failed, and it is {:?}", self.status.state));
        }
        let fixit = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(self.fixit.as_bytes())
            .into_records()
            .count();
        if fixit as u64 != failed {
            fault(format!("{failed} rows failed, and fixit.csv has {fixit}"));
        }
    }
}

impl SeenBatch {
    /// The rows that are in order.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.checked.iter().filter_map(|row| match row {
            Checked::Valid(record) => Some(&**record),
            _ => None,
        })
    }
}

fn timeless(mut device: Device) -> Device {
    if let Some(remediation) = &mut device.remediation {
        remediation.since = Timestamp::UNIX_EPOCH;
    }
    Device {
        registered_at: Timestamp::UNIX_EPOCH,
        changed_at: Timestamp::UNIX_EPOCH,
        ..device
    }
}
