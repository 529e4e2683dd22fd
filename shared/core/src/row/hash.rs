//! A row that brings a hardware hash: the hash says what the device is, and the row must not contradict it.

use hardware_hash::{DecodeError, Envelope, Finding, Identity, text};

use super::{Field, RawRow, RowFault, tuple_key};
use crate::channel::Identities;
use crate::identity::{IdentityKey, Pkid};
use crate::outcome::Outcome;
use crate::record::Record;

/// The most characters of a serial number, manufacturer or model, as in a row.
const MAX_CHARS: usize = 128;

/// Takes identity keys, names and components from the hash. What the row itself says is part of a key only where the
/// channel accepts that kind of identity and the hash says nothing.
pub(super) fn read(
    hash: &str,
    raw: &RawRow<'_>,
    accepted: Identities,
    record: &mut Record,
    scratch: &mut Vec<u8>,
    faults: &mut Vec<RowFault>,
) {
    let envelope = match sound(hash, scratch, &mut record.notices) {
        Ok(envelope) => envelope,
        Err(found) => return faults.extend(found),
    };
    let summary = hardware_hash::summarise(&envelope);
    let identity = &summary.identity;
    let pkid: Option<Pkid> = identity.pkid.and_then(|p| p.parse().ok());
    check(identity, faults);
    compare(identity, pkid.as_ref(), raw, record, faults);
    take_keys(identity, pkid.as_ref(), raw, accepted, record);
    if record.keys.is_empty() {
        let detail = "nothing in the hardware hash tells the device from others: no TPM, no PKID, and placeholders or \
                      nothing as UUID and as serial number, manufacturer or model; its firmware must hold them";
        faults.push(RowFault::new(Outcome::InvalidHash, Field::HardwareHash, detail));
    }
    let held = [
        (&mut record.serial, &identity.serial),
        (&mut record.manufacturer, &identity.manufacturer),
        (&mut record.model, &identity.product),
    ];
    for (place, held) in held {
        if let Some(held) = held {
            *place = Some(held.clone().into_owned());
        }
    }
    record.pkid = pkid.or(record.pkid.take());
    record.components = Some(summary.components);
}

/// The hash, unless it is damaged: then its content cannot be relied on, and nothing more is said about it.
fn sound<'a>(hash: &str, scratch: &'a mut Vec<u8>, notices: &mut Vec<String>) -> Result<Envelope<'a>, Vec<RowFault>> {
    let fault = |outcome, detail: String| RowFault::new(outcome, Field::HardwareHash, detail);
    let repairs =
        text::decode(hash.as_bytes(), scratch).map_err(|error| vec![fault(Outcome::InvalidHash, error.to_string())])?;
    let (envelope, findings) = Envelope::parse(scratch).map_err(|error| {
        let outcome = if error == DecodeError::OldForm {
            Outcome::HashNot4k
        } else {
            Outcome::InvalidHash
        };
        vec![fault(outcome, error.to_string())]
    })?;
    let faults: Vec<RowFault> = findings
        .iter()
        .filter(|finding| finding.is_fault())
        .map(|finding| match finding {
            Finding::OldShortHash { .. } => fault(Outcome::HashNot4k, finding.to_string()),
            _ => fault(Outcome::InvalidHash, finding.to_string()),
        })
        .collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    notices.extend(repairs.iter().map(|repair| format!("hardware hash: {repair}")));
    notices.extend(findings.iter().map(|finding| format!("hardware hash: {finding}")));
    Ok(envelope)
}

/// What the hash itself must hold.
fn check(identity: &Identity<'_>, faults: &mut Vec<RowFault>) {
    let mut bad = |detail| faults.push(RowFault::new(Outcome::InvalidHash, Field::HardwareHash, detail));
    let missing = match (&identity.serial, &identity.manufacturer) {
        (Some(_), Some(_)) => None,
        (Some(_), None) => Some("manufacturer"),
        (None, Some(_)) => Some("serial number"),
        (None, None) => Some("manufacturer and no serial number"),
    };
    if let Some(missing) = missing {
        bad(format!(
            "the hardware hash has no {missing}: the device's firmware does not hold it; ask its manufacturer how to \
             write it, then capture the hash again"
        ));
    }
    let texts = [
        (Field::SerialNumber, &identity.serial),
        (Field::Manufacturer, &identity.manufacturer),
        (Field::Model, &identity.product),
    ];
    for (field, text) in texts {
        if text.as_ref().is_some_and(|text| text.chars().count() > MAX_CHARS) {
            bad(format!(
                "the {field} in the hardware hash has more than {MAX_CHARS} characters"
            ));
        }
    }
}

/// Row and hash must agree on serial number and PKID; of manufacturer and model the hash's are used.
fn compare(
    identity: &Identity<'_>,
    pkid: Option<&Pkid>,
    raw: &RawRow<'_>,
    record: &mut Record,
    faults: &mut Vec<RowFault>,
) {
    if let Some((said, held)) = differ(raw.serial_number, identity.serial.as_deref()) {
        let detail = format!("the row says serial number `{said}`, its hardware hash says `{held}`");
        faults.push(RowFault::new(Outcome::IdentityMismatch, Field::SerialNumber, detail));
    }
    if let Some((said, held)) = differ(record.pkid.as_ref().map(Pkid::as_str), pkid.map(Pkid::as_str)) {
        let detail = format!("the row says PKID {said}, its hardware hash says {held}");
        faults.push(RowFault::new(Outcome::IdentityMismatch, Field::ProductId, detail));
    }
    for (field, said, held) in [
        (Field::Manufacturer, raw.manufacturer, identity.manufacturer.as_deref()),
        (Field::Model, raw.model, identity.product.as_deref()),
    ] {
        if let Some((said, held)) = differ(said, held) {
            record.notices.push(format!(
                "the {field} of the hardware hash, `{held}`, was used instead of `{said}`"
            ));
        }
    }
}

/// What is said and what is held, where there are both and they differ.
fn differ<'a>(said: Option<&'a str>, held: Option<&'a str>) -> Option<(&'a str, &'a str)> {
    let (said, held) = (said?, held?);
    (said != held).then(|| (clip(said), clip(held)))
}

/// A value as it is quoted: the first 80 characters of it.
fn clip(text: &str) -> &str {
    text.char_indices()
        .nth(80)
        .and_then(|(end, _)| text.get(..end))
        .unwrap_or(text)
}

fn take_keys(
    identity: &Identity<'_>,
    pkid: Option<&Pkid>,
    raw: &RawRow<'_>,
    accepted: Identities,
    record: &mut Record,
) {
    let tuple = tuple_key(
        identity
            .manufacturer
            .as_deref()
            .or(raw.manufacturer.filter(|_| accepted.tuple)),
        identity.product.as_deref().or(raw.model.filter(|_| accepted.tuple)),
        identity
            .serial
            .as_deref()
            .or(raw.serial_number.filter(|_| accepted.tuple)),
    );
    let endorsement_key = identity.ek_digest.as_ref().map(IdentityKey::endorsement_key);
    if endorsement_key.is_none() || tuple.is_none() {
        record
            .keys
            .extend(identity.uuid.map(|uuid| IdentityKey::smbios_uuid(&uuid.to_wire())));
    }
    let pkid = pkid
        .or(record.pkid.as_ref().filter(|_| accepted.pkid))
        .map(IdentityKey::pkid);
    record.keys.extend(endorsement_key.into_iter().chain(pkid).chain(tuple));
}
