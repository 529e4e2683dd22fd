//! What is wrong with a cell or with the number of cells, in words.

use std::borrow::Cow;

use crate::column::Column;
use crate::dialect::{Delimiter, Encoding};
use crate::problem::CellCode;

/// A diagnosis: which problem, and the words for it.
pub(crate) type Fault = (CellCode, String);

/// Characters of a whole hash: 3,000 bytes in base64.
const HASH_CHARS: usize = 4_000;
/// A hash with fewer characters than this has lost more than a few of the zero bytes at its end.
const HASH_CHARS_LEAST: usize = 3_900;

pub(crate) fn row_too_long(max: usize) -> Fault {
    let message = format!(
        "this row is longer than {max} bytes. No device needs that much; a missing line break or a foreign file pasted in looks like this. \
         Break the line where the next device begins"
    );
    (CellCode::RowTooLong, message)
}

pub(crate) fn unbalanced_quote() -> Fault {
    let message = "a quotation mark is not closed, or stands inside a quoted value without being doubled, \
                   so nobody can say where the cells end. Close it, or write a mark inside quotes twice";
    (CellCode::UnbalancedQuote, message.to_owned())
}

pub(crate) fn assumed_windows_1252() -> Fault {
    let message = "this row is not UTF-8; it was read as Windows-1252 (\"ANSI\"). Check its special characters";
    (CellCode::AssumedWindows1252, message.to_owned())
}

pub(crate) fn invalid_encoding(encoding: Encoding) -> Fault {
    let message = format!(
        "bytes stand here that are not {encoding}, so characters are lost. Type the value again, and save the file in one encoding"
    );
    (CellCode::InvalidEncoding, message)
}

pub(crate) fn nul_byte() -> Fault {
    let message = "a NUL byte stands in this value; text has none, so the file was damaged on its way. Export it again";
    (CellCode::NulByte, message.to_owned())
}

pub(crate) fn invisible_characters() -> Fault {
    let message = "no-break spaces or invisible characters were taken off this value";
    (CellCode::InvisibleCharacters, message.to_owned())
}

/// Looks at one value by itself. `spans_rows` says that a quoted value holds line breaks and a row's worth of delimiters.
pub(crate) fn value(column: Column, value: &str, quoted: bool, spans_rows: bool) -> Option<Fault> {
    match column {
        Column::Problem | Column::Blank => None,
        _ if !quoted && value.starts_with('"') => {
            let message = "a quotation mark stands behind a blank, where it quotes nothing. Take the blank off";
            Some((CellCode::UnbalancedQuote, message.to_owned()))
        }
        Column::HardwareHash => hash_cut_short(value),
        _ if spans_rows => {
            let message = "this quoted value goes over line breaks and holds what looks like whole rows: \
                           a quotation mark is missing or too many. Close the quotes on the line on which they open";
            Some((CellCode::UnbalancedQuote, message.to_owned()))
        }
        Column::SerialNumber | Column::ProductId if is_scientific(value) => {
            let message = format!(
                "\"{value}\" is a number that Excel has rounded; its digits are lost. \
                 Take the value from the original list, and format the column as text before you open or paste it"
            );
            Some((CellCode::ScientificNotation, message))
        }
        _ => None,
    }
}

/// Whether a value looks like `1.23457E+11`, with a point or a comma.
fn is_scientific(value: &str) -> bool {
    let Some((number, exponent)) = value.split_once(['E', 'e']) else {
        return false;
    };
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    whole.len() == 1 && digits(whole) && digits(fraction) && exponent.strip_prefix('+').is_some_and(digits)
}

/// Whether a value has the shape of a hardware hash, whole or not: base64 that begins with `T0` (the bytes `OA`).
pub(crate) fn is_hash_like(value: &str) -> bool {
    value.len() >= 64 && value.starts_with("T0") && value.bytes().all(is_base64)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_') || byte.is_ascii_whitespace()
}

/// Only the shape is looked at: what the characters say is for a decoder.
fn hash_cut_short(value: &str) -> Option<Fault> {
    if value.len() == HASH_CHARS || !value.starts_with("T0") || !value.bytes().all(is_base64) {
        return None;
    }
    let chars = value.bytes().filter(|b| !b.is_ascii_whitespace()).count();
    (chars < HASH_CHARS_LEAST || chars % 4 == 1).then(|| {
        let message = format!(
            "this hardware hash ends after {chars} characters; a whole one has {HASH_CHARS}. \
             A program that cuts or wraps long cells does that. Take the hash from the original file, or capture it again"
        );
        (CellCode::HashCutShort, message)
    })
}

/// Fewer cells than columns; `None` when only columns are missing that a row may leave off.
pub(crate) fn too_few(columns: &[Column], cells: usize) -> Option<Fault> {
    let missing = columns.get(cells..)?;
    let needed = missing.iter().find(|column| !column.may_be_left_off())?;
    let message = format!(
        "this row ends after {}, and the list has {}: \"{needed}\" is missing. \
         A line break or a lost delimiter inside the row does that. Write every cell, also the empty ones",
        count(cells, "cell"),
        count(columns.len(), "column"),
    );
    Some((CellCode::TooFewCells, message))
}

