//! `muster decode`: what a hardware hash says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::Args;
use hardware_hash::{HardwareHash, HashError};
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::hashes::{self, Given, Parsed};
use crate::output::{self, Output, Style};

/// What `muster decode` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster decode samples/device-list.csv | less
  muster decode T0GXBgEAHAAAAA…
  muster decode --json hash.txt | jq .identity
  powershell-output | muster decode -

A file holds one hash, one hash a line, or a device list in any dialect that `muster check` knows.
Exit code: 0 every hash is sound; 1 one is damaged or cannot be read; 2 there is nothing to read.")]
pub(crate) struct DecodeArgs {
    /// A file, `-` for stdin, or a hash as text
    #[arg(required = true, value_name = "FILE|-|HASH")]
    given: Vec<OsString>,
    /// Print one JSON object a line for each hash
    #[arg(long)]
    json: bool,
}

/// A hash as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    file: Option<&'a str>,
    line: Option<u64>,
    /// What the list says beside the hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    listed_serial_number: Option<&'a str>,
    /// Problems of the row in the list.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    row_problems: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Remark>,
    repairs: Vec<Remark>,
    findings: Vec<Remark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<IdentityReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    captured_at: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a HardwareHash>,
}

#[derive(Serialize)]
struct Remark {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<bool>,
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IdentityReport<'a> {
    serial_number: Option<Cow<'a, str>>,
    manufacturer: Option<Cow<'a, str>>,
    model: Option<Cow<'a, str>>,
    product_key_id: Option<&'a str>,
    smbios_uuid: Option<String>,
    endorsement_key_sha256: Option<String>,
    mac_addresses: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &DecodeArgs, out: &mut Output) -> Result<Exit, Failure> {
    let (mut first, mut sound) = (true, true);
    for argument in &args.given {
        hashes::for_each(argument, |given| {
            let read = given.text.map(Parsed::read);
            sound &= given.problems.is_empty() && matches!(&read, Some(Ok(parsed)) if !parsed.findings.has_fault());
            if args.json {
                return out.json(&report(given, read.as_ref()));
            }
            if !std::mem::take(&mut first) {
                out.line("")?;
            }
            show(given, read.as_ref(), out)
        })?;
    }
    Ok(Exit::unless(!sound))
}

const NO_HASH: &str = "the row has no hardware hash";

fn report<'a>(given: &'a Given<'_>, read: Option<&'a Result<Parsed, HashError>>) -> Report<'a> {
    let parsed = read.and_then(|read| read.as_ref().ok());
    let error = match read {
        None => Some(Remark {
            code: "no-hash",
            fault: None,
            message: NO_HASH.to_owned(),
        }),
        Some(Err(error)) => Some(Remark {
            code: error.code(),
            fault: None,
            message: error.to_string(),
        }),
        Some(Ok(_)) => None,
    };
    let repairs = parsed.into_iter().flat_map(|p| p.repairs.iter());
    let findings = parsed.into_iter().flat_map(|p| p.findings.iter());
    Report {
        file: given.file.as_deref(),
        line: given.line,
        listed_serial_number: given.serial,
        row_problems: &given.problems,
        error,
        repairs: repairs
            .map(|r| Remark {
                code: r.code(),
                fault: None,
                message: r.to_string(),
            })
            .collect(),
        findings: findings
            .map(|f| Remark {
                code: f.code(),
                fault: Some(f.is_fault()),
                message: f.to_string(),
            })
            .collect(),
        identity: parsed.map(identity),
        captured_at: parsed.and_then(|p| p.hash.captured_at()),
        fields: parsed.map(|p| &p.hash),
    }
}

fn identity(parsed: &Parsed) -> IdentityReport<'_> {
    let identity = parsed.identity();
    IdentityReport {
        serial_number: identity.serial,
        manufacturer: identity.manufacturer,
        model: identity.product,
        product_key_id: identity.pkid,
        smbios_uuid: identity.uuid.map(|uuid| uuid.to_string()),
        endorsement_key_sha256: identity
            .ek_digest
            .map(|digest| digest.iter().map(|byte| format!("{byte:02x}")).collect()),
        mac_addresses: parsed.hash.macs().map(|mac| mac.to_string()).collect(),
    }
}

