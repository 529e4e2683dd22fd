//! The faults that real lists have, one for each diagnosis.

use hardware_hash::text;
use manifest::{Format, ListWriter, MAX_ROW_BYTES};

use super::rows::{Row, Rows};

/// Every so many rows one has a fault.
const EVERY: u64 = 4;
/// Stands for the unquoted delimiter until the row is written.
const MARK: &str = "\u{1}";

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A character of the hash is another one.
    DamagedHash,
    /// Excel's number format.
    ScientificNotation,
    /// `Contoso, Inc.` without quotation marks.
    ShiftedColumns,
    /// The hash ends too early.
    CutHash,
    /// The device of the row before, captured again.
    Duplicate,
    /// No hash; in lists without hashes, no model.
    MissingIdentity,
    /// The serial number of another device.
    ForeignSerial,
    /// A user without a domain.
    BadUser,
    /// The first cell only.
    TooFewCells,
    /// What tools before Windows 10 version 1709 made.
    OldHash,
    /// A quotation mark that is not closed.
    StrayQuote,
    /// A NUL byte.
    NulByte,
    /// Longer than a row can be.
    RowTooLong,
}

impl Fault {
    const ALL: [Self; 13] = [
        Self::DamagedHash,
        Self::ScientificNotation,
        Self::ShiftedColumns,
        Self::CutHash,
        Self::Duplicate,
        Self::MissingIdentity,
        Self::ForeignSerial,
        Self::BadUser,
        Self::TooFewCells,
        Self::OldHash,
        Self::StrayQuote,
        Self::NulByte,
        Self::RowTooLong,
    ];

    /// Whether a list of this format can have it.
    fn fits(self, format: Format) -> bool {
        match self {
            Self::DamagedHash | Self::CutHash | Self::OldHash | Self::ForeignSerial => {
                format != Format::CorporateIdentifiers
            }
            Self::BadUser => matches!(format, Format::Intune | Format::IntuneWithoutHeader),
            _ => true,
        }
    }

    /// Appends the row with this fault. `plain` writes UTF-8 without quotation marks and byte order mark.
    pub(super) fn write(self, row: &Row, rows: &Rows, plain: &ListWriter, writer: &ListWriter, out: &mut Vec<u8>) {
        let mut row = match self {
            Self::Duplicate => rows.captured(row.n.saturating_sub(1).max(1), 1),
            _ => row.clone(),
        };
        match self {
            Self::DamagedHash => row.hash = damaged(&row.hash),
            Self::ScientificNotation => row.serial = "1.23457E+11".to_owned(),
            Self::CutHash => row.hash.truncate(row.hash.len() * 3 / 5),
            Self::MissingIdentity => {
                row.hash.clear();
                row.pkid.clear();
                row.model.clear();
            }
            Self::ForeignSerial => row.serial.push_str("-OTHER"),
            Self::BadUser => row.user = "ada".to_owned(),
            Self::OldHash => row.hash = text::encode(&[0x5A; 128]),
            Self::NulByte => row.serial.insert(1, '\0'),
            Self::RowTooLong => row.serial = "X".repeat(MAX_ROW_BYTES as usize + 1),
            Self::ShiftedColumns => {
                // Whichever of them the format has.
                row.manufacturer = format!("Contoso{MARK} Inc.");
                row.tag = format!("{}{MARK} new", row.tag);
                row.user = format!("user{}@contoso.example", row.n);
                let line = as_line(&row, plain);
                let line = if line.contains(MARK) {
                    line
                } else {
                    format!("Lot 7{MARK} {line}")
                };
                return writer.line(out, &line.replace(MARK, ","));
            }
            Self::TooFewCells => return writer.line(out, &row.serial),
            Self::StrayQuote => return writer.line(out, &format!("\"{}", as_line(&row, plain).replace('"', ""))),
            Self::Duplicate => {}
        }
        writer.row(out, &row.cells());
    }
}

/// The faults that a list of this format can have, in turn.
pub(super) fn of_format(format: Format) -> Vec<Fault> {
    Fault::ALL.into_iter().filter(|fault| fault.fits(format)).collect()
}

/// The fault of row `n`, if it has one.
pub(super) fn at(n: u64, faults: &[Fault]) -> Option<Fault> {
    let turn = usize::try_from(n / EVERY).ok()?.checked_sub(1)?;
    n.is_multiple_of(EVERY)
        .then(|| faults.get(turn % faults.len().max(1)).copied())
        .flatten()
}

/// The row as text without quotation marks and line break.
fn as_line(row: &Row, plain: &ListWriter) -> String {
    let mut bytes = Vec::new();
    plain.row(&mut bytes, &row.cells());
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

/// The hash with another character in its middle, where the identities stand.
fn damaged(hash: &str) -> String {
    let (head, tail) = hash.split_at_checked(hash.len() / 3).unwrap_or((hash, ""));
    let mut tail = tail.chars();
    let other = if tail.next() == Some('A') { 'B' } else { 'A' };
    format!("{head}{other}{}", tail.as_str())
}
