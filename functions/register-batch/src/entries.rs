//! Batches of a catalogue upload: rows become entries, slice by slice, as rows of other uploads become devices.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use muster_core::Timestamp;
use muster_core::catalogue::{Entry, EntryContext, EntryDecision, EntryId, EntryLeft, decide, leads};
use muster_core::identity::IdentityKey;
use muster_core::outcome::Outcome;
use muster_core::record::Record;
use muster_core::report::RowOutcome;
use muster_core::upload::Upload;
use muster_runtime::Failure;
use muster_store::catalogue::{EntrySlice, Leads, PlannedEntry, actions_of_entry};
use muster_store::devices::{MAX_ACTIONS, SliceWritten};
use muster_store::receipts::Receipt;

use crate::complete::By;
use crate::led::by_key;
use crate::slices::{MAX_ROWS, MAX_TRIES};
use crate::{Clock, RegisterBatch};

/// A batch under work.
struct Work<'a> {
    upload: &'a Upload,
    number: u32,
    context: EntryContext<'a>,
    shard: u32,
    /// How many rows the next slice may have; smaller while a row is looked for that the store takes never.
    width: usize,
    tries: u32,
}

/// A row and what to do for it.
struct Planned {
    record: Record,
    decision: EntryDecision,
    /// Where its identities led when that was decided.
    leads: Leads,
}

