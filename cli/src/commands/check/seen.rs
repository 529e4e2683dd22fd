//! Duplicates across batches, with bounded memory.

use std::collections::HashMap;

use muster_core::identity::IdentityKey;
use muster_core::record::Checked;

/// How many identities are remembered: about 25 MB.
const REMEMBERED: usize = 1 << 18;

/// Row and line where an identity stood first; small, since there are many.
type First = (u32, u32);

/// The identities seen so far.
pub(super) struct Seen {
    rows: HashMap<IdentityKey, First>,
    full_at: Option<u64>,
}

impl Seen {
    pub(super) fn new() -> Self {
        // All at once: growing would hold the old and the new table for a moment.
        Self {
            rows: HashMap::with_capacity(REMEMBERED),
            full_at: None,
        }
    }

    /// Marks the rows of a batch that stand for a device of an earlier one.
    pub(super) fn mark(&mut self, rows: &mut [Checked]) {
        for row in rows {
            let Checked::Valid(record) = row else { continue };
            if let Some((of_row, of_line)) = record.keys.iter().find_map(|key| self.rows.get(key)).copied() {
                let (place, serial) = (record.place, record.serial.take());
                *row = Checked::Duplicate {
                    place,
                    serial,
                    of_row: of_row.into(),
                    of_line: of_line.into(),
                };
                continue;
            }
            let first = u32::try_from(record.place.row)
                .ok()
                .zip(u32::try_from(record.place.line).ok());
            match first.filter(|_| self.rows.len() + record.keys.len() <= REMEMBERED) {
                Some(first) => self.rows.extend(record.keys.iter().map(|key| (*key, first))),
                None => _ = self.full_at.get_or_insert(record.place.row),
            }
        }
    }

    /// How many rows were remembered, where it were not all.
    pub(super) fn rows_until_full(&self) -> Option<u64> {
        self.full_at.map(|row| row.saturating_sub(1))
    }
}
