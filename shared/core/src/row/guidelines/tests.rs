//! What a manufacturer is told of rows that do not keep to the guidelines.

use hardware_hash::generate::{Capture, Generator, SyntheticDevice};
use hardware_hash::{Build, HardwareHash, Record as Part, TextField};

use super::super::read;
use super::*;
use crate::channel::Channel;
use crate::outcome::Outcome;
use crate::record::Place;

fn device() -> SyntheticDevice {
    Generator::new(5).device(1)
}

fn place() -> Place {
    Place {
        row: 1,
        line: 2,
        offset: 0,
        len: 10,
    }
}

/// The notices of a row with this hash and what else it says.
fn notices(hash: &str, raw: RawRow<'_>) -> Vec<String> {
    let raw = RawRow {
        hardware_hash: Some(hash),
        ..raw
    };
    read(&raw, place(), Channel::Catalogue, &mut Vec::new())
        .unwrap()
        .notices
}

fn of(device: &SyntheticDevice) -> Vec<String> {
    notices(&device.capture(&Capture::default()).to_text(), RawRow::default())
}

/// The device's hash with parts changed, or left out.
fn changed(change: impl Fn(Part) -> Option<Part>) -> Vec<String> {
    let hash = device().capture(&Capture::default());
    let parts: Vec<Part> = hash.records().iter().cloned().filter_map(change).collect();
    notices(&HardwareHash::new(parts).unwrap().to_text(), RawRow::default())
}

#[test]
fn a_device_as_it_should_be_gets_no_notice() {
    assert_eq!(of(&device()), Vec::<String>::new());
}

#[test]
fn each_guideline_that_is_not_kept_to_is_told() {
    let told = |all: Vec<String>, words: &str| {
        assert_eq!(all.len(), 1, "{words}: {all:?}");
        assert!(all[0].starts_with("guideline: ") && all[0].contains(words), "{all:?}");
    };
    told(of(&device().without_tpm()), "shows no TPM");
    let old_tpm = changed(|part| match part {
        Part::Text(TextField::TpmVersion, _) => Some(Part::Text(
            TextField::TpmVersion,
            "TPM-Version:01.02-SpecLevel:2".into(),
        )),
        part => Some(part),
    });
    told(old_tpm, "another TPM than TPM 2.0");
    let old_tool = changed(|part| match part {
        Part::Capture(mut capture) => {
            capture.tool = Build {
                major: 10,
                minor: 0,
                build: 15_063,
                revision: 0,
            };
            Some(Part::Capture(capture))
        }
        part => Some(part),
    });
    told(old_tool, "tool 10.0.15063.0");
    let installer = changed(|part| match part {
        Part::Capture(mut capture) => {
            capture.os_type = 1;
            Some(Part::Capture(capture))
        }
        part => Some(part),
    });
    told(installer, "audit mode");
    told(
        changed(|part| (part.kind() != kind::UUID).then_some(part)),
        "no SMBIOS UUID",
    );
    told(
        changed(|part| (part.kind() != kind::NETWORK_ADAPTER).then_some(part)),
        "no network adapter",
    );
    let disk = |part: Part| (part.kind() != kind::DISK_IDENTITY && part.kind() != kind::BOOT_DISK).then_some(part);
    told(changed(disk), "no disk");
    let without = |kind: u16| changed(|part| (part.kind() != kind).then_some(part));
    told(without(kind::SKU_NUMBER), "the SKU number is missing");
    told(without(kind::FAMILY), "the system family is missing");
    let mut vague = device();
    "SMBIOS_STRING_INDEX_0".clone_into(&mut vague.sku);
    told(of(&vague), "the SKU number is missing");
    "CB5-1".clone_into(&mut vague.sku);
    "Default string".clone_into(&mut vague.family);
    told(of(&vague), "the system family `Default string` is a placeholder");
}

#[test]
fn names_that_do_not_lead_to_one_device_are_told() {
    let mut nameless = device();
    nameless.serial = "To be filled by O.E.M.".to_owned();
    let all = of(&nameless);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(
        all[0].contains("serial number `To be filled by O.E.M.` is a placeholder"),
        "{all:?}"
    );
    nameless.pkid = None;
    let all = of(&nameless);
    assert!(
        all.iter().any(|notice| notice.contains("only its own hash does")),
        "{all:?}"
    );
}

#[test]
fn group_tag_and_user_are_passed_over_with_a_notice() {
    let hash = device().capture(&Capture::default()).to_text();
    let raw = RawRow {
        hardware_hash: Some(&hash),
        group_tag: Some("Kiosk"),
        assigned_user: Some("ada@contoso.com"),
        ..RawRow::default()
    };
    let record = read(&raw, place(), Channel::Catalogue, &mut Vec::new()).unwrap();
    assert_eq!((record.group_tag, record.assigned_user), (None, None));
    assert!(record.notices[0].contains("nobody's yet"), "{:?}", record.notices);
    let elsewhere = read(&raw, place(), Channel::Intune, &mut Vec::new()).unwrap();
    assert!(elsewhere.group_tag.is_some() && elsewhere.notices.is_empty());
}

#[test]
fn a_row_for_a_catalogue_needs_its_hash_and_an_old_short_one_is_refused() {
    let device = device();
    let raw = RawRow {
        manufacturer: Some(&device.manufacturer),
        model: Some(&device.product),
        serial_number: Some(&device.serial),
        product_id: device.pkid.as_deref(),
        ..RawRow::default()
    };
    let faults = read(&raw, place(), Channel::Catalogue, &mut Vec::new()).unwrap_err();
    assert_eq!(faults[0].outcome, Outcome::MissingIdentity);
    assert!(
        faults[0].detail.starts_with("the hardware hash is missing"),
        "{faults:?}"
    );
    let short = "QUFB".repeat(42) + "QUE=";
    let raw = RawRow {
        hardware_hash: Some(&short),
        ..raw
    };
    let faults = read(&raw, place(), Channel::Catalogue, &mut Vec::new()).unwrap_err();
    assert_eq!(faults[0].outcome, Outcome::HashNot4k, "{faults:?}");
}
