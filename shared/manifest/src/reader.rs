//! Reads the rows of one cut.

use crate::cell::{Cell, split};
use crate::check::{self, Fault};
use crate::column::Column;
use crate::dialect::Dialect;
use crate::problem::{CellProblem, ordinal};
use crate::row::Row;
use crate::row_text::RowText;
use crate::scan::{RowEnd, Rules, Scan};
use crate::text::trim;

/// What a fix-it file's last cell begins with. The reader knows such a cell by it wherever the row ends, also in rows
/// with too many cells, and in lists without a header.
pub(crate) const PROBLEM_MARK: &str = "problem:";

/// Iterates over the rows of one cut. Blank lines, and lines of nothing but delimiters, are no rows.
///
/// # Quotation marks that do not balance
///
/// A mark opens a quoted cell only at the beginning of a cell. Where a quoted cell runs on beyond
/// [`Dialect::max_row_bytes`], over more than 100 line breaks, to the end of the file, or over a line break and then to
/// a mark with text behind it, its opening mark is taken as stray: the row ends at its first line break and fails with
/// [`crate::CellCode::UnbalancedQuote`], and the next row begins there. [`crate::Cutter`] keeps the same rule, so a cut
/// holds the rows that the whole file would have given.
#[derive(Debug)]
pub struct RowReader<'a> {
    dialect: &'a Dialect,
    rules: Rules,
    rest: &'a [u8],
    line: u64,
    row: u64,
    offset: u64,
    /// Reused from row to row.
    cells: Vec<Cell>,
}

impl<'a> RowReader<'a> {
    /// Reads `cut`, the bytes of one [`crate::Cut`] (or of a whole file from [`Dialect::data_start`] on), which begin
    /// with row `first_row` on line `first_line`, `start` bytes from the beginning of the file.
    #[must_use]
    pub fn new(dialect: &'a Dialect, cut: &'a [u8], first_line: u64, first_row: u64, start: u64) -> Self {
        let rules = Rules::of(dialect);
        Self {
            dialect,
            rules,
            rest: cut,
            line: first_line,
            row: first_row,
            offset: start,
            cells: Vec::new(),
        }
    }

