//! Devices are deterministic, do not share keys, and give good hashes.

use std::borrow::Cow;
use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::envelope::Envelope;
use crate::hypervisor::is_virtual_machine;
use crate::placeholder::is_pkid;
use crate::summary::{Summary, summarise};
use crate::{HardwareHash, TEXT_LENGTH, kind};

#[test]
fn a_device_depends_on_seed_and_number_only() {
    let (one, other) = (Generator::new(1), Generator::new(2));
    assert_eq!(one.device(5), Generator::new(1).device(5));
    assert_ne!(one.device(5), one.device(6));
    assert_ne!(one.device(5), other.device(5));
}

#[test]
fn a_sample_never_changes() {
    let device = Generator::new(1).device(7);
    let shown = format!(
        "{} | {} | {} | {} | {} | {}",
        device.serial,
        device.product,
        device.uuid,
        device.pkid.as_deref().unwrap(),
        device.macs[0],
        device.disk
    );
    insta::assert_snapshot!(shown, @"TEST-1-0000007 | Contoso Tablet 3 | 887a27ff-8d77-4dfb-9587-93ae44be9f7c | 5513413316689 | 02-8B-4B-A7-BA-CB | TEST-DISK-6A1A6BEDD1EB6843");
}

#[test]
fn devices_share_no_keys() {
    let mut seen = HashSet::new();
    for seed in [0, 1, u64::MAX] {
        for n in 0..20_000 {
            let device = Generator::new(seed).device(n);
            let mut add = |value: String| assert!(seen.insert(value.clone()), "{value} twice, seed {seed}, device {n}");
            add(device.serial);
            add(device.uuid.to_string());
            add(device.disk);
            device.macs.iter().for_each(|mac| add(mac.to_string()));
            let pkid = device.pkid.unwrap();
            assert!(is_pkid(&pkid));
            add(pkid);
        }
    }
}

#[test]
fn steps_visit_every_value_once() {
    let gcd = |mut a: u128, mut b: u128| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    assert_eq!(gcd(PKIDS, PKID_STEP), 1);
    assert_eq!(gcd(u128::from(MACS), u128::from(MAC_STEP)), 1);
}

#[test]
fn keys_have_the_form_of_real_ones() {
    let device = Generator::new(3).device(4);
    let key = device.ek.unwrap();
    assert!(key[0] & 0x80 != 0 && key[255] & 1 == 1);
    let uuid = device.uuid.to_string();
    assert_eq!(&uuid[14..15], "4", "{uuid}");
    assert!("89ab".contains(&uuid[19..20]), "{uuid}");
    assert!(device.macs.iter().all(|mac| mac.0[0] == 2));
}

#[test]
fn replacements_replace_what_they_name() {
    let old = Generator::new(1).device(1);
    assert_ne!(old.clone().with_new_disk(0).disk, old.disk);
    assert_ne!(old.clone().with_new_disk(0).disk, old.clone().with_new_disk(1).disk);
    let wifi = old.clone().with_new_wifi(0);
    assert!(wifi.macs[0] == old.macs[0] && wifi.macs[1] != old.macs[1] && wifi.macs[2] != old.macs[2]);
    let board = old.clone().with_new_board(0, Rewritten::Serial);
    assert!(board.serial == old.serial && board.uuid != old.uuid && board.ek != old.ek && board.pkid != old.pkid);
    assert!(board.macs[0] != old.macs[0] && board.macs[1..] == old.macs[1..] && board.disk == old.disk);
    assert!(
        !old.clone()
            .without_tpm()
            .with_new_board(0, Rewritten::Nothing)
            .has_tpm()
    );
    let card = old.clone().with_second_nic(0);
    let other_card = old.clone().with_second_nic(1);
    assert!(card.macs[..3] == old.macs && card.macs.len() == 4 && card.macs[3] != other_card.macs[3]);
    assert_ne!(old.clone().with_new_nic(0).macs[0], old.macs[0]);
    assert_ne!(old.clone().with_new_nic(0).macs[0], old.clone().with_new_nic(1).macs[0]);
    assert_eq!(old.clone().with_new_nic(0).macs[1..], old.macs[1..]);
    let key = old.clone().with_new_product_key(0);
    assert!(key.pkid != old.pkid && is_pkid(key.pkid.as_deref().unwrap()));
    assert_eq!(old.clone().without_product_key().pkid, None);
    let donor = Generator::new(1).device(2);
    let given = old.clone().with_board_of(&donor, Rewritten::Serial);
    assert!(given.ek == donor.ek && given.pkid == donor.pkid && given.uuid == donor.uuid);
    assert!(given.macs[0] == donor.macs[0] && given.macs[1..] == old.macs[1..]);
    assert!(given.serial == old.serial && given.disk == old.disk);
    let untouched = old.clone().with_board_of(&donor, Rewritten::Nothing);
    assert_eq!((untouched.serial, untouched.product), (donor.serial, donor.product));
    assert!(!old.virtual_machine().has_tpm());
}

