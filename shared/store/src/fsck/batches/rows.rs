//! The outcomes of an upload's rows, batch by batch: each valid row of a batch that is done has one, once, what it says
//! of devices is so, and no row registered a device of which it does not tell.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use muster_core::Timestamp;
use muster_core::catalogue::EntryId;
use muster_core::channel::Channel;
use muster_core::device::Device;
use muster_core::id::{DeviceId, UploadId};
use muster_core::outcome::Outcome;
use muster_core::record::Checked;
use muster_core::report::{ReportRow, RowOutcome};
use muster_core::upload::Batch;

use super::{Examined, legible, readable};
use crate::error::StoreError;
use crate::fsck::Fsck;
use crate::fsck::words::Code;
use crate::keys::{self, Kind};
use crate::receipts::outcomes;
use crate::table::Query;
use crate::uploads::{GROUP, GroupItem};

/// What is known of a batch that is to be checked.
struct Looked<'a> {
    number: u32,
    batch: &'a Batch,
    done: bool,
    /// What its receipts tell, in the order of their keys.
    told: Vec<RowOutcome>,
    /// The rows that registered a device of which no receipt tells.
    untold: BTreeSet<u64>,
}

impl Fsck {
    /// What happened up to `oldest` may have no receipts any more.
    pub(super) async fn check_rows(
        &self,
        examined: &mut Examined<'_>,
        groups: &BTreeMap<u32, GroupItem>,
        batches: &[Batch],
        oldest: Timestamp,
    ) -> Result<(), StoreError> {
        let all_kept = examined.status.created_at > oldest;
        let mut counts = BTreeMap::new();
        for (number, batch) in (0..).zip(batches) {
            let Some(told) = self.outcomes(&examined.status.id, number).await? else {
                examined.suspect(
                    Code::ReceiptBroken,
                    format!("a receipt of its batch {number} cannot be read"),
                );
                continue;
            };
            let untold = self.check_untold(examined, batch, &told, oldest).await?;
            if all_kept {
                let done = groups
                    .get(&(number / GROUP))
                    .is_some_and(|group| group.done.contains(&number));
                let looked = Looked {
                    number,
                    batch,
                    done,
                    told,
                    untold,
                };
                self.check_batch(examined, &looked, &mut counts).await?;
            }
        }
        // An upload that is not finished has no counts yet.
        let counted = all_kept && !examined.status.counts.is_empty();
        if counted && examined.suspects.is_empty() && counts != examined.status.counts {
            examined.suspect(Code::CountsDiffer, "its counts are not those of its rows");
        }
        Ok(())
    }

    async fn check_batch(
        &self,
        examined: &mut Examined<'_>,
        looked: &Looked<'_>,
        counts: &mut BTreeMap<Outcome, u64>,
    ) -> Result<(), StoreError> {
        let id = &examined.status.id;
        let Looked {
            number,
            batch,
            done,
            ref told,
            ref untold,
        } = *looked;
        if !done && told.is_empty() {
            return Ok(());
        }
        let checked = match readable(self.validated.get(id, number).await)? {
            Ok(Some(checked)) => checked,
            Ok(None) => {
                examined.suspect(
                    Code::ObjectMissing,
                    format!("its batch {number} was validated, and is not there"),
                );
                return Ok(());
            }
            Err(error) => {
                let detail = format!("its validated batch {number} cannot be read: {error}");
                examined.suspect(Code::ObjectUnreadable, detail);
                return Ok(());
            }
        };
        if !(batch.first_row..)
            .take(checked.len())
            .eq(checked.iter().map(|row| row.place().row))
            || u32::try_from(checked.len()) != Ok(batch.rows)
        {
            let detail = format!("its validated batch {number} does not hold the rows that were cut");
            examined.suspect(Code::ObjectUnreadable, detail);
            return Ok(());
        }
        let valid: HashMap<u64, &Checked> = checked
            .iter()
            .filter(|row| matches!(row, Checked::Valid(_)))
            .map(|row| (row.place().row, row))
            .collect();
        if let Some(stray) = told.iter().find(|outcome| !valid.contains_key(&outcome.row)) {
            let detail = format!(
                "a receipt of its batch {number} tells of row {}, which is none to register",
                stray.row
            );
            examined.suspect(Code::ReceiptBroken, detail);
        }
        if let Some(pair) = told.windows(2).find(|pair| matches!(pair, [a, b] if a.row >= b.row)) {
            let row = pair.last().map_or(0, |outcome| outcome.row);
            examined.suspect(
                Code::ReceiptBroken,
                format!("receipts of its batch {number} overlap at row {row}"),
            );
        }
        let told: HashMap<u64, &RowOutcome> = told.iter().map(|outcome| (outcome.row, outcome)).collect();
        for row in &checked {
            match ReportRow::new(id, row, told.get(&row.place().row).copied()) {
                Some(row) => *counts.entry(row.outcome).or_default() += 1,
                None if done && !untold.contains(&row.place().row) => {
                    let row = row.place().row;
                    examined.suspect(Code::ReceiptBroken, format!("row {row} is done, and has no outcome"));
                }
                None => {}
            }
        }
        if examined.status.channel == Some(Channel::Catalogue) {
            return self.check_entries(examined, told.into_values()).await;
        }
        self.check_devices(examined, told.into_values()).await
    }