    /// Reads one row.
    fn read(&mut self, raw: &'a [u8], end: RowEnd) -> Row<'a> {
        let mut row = Row {
            line: self.line,
            row: self.row,
            offset: self.offset,
            raw,
            values: Default::default(),
            problems: Vec::new(),
            notices: Vec::new(),
        };
        if end.too_long {
            row.raw = raw.get(..self.rules.kept()).unwrap_or(raw);
            let first = self.dialect.columns.first().copied().unwrap_or(Column::Blank);
            row.problems
                .push(problem(self.line, 0, first, check::row_too_long(self.rules.max)));
            return row;
        }
        let content = self.rules.units.without_line_ending(raw);
        let text = RowText::new(self.dialect.encoding, self.rules, content, end.malformed);
        self.cells.clear();
        split(&self.rules, content, end.malformed, &mut self.cells);
        let mut columns = self.dialect.columns.as_slice();
        if self.dialect.may_hold_problems()
            && let Some(index) = problem_cell(&text, &self.cells)
        {
            self.cells.truncate(index);
            // What stands where that column would be is then a value too many, not a problem.
            columns = columns.strip_suffix(&[Column::Problem]).unwrap_or(columns);
        }
        let several_lines = end.breaks > u32::from(content.len() < raw.len());
        self.values(&text, columns, end.malformed, several_lines, &mut row);
        row
    }

    /// Fills in the row's values, problems and notices.
    fn values(&self, text: &RowText<'a>, columns: &[Column], malformed: bool, several_lines: bool, row: &mut Row<'a>) {
        let cells = &self.cells;
        let column = |index: usize| columns.get(index).copied().unwrap_or(Column::Blank);
        let line = self.line;
        let at = |index: usize, fault: Fault| {
            let breaks = cells.get(index).map_or(0, |cell| text.breaks_before(*cell));
            problem(line + breaks, index, column(index), fault)
        };
        let (mut used, mut stray) = (0, None);
        for (index, cell) in cells.iter().enumerate() {
            let (value, whole) = text.value(*cell);
            let spans_rows = several_lines && self.spans_rows(&value);
            let (value, noticed) = trim(value);
            if !whole {
                row.problems
                    .push(at(index, check::invalid_encoding(self.dialect.encoding)));
            }
            if value.is_empty() {
                continue;
            }
            used = index + 1;
            let column = column(index);
            if column == Column::Blank {
                stray.get_or_insert(index);
            }
            if text.nul && value.contains('\0') {
                row.problems.push(at(index, check::nul_byte()));
            }
            if noticed {
                row.notices.push(at(index, check::invisible_characters()));
            }
            if !malformed {
                let fault = check::value(column, &value, cell.quoted, spans_rows);
                row.problems.extend(fault.map(|fault| at(index, fault)));
            }
            if let Some(slot) = column.slot().and_then(|slot| row.values.get_mut(slot)) {
                *slot = Some(value);
            }
        }
        shorten(&mut row.problems);
        shorten(&mut row.notices);
        if text.assumed {
            row.notices.push(at(0, check::assumed_windows_1252()));
        }
        let cell = |index: usize| cells.get(index).map(|cell| text.value(*cell).0);
        let noted = columns
            .iter()
            .position(|column| *column == Column::Problem)
            .filter(|index| *index < used);
        if let Some(index) = noted
            && stray.is_none()
            && check::split_value(columns, used, cell).is_some()
        {
            // Somebody deleted what the fix-it file said, and left a shifted row as it was.
            stray = Some(index);
        }
        if malformed {
            let index = cells.iter().position(|cell| text.holds_quote(*cell)).unwrap_or(0);
            row.problems.push(at(index, check::unbalanced_quote()));
        } else if let Some(stray) = stray {
            let (index, fault) = check::too_many(columns, self.dialect.delimiter, stray, used, cell);
            row.problems.push(at(index, fault));
        } else if cells.len() > columns.len() {
            row.notices
                .push(at(columns.len(), check::trailing_empty(columns.len(), cells.len())));
        } else {
            row.problems
                .extend(check::too_few(columns, cells.len()).map(|fault| at(cells.len(), fault)));
        }
    }

    /// Whether a value holds a line break and so many delimiters that it looks like the rest of one row and the beginning of the next.
    fn spans_rows(&self, value: &str) -> bool {
        value.contains('\n') && value.matches(self.dialect.delimiter.char()).nth(1).is_some()
    }
}

/// How many cells of a row are told of, for problems and for notices. A damaged row may have thousands.
const TOLD: usize = 8;

/// Leaves the first few, and says how many there were more.
fn shorten(told: &mut Vec<CellProblem>) {
    let more = told.len().saturating_sub(TOLD);
    told.truncate(TOLD);
    if let Some(last) = told.last_mut().filter(|_| more > 0) {
        last.message.push_str(&format!(" (And {more} more cells of this row.)"));
    }
}

/// The cell, last of those that are not blank, that a fix-it file added.
pub(crate) fn problem_cell(text: &RowText<'_>, cells: &[Cell]) -> Option<usize> {
    let values = cells
        .iter()
        .enumerate()
        .rev()
        .map(|(index, cell)| (index, trim(text.value(*cell).0).0));
    let (index, last) = values.into_iter().find(|(_, value)| !value.is_empty())?;
    last.starts_with(PROBLEM_MARK).then_some(index)
}

fn problem(line: u64, index: usize, column: Column, (code, message): Fault) -> CellProblem {
    CellProblem {
        line,
        column: ordinal(index),
        column_name: column.name().to_owned(),
        code,
        message,
    }
}

impl<'a> Iterator for RowReader<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        while !self.rest.is_empty() {
            let Scan::Row(end) = self.rules.row_end(self.rest, true) else {
                return None;
            };
            let (raw, rest) = self.rest.split_at_checked(end.len)?;
            let row = (end.too_long || self.rules.has_content(raw)).then(|| self.read(raw, end));
            self.rest = rest;
            self.line += u64::from(end.breaks);
            self.offset += end.len as u64;
            if row.is_some() {
                self.row += 1;
                return row;
            }
        }
        None
    }
}
