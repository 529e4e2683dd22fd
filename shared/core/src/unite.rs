//! Duplicates inside a batch: rows that share an identity key, also by way of a third row, are one device.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use crate::decide::rows_contradict;
use crate::identity::IdentityKey;
use crate::outcome::Outcome;
use crate::record::{Checked, Fault, Record};

/// Marks all but one row of each device as duplicates of that one: the row with the strongest identity, and among
/// equals the first. A row that shares an identity with an earlier one, and whose hardware is another, is a fault and
/// joins nothing; so is a row that shares one with the row that stays.
pub fn unite(rows: &mut [Checked]) {
    let mut united = United::new(rows.len());
    let mut verdicts = Vec::new();
    for (at, record) in valid(rows) {
        if let Some(detail) = united.conflict(record) {
            verdicts.push((at, faulty(record, detail)));
        } else {
            united.add(at, record);
        }
    }
    for (at, record) in valid(rows) {
        if let Some(best) = united.best_of(at)
            && best.place.row != record.place.row
        {
            verdicts.push((at, verdict(record, best)));
        }
    }
    for (at, verdict) in verdicts {
        if let Some(row) = rows.get_mut(at) {
            *row = verdict;
        }
    }
}

fn valid(rows: &[Checked]) -> impl Iterator<Item = (usize, &Record)> {
    rows.iter().enumerate().filter_map(|(at, row)| match row {
        Checked::Valid(record) => Some((at, &**record)),
        _ => None,
    })
}

fn verdict(record: &Record, best: &Record) -> Checked {
    if let Some(detail) = differs(record, best) {
        return faulty(record, detail);
    }
    Checked::Duplicate {
        place: record.place,
        serial: record.serial.clone(),
        of_row: best.place.row,
        of_line: best.place.line,
    }
}

fn faulty(record: &Record, detail: String) -> Checked {
    let fault = Fault {
        outcome: Outcome::Ambiguous,
        column: None,
        column_name: None,
        detail,
    };
    Checked::Faulty {
        place: record.place,
        serial: record.serial.clone(),
        faults: vec![fault],
    }
}

fn differs(record: &Record, other: &Record) -> Option<String> {
    let why = rows_contradict(record, other)?;
    Some(format!(
        "the row shares an identity with line {}, but {why}",
        other.place.line
    ))
}

/// The rows that were looked at and are no faults.
struct United<'a> {
    groups: Groups,
    /// The first row with this key.
    holders: HashMap<IdentityKey, (usize, &'a Record)>,
    /// By the root of its group: the row that stays.
    best: HashMap<usize, &'a Record>,
}

impl<'a> United<'a> {
    fn new(rows: usize) -> Self {
        Self {
            groups: Groups::new(rows),
            holders: HashMap::new(),
            best: HashMap::new(),
        }
    }

    /// Why this row cannot be one device with those that it shares an identity with: with each of them, with those that
    /// stay for them, and those with one another.
    fn conflict(&mut self, record: &Record) -> Option<String> {
        let holders: Vec<(usize, &Record)> = record
            .keys
            .iter()
            .filter_map(|k| self.holders.get(k).copied())
            .collect();
        if let Some(detail) = holders.iter().find_map(|(_, other)| differs(record, other)) {
            return Some(detail);
        }
        let roots: BTreeSet<usize> = holders.iter().map(|(at, _)| self.groups.root(*at)).collect();
        let best: Vec<&Record> = roots.iter().filter_map(|root| self.best.get(root).copied()).collect();
        best.iter().enumerate().find_map(|(at, one)| {
            differs(record, one).or_else(|| {
                best.iter().skip(at + 1).find_map(|other| {
                    let (line, other_line) = (one.place.line, other.place.line);
                    let why = rows_contradict(one, other)?;
                    Some(format!("the row joins line {line} and line {other_line}, but {why}"))
                })
            })
        })
    }

