//! Lists without a header, known by what stands in their rows.

use crate::check::is_hash_like;
use crate::column::Column;
use crate::problem::{FileCode, FileProblem};
use crate::reader::PROBLEM_MARK;

use super::View;
use super::header::{EXAMPLE, shortened};

/// How many rows are looked at.
const ROWS: usize = 20;

/// The columns of a list without a header; `None` when its rows fit no order that is known.
///
/// Serial number, product id (which may be left out altogether), hash, group tag and user: known by the hash.
/// Manufacturer, model and serial number: three cells, no hash, and a digit in the serial number.
pub(super) fn columns(view: &View<'_>) -> Option<Result<Vec<Column>, FileProblem>> {
    let records = view.content().take(ROWS).filter(|record| !record.too_long);
    let rows: Vec<Vec<String>> = records.map(|record| cells(view, record)).collect();
    let first = rows.first()?;
    if let Some(hash) = rows
        .iter()
        .find_map(|row| row.iter().position(|cell| is_hash_like(cell)))
    {
        if first.len() > 1 && first.iter().all(|cell| is_heading(cell)) {
            return Some(Err(unknown_headings(view, first)));
        }
        return intune_order(&rows, hash).map(Ok);
    }
    let fits = |row: &&Vec<String>| row.len() == 3 && row.iter().all(|cell| !cell.is_empty() && !cell.contains('\t'));
    let serial = first
        .get(2)
        .is_some_and(|cell| cell.bytes().any(|b| b.is_ascii_digit()));
    (serial && fits(&first) && rows.iter().filter(fits).count() * 2 > rows.len())
        .then(|| Ok(vec![Column::Manufacturer, Column::Model, Column::SerialNumber]))
}

/// A row's values without those that are empty at its end, and without what a fix-it file added.
fn cells(view: &View<'_>, record: &super::Record<'_>) -> Vec<String> {
    let mut cells: Vec<String> = view.values(record).into_iter().map(|(value, _)| value).collect();
    let used = cells
        .iter()
        .rposition(|cell| !cell.is_empty())
        .map_or(0, |index| index + 1);
    cells.truncate(used);
    if cells.last().is_some_and(|last| last.starts_with(PROBLEM_MARK)) {
        cells.pop();
    }
    cells
}

fn intune_order(rows: &[Vec<String>], hash: usize) -> Option<Vec<Column>> {
    let mut columns = match hash {
        1 => vec![Column::SerialNumber, Column::HardwareHash],
        2 => vec![Column::SerialNumber, Column::ProductId, Column::HardwareHash],
        _ => return None,
    };
    columns.extend([Column::GroupTag, Column::AssignedUser]);
    // Partner Center's order has manufacturer and model there: a model is no user.
    let user = |row: &Vec<String>| {
        row.get(hash + 2)
            .is_none_or(|cell| cell.is_empty() || cell.contains('@'))
    };
    rows.iter().all(user).then_some(columns)
}

/// Whether a cell could be a heading in a language or spelling that is not known.
fn is_heading(cell: &str) -> bool {
    !cell.is_empty() && cell.len() < 64 && !cell.bytes().any(|b| b.is_ascii_digit())
}

fn unknown_headings(view: &View<'_>, headings: &[String]) -> FileProblem {
    let line = view.content().next().map_or(1, |record| record.line);
    let first = headings.first().map(String::as_str).unwrap_or_default();
    FileProblem::new(
        FileCode::UnknownColumn,
        format!(
            "this line looks like a header, but none of its headings is known; the first is \"{}\"",
            shortened(first)
        ),
        "Which column is which cannot be guessed.",
        format!("Write the headings in English, for example: {EXAMPLE}"),
    )
    .at(line, 0)
}
