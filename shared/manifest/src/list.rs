//! Writes new lists, in any dialect, row by row.

use crate::column::Column;
use crate::dialect::{Delimiter, Encoding, Format, LineEnding};
use crate::text::{byte_order_mark, encode};

/// How a new list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOptions {
    /// How characters are written; a character that the encoding lacks becomes `?`.
    pub encoding: Encoding,
    /// Whether the list begins with a byte order mark. UTF-16 always does, ASCII and Windows-1252 never do.
    pub byte_order_mark: bool,
    /// What stands between two cells.
    pub delimiter: Delimiter,
    /// Whether every cell stands in quotation marks, or only those that must.
    pub quoted: bool,
    /// Whether the list begins with a `sep=` line.
    pub sep_line: bool,
    /// How lines end.
    pub line_ending: LineEnding,
}

impl Default for ListOptions {
    /// As Intune wants it: ASCII, commas, no quotation marks, CRLF.
    fn default() -> Self {
        Self {
            encoding: Encoding::Ascii,
            byte_order_mark: false,
            delimiter: Delimiter::Comma,
            quoted: false,
            sep_line: false,
            line_ending: LineEnding::CrLf,
        }
    }
}

/// The values of one row; those that the format has no column for are left out, absent ones are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListRow<'a> {
    /// The serial number.
    pub serial: &'a str,
    /// The Windows product id.
    pub product_id: &'a str,
    /// The hardware hash, base64.
    pub hash: &'a str,
    /// The group tag, also in the old column `OrderID`.
    pub group_tag: &'a str,
    /// The assigned user.
    pub assigned_user: &'a str,
    /// The manufacturer.
    pub manufacturer: &'a str,
    /// The model.
    pub model: &'a str,
}

impl<'a> ListRow<'a> {
    fn get(&self, column: Column) -> &'a str {
        match column {
            Column::SerialNumber => self.serial,
            Column::ProductId => self.product_id,
            Column::HardwareHash => self.hash,
            Column::GroupTag | Column::OrderId => self.group_tag,
            Column::AssignedUser => self.assigned_user,
            Column::Manufacturer => self.manufacturer,
            Column::Model => self.model,
            Column::PurchaseOrder | Column::OsVersion | Column::Ownership | Column::Problem | Column::Blank => "",
        }
    }
}

/// Writes a list in one format. It keeps nothing: write what it appends whenever that suits.
#[derive(Debug, Clone)]
pub struct ListWriter {
    format: Format,
    columns: &'static [(Column, &'static str)],
    options: ListOptions,
}

impl ListWriter {
    /// A writer of one format. [`Format::OwnOrder`] is written as [`Format::Intune`].
    #[must_use]
    pub fn new(format: Format, options: ListOptions) -> Self {
        Self {
            format,
            columns: columns(format),
            options,
        }
    }

    /// A writer of every column that a [`ListRow`] has, in an order that nobody published ([`Format::OwnOrder`]).
    #[must_use]
    pub fn of_all_columns(options: ListOptions) -> Self {
        Self {
            format: Format::OwnOrder,
            columns: &ALL_COLUMNS,
            options,
        }
    }

    /// Appends what comes before the rows: byte order mark, `sep=` line, preamble, header, as far as the format has them.
    pub fn header(&self, out: &mut Vec<u8>) {
        let options = &self.options;
        if options.byte_order_mark || options.encoding.units().width() == 2 {
            out.extend_from_slice(byte_order_mark(options.encoding));
        }
        if options.sep_line {
            self.line(out, &format!("sep={}", options.delimiter.char()));
        }
        if self.format == Format::ConfigurationManager {
            self.cells(["Textbox1", "Textbox2"].into_iter(), out);
            self.cells(["Windows Autopilot Device Information", ""].into_iter(), out);
            self.line(out, "");
        }
        if !matches!(self.format, Format::CorporateIdentifiers | Format::IntuneWithoutHeader) {
            self.cells(self.columns.iter().map(|(_, heading)| *heading), out);
        }
    }

