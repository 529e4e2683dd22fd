//! Duplicates inside a batch: rows that share an identity key, also by way of a third row, are one device.

use std::collections::HashMap;

use crate::decide::rows_contradict;
use crate::identity::IdentityKey;
use crate::outcome::Outcome;
use crate::record::{Checked, Fault, Record};

/// Marks all but one row of each device as duplicates of that one: the row with the strongest identity, and among
/// equals the first. A row that shares an identity with that one, and whose hardware is another, is a fault.
pub fn unite(rows: &mut [Checked]) {
    let mut groups = Groups::new(rows.len());
    let mut holders: HashMap<IdentityKey, usize> = HashMap::new();
    for (at, record) in valid(rows) {
        for key in &record.keys {
            match holders.get(key) {
                Some(first) => groups.join(*first, at),
                None => {
                    holders.insert(*key, at);
                }
            }
        }
    }
    let mut chosen: HashMap<usize, &Record> = HashMap::new();
    for (at, record) in valid(rows) {
        let best = chosen.entry(groups.root(at)).or_insert(record);
        if strength(record) > strength(best) {
            *best = record;
        }
    }
    let mut verdicts = Vec::new();
    for (at, record) in valid(rows) {
        if let Some(best) = chosen
            .get(&groups.root(at))
            .filter(|best| best.place.row != record.place.row)
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
    let (place, serial) = (record.place, record.serial.clone());
    let Some(why) = rows_contradict(record, best) else {
        let (of_row, of_line) = (best.place.row, best.place.line);
        return Checked::Duplicate {
            place,
            serial,
            of_row,
            of_line,
        };
    };
    let detail = format!("the row shares an identity with line {}, but {why}", best.place.line);
    let fault = Fault {
        outcome: Outcome::Ambiguous,
        column: None,
        column_name: None,
        detail,
    };
    Checked::Faulty {
        place,
        serial,
        faults: vec![fault],
    }
}

/// A hash outranks any number of other keys.
type Strength = (bool, usize);

fn strength(record: &Record) -> Strength {
    (record.components.is_some(), record.keys.len())
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

    #[test]
    fn a_row_that_shares_a_name_with_other_hardware_is_a_fault_and_no_duplicate() {
        let mut rows = vec![row(1, &[]), row(2, &[])];
        for (row, tpm) in rows.iter_mut().zip([[1; 32], [2; 32]]) {
            let Checked::Valid(record) = row else {
                panic!("the row is valid")
            };
            record.keys = vec![
                IdentityKey::endorsement_key(&tpm),
                IdentityKey::tuple("Contoso", "Book", "S1"),
            ];
        }
        unite(&mut rows);
        assert!(matches!(&rows[0], Checked::Valid(_)));
        let Checked::Faulty { faults, .. } = &rows[1] else {
            panic!("the second row is a fault: {rows:?}")
        };
        assert_eq!(faults[0].outcome, Outcome::Ambiguous);
        insta::assert_snapshot!(faults[0].detail);
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
    }
}
