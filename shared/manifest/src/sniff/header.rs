//! Finds the header, and says what is wrong with it.

use std::collections::HashSet;

use crate::check::is_hash_like;
use crate::column::Column;
use crate::problem::{FileCode, FileProblem, ordinal};
use crate::text::decode;

use super::View;
use super::records::Record;

/// A header that is always right.
pub(super) const EXAMPLE: &str = "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User";

/// How many records from the top a header is looked for, a preamble before it.
const PREAMBLE: usize = 20;

/// The longest header that is accepted, in characters.
const HEADER_CHARS: usize = 1_000;

/// The record that is the header, or comes nearest.
pub(super) struct Header<'v> {
    pub(super) record: &'v Record<'v>,
    headings: Vec<Heading>,
    /// Different known columns.
    known: usize,
    /// The record as text, without its line ending.
    pub(super) text: String,
    /// Whether its headings stand in quotation marks.
    pub(super) quoted: bool,
}

struct Heading {
    text: String,
    /// Whether all its bytes are text.
    whole: bool,
    column: Option<(Column, bool)>,
}

impl<'v> Header<'v> {
    /// The first record with two known headings; failing that, the first with one.
    pub(super) fn find(view: &'v View<'_>) -> Option<Self> {
        let mut single = None;
        for record in view.content().take(PREAMBLE) {
            let header = Self::of(view, record);
            if record.too_long || header.headings.iter().any(|heading| is_hash_like(&heading.text)) {
                break;
            }
            match header.known {
                0 => {}
                1 => single = single.or(Some(header)),
                _ => return Some(header),
            }
        }
        single
    }

    fn of(view: &'v View<'_>, record: &'v Record<'_>) -> Self {
        let values = if record.too_long {
            Vec::new()
        } else {
            view.values(record)
        };
        let headings: Vec<Heading> = values
            .into_iter()
            .map(|(text, whole)| Heading {
                column: Column::of_heading(&text),
                text,
                whole,
            })
            .collect();
        let known: HashSet<Column> = headings.iter().filter_map(|heading| Some(heading.column?.0)).collect();
        let content = view.rules.units.without_line_ending(record.raw);
        Self {
            record,
            headings,
            known: known.len(),
            text: decode(view.encoding, content).0.into_owned(),
            quoted: record.is_quoted(&view.rules, view.encoding),
        }
    }

    /// For choosing between delimiters: the one that makes more headings known is right.
    pub(super) fn weight(&self) -> usize {
        self.known
    }

    /// Whether this is a header beyond doubt, even if it has faults.
    pub(super) fn is_sure(&self) -> bool {
        self.known > 1 || self.headings.iter().filter(|heading| !heading.text.is_empty()).count() == 1
    }

    /// The first heading, counted from 1, that is not spelt as published.
    pub(super) fn misspelt(&self) -> Option<u32> {
        self.headings
            .iter()
            .position(|heading| matches!(heading.column, Some((_, false))))
            .map(ordinal)
    }

    /// The columns, if every heading is known, none comes twice, and together they can name a device.
    pub(super) fn columns(&self, view: &View<'_>) -> Result<Vec<Column>, FileProblem> {
        let line = self.record.line;
        if self.text.chars().count() > HEADER_CHARS {
            return Err(too_long(line));
        }
        if let Some(index) = self.headings.iter().position(|heading| !heading.whole) {
            return Err(FileProblem::new(
                FileCode::InvalidEncoding,
                format!(
                    "the file begins with a byte order mark for {}, but this heading holds bytes that are not",
                    view.encoding
                ),
                "Its characters cannot be known.",
                "Save the file again, as UTF-8 throughout.",
            )
            .at(line, index));
        }
        if let Some(index) = self.headings.iter().position(|heading| heading.text.contains('\0')) {
            return Err(FileProblem::new(
                FileCode::NulByte,
                "a NUL byte stands in the header",
                "Text has no such bytes: the file was damaged on its way.",
                "Export it again.",
            )
            .at(line, index));
        }
        self.refuse_unknown()?;
        let columns: Vec<Column> = self
            .headings
            .iter()
            .map(|heading| heading.column.map_or(Column::Blank, |known| known.0))
            .collect();
        self.refuse_twice(&columns)?;
        refuse_anonymous(&columns, line)?;
        Ok(columns)
    }

