//! Recognises how a device list is written, from its first window.

mod content;
mod header;
mod kind;
mod records;

use crate::column::Column;
use crate::dialect::{Delimiter, Dialect, Encoding, Format, LineEnding, MAX_ROW_BYTES, Notice};
use crate::problem::{FileCode, FileProblem};
use crate::scan::Rules;
use crate::text::{decode, trim};

use header::Header;
use records::{Record, records};

/// Recognises a device list by the first bytes of the file.
///
/// `first_window` begins with the file's first byte and should have 64 KiB or more, or be the whole file; `whole` says
/// that it is. Encoding, delimiter, header and everything else in the [`Dialect`] are decided here, once.
///
/// # Errors
/// Says why the file as a whole is refused: it is no text, or it has no header and no content from which the columns
/// could be known. Faults of single rows are left to [`crate::RowReader`].
pub fn sniff(first_window: &[u8], whole: bool) -> Result<Dialect, FileProblem> {
    kind::refuse_other_files(first_window)?;
    let (encoding, bom) = kind::encoding(first_window, whole)?;
    let body = first_window.get(usize::from(bom)..).unwrap_or_default();
    kind::refuse_markup(&decode(encoding, body.get(..body.len().min(1024)).unwrap_or_default()).0)?;

    let look = Look {
        encoding,
        bom,
        body,
        whole,
    };
    look.refuse_cr_line_endings()?;
    let sep = look.sep_line()?;
    let delimiters: Vec<Delimiter> = sep.map_or(Delimiter::ALL.to_vec(), |sep| vec![sep.delimiter]);
    let skipped = usize::from(sep.is_some());
    let views: Vec<View<'_>> = delimiters
        .iter()
        .map(|delimiter| look.view(*delimiter, skipped))
        .collect();

    let headers = views.iter().filter_map(|view| Some((view, Header::find(view)?)));
    let header = headers.reduce(|best, other| {
        if other.1.weight() > best.1.weight() {
            other
        } else {
            best
        }
    });
    let dialect = match header {
        Some((view, header)) if header.is_sure() => look.with_header(view, &header)?,
        unsure => match views.iter().find_map(|view| Some((view, content::columns(view)?))) {
            Some((view, columns)) => look.without_header(view, columns?),
            None => match unsure {
                Some((view, header)) => look.with_header(view, &header)?,
                None => return Err(look.nothing_known(&views)),
            },
        },
    };
    Ok(Dialect {
        sep_line: sep.is_some(),
        ..dialect
    }
    .with_notices(sep.is_some()))
}

/// The first window, and what is known of it before the delimiter is.
struct Look<'a> {
    encoding: Encoding,
    bom: u8,
    body: &'a [u8],
    whole: bool,
}

/// The `sep=` line.
#[derive(Clone, Copy)]
struct Sep {
    delimiter: Delimiter,
}

/// The window as it reads with one delimiter.
struct View<'a> {
    encoding: Encoding,
    delimiter: Delimiter,
    rules: Rules,
    records: Vec<Record<'a>>,
}

impl<'a> Look<'a> {
    fn rules(&self, delimiter: Delimiter) -> Rules {
        let max = usize::try_from(MAX_ROW_BYTES).unwrap_or(usize::MAX / 4);
        Rules {
            units: self.encoding.units(),
            delimiter: delimiter.byte(),
            max,
        }
    }

