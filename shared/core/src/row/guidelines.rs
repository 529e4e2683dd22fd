//! What manufacturers are asked to see to before a device ships (Microsoft Learn, "Windows Autopilot device guidelines"). A
//! row that does not keep to it is in order all the same; a notice says so.

use hardware_hash::{Envelope, Record as Part, TextField, kind, placeholder, summarise};

use super::RawRow;
use crate::catalogue::leads;
use crate::identity::KeyKind;
use crate::record::Record;

/// The first build of the tool that makes what is wanted: Windows 10, version 1709, also called RS3.
const FIRST_BUILD: u16 = 16_299;
/// What the tool writes for a text that the firmware does not have.
const NO_TEXT: &str = "SMBIOS_STRING_INDEX_0";
/// What a capture says that was made in audit mode or in the full operating system.
const FULL_SYSTEM: u8 = 2;

/// Holds a row of a catalogue, whose decoded hash is at hand, against the guidelines.
pub(super) fn check(hash: &[u8], raw: &RawRow<'_>, record: &mut Record) {
    let mut notices = Vec::new();
    let mut tell = |text: String| notices.push(format!("guideline: {text}"));
    let Ok((envelope, _)) = Envelope::parse(hash) else {
        return;
    };
    let uuid = summarise(&envelope).identity.uuid.is_some();
    let (mut tpm, mut adapter, mut disk) = (None, false, false);
    let (mut sku, mut family) = (None, None);
    for part in envelope.records() {
        match part.kind {
            kind::NETWORK_ADAPTER => adapter = true,
            kind::DISK_IDENTITY | kind::BOOT_DISK => disk = true,
            _ => {}
        }
        match Part::read(part) {
            Part::Capture(capture) => {
                if (capture.tool.major, capture.tool.build) < (10, FIRST_BUILD) {
                    tell(format!(
                        "the hash was made by tool {}; use one of 10.0.{FIRST_BUILD} or later",
                        capture.tool
                    ));
                }
                if capture.os_type != FULL_SYSTEM {
                    tell("the hash was not captured in audit mode or in the full operating system".to_owned());
                }
            }
            Part::Text(TextField::TpmVersion, text) => tpm = tpm.or(Some(text.to_string())),
            Part::Text(TextField::SkuNumber, text) => sku = Some(text.to_string()),
            Part::Text(TextField::Family, text) => family = Some(text.to_string()),
            _ => {}
        }
    }
    match tpm.as_deref().map(str::trim_start) {
        None => tell("the hash shows no TPM; TPM 2.0 is to be enabled".to_owned()),
        Some(version) if version.starts_with("TPM-Version:2.") => {}
        Some(_) => tell("the hash shows another TPM than TPM 2.0".to_owned()),
    }
    names(raw, record, &mut tell);
    for (name, text) in [("SKU number", sku), ("system family", family)] {
        match text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            None | Some(NO_TEXT) => tell(format!("the {name} is missing; it is to be filled")),
            Some(text) if placeholder::is_placeholder(text) => {
                tell(format!("the {name} `{text}` is a placeholder; it is to be filled"));
            }
            Some(_) => {}
        }
    }
    for (there, what) in [
        (uuid, "SMBIOS UUID of its own"),
        (adapter, "network adapter"),
        (disk, "disk"),
    ] {
        if !there {
            tell(format!(
                "the hash shows no {what}, and the device is hard to tell from others"
            ));
        }
    }
    if record.group_tag.take().is_some() || record.assigned_user.take().is_some() {
        notices.push("group tag and assigned user were not used: what is in a catalogue is nobody's yet".to_owned());
        record.assigned_user = None;
    }
    record.notices.extend(notices);
}

/// Manufacturer, model and serial number are to be filled and unique as a set, or else a PKID is to be there.
fn names(raw: &RawRow<'_>, record: &Record, tell: &mut impl FnMut(String)) {
    if record.keys.iter().any(|key| key.kind() == KeyKind::Tuple) {
        return;
    }
    let cells = [
        ("manufacturer", record.manufacturer.as_deref().or(raw.manufacturer)),
        ("model", record.model.as_deref().or(raw.model)),
        ("serial number", record.serial.as_deref()),
    ];
    for (name, cell) in cells {
        match cell {
            None => tell(format!(
                "the {name} is missing; manufacturer, model and serial number are to be filled"
            )),
            Some(text) if placeholder::is_placeholder(text) => tell(format!(
                "the {name} `{text}` is a placeholder; manufacturer, model and serial number are to be unique as a set"
            )),
            Some(_) => {}
        }
    }
    if !record.keys.iter().copied().any(leads) {
        tell(
            "neither a PKID nor manufacturer, model and serial number lead to the device: only its own hash does"
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests;
