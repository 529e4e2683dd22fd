//! Captures that are and are not a registered device, what a rebind keeps, and what a device needs.

use hardware_hash::generate::{Capture, Generator, Rewritten, SyntheticDevice};

use super::*;
use crate::device::{DeviceState, RowContext};
use crate::id::TenantId;
use crate::identity::IdentityKey;
use crate::inbox::OnConflict;
use crate::party::Registrant;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn capture(device: &SyntheticDevice) -> Record {
    read_capture(&device.capture(&Capture::default()).to_text()).unwrap()
}

fn registered(record: &Record) -> Device {
    let context = RowContext {
        upload: &UploadId::of_object("b", "k", "1"),
        tenant: TenantId::of_name("Fabrikam"),
        registrant: &Registrant::Tenant,
        channel: Channel::Intune,
        group_tag: None,
        on_conflict: OnConflict::Update,
        now: at(100),
    };
    Device::new(record, &context)
}

fn laptop() -> SyntheticDevice {
    Generator::new(1).device(1)
}

fn replaced(recognition: &Recognition) -> Option<bool> {
    match recognition {
        Recognition::BoardReplaced(replacement) => Some(replacement.by_itself),
        _ => None,
    }
}

#[test]
fn a_capture_is_the_device_or_its_repair_or_another_device() {
    let device = registered(&capture(&laptop()));
    let vm = registered(&capture(&laptop().virtual_machine()));
    let all_but = |change: fn(&mut SyntheticDevice)| {
        let mut stranger = Generator::new(1).device(2);
        change(&mut stranger);
        stranger
    };
    let stolen_serial = all_but(|stranger| {
        let own = laptop();
        (stranger.serial, stranger.product) = (own.serial, own.product);
    });
    let cloned_uuid = all_but(|stranger| stranger.uuid = laptop().uuid);
    let swapped_disk = all_but(|stranger| stranger.disk = laptop().disk);
    let kept_key = all_but(|stranger| stranger.pkid = laptop().pkid);
    let clone = {
        let mut clone = laptop().virtual_machine();
        clone.serial = "TEST-CLONE".into();
        clone
    };
    let (same, other) = (None, None);
    let table: [(&str, &Device, SyntheticDevice, bool, Option<bool>); 12] = [
        ("a recapture", &device, laptop(), true, same),
        ("a new disk", &device, laptop().with_new_disk(1), true, same),
        ("a new network card", &device, laptop().with_new_wifi(1), true, same),
        (
            "a new board",
            &device,
            laptop().with_new_board(1, Rewritten::Serial),
            false,
            Some(true),
        ),
        ("a new TPM", &device, laptop().with_new_tpm(1), false, Some(true)),
        ("a stolen serial number", &device, stolen_serial, false, Some(false)),
        ("a product key that moved", &device, kept_key, false, Some(false)),
        ("a cloned UUID", &device, cloned_uuid, false, other),
        ("a disk that moved", &device, swapped_disk, false, other),
        (
            "firmware that was not written",
            &device,
            laptop().with_new_board(1, Rewritten::Nothing),
            false,
            other,
        ),
        ("a clone of a virtual machine", &vm, clone, false, other),
        (
            "a virtual machine on a new host",
            &vm,
            laptop().virtual_machine().with_new_board(1, Rewritten::Serial),
            false,
            Some(false),
        ),
    ];
    for (name, device, hardware, is_same, is_replaced) in table {
        let found = recognise(device, &capture(&hardware));
        assert_eq!(found == Recognition::SameDevice, is_same, "{name}: {found:?}");
        assert_eq!(replaced(&found), is_replaced, "{name}: {found:?}");
        let needs = match is_replaced {
            None => RemediationState::NoRemediationRequired,
            Some(true) => RemediationState::AutomaticRemediationRequired,
            Some(false) => RemediationState::ManualRemediationRequired,
        };
        assert_eq!(found.remediation(), needs, "{name}");
    }
}

#[test]
fn placeholders_tie_nothing() {
    let mut blank = laptop();
    blank.serial = "To be filled by O.E.M.".into();
    let device = registered(&capture(&blank));
    let mut other = Generator::new(1).device(2);
    other.serial.clone_from(&blank.serial);
    other.product.clone_from(&blank.product);
    let other = capture(&other);
    assert!(matches!(recognise(&device, &other), Recognition::AnotherDevice(_)));
    assert!(matches!(
        rebind(&device, &other, at(200)),
        Err(Misfit::AnotherDevice(_))
    ));
}

