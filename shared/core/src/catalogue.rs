//! The catalogue: devices that manufacturers made known before anybody owns them.
//!
//! An entry is no device: it holds no identity, and belongs to no tenant. It says which hardware stands behind a PKID, or
//! behind manufacturer, model and serial number, so that a row with nothing else leads to a whole device. Hashes of the
//! catalogue go nowhere.

mod decide;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::str::FromStr;

use hardware_hash::Components;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;
use crate::decide::{contradicts, one_device};
use crate::device::{Device, Source};
use crate::id::{IdError, PartnerId, derived};
use crate::identity::{IdentityKey, KeyKind, Pkid};
use crate::record::Record;

pub use decide::{EntryChange, EntryContext, EntryDecision, EntryLeft, decide};

/// An entry of a catalogue. Derived from the manufacturer and the strongest identity of the device, so that the same device
/// twice is the same entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(Uuid);

impl EntryId {
    /// The id of the entry that this manufacturer makes of a device with this identity. A version 8 UUID (RFC 9562,
    /// section 5.8).
    #[must_use]
    pub fn of_key(partner: &PartnerId, key: IdentityKey) -> Self {
        Self(derived(
            "entry",
            &[partner.as_str().as_bytes(), key.to_string().as_bytes()],
        ))
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl FromStr for EntryId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == 36 => Ok(Self(id)),
            _ => Err(IdError::new("catalogue entry", text, "an entry's id is a GUID")),
        }
    }
}

/// Whether an entry counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryState {
    /// Rows lead to it.
    Listed,
    /// Its manufacturer took it back.
    Withdrawn,
}

impl EntryState {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Listed, Self::Withdrawn];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A device that a manufacturer made known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// Counts every change; changes are conditional on it.
    pub version: u64,
    /// Whether it counts.
    pub state: EntryState,
    /// The manufacturer.
    pub partner: PartnerId,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// System manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// System product name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Product key id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkid: Option<Pkid>,
    /// The identities of the device, strongest first.
    pub keys: Vec<IdentityKey>,
    /// What the matcher compares.
    pub components: Components,
    /// The partner that it is meant for, which may read its PKID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intended_for: Option<PartnerId>,
    /// The row that made it, or changed it last.
    pub source: Source,
    /// When it was listed.
    pub catalogued_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

impl Entry {
    /// The identities whose holder proves to have the device: its TPM's endorsement key. Names and PKIDs can be written into
    /// any list, so they count only where the hash shows no TPM.
    pub fn proving_keys(&self) -> impl Iterator<Item = IdentityKey> + '_ {
        let has_tpm = self.keys.iter().any(|key| key.kind() == KeyKind::EndorsementKey);
        let proves = move |key: &IdentityKey| !has_tpm || key.kind() == KeyKind::EndorsementKey;
        self.keys.iter().copied().filter(proves)
    }

    /// The identities by which rows lead to it.
    pub fn leading_keys(&self) -> impl Iterator<Item = IdentityKey> + '_ {
        self.keys.iter().copied().filter(|key| leads(*key))
    }
}

/// Whether a row that has no hash can bring this identity, and so lead to an entry by it.
#[must_use]
pub const fn leads(key: IdentityKey) -> bool {
    matches!(key.kind(), KeyKind::Pkid | KeyKind::Tuple)
}

/// What an entry says, as a row would.
impl From<&Entry> for Record {
    fn from(entry: &Entry) -> Self {
        Self {
            place: entry.source.place,
            serial: entry.serial.clone(),
            manufacturer: entry.manufacturer.clone(),
            model: entry.model.clone(),
            pkid: entry.pkid.clone(),
            group_tag: None,
            assigned_user: None,
            keys: entry.keys.clone(),
            components: Some(entry.components.clone()),
            notices: Vec::new(),
        }
    }
}

/// Where identities lead in the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub enum Lead<'a> {
    /// To no entry.
    Nothing,
    /// To this one; of several of one device, to the one that was listed first.
    To(&'a Entry),
    /// To several devices, or to one that cannot be meant. Why.
    Unclear(&'static str),
}

/// What is said of a device beside its identities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said<'a> {
    /// Its serial number.
    pub serial: Option<&'a str>,
    /// Its manufacturer.
    pub manufacturer: Option<&'a str>,
}

impl<'a> From<&'a Record> for Said<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            serial: record.serial.as_deref(),
            manufacturer: record.manufacturer.as_deref(),
        }
    }
}

impl<'a> From<&'a Device> for Said<'a> {
    fn from(device: &'a Device) -> Self {
        Self {
            serial: device.serial.as_deref(),
            manufacturer: device.manufacturer.as_deref(),
        }
    }
}

const SEVERAL: &str = "the catalogue has several devices with this PKID, or this manufacturer, model and serial number";
const OTHER: &str = "the catalogue has another device with this PKID, or this manufacturer, model and serial number";

/// Where these identities lead, given the entries that have any of them. `said`: what is said of the names beside them. A
/// PKID leads to no device of another manufacturer, nor makes one of those the right one unclear: whoever listed it stands
/// for other names.
#[must_use]
pub fn lead<'a>(keys: &[IdentityKey], said: Said<'_>, entries: impl IntoIterator<Item = &'a Entry>) -> Lead<'a> {
    let mut found: Vec<&Entry> = entries
        .into_iter()
        .filter(|entry| entry.state == EntryState::Listed && entry.leading_keys().any(|key| keys.contains(&key)))
        .collect();
    found.sort_by_key(|entry| (entry.catalogued_at, entry.id));
    found.dedup_by_key(|entry| entry.id);
    if found.is_empty() {
        return Lead::Nothing;
    }
    let differ = |said: Option<&str>, held: Option<&str>| said.zip(held).is_some_and(|(said, held)| said != held);
    found.retain(|entry| !differ(said.manufacturer, entry.manufacturer.as_deref()));
    let Some(first) = found.first().copied() else {
        return Lead::Unclear(OTHER);
    };
    if found
        .iter()
        .enumerate()
        .any(|(at, entry)| found.iter().skip(at + 1).any(|other| one_device(entry, other).is_err()))
    {
        return Lead::Unclear(SEVERAL);
    }
    if found
        .iter()
        .any(|entry| differ(said.serial, entry.serial.as_deref()) || contradicts(keys, entry).is_some())
    {
        return Lead::Unclear(OTHER);
    }
    Lead::To(first)
}

/// A row that leads to this entry, with all that the entry knows of the device.
#[must_use]
pub fn completed(record: &Record, entry: &Entry) -> Record {
    let mut keys = [record.keys.as_slice(), entry.keys.as_slice()].concat();
    keys.sort_unstable();
    keys.dedup();
    Record {
        serial: record.serial.clone().or_else(|| entry.serial.clone()),
        manufacturer: record.manufacturer.clone().or_else(|| entry.manufacturer.clone()),
        model: record.model.clone().or_else(|| entry.model.clone()),
        pkid: record.pkid.clone().or_else(|| entry.pkid.clone()),
        keys,
        components: Some(entry.components.clone()),
        ..record.clone()
    }
}
