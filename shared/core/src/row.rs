//! From text to meaning: a raw row becomes a [`Record`] or a list of faults.
//!
//! `validator` checks sizes on the raw text; the domain types own the meaning.

use std::fmt;

use hardware_hash::{Envelope, Finding, Identity, placeholder, text};
use validator::Validate;

use crate::channel::Channel;
use crate::identity::{IdentityKey, Pkid, ProductId};
use crate::outcome::Outcome;
use crate::record::{Place, Record};

/// The cells that a row can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// Serial number.
    SerialNumber,
    /// PKID or Windows product id.
    ProductId,
    /// 4K hardware hash in base64.
    HardwareHash,
    /// Group tag.
    GroupTag,
    /// Assigned user.
    AssignedUser,
    /// System manufacturer.
    Manufacturer,
    /// System product name.
    Model,
}

impl Field {
    const ALL: [(Self, &'static str); 7] = [
        (Self::SerialNumber, "serial_number"),
        (Self::ProductId, "product_id"),
        (Self::HardwareHash, "hardware_hash"),
        (Self::GroupTag, "group_tag"),
        (Self::AssignedUser, "assigned_user"),
        (Self::Manufacturer, "manufacturer"),
        (Self::Model, "model"),
    ];

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, n)| *n == name).map(|(field, _)| field)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SerialNumber => "serial number",
            Self::ProductId => "product id",
            Self::HardwareHash => "hardware hash",
            Self::GroupTag => "group tag",
            Self::AssignedUser => "assigned user",
            Self::Manufacturer => "manufacturer",
            Self::Model => "model",
        })
    }
}

/// What a row says, as text. An empty cell is `None`.
#[derive(Debug, Clone, Copy, Default, Validate)]
pub struct RawRow<'a> {
    /// Serial number.
    #[validate(length(max = 128, message = "it has more than 128 characters"))]
    pub serial_number: Option<&'a str>,
    /// PKID or Windows product id.
    #[validate(length(max = 64, message = "it has more than 64 characters"))]
    pub product_id: Option<&'a str>,
    /// 4K hardware hash in base64.
    #[validate(length(max = 24_000, message = "it has more than 24,000 characters"))]
    pub hardware_hash: Option<&'a str>,
    /// Group tag.
    #[validate(length(max = 128, message = "it has more than 128 characters"))]
    pub group_tag: Option<&'a str>,
    /// Assigned user.
    #[validate(length(max = 320, message = "it has more than 320 characters"))]
    pub assigned_user: Option<&'a str>,
    /// System manufacturer.
    #[validate(length(max = 128, message = "it has more than 128 characters"))]
    pub manufacturer: Option<&'a str>,
    /// System product name.
    #[validate(length(max = 128, message = "it has more than 128 characters"))]
    pub model: Option<&'a str>,
}

/// What is wrong with a row, as the rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The outcome for the row.
    pub outcome: Outcome,
    /// The cell to blame, where there is one.
    pub field: Option<Field>,
    /// What and why.
    pub detail: String,
}

impl RowFault {
    fn new(outcome: Outcome, field: impl Into<Option<Field>>, detail: impl Into<String>) -> Self {
        Self { outcome, field: field.into(), detail: detail.into() }
    }
}

