//! Synthetic device lists.

use hardware_hash::generate::{Capture, Generator, SyntheticDevice};
use manifest::{Format, ListOptions, ListRow, ListWriter};

/// The seed of all devices of a journey.
pub const SEED: u64 = 7;

/// The device of this number.
#[must_use]
pub fn device(n: u64) -> SyntheticDevice {
    Generator::new(SEED).device(n)
}

/// Its hash as text, captured at `time` seconds since 2000.
#[must_use]
pub fn hash(device: &SyntheticDevice, time: u32) -> String {
    device
        .capture(&Capture {
            time,
            ..Capture::default()
        })
        .to_text()
}

/// A row of a list; empty cells where nothing is said.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Serial number.
    pub serial: String,
    /// PKID.
    pub product_id: String,
    /// Hash.
    pub hash: String,
    /// Group tag.
    pub group_tag: String,
    /// User.
    pub assigned_user: String,
    /// Manufacturer.
    pub manufacturer: String,
    /// Model.
    pub model: String,
}

impl Row {
    /// A row that names a device by its hash.
    #[must_use]
    pub fn of_hash(device: &SyntheticDevice) -> Self {
        Self {
            serial: device.serial.clone(),
            hash: hash(device, 1),
            ..Self::default()
        }
    }

    /// A row that names a device by manufacturer, model and serial number.
    #[must_use]
    pub fn of_tuple(device: &SyntheticDevice) -> Self {
        Self {
            serial: device.serial.clone(),
            manufacturer: device.manufacturer.clone(),
            model: device.product.clone(),
            ..Self::default()
        }
    }

    /// A row that names a device by its PKID.
    #[must_use]
    pub fn of_pkid(device: &SyntheticDevice) -> Self {
        Self {
            product_id: device.pkid.clone().unwrap_or_default(),
            ..Self::default()
        }
    }

    /// The same with a group tag.
    #[must_use]
    pub fn tagged(self, tag: &str) -> Self {
        Self {
            group_tag: tag.to_owned(),
            ..self
        }
    }
}

/// A list in this format.
#[must_use]
pub fn list(format: Format, rows: &[Row]) -> Vec<u8> {
    let writer = ListWriter::new(format, ListOptions::default());
    let mut out = Vec::new();
    writer.header(&mut out);
    for row in rows {
        let row = ListRow {
            serial: &row.serial,
            product_id: &row.product_id,
            hash: &row.hash,
            group_tag: &row.group_tag,
            assigned_user: &row.assigned_user,
            manufacturer: &row.manufacturer,
            model: &row.model,
        };
        writer.row(&mut out, &row);
    }
    out
}

/// An Intune list of devices `range` by hash.
#[must_use]
pub fn intune(range: std::ops::Range<u64>) -> Vec<u8> {
    let rows: Vec<Row> = range.map(|n| Row::of_hash(&device(n))).collect();
    list(Format::Intune, &rows)
}

/// A list in nobody's order that holds all that a row can say.
#[must_use]
pub fn all_columns(rows: &[Row]) -> Vec<u8> {
    let mut out = "Device Serial Number,Windows Product ID,Hardware Hash,Manufacturer name,Device model,Group Tag,\
                   Assigned User\r\n"
        .to_owned();
    for row in rows {
        let cells: [&str; 7] = [
            &row.serial,
            &row.product_id,
            &row.hash,
            &row.manufacturer,
            &row.model,
            &row.group_tag,
            &row.assigned_user,
        ];
        out.push_str(&cells.map(|cell| format!("\"{cell}\"")).join(","));
        out.push_str("\r\n");
    }
    out.into_bytes()
}
