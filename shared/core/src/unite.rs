//! Duplicates inside a batch: rows that share an identity key, also by way of a third row, are one device.

use std::collections::HashMap;

use crate::identity::IdentityKey;
use crate::record::{Checked, Record};

/// Marks all but one row of each device as duplicates of that one: the row with the strongest identity, and among
/// equals the first.
pub fn unite(rows: &mut [Checked]) {
    let mut groups = Groups::new(rows.len());
    let mut holders: HashMap<IdentityKey, usize> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        if let Checked::Valid(record) = row {
            for key in &record.keys {
                match holders.get(key) {
                    Some(first) => groups.join(*first, at),
                    None => {
                        holders.insert(*key, at);
                    }
                }
            }
        }
    }
    let mut chosen: HashMap<usize, (usize, Strength, u64, u64)> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        if let Checked::Valid(record) = row {
            let group = groups.root(at);
            let strength = strength(record);
            let best = chosen
                .entry(group)
                .or_insert((at, strength, record.place.row, record.place.line));
            if strength > best.1 {
                *best = (at, strength, record.place.row, record.place.line);
            }
        }
    }
    for (at, row) in rows.iter_mut().enumerate() {
        let Checked::Valid(record) = row else { continue };
        let Some((best, _, of_row, of_line)) = chosen.get(&groups.root(at)) else {
            continue;
        };
        if *best != at {
            *row = Checked::Duplicate {
                place: record.place,
                serial: record.serial.take(),
                of_row: *of_row,
                of_line: *of_line,
            };
        }
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