impl Work<'_> {
    /// The rows from the front that fit one transaction, at least one. A transaction holds each item once: an entry, and an
    /// identity that leads to it.
    fn slice(&self, planned: &[Planned]) -> Vec<PlannedEntry> {
        let (mut actions, mut rows) = (0, Vec::new());
        let (mut entries, mut touched) = (HashSet::new(), HashSet::new());
        for planned in planned.iter().take(self.width) {
            actions += actions_of_entry(&planned.decision);
            let stored = planned.decision.stored();
            let again = stored.is_some_and(|entry| {
                let keys = entry.leading_keys().collect::<Vec<_>>();
                keys.iter().any(|key| touched.contains(key)) || entries.contains(&entry.id)
            });
            let full = actions > MAX_ACTIONS && !self.upload.options.validate_only;
            if (full || again) && !rows.is_empty() {
                break;
            }
            if let Some(entry) = stored {
                entries.insert(entry.id);
                touched.extend(entry.leading_keys());
            }
            rows.push(PlannedEntry {
                row: planned.record.place.row,
                decision: planned.decision.clone(),
                leads: planned.leads.clone(),
            });
        }
        rows
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
    /// Lists the rows of a batch in their manufacturer's catalogue, and completes devices that were registered by what the rows
    /// say. `false` where the upload ended meanwhile, and rows are left.
    pub(crate) async fn catalogue(
        &self,
        upload: &Upload,
        number: u32,
        mut records: Vec<Record>,
        clock: Clock<'_>,
    ) -> Result<bool, Failure> {
        let partner = upload.registrant.partner();
        let partner = partner.ok_or_else(|| Failure::Poison("a catalogue upload has no manufacturer".to_owned()))?;
        let keys = keys_of(&records);
        let mut work = Work {
            upload,
            number,
            context: EntryContext {
                upload: &upload.id,
                partner,
                manufacturers: &upload.manufacturers,
                intended_for: upload.options.intended_for.as_ref(),
                now: clock(),
            },
            shard: number,
            width: MAX_ROWS,
            tries: 0,
        };
        let done = self.receipts.of_batch(&upload.id, number).await?;
        if let Some(last) = done.last() {
            records.retain(|record| record.place.row > last.row);
        }
        let mut planned = self.plan_entries(records, &work.context).await?;
        let (mut first, mut ended) = (true, false);
        while !planned.is_empty() {
            if !std::mem::take(&mut first) && self.has_ended(upload).await? {
                ended = true;
                break;
            }
            self.write_entries(&mut work, &mut planned, clock()).await?;
        }
        if !upload.options.validate_only {
            let by = By {
                pin: &upload.grant,
                number,
                clock,
            };
            self.complete_after_entries(keys, by).await?;
        }
        Ok(!ended)
    }

    /// Decides about rows, as of now.
    async fn plan_entries(&self, records: Vec<Record>, context: &EntryContext<'_>) -> Result<Vec<Planned>, Failure> {
        let id_of = |record: &Record| record.keys.first().map(|key| EntryId::of_key(context.partner, *key));
        let ids: BTreeSet<EntryId> = records.iter().filter_map(id_of).collect();
        let keys = keys_of(&records);
        let found = self.catalogue.around(&ids, &keys).await?;
        let own: Vec<Entry> = found
            .entries
            .into_values()
            .filter(|e| e.partner == *context.partner)
            .collect();
        let (by_key, by_id): (_, HashMap<EntryId, &Entry>) = (by_key(&own), own.iter().map(|e| (e.id, e)).collect());
        let planned = records.into_iter().map(|record| {
            let mut near: Vec<Entry> = Vec::new();
            let led = record.keys.iter().filter_map(|key| by_key.get(key)).flatten().copied();
            for entry in led.chain(id_of(&record).and_then(|id| by_id.get(&id).copied())) {
                if near.iter().all(|other| other.id != entry.id) {
                    near.push(entry.clone());
                }
            }
            let decision = decide(&record, context, &near);
            let leads = lead_keys(&record).filter_map(|key| Some((key, found.leads.get(&key)?.clone())));
            let leads = leads.collect();
            Planned {
                record,
                decision,
                leads,
            }
        });
        Ok(planned.collect())
    }

    /// Writes the next slice, or finds out why it cannot be written and mends the plan. Rows that are done leave it.
    async fn write_entries(
        &self,
        work: &mut Work<'_>,
        planned: &mut Vec<Planned>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let rows = work.slice(planned);
        let receipt = work.receipt(rows.iter().map(outcome_of).collect());
        let slice = EntrySlice {
            pin: &work.upload.grant,
            shard: work.shard,
            now,
            receipt: &receipt,
            rows: if work.upload.options.validate_only { &[] } else { &rows },
        };
        match self.catalogue.write_slice(&slice).await? {
            SliceWritten::Done => {
                planned.drain(..rows.len());
                work.shard = work.shard.wrapping_add(1);
                (work.tries, work.width) = (0, MAX_ROWS);
                return Ok(());
            }
            SliceWritten::Repeated => return self.skip_entries(work, planned).await,
            SliceWritten::Refused => return self.refuse_entries(work, planned, now).await,
            SliceWritten::ShardBusy => work.shard = work.shard.wrapping_add(1),
            SliceWritten::Stale { busy: true, .. } => {}
            SliceWritten::Stale { .. } => {
                let records = planned.drain(..).map(|planned| planned.record).collect();
                *planned = self.plan_entries(records, &work.context).await?;
            }
            SliceWritten::Invalid if rows.len() > 1 => work.width = rows.len().div_ceil(2),
            SliceWritten::Invalid => give_up_first(planned),
        }
        work.tries += 1;
        if work.tries > MAX_TRIES {
            return Err(Failure::Retry("other writers were faster each time".to_owned()));
        }
        let jitter = u64::from(work.number.wrapping_mul(7).wrapping_add(work.tries.wrapping_mul(13)) % 11);
        tokio::time::sleep(Duration::from_millis(u64::from(work.tries) + jitter)).await;
        Ok(())
    }

    /// Another worker wrote this slice: what it did is done.
    async fn skip_entries(&self, work: &Work<'_>, planned: &mut Vec<Planned>) -> Result<(), Failure> {
        let done = self.receipts.of_batch(&work.upload.id, work.number).await?;
        if let Some(last) = done.last() {
            planned.retain(|planned| planned.record.place.row > last.row);
        }
        Ok(())
    }

    /// The catalogue's grant is gone: all rows that are left fail.
    async fn refuse_entries(&self, work: &Work<'_>, planned: &mut Vec<Planned>, now: Timestamp) -> Result<(), Failure> {
        let outcome = self.denial(work.upload, now).await?.outcome();
        let count = planned.len().min(MAX_ROWS);
        let refused = planned.iter().take(count).map(|planned| RowOutcome {
            row: planned.record.place.row,
            outcome,
            device: None,
            entry: None,
            other_line: None,
            detail: None,
        });
        if self.receipts.put(&work.receipt(refused.collect()), now).await? {
            planned.drain(..count);
            return Ok(());
        }
        self.skip_entries(work, planned).await
    }
}

fn give_up_first(planned: &mut [Planned]) {
    if let Some(first) = planned.first_mut() {
        first.decision = EntryDecision::Leave(EntryLeft {
            outcome: Outcome::StorageError,
            entry: None,
            detail: Some("the store refused this row".to_owned()),
        });
    }
}

fn outcome_of(planned: &PlannedEntry) -> RowOutcome {
    let detail = match &planned.decision {
        EntryDecision::Leave(left) => left.detail.clone(),
        _ => None,
    };
    RowOutcome {
        row: planned.row,
        outcome: planned.decision.outcome(),
        device: None,
        entry: planned.decision.entry(),
        other_line: None,
        detail,
    }
}

/// The identities of rows that will lead to their entries.
pub(crate) fn keys_of(records: &[Record]) -> BTreeSet<IdentityKey> {
    records.iter().flat_map(lead_keys).collect()
}

/// The identities of a row that will lead to its entry.
fn lead_keys(record: &Record) -> impl Iterator<Item = IdentityKey> + '_ {
    record.keys.iter().copied().filter(|key| leads(*key))
}
