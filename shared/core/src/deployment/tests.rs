//! Who is recognised, case by case: repairs, made-up hashes, placeholders, virtual machines.

use hardware_hash::generate::{Capture, Generator, Rewritten, SyntheticDevice};
use hardware_hash::{HardwareHash, Record as Part, TextField};

use super::*;
use crate::channel::Channel;
use crate::device::RowContext;
use crate::id::{TenantId, UploadId};
use crate::inbox::OnConflict;
use crate::party::Registrant;
use crate::record::Place;
use crate::row::{RawRow, read};

fn device(n: u64) -> SyntheticDevice {
    Generator::new(1).device(n)
}

fn with(mut device: SyntheticDevice, change: impl FnOnce(&mut SyntheticDevice)) -> SyntheticDevice {
    change(&mut device);
    device
}

fn record(raw: &RawRow<'_>) -> Record {
    let place = Place {
        row: 1,
        line: 2,
        offset: 0,
        len: 1,
    };
    read(raw, place, Channel::PartnerCenter, &mut Vec::new()).unwrap()
}

fn of_hash(hash: &HardwareHash) -> Record {
    record(&RawRow {
        hardware_hash: Some(&hash.to_text()),
        ..RawRow::default()
    })
}

fn hashed(device: &SyntheticDevice) -> Record {
    of_hash(&device.capture(&Capture::default()))
}

/// Captured later, in a dock.
fn later(device: &SyntheticDevice) -> Record {
    let capture = Capture {
        time: 800_000_000,
        docked: true,
        ..Capture::default()
    };
    of_hash(&device.capture(&capture))
}

/// What a stranger makes up who knows nothing but these names.
fn made_up(device: &SyntheticDevice) -> Record {
    let whole = device.capture(&Capture::default());
    let names = [TextField::SerialNumber, TextField::Manufacturer, TextField::ProductName];
    let known = |part: &&Part| matches!(part, Part::Text(field, _) if names.contains(field));
    of_hash(&HardwareHash::new(whole.records().iter().filter(known).cloned().collect()).unwrap())
}

fn tuple(device: &SyntheticDevice) -> Record {
    record(&RawRow {
        serial_number: Some(&device.serial),
        manufacturer: Some(&device.manufacturer),
        model: Some(&device.product),
        ..RawRow::default()
    })
}

fn pkid(device: &SyntheticDevice) -> Record {
    record(&RawRow {
        product_id: device.pkid.as_deref(),
        serial_number: Some(&device.serial),
        ..RawRow::default()
    })
}

fn registered(record: &Record) -> Device {
    let upload = UploadId::of_object("b", "k", "1");
    let context = RowContext {
        upload: &upload,
        tenant: TenantId::of_name("Contoso"),
        registrant: &Registrant::Tenant,
        channel: Channel::Intune,
        group_tag: None,
        on_conflict: OnConflict::Update,
        now: Timestamp::UNIX_EPOCH,
    };
    Device::new(record, &context)
}

/// As the service asks: by the strongest identity that the device holds.
fn seen(shown: &Record, known: &Device, tuple_lookup: bool) -> Recognised {
    match shown.keys.iter().find(|key| known.keys.contains(key)) {
        Some(key) => recognise(shown, key.kind(), known, tuple_lookup),
        None => Recognised::Stranger,
    }
}

#[test]
fn contacts_of_two_records_of_one_device_are_joined_whichever_comes_first() {
    let at = |second| Some(Timestamp::from_second(second).unwrap());
    let downloaded = |second, revision| Downloaded {
        profile: crate::id::ProfileId::of_seed([1; 16]),
        name: "Kiosk".to_owned(),
        revision,
        at: Timestamp::from_second(second).unwrap(),
    };
    let (early, late) = (
        Contact {
            first_at: at(5),
            last_at: at(9),
            answer: Some(Answer::Profile),
            os_build: Some("10.0.1".to_owned()),
            profile: Some(downloaded(9, 1)),
            enrolled_at: at(10),
            ..Contact::default()
        },
        Contact {
            first_at: at(20),
            last_at: at(30),
            answer: Some(Answer::NoProfile),
            remediation: Some(Remediation::done(Timestamp::UNIX_EPOCH)),
            ..Contact::default()
        },
    );
    let joined = early.clone().joined(late.clone());
    assert_eq!(joined, late.clone().joined(early.clone()));
    assert_eq!((joined.first_at, joined.last_at), (at(5), at(30)));
    assert_eq!((joined.answer, joined.enrolled_at), (Some(Answer::NoProfile), at(10)));
    assert_eq!((&joined.profile, &joined.os_build), (&early.profile, &early.os_build));
    assert_eq!(joined.remediation, late.remediation);
    assert_eq!(Contact::default().joined(early.clone()), early);
}