    fn view(&self, delimiter: Delimiter, skipped: usize) -> View<'a> {
        let rules = self.rules(delimiter);
        let mut records = records(&rules, self.body, self.whole);
        records.drain(..skipped.min(records.len()));
        View {
            encoding: self.encoding,
            delimiter,
            rules,
            records,
        }
    }

    /// Without a line feed anywhere, a carriage return with text behind it was meant as a line ending.
    fn refuse_cr_line_endings(&self) -> Result<(), FileProblem> {
        let units = self.encoding.units();
        let behind = units
            .find(self.body, 0, b'\r')
            .and_then(|at| self.body.get(at..))
            .unwrap_or_default();
        if units.find(self.body, 0, b'\n').is_some() || !self.rules(Delimiter::Comma).has_content(behind) {
            return Ok(());
        }
        Err(FileProblem::new(
            FileCode::CrLineEndings,
            "lines end in carriage returns only, as on very old Macs",
            "The whole file reads as one line.",
            "Save it as \"CSV (comma delimited)\" or \"CSV UTF-8\", not as \"CSV (Macintosh)\".",
        ))
    }

    /// Excel's first line that names the delimiter, also in quotation marks.
    fn sep_line(&self) -> Result<Option<Sep>, FileProblem> {
        let rules = self.rules(Delimiter::Comma);
        let Some(first) = records(&rules, self.body, self.whole).into_iter().next() else {
            return Ok(None);
        };
        let (line, _) = decode(self.encoding, rules.units.without_line_ending(first.raw));
        let line = line.trim_matches(['"', ' ']);
        let Some((name, named)) = line.split_once('=') else {
            return Ok(None);
        };
        if !name.eq_ignore_ascii_case("sep") {
            return Ok(None);
        }
        let delimiter = Delimiter::ALL
            .into_iter()
            .find(|d| named.trim_matches(' ').chars().eq([d.char()]));
        match delimiter {
            Some(delimiter) => Ok(Some(Sep { delimiter })),
            None => Err(FileProblem::new(
                FileCode::UnsupportedDelimiter,
                format!("the line \"sep={named}\" names a delimiter that is not supported"),
                "Cells can be told apart by a comma, a semicolon or a tab.",
                "Save the list with one of these, or delete the line if it is wrong.",
            )
            .at(first.line, 0)),
        }
    }

    fn with_header(&self, view: &View<'_>, header: &Header<'_>) -> Result<Dialect, FileProblem> {
        let columns = header.columns(view)?;
        let record = header.record;
        let content_behind = |other: &Record<'_>| other.start > record.start && !other.blank;
        if self.whole && !view.records.iter().any(content_behind) {
            return Err(FileProblem::new(
                FileCode::OnlyHeader,
                "the list has a header and no row",
                "There is no device in it.",
                "Add a line for each device, or check that the export has finished.",
            )
            .at_line(record.line));
        }
        let preamble = view.records.iter().take_while(|other| other.start < record.start);
        let lines = preamble
            .clone()
            .any(|other| !other.blank)
            .then(|| preamble.map(|other| other.breaks).sum::<u32>());
        let mut notices = Vec::new();
        notices.extend(header.misspelt().map(|column| Notice::HeaderSpelling { column }));
        notices.extend(lines.map(|lines| Notice::PreambleSkipped { lines }));
        let format = format_of(&columns, &header.text, lines.is_some());
        Ok(Dialect {
            columns,
            format,
            header: Some(header.text.clone()),
            quoted: header.quoted,
            data_start: u64::from(self.bom) + (record.start + record.raw.len()) as u64,
            data_line: record.line + u64::from(record.breaks),
            notices,
            ..self.plain(view, record)
        })
    }

    fn without_header(&self, view: &View<'_>, columns: Vec<Column>) -> Dialect {
        let format = match columns.as_slice() {
            [Column::Manufacturer, ..] => Format::CorporateIdentifiers,
            _ => Format::IntuneWithoutHeader,
        };
        let empty = Record::default();
        let record = view.content().next().unwrap_or(&empty);
        Dialect {
            columns,
            format,
            quoted: record.is_quoted(&view.rules, self.encoding),
            data_start: u64::from(self.bom) + record.start as u64,
            data_line: record.line,
            notices: vec![Notice::NoHeader],
            ..self.plain(view, record)
        }
    }

    /// What header and content do not change.
    fn plain(&self, view: &View<'_>, record: &Record<'_>) -> Dialect {
        let units = self.encoding.units();
        let width = units.width();
        let len = record.raw.len();
        let ends_with = |c, back: usize| {
            len.checked_sub(back * width)
                .is_some_and(|at| units.is(record.raw, at, c))
        };
        let lf = ends_with(b'\n', 1) && !ends_with(b'\r', 2);
        Dialect {
            encoding: self.encoding,
            bom: self.bom,
            delimiter: view.delimiter,
            format: Format::OwnOrder,
            columns: Vec::new(),
            header: None,
            sep_line: false,
            line_ending: if lf { LineEnding::Lf } else { LineEnding::CrLf },
            quoted: false,
            data_start: 0,
            data_line: 1,
            max_row_bytes: MAX_ROW_BYTES,
            notices: Vec::new(),
        }
    }

    /// Neither header nor content is known: says what there is instead.
    fn nothing_known(&self, views: &[View<'_>]) -> FileProblem {
        let records = views.first().map(|view| view.records.as_slice()).unwrap_or_default();
        let first = records.iter().find(|record| !record.blank);
        let Some(first) = first else {
            return if self.whole || !records.is_empty() {
                FileProblem::new(
                    FileCode::EmptyFile,
                    "there is nothing in it",
                    "A device list has a header and a line for each device.",
                    "Check that the export has finished and that you chose the right file.",
                )
            } else {
                FileProblem::new(
                    FileCode::HeaderTooLong,
                    format!("the first line does not end within {} bytes", self.body.len()),
                    "No header and no device is that long.",
                    "Check that the file is a device list with one device on a line.",
                )
                .at_line(1)
            };
        };
        if first.too_long {
            return header::too_long(first.line);
        }
        FileProblem::new(
            FileCode::NoHeader,
            "this line is no header, and no list that is known without one begins like this",
            "Without a header, a list must hold serial number, product id, hash, group tag and user in this order, \
             or manufacturer, model and serial number.",
            format!("Put a header on top, for example: {}", header::EXAMPLE),
        )
        .at(first.line, 0)
    }
}

