//! From text to meaning: a raw row becomes a [`Record`] or a list of faults.
//!
//! `validator` checks sizes on the raw text; the domain types own the meaning.

mod guidelines;
mod hash;

use std::fmt;

use hardware_hash::placeholder;
use validator::Validate;

use crate::channel::{Channel, Principal};
use crate::identity::{IdentityKey, ProductId};
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

/// What a row says, as text. A blank cell is as good as none, and outer blanks do not count.
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

impl<'a> RawRow<'a> {
    fn trimmed(&self) -> Self {
        let told = |cell: Option<&'a str>| cell.map(str::trim).filter(|text| !text.is_empty());
        Self {
            serial_number: told(self.serial_number),
            product_id: told(self.product_id),
            hardware_hash: told(self.hardware_hash),
            group_tag: told(self.group_tag),
            assigned_user: told(self.assigned_user),
            manufacturer: told(self.manufacturer),
            model: told(self.model),
        }
    }

    /// Manufacturer, model and serial number as a key.
    fn tuple(&self) -> Option<IdentityKey> {
        tuple_key(self.manufacturer, self.model, self.serial_number)
    }
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
        Self {
            outcome,
            field: field.into(),
            detail: detail.into(),
        }
    }
}

/// Reads a row for a channel. `scratch` is a buffer for the decoded hash, reused from row to row.
///
/// # Errors
/// Everything that is wrong with the row, never just the first fault. What a damaged hash seems to say is no fault of
/// its own.
pub fn read(raw: &RawRow<'_>, place: Place, channel: Channel, scratch: &mut Vec<u8>) -> Result<Record, Vec<RowFault>> {
    let raw = &raw.trimmed();
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
    let product = raw.product_id.map(ProductId::parse);
    if product == Some(ProductId::Other) {
        record.notices.push(format!("the product id was not used: {NO_PKID}"));
    }
    if let Some(ProductId::Pkid(pkid)) = &product {
        record.pkid = Some(pkid.clone());
    }
    let policy = channel.policy();
    match raw.hardware_hash {
        Some(text) if policy.identities.hash => {
            if policy.principal == Principal::Csp {
                record.notices.push(PREFER_OTHERS.to_owned());
            }
            hash::read(text, raw, policy.identities, &mut record, scratch, &mut faults);
            if channel == Channel::Catalogue && faults.is_empty() {
                guidelines::check(scratch, raw, &mut record);
            }
        }
        _ => read_plain(raw, product.as_ref(), channel, &mut record, &mut faults),
    }
    record.keys.sort_unstable();
    record.keys.dedup();
    if faults.is_empty() { Ok(record) } else { Err(faults) }
}

const NO_PKID: &str = "a PKID has 13 digits (spreadsheets drop leading zeros)";

/// Partners know the other identities without unpacking a device.
const PREFER_OTHERS: &str = "hardware hash: accepted, but from a partner a PKID, or manufacturer, model and serial number, is the recommended way";

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn sizes(raw: &RawRow<'_>) -> Vec<RowFault> {
    let Err(errors) = raw.validate() else { return Vec::new() };
    let errors = errors.field_errors();
    let of_field = |(field, name): (Field, &str)| {
        let error = errors.get(name)?.first()?;
        let why = error.message.as_deref().unwrap_or("it has the wrong size");
        Some(RowFault::new(
            Outcome::InvalidValue,
            field,
            format!("the {field} is too long: {why}"),
        ))
    };
    Field::ALL.into_iter().filter_map(of_field).collect()
}

/// Only the domain part can be checked here; whether the user exists is the directory's business.
fn user(text: Option<&str>, faults: &mut Vec<RowFault>) -> Option<String> {
    let text = text?;
    if is_user(text) {
        return Some(text.to_owned());
    }
    let detail = format!("the assigned user is {NO_USER}");
    faults.push(RowFault::new(Outcome::InvalidValue, Field::AssignedUser, detail));
    None
}

/// What is wrong with a text that is no user principal name.
pub(crate) const NO_USER: &str = "no user principal name: expected name@domain, such as ada@contoso.onmicrosoft.com";

/// Whether a text has the form of a user principal name.
pub(crate) fn is_user(text: &str) -> bool {
    let domain = text
        .rsplit_once('@')
        .filter(|(name, _)| !name.is_empty())
        .map(|(_, domain)| domain);
    let label = |l: &str| !l.is_empty() && l.chars().all(|c| c.is_alphanumeric() || c == '-');
    domain.is_some_and(|d| d.contains('.') && d.split('.').all(label))
}