#[test]
fn a_device_is_recognised_whatever_was_replaced_around_its_board() {
    let notebook = device(1);
    for known in [
        &notebook,
        &notebook.clone().without_tpm(),
        &notebook.clone().virtual_machine(),
    ] {
        let known_as = registered(&hashed(known));
        for shown in [
            known.clone(),
            known.clone().with_new_disk(1),
            known.clone().with_new_wifi(1),
            known.clone().with_memory(64),
            known.clone().with_new_disk(1).with_new_wifi(1).with_memory(64),
        ] {
            for tuple_lookup in [false, true] {
                assert_eq!(
                    seen(&later(&shown), &known_as, tuple_lookup),
                    Recognised::Same,
                    "virtual: {}, TPM: {}",
                    known.is_virtual,
                    known.has_tpm()
                );
            }
        }
    }
}

#[test]
fn a_device_of_which_only_names_are_known_is_recognised_by_its_pkid_or_where_the_tenant_lets_tuples_count() {
    let notebook = device(1);
    let by_pkid = registered(&pkid(&notebook));
    let by_tuple = registered(&tuple(&notebook));
    for shown in [hashed(&notebook), hashed(&notebook.clone().without_tpm())] {
        assert_eq!(seen(&shown, &by_pkid, false), Recognised::Same);
        assert_eq!(seen(&shown, &by_tuple, false), Recognised::Stranger);
        assert_eq!(seen(&shown, &by_tuple, true), Recognised::Same);
    }
    for known in [by_tuple, registered(&hashed(&notebook))] {
        assert_eq!(seen(&tuple(&notebook), &known, false), Recognised::Stranger);
        assert_eq!(seen(&tuple(&notebook), &known, true), Recognised::Same);
    }
    let other_case = with(notebook.clone(), |d| {
        d.product = notebook.product.to_lowercase();
    });
    assert_eq!(
        seen(&tuple(&other_case), &registered(&hashed(&notebook)), true),
        Recognised::Stranger,
        "tuples are exact"
    );
}

#[test]
fn a_replaced_board_is_seen_and_told_nothing() {
    let notebook = device(1);
    for (what, known, shown) in [
        (
            "serial number rewritten",
            notebook.clone(),
            notebook.clone().with_new_board(1, Rewritten::Serial),
        ),
        (
            "serial number and UUID rewritten",
            notebook.clone(),
            notebook.clone().with_new_board(1, Rewritten::SerialAndUuid),
        ),
        ("TPM replaced", notebook.clone(), notebook.clone().with_new_tpm(1)),
        (
            "board without TPM",
            notebook.clone().without_tpm(),
            notebook.clone().without_tpm().with_new_board(1, Rewritten::Serial),
        ),
    ] {
        for tuple_lookup in [false, true] {
            let known = registered(&hashed(&known));
            assert_eq!(
                seen(&hashed(&shown), &known, tuple_lookup),
                Recognised::Replaced,
                "{what}"
            );
        }
    }
    let nothing = notebook.clone().with_new_board(1, Rewritten::Nothing);
    assert_eq!(
        seen(&hashed(&nothing), &registered(&hashed(&notebook)), true),
        Recognised::Stranger
    );
}

