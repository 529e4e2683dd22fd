//! Rows with a hardware hash: keys, agreement with the row, damage, repairs.

use std::fmt::Write as _;

use hardware_hash::generate::{Capture, SyntheticDevice};
use hardware_hash::{HardwareHash, Record as HashRecord, SmbiosUuid, TextField, text};

use super::*;

/// The device's hash without the records that `drop` names.
fn hash_without(device: &SyntheticDevice, drop: impl Fn(&HashRecord) -> bool) -> String {
    let whole = device.capture(&Capture::default());
    let kept = whole.records().iter().filter(|record| !drop(record)).cloned().collect();
    HardwareHash::new(kept).unwrap().to_text()
}

fn is_text(fields: &'static [TextField]) -> impl Fn(&HashRecord) -> bool {
    move |record| matches!(record, HashRecord::Text(field, _) if fields.contains(field))
}

#[test]
fn what_a_row_says_beside_its_hash_is_a_key_only_where_the_channel_accepts_it() {
    let bare = device_with(|d| d.pkid = None);
    let hash = hash_without(&bare, is_text(&[TextField::ProductName]));
    let raw = RawRow {
        product_id: Some("3303012345678"),
        model: Some("Book 5"),
        ..with_hash(&hash)
    };
    let partner = read_in(Channel::PartnerCenter, &raw).unwrap();
    assert_eq!(
        kinds(&partner),
        [KeyKind::EndorsementKey, KeyKind::Pkid, KeyKind::Tuple]
    );
    let own = read_in(Channel::Intune, &raw).unwrap();
    assert_eq!(kinds(&own), [KeyKind::EndorsementKey, KeyKind::SmbiosUuid]);
    for record in [partner, own] {
        assert_eq!(
            record.pkid.unwrap().as_str(),
            "3303012345678",
            "kept, so that a person sees it"
        );
        assert_eq!(record.model.as_deref(), Some("Book 5"));
    }
}

#[test]
fn the_smbios_uuid_is_a_key_where_endorsement_key_or_tuple_is_missing() {
    let uuid_of = |device: &SyntheticDevice| {
        let record = read_in(Channel::Intune, &with_hash(&hash_of(device))).unwrap();
        kinds(&record).contains(&KeyKind::SmbiosUuid)
    };
    assert!(!uuid_of(&device()), "both are there");
    assert!(uuid_of(&device().without_tpm()), "no TPM");
    assert!(uuid_of(&device().virtual_machine()), "a virtual machine");
    for placeholder in ["Default string", "To be filled by O.E.M.", "0"] {
        let unnamed = device_with(|d| d.serial = placeholder.into());
        assert!(uuid_of(&unnamed), "{placeholder}");
    }
    let shared = device_with(|d| {
        d.ek = None;
        d.uuid = SmbiosUuid::from_wire([0xFF; 16]);
    });
    assert!(!uuid_of(&shared), "a UUID that many devices share is none");
}