impl<'a> View<'a> {
    /// Records that are not blank.
    fn content(&self) -> impl Iterator<Item = &Record<'a>> {
        self.records.iter().filter(|record| !record.blank)
    }

    /// A record's values, trimmed, and whether each is text in the file's encoding.
    fn values(&self, record: &Record<'a>) -> Vec<(String, bool)> {
        let (text, cells) = record.cells(&self.rules, self.encoding);
        let values = cells.iter().map(|cell| text.value(*cell));
        values
            .map(|(value, whole)| (trim(value).0.into_owned(), whole))
            .collect()
    }
}

impl Dialect {
    /// Adds the notices that follow from what is known.
    fn with_notices(mut self, sep: bool) -> Self {
        let holds = |column| self.columns.contains(&column);
        let further = [
            sep.then_some(Notice::SepLine),
            holds(Column::OrderId).then_some(Notice::OrderIdAsGroupTag),
            holds(Column::Problem).then_some(Notice::ProblemColumnIgnored),
            (self.encoding == Encoding::Windows1252).then_some(Notice::AssumedWindows1252),
            matches!(self.encoding, Encoding::Utf16Le | Encoding::Utf16Be).then_some(Notice::Utf16),
        ];
        self.notices.extend(further.into_iter().flatten());
        self
    }
}

/// The format that has these columns in this order.
fn format_of(columns: &[Column], header: &str, preamble: bool) -> Format {
    use Column::{AssignedUser, GroupTag, HardwareHash, Manufacturer, Model, OrderId, ProductId, SerialNumber};
    let columns: Vec<Column> = columns
        .iter()
        .copied()
        .filter(|c| !matches!(c, Column::Problem | Column::Blank))
        .collect();
    let lower = header.to_lowercase();
    match columns.as_slice() {
        [SerialNumber, ProductId, HardwareHash] if preamble || lower.contains("hardware id") => {
            Format::ConfigurationManager
        }
        [SerialNumber, ProductId, HardwareHash] => Format::ThreeColumns,
        [SerialNumber, ProductId, HardwareHash, GroupTag] => Format::GetWindowsAutopilotInfo,
        [SerialNumber, ProductId, HardwareHash, GroupTag, AssignedUser] => Format::Intune,
        [SerialNumber, ProductId, HardwareHash, Manufacturer, Model] => Format::PartnerCenter,
        [SerialNumber, ProductId, HardwareHash, rest @ ..] if rest.contains(&OrderId) => Format::LegacyOrderId,
        [Manufacturer, Model, SerialNumber, HardwareHash]
            if preamble || lower.contains('_') || lower.contains("hardwarehash") =>
        {
            Format::ConfigurationManagerQuery
        }
        [Manufacturer, Model, SerialNumber, HardwareHash] => Format::ManagedDesktop,
        [Manufacturer, Model, SerialNumber] => Format::CorporateIdentifiers,
        _ => Format::OwnOrder,
    }
}
