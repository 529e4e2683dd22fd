//! Duplicates across batches, with bounded memory.

use std::collections::HashMap;

use muster_core::identity::IdentityKey;
use muster_core::record::Checked;

/// How many identities are remembered: about 25 MB.
const REMEMBERED: usize = 1 << 18;

/// The identities seen so far, and where each stood first.
#[derive(Default)]
pub(super) struct Seen {
    rows: HashMap<IdentityKey, (u64, u64)>,
    full_at: Option<u64>,
}

impl Seen {
    /// Marks the rows of a batch that stand for a device of an earlier one.
    pub(super) fn mark(&mut self, rows: &mut [Checked]) {
        for row in rows {
            let Checked::Valid(record) = row else { continue };
            if let Some((of_row, of_line)) = record.keys.iter().find_map(|key| self.rows.get(key)).copied() {
                let (place, serial) = (record.place, record.serial.take());
                *row = Checked::Duplicate {
                    place,
                    serial,
                    of_row,
                    of_line,
                };
                continue;
            }
            if self.rows.len() + record.keys.len() > REMEMBERED {
                self.full_at.get_or_insert(record.place.row);
                continue;
            }
            self.rows.extend(
                record
                    .keys
                    .iter()
                    .map(|key| (*key, (record.place.row, record.place.line))),
            );
        }
    }

    /// How many rows were remembered, where it were not all.
    pub(super) fn rows_until_full(&self) -> Option<u64> {
        self.full_at.map(|row| row.saturating_sub(1))
    }
}