#[test]
fn a_row_and_its_hash_must_agree_and_of_the_rest_the_hash_is_used() {
    let hash = hash_of(&device_with(|d| d.pkid = Some("3303012345678".into())));
    let raw = RawRow {
        serial_number: Some("TEST-2"),
        product_id: Some("3303099999999"),
        ..with_hash(&hash)
    };
    insta::assert_snapshot!(words(&read_in(Channel::Intune, &raw)), @r"
    identityMismatch [serial number] the row says serial number `TEST-2`, its hardware hash says `TEST-1`
        identityMismatch [product id] the row says PKID 3303099999999, its hardware hash says 3303012345678
    ");
    let case = RawRow {
        serial_number: Some("test-1"),
        ..with_hash(&hash)
    };
    assert!(
        read_in(Channel::Intune, &case).is_err(),
        "serial numbers are compared with regard to case"
    );
    let raw = RawRow {
        manufacturer: Some("Contoso Ltd"),
        model: Some("Book Five"),
        ..with_hash(&hash)
    };
    let record = read_in(Channel::Intune, &raw).unwrap();
    assert_eq!(record.model.as_deref(), Some("Book 5"));
    insta::assert_snapshot!(record.notices.join("\n"), @r"
    the manufacturer of the hardware hash, `Contoso`, was used instead of `Contoso Ltd`
    the model of the hardware hash, `Book 5`, was used instead of `Book Five`
    ");
}

/// Every way in which a hash can be bad, by name.
fn bad_hashes() -> Vec<(&'static str, String)> {
    let whole = hash_of(&device());
    let bytes = device().capture(&Capture::default()).encode();
    let total = usize::from(u16::from_le_bytes([bytes[2], bytes[3]]));
    let changed = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        text::encode(&bytes)
    };
    let nothing = device_with(|d| {
        d.serial = "Default string".into();
        d.uuid = SmbiosUuid::from_wire([0; 16]);
        (d.pkid, d.ek) = (None, None);
    });
    let small = [TextField::SerialNumber, TextField::Manufacturer, TextField::ProductName];
    let short = device().capture(&Capture::default());
    let few = short
        .records()
        .iter()
        .filter(|r| matches!(r, HashRecord::Text(f, _) if small.contains(f)))
        .cloned();
    let mut short = HardwareHash::new(few.collect()).unwrap().encode();
    short.truncate(400);
    let long = HashRecord::Text(TextField::SerialNumber, "X".repeat(129).as_str().into());
    let mut records: Vec<HashRecord> = device()
        .capture(&Capture::default())
        .records()
        .iter()
        .filter(|r| !is_text(&[TextField::SerialNumber])(r))
        .cloned()
        .collect();
    records.push(long);
    vec![
        ("no base64", whole.replacen('A', "é", 1)),
        ("two hashes in one cell", format!("{whole}=={whole}")),
        (
            "another text",
            text::encode(b"this is not a hardware hash, but it is long enough"),
        ),
        ("a few characters", whole[..20].to_owned()),
        ("cut in the middle", whole[..1000].to_owned()),
        ("cut in the middle of a byte", format!("{}B", &whole[..1001])),
        ("a changed byte", changed(100)),
        ("a changed checksum", changed(total + 10)),
        ("the checksum gone", text::encode(&bytes[..total])),
        ("the old form of 128 bytes", text::encode(&[7; 128])),
        ("a short one of an old tool", text::encode(&short)),
        (
            "no manufacturer",
            hash_without(&device(), is_text(&[TextField::Manufacturer])),
        ),
        (
            "no serial number",
            hash_without(&device(), is_text(&[TextField::SerialNumber])),
        ),
        (
            "neither",
            hash_without(&device(), is_text(&[TextField::SerialNumber, TextField::Manufacturer])),
        ),
        ("nothing unique", hash_of(&nothing)),
        (
            "a serial number that is too long",
            HardwareHash::new(records).unwrap().to_text(),
        ),
    ]
}

#[test]
fn a_bad_hash_is_told_by_what_is_wrong_with_it_and_what_to_do() {
    let mut table = String::new();
    for (name, hash) in bad_hashes() {
        let result = read_in(Channel::Intune, &with_hash(&hash));
        assert!(result.is_err(), "{name}");
        writeln!(table, "{name}\n    {}", words(&result)).unwrap();
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_damaged_hash_is_not_compared_with_its_row() {
    let hash = hash_of(&device());
    let raw = RawRow {
        serial_number: Some("TEST-2"),
        ..with_hash(&hash[..1000])
    };
    let faults = read_in(Channel::Intune, &raw).unwrap_err();
    assert_eq!(
        faults.iter().map(|f| f.outcome).collect::<Vec<_>>(),
        [Outcome::InvalidHash]
    );
}

#[test]
fn what_was_repaired_or_is_odd_about_a_hash_is_said_and_does_no_harm() {
    let whole = hash_of(&device());
    let bytes = device().capture(&Capture::default()).encode();
    let folded: String = whole
        .as_bytes()
        .chunks(76)
        .map(|line| format!("{}\r\n", str::from_utf8(line).unwrap()))
        .collect();
    let short = text::encode(&bytes[..bytes.len() - 1]);
    let mut appended = bytes.clone();
    *appended.last_mut().unwrap() = 1;
    let cases = [
        ("line breaks", folded),
        ("URL-safe alphabet", whole.replace('+', "-").replace('/', "_")),
        ("no padding", short.trim_end_matches('=').to_owned()),
        ("too much padding", format!("{whole}=")),
        (
            "the last character missing",
            text::encode(&bytes)[..whole.len() - 3].to_owned(),
        ),
        ("something behind the checksum", text::encode(&appended)),
    ];
    let sound = read_in(Channel::Intune, &with_hash(&whole)).unwrap();
    let mut table = String::new();
    for (name, hash) in cases {
        let record = read_in(Channel::Intune, &with_hash(&hash)).unwrap();
        assert_eq!(
            (&record.keys, &record.components),
            (&sound.keys, &sound.components),
            "{name}"
        );
        assert!(!record.notices.is_empty(), "{name}");
        writeln!(table, "{name}\n    {}", record.notices.join("\n    ")).unwrap();
    }
    insta::assert_snapshot!(table);
}
