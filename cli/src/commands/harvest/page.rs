//! From rows of an inventory to devices as an MDM service reports them.

use hardware_hash::HardwareHash;
use manifest::{Column, Dialect, Row, RowReader};
use muster_core::channel::Channel;
use muster_core::harvest::{Harvested, Judgement, Ownership};
use muster_core::record::Place;
use muster_core::row::{self, RawRow};
use muster_core::upload::Batch;
use registration_api::harvests::list_of;
use registration_api::model::HarvestedDevice;

/// Columns that an inventory may have beside the hash, and what their absence means.
const WANTED: [(Column, &str); 4] = [
    (
        Column::OsVersion,
        "the version of Windows is taken from each hardware hash",
    ),
    (
        Column::Ownership,
        "all devices are taken as corporate-owned, as Configuration Manager manages them",
    ),
    (
        Column::SerialNumber,
        "serial numbers are taken from the hardware hashes, and held against nothing",
    ),
    (Column::GroupTag, "devices get no group tag but that of --group-tag"),
];

/// Reads the rows of an inventory.
pub(super) struct Reader<'a> {
    group_tag: Option<&'a str>,
    missing: Vec<(Column, &'static str)>,
}

/// The devices of a page, each with the line that it stands on.
#[derive(Default)]
pub(super) struct Page {
    pub(super) devices: Vec<(u64, HarvestedDevice)>,
    /// Lines that cannot be used, and why.
    pub(super) unusable: Vec<(u64, String)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(dialect: &Dialect, group_tag: Option<&'a str>) -> Self {
        let has = |column: Column| {
            let tag = column == Column::GroupTag && dialect.columns.contains(&Column::OrderId);
            tag || dialect.columns.contains(&column)
        };
        Self {
            group_tag: group_tag.map(str::trim).filter(|tag| !tag.is_empty()),
            missing: WANTED.into_iter().filter(|(column, _)| !has(*column)).collect(),
        }
    }

    /// What a person should know of the columns that are not there.
    pub(super) fn notices(&self) -> impl Iterator<Item = String> + '_ {
        self.missing
            .iter()
            .map(|(column, meaning)| format!("there is no column {column}: {meaning}"))
    }

    /// The devices of a page.
    pub(super) fn page(&self, dialect: &Dialect, bytes: &[u8], batch: &Batch) -> Page {
        let (mut page, mut scratch) = (Page::default(), Vec::new());
        for row in RowReader::new(dialect, bytes, batch.first_line, batch.first_row, batch.start) {
            match self.device(&row, &mut scratch) {
                Ok(device) => page.devices.push((row.line(), device)),
                Err(why) => page.unusable.push((row.line(), why)),
            }
        }
        page
    }

    fn device(&self, row: &Row<'_>, scratch: &mut Vec<u8>) -> Result<HarvestedDevice, String> {
        if row.failed() {
            let problems: Vec<&str> = row.problems().iter().map(|problem| problem.message.as_str()).collect();
            return Err(problems.join("; "));
        }
        check(row, scratch)?;
        let hash = row.get(Column::HardwareHash).unwrap_or_default();
        let group_tag = row.get(Column::GroupTag).or(self.group_tag);
        let device = HarvestedDevice {
            hardware_hash: hash.to_owned(),
            ownership: match row.get(Column::Ownership) {
                Some(word) => Ownership::of_word(word),
                None if self.lacks(Column::Ownership) => Ownership::Corporate,
                None => Ownership::Unknown,
            },
            // The inventory is what the agent on the device reports.
            enrolled: true,
            os_version: match row.get(Column::OsVersion) {
                Some(version) => version.to_owned(),
                None => version_in(hash).unwrap_or_default(),
            },
            managed_device_id: None,
            group_tag: group_tag.map(str::to_owned),
        };
        // A server refuses a whole page for one value that no list can hold.
        let alone = list_of(&[Harvested::from(&device)], &[Judgement::Register]);
        alone.map(|_| device).map_err(|wrong| {
            let details: Vec<&str> = wrong.iter().map(|error| error.detail.as_str()).collect();
            details.join(" ")
        })
    }

    fn lacks(&self, column: Column) -> bool {
        self.missing.iter().any(|(missing, _)| *missing == column)
    }
}

/// Holds what the row says against what its hash says.
fn check(row: &Row<'_>, scratch: &mut Vec<u8>) -> Result<(), String> {
    let raw = RawRow {
        serial_number: row.get(Column::SerialNumber),
        hardware_hash: row.get(Column::HardwareHash),
        group_tag: row.get(Column::GroupTag),
        manufacturer: row.get(Column::Manufacturer),
        model: row.get(Column::Model),
        ..RawRow::default()
    };
    let place = Place {
        row: row.row(),
        line: row.line(),
        offset: row.offset(),
        len: u32::try_from(row.len()).unwrap_or(u32::MAX),
    };
    let faults = match row::read(&raw, place, Channel::Automatic, scratch) {
        Ok(_) => return Ok(()),
        Err(faults) => faults,
    };
    let details: Vec<String> = faults.into_iter().map(|fault| fault.detail).collect();
    Err(details.join("; "))
}

/// The version of Windows that a hash was captured on.
fn version_in(hash: &str) -> Option<String> {
    let (hash, ..) = HardwareHash::from_text(hash.as_bytes()).ok()?;
    let os = hash.capture()?.os;
    Some(format!("{}.{}.{}", os.major, os.minor, os.build))
}
