//! Where identities lead, and what rows of a catalogue upload do.

use hardware_hash::generate::{Capture, Generator, Rewritten, SyntheticDevice};

use super::*;
use crate::channel::Channel;
use crate::id::UploadId;
use crate::outcome::Outcome;
use crate::record::Place;
use crate::row::{RawRow, read};

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(crate) fn oem(name: &str) -> PartnerId {
    name.parse().unwrap()
}

pub(crate) fn laptop(n: u64) -> SyntheticDevice {
    Generator::new(3).device(n)
}

/// A row that names a device by its hash.
pub(crate) fn hashed(device: &SyntheticDevice) -> Record {
    let hash = device.capture(&Capture::default()).to_text();
    row(&RawRow {
        hardware_hash: Some(&hash),
        ..RawRow::default()
    })
}

pub(crate) fn row(raw: &RawRow<'_>) -> Record {
    let place = Place {
        row: 1,
        line: 2,
        offset: 0,
        len: 10,
    };
    let channel = match raw.hardware_hash {
        Some(_) => Channel::Catalogue,
        None => Channel::OemDirect,
    };
    read(raw, place, channel, &mut Vec::new()).unwrap()
}

/// What this manufacturer lists of a device, in this second.
pub(crate) fn entry(manufacturer: &str, device: &SyntheticDevice, second: i64) -> Entry {
    match decided(manufacturer, device, second, &[]) {
        EntryDecision::Insert(entry) => *entry,
        other => panic!("{other:?}"),
    }
}

fn decided(manufacturer: &str, device: &SyntheticDevice, second: i64, own: &[Entry]) -> EntryDecision {
    let (partner, upload) = (oem(manufacturer), UploadId::of_object("b", "k", &second.to_string()));
    let names = [laptop(1).manufacturer].into();
    let context = EntryContext {
        upload: &upload,
        partner: &partner,
        manufacturers: &names,
        intended_for: None,
        now: at(second),
    };
    decide(&hashed(device), &context, own)
}

#[test]
fn a_manufacturer_makes_known_what_its_names_are_on_letter_for_letter() {
    let (partner, upload) = (oem("northwind"), UploadId::of_object("b", "k", "1"));
    let device = laptop(1);
    let own = entry("northwind", &device, 1);
    for (bound, listed) in [
        (&["Contoso"][..], true),
        (&["Fabrikam", "Contoso"], true),
        (&["contoso"], false),
        (&["Contoso, Inc."], false),
        (&["Fabrikam"], false),
        (&[], false),
    ] {
        let names = bound.iter().map(|name| (*name).to_owned()).collect();
        let context = EntryContext {
            upload: &upload,
            partner: &partner,
            manufacturers: &names,
            intended_for: None,
            now: at(2),
        };
        // Whether it is new, listed already, or was taken back: the names decide.
        let withdrawn = Entry {
            state: EntryState::Withdrawn,
            ..own.clone()
        };
        for near in [vec![], vec![own.clone()], vec![withdrawn]] {
            let decision = decide(&hashed(&device.clone().with_new_disk(1)), &context, &near);
            assert_eq!(
                decision.outcome() != Outcome::ForeignManufacturer,
                listed,
                "{bound:?}: {decision:?}"
            );
            assert_eq!(decision.stored().is_some(), listed, "{bound:?}");
        }
        if let EntryDecision::Leave(left) = decide(&hashed(&device), &context, &[]) {
            let detail = left.detail.unwrap();
            let tells = |what: &str| assert!(detail.contains(what), "{detail}");
            tells("`Contoso`");
            bound
                .first()
                .map_or_else(|| tells("no name is bound"), |name| tells(name));
        }
    }
}

#[test]
fn the_endorsement_key_alone_proves_whose_device_it_is_where_there_is_one() {
    let kinds = |entry: &Entry| entry.proving_keys().map(|key| key.kind()).collect::<Vec<_>>();
    assert_eq!(kinds(&entry("northwind", &laptop(1), 1)), [KeyKind::EndorsementKey]);
    let bare = entry("northwind", &laptop(1).without_tpm(), 1);
    assert_eq!(kinds(&bare).len(), bare.keys.len());
}

