//! The first rows of a file, before anybody knows its columns.

use crate::cell::{Cell, split};
use crate::dialect::Encoding;
use crate::row_text::RowText;
use crate::scan::{Rules, Scan};

/// How many records of the window are looked at, blank ones not counted.
const LOOKED_AT: usize = 40;

/// One record of the first window, blank ones included.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Record<'a> {
    /// First byte, counted from behind the byte order mark.
    pub(super) start: usize,
    /// Physical line, counted from 1.
    pub(super) line: u64,
    /// Its bytes, line ending included.
    pub(super) raw: &'a [u8],
    /// Line breaks in it.
    pub(super) breaks: u32,
    /// Whether nothing but blanks, delimiters and quotation marks stands in it.
    pub(super) blank: bool,
    /// Whether it is longer than a row may be.
    pub(super) too_long: bool,
    malformed: bool,
}

impl<'a> Record<'a> {
    /// Splits the record into cells.
    pub(super) fn cells(&self, rules: &Rules, encoding: Encoding) -> (RowText<'a>, Vec<Cell>) {
        let content = rules.units.without_line_ending(self.raw);
        let mut cells = Vec::new();
        split(rules, content, self.malformed, &mut cells);
        (RowText::new(encoding, *rules, content, self.malformed), cells)
    }

    /// Whether all cells that are not empty stand in quotation marks.
    pub(super) fn is_quoted(&self, rules: &Rules, encoding: Encoding) -> bool {
        let mut cells = self.cells(rules, encoding).1;
        cells.retain(|cell| cell.quoted || cell.end > cell.start);
        !cells.is_empty() && cells.iter().all(|cell| cell.quoted)
    }
}

/// The whole records at the beginning of a window; `whole` says that nothing follows it.
pub(super) fn records<'a>(rules: &Rules, body: &'a [u8], whole: bool) -> Vec<Record<'a>> {
    let mut found = Vec::new();
    let (mut rest, mut start, mut line, mut content) = (body, 0, 1, 0);
    while !rest.is_empty() && content < LOOKED_AT {
        let Scan::Row(end) = rules.row_end(rest, whole) else {
            break;
        };
        let Some((raw, behind)) = rest.split_at_checked(end.len) else {
            break;
        };
        let blank = !end.too_long && !rules.has_content(raw);
        let (malformed, too_long) = (end.malformed, end.too_long);
        found.push(Record {
            start,
            line,
            raw,
            breaks: end.breaks,
            blank,
            too_long,
            malformed,
        });
        content += usize::from(!blank);
        start += end.len;
        line += u64::from(end.breaks);
        rest = behind;
    }
    found
}