    /// What receipts tell of a batch, in the order of their keys; `None` where one of them cannot be read.
    async fn outcomes(&self, id: &UploadId, number: u32) -> Result<Option<Vec<RowOutcome>>, StoreError> {
        let partition = keys::receipts(id, number);
        let items = self.table.query_all(Query {
            partition: &partition,
            ..Query::default()
        });
        let mut rows = Vec::new();
        for item in items.await? {
            let sort = item
                .get("sk")
                .and_then(|sk| sk.as_s().ok())
                .cloned()
                .unwrap_or_default();
            let first = match keys::parse(&partition, &sort) {
                Some(Kind::Receipt(_, _, first)) => Some(first),
                _ => None,
            };
            let Some(told) = legible(outcomes(item))? else {
                return Ok(None);
            };
            if told.first().map(|outcome| outcome.row) != first {
                return Ok(None);
            }
            rows.extend(told);
        }
        Ok(Some(rows))
    }

    /// No row has registered a device, later than `oldest`, of which its receipt does not tell; the rows that have. A device's
    /// id follows from the row that registered it, and neither changes when it is updated, merged or released: so it is
    /// looked up by the rows that tell of no new one, and those that do cost nothing.
    async fn check_untold(
        &self,
        examined: &mut Examined<'_>,
        batch: &Batch,
        told: &[RowOutcome],
        oldest: Timestamp,
    ) -> Result<BTreeSet<u64>, StoreError> {
        let told: HashMap<u64, Outcome> = told.iter().map(|told| (told.row, told.outcome)).collect();
        let predicted = examined.only_predicts();
        let rows: BTreeMap<DeviceId, u64> = (batch.first_row..)
            .take(usize::try_from(batch.rows).unwrap_or(usize::MAX))
            // An upload that only predicts registers no device whatever its rows came to.
            .filter(|row| predicted || told.get(row) != Some(&Outcome::Registered))
            .map(|row| (DeviceId::of_row(&examined.status.id, row), row))
            .collect();
        let ids: Vec<DeviceId> = rows.keys().copied().collect();
        let Some(devices) = legible(self.devices.get_many(&ids).await)? else {
            // Told of the item that cannot be read.
            return Ok(BTreeSet::new());
        };
        let mut untold = BTreeSet::new();
        for device in devices.iter().filter(|device| device.registered_at > oldest) {
            let Some(row) = rows.get(&device.id).copied() else {
                continue;
            };
            let detail = match told.get(&row) {
                None => format!("row {row} registered device {}, and has no receipt", device.id),
                Some(outcome) => format!(
                    "row {row} registered device {}, and its receipt says: {}",
                    device.id,
                    outcome.entry().meaning
                ),
            };
            examined.suspect(Code::ReceiptMissing, detail);
            untold.insert(row);
        }
        Ok(untold)
    }

    /// The entries that receipts of a catalogue upload tell of exist.
    async fn check_entries(
        &self,
        examined: &mut Examined<'_>,
        told: impl Iterator<Item = &RowOutcome>,
    ) -> Result<(), StoreError> {
        if examined.only_predicts() {
            return Ok(());
        }
        let mut wanted: Vec<(u64, EntryId)> = told
            .filter(|told| told.outcome.is_success())
            .filter_map(|told| Some((told.row, told.entry?)))
            .collect();
        wanted.sort_unstable();
        let ids: BTreeSet<EntryId> = wanted.iter().map(|(_, id)| *id).collect();
        let ids: Vec<EntryId> = ids.into_iter().collect();
        let Some(entries) = legible(self.catalogue.get_many(&ids).await)? else {
            return Ok(());
        };
        let there: BTreeSet<EntryId> = entries.iter().map(|entry| entry.id).collect();
        for (row, id) in wanted.into_iter().filter(|(_, id)| !there.contains(id)) {
            let detail = format!("row {row} came to catalogue entry {id}, which does not exist");
            examined.suspect(Code::DeviceMissing, detail);
        }
        Ok(())
    }

    /// The devices that receipts tell of exist, and belong to the tenant.
    async fn check_devices(
        &self,
        examined: &mut Examined<'_>,
        told: impl Iterator<Item = &RowOutcome>,
    ) -> Result<(), StoreError> {
        let status = examined.status;
        let mut wanted: Vec<(u64, DeviceId)> = told
            .filter(|told| told.outcome.is_success() || told.outcome == Outcome::DuplicateInUpload)
            .filter(|told| told.entry.is_none())
            .filter(|told| !(examined.only_predicts() && told.outcome == Outcome::Registered))
            .filter_map(|told| match told.outcome {
                Outcome::Registered => Some((told.row, DeviceId::of_row(&status.id, told.row))),
                _ => Some((told.row, told.device?)),
            })
            .collect();
        wanted.sort_unstable();
        let mut ids: Vec<DeviceId> = wanted.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let Some(devices) = legible(self.devices.get_many(&ids).await)? else {
            return Ok(());
        };
        let devices: HashMap<DeviceId, Device> = devices.into_iter().map(|device| (device.id, device)).collect();
        for (row, id) in wanted {
            match devices.get(&id) {
                None => examined.suspect(
                    Code::DeviceMissing,
                    format!("row {row} came to device {id}, which does not exist"),
                ),
                Some(device) if Some(device.tenant) != status.tenant => examined.suspect(
                    Code::ReceiptBroken,
                    format!("row {row} came to device {id}, which is another tenant's"),
                ),
                Some(_) => {}
            }
        }
        Ok(())
    }
}
