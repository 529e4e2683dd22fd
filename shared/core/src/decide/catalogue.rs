//! What an entry of the catalogue does to devices that are registered already.

use hardware_hash::compare;

use super::{Change, Decision, Side, change, contradiction};
use crate::Timestamp;
use crate::catalogue::Entry;
use crate::device::{Device, DeviceState, RowContext};
use crate::identity::{IdentityKey, KeyKind};
use crate::inbox::OnConflict;
use crate::record::Record;

impl<'a> Side<'a> {
    fn of_entry(entry: &'a Entry) -> Self {
        Self {
            keys: &entry.keys,
            components: Some(&entry.components),
        }
    }

    fn of_keys(keys: &'a [IdentityKey]) -> Self {
        Self { keys, components: None }
    }
}

/// Why somebody with these identities, and these only, cannot be the device of an entry.
pub(crate) fn contradicts(keys: &[IdentityKey], entry: &Entry) -> Option<String> {
    contradiction(Side::of_keys(keys), Side::of_entry(entry))
}

/// Whether a record and an entry, or two entries, are captures of one device: nothing speaks against it, and the endorsement
/// key or the matcher speaks for it. Otherwise why not.
pub(crate) fn one_device(a: &Entry, b: &Entry) -> Result<(), String> {
    if let Some(why) = contradiction(Side::of_entry(a), Side::of_entry(b)) {
        return Err(why);
    }
    let same_tpm = a
        .keys
        .iter()
        .any(|key| key.kind() == KeyKind::EndorsementKey && b.keys.contains(key));
    if same_tpm || compare(&a.components, &b.components).matched {
        return Ok(());
    }
    Err("nothing shows that their hardware is the same".to_owned())
}

/// What an entry adds to the registered devices that hold identities of it, where one of them has no hardware hash yet:
/// they are one device then, and have all that the entry knows. It sets no group tag and no user, and the row that stood
/// for the device stands for it still. `None` where there is nothing to add, or where they cannot be one device: of several
/// tenants, or contradicted.
#[must_use]
pub fn complete(entry: &Entry, holders: &[Device], now: Timestamp) -> Option<Change> {
    let mut holders: Vec<&Device> = holders.iter().filter(|d| d.state == DeviceState::Registered).collect();
    holders.sort_by_key(|d| (d.registered_at, d.id));
    let oldest = holders.first().copied()?;
    let lacks = holders.iter().any(|device| device.components.is_none());
    if !lacks || holders.iter().any(|device| device.tenant != oldest.tenant) {
        return None;
    }
    for (at, device) in holders.iter().enumerate() {
        let others = holders.iter().skip(at + 1);
        let among = |other: &&Device| contradiction(Side::of(device), Side::of(other)).is_some();
        if contradiction(Side::of_entry(entry), Side::of(device)).is_some() || others.copied().any(|d| among(&d)) {
            return None;
        }
    }
    let record = Record::from(entry);
    let context = RowContext {
        upload: &entry.source.upload,
        tenant: oldest.tenant,
        registrant: &oldest.registrant,
        channel: oldest.channel,
        group_tag: None,
        on_conflict: OnConflict::Keep,
        now,
    };
    // As a duplicate adds: only what was not known.
    match change(&record, &context, oldest, &holders, Some(oldest.last_source())) {
        Decision::Update(mut change) => {
            change.duplicate_of = None;
            change.catalogued_by = Some(entry.partner.clone());
            Some(*change)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
