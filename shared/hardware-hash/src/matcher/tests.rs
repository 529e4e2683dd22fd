//! The cases that the weights were chosen for, and the laws that hold for any two hashes.

use proptest::prelude::*;

use super::*;
use crate::Mac;
use crate::generate::{Capture, Generator, Rewritten, SyntheticDevice};

/// A notebook with addresses that vendors assign: Ethernet, Wi-Fi, Bluetooth.
fn notebook(n: u8) -> SyntheticDevice {
    let mut device = Generator::new(42).device(n.into());
    device.macs = vec![
        documentation_mac(8 * n),
        documentation_mac(8 * n + 1),
        documentation_mac(8 * n + 2),
    ];
    device
}

fn documentation_mac(last: u8) -> Mac {
    Mac([0x00, 0x00, 0x5E, 0x00, 0x53, last])
}

fn new_wifi(mut device: SyntheticDevice) -> SyntheticDevice {
    device.macs[1] = documentation_mac(0xE1);
    device.macs[2] = documentation_mac(0xE2);
    device
}

fn new_board(device: SyntheticDevice, rewritten: Rewritten) -> SyntheticDevice {
    let mut device = device.with_new_board(0, rewritten);
    device.macs[0] = documentation_mac(0xE0);
    device
}

fn without_pkid(mut device: SyntheticDevice) -> SyntheticDevice {
    device.pkid = None;
    device
}

fn verdict(a: &SyntheticDevice, b: &SyntheticDevice) -> Verdict {
    let again = Capture {
        time: 800_000_000,
        zone: -20,
        docked: true,
        ..Capture::default()
    };
    compare(
        &a.capture(&Capture::default()).components(),
        &b.capture(&again).components(),
    )
}

#[test]
fn the_cases_come_out_as_intended() {
    use Rewritten::*;
    let old = notebook(1);
    let bare = old.clone().without_tpm();
    let cases = [
        ("captured again", old.clone(), old.clone(), true, 1.00, None),
        ("new disk", old.clone(), old.clone().with_new_disk(0), true, 0.97, None),
        (
            "new disk, Wi-Fi, memory",
            old.clone(),
            new_wifi(old.clone()).with_new_disk(0).with_memory(64),
            true,
            0.90,
            None,
        ),
        (
            "no TPM, new disk",
            bare.clone(),
            bare.clone().with_new_disk(0),
            true,
            0.95,
            None,
        ),
        ("TPM turned off since", old.clone(), bare.clone(), true, 1.00, None),
        (
            "new board",
            old.clone(),
            new_board(old.clone(), Nothing),
            false,
            0.12,
            Some(Veto::BoardReplaced),
        ),
        (
            "new board, serial rewritten",
            old.clone(),
            new_board(old.clone(), Serial),
            false,
            0.24,
            Some(Veto::BoardReplaced),
        ),
        (
            "new board, serial and UUID",
            old.clone(),
            new_board(old.clone(), SerialAndUuid),
            false,
            0.49,
            Some(Veto::BoardReplaced),
        ),
        (
            "no TPM, new board, serial",
            bare.clone(),
            new_board(bare.clone(), Serial),
            false,
            0.39,
            Some(Veto::UuidDiffers),
        ),
        (
            "no TPM, new board, both",
            bare.clone(),
            new_board(bare.clone(), SerialAndUuid),
            false,
            0.81,
            Some(Veto::ProductKeyDiffers),
        ),
        (
            "TPM reset",
            old.clone(),
            old.clone().with_new_tpm(0),
            false,
            0.60,
            Some(Veto::TpmReplaced),
        ),
        (
            "another device",
            old.clone(),
            notebook(2),
            false,
            0.02,
            Some(Veto::EndorsementKeyDiffers),
        ),
        (
            "another device, no TPM",
            bare.clone(),
            notebook(2).without_tpm(),
            false,
            0.03,
            Some(Veto::UuidDiffers),
        ),
    ];
    for (what, a, b, matched, score, veto) in cases {
        // The same model throughout, so that other devices score as high as they can.
        let mut b = b;
        b.product.clone_from(&a.product);
        let verdict = verdict(&a, &b);
        assert_eq!((verdict.matched, verdict.veto), (matched, veto), "{what}: {verdict}");
        assert!((verdict.score - score).abs() < 0.0075, "{what}: {verdict}");
    }
}

#[test]
fn without_tpm_and_product_key_a_rewritten_board_cannot_be_told_apart() {
    let old = without_pkid(notebook(1).without_tpm());
    assert!(verdict(&old, &new_board(old.clone(), Rewritten::SerialAndUuid)).matched);
}

#[test]
fn an_equal_serial_number_and_model_are_no_anchor() {
    let mut vm = notebook(1).virtual_machine();
    vm.uuid = crate::SmbiosUuid::from_wire([0; 16]);
    let verdict = verdict(&vm, &vm.clone());
    assert!(
        !verdict.matched && verdict.anchor.is_none() && verdict.score > 0.99,
        "{verdict}"
    );
}

