//! Fixtures, and rows for people to read.

use std::path::PathBuf;

use manifest::{Column, Dialect, Row, RowReader};

pub(crate) const COLUMNS: [Column; 11] = [
    Column::SerialNumber,
    Column::ProductId,
    Column::HardwareHash,
    Column::GroupTag,
    Column::AssignedUser,
    Column::Manufacturer,
    Column::Model,
    Column::OrderId,
    Column::PurchaseOrder,
    Column::OsVersion,
    Column::Ownership,
];

/// The files of a fixture folder, by name.
pub(crate) fn fixtures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

pub(crate) fn fixture(folder: &str, name: &str) -> Vec<u8> {
    fixtures(folder).into_iter().find(|file| file.0 == name).unwrap().1
}

/// All rows of a file, read without cuts.
pub(crate) fn rows<'a>(dialect: &'a Dialect, file: &'a [u8]) -> Vec<Row<'a>> {
    let start = usize::try_from(dialect.data_start).unwrap();
    RowReader::new(dialect, &file[start..], dialect.data_line, 1, dialect.data_start).collect()
}

/// A row's values, for people; a whole hash is only counted.
pub(crate) fn describe(row: &Row<'_>) -> String {
    let mut text = format!("row {} on line {}:", row.row(), row.line());
    for column in COLUMNS {
        let Some(value) = row.get(column) else { continue };
        let value = if value.len() > 60 {
            format!("<{} characters>", value.len())
        } else {
            format!("{value:?}")
        };
        text += &format!(" {column}={value}");
    }
    text
}