/// A row without a hash that counts: by PKID, by tuple, or by both.
fn read_plain(
    raw: &RawRow<'_>,
    product: Option<&ProductId>,
    channel: Channel,
    record: &mut Record,
    faults: &mut Vec<RowFault>,
) {
    let policy = channel.policy();
    let accepted = policy.identities;
    let accepts = format!("{channel} accepts {}", policy.accepts());
    if policy.needs_hash {
        let detail = format!("the hardware hash is missing; {accepts}");
        return faults.push(RowFault::new(Outcome::MissingIdentity, Field::HardwareHash, detail));
    }
    let pkid = record.pkid.as_ref().map(IdentityKey::pkid);
    let tuple = raw.tuple();
    record.keys.extend(pkid.filter(|_| accepted.pkid));
    record.keys.extend(tuple.filter(|_| accepted.tuple));
    if !record.keys.is_empty() {
        if raw.hardware_hash.is_some() {
            record
                .notices
                .push(format!("the hardware hash was not used: {accepts}"));
        }
        return;
    }
    let given: Vec<(Option<Field>, &str)> = [
        (
            raw.hardware_hash.is_some(),
            Some(Field::HardwareHash),
            "a hardware hash",
        ),
        (pkid.is_some(), Some(Field::ProductId), "a PKID"),
        (tuple.is_some(), None, "manufacturer, model and serial number"),
    ]
    .into_iter()
    .filter_map(|(given, field, name)| given.then_some((field, name)))
    .collect();
    if let [(field, _), ..] = given.as_slice() {
        let names: Vec<&str> = given.iter().map(|(_, name)| *name).collect();
        let detail = format!(
            "the row has {}, which {channel} does not accept; it accepts {}",
            names.join(" and "),
            accepted.names()
        );
        return faults.push(RowFault::new(Outcome::IdentityNotAccepted, *field, detail));
    }
    let (field, why) = if accepted.tuple || accepted.pkid {
        missing(raw, product)
    } else {
        (Some(Field::HardwareHash), "the hardware hash is missing".to_owned())
    };
    faults.push(RowFault::new(
        Outcome::MissingIdentity,
        field,
        format!("{why}; {accepts}"),
    ));
}

/// Why neither product id nor tuple identify the device, and the cell to blame, where it is one.
fn missing(raw: &RawRow<'_>, product: Option<&ProductId>) -> (Option<Field>, String) {
    let product = match product {
        Some(ProductId::Windows) => {
            Some("the product id is that of a Windows installation, which many devices share, not a PKID")
        }
        Some(ProductId::Placeholder) => Some("the product id is all zeros, which stands for no key"),
        Some(ProductId::Other) => Some("the product id is no PKID, which has 13 digits"),
        _ => None,
    };
    match (product, missing_of_tuple(raw)) {
        (None, None) => (None, "the row identifies no device".to_owned()),
        (None, Some((field, tuple))) => (field, tuple),
        (Some(product), None) => (Some(Field::ProductId), product.to_owned()),
        (Some(product), Some((_, tuple))) => (Some(Field::ProductId), format!("{product}; {tuple}")),
    }
}

/// What keeps manufacturer, model and serial number from being a tuple; `None` where the row has none of them.
fn missing_of_tuple(raw: &RawRow<'_>) -> Option<(Option<Field>, String)> {
    let cells = [
        (Field::Manufacturer, raw.manufacturer),
        (Field::Model, raw.model),
        (Field::SerialNumber, raw.serial_number),
    ];
    let only = |fields: &[Field]| if let [field] = fields { Some(*field) } else { None };
    let absent: Vec<Field> = cells
        .iter()
        .filter(|(_, cell)| cell.is_none())
        .map(|(field, _)| *field)
        .collect();
    if absent.len() == cells.len() {
        return None;
    }
    if !absent.is_empty() {
        let names: Vec<String> = absent.iter().map(Field::to_string).collect();
        let verb = if absent.len() == 1 { "is" } else { "are" };
        return Some((only(&absent), format!("{} {verb} missing", names.join(" and "))));
    }
    let shared = cells
        .into_iter()
        .find_map(|(field, cell)| Some((field, cell.filter(|c| placeholder::is_placeholder(c))?)));
    shared.map(|(field, text)| {
        (
            Some(field),
            format!("the {field} `{text}` is a placeholder that many devices share"),
        )
    })
}

/// The tuple's key, unless a part of it is absent or a placeholder.
fn tuple_key<'a>(
    manufacturer: Option<&'a str>,
    model: Option<&'a str>,
    serial: Option<&'a str>,
) -> Option<IdentityKey> {
    let real = |text: Option<&'a str>| text.filter(|t| !placeholder::is_placeholder(t));
    Some(IdentityKey::tuple(real(manufacturer)?, real(model)?, real(serial)?))
}

#[cfg(test)]
mod tests;