#[test]
fn a_stolen_serial_number_opens_nothing() {
    let (owner, thief) = (device(1), device(2));
    let stolen = with(thief.clone(), |d| {
        d.serial = owner.serial.clone();
        d.product = owner.product.clone();
    });
    let known = registered(&hashed(&owner));
    assert_eq!(
        seen(&hashed(&stolen), &known, false),
        Recognised::Replaced,
        "told nothing"
    );
    assert_eq!(
        seen(&hashed(&stolen.clone().without_tpm()), &known, false),
        Recognised::Replaced
    );
    // What would speak against it is left out.
    assert_eq!(seen(&made_up(&owner), &known, false), Recognised::Stranger);
    assert_eq!(
        seen(
            &made_up(&owner),
            &registered(&hashed(&owner.clone().without_tpm())),
            false
        ),
        Recognised::Stranger
    );
    assert_eq!(
        seen(&made_up(&owner), &registered(&tuple(&owner)), false),
        Recognised::Stranger
    );
    // The thief's own device, once it is registered, is led to by its own TPM.
    assert_eq!(
        seen(&hashed(&stolen), &registered(&hashed(&thief)), false),
        Recognised::Differs(Answer::SerialNumberMismatch)
    );
}

#[test]
fn a_device_that_says_otherwise_than_it_was_registered_is_told_so_only_where_a_strong_identity_led_to_it() {
    let notebook = device(1);
    let renamed = with(notebook.clone(), |d| {
        d.serial = "OTHER-1".to_owned();
    });
    let rekeyed = with(notebook.clone(), |d| {
        d.pkid = device(2).pkid;
    });
    let known = registered(&hashed(&notebook));
    assert_eq!(
        seen(&hashed(&renamed), &known, false),
        Recognised::Differs(Answer::SerialNumberMismatch)
    );
    assert_eq!(
        seen(&hashed(&rekeyed), &known, false),
        Recognised::Differs(Answer::ProductKeyMismatch)
    );
    assert_eq!(
        seen(&hashed(&renamed), &registered(&pkid(&notebook)), false),
        Recognised::Differs(Answer::SerialNumberMismatch)
    );
    // A PKID and nothing else of a device whose hardware is known: not even whether it is registered.
    let mut guessed = made_up(&renamed);
    guessed
        .keys
        .insert(0, IdentityKey::pkid(&notebook.pkid.clone().unwrap().parse().unwrap()));
    assert_eq!(seen(&guessed, &known, false), Recognised::Stranger);
    // A device may be known by several names.
    let mut two_names = known.clone();
    two_names.keys.extend(&hashed(&renamed).keys);
    assert_eq!(seen(&hashed(&renamed), &two_names, false), Recognised::Same);
}

#[test]
fn cloned_uuids_and_placeholders_lead_to_nobody_else() {
    let (one, mut other) = (device(1).without_tpm(), device(2).without_tpm());
    other.uuid = one.uuid;
    let (mut unkeyed_one, mut unkeyed_other) = (one.clone(), other.clone());
    (unkeyed_one.pkid, unkeyed_other.pkid) = (None, None);
    for (known, shown) in [(&one, &other), (&unkeyed_one, &unkeyed_other)] {
        let told = seen(&hashed(shown), &registered(&hashed(known)), true);
        assert!(matches!(told, Recognised::Replaced | Recognised::Stranger), "{told:?}");
    }
    let shared = |device: &SyntheticDevice| {
        with(device.clone(), |d| {
            d.serial = "To be filled by O.E.M.".to_owned();
        })
    };
    let (one, other) = (shared(&device(1)), shared(&device(2)));
    let known = registered(&hashed(&one));
    assert_eq!(
        seen(&hashed(&one), &known, false),
        Recognised::Same,
        "its TPM tells it from others"
    );
    assert_eq!(seen(&hashed(&other), &known, true), Recognised::Stranger);
}

#[test]
fn what_is_not_registered_any_more_is_nobodys() {
    let notebook = device(1);
    for state in [DeviceState::Released, DeviceState::Merged] {
        let gone = Device {
            state,
            ..registered(&hashed(&notebook))
        };
        assert_eq!(seen(&hashed(&notebook), &gone, true), Recognised::Stranger);
    }
}

#[test]
fn a_device_is_contacted_once_it_was_recognised() {
    let mut contact = Contact::default();
    assert_eq!(contact.enrollment_state(), EnrollmentState::NotContacted);
    contact.first_at = Some(Timestamp::UNIX_EPOCH);
    assert_eq!(contact.enrollment_state(), EnrollmentState::Unknown);
    for state in EnrollmentState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
}
