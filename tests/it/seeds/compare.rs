//! Whether a run with mishaps came to what the calm run came to.
//!
//! Of several rows that stand for the same device, any may win when nothing says which comes first: rows of lists that
//! were dropped at once, or of several batches. Such rows, and all that share an identity with them, are *open*: of
//! them only that holds which holds of every run. Everything else is the same to the byte.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;

use muster_core::device::{Device, DeviceState};
use muster_core::id::DeviceId;
use muster_core::identity::IdentityKey;
use muster_core::outcome::Outcome;

use super::scenario::{Scenario, Step};
use super::seen::{Observed, SeenUpload};

/// What differs between the runs, and what is wrong with the second one by itself.
pub(crate) fn differences(scenario: &Scenario, calm: &Observed, found: &Observed) -> Vec<String> {
    let mut all = found.faults();
    let groups = Groups::of(scenario, [calm, found]);
    for (number, (a, b)) in calm.uploads.iter().zip(&found.uploads).enumerate() {
        let list = |what: &str| format!("list {number}: {what}");
        let always = |u: &SeenUpload| {
            (
                u.status.reason.clone(),
                u.status.notices.clone(),
                u.status.total,
                u.status.rows,
            )
        };
        differ(&mut all, &list("reason, notices, total"), &always(a), &always(b));
        let is_open = |row: &u64| groups.open_rows.contains(&(number, *row));
        let closed = |u: &SeenUpload| -> BTreeMap<u64, Vec<String>> {
            u.report
                .iter()
                .filter(|(row, _)| !is_open(row))
                .map(|(row, line)| (*row, line.clone()))
                .collect()
        };
        for (row, line) in closed(a) {
            differ(
                &mut all,
                &list(&format!("row {row}")),
                &Some(&line),
                &closed(b).get(&row),
            );
        }
        if a.report.keys().any(is_open) {
            continue;
        }
        let whole = |u: &SeenUpload| {
            (
                u.status.state,
                u.status.counts.clone(),
                u.summary.clone(),
                u.fixit.clone(),
            )
        };
        differ(
            &mut all,
            &list("state, counts, summary, fix-it file"),
            &whole(a),
            &whole(b),
        );
    }
    let closed = |o: &Observed| -> BTreeMap<DeviceId, Device> {
        let devices = o.devices.iter().filter(|(_, device)| !groups.is_open(device));
        devices.map(|(id, device)| (*id, device.clone())).collect()
    };
    let (a, b) = (closed(calm), closed(found));
    for id in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
        differ(&mut all, &format!("device {id}"), &a.get(id), &b.get(id));
    }
    let (a, b) = (groups.open_devices(calm), groups.open_devices(found));
    for group in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
        let rows = &groups.rows[group];
        differ(
            &mut all,
            &format!("devices of the rows {rows:?}"),
            &a.get(group),
            &b.get(group),
        );
    }
    if groups.open_rows.is_empty() {
        differ(&mut all, "events", &calm.events, &found.events);
    }
    differ(&mut all, "number of events", &calm.events.len(), &found.events.len());
    all
}

fn differ<T: Debug + PartialEq>(all: &mut Vec<String>, what: &str, calm: &T, found: &T) {
    if calm != found {
        all.push(format!("{what}\n    calm:  {calm:?}\n    found: {found:?}"));
    }
}

/// A row that is in order, and its identities.
struct OneRow<'a> {
    list: usize,
    batch: usize,
    row: u64,
    keys: &'a [IdentityKey],
}

fn rows_of(observed: &Observed) -> Vec<OneRow<'_>> {
    let mut rows = Vec::new();
    for (list, upload) in observed.uploads.iter().enumerate() {
        for (batch, seen) in upload.batches.iter().enumerate() {
            rows.extend(seen.records().map(|record| OneRow {
                list,
                batch,
                row: record.place.row,
                keys: &record.keys,
            }));
        }
    }
    rows
}

/// Rows that share identities, directly or by way of others.
struct Groups {
    group_of: HashMap<IdentityKey, usize>,
    /// The rows of each group: list and row.
    rows: BTreeMap<usize, Vec<(usize, u64)>>,
    open: BTreeSet<usize>,
    /// The rows of open groups.
    open_rows: BTreeSet<(usize, u64)>,
    /// Groups of which even the devices depend on the order: rows contradict each other, or the device of one of them
    /// was released, if it was that one which was registered, or several senders want it: another tenant's device, and one
    /// that the tenant's own IT registered, are left as they are.
    loose: BTreeSet<usize>,
}