/// Reads a row for a channel. `scratch` is a buffer for the decoded hash, reused from row to row.
///
/// # Errors
/// Everything that is wrong with the row, never just the first fault.
pub fn read(raw: &RawRow<'_>, place: Place, channel: Channel, scratch: &mut Vec<u8>) -> Result<Record, Vec<RowFault>> {
    let mut faults = sizes(raw);
    let mut record = Record {
        place,
        serial: owned(raw.serial_number),
        manufacturer: owned(raw.manufacturer),
        model: owned(raw.model),
        pkid: None,
        group_tag: owned(raw.group_tag),
        assigned_user: user(raw.assigned_user, &mut faults),
        keys: Vec::new(),
        components: None,
        notices: Vec::new(),
    };
    let accepted = channel.policy().identities;
    let product = raw.product_id.map(ProductId::parse);
    match (raw.hardware_hash, accepted.hash) {
        (Some(hash), true) => read_hash(hash, raw, product.as_ref(), &mut record, scratch, &mut faults),
        (Some(_), false) => record.notices.push(format!("the hardware hash was not used: {channel} accepts {}", accepted.names())),
        (None, _) => {}
    }
    if record.components.is_none() && (raw.hardware_hash.is_none() || !accepted.hash) {
        read_plain(raw, product.as_ref(), channel, &mut record, &mut faults);
    }
    record.keys.sort_unstable();
    record.keys.dedup();
    if faults.is_empty() { Ok(record) } else { Err(faults) }
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn sizes(raw: &RawRow<'_>) -> Vec<RowFault> {
    let Err(errors) = raw.validate() else { return Vec::new() };
    let mut faults: Vec<RowFault> = errors
        .field_errors()
        .into_iter()
        .flat_map(|(name, errors)| errors.iter().map(move |e| (Field::of_name(&name), e)))
        .map(|(field, error)| {
            let why = error.message.as_deref().unwrap_or("it has the wrong size");
            RowFault::new(Outcome::InvalidValue, field, field.map_or(String::new(), |f| format!("the {f} is too long: {why}")))
        })
        .collect();
    faults.sort_by(|a, b| a.detail.cmp(&b.detail));
    faults
}

/// Only the domain part can be checked here; whether the user exists is the directory's business.
fn user(text: Option<&str>, faults: &mut Vec<RowFault>) -> Option<String> {
    let text = text?;
    let domain = text.rsplit_once('@').filter(|(name, _)| !name.is_empty()).map(|(_, domain)| domain);
    let label = |l: &str| !l.is_empty() && l.chars().all(|c| c.is_alphanumeric() || c == '-');
    if domain.is_some_and(|d| d.contains('.') && d.split('.').all(label)) {
        return Some(text.to_owned());
    }
    let detail = "the assigned user is no user principal name: expected name@domain, such as ada@contoso.onmicrosoft.com";
    faults.push(RowFault::new(Outcome::InvalidValue, Field::AssignedUser, detail));
    None
}

fn read_hash(
    hash: &str,
    raw: &RawRow<'_>,
    product: Option<&ProductId>,
    record: &mut Record,
    scratch: &mut Vec<u8>,
    faults: &mut Vec<RowFault>,
) {
    let bad = |outcome: Outcome, detail: String| RowFault::new(outcome, Field::HardwareHash, detail);
    match text::decode(hash.as_bytes(), scratch) {
        Ok(repairs) => record.notices.extend(repairs.iter().map(|r| format!("hardware hash: {r}"))),
        Err(error) => return faults.push(bad(Outcome::InvalidHash, format!("the hardware hash is not base64: {error}"))),
    }
    let (envelope, findings) = match Envelope::parse(scratch) {
        Ok(parsed) => parsed,
        Err(error) => return faults.push(bad(Outcome::InvalidHash, format!("the hardware hash cannot be read: {error}"))),
    };
    for finding in findings.iter() {
        match finding {
            Finding::OldShortHash { .. } => faults.push(bad(Outcome::HashNot4k, finding.to_string())),
            _ if finding.is_fault() => faults.push(bad(Outcome::InvalidHash, finding.to_string())),
            _ => record.notices.push(format!("hardware hash: {finding}")),
        }
    }
    let summary = hardware_hash::summarise(&envelope);
    check_identity(&summary.identity, raw, product, record, faults);
    record.components = Some(summary.components);
    if record.keys.is_empty() && faults.is_empty() {
        faults.push(bad(
            Outcome::InvalidHash,
            "nothing in the hardware hash is unique: no TPM, no PKID, and placeholders instead of serial number and UUID".to_owned(),
        ));
    }
}

fn check_identity(
    identity: &Identity<'_>,
    raw: &RawRow<'_>,
    product: Option<&ProductId>,
    record: &mut Record,
    faults: &mut Vec<RowFault>,
) {
    let bad = |outcome: Outcome, field: Field, detail: String| RowFault::new(outcome, field, detail);
    let (serial, manufacturer) = (identity.serial.as_deref(), identity.manufacturer.as_deref());
    if serial.is_none() || manufacturer.is_none() {
        let what = match (serial, manufacturer) {
            (None, None) => "manufacturer and serial number",
            (None, _) => "serial number",
            _ => "manufacturer",
        };
        faults.push(bad(Outcome::InvalidHash, Field::HardwareHash, format!("the hardware hash has no {what}; the firmware must hold both")));
    }
    if let (Some(said), Some(held)) = (raw.serial_number, serial)
        && said != held
    {
        let detail = format!("the row says serial number `{said}`, its hardware hash says `{}`", held);
        faults.push(bad(Outcome::IdentityMismatch, Field::SerialNumber, detail));
    }
    let held_pkid: Option<Pkid> = identity.pkid.and_then(|p| p.parse().ok());
    if let (Some(ProductId::Pkid(said)), Some(held)) = (product, &held_pkid)
        && said != held
    {
        let detail = format!("the row says PKID {}, its hardware hash says {}", said.as_str(), held.as_str());
        faults.push(bad(Outcome::IdentityMismatch, Field::ProductId, detail));
    }
    for (field, said, held) in [
        (Field::Manufacturer, raw.manufacturer, manufacturer),
        (Field::Model, raw.model, identity.product.as_deref()),
    ] {
        if let (Some(said), Some(held)) = (said, held)
            && said != held
        {
            record.notices.push(format!("the {field} of the hardware hash, `{}`, was used instead of `{said}`", held));
        }
    }
    let take = |held: Option<&str>, said: &mut Option<String>| {
        if let Some(held) = held {
            *said = Some(held.to_owned());
        }
    };
    take(serial, &mut record.serial);
    take(manufacturer, &mut record.manufacturer);
    take(identity.product.as_deref(), &mut record.model);

    let tuple = tuple_key(record.manufacturer.as_deref(), record.model.as_deref(), record.serial.as_deref());
    let endorsement_key = identity.ek_digest.as_ref().map(IdentityKey::endorsement_key);
    if endorsement_key.is_none() || tuple.is_none() {
        record.keys.extend(identity.uuid.map(|uuid| IdentityKey::smbios_uuid(&uuid.to_wire())));
    }
    record.keys.extend(endorsement_key);
    record.keys.extend(held_pkid.as_ref().map(IdentityKey::pkid));
    record.keys.extend(tuple);
    record.pkid = held_pkid.or_else(|| match product {
        Some(ProductId::Pkid(said)) => Some(said.clone()),
        _ => None,
    });
}

/// A row without a hash that counts: by PKID, by tuple, or by both.
fn read_plain(raw: &RawRow<'_>, product: Option<&ProductId>, channel: Channel, record: &mut Record, faults: &mut Vec<RowFault>) {
    let accepted = channel.policy().identities;
    let pkid = match product {
        Some(ProductId::Pkid(pkid)) => Some(pkid.clone()),
        _ => None,
    };
    let tuple = tuple_key(raw.manufacturer, raw.model, raw.serial_number);
    if accepted.pkid {
        record.keys.extend(pkid.as_ref().map(IdentityKey::pkid));
    }
    if accepted.tuple {
        record.keys.extend(tuple);
    }
    let had_identity = pkid.is_some() || tuple.is_some() || raw.hardware_hash.is_some();
    record.pkid = pkid;
    if !record.keys.is_empty() {
        return;
    }
    let accepts = format!("{channel} accepts {}", accepted.names());
    if had_identity {
        return faults.push(RowFault::new(Outcome::IdentityNotAccepted, None, format!("not accepted in this channel: {accepts}")));
    }
    let why = match product {
        Some(ProductId::Windows) => "the product id is that of a Windows installation, which many devices share, not a PKID".to_owned(),
        Some(ProductId::Placeholder) => "the product id is all zeros, which stands for no key".to_owned(),
        Some(ProductId::Other) => "the product id is no PKID, which has 13 digits".to_owned(),
        _ => missing_of_tuple(raw, accepted.tuple),
    };
    let field = if matches!(product, None | Some(ProductId::Pkid(_))) { None } else { Some(Field::ProductId) };
    faults.push(RowFault::new(Outcome::MissingIdentity, field, format!("{why}; {accepts}")));
}

fn missing_of_tuple(raw: &RawRow<'_>, tuple_accepted: bool) -> String {
    let cells = [(Field::Manufacturer, raw.manufacturer), (Field::Model, raw.model), (Field::SerialNumber, raw.serial_number)];
    if !tuple_accepted || cells.iter().all(|(_, cell)| cell.is_none()) {
        return "the row identifies no device".to_owned();
    }
    if let Some(serial) = raw.serial_number.filter(|s| placeholder::is_placeholder(s)) {
        return format!("the serial number `{serial}` is a placeholder that many devices share");
    }
    let missing: Vec<String> = cells.iter().filter(|(_, cell)| cell.is_none()).map(|(field, _)| field.to_string()).collect();
    if missing.is_empty() {
        return "manufacturer or model is a placeholder that many devices share".to_owned();
    }
    format!("{} missing", missing.join(" and "))
}

/// The tuple's key, unless a part of it is absent or a placeholder.
fn tuple_key<'a>(manufacturer: Option<&'a str>, model: Option<&'a str>, serial: Option<&'a str>) -> Option<IdentityKey> {
    let real = |text: Option<&'a str>| text.filter(|t| !placeholder::is_placeholder(t));
    Some(IdentityKey::tuple(real(manufacturer)?, real(model)?, real(serial)?))
}
