//! Catalogues: what manufacturers make known, and what is told of it.

use muster_core::Timestamp;
use muster_core::catalogue::{self, EntryId};
use muster_core::id::PartnerId;
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{NewDevice, Refusal, Source};

/// A device that a manufacturer made known. Its hardware hash is told to nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CatalogueEntry {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: EntryId,
    /// Counts every change.
    pub version: u64,
    /// `listed`, or `withdrawn`.
    #[schema(value_type = words::EntryState)]
    pub state: catalogue::EntryState,
    /// Whether somebody has registered the device; who, is not told.
    pub owned: bool,
    /// Its serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// Its manufacturer, as the firmware spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Its model, as the firmware spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its product key id (PKID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_key_id: Option<String>,
    /// The partner that it is meant for, which may read its PKID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::PartnerId>)]
    pub intended_for: Option<PartnerId>,
    /// The row that made it, or changed it last.
    pub source: Source,
    /// When it was listed.
    #[schema(value_type = String, format = DateTime)]
    pub catalogued_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
}

impl CatalogueEntry {
    /// An entry as it is told; `owned`: somebody has registered the device.
    #[must_use]
    pub fn of(entry: catalogue::Entry, owned: bool) -> Self {
        Self {
            id: entry.id,
            version: entry.version,
            state: entry.state,
            owned,
            serial_number: entry.serial,
            manufacturer: entry.manufacturer,
            model: entry.model,
            product_key_id: entry.pkid.map(String::from),
            intended_for: entry.intended_for,
            source: entry.source.into(),
            catalogued_at: entry.catalogued_at,
            changed_at: entry.changed_at,
        }
    }
}

/// A page of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CataloguePage {
    /// The entries.
    pub entries: Vec<CatalogueEntry>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// The PKID of a device that is meant for a partner, and what is on the box beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductKey {
    /// The product key id (PKID).
    pub product_key_id: String,
    /// The serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// The manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl ProductKey {
    /// What a partner is told of an entry that is meant for it; nothing where the entry has no PKID.
    #[must_use]
    pub fn of(entry: catalogue::Entry) -> Option<Self> {
        Some(Self {
            product_key_id: entry.pkid?.into(),
            serial_number: entry.serial,
            manufacturer: entry.manufacturer,
            model: entry.model,
        })
    }
}

/// A page of PKIDs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductKeyPage {
    /// The PKIDs. There may be few, and yet a next page.
    pub product_keys: Vec<ProductKey>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// A list for a catalogue that is to be uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCatalogueUpload {
    /// What the file is called, with or without `.csv`; at most 120 characters, no slash.
    #[schema(min_length = 1, max_length = 120, pattern = "^[^/]+$")]
    pub name: String,
    /// Bytes of the file, exactly.
    #[schema(minimum = 1, maximum = 5368709120000_i64)]
    pub size: u64,
    /// Send it in parts. A file of more than 5 GiB always is.
    pub multipart: Option<bool>,
    /// SHA-256 of the file in hexadecimal digits, by which its sender knows it again.
    #[schema(pattern = "^[0-9A-Fa-f]{64}$")]
    pub sha256: Option<String>,
    /// Refuse the whole file when it has more than 1,000 rows.
    pub strict: Option<bool>,
    /// List nothing, and find out what would become of each row.
    pub validate_only: Option<bool>,
    /// The partner that the devices are meant for, which may read their PKIDs.
    #[schema(value_type = Option<words::PartnerId>)]
    pub intended_for: Option<PartnerId>,
}

/// Devices for a catalogue, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCatalogueEntries {
    /// List nothing, and find out what would become of each device.
    pub validate_only: Option<bool>,
    /// The partner that the devices are meant for, which may read their PKIDs.
    #[schema(value_type = Option<words::PartnerId>)]
    pub intended_for: Option<PartnerId>,
    /// The devices. Row 1 of all answers is the first one.
    #[schema(min_items = 1, max_items = 1000)]
    pub devices: Vec<NewCatalogueEntry>,
}

/// A device for a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCatalogueEntry {
    /// The 4K hardware hash, in base64.
    #[schema(max_length = 24000)]
    pub hardware_hash: String,
    /// The serial number, where the hash has none; otherwise it must be the same.
    #[schema(max_length = 128)]
    pub serial_number: Option<String>,
    /// The manufacturer, where the hash has none.
    #[schema(max_length = 128)]
    pub manufacturer: Option<String>,
    /// The model, where the hash has none.
    #[schema(max_length = 128)]
    pub model: Option<String>,
    /// The product key id (PKID), where the hash has none; otherwise it must be the same.
    #[schema(max_length = 64)]
    pub product_key_id: Option<String>,
}

impl From<NewCatalogueEntry> for NewDevice {
    fn from(new: NewCatalogueEntry) -> Self {
        Self {
            serial_number: new.serial_number,
            manufacturer: new.manufacturer,
            model: new.model,
            product_key_id: new.product_key_id,
            hardware_hash: Some(new.hardware_hash),
            group_tag: None,
            assigned_user: None,
        }
    }
}

/// Entries to withdraw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawEntries {
    /// Their ids, each once.
    #[schema(value_type = Vec<words::EntryId>, min_items = 1, max_items = 1000)]
    pub ids: Vec<EntryId>,
}

/// What became of an entry that was to be withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum WithdrawalName {
    /// It counts no more.
    Withdrawn,
    /// There is no such entry in this catalogue.
    NotFound,
    /// It stays.
    Refused,
}

/// What became of one of several entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalOutcome {
    /// The entry.
    #[schema(value_type = String, format = Uuid)]
    pub id: EntryId,
    /// What became of it.
    pub outcome: WithdrawalName,
    /// Why it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Refusal>,
}

/// What became of the entries, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalOutcomes {
    /// One for each.
    pub entries: Vec<WithdrawalOutcome>,
}
