//! Splits one row into cells, as byte ranges of the row.

use crate::scan::Rules;

/// One cell of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    /// First byte of the cell, its opening quotation mark included.
    pub(crate) start: usize,
    /// Behind its last byte, its closing quotation mark included.
    pub(crate) end: usize,
    /// Whether it stands in quotation marks.
    pub(crate) quoted: bool,
}

/// Splits a row without its line ending, and adds its cells to `cells`; there is at least one.
/// In a malformed row quotation marks mean nothing.
pub(crate) fn split(rules: &Rules, row: &[u8], malformed: bool, cells: &mut Vec<Cell>) {
    let units = rules.units;
    let mut start = 0;
    loop {
        let body = if malformed { None } else { quoted_end(rules, row, start) };
        let next = units.find(row, body.unwrap_or(start), rules.delimiter);
        cells.push(Cell {
            start,
            end: next.unwrap_or(row.len()),
            quoted: body.is_some(),
        });
        match next {
            Some(hit) => start = hit + units.width(),
            None => return,
        }
    }
}

/// Behind the closing mark of the quoted cell that begins at `start`; `None` when none begins there.
fn quoted_end(rules: &Rules, row: &[u8], start: usize) -> Option<usize> {
    let (units, width) = (rules.units, rules.units.width());
    if !units.is(row, start, b'"') {
        return None;
    }
    let mut at = start + width;
    while let Some(hit) = units.find(row, at, b'"') {
        at = hit + width;
        if !units.is(row, at, b'"') {
            return Some(at);
        }
        at += width;
    }
    Some(row.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Units;

    fn cells(row: &str, malformed: bool) -> Vec<&str> {
        let rules = Rules {
            units: Units::Bytes,
            delimiter: b',',
            max: 1000,
        };
        let mut cells = Vec::new();
        split(&rules, row.as_bytes(), malformed, &mut cells);
        cells.iter().map(|cell| &row[cell.start..cell.end]).collect()
    }

    #[test]
    fn delimiters_in_quotes_do_not_split() {
        assert_eq!(cells("a,\"b,\"\"c\",d", false), ["a", "\"b,\"\"c\"", "d"]);
        assert_eq!(cells("a,13\" x,", false), ["a", "13\" x", ""]);
        assert_eq!(cells("", false), [""]);
        assert_eq!(cells(",", false), ["", ""]);
    }

    #[test]
    fn in_a_malformed_row_they_do() {
        assert_eq!(cells("\"a,b", true), ["\"a", "b"]);
    }
}
