//! Rows that show a registered device on another board.

use super::*;
use crate::repair::RemediationState::{
    AutomaticRemediationRequired as Pending, ManualRemediationRequired as Attention, NoRemediationRequired as Fine,
};

fn state(device: &Device) -> repair::RemediationState {
    device.remediation.as_ref().map(|seen| seen.state).unwrap_or_default()
}

fn marking(decision: Decision) -> Marking {
    match decision {
        Decision::Mark(marking) => *marking,
        other => panic!("{other:?}"),
    }
}

/// As the tenant's MDM service hands a row in.
fn by_mdm(number: u64, record: &Record, holders: &[Device]) -> Decision {
    let hand = Hand::new(number);
    let context = RowContext {
        channel: Channel::Automatic,
        ..hand.context()
    };
    decide(record, &context, holders)
}

#[test]
fn a_new_board_marks_the_device_once_and_the_old_one_clears_the_mark() {
    let device = Hand::new(1).registers(&hashed(&laptop()));
    let board = hashed(&laptop().with_new_board(1, Rewritten::Serial));
    let hand = Hand::new(2);
    let marked = marking(hand.decide(&board, std::slice::from_ref(&device)));
    assert_eq!((state(&marked.device), marked.device.version), (Attention, 2));
    assert_eq!(
        marked.device.remediation.as_ref().map(|seen| seen.since),
        Some(hand.now)
    );
    assert_eq!(
        marked.device.last_source(),
        &device.source,
        "the row does not stand for the device"
    );
    for again in [2, 3] {
        let (detail, written) = refused(Hand::new(again).decide(&board, std::slice::from_ref(&marked.device)));
        assert!(!written && detail == marked.detail, "a repeat writes nothing");
    }
    // Names and product key say nothing about the hardware.
    for plain in [tuple_of(&laptop()), pkid_of(&laptop())] {
        let left = left(Hand::new(4).decide(&plain, std::slice::from_ref(&marked.device)));
        assert_eq!(left.outcome, Outcome::Unchanged);
    }
    let old = change_of(Hand::new(4).decide(&hashed(&laptop()), std::slice::from_ref(&marked.device)));
    assert_eq!((state(&old.device), old.device.version), (Fine, 3));
    let again = left(Hand::new(5).decide(&hashed(&laptop()), &[old.device]));
    assert_eq!(again.outcome, Outcome::Unchanged);
}

#[test]
fn a_hash_that_is_no_repair_marks_nothing() {
    let device = Hand::new(1).registers(&hashed(&laptop().virtual_machine()));
    // A clone has the UUID of its original, and another name.
    let mut clone = laptop().virtual_machine();
    clone.serial = "TEST-CLONE".into();
    let (_, marked) = refused(Hand::new(2).decide(&hashed(&clone), std::slice::from_ref(&device)));
    assert!(!marked);
    // Another tenant's row, and a partner's about what the tenant registered itself.
    let board = hashed(&laptop().virtual_machine().with_new_board(1, Rewritten::Serial));
    let mut elsewhere = Hand::new(2);
    elsewhere.tenant = tenant(2);
    let theirs = left(elsewhere.decide(&board, std::slice::from_ref(&device)));
    assert_eq!(theirs.outcome, Outcome::OwnedByOtherTenant);
    let partners = left(Hand::new(2).of_partner().decide(&board, std::slice::from_ref(&device)));
    assert_eq!(partners.outcome, Outcome::Unchanged);
    // The tenant's own does.
    marking(Hand::new(2).decide(&board, &[device]));
}

#[test]
fn the_board_of_another_registered_device_is_named() {
    let donor = Generator::new(1).device(2);
    let row = hashed(&laptop().with_board_of(&donor, Rewritten::Serial));
    for (own, others) in [(1, 2), (2, 1)] {
        let device = Hand::new(own).registers(&hashed(&laptop()));
        let other = Hand::new(others).registers(&hashed(&donor));
        for holders in [[device.clone(), other.clone()], [other.clone(), device.clone()]] {
            let marked = marking(Hand::new(3).decide(&row, &holders));
            assert_eq!((marked.device.id, state(&marked.device)), (device.id, Attention));
            let named = format!(
                "the new board is that of device {}, which must be released first",
                other.id
            );
            assert!(marked.detail.contains(&named), "{}", marked.detail);
            let by_mdm = marking(by_mdm(3, &row, &holders));
            assert_eq!(state(&by_mdm.device), Attention, "nothing is taken from another device");
        }
    }
}