#[test]
fn a_virtual_machine_shows_what_a_hypervisor_gives_it_and_nothing_else() {
    let laptop = Generator::new(1).device(1);
    let machine = laptop.clone().virtual_machine();
    assert!(is_virtual_machine(&machine.manufacturer, &machine.product));
    assert!(!is_virtual_machine(&laptop.manufacturer, &laptop.product));
    let shown = |device: &SyntheticDevice| {
        let hash = device.capture(&Capture::default()).encode();
        let (envelope, _) = Envelope::parse(&hash).unwrap();
        let Summary { identity, components } = summarise(&envelope);
        let kinds: Vec<u16> = envelope.records().map(|record| record.kind).collect();
        (
            (
                identity.manufacturer.map(Cow::into_owned),
                identity.product.map(Cow::into_owned),
            ),
            (
                identity.pkid.is_some(),
                identity.ek_digest.is_some(),
                kinds.contains(&kind::TPM_VERSION),
            ),
            (components.macs.len(), components.disks.len()),
            kinds.contains(&kind::BOARD_MANUFACTURER),
            (identity.serial.map(Cow::into_owned), identity.uuid),
        )
    };
    let own = |device: &SyntheticDevice| (Some(device.serial.clone()), Some(device.uuid));
    let names = |manufacturer: &str, product: &str| (Some(manufacturer.to_owned()), Some(product.to_owned()));
    let nothing = (false, false, false);
    let expected = (
        names(HYPER_V.manufacturer, HYPER_V.product),
        nothing,
        (1, 0),
        false,
        own(&laptop),
    );
    assert_eq!(shown(&machine), expected);
    let everything = (true, true, true);
    let expected = (
        names("Contoso", &laptop.product),
        everything,
        (3, 1),
        true,
        own(&laptop),
    );
    assert_eq!(shown(&laptop), expected);
}

#[test]
fn texts_that_are_too_long_are_cut_so_that_a_capture_fits() {
    let mut device = Generator::new(1).device(1);
    let long = "Ä".repeat(5_000);
    for text in [
        &mut device.serial,
        &mut device.manufacturer,
        &mut device.product,
        &mut device.sku,
        &mut device.family,
        &mut device.disk,
        &mut device.graphics,
    ] {
        *text = long.clone();
    }
    device.pkid = Some(long);
    device.macs = vec![Mac([0x02; 6]); 500];
    let decoded = HardwareHash::decode(
        &device
            .capture(&Capture {
                docked: true,
                ..Capture::default()
            })
            .encode(),
    )
    .unwrap();
    assert!(decoded.findings.is_empty(), "{:?}", decoded.findings);
}

proptest! {
    #[test]
    fn captures_are_whole_and_have_no_findings(
        seed: u64, n: u64, time: u32, zone: i8, docked: bool, is_virtual: bool, has_tpm: bool
    ) {
        let mut device = Generator::new(seed).device(n);
        if is_virtual {
            device = device.virtual_machine();
        } else if !has_tpm {
            device = device.without_tpm();
        }
        let hash = device.capture(&Capture { time, zone, docked, ..Capture::default() });
        let text = hash.to_text();
        prop_assert_eq!(text.len(), TEXT_LENGTH);
        prop_assert!(text.starts_with("T0"));
        let (read, repairs, findings) = HardwareHash::from_text(text.as_bytes()).unwrap();
        prop_assert!(repairs.is_empty() && findings.is_empty());
        prop_assert_eq!(read, hash);
    }
}
