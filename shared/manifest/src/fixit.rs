//! Writes the rows that failed, in the dialect they came in, each with its problem.

use crate::cell::{Cell, split};
use crate::column::Column;
use crate::dialect::Dialect;
use crate::list::encode_cell;
use crate::reader::{PROBLEM_MARK, problem_cell};
use crate::row_text::RowText;
use crate::scan::{Rules, Scan};
use crate::text::{byte_order_mark, encode};

/// Writes a fix-it file: the header as it was, with one more column `Problem`, and rows as they were, each with a cell
/// that begins with `problem: `. A preamble is left out; a list without a header stays without one.
///
/// The reader ignores that cell, so a person can correct the rows and hand the same file in. A row that comes from a
/// fix-it file gets the new problem in place of the old one.
#[derive(Debug)]
pub struct FixitWriter<'d> {
    dialect: &'d Dialect,
    rules: Rules,
}

impl<'d> FixitWriter<'d> {
    /// A writer for rows of a list in this dialect.
    #[must_use]
    pub fn new(dialect: &'d Dialect) -> Self {
        Self {
            dialect,
            rules: Rules::of(dialect),
        }
    }

    /// Appends what comes before the rows.
    pub fn header(&self, out: &mut Vec<u8>) {
        let dialect = self.dialect;
        if dialect.bom > 0 {
            out.extend_from_slice(byte_order_mark(dialect.encoding));
        }
        if dialect.sep_line {
            self.text(&format!("sep={}", dialect.delimiter.char()), out);
            self.line_ending(out);
        }
        if let Some(header) = &dialect.header {
            self.text(header, out);
            if dialect.index_of(Column::Problem).is_none() {
                self.cell(dialect.quoted, Column::Problem.name(), out);
            }
            self.line_ending(out);
        }
    }

    /// Appends one row: its bytes as [`crate::Row::raw`] gives them, and its problem.
    pub fn row(&self, out: &mut Vec<u8>, raw: &[u8], problem: &str) {
        let content = self.rules.units.without_line_ending(raw);
        let content = content
            .get(..content.len() - content.len() % self.rules.units.width())
            .unwrap_or(content);
        let malformed = matches!(self.rules.row_end(raw, true), Scan::Row(end) if end.malformed) && !raw.is_empty();
        let problem: String = problem.split(['\r', '\n']).collect::<Vec<_>>().join(" ");
        match self.old_problem(content, malformed) {
            Some(cell) => {
                out.extend_from_slice(content.get(..cell.start).unwrap_or_default());
                self.problem(malformed, &problem, out);
                out.extend_from_slice(content.get(cell.end..).unwrap_or_default());
            }
            None => {
                out.extend_from_slice(content);
                self.text(self.dialect.delimiter.char().encode_utf8(&mut [0; 4]), out);
                self.problem(malformed, &problem, out);
            }
        }
        self.line_ending(out);
    }

    /// The cell of the row that holds an earlier problem.
    fn old_problem(&self, content: &[u8], malformed: bool) -> Option<Cell> {
        if !self.dialect.may_hold_problems() {
            return None;
        }
        let mut cells = Vec::new();
        split(&self.rules, content, malformed, &mut cells);
        let text = RowText::new(self.dialect.encoding, self.rules, content, malformed);
        let by_name = self
            .dialect
            .index_of(Column::Problem)
            .filter(|_| cells.len() == self.dialect.columns.len());
        cells.get(problem_cell(&text, &cells).or(by_name)?).copied()
    }

    /// Where a row's quotation marks do not balance, the problem is quoted in any case, and without marks and
    /// delimiters of its own: that stops an open mark from running on into the next row, and lets the reader find the
    /// cell without knowing where quotes begin.
    fn problem(&self, malformed: bool, problem: &str, out: &mut Vec<u8>) {
        let mut cell = format!("{PROBLEM_MARK} {problem}");
        if malformed {
            cell = cell.replace([self.dialect.delimiter.char(), '"'], " ");
        }
        let quoted = self.dialect.quoted || malformed;
        encode_cell(self.dialect.encoding, self.dialect.delimiter, quoted, &cell, out);
    }

    fn cell(&self, quoted: bool, cell: &str, out: &mut Vec<u8>) {
        self.text(self.dialect.delimiter.char().encode_utf8(&mut [0; 4]), out);
        encode_cell(self.dialect.encoding, self.dialect.delimiter, quoted, cell, out);
    }

    fn line_ending(&self, out: &mut Vec<u8>) {
        self.text(self.dialect.line_ending.as_str(), out);
    }

    fn text(&self, text: &str, out: &mut Vec<u8>) {
        encode(self.dialect.encoding, text, out);
    }
}