    fn refuse_unknown(&self) -> Result<(), FileProblem> {
        let named = self
            .headings
            .iter()
            .rposition(|heading| !matches!(heading.column, None | Some((Column::Problem, _))));
        let unknown = |(index, heading): &(usize, &Heading)| {
            heading.column.is_none() && (!heading.text.is_empty() || Some(*index) < named)
        };
        let unknown: Vec<_> = self.headings.iter().enumerate().filter(unknown).collect();
        let Some((first, heading)) = unknown.first() else {
            return Ok(());
        };
        let what = match (heading.text.as_str(), unknown.len()) {
            ("", _) => "a column has no heading".to_owned(),
            (text, 1) => format!("the heading \"{}\" is not known", shortened(text)),
            (text, more) => format!(
                "the heading \"{}\" is not known, nor are {} more in this line",
                shortened(text),
                more - 1
            ),
        };
        Err(FileProblem::new(
            FileCode::UnknownColumn,
            what,
            "A column that nobody understands may change what a row means.",
            "Delete the column, or correct its heading. Known headings are Device Serial Number, Windows Product ID, Hardware Hash, \
             Group Tag, Assigned User, Manufacturer name, Device model, OrderID, Purchase Order, OS Version, Ownership and \
             Problem (ignored).",
        )
        .at(self.record.line, *first))
    }

    fn refuse_twice(&self, columns: &[Column]) -> Result<(), FileProblem> {
        let earlier = |index: usize, column: &Column| columns.iter().take(index).position(|other| other == column);
        let twice = columns
            .iter()
            .enumerate()
            .filter(|(_, column)| **column != Column::Blank);
        let Some((index, column, first)) = twice.into_iter().find_map(|(i, c)| Some((i, c, earlier(i, c)?))) else {
            return Ok(());
        };
        Err(FileProblem::new(
            FileCode::DuplicateColumn,
            format!(
                "the column \"{column}\" is here for the second time; the first is column {}",
                first + 1
            ),
            "Nobody can say which of the two is right.",
            "Delete one of them.",
        )
        .at(self.record.line, index))
    }
}

/// Refuses columns that together cannot name a device: hash, product id, or serial number with manufacturer and model.
fn refuse_anonymous(columns: &[Column], line: u64) -> Result<(), FileProblem> {
    let tuple = [Column::SerialNumber, Column::Manufacturer, Column::Model];
    let lacks = |column: &Column| !columns.contains(column);
    let missing: Vec<&str> = tuple
        .iter()
        .filter(|column| lacks(column))
        .map(|column| column.name())
        .collect();
    if missing.is_empty() || !lacks(&Column::HardwareHash) || !lacks(&Column::ProductId) {
        return Ok(());
    }
    let instead = if missing.len() < 3 {
        format!(", or instead of it \"{}\"", missing.join("\" and \""))
    } else {
        String::new()
    };
    Err(FileProblem::new(
        FileCode::MissingColumn,
        format!("the column \"Hardware Hash\" is missing{instead}"),
        "A device is known by its hash, by its product id, or by serial number, manufacturer and model together.",
        "Add the missing column, or export the list again with it.",
    )
    .at_line(line))
}

/// The header, or what stands in its place, has no end.
pub(super) fn too_long(line: u64) -> FileProblem {
    FileProblem::new(
        FileCode::HeaderTooLong,
        format!("this line stands where the header should and is longer than {HEADER_CHARS} characters"),
        "No header is that long.",
        format!("Check that the file is a device list with a header such as: {EXAMPLE}"),
    )
    .at_line(line)
}

/// A heading for a message.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