fn tuple(device: &SyntheticDevice) -> Record {
    row(&RawRow {
        manufacturer: Some(&device.manufacturer),
        model: Some(&device.product),
        serial_number: Some(&device.serial),
        ..RawRow::default()
    })
}

fn pkid(device: &SyntheticDevice) -> Record {
    row(&RawRow {
        product_id: device.pkid.as_deref(),
        ..RawRow::default()
    })
}

fn led<'a>(record: &Record, entries: &'a [Entry]) -> Lead<'a> {
    lead(&record.keys, record.into(), entries)
}

#[test]
fn a_pkid_or_a_tuple_leads_to_the_device_that_has_it() {
    let (device, other) = (laptop(1), laptop(2));
    let entries = [entry("northwind", &device, 1), entry("northwind", &other, 1)];
    for record in [tuple(&device), pkid(&device)] {
        assert_eq!(led(&record, &entries), Lead::To(&entries[0]));
        assert_eq!(led(&record, &entries[1..]), Lead::Nothing);
        let whole = completed(&record, &entries[0]);
        assert_eq!((&whole.keys, whole.place), (&entries[0].keys, record.place));
        assert_eq!(whole.components.as_ref(), Some(&entries[0].components));
        assert_eq!(
            (whole.serial.as_deref(), whole.pkid.as_ref().map(Pkid::as_str)),
            (Some(&*device.serial), device.pkid.as_deref())
        );
    }
}

#[test]
fn what_is_withdrawn_leads_nowhere() {
    let device = laptop(1);
    let mut withdrawn = entry("northwind", &device, 1);
    withdrawn.state = EntryState::Withdrawn;
    assert_eq!(led(&tuple(&device), &[withdrawn]), Lead::Nothing);
}

#[test]
fn two_manufacturers_that_make_one_device_known_lead_to_the_first_that_did() {
    let device = laptop(1);
    let again = device.clone().with_new_disk(1);
    let entries = [entry("tailspin", &again, 9), entry("northwind", &device, 5)];
    assert_eq!(led(&tuple(&device), &entries), Lead::To(&entries[1]));
    let without_tpm = [
        entry("tailspin", &device.clone().without_tpm(), 9),
        entry("northwind", &device.clone().without_tpm(), 5),
    ];
    assert_eq!(
        led(&tuple(&device), &without_tpm),
        Lead::To(&without_tpm[1]),
        "the matcher says so"
    );
}

#[test]
fn several_devices_with_one_name_lead_to_none() {
    let device = laptop(1);
    let board = device.clone().with_new_board(1, Rewritten::SerialAndUuid);
    let entries = [entry("northwind", &device, 1), entry("tailspin", &board, 2)];
    assert_eq!(led(&tuple(&device), &entries), Lead::Unclear(SEVERAL));
    assert_eq!(
        led(&pkid(&device), &entries),
        Lead::To(&entries[0]),
        "of PKIDs each has its own"
    );
}

#[test]
fn a_pkid_on_hardware_of_another_name_makes_the_named_one_no_less_clear() {
    let (device, other) = (laptop(1), laptop(2));
    let mut foreign = entry("tailspin", &other, 1);
    foreign.manufacturer = Some("Tailspin".to_owned());
    foreign.keys.extend(pkid(&device).keys);
    let entries = [foreign, entry("northwind", &device, 2)];
    let named = row(&RawRow {
        product_id: device.pkid.as_deref(),
        manufacturer: Some(&device.manufacturer),
        model: Some(&device.product),
        serial_number: Some(&device.serial),
        ..RawRow::default()
    });
    assert_eq!(led(&named, &entries), Lead::To(&entries[1]));
    assert_eq!(led(&named, &entries[..1]), Lead::Unclear(OTHER));
    assert_eq!(led(&pkid(&device), &entries), Lead::Unclear(SEVERAL), "nobody is named");
}

