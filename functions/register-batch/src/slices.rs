//! Writes planned rows, slice by slice.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use muster_core::Timestamp;
use muster_core::decide::{Decision, Left};
use muster_core::device::{RowContext, Source};
use muster_core::id::DeviceId;
use muster_core::identity::IdentityKey;
use muster_core::outcome::Outcome;
use muster_core::record::{Place, Record};
use muster_core::report::RowOutcome;
use muster_core::upload::Upload;
use muster_runtime::Failure;
use muster_store::devices::{MAX_ACTIONS, PlannedRow, Slice, SliceWritten, actions_of};
use muster_store::receipts::Receipt;

use crate::RegisterBatch;
use crate::plan::{Decided, Planned};

/// How many rows one receipt holds at most, so that its item stays far below 400 KB.
pub(crate) const MAX_ROWS: usize = 500;

/// How often a slice is tried before the whole message is.
pub(crate) const MAX_TRIES: u32 = 40;

/// A batch under work.
pub(crate) struct Work<'a> {
    upload: &'a Upload,
    number: u32,
    context: RowContext<'a>,
    /// The shard of the grant that is checked; the next one after each slice and each conflict.
    shard: u32,
    /// Devices that a row of this batch stands for already.
    taken: HashMap<DeviceId, Standing>,
    /// How many rows the next slice may have; smaller while a row is looked for that the store takes never.
    width: usize,
    tries: u32,
}

/// The row that stands for a device, and the device that it came to where several were merged.
#[derive(Debug, Clone)]
struct Standing {
    row: Source,
    device: DeviceId,
}

impl<'a> Work<'a> {
    pub(crate) fn new(upload: &'a Upload, number: u32, context: RowContext<'a>) -> Self {
        Self {
            upload,
            number,
            context,
            shard: number,
            taken: HashMap::new(),
            width: MAX_ROWS,
            tries: 0,
        }
    }

    /// The rows from the front that fit one transaction, at least one. A row whose device another row of the slice or of
    /// an earlier one stands for is left as a duplicate: a transaction holds each item once. The plan stays as it is, since
    /// that other row may yet fail.
    fn slice(&self, planned: &[Planned]) -> Vec<PlannedRow> {
        let mut taken = HashMap::new();
        let mut written = HashSet::new();
        let (mut claimed, mut leads) = (HashSet::new(), HashSet::new());
        let mut actions = 0;
        let mut rows = Vec::new();
        for planned in planned.iter().take(self.width) {
            let other = devices_of(&planned.decision)
                .into_iter()
                .find_map(|id| self.taken.get(&id).or_else(|| taken.get(&id)));
            let decision = other.map_or_else(|| planned.decision.clone(), duplicate_of);
            let entry = planned.entry.filter(|_| other.is_none());
            actions += actions_of(&decision) + usize::from(entry.is_some());
            let devices = written_by(&decision);
            // The catalogue may have shown that two rows are one device.
            let claims = claims_of(&decision);
            let again = devices.iter().any(|id| written.contains(id))
                || claims.iter().any(|key| claimed.contains(key))
                || entry.is_some_and(|entry| leads.contains(&entry.id));
            let full = actions > MAX_ACTIONS && !self.predicts();
            if (full || again) && !rows.is_empty() {
                break;
            }
            // A duplicate that adds to a device, and a row that marks one, do not stand for it: the next one comes after this
            // one, in a slice of its own.
            written.extend(devices);
            claimed.extend(claims);
            leads.extend(entry.map(|entry| entry.id));
            taken.extend(standing(&decision, &self.source(&planned.record)));
            rows.push(PlannedRow {
                row: planned.record.place.row,
                decision,
                entry,
            });
        }
        rows
    }

    /// Takes over what receipts say of rows of this batch, which stand at `places`: for which devices they stand. The
    /// last row that is done; slices run in order, so everything up to it is.
    pub(crate) fn take_over(&mut self, done: &[RowOutcome], places: impl Iterator<Item = Place>) -> Option<u64> {
        let last = done.last()?.row;
        let places: HashMap<u64, Place> = places.map(|place| (place.row, place)).collect();
        for outcome in done {
            let device = match outcome.outcome {
                Outcome::Registered => Some(DeviceId::of_row(&self.upload.id, outcome.row)),
                Outcome::Updated | Outcome::Unchanged => outcome.device,
                _ => None,
            };
            let place = places.get(&outcome.row).copied();
            if let (Some(device), Some(place)) = (device, place) {
                let upload = self.upload.id.clone();
                let row = Source { upload, place };
                self.taken.insert(device, Standing { row, device });
            }
        }
        Some(last)
    }