impl Groups {
    fn of(scenario: &Scenario, runs: [&Observed; 2]) -> Self {
        let rows = rows_of(runs[0]);
        let mut groups = Self {
            group_of: united(&rows),
            rows: BTreeMap::new(),
            open: BTreeSet::new(),
            open_rows: BTreeSet::new(),
            loose: BTreeSet::new(),
        };
        for row in &rows {
            groups
                .rows
                .entry(groups.of_keys(row.keys))
                .or_default()
                .push((row.list, row.row));
        }
        groups.find_open(scenario, &rows, runs);
        groups.find_loose(scenario, &rows, runs);
        groups
    }

    /// Rows of several batches of one step meet, or several new devices of one batch, whose age says which one stays
    /// when they turn out to be one.
    fn find_open(&mut self, scenario: &Scenario, rows: &[OneRow<'_>], runs: [&Observed; 2]) {
        let step = |list| {
            let drops = |step: &Step| matches!(step, Step::Lists(lists) if lists.contains(&list));
            scenario.steps.iter().position(drops)
        };
        let mut batches: BTreeMap<_, BTreeSet<(usize, usize)>> = BTreeMap::new();
        for row in rows {
            let group = self.of_keys(row.keys);
            batches
                .entry((group, step(row.list)))
                .or_default()
                .insert((row.list, row.batch));
        }
        let met = batches.iter().filter(|(_, batches)| batches.len() > 1);
        self.open.extend(met.map(|((group, _), _)| *group));
        for run in runs {
            let mut new = BTreeSet::new();
            for row in rows.iter().filter(|row| outcome(run, row) == Some(Outcome::Registered)) {
                let group = self.of_keys(row.keys);
                if !new.insert((group, row.list, row.batch)) {
                    self.open.insert(group);
                }
            }
        }
        let open = self.rows.iter().filter(|(group, _)| self.open.contains(group));
        self.open_rows.extend(open.flat_map(|(_, rows)| rows));
    }

    fn find_loose(&mut self, scenario: &Scenario, rows: &[OneRow<'_>], runs: [&Observed; 2]) {
        let mut senders = HashMap::new();
        for row in rows {
            let group = self.of_keys(row.keys);
            let list = &scenario.lists[row.list];
            let sender = (list.tenant, list.partner);
            let released =
                |step: &Step| matches!(step, Step::Release { list, row: r } if (*list, *r) == (row.list, row.row));
            if *senders.entry(group).or_insert(sender) != sender
                || scenario.steps.iter().any(released)
                || runs.iter().any(|run| outcome(run, row) == Some(Outcome::Ambiguous))
            {
                self.loose.insert(group);
            }
        }
    }

    fn of_keys(&self, keys: &[IdentityKey]) -> usize {
        let group = keys.iter().find_map(|key| self.group_of.get(key));
        *group.expect("every row and every device has an identity of a group")
    }

    fn is_open(&self, device: &Device) -> bool {
        self.open.contains(&self.of_keys(&device.keys))
    }

    /// Of each open group that is not loose: the identities of its devices. They are the same whichever row came first.
    fn open_devices(&self, observed: &Observed) -> BTreeMap<usize, BTreeSet<Vec<String>>> {
        let mut devices: BTreeMap<usize, BTreeSet<Vec<String>>> = BTreeMap::new();
        for device in observed
            .devices
            .values()
            .filter(|device| device.state == DeviceState::Registered)
        {
            let group = self.of_keys(&device.keys);
            if self.open.contains(&group) && !self.loose.contains(&group) {
                let short = |key: &IdentityKey| key.to_string().chars().take(6).collect();
                devices
                    .entry(group)
                    .or_default()
                    .insert(device.keys.iter().map(short).collect());
            }
        }
        devices
    }
}

/// For each identity the number of its group.
fn united(rows: &[OneRow<'_>]) -> HashMap<IdentityKey, usize> {
    let mut group_of: HashMap<IdentityKey, usize> = HashMap::new();
    for (number, row) in rows.iter().enumerate() {
        let met: BTreeSet<usize> = row.keys.iter().filter_map(|key| group_of.get(key).copied()).collect();
        for group in group_of.values_mut().filter(|group| met.contains(group)) {
            *group = number;
        }
        group_of.extend(row.keys.iter().map(|key| (*key, number)));
    }
    group_of
}

fn outcome(run: &Observed, row: &OneRow<'_>) -> Option<Outcome> {
    let batch = run.uploads.get(row.list)?.batches.get(row.batch)?;
    let receipt = batch.receipts.iter().find(|receipt| receipt.row == row.row)?;
    Some(receipt.outcome)
}
