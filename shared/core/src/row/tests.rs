//! From text to record: every channel, every identity, every cell, and the words of each fault.

mod hash;

use std::fmt::Write as _;

use hardware_hash::generate::{Capture, Generator, SyntheticDevice};
use proptest::prelude::*;

use super::*;
use crate::identity::KeyKind;

const PLACE: Place = Place {
    row: 1,
    line: 2,
    offset: 0,
    len: 0,
};
const WINDOWS_ID: &str = "00330-80000-00000-AA123";
const ZEROS: &str = "0000000000000";

fn device() -> SyntheticDevice {
    let mut device = Generator::new(1).device(1);
    device.serial = "TEST-1".into();
    device.product = "Book 5".into();
    device
}

fn device_with(change: impl FnOnce(&mut SyntheticDevice)) -> SyntheticDevice {
    let mut device = device();
    change(&mut device);
    device
}

fn hash_of(device: &SyntheticDevice) -> String {
    device.capture(&Capture::default()).to_text()
}

fn with_hash(hash: &str) -> RawRow<'_> {
    RawRow {
        hardware_hash: Some(hash),
        ..RawRow::default()
    }
}

fn read_in(channel: Channel, raw: &RawRow<'_>) -> Result<Record, Vec<RowFault>> {
    read(raw, PLACE, channel, &mut Vec::new())
}

fn kinds(record: &Record) -> Vec<KeyKind> {
    record.keys.iter().map(|key| key.kind()).collect()
}

/// What a row came to, as a person would want to see it in a table.
fn words(result: &Result<Record, Vec<RowFault>>) -> String {
    match result {
        Ok(record) => {
            let names: Vec<&str> = record.keys.iter().map(|key| key.kind().name()).collect();
            let notices: String = record
                .notices
                .iter()
                .map(|notice| format!("\n    note: {notice}"))
                .collect();
            format!("{}{notices}", names.join(" + "))
        }
        Err(faults) => {
            let fault = |f: &RowFault| {
                let cell = f.field.map_or("row".to_owned(), |field| field.to_string());
                format!("{} [{cell}] {}", f.outcome, f.detail)
            };
            faults.iter().map(fault).collect::<Vec<_>>().join("\n    ")
        }
    }
}