    /// Whether only receipts are written.
    const fn predicts(&self) -> bool {
        self.upload.options.validate_only
    }

    fn source(&self, record: &Record) -> Source {
        Source {
            upload: self.upload.id.clone(),
            place: record.place,
        }
    }

    fn receipt(&self, rows: Vec<RowOutcome>) -> Receipt {
        Receipt {
            upload: self.upload.id.clone(),
            batch: self.number,
            rows,
        }
    }
}

impl RegisterBatch<'_> {
    /// Writes the next slice, or finds out why it cannot be written and mends the plan. Rows that are done leave it.
    pub(crate) async fn write_next(
        &self,
        work: &mut Work<'_>,
        planned: &mut Vec<Planned>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let rows = work.slice(planned);
        let receipt = work.receipt(rows.iter().map(outcome_of).collect());
        let slice = Slice {
            pin: &work.upload.grant,
            shard: work.shard,
            now,
            receipt: &receipt,
            // What is only predicted needs the consent, too, and changes no device.
            rows: if work.predicts() { &[] } else { &rows },
        };
        match self.devices.write_slice(&slice).await? {
            SliceWritten::Done => {
                for (done, row) in planned.drain(..rows.len()).zip(&rows) {
                    let source = work.source(&done.record);
                    work.taken.extend(standing(&row.decision, &source));
                }
                // Onwards to the next shard, so that a writer soon meets one that a revocation has closed.
                work.shard = work.shard.wrapping_add(1);
                (work.tries, work.width) = (0, MAX_ROWS);
                return Ok(());
            }
            SliceWritten::Repeated => return self.skip_done(work, planned).await,
            SliceWritten::Refused => return self.refuse_rest(work, planned, now).await,
            SliceWritten::ShardBusy => {
                work.shard = work.shard.wrapping_add(1);
                pause(work).await;
            }
            SliceWritten::Stale { rows: stale, busy } => {
                if !busy {
                    self.plan_again(work, planned, &stale).await?;
                }
                if busy || work.tries > 0 {
                    pause(work).await;
                }
            }
            SliceWritten::Invalid if rows.len() > 1 => work.width = rows.len().div_ceil(2),
            SliceWritten::Invalid => give_up_first(planned),
        }
        work.tries += 1;
        if work.tries > MAX_TRIES {
            return Err(Failure::Retry("other writers were faster each time".to_owned()));
        }
        Ok(())
    }

    /// Another worker wrote this slice: what it did is done.
    async fn skip_done(&self, work: &mut Work<'_>, planned: &mut Vec<Planned>) -> Result<(), Failure> {
        let done = self.receipts.of_batch(&work.upload.id, work.number).await?;
        if let Some(last) = work.take_over(&done, planned.iter().map(|p| p.record.place)) {
            planned.retain(|planned| planned.record.place.row > last);
        }
        Ok(())
    }

    /// The consent is gone, for good as far as this upload is concerned: all rows that are left fail.
    async fn refuse_rest(
        &self,
        work: &mut Work<'_>,
        planned: &mut Vec<Planned>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let outcome = self.denial(work.upload, now).await?.outcome();
        let count = planned.len().min(MAX_ROWS);
        let refused = planned
            .iter()
            .take(count)
            .map(|p| plain(p.record.place.row, outcome))
            .collect();
        if self.receipts.put(&work.receipt(refused), now).await? {
            planned.drain(..count);
            return Ok(());
        }
        self.skip_done(work, planned).await
    }

    /// Plans stale rows again, and with them the rows that were planned for the same devices.
    async fn plan_again(&self, work: &Work<'_>, planned: &mut [Planned], stale: &[usize]) -> Result<(), Failure> {
        let changed: HashSet<DeviceId> = stale
            .iter()
            .filter_map(|at| planned.get(*at))
            .flat_map(|p| concerned(&p.decision))
            .collect();
        let records: Vec<&Record> = planned
            .iter()
            .enumerate()
            .filter(|(at, p)| stale.contains(at) || concerned(&p.decision).iter().any(|id| changed.contains(id)))
            .map(|(_, p)| &p.record)
            .collect();
        let required = work.upload.require_catalogue;
        let mut decided = self.decide_anew(&records, &work.context, required).await?;
        for planned in planned.iter_mut() {
            if let Some(Decided { decision, entry }) = decided.remove(&planned.record.place.row) {
                planned.decision = decision;
                planned.entry = entry;
            }
        }
        Ok(())
    }
}

