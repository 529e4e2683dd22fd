//! One row of a list.

use std::borrow::Cow;

use crate::column::Column;
use crate::problem::CellProblem;

/// One row: its place in the file, its values and what is wrong with them.
///
/// Values are borrowed from the cut wherever its bytes can be used as they are (UTF-8 and ASCII without quotation
/// marks inside); a row without problems then allocates nothing.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    pub(crate) line: u64,
    pub(crate) row: u64,
    pub(crate) offset: u64,
    pub(crate) raw: &'a [u8],
    pub(crate) values: [Option<Cow<'a, str>>; Column::STORED],
    pub(crate) problems: Vec<CellProblem>,
    pub(crate) notices: Vec<CellProblem>,
}

impl<'a> Row<'a> {
    /// The physical line, counted from 1, on which the row begins.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The row's number, counted from 1; header and blank lines do not count.
    #[must_use]
    pub fn row(&self) -> u64 {
        self.row
    }

    /// Offset of the row's first byte from the beginning of the file.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The row's length in bytes, its line ending included. Of a row that is too long, only the beginning is kept.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a row has content; it is a length in the file, not of a collection"
    )]
    #[must_use]
    pub fn len(&self) -> u64 {
        self.raw.len() as u64
    }

    /// The row's bytes as they stand in the file, its line ending included; what [`crate::FixitWriter::row`] takes.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The value in a column: blanks around it and invisible characters taken off, leading zeros and inner blanks kept.
    /// `None` when it is empty or the list has no such column. The group tag falls back to the old order id, as
    /// Microsoft's PowerShell module does. In a row with too many or too few cells the value may be another column's.
    #[must_use]
    pub fn get(&self, column: Column) -> Option<&str> {
        let value = column
            .slot()
            .and_then(|slot| self.values.get(slot))
            .and_then(Option::as_deref);
        match column {
            Column::GroupTag => value.or_else(|| self.get(Column::OrderId)),
            _ => value,
        }
    }

    /// Whether the row has a problem and must not be used.
    #[must_use]
    pub fn failed(&self) -> bool {
        !self.problems.is_empty()
    }

    /// What is wrong with the row. Empty when it can be used.
    #[must_use]
    pub fn problems(&self) -> &[CellProblem] {
        &self.problems
    }

    /// What a person may want to know about the row, and does not stop it.
    #[must_use]
    pub fn notices(&self) -> &[CellProblem] {
        &self.notices
    }
}
