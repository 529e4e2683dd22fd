//! What a device list looks like: encoding, delimiter, columns, where its rows begin.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::units::Units;

/// The bound on one row that [`crate::sniff`] puts into a [`Dialect`], in bytes.
///
/// A row with a 4,000-character hash has 8 KiB in UTF-16; eight times that much is no row of a device list.
pub const MAX_ROW_BYTES: u32 = 64 * 1024;

/// A recognised device list: all that the cutter, the row reader and the fix-it writer need to know.
///
/// It is small (under 2 KB as JSON) and meant to be stored, so that every later reader of the file sees the same rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dialect {
    /// How characters are written.
    pub encoding: Encoding,
    /// Length of the byte order mark, in bytes; 0 without one.
    pub bom: u8,
    /// What stands between two cells.
    pub delimiter: Delimiter,
    /// Whose format this is.
    pub format: Format,
    /// The columns in file order.
    pub columns: Vec<Column>,
    /// The header as it stands in the file, without its line ending; `None` when the list has none.
    pub header: Option<String>,
    /// Whether the file begins with Excel's `sep=` line.
    pub sep_line: bool,
    /// How lines end.
    pub line_ending: LineEnding,
    /// Whether cells stand in quotation marks throughout (judged by the header, or by the first row).
    pub quoted: bool,
    /// Offset of the first byte behind the header, in bytes from the beginning of the file.
    pub data_start: u64,
    /// The physical line, counted from 1, that begins at `data_start`.
    pub data_line: u64,
    /// The longest row that is read, in bytes, its line ending left out. Part of the dialect because it decides where
    /// rows end when a quotation mark is not closed: cutter and reader must agree on it.
    pub max_row_bytes: u32,
    /// What a person may want to know about the file; nothing here stops it.
    pub notices: Vec<Notice>,
}

impl Dialect {
    /// Whether rows may end in a cell that a fix-it file added.
    pub(crate) fn may_hold_problems(&self) -> bool {
        self.header.is_none() || self.columns.contains(&Column::Problem)
    }

    /// Where the column stands in the file, counted from 0.
    pub(crate) fn index_of(&self, column: Column) -> Option<usize> {
        self.columns.iter().position(|c| *c == column)
    }
}

/// How the characters of a list are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Nothing but ASCII in the part that was looked at. Later rows are read as UTF-8 or, where they are not, as Windows-1252.
    Ascii,
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// Windows-1252 ("ANSI"): no byte order mark, and not UTF-8.
    Windows1252,
    /// UTF-16, little endian, with a byte order mark.
    Utf16Le,
    /// UTF-16, big endian, with a byte order mark.
    Utf16Be,
}

impl Encoding {
    pub(crate) fn units(self) -> Units {
        match self {
            Self::Ascii | Self::Utf8 | Self::Windows1252 => Units::Bytes,
            Self::Utf16Le => Units::Wide { low: 0 },
            Self::Utf16Be => Units::Wide { low: 1 },
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ascii => "ASCII",
            Self::Utf8 => "UTF-8",
            Self::Windows1252 => "Windows-1252",
            Self::Utf16Le => "UTF-16, little endian",
            Self::Utf16Be => "UTF-16, big endian",
        })
    }
}

/// What stands between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`, which Excel writes where the comma is the decimal mark.
    Semicolon,
    /// A tab character.
    Tab,
}

impl Delimiter {
    /// All delimiters that are recognised, the likeliest first.
    pub const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    /// The delimiter as a byte; every one is ASCII.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }

    /// The delimiter as a character.
    #[must_use]
    pub fn char(self) -> char {
        char::from(self.byte())
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
        })
    }
}

/// How lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineEnding {
    /// Carriage return and line feed.
    CrLf,
    /// Line feed only.
    Lf,
}

impl LineEnding {
    /// The characters themselves.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CrLf => "\r\n",
            Self::Lf => "\n",
        }
    }
}