#[test]
fn a_row_whose_serial_number_is_another_leads_to_none() {
    let (device, other) = (laptop(1), laptop(2));
    let entries = [entry("northwind", &device, 1)];
    let record = row(&RawRow {
        product_id: device.pkid.as_deref(),
        serial_number: Some(&other.serial),
        ..RawRow::default()
    });
    assert_eq!(led(&record, &entries), Lead::Unclear(OTHER));
    // Somebody listed the PKID under a name of its own, with the serial number that the row will have.
    let foreign = row(&RawRow {
        product_id: device.pkid.as_deref(),
        manufacturer: Some("Fabrikam"),
        model: Some(&device.product),
        serial_number: Some(&device.serial),
        ..RawRow::default()
    });
    assert_eq!(
        led(&foreign, &entries),
        Lead::Unclear(OTHER),
        "the manufacturer is another one"
    );
    let mixed = row(&RawRow {
        product_id: other.pkid.as_deref(),
        manufacturer: Some(&device.manufacturer),
        model: Some(&device.product),
        serial_number: Some(&device.serial),
        ..RawRow::default()
    });
    assert_eq!(led(&mixed, &entries), Lead::Unclear(OTHER), "the PKID is another one");
}

#[test]
fn the_same_device_twice_is_one_entry_and_changes_nothing() {
    let device = laptop(1);
    let first = entry("northwind", &device, 1);
    match decided("northwind", &device, 2, std::slice::from_ref(&first)) {
        EntryDecision::Leave(left) => {
            assert_eq!((left.outcome, left.entry), (Outcome::Unchanged, Some(first.id)));
        }
        other => panic!("{other:?}"),
    }
    assert_ne!(
        first.id,
        entry("tailspin", &device, 1).id,
        "another manufacturer's entry is another one"
    );
}

#[test]
fn a_new_capture_renews_the_entry_and_adds_what_was_not_known() {
    let device = laptop(1);
    let mut bare = device.clone();
    bare.pkid = None;
    let first = entry("northwind", &bare, 1);
    let EntryDecision::Update(change) = decided("northwind", &device.with_new_disk(1), 2, std::slice::from_ref(&first))
    else {
        panic!("it is another capture")
    };
    assert_eq!((change.entry.id, change.entry.version), (first.id, 2));
    assert_eq!(
        change.new_leads.iter().map(|key| key.kind()).collect::<Vec<_>>(),
        [KeyKind::Pkid]
    );
    assert_ne!(change.entry.components, first.components);
    assert_eq!((change.entry.catalogued_at, change.entry.changed_at), (at(1), at(2)));
}

#[test]
fn another_device_with_the_name_of_one_in_the_same_catalogue_is_ambiguous() {
    let device = laptop(1);
    let first = entry("northwind", &device, 1);
    let board = device.with_new_board(1, Rewritten::SerialAndUuid);
    let decision = decided("northwind", &board, 2, std::slice::from_ref(&first));
    assert_eq!(decision.outcome(), Outcome::Ambiguous);
    assert_eq!((decision.entry(), decision.stored()), (None, None));
}

#[test]
fn what_was_withdrawn_is_made_known_anew() {
    let device = laptop(1);
    let withdrawn = Entry {
        state: EntryState::Withdrawn,
        version: 4,
        ..entry("northwind", &device, 1)
    };
    let decision = decided("northwind", &device, 9, std::slice::from_ref(&withdrawn));
    assert_eq!(decision.outcome(), Outcome::Registered);
    let EntryDecision::Update(change) = decision else {
        panic!("the entry is there")
    };
    assert_eq!((change.entry.state, change.entry.version), (EntryState::Listed, 5));
    assert_eq!(change.entry.catalogued_at, at(9));
    assert_eq!(change.new_leads.len(), 2);
}

#[test]
fn an_entry_says_in_json_what_it_says() {
    let entry = entry("northwind", &laptop(1), 1);
    let text = serde_json::to_string(&entry).unwrap();
    assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
    for state in EntryState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
    assert_eq!(entry.id.to_string().parse(), Ok(entry.id));
    assert!("x".parse::<EntryId>().is_err());
}