    fn add(&mut self, at: usize, record: &'a Record) {
        let mut best = record;
        for key in &record.keys {
            let (holder, _) = *self.holders.entry(*key).or_insert((at, record));
            let before = self.groups.root(holder);
            if let Some(other) = self.best.remove(&before)
                && rank(other) > rank(best)
            {
                best = other;
            }
            self.groups.join(holder, at);
        }
        self.best.insert(self.groups.root(at), best);
    }

    /// The row that stays for the device of this one; `None` for a row that was not added.
    fn best_of(&mut self, at: usize) -> Option<&'a Record> {
        self.best.get(&self.groups.root(at)).copied()
    }
}

/// The greatest stays: a hash outranks any number of other keys, and among equals the first row.
fn rank(record: &Record) -> (bool, usize, Reverse<u64>) {
    (
        record.components.is_some(),
        record.keys.len(),
        Reverse(record.place.row),
    )
}

/// Union-find with path halving; the smaller index is the root.
struct Groups(Vec<usize>);

impl Groups {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn root(&mut self, mut at: usize) -> usize {
        while let Some(&up) = self.0.get(at) {
            if up == at {
                break;
            }
            let above = self.0.get(up).copied().unwrap_or(up);
            if let Some(slot) = self.0.get_mut(at) {
                *slot = above;
            }
            at = above;
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(slot) = self.0.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Place;
    use proptest::prelude::*;

    fn row(row: u64, keys: &[u8]) -> Checked {
        let keys = keys.iter().map(|k| IdentityKey::smbios_uuid(&[*k; 16])).collect();
        Checked::Valid(Box::new(Record {
            place: Place {
                row,
                line: row + 1,
                offset: 0,
                len: 0,
            },
            serial: None,
            manufacturer: None,
            model: None,
            pkid: None,
            group_tag: None,
            assigned_user: None,
            keys,
            components: None,
            notices: vec![],
        }))
    }

    fn verdicts(rows: &[&[u8]]) -> Vec<Option<u64>> {
        let mut rows: Vec<Checked> = rows.iter().zip(1..).map(|(keys, n)| row(n, keys)).collect();
        unite(&mut rows);
        rows.iter()
            .map(|r| {
                if let Checked::Duplicate { of_row, .. } = r {
                    Some(*of_row)
                } else {
                    None
                }
            })
            .collect()
    }

    #[test]
    fn rows_without_a_common_key_stay_apart() {
        assert_eq!(verdicts(&[&[1], &[2], &[3]]), [None, None, None]);
    }

    #[test]
    fn of_rows_with_a_common_key_the_first_stays() {
        assert_eq!(verdicts(&[&[1], &[2], &[1]]), [None, None, Some(1)]);
    }

    #[test]
    fn a_third_row_unites_two_and_the_strongest_stays() {
        assert_eq!(verdicts(&[&[1], &[2], &[1, 2]]), [Some(3), Some(3), None]);
    }

    /// A row with these TPMs, PKIDs and serial numbers.
    fn of(n: u64, tpm: Option<u8>, pkid: Option<u8>, serial: Option<u8>) -> Checked {
        let Checked::Valid(mut record) = row(n, &[]) else {
            panic!("the row is valid")
        };
        record.keys.extend(tpm.map(|t| IdentityKey::endorsement_key(&[t; 32])));
        record
            .keys
            .extend(pkid.map(|p| IdentityKey::pkid(&format!("{:013}", u64::from(p) + 1).parse().unwrap())));
        record
            .keys
            .extend(serial.map(|s| IdentityKey::tuple("Contoso", "Book", &s.to_string())));
        Checked::Valid(record)
    }

    fn told(rows: &[Checked]) -> Vec<String> {
        rows.iter()
            .map(|row| match row {
                Checked::Valid(_) => "stays".to_owned(),
                Checked::Duplicate { of_row, .. } => format!("row {of_row}"),
                Checked::Faulty { faults, .. } => faults[0].detail.clone(),
            })
            .collect()
    }

    #[test]
    fn a_row_that_shares_a_name_with_other_hardware_is_a_fault_and_no_duplicate() {
        let mut rows = vec![of(1, Some(1), None, Some(1)), of(2, Some(2), None, Some(1))];
        unite(&mut rows);
        assert!(matches!(&rows[0], Checked::Valid(_)));
        let Checked::Faulty { faults, .. } = &rows[1] else {
            panic!("the second row is a fault: {rows:?}")
        };
        assert_eq!(faults[0].outcome, Outcome::Ambiguous);
        insta::assert_snapshot!(faults[0].detail);
    }

    #[test]
    fn a_fault_joins_nobody_so_that_the_others_are_processed() {
        let (a, b) = (Some(1), Some(2));
        let tpm = |line: u64| {
            format!("the row shares an identity with line {line}, but they differ in the TPM endorsement key")
        };
        let stays = || "stays".to_owned();
        let cases = [
            (
                "the fault stands between the two others",
                vec![(a, None, a), (b, None, a), (b, None, b)],
                vec![stays(), tpm(2), stays()],
            ),
            (
                "it comes last",
                vec![(b, None, b), (a, None, a), (b, None, a)],
                vec![stays(), stays(), tpm(3)],
            ),
            (
                "it comes first, and so is none",
                vec![(b, None, a), (a, None, a), (b, None, b)],
                vec![stays(), tpm(2), "row 1".to_owned()],
            ),
            (
                "it shares a PKID with a row that shares a name with a third",
                vec![(a, None, a), (None, a, a), (b, a, None), (b, None, None)],
                vec![stays(), "row 1".to_owned(), tpm(2), stays()],
            ),
            (
                "it joins two that differ",
                vec![(a, None, a), (b, b, None), (None, b, a)],
                vec![
                    stays(),
                    stays(),
                    "the row joins line 2 and line 3, but they differ in the TPM endorsement key".to_owned(),
                ],
            ),
        ];
        for (name, keys, expected) in cases {
            let mut rows: Vec<Checked> = keys.into_iter().zip(1..).map(|((t, p, s), n)| of(n, t, p, s)).collect();
            unite(&mut rows);
            assert_eq!(told(&rows), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn exactly_one_row_of_each_device_stays(rows in prop::collection::vec(prop::collection::vec(0u8..12, 1..4), 0..24)) {
            let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
            let verdicts = verdicts(&rows);
            for (at, verdict) in verdicts.iter().enumerate() {
                match verdict {
                    Some(of) => prop_assert_eq!(verdicts[usize::try_from(*of).unwrap() - 1], None, "a duplicate points at a row that stays"),
                    None => for (other, v) in verdicts.iter().enumerate() {
                        let shared = rows[at].iter().any(|k| rows[other].contains(k));
                        prop_assert!(at == other || v.is_some() || !shared, "two rows that stay share no key");
                    },
                }
            }
        }

        #[test]
        fn a_duplicate_is_of_a_row_that_stays_and_does_not_contradict_it(
            keys in prop::collection::vec((prop::option::of(0u8..3), prop::option::of(0u8..3), prop::option::of(0u8..3)), 0..16)
        ) {
            let before: Vec<Checked> = keys.into_iter().zip(1..).map(|((t, p, s), n)| of(n, t, p, s)).collect();
            let mut rows = before.clone();
            unite(&mut rows);
            let record = |row: u64| valid(&before).find(|(_, r)| r.place.row == row).map(|(_, r)| r).unwrap();
            for row in &rows {
                match row {
                    Checked::Duplicate { place, of_row, .. } => {
                        prop_assert!(matches!(rows[usize::try_from(*of_row).unwrap() - 1], Checked::Valid(_)));
                        prop_assert_eq!(rows_contradict(record(place.row), record(*of_row)), None);
                    }
                    Checked::Faulty { faults, .. } => prop_assert_eq!(faults[0].outcome, Outcome::Ambiguous),
                    Checked::Valid(one) => for (_, other) in valid(&rows) {
                        let shared = one.keys.iter().any(|k| other.keys.contains(k));
                        prop_assert!(one.place.row == other.place.row || !shared, "two rows that stay share no key");
                    },
                }
            }
        }
    }
}
