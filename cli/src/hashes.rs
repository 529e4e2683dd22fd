//! Hardware hashes that a person names: a hash as text, a file with hashes, a device list, or stdin.

use std::ffi::OsStr;
use std::path::Path;

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE};
use hardware_hash::text::Repairs;
use hardware_hash::{Envelope, Findings, HardwareHash, HashError, Identity, Mac, summarise};
use manifest::{Column, RowReader};
use muster_core::channel::Channel;

use crate::batches::{List, limits};
use crate::failure::Failure;
use crate::input::Input;
use crate::output;

/// What every hash begins with: `OA` in base64.
const BEGINNING: &str = "T0";
/// A file of hashes that is no device list is read whole; this is room for over 4,000 of them.
const MAX_PLAIN_FILE: u64 = 16 << 20;
/// How much of a file shows whether it holds plain hashes.
const LOOK: usize = 1 << 10;

/// A hash and where it stands.
pub(crate) struct Given<'a> {
    /// The file, where it is not the command line.
    pub(crate) file: Option<String>,
    /// The line, where there is more than one hash.
    pub(crate) line: Option<u64>,
    /// The serial number that a list gives beside it.
    pub(crate) serial: Option<&'a str>,
    /// The hash; `None` where the row of a list has none.
    pub(crate) text: Option<&'a str>,
    /// What is wrong with the row of the list.
    pub(crate) problems: Vec<String>,
}

impl Given<'_> {
    /// Where it stands, in words.
    pub(crate) fn place(&self) -> String {
        let file = self.file.as_deref().unwrap_or("the hash given");
        match self.line {
            Some(line) => format!("{file}, line {line}"),
            None => file.to_owned(),
        }
    }
}

/// A hash that could be read.
pub(crate) struct Parsed {
    /// The hash.
    pub(crate) hash: HardwareHash,
    /// What was put right in its text.
    pub(crate) repairs: Repairs,
    /// What is odd about it.
    pub(crate) findings: Findings,
    /// Its bytes.
    bytes: Vec<u8>,
}

impl Parsed {
    /// Reads a hash.
    pub(crate) fn read(text: &str) -> Result<Self, HashError> {
        let (hash, repairs, findings) = HardwareHash::from_text(text.trim().as_bytes())?;
        let bytes = hash.encode();
        Ok(Self {
            hash,
            repairs,
            findings,
            bytes,
        })
    }

    /// The hash as text, in its usual form.
    pub(crate) fn text(&self) -> String {
        self.hash.to_text()
    }

    /// What identifies the device; placeholders are left out.
    pub(crate) fn identity(&self) -> Identity<'_> {
        Envelope::parse(&self.bytes)
            .map(|(envelope, _)| summarise(&envelope).identity)
            .unwrap_or_default()
    }

    /// The addresses that belong to the machine, and not to what hangs on USB.
    pub(crate) fn fixed_macs(&self) -> impl Iterator<Item = Mac> {
        self.hash
            .adapters()
            .filter(|adapter| adapter.enumerator != "USB" && !adapter.mac.is_placeholder())
            .map(|a| a.mac)
    }
}

/// The one hash that `argument` names, and where it stands.
pub(crate) fn single(argument: &OsStr) -> Result<(String, Parsed), Failure> {
    let mut found = None;
    for_each(argument, |given| {
        let place = given.place();
        if found.is_some() {
            let what = format!("{} holds more than one hash", given.file.as_deref().unwrap_or_default());
            return Err(Failure::new(
                what,
                "Give one hash by itself, as text or in a file of its own.",
            ));
        }
        let Some(text) = given.text else {
            return Err(Failure::new(
                format_args!("{place}: the row has no hardware hash"),
                "Give a row that has one.",
            ));
        };
        let parsed = Parsed::read(text).map_err(|error| Failure::new(format_args!("{place}: {error}"), ""))?;
        found = Some((place, parsed));
        Ok(())
    })?;
    found.ok_or_else(|| {
        Failure::new(
            format_args!("{} holds no hash", output::path(argument.as_ref())),
            "Give a hash or a file with one.",
        )
    })
}