/// A few milliseconds, more after each try, and different for each batch.
async fn pause(work: &Work<'_>) {
    let jitter = u64::from(work.number.wrapping_mul(7).wrapping_add(work.tries.wrapping_mul(13)) % 11);
    tokio::time::sleep(Duration::from_millis(5 * u64::from(work.tries.min(10)) + jitter)).await;
}

fn give_up_first(planned: &mut [Planned]) {
    if let Some(first) = planned.first_mut() {
        let detail = Some("the store refused this row".to_owned());
        first.decision = Decision::Leave(Left {
            outcome: Outcome::StorageError,
            device: None,
            other: None,
            detail,
        });
    }
}

/// The devices whose items a decision writes.
fn written_by(decision: &Decision) -> Vec<DeviceId> {
    match decision {
        Decision::Leave(_) => Vec::new(),
        other => concerned(other),
    }
}

/// The devices that have to be as they were seen for a decision to hold.
fn concerned(decision: &Decision) -> Vec<DeviceId> {
    match decision {
        Decision::Mark(marking) => vec![marking.device.id],
        other => devices_of(other),
    }
}

/// The devices that a row stands for by this decision, first the one that stays.
fn devices_of(decision: &Decision) -> Vec<DeviceId> {
    match decision {
        Decision::Insert(device) => vec![device.id],
        Decision::Update(change) => std::iter::once(change.device.id)
            .chain(change.absorbed.iter().map(|device| device.id))
            .collect(),
        Decision::Leave(Left {
            outcome: Outcome::Unchanged,
            device,
            ..
        }) => device.iter().copied().collect(),
        Decision::Leave(_) | Decision::Mark(_) => Vec::new(),
    }
}

/// The identities that a decision claims.
fn claims_of(decision: &Decision) -> Vec<IdentityKey> {
    match decision {
        Decision::Insert(device) => device.keys.clone(),
        Decision::Update(change) => [&*change.new_keys, &*change.freed_keys].concat(),
        Decision::Leave(_) | Decision::Mark(_) => Vec::new(),
    }
}

/// For which devices the row stands once its decision is carried out.
fn standing(decision: &Decision, row: &Source) -> Vec<(DeviceId, Standing)> {
    if matches!(decision, Decision::Update(change) if change.duplicate_of.is_some()) {
        return Vec::new();
    }
    let devices = devices_of(decision);
    let Some(device) = devices.first().copied() else {
        return Vec::new();
    };
    let standing = Standing {
        row: row.clone(),
        device,
    };
    devices.into_iter().map(|id| (id, standing.clone())).collect()
}

fn duplicate_of(other: &Standing) -> Decision {
    Decision::Leave(Left {
        outcome: Outcome::DuplicateInUpload,
        device: Some(other.device),
        other: Some(other.row.clone()),
        detail: None,
    })
}

const fn plain(row: u64, outcome: Outcome) -> RowOutcome {
    RowOutcome {
        row,
        outcome,
        device: None,
        entry: None,
        other_line: None,
        detail: None,
    }
}

fn outcome_of(planned: &PlannedRow) -> RowOutcome {
    match &planned.decision {
        Decision::Insert(_) => plain(planned.row, Outcome::Registered),
        Decision::Update(change) => {
            let outcome = match change.duplicate_of {
                Some(_) => Outcome::DuplicateInUpload,
                None => Outcome::Updated,
            };
            RowOutcome {
                device: Some(change.device.id),
                other_line: change.duplicate_of.as_ref().map(|other| other.place.line),
                ..plain(planned.row, outcome)
            }
        }
        Decision::Mark(marking) => RowOutcome {
            detail: Some(marking.detail.clone()),
            ..plain(planned.row, Outcome::Ambiguous)
        },
        Decision::Leave(left) => RowOutcome {
            device: left.device,
            other_line: left.other.as_ref().map(|other| other.place.line),
            detail: left.detail.clone(),
            ..plain(planned.row, left.outcome)
        },
    }
}