fn show(given: &Given<'_>, read: Option<&Result<Parsed, HashError>>, out: &mut Output) -> Result<(), Failure> {
    let serial = given
        .serial
        .map(|serial| format!(" (serial number {})", output::plain(serial)))
        .unwrap_or_default();
    let title = out.paint(Style::Bold, format_args!("{}{serial}", given.place()));
    out.line(title)?;
    for problem in &given.problems {
        remark(out, Style::Bad, "problem of the row", problem)?;
    }
    let parsed = match read {
        None => return remark(out, Style::Bad, "fault", NO_HASH),
        Some(Err(error)) => return remark(out, Style::Bad, "fault", &error.to_string()),
        Some(Ok(parsed)) => parsed,
    };
    for repair in parsed.repairs.iter() {
        remark(out, Style::Notice, "repaired", &repair.to_string())?;
    }
    for finding in parsed.findings.iter() {
        let (style, name) = if finding.is_fault() {
            (Style::Bad, "fault")
        } else {
            (Style::Notice, "notice")
        };
        remark(out, style, name, &finding.to_string())?;
    }
    if parsed.repairs.is_empty() && parsed.findings.is_empty() {
        remark(
            out,
            Style::Good,
            "sound",
            "checksum, length and padding are as they should be",
        )?;
    }
    for (group, rows) in grouped(&parsed.hash) {
        let group = out.paint(Style::Bold, group.title());
        out.line(format_args!("  {group}"))?;
        out.table(output::name_table(&rows), 4)?;
    }
    Ok(())
}

fn remark(out: &mut Output, style: Style, name: &str, text: &str) -> Result<(), Failure> {
    let name = out.paint(style, format_args!("{name}:"));
    out.line(format_args!("  {name} {}", output::plain(text)))
}

/// Parts of the table, in its order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Identity,
    Capture,
    Network,
    Disks,
    Processor,
    Display,
    Firmware,
    Other,
}

impl Group {
    const fn title(self) -> &'static str {
        match self {
            Self::Identity => "Identity",
            Self::Capture => "Capture",
            Self::Network => "Network adapters",
            Self::Disks => "Disks",
            Self::Processor => "Processor and memory",
            Self::Display => "Displays and graphics",
            Self::Firmware => "Firmware, board, chassis",
            Self::Other => "Other",
        }
    }
}

/// What identifies a device, in the order in which people look for it.
const IDENTITY: [&str; 9] = [
    "SmbiosSystemSerialNumber",
    "SmbiosSystemManufacturer",
    "SmbiosSystemProductName",
    "SmbiosUuid",
    "ProductKeyID",
    "ProductKeyPkPn",
    "EkPubHash",
    "OfflineDeviceId",
    "OfflineDeviceIdType",
];

/// The group of a field, by the names that oa3tool uses, and its place in it.
fn place_of(name: &str) -> (Group, usize) {
    if let Some(at) = IDENTITY.iter().position(|known| *known == name) {
        return (Group::Identity, at);
    }
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let group = match () {
        () if starts(&["Tool", "OSType", "Os"]) => Group::Capture,
        () if starts(&["Network"]) => Group::Network,
        () if starts(&["Disk"]) => Group::Disks,
        () if starts(&["Processor", "SmbiosRam", "TotalPhysicalRAM"]) => Group::Processor,
        () if starts(&["Display", "Gpu"]) => Group::Display,
        () if starts(&[
            "Smbios",
            "TPM",
            "TpmEk",
            "Chassis",
            "PowerPlatform",
            "OpticalDrive",
            "Digitizer",
        ]) =>
        {
            Group::Firmware
        }
        () => Group::Other,
    };
    (group, IDENTITY.len())
}

fn grouped(hash: &HardwareHash) -> BTreeMap<Group, Vec<(Cow<'static, str>, String)>> {
    let mut fields: Vec<_> = hash
        .fields()
        .into_iter()
        .map(|field| (place_of(&field.name), field))
        .collect();
    fields.sort_by_key(|(place, _)| *place);
    let mut groups: BTreeMap<Group, Vec<_>> = BTreeMap::new();
    for ((group, _), field) in fields {
        groups
            .entry(group)
            .or_default()
            .push((field.name, shortened(&field.value)));
    }
    groups
}

/// The longest value that a table shows whole; keys and opaque records are longer.
const LONGEST: usize = 100;

fn shortened(value: &str) -> String {
    let value = output::plain(value);
    let length = value.chars().count();
    if length <= LONGEST {
        return value.into_owned();
    }
    let beginning: String = value.chars().take(LONGEST / 2).collect();
    format!("{beginning}… ({length} characters; --json shows all)")
}