#[test]
fn an_equal_uuid_with_another_serial_number_is_no_anchor() {
    let old = without_pkid(notebook(1).without_tpm());
    let mut other = old.clone();
    other.serial = "TEST-OTHER".to_owned();
    assert_eq!(verdict(&old, &other).anchor, None);
    other.serial = "Default string".to_owned();
    let unnamed = verdict(&old, &other);
    assert!(unnamed.matched && unnamed.anchor == Some(Anchor::Uuid), "{unnamed}");
}

#[test]
fn locally_administered_addresses_weigh_half() {
    let weight = |a: &SyntheticDevice, b: &SyntheticDevice| verdict(a, b).fields[3].weight;
    let (real, local) = (notebook(1), Generator::new(42).device(1));
    assert_eq!(weight(&real, &real), 10.0);
    assert_eq!(weight(&local, &local), 5.0);
    assert_eq!((weight(&real, &local), weight(&local, &real)), (5.0, 5.0));
}

#[test]
fn an_empty_hash_matches_nothing_not_even_itself() {
    let verdict = compare(&Components::default(), &Components::default());
    assert!(!verdict.matched && verdict.score == 0.0);
}

#[test]
fn a_verdict_explains_itself() {
    let old = notebook(1);
    let same = verdict(&old, &new_wifi(old.clone()).with_new_disk(0));
    let board = verdict(&old, &without_pkid(new_board(old.clone(), Rewritten::Serial)));
    insta::assert_snapshot!(format!("{same}\n\n{board}"), @r"
    the same device: the TPM endorsement key is the same
    score 0.90, 0.70 is needed
      TPM endorsement key     agrees            40.0 of 40.0
      SMBIOS UUID             agrees            25.0 of 25.0
      serial number           agrees            12.0 of 12.0
      MAC addresses           agrees in part    3.3 of 10.0
      product key id          agrees            8.0 of 8.0
      disk serial numbers     differs           0.0 of 3.0
      manufacturer and model  agrees            2.0 of 2.0

    not the same device: the TPM endorsement key differs and only some parts agree: the board was replaced, or parts moved to another device
    score 0.26, 0.70 is needed
      TPM endorsement key     differs           0.0 of 40.0
      SMBIOS UUID             differs           0.0 of 25.0
      serial number           agrees            12.0 of 12.0
      MAC addresses           agrees in part    6.7 of 10.0
      product key id          in one hash only  does not count
      disk serial numbers     agrees            3.0 of 3.0
      manufacturer and model  agrees            2.0 of 2.0
    ");
}

fn any_device() -> impl Strategy<Value = SyntheticDevice> {
    (0..3_u64, 0..8_u8, any::<[bool; 4]>()).prop_map(|(n, change, [tpm, disk, wifi, pkid])| {
        let device = Generator::new(9).device(n);
        let device = match change {
            0 => device.with_new_board(0, Rewritten::Nothing),
            1 => device.with_new_board(0, Rewritten::Serial),
            2 => device.with_new_board(0, Rewritten::SerialAndUuid),
            3 => device.virtual_machine(),
            4 => device.with_new_tpm(0),
            _ => device,
        };
        let device = if tpm { device } else { device.without_tpm() };
        let device = if disk { device } else { device.with_new_disk(0) };
        let device = if wifi { device } else { device.with_new_wifi(0) };
        if pkid { device } else { without_pkid(device) }
    })
}

proptest! {
    #[test]
    fn the_order_does_not_matter(a in any_device(), b in any_device()) {
        let components = |device: &SyntheticDevice| device.capture(&Capture::default()).components();
        let (a, b) = (components(&a), components(&b));
        prop_assert_eq!(compare(&a, &b), compare(&b, &a));
    }

    #[test]
    fn every_device_matches_itself(device in any_device(), time: u32, docked: bool) {
        let now = device.capture(&Capture::default()).components();
        let later = device.capture(&Capture { time, docked, ..Capture::default() }).components();
        let verdict = compare(&now, &later);
        prop_assert!(verdict.matched && verdict.score > 0.999, "{}", verdict);
    }

    #[test]
    fn different_devices_score_next_to_nothing(seed: u64, n in 0..1000_u64, tpm: [bool; 2], pkid: [bool; 2]) {
        let device = |n, tpm: bool, pkid: bool| {
            let device = Generator::new(seed).device(n);
            let device = if tpm { device } else { device.without_tpm() };
            if pkid { device } else { without_pkid(device) }
        };
        let verdict = verdict(&device(n, tpm[0], pkid[0]), &device(n + 1, tpm[1], pkid[1]));
        prop_assert!(!verdict.matched && verdict.score <= 0.06, "{}", verdict);
    }

    #[test]
    fn scores_stay_between_zero_and_one(a in any::<[u8; 100]>(), b in any::<[u8; 100]>()) {
        // Random sets, which hold local and other addresses in any mixture.
        let of = |bytes: &[u8]| Components {
            macs: { let mut macs: Vec<_> = bytes.iter().map(|b| MacDigest([*b; 8])).collect(); macs.sort(); macs.dedup(); macs },
            ..Components::default()
        };
        let verdict = compare(&of(&a), &of(&b));
        prop_assert!((0.0..=1.0001).contains(&verdict.score), "{}", verdict);
    }
}