/// Gives every hash that `argument` names to `each`.
pub(crate) fn for_each(
    argument: &OsStr,
    mut each: impl FnMut(&Given<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let path = Path::new(argument);
    if argument != "-" && !path.exists() {
        return match argument.to_str().filter(|text| looks_like_a_hash(text)) {
            Some(text) => each(&Given {
                file: None,
                line: None,
                serial: None,
                text: Some(text),
                problems: Vec::new(),
            }),
            None => Err(Failure::new(
                format_args!("{} is neither a file nor a hardware hash", output::path(path)),
                format_args!(
                    "Check the path, or give the hash itself: it begins with {BEGINNING} and has 4,000 characters."
                ),
            )),
        };
    }
    let mut input = Input::open(path)?;
    let name = output::path(input.path());
    let mut beginning = Vec::new();
    input.read_at(0, LOOK, &mut beginning)?;
    if looks_like_a_hash(&text_of(&beginning)) && !is_table(&text_of(&beginning)) {
        return plain_hashes(&mut input, &name, each);
    }
    match List::open(input)? {
        Ok(list) => hashes_of_list(list, &name, &mut each),
        Err(problem) => Err(Failure::new(
            format_args!(
                "{name} holds no hardware hash (one begins with {BEGINNING}) and is no device list: {}. {}",
                problem.what, problem.why
            ),
            problem.remedy,
        )),
    }
}

/// Whether it can only be meant as a hash, be it damaged.
fn looks_like_a_hash(text: &str) -> bool {
    text.trim_start().starts_with(BEGINNING)
}

/// A hash in the first column of a list.
fn is_table(text: &str) -> bool {
    text.contains([',', ';', '\t'])
}

/// The file's text: UTF-8, or UTF-16 as Windows PowerShell's `>` writes it.
fn text_of(bytes: &[u8]) -> String {
    let encoding = match bytes {
        [0xFF, 0xFE, ..] => UTF_16LE,
        [0xFE, 0xFF, ..] => UTF_16BE,
        _ => UTF_8,
    };
    encoding.decode(bytes).0.into_owned()
}

fn plain_hashes(
    input: &mut Input,
    name: &str,
    mut each: impl FnMut(&Given<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if input.size() > MAX_PLAIN_FILE {
        let what = format!(
            "{name} has {} bytes, too many for a file of plain hashes",
            output::Number(input.size())
        );
        return Err(Failure::new(
            what,
            "Make it a device list with the header `Device Serial Number,Windows Product ID,Hardware Hash`.",
        ));
    }
    let mut bytes = Vec::new();
    input.read_at(0, usize::try_from(MAX_PLAIN_FILE).unwrap_or(usize::MAX), &mut bytes)?;
    let text = text_of(&bytes);
    let lines: Vec<(u64, &str)> = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        .collect();
    let file = Some(name.to_owned());
    // Lines that do not all begin like a hash are one hash that was wrapped.
    if lines.len() == 1 || !lines.iter().all(|(_, line)| looks_like_a_hash(line)) {
        return each(&Given {
            file,
            line: None,
            serial: None,
            text: Some(&text),
            problems: Vec::new(),
        });
    }
    lines.into_iter().try_for_each(|(line, text)| {
        each(&Given {
            file: file.clone(),
            line: Some(line),
            serial: None,
            text: Some(text),
            problems: Vec::new(),
        })
    })
}

fn hashes_of_list(
    mut list: List,
    name: &str,
    each: &mut impl FnMut(&Given<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    // The channel matters for the size of a batch only.
    list.for_each(limits(Channel::Intune), |bytes, batch, dialect| {
        RowReader::new(dialect, bytes, batch.first_line, batch.first_row, batch.start).try_for_each(|row| {
            each(&Given {
                file: Some(name.to_owned()),
                line: Some(row.line()),
                serial: row.get(Column::SerialNumber),
                text: row.get(Column::HardwareHash),
                problems: row
                    .problems()
                    .iter()
                    .map(|p| format!("column {} ({}): {}", p.column, p.column_name, p.message))
                    .collect(),
            })
        })
    })
}
