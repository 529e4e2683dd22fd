//! What can be wrong with a file, and with a row of it, in words a person can act on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a whole file is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
pub struct FileProblem {
    /// Which problem; stable.
    pub code: FileCode,
    /// The physical line, counted from 1, where there is one to name.
    pub line: Option<u64>,
    /// The column (cell of that line), counted from 1, where there is one to name.
    pub column: Option<u32>,
    /// What was found.
    pub what: String,
    /// Why that stops the file.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

impl FileProblem {
    pub(crate) fn new(
        code: FileCode,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code,
            line: None,
            column: None,
            what: what.into(),
            why: why.into(),
            remedy: remedy.into(),
        }
    }

    pub(crate) fn at_line(self, line: u64) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }

    pub(crate) fn at(self, line: u64, column: usize) -> Self {
        Self {
            line: Some(line),
            column: Some(ordinal(column)),
            ..self
        }
    }
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "line {line}, column {column}: ")?,
            (Some(line), None) => write!(f, "line {line}: ")?,
            _ => f.write_str("the file: ")?,
        }
        write!(f, "{}. {} {}", self.what, self.why, self.remedy)
    }
}

/// Which problem a file has. The names are stable: they stand in reports and are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileCode {
    /// Nothing in it, or only blank lines.
    EmptyFile,
    /// A header and no row.
    OnlyHeader,
    /// A zip archive.
    Zip,
    /// An Excel workbook.
    Xlsx,
    /// An Excel workbook of before 2007.
    Xls,
    /// A web page.
    Html,
    /// XML.
    Xml,
    /// A PDF document.
    Pdf,
    /// JSON.
    Json,
    /// A picture, a program or other bytes that are no text.
    Binary,
    /// NUL bytes before the first row.
    NulByte,
    /// UTF-16 without its byte order mark.
    Utf16WithoutBom,
    /// UTF-32.
    Utf32,
    /// The byte order mark promises an encoding that the header does not keep.
    InvalidEncoding,
    /// Lines end in carriage returns only.
    CrLineEndings,
    /// A `sep=` line with a delimiter that is not supported.
    UnsupportedDelimiter,
    /// A heading that no known column has.
    UnknownColumn,
    /// No column, or too few, that could tell one device from another.
    MissingColumn,
    /// The same column twice.
    DuplicateColumn,
    /// No header, and the content fits no order that is known without one.
    NoHeader,
    /// The header is longer than a header can be.
    HeaderTooLong,
}

impl FileCode {
    /// The stable name, as it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmptyFile => "empty-file",
            Self::OnlyHeader => "only-header",
            Self::Zip => "zip",
            Self::Xlsx => "xlsx",
            Self::Xls => "xls",
            Self::Html => "html",
            Self::Xml => "xml",
            Self::Pdf => "pdf",
            Self::Json => "json",
            Self::Binary => "binary",
            Self::NulByte => "nul-byte",
            Self::Utf16WithoutBom => "utf16-without-bom",
            Self::Utf32 => "utf32",
            Self::InvalidEncoding => "invalid-encoding",
            Self::CrLineEndings => "cr-line-endings",
            Self::UnsupportedDelimiter => "unsupported-delimiter",
            Self::UnknownColumn => "unknown-column",
            Self::MissingColumn => "missing-column",
            Self::DuplicateColumn => "duplicate-column",
            Self::NoHeader => "no-header",
            Self::HeaderTooLong => "header-too-long",
        }
    }
}

impl fmt::Display for FileCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something about one cell: a problem, which makes its row fail, or a notice, which does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CellProblem {
    /// The physical line of the file, counted from 1, on which the cell begins.
    pub line: u64,
    /// The cell of the row, counted from 1.
    pub column: u32,
    /// The column's name as it is published; for a cell beyond the header `no heading`.
    pub column_name: String,
    /// Which problem; stable.
    pub code: CellCode,
    /// What was found, why that is wrong and what to do.
    pub message: String,
}

impl fmt::Display for CellProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {} ({}): {}",
            self.line, self.column, self.column_name, self.message
        )
    }
}

/// Which problem a cell has. The names are stable: they stand in reports and are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellCode {
    /// Excel wrote a number as `1.23457E+11`.
    ScientificNotation,
    /// A hardware hash that ends too early.
    HashCutShort,
    /// A value with an unquoted delimiter in it shifted the cells behind it.
    ShiftedColumns,
    /// More cells than columns.
    TooManyCells,
    /// Fewer cells than columns.
    TooFewCells,
    /// A NUL byte.
    NulByte,
    /// Bytes that are no text in the file's encoding.
    InvalidEncoding,
    /// A row beyond [`crate::Dialect::max_row_bytes`].
    RowTooLong,
    /// A quotation mark that is not closed, or stands where none may stand.
    UnbalancedQuote,
    /// Notice: no-break, zero-width or other invisible characters were taken off.
    InvisibleCharacters,
    /// Notice: empty cells behind the last column.
    TrailingEmptyCells,
    /// Notice: a row that is not UTF-8 in a file that was ASCII until then was read as Windows-1252.
    AssumedWindows1252,
}

impl CellCode {
    /// The stable name, as it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ScientificNotation => "scientific-notation",
            Self::HashCutShort => "hash-cut-short",
            Self::ShiftedColumns => "shifted-columns",
            Self::TooManyCells => "too-many-cells",
            Self::TooFewCells => "too-few-cells",
            Self::NulByte => "nul-byte",
            Self::InvalidEncoding => "invalid-encoding",
            Self::RowTooLong => "row-too-long",
            Self::UnbalancedQuote => "unbalanced-quote",
            Self::InvisibleCharacters => "invisible-characters",
            Self::TrailingEmptyCells => "trailing-empty-cells",
            Self::AssumedWindows1252 => "assumed-windows-1252",
        }
    }
}

impl fmt::Display for CellCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Counts from 1 what is counted from 0.
pub(crate) fn ordinal(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1)
}
