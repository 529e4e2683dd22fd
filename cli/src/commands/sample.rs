//! `muster sample`: synthetic device lists, for trying things out and for measuring.

mod faults;
mod rows;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use manifest::{Encoding, Format, ListOptions, ListWriter};

use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::progress;

/// How much is collected before it is written.
const CHUNK: usize = 256 << 10;

/// What `muster sample` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster sample --rows 25 > list.csv
  muster sample --rows 40 --faults | muster check -
  muster sample --rows 1000000 --dialect partner-center --seed 7 --output big.csv
  muster sample --rows 25 --replaced board > repaired.csv
  muster sample --serial PC-1 --serial PC-2-808 > list.csv

The same options give the same bytes on any machine. Serial numbers are TEST-<seed>-<row> unless --serial says others; \
nothing in a list belongs to \
a real device, so never send one to Microsoft.
With --faults every fourth row has one: damaged, cut, missing, old and foreign hashes, duplicates, shifted columns, \
Excel's scientific notation, missing cells, NUL bytes, stray quotation marks, rows beyond the bound, in turn.")]
pub(crate) struct SampleArgs {
    /// How many devices
    #[arg(long, value_name = "N", required_unless_present = "serials")]
    rows: Option<u64>,
    /// A device with this serial number, in its hash, too; may be given several times. A `muster serve --sandbox` gives it
    /// the outcome that its ending asks for
    #[arg(long = "serial", value_name = "TEXT", conflicts_with_all = ["rows", "faults"])]
    serials: Vec<Serial>,
    /// Whose format, as `muster check` recognises it: intune, three-columns, get-windows-autopilot-info, partner-center,
    /// managed-desktop, corporate-identifiers, legacy-order-id, configuration-manager, configuration-manager-query,
    /// intune-without-header
    #[arg(long, default_value = "intune")]
    dialect: DialectName,
    /// Another seed gives other devices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The same devices a month later, after this part of each was replaced
    #[arg(long, value_enum, value_name = "PART")]
    replaced: Option<Part>,
    /// Give every fourth row a fault, each kind in turn
    #[arg(long)]
    faults: bool,
    /// How characters are written
    #[arg(long, value_enum, default_value = "ascii")]
    encoding: EncodingName,
    /// Put every cell in quotation marks
    #[arg(long)]
    quoted: bool,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A format by the name that it has in JSON.
#[derive(Debug, Clone, Copy)]
struct DialectName(Format);

impl FromStr for DialectName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = |format: &Format| serde_json::to_value(format).is_ok_and(|name| name == text);
        let all = || {
            Format::PUBLISHED
                .iter()
                .filter_map(|f| serde_json::to_value(f).ok()?.as_str().map(str::to_owned))
        };
        let found = Format::PUBLISHED.into_iter().find(named).map(Self);
        found.ok_or_else(|| format!("the dialects are {}", all().collect::<Vec<_>>().join(", ")))
    }
}

/// A serial number as firmware can hold it.
#[derive(Debug, Clone)]
struct Serial(String);

/// The longest serial number, in bytes: what a synthetic hash has room for.
const MAX_SERIAL: usize = 100;

impl FromStr for Serial {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seen = |c: char| c.is_ascii_graphic() || c == ' ';
        match text.trim() {
            serial if (1..=MAX_SERIAL).contains(&serial.len()) && serial.chars().all(seen) => {
                Ok(Self(serial.to_owned()))
            }
            _ => Err(format!("give 1 to {MAX_SERIAL} printable ASCII characters")),
        }
    }
}

/// What a repair shop replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Disk,
    Memory,
    /// Wi-Fi and Bluetooth
    NetworkCard,
    /// The board, with TPM, product key and Ethernet; the serial number is written into the new one
    Board,
    Tpm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EncodingName {
    Ascii,
    Utf8,
    Utf8Bom,
    Utf16le,
    Utf16be,
    Windows1252,
}

impl EncodingName {
    fn options(self, quoted: bool) -> ListOptions {
        let encoding = match self {
            Self::Ascii => Encoding::Ascii,
            Self::Utf8 | Self::Utf8Bom => Encoding::Utf8,
            Self::Utf16le => Encoding::Utf16Le,
            Self::Utf16be => Encoding::Utf16Be,
            Self::Windows1252 => Encoding::Windows1252,
        };
        ListOptions {
            encoding,
            byte_order_mark: self == Self::Utf8Bom,
            quoted,
            ..ListOptions::default()
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &SampleArgs, out: &mut Output) -> Result<Exit, Failure> {
    match &args.output {
        None => write(args, |bytes| out.bytes(bytes))?,
        Some(path) => {
            let mut file = create(path)?;
            write(args, |bytes| {
                file.write_all(bytes).map_err(|error| Failure::unwritable(path, &error))
            })?;
        }
    }
    Ok(Exit::Fine)
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| Failure::unwritable(path, &error))
}

fn write(args: &SampleArgs, mut put: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
    let writer = ListWriter::new(args.dialect.0, args.encoding.options(args.quoted));
    let plain = ListWriter::new(args.dialect.0, EncodingName::Utf8.options(false));
    let accents = args.encoding != EncodingName::Ascii;
    let serials = args.serials.iter().map(|Serial(serial)| serial.clone()).collect();
    let rows = rows::Rows::new(args.seed, args.dialect.0, accents, args.replaced).with_serials(serials);
    let count = args.rows.unwrap_or(args.serials.len() as u64);
    let faults = faults::of_format(args.dialect.0);
    let bar = if args.output.is_some() {
        progress::of_rows(count)
    } else {
        progress::none()
    };
    let mut bytes = Vec::with_capacity(CHUNK + (128 << 10));
    writer.header(&mut bytes);
    for n in 1..=count {
        let row = rows.row(n);
        match faults::at(n, &faults).filter(|_| args.faults) {
            Some(fault) => fault.write(&row, &rows, &plain, &writer, &mut bytes),
            None => writer.row(&mut bytes, &row.cells()),
        }
        if bytes.len() >= CHUNK {
            put(&bytes)?;
            bytes.clear();
            bar.set_position(n);
        }
    }
    put(&bytes)?;
    bar.finish_and_clear();
    Ok(())
}
