//! The stored form is exact, small and versioned.

use proptest::prelude::*;

use super::*;
use crate::generate::{Capture, Generator};

fn notebook() -> Components {
    Generator::new(1).device(1).capture(&Capture::default()).components()
}

fn any_components() -> impl Strategy<Value = Components> {
    let long = || prop::option::of(any::<[u8; 16]>());
    let short = || prop::option::of(any::<[u8; 8]>().prop_map(Digest));
    let macs = prop::collection::vec(any::<[u8; 8]>().prop_map(MacDigest), 0..40);
    let disks = prop::collection::vec(any::<[u8; 8]>().prop_map(Digest), 0..20);
    (long(), long(), short(), short(), short(), macs, disks).prop_map(|(ek, uuid, serial, pkid, model, macs, disks)| {
        let mut components = Components {
            ek,
            uuid,
            serial,
            pkid,
            model,
            macs,
            disks,
        };
        components.settle();
        components
    })
}

#[test]
fn a_notebook_takes_92_bytes() {
    assert_eq!(notebook().to_bytes().len(), 4 + 2 * 16 + 3 * 8 + 3 * 8 + 8);
}

#[test]
fn the_stored_form_never_changes_within_a_version() {
    let hex: String = notebook().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    insta::assert_snapshot!(hex, @"011f030175e049e93d4cb18fb4ffc3e1409d1bafd16596149baeeee396df6be770026d6e4a2b3b96f3870f95a8b81e0283162a60a4a2bcd698bb77fcb48c0c824d5fb353c5013869e897b9f6e52c715e4434255516e8d158f9480a5f");
}

#[test]
fn another_version_unknown_parts_doubles_and_wrong_lengths_are_refused() {
    let bytes = notebook().to_bytes();
    let changed = |at: usize, value| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        bytes
    };
    let mut doubled = bytes.clone();
    let (first, second) = (bytes.len() - 32, bytes.len() - 24);
    doubled.copy_within(first..second, second);
    let longer = [bytes.clone(), vec![0]].concat();
    let wrong: &[&[u8]] = &[
        b"",
        &changed(0, 2),
        &changed(1, 0xFF),
        &changed(2, 2),
        &doubled,
        &longer,
        &bytes[..bytes.len() - 1],
    ];
    for (n, bytes) in wrong.iter().enumerate() {
        assert_eq!(Components::from_bytes(bytes), None, "case {n}");
    }
}

#[test]
fn json_is_one_string() {
    let json = serde_json::to_string(&notebook()).unwrap();
    assert!(json.starts_with('"') && json.len() < 140, "{json}");
    assert_eq!(serde_json::from_str::<Components>(&json).unwrap(), notebook());
    for wrong in [r#""""#, r#""AQ""#, "\"~\"", "7"] {
        assert!(serde_json::from_str::<Components>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn debug_output_shows_digests() {
    insta::assert_snapshot!(format!("{:?}", notebook()), @"Components { ek: Some(75e049e93d4cb18f), uuid: Some(d16596149baeeee3), serial: Some(4a2b3b96f3870f95), pkid: Some(a8b81e0283162a60), model: Some(a4a2bcd698bb77fc), macs: [b48c0c824d5fb353 (locally administered), c5013869e897b9f6 (locally administered), e52c715e44342555 (locally administered)], disks: [16e8d158f9480a5f] }");
}

proptest! {
    #[test]
    fn what_is_stored_is_read_again(components in any_components()) {
        let bytes = components.to_bytes();
        prop_assert!(bytes.len() <= 444);
        prop_assert_eq!(Components::from_bytes(&bytes), Some(components));
    }

    #[test]
    fn what_is_read_is_what_would_be_stored(mut bytes in prop::collection::vec(any::<u8>(), 4..80), parts in 0..32_u8) {
        let header = [VERSION, parts, bytes[2] % 4, bytes[3] % 3];
        bytes[..4].copy_from_slice(&header);
        if let Some(components) = Components::from_bytes(&bytes) {
            prop_assert_eq!(components.to_bytes(), bytes);
        }
    }
}