/// Empty cells behind the last column, as Excel leaves them.
pub(crate) fn trailing_empty(columns: usize, cells: usize) -> Fault {
    let message = format!(
        "{} behind the last column passed over",
        count(cells.saturating_sub(columns), "empty cell")
    );
    (CellCode::TrailingEmptyCells, message)
}

/// The one pair of neighbouring cells that looks like a single value with a delimiter in it, such as `Contoso, Inc.`;
/// `None` when there is no such pair or more than one.
pub(crate) fn split_value<'t>(
    columns: &[Column],
    used: usize,
    text: impl Fn(usize) -> Option<Cow<'t, str>>,
) -> Option<usize> {
    let mut splits = (0..used.saturating_sub(1)).filter(|index| {
        let (left, right) = (text(*index).unwrap_or_default(), text(index + 1).unwrap_or_default());
        let joined = right.starts_with(' ') && !right.trim().is_empty() || is_company_form(right.trim());
        joined
            && !left.trim().is_empty()
            && !matches!(columns.get(*index), Some(Column::HardwareHash | Column::AssignedUser))
    });
    splits.next().filter(|_| splits.next().is_none())
}

/// A value where no column is: at `stray`, of `used` cells. Gives the cell to point at, too.
pub(crate) fn too_many<'t>(
    columns: &[Column],
    delimiter: Delimiter,
    stray: usize,
    used: usize,
    text: impl Fn(usize) -> Option<Cow<'t, str>>,
) -> (usize, Fault) {
    let named = columns
        .iter()
        .rposition(|column| !matches!(column, Column::Blank | Column::Problem))
        .map_or(0, |i| i + 1);
    let have = format!("this row has {} for {}", count(used, "cell"), count(named, "column"));
    if let Some(index) = split_value(columns, used, &text) {
        let whole = [text(index), text(index + 1)].map(|cell| shortened(cell.unwrap_or_default().trim_end()));
        let whole = whole.join(&delimiter.char().to_string());
        let message = format!(
            "{have}: cells {} and {} look like one value that an unquoted {delimiter} split, which shifted the cells behind it. \
             Write it in quotation marks: \"{whole}\"",
            index + 1,
            index + 2,
        );
        return (index, (CellCode::ShiftedColumns, message));
    }
    let free_text = columns
        .iter()
        .position(|column| matches!(column, Column::Manufacturer | Column::Model));
    if let Some(first) = free_text {
        let message = format!(
            "{have}: one of the values from cell {} on seems to hold an unquoted {delimiter}, which shifted the cells behind it. \
             Write that value in quotation marks",
            first + 1,
        );
        return (first, (CellCode::ShiftedColumns, message));
    }
    let message = format!(
        "{have}; nothing says what the value in cell {} is. Delete it, or write a value that holds a {delimiter} in quotation marks",
        stray + 1,
    );
    (stray, (CellCode::TooManyCells, message))
}

/// What companies end their names with, behind a comma.
fn is_company_form(text: &str) -> bool {
    let form: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    matches!(
        form.as_str(),
        "inc"
            | "incorporated"
            | "ltd"
            | "limited"
            | "llc"
            | "llp"
            | "lp"
            | "plc"
            | "corp"
            | "corporation"
            | "co"
            | "company"
            | "coltd"
            | "gmbh"
            | "ag"
            | "kg"
            | "sa"
            | "sas"
            | "sarl"
            | "srl"
            | "spa"
            | "bv"
            | "nv"
            | "oy"
            | "ab"
            | "as"
            | "pty"
            | "ptyltd"
    )
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excel_numbers_are_told_from_serial_numbers() {
        for value in ["1.23457E+11", "1,23457E+11", "3.3E+12", "5E+10", "1e+05"] {
            assert!(is_scientific(value), "{value}");
        }
        for value in [
            "1E11", "5CE0123", "E+10", "12.3E+11", "1.E+10", "1.2E-3", "1.2E+", "SYN-E+10", "",
        ] {
            assert!(!is_scientific(value), "{value}");
        }
    }

    #[test]
    fn a_hash_is_cut_short_by_its_shape_only() {
        let cut = |value: String| hash_cut_short(&value).is_some();
        assert!(!cut(format!("T0{}", "A".repeat(3_998))));
        assert!(!cut(format!("T0{}", "A".repeat(3_997)))); // one zero byte's worth: harmless
        assert!(!cut(format!("T0{}", "A\n".repeat(3_998))));
        assert!(cut(format!("T0{}", "A".repeat(3_995)))); // 3,997: no base64 has that length
        assert!(cut(format!("T0{}", "A".repeat(1_000))));
        assert!(cut("T0".to_owned()));
        assert!(!cut("no hash".to_owned()));
        assert!(!cut("T0 and ümlauts".to_owned()));
    }

    #[test]
    fn cells_that_may_be_left_off_are_not_missed() {
        let columns = [
            Column::SerialNumber,
            Column::ProductId,
            Column::HardwareHash,
            Column::GroupTag,
            Column::AssignedUser,
        ];
        assert_eq!(too_few(&columns, 5), None);
        assert_eq!(too_few(&columns, 3), None);
        assert!(too_few(&columns, 2).is_some());
    }
}