/// Whose format a list has. The columns decide, not the encoding: a three-column list is the same whoever wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Intune's five columns; also HoloLens' `DeviceHash*.csv` and `Get-WindowsAutopilotInfo -AssignedUser`.
    Intune,
    /// Serial number, product id and hash: Intune, Store for Business, Microsoft 365 and plain `Get-WindowsAutopilotInfo`.
    ThreeColumns,
    /// `Get-WindowsAutopilotInfo -GroupTag`: the three columns and the group tag.
    GetWindowsAutopilotInfo,
    /// Partner Center's five columns; also `Get-WindowsAutopilotInfo -Partner`.
    PartnerCenter,
    /// Managed Desktop's `Manufacturer,Model,Serial Number,Hardware Hash` (retired).
    ManagedDesktop,
    /// Corporate identifiers: manufacturer, model, serial number, usually without a header.
    CorporateIdentifiers,
    /// Lists from before the group tag was called so: `OrderID`.
    LegacyOrderId,
    /// Configuration Manager's report "Windows Autopilot Device Information".
    ConfigurationManager,
    /// What the community's queries for Configuration Manager give: `Manufacturer,Model,Serial_Number,HardwareHash`.
    ConfigurationManagerQuery,
    /// Intune's order without its header, known by its content.
    IntuneWithoutHeader,
    /// Known columns in an order that nobody published.
    OwnOrder,
}

impl Format {
    /// Every format that is published, in other words all but [`Format::OwnOrder`].
    pub const PUBLISHED: [Self; 10] = [
        Self::Intune,
        Self::ThreeColumns,
        Self::GetWindowsAutopilotInfo,
        Self::PartnerCenter,
        Self::ManagedDesktop,
        Self::CorporateIdentifiers,
        Self::LegacyOrderId,
        Self::ConfigurationManager,
        Self::ConfigurationManagerQuery,
        Self::IntuneWithoutHeader,
    ];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Intune => "Intune, five columns",
            Self::ThreeColumns => "three columns (Intune, Store for Business, Microsoft 365, Get-WindowsAutopilotInfo)",
            Self::GetWindowsAutopilotInfo => "Get-WindowsAutopilotInfo with group tag",
            Self::PartnerCenter => "Partner Center",
            Self::ManagedDesktop => "Managed Desktop",
            Self::CorporateIdentifiers => "corporate identifiers",
            Self::LegacyOrderId => "Intune with the old OrderID column",
            Self::ConfigurationManager => "Configuration Manager report",
            Self::ConfigurationManagerQuery => "Configuration Manager query",
            Self::IntuneWithoutHeader => "Intune's order without a header",
            Self::OwnOrder => "known columns in an order of their own",
        })
    }
}

/// Something about a file that a person may want to know, and that stops nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "code")]
pub enum Notice {
    /// A heading is spelt otherwise than published (letter case, underscores, an alias).
    HeaderSpelling {
        /// The column, counted from 1, of the first such heading.
        column: u32,
    },
    /// The file begins with a `sep=` line.
    SepLine,
    /// Lines before the header were skipped.
    PreambleSkipped {
        /// How many lines, blank ones included.
        lines: u32,
    },
    /// There is no header; the columns are known by their content.
    NoHeader,
    /// The column `OrderID` is read as the group tag.
    OrderIdAsGroupTag,
    /// No byte order mark and not UTF-8: read as Windows-1252.
    AssumedWindows1252,
    /// UTF-16, which Windows PowerShell writes and Intune's own import refuses.
    Utf16,
    /// A column `Problem`, from a fix-it file, is ignored.
    ProblemColumnIgnored,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderSpelling { column } => {
                write!(
                    f,
                    "the heading of column {column} is not spelt as published; it is read all the same"
                )
            }
            Self::SepLine => f.write_str("the file begins with a sep= line, which names the delimiter"),
            Self::PreambleSkipped { lines: 1 } => f.write_str("1 line before the header was skipped"),
            Self::PreambleSkipped { lines } => write!(f, "{lines} lines before the header were skipped"),
            Self::NoHeader => f.write_str("the file has no header; its columns are known by their content"),
            Self::OrderIdAsGroupTag => f.write_str("the column OrderID is read as the group tag"),
            Self::AssumedWindows1252 => f.write_str("the file is not UTF-8; it is read as Windows-1252 (\"ANSI\")"),
            Self::Utf16 => {
                f.write_str("the file is UTF-16, as Windows PowerShell writes it; Intune itself refuses that")
            }
            Self::ProblemColumnIgnored => f.write_str("the column Problem is ignored"),
        }
    }
}