    /// Appends one row. A value with a delimiter, a quotation mark or a line break in it is quoted in any case.
    pub fn row(&self, out: &mut Vec<u8>, row: &ListRow<'_>) {
        self.cells(self.columns.iter().map(|(column, _)| row.get(*column)), out);
    }

    /// Appends a line as it is given, in the list's encoding and with its line ending; for lists with faults in them.
    pub fn line(&self, out: &mut Vec<u8>, line: &str) {
        encode(self.options.encoding, line, out);
        encode(self.options.encoding, self.options.line_ending.as_str(), out);
    }

    fn cells<'c>(&self, cells: impl Iterator<Item = &'c str>, out: &mut Vec<u8>) {
        let ListOptions {
            encoding,
            delimiter,
            quoted,
            line_ending,
            ..
        } = self.options;
        for (index, cell) in cells.enumerate() {
            if index > 0 {
                encode(encoding, delimiter.char().encode_utf8(&mut [0; 4]), out);
            }
            encode_cell(encoding, delimiter, quoted, cell, out);
        }
        encode(encoding, line_ending.as_str(), out);
    }
}

/// Appends one cell, in quotation marks where it is asked for or needed.
pub(crate) fn encode_cell(encoding: Encoding, delimiter: Delimiter, quoted: bool, cell: &str, out: &mut Vec<u8>) {
    if quoted || cell.contains([delimiter.char(), '"', '\r', '\n']) {
        encode(encoding, "\"", out);
        for (index, part) in cell.split('"').enumerate() {
            encode(encoding, if index > 0 { "\"\"" } else { "" }, out);
            encode(encoding, part, out);
        }
        encode(encoding, "\"", out);
    } else {
        encode(encoding, cell, out);
    }
}

/// Intune's columns, then Partner Center's.
const ALL_COLUMNS: [(Column, &str); 7] = [
    (Column::SerialNumber, "Device Serial Number"),
    (Column::ProductId, "Windows Product ID"),
    (Column::HardwareHash, "Hardware Hash"),
    (Column::GroupTag, "Group Tag"),
    (Column::AssignedUser, "Assigned User"),
    (Column::Manufacturer, "Manufacturer name"),
    (Column::Model, "Device model"),
];

/// The columns of a format, in its order and spelling.
fn columns(format: Format) -> &'static [(Column, &'static str)] {
    const SERIAL: (Column, &str) = (Column::SerialNumber, "Device Serial Number");
    const PRODUCT: (Column, &str) = (Column::ProductId, "Windows Product ID");
    const HASH: (Column, &str) = (Column::HardwareHash, "Hardware Hash");
    const TAG: (Column, &str) = (Column::GroupTag, "Group Tag");
    const USER: (Column, &str) = (Column::AssignedUser, "Assigned User");
    const MAKER: (Column, &str) = (Column::Manufacturer, "Manufacturer");
    const MODEL: (Column, &str) = (Column::Model, "Model");
    match format {
        Format::Intune | Format::IntuneWithoutHeader | Format::OwnOrder => &[SERIAL, PRODUCT, HASH, TAG, USER],
        Format::ThreeColumns | Format::ConfigurationManager => &[SERIAL, PRODUCT, HASH],
        Format::GetWindowsAutopilotInfo => &[SERIAL, PRODUCT, HASH, TAG],
        Format::LegacyOrderId => &[SERIAL, PRODUCT, HASH, (Column::OrderId, "OrderID")],
        Format::PartnerCenter => &[
            SERIAL,
            PRODUCT,
            HASH,
            (Column::Manufacturer, "Manufacturer name"),
            (Column::Model, "Device model"),
        ],
        Format::ManagedDesktop => &[MAKER, MODEL, (Column::SerialNumber, "Serial Number"), HASH],
        Format::ConfigurationManagerQuery => &[
            MAKER,
            MODEL,
            (Column::SerialNumber, "Serial_Number"),
            (Column::HardwareHash, "HardwareHash"),
        ],
        Format::CorporateIdentifiers => &[MAKER, MODEL, (Column::SerialNumber, "Serial Number")],
    }
}