#[test]
fn a_rebind_keeps_what_is_not_on_the_board() {
    // The model is unknown to the new firmware, so the hash has no tuple; the registered one stays.
    let device = registered(&capture(&laptop()));
    let mut repaired = laptop().with_new_board(1, Rewritten::Serial);
    repaired.product = "Default string".into();
    let kinds = |keys: &[IdentityKey]| keys.iter().map(|key| key.kind()).collect::<Vec<_>>();
    let new = rebind(&device, &capture(&repaired), at(200)).unwrap();
    use KeyKind::{EndorsementKey, Pkid, SmbiosUuid, Tuple};
    assert_eq!(kinds(&new.device.keys), [EndorsementKey, Pkid, Tuple, SmbiosUuid]);
    assert_eq!(kinds(&new.freed_keys), [EndorsementKey, Pkid]);
    assert_eq!(new.device.remediation, Some(Remediation::done(at(200))));

    // The same board keeps all that a hash is silent about.
    let keyless = capture(&laptop().without_product_key());
    let same = rebind(&device, &keyless, at(200)).unwrap();
    assert!(same.freed_keys.is_empty() && same.device.keys == device.keys && same.device.pkid == device.pkid);
}

#[test]
fn a_device_of_a_list_without_hashes_is_rebound_by_its_names() {
    let by_hash = capture(&laptop());
    let mut record = by_hash.clone();
    record.components = None;
    record
        .keys
        .retain(|key| matches!(key.kind(), KeyKind::Tuple | KeyKind::Pkid));
    let device = registered(&record);
    let completed = rebind(&device, &by_hash, at(200)).unwrap();
    assert_eq!(
        (completed.device.keys, completed.freed_keys),
        (by_hash.keys, Vec::new())
    );
    let board = capture(&laptop().with_new_board(1, Rewritten::Serial));
    let new = rebind(&device, &board, at(200)).unwrap();
    assert_eq!(new.device.keys, board.keys);

    // Another product name of the same maker and serial number is the same machine to whoever says so.
    let mut renamed = laptop().with_new_board(1, Rewritten::Serial);
    renamed.product = "Contoso Book 5 Rev. B".into();
    let renamed = capture(&renamed);
    let new = rebind(&device, &renamed, at(200)).unwrap();
    assert_eq!((new.device.keys, new.device.model), (renamed.keys, renamed.model));
    let mut foreign = laptop().with_new_board(1, Rewritten::Serial);
    foreign.manufacturer = "Fabrikam".into();
    assert!(matches!(
        rebind(&device, &capture(&foreign), at(200)),
        Err(Misfit::AnotherDevice(_))
    ));
}

#[test]
fn a_kept_product_key_does_not_stand_for_the_serial_number() {
    let device = registered(&capture(&laptop()));
    let mut repaired = laptop().with_new_board(1, Rewritten::Nothing);
    repaired.pkid = laptop().pkid;
    assert_eq!(
        rebind(&device, &capture(&repaired), at(200)),
        Err(Misfit::OtherSerialNumber)
    );
    let misfits = [
        Misfit::AnotherDevice("x".to_owned()),
        Misfit::OtherSerialNumber,
        Misfit::NoProductKey,
        Misfit::TooManyIdentities,
    ];
    for misfit in misfits {
        assert!(
            misfit.detail().ends_with('.') && misfit.remedy().ends_with('.'),
            "{misfit:?}"
        );
    }
}

#[test]
fn what_was_found_out_last_is_what_a_device_needs() {
    let mut device = registered(&capture(&laptop()));
    let boot = |state, second| Remediation::at_boot(state, at(second));
    use RemediationState::{AutomaticRemediationRequired as Pending, ManualRemediationRequired as Attention};
    assert_eq!(current(&device, None), Remediation::done(at(100)));
    assert_eq!(current(&device, Some(&boot(Pending, 150))).state, Pending);
    device.remediation = Some(boot(Attention, 200));
    assert_eq!(current(&device, Some(&boot(Pending, 150))).state, Attention);
    assert_eq!(current(&device, Some(&boot(Pending, 250))).state, Pending);
    device.remediation = Some(Remediation::done(at(300)));
    assert!(!current(&device, Some(&boot(Pending, 250))).is_open());
    assert!(current(&device, Some(&boot(Attention, 350))).is_open());
    device.state = DeviceState::Released;
    assert!(
        !current(&device, Some(&boot(Attention, 350))).is_open(),
        "nobody's any more"
    );
    for state in RemediationState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
}
