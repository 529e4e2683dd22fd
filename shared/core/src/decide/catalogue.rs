//! What an entry of the catalogue does to devices that are registered already.

use hardware_hash::compare;

use super::{Change, Decision, Side, ambiguous, change, contradiction};
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
    // A device that somebody captured is changed by nobody else's word, unless its TPM is the entry's.
    if holders.iter().any(|device| !is_proven(&entry.keys, device)) {
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

/// What a row does that leads to an entry of the catalogue; `whole`: the row with all that the entry knows. What a manufacturer
/// lists of a device is how it left the factory: it marks none that has another board since, and changes none that somebody
/// captured, unless the TPM shows that it is the same one.
#[must_use]
pub fn led(decision: Decision, whole: &Record) -> Decision {
    let Decision::Update(change) = &decision else {
        return match decision {
            Decision::Mark(marking) => ambiguous(marking.detail),
            other => other,
        };
    };
    let mut touched = std::iter::once(&change.before).chain(&change.absorbed);
    match touched.find(|device| !is_proven(&whole.keys, device)) {
        Some(device) => ambiguous(format!(
            "the row leads to an entry of the catalogue that shares an identity with device {}, and no TPM endorsement key shows \
             that they are one; use the 4K hardware hash",
            device.id
        )),
        None => decision,
    }
}

/// Whether an entry with these identities may change a device: one that has no hash of its own, or the same endorsement key.
fn is_proven(keys: &[IdentityKey], device: &Device) -> bool {
    let mut own = device.keys.iter().filter(|key| key.kind() == KeyKind::EndorsementKey);
    device.components.is_none() || own.any(|key| keys.contains(key))
}

#[cfg(test)]
mod tests;