#[test]
fn every_channel_takes_the_identities_of_its_policy_and_says_what_it_wants_instead_of_others() {
    let hash = hash_of(&device());
    let pkid = device().pkid.unwrap();
    let hashes = [("", None), ("hash ", Some(hash.as_str()))];
    let products = [
        ("", None),
        ("PKID ", Some(pkid.as_str())),
        ("5-5-5-5 ", Some(WINDOWS_ID)),
        ("zeros ", Some(ZEROS)),
    ];
    let names = [
        ("", None, None),
        ("serial ", Some("TEST-1"), None),
        ("tuple ", Some("TEST-1"), Some(("Contoso", "Book 5"))),
    ];
    let mut table = String::new();
    for (hash_name, hardware_hash) in hashes {
        for (product_name, product_id) in products {
            for (names_name, serial_number, maker_model) in names {
                let (manufacturer, model) = maker_model.unzip();
                let raw = RawRow {
                    serial_number,
                    product_id,
                    hardware_hash,
                    manufacturer,
                    model,
                    ..RawRow::default()
                };
                let given = format!("{hash_name}{product_name}{names_name}");
                writeln!(
                    table,
                    "== {}",
                    if given.is_empty() { "nothing" } else { given.trim_end() }
                )
                .unwrap();
                for channel in Channel::ALL {
                    let result = read_in(channel, &raw);
                    let accepted = channel.policy().identities;
                    let named = (accepted.pkid && product_name == "PKID ") || (accepted.tuple && model.is_some());
                    let known = (accepted.hash && hardware_hash.is_some()) || (named && !channel.policy().needs_hash);
                    assert_eq!(result.is_ok(), known, "{channel}: {given}");
                    writeln!(table, "{channel}: {}", words(&result)).unwrap();
                }
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn an_empty_or_blank_cell_is_as_good_as_none_and_outer_blanks_do_not_count() {
    let hash = hash_of(&device());
    let blank = RawRow {
        serial_number: Some(" "),
        product_id: Some(""),
        hardware_hash: Some(&hash),
        group_tag: Some(""),
        assigned_user: Some("  "),
        manufacturer: Some(""),
        model: Some(""),
    };
    assert_eq!(
        read_in(Channel::Intune, &blank),
        read_in(Channel::Intune, &with_hash(&hash))
    );
    let padded = RawRow {
        serial_number: Some(" TEST-1 "),
        group_tag: Some(" Kiosk "),
        ..with_hash(&hash)
    };
    let record = read_in(Channel::Intune, &padded).unwrap();
    assert_eq!(
        (record.serial.as_deref(), record.group_tag.as_deref()),
        (Some("TEST-1"), Some("Kiosk"))
    );
}

#[test]
fn a_tuple_in_a_row_and_in_a_hash_make_the_same_key() {
    let hash = hash_of(&device());
    let names = RawRow {
        serial_number: Some("TEST-1"),
        manufacturer: Some("Contoso"),
        model: Some("Book 5"),
        ..RawRow::default()
    };
    let plain = read_in(Channel::PartnerCenter, &names).unwrap();
    let hashed = read_in(Channel::PartnerCenter, &with_hash(&hash)).unwrap();
    assert!(hashed.keys.contains(&plain.keys[0]));
}

#[test]
fn every_cell_has_a_longest_size_in_characters() {
    let limits = [
        (Field::SerialNumber, 128),
        (Field::ProductId, 64),
        (Field::HardwareHash, 24_000),
        (Field::GroupTag, 128),
        (Field::AssignedUser, 320),
        (Field::Manufacturer, 128),
        (Field::Model, 128),
    ];
    let mut table = String::new();
    for (field, limit) in limits {
        for (length, too_long) in [(limit, false), (limit + 1, true)] {
            let text = "ä".repeat(length);
            let mut raw = RawRow {
                product_id: Some("3303012345678"),
                ..RawRow::default()
            };
            let cell = match field {
                Field::SerialNumber => &mut raw.serial_number,
                Field::ProductId => &mut raw.product_id,
                Field::HardwareHash => &mut raw.hardware_hash,
                Field::GroupTag => &mut raw.group_tag,
                Field::AssignedUser => &mut raw.assigned_user,
                Field::Manufacturer => &mut raw.manufacturer,
                Field::Model => &mut raw.model,
            };
            *cell = Some(&text);
            let faults = read_in(Channel::OemDirect, &raw).err().unwrap_or_default();
            let found = faults
                .iter()
                .find(|f| f.field == Some(field) && f.detail.contains("too long"));
            assert_eq!(found.is_some(), too_long, "{field} {length}");
            if let Some(fault) = found {
                writeln!(table, "{} {}", fault.outcome, fault.detail).unwrap();
            }
        }
    }
    insta::assert_snapshot!(table, @r"
    invalidValue the serial number is too long: it has more than 128 characters
    invalidValue the product id is too long: it has more than 64 characters
    invalidValue the hardware hash is too long: it has more than 24,000 characters
    invalidValue the group tag is too long: it has more than 128 characters
    invalidValue the assigned user is too long: it has more than 320 characters
    invalidValue the manufacturer is too long: it has more than 128 characters
    invalidValue the model is too long: it has more than 128 characters
    ");
}

#[test]
fn of_an_assigned_user_the_domain_is_checked() {
    let result = |user: &'static str| {
        let raw = RawRow {
            product_id: Some("3303012345678"),
            assigned_user: Some(user),
            ..RawRow::default()
        };
        read_in(Channel::OemDirect, &raw)
    };
    for user in [
        "ada@contoso.com",
        "Ada.Lovelace@Contoso.onmicrosoft.com",
        "ada_fabrikam.com#EXT#@contoso.onmicrosoft.com",
        "ada@münchen.example",
        "ada@xn--mnchen-3ya.example",
        "o'neill+x@a-b.c",
    ] {
        assert_eq!(result(user).unwrap().assigned_user.as_deref(), Some(user));
    }
    for user in [
        "ada",
        "ada@",
        "@contoso.com",
        "ada@contoso",
        "ada@.com",
        "ada@contoso.",
        "ada@con toso.com",
        "CONTOSO\\ada",
        "ada@a..b",
    ] {
        let faults = result(user).unwrap_err();
        assert_eq!(
            (faults[0].outcome, faults[0].field),
            (Outcome::InvalidValue, Some(Field::AssignedUser)),
            "{user}"
        );
    }
    insta::assert_snapshot!(words(&result("ada")), @"invalidValue [assigned user] the assigned user is no user principal name: expected name@domain, such as ada@contoso.onmicrosoft.com");
}

#[test]
fn all_faults_of_a_row_are_told() {
    let hash = hash_of(&device());
    let (serial, tag) = ("S".repeat(129), "T".repeat(129));
    let raw = RawRow {
        serial_number: Some(&serial),
        group_tag: Some(&tag),
        assigned_user: Some("ada"),
        product_id: Some("1111111111111"),
        ..with_hash(&hash)
    };
    let faults = read_in(Channel::Intune, &raw).unwrap_err();
    let told: Vec<(Outcome, Option<Field>)> = faults.iter().map(|f| (f.outcome, f.field)).collect();
    assert_eq!(
        told,
        [
            (Outcome::InvalidValue, Some(Field::SerialNumber)),
            (Outcome::InvalidValue, Some(Field::GroupTag)),
            (Outcome::InvalidValue, Some(Field::AssignedUser)),
            (Outcome::IdentityMismatch, Some(Field::SerialNumber)),
            (Outcome::IdentityMismatch, Some(Field::ProductId)),
        ]
    );
    assert!(faults.iter().all(|f| f.detail.len() < 300), "a value is quoted in part");
}

#[test]
fn placeholders_and_broken_pkids_are_named() {
    let tuple = RawRow {
        serial_number: Some("TEST-1"),
        manufacturer: Some("Contoso"),
        model: Some("Book 5"),
        ..RawRow::default()
    };
    let cases = [
        RawRow {
            serial_number: Some("Default string"),
            ..tuple
        },
        RawRow {
            manufacturer: Some("OEM"),
            ..tuple
        },
        RawRow { model: None, ..tuple },
        RawRow {
            product_id: Some("330301234567"),
            model: None,
            ..tuple
        },
        RawRow {
            product_id: Some("330301234567"),
            ..tuple
        },
    ];
    let table: Vec<String> = cases
        .iter()
        .map(|raw| words(&read_in(Channel::OemDirect, raw)))
        .collect();
    insta::assert_snapshot!(table.join("\n"));
}

proptest! {
    #[test]
    fn no_row_panics_and_none_is_without_a_key_or_a_fault(cells: [Option<String>; 7], hash_at in 0usize..4000, with: char, channel in 0usize..6) {
        let mut hash: Vec<char> = hash_of(&device()).chars().collect();
        hash[hash_at] = with;
        let hash: String = hash.into_iter().collect();
        let [serial_number, product_id, other, group_tag, assigned_user, manufacturer, model] = &cells;
        for hardware_hash in [other.as_deref(), Some(hash.as_str())] {
            let raw = RawRow {
                serial_number: serial_number.as_deref(),
                product_id: product_id.as_deref(),
                hardware_hash,
                group_tag: group_tag.as_deref(),
                assigned_user: assigned_user.as_deref(),
                manufacturer: manufacturer.as_deref(),
                model: model.as_deref(),
            };
            match read_in(Channel::ALL[channel], &raw) {
                Ok(record) => {
                    prop_assert!(!record.keys.is_empty() && record.keys.is_sorted());
                    prop_assert!(record.keys.len() <= 4, "one of each kind at most");
                }
                Err(faults) => prop_assert!(faults.iter().all(|f| !f.detail.is_empty()) && !faults.is_empty()),
            }
        }
    }
}