#[test]
fn what_the_mdm_service_shows_twice_is_taken_over() {
    let device = Hand::new(1).registers(&hashed(&laptop()));
    let board = tagged(
        hashed(&laptop().with_new_board(1, Rewritten::Serial)),
        Some("Lab"),
        None,
    );
    let marked = marking(by_mdm(2, &board, std::slice::from_ref(&device)));
    assert_eq!(state(&marked.device), Pending);
    let (_, written) = refused(by_mdm(2, &board, std::slice::from_ref(&marked.device)));
    assert!(!written, "the same upload shows it once only");
    let change = change_of(by_mdm(3, &board, std::slice::from_ref(&marked.device)));
    assert_eq!((change.device.id, change.device.version), (device.id, 3));
    assert_eq!(
        (state(&change.device), change.device.group_tag.as_deref()),
        (Fine, Some("Lab"))
    );
    assert_eq!(
        (&change.device.keys, &change.device.components),
        (&board.keys, &board.components)
    );
    let kinds = |keys: &[IdentityKey]| keys.iter().map(|key| key.kind()).collect::<Vec<_>>();
    let replaced = [KeyKind::EndorsementKey, KeyKind::Pkid];
    assert_eq!(
        (kinds(&change.new_keys), kinds(&change.freed_keys)),
        (replaced.to_vec(), replaced.to_vec())
    );
    let again = left(by_mdm(4, &board, &[change.device]));
    assert_eq!(again.outcome, Outcome::Unchanged);
}

#[test]
fn each_new_board_is_shown_twice_before_it_is_taken_over() {
    let device = Hand::new(1).registers(&hashed(&laptop()));
    let board = |which| hashed(&laptop().with_new_board(which, Rewritten::Serial));
    let marked = marking(by_mdm(2, &board(1), std::slice::from_ref(&device))).device;
    let other = marking(by_mdm(3, &board(2), &[marked])).device;
    assert_eq!(
        (state(&other), &other.keys),
        (Pending, &device.keys),
        "not at first sight"
    );
    let change = change_of(by_mdm(4, &board(2), &[other]));
    assert_eq!((state(&change.device), &change.device.keys), (Fine, &board(2).keys));
}

#[test]
fn what_is_for_a_person_stays_so_whatever_the_mdm_service_shows() {
    let device = Hand::new(1).registers(&hashed(&laptop()));
    let board = hashed(&laptop().with_new_board(1, Rewritten::Serial));
    let marked = marking(Hand::new(2).decide(&board, std::slice::from_ref(&device))).device;
    assert_eq!(state(&marked), Attention);
    for number in 3..6 {
        let (_, written) = refused(by_mdm(number, &board, std::slice::from_ref(&marked)));
        assert!(!written, "neither taken over nor taken back");
    }
}

#[test]
fn what_cannot_be_mended_without_a_person_is_not() {
    let device = Hand::new(1).registers(&hashed(&laptop()));
    let parts = |device: SyntheticDevice| device.with_new_disk(1).with_new_wifi(1);
    for (why, repaired) in [
        (
            "only the names are left, which anybody can write",
            parts(laptop().with_new_board(1, Rewritten::Serial)),
        ),
        (
            "the product key is missing",
            laptop().with_new_board(1, Rewritten::Serial).without_product_key(),
        ),
    ] {
        let row = hashed(&repaired);
        let marked = marking(by_mdm(2, &row, std::slice::from_ref(&device)));
        assert_eq!(state(&marked.device), Attention, "{why}");
        let (_, written) = refused(by_mdm(3, &row, &[marked.device]));
        assert!(!written, "{why}");
    }
    // A person's list says the same of a device that waits for the MDM service: now it waits for a person.
    let board = hashed(&laptop().with_new_board(1, Rewritten::Serial));
    let pending = marking(by_mdm(2, &board, std::slice::from_ref(&device))).device;
    let moved = marking(Hand::new(3).decide(&board, &[pending]));
    assert_eq!(state(&moved.device), Attention);
}
