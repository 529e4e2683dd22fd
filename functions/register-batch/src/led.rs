//! Where rows without a hardware hash lead in the catalogue, before anything is registered.

use std::collections::{BTreeSet, HashMap};

use muster_core::catalogue::{Entry, Lead, completed, lead, leads};
use muster_core::decide::{Decision, Left};
use muster_core::identity::IdentityKey;
use muster_core::outcome::Outcome;
use muster_core::record::Record;
use muster_runtime::Failure;
use muster_store::catalogue::EntrySeen;

use crate::RegisterBatch;

/// What the catalogue makes of a row.
#[derive(Debug)]
pub(crate) enum Led {
    /// It says nothing that helps: the row is registered as it is.
    AsItIs,
    /// The row with all that this entry knows.
    To(Box<Record>, EntrySeen),
    /// The tenant demands an entry, and there is none, or no single one.
    Refused(Decision),
}

impl RegisterBatch<'_> {
    /// What the catalogue makes of rows without a hash, by row. One bulk read where it knows none of them.
    pub(crate) async fn led(&self, records: &[&Record], required: bool) -> Result<HashMap<u64, Led>, Failure> {
        let keys: BTreeSet<IdentityKey> = leading_keys(records.iter().copied());
        let entries = self.catalogue.led_to(&keys).await?;
        let by_key = by_key(&entries);
        let led = records.iter().map(|record| {
            let found = record.keys.iter().filter_map(|key| by_key.get(key)).flatten().copied();
            let led = match lead(&record.keys, (*record).into(), found) {
                Lead::To(entry) => Led::To(Box::new(completed(record, entry)), entry.into()),
                Lead::Nothing if required => refused(Outcome::UnknownIdentity, None),
                Lead::Unclear(why) if required => refused(Outcome::Ambiguous, Some(why)),
                Lead::Nothing | Lead::Unclear(_) => Led::AsItIs,
            };
            (record.place.row, led)
        });
        Ok(led.collect())
    }
}

fn refused(outcome: Outcome, why: Option<&str>) -> Led {
    Led::Refused(Decision::Leave(Left {
        outcome,
        device: None,
        other: None,
        detail: why.map(|why| format!("{why}; use the 4K hardware hash, or ask the manufacturer")),
    }))
}

/// The identities by which rows without a hash can lead to an entry.
pub(crate) fn leading_keys<'a>(records: impl Iterator<Item = &'a Record>) -> BTreeSet<IdentityKey> {
    let bare = records.filter(|record| record.components.is_none());
    bare.flat_map(|record| record.keys.iter().copied().filter(|key| leads(*key)))
        .collect()
}

/// The entries by the identities that lead to them.
pub(crate) fn by_key(entries: &[Entry]) -> HashMap<IdentityKey, Vec<&Entry>> {
    let mut by_key: HashMap<IdentityKey, Vec<&Entry>> = HashMap::new();
    for entry in entries {
        for key in entry.leading_keys() {
            by_key.entry(key).or_default().push(entry);
        }
    }
    by_key
}
