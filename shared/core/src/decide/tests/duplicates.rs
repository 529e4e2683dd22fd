//! Rows of one upload, in different batches, that stand for one device.

use super::*;

#[test]
fn a_second_row_of_the_same_upload_names_the_row_that_was_processed() {
    let hand = Hand::new(2);
    let device = hand.registers(&hashed(&laptop()));
    let mut second = tagged(hashed(&laptop()), Some("Lab"), None);
    second.place.row = 7;
    let found = left(hand.decide(&second, std::slice::from_ref(&device)));
    assert_eq!(
        (found.outcome, found.device, found.other),
        (Outcome::DuplicateInUpload, Some(device.id), Some(device.source.clone()))
    );

    let older = Hand::new(1).registers(&pkid_of(&laptop()));
    let newer = hand.registers(&tuple_of(&laptop()));
    second.components = None;
    second.keys = [older.keys.as_slice(), newer.keys.as_slice()].concat();
    let joins = change_of(hand.decide(&second, &[older.clone(), newer.clone()]));
    assert_eq!(
        (joins.device.id, joins.duplicate_of.as_ref(), &joins.absorbed),
        (older.id, Some(&newer.source), &vec![newer.clone()]),
        "it says of two devices that they are one, and is a duplicate of the newer one's row"
    );
    let again = left(hand.decide(&second, &[joins.device]));
    assert_eq!((again.device, again.other), (Some(older.id), Some(newer.source)));

    let same_row = left(hand.decide(&hashed(&laptop()), std::slice::from_ref(&device)));
    assert_eq!(
        same_row.outcome,
        Outcome::Unchanged,
        "a repeat of the row itself is none"
    );
    let next_upload = left(Hand::new(3).decide(&hashed(&laptop()), &[device]));
    assert_eq!(
        next_upload.outcome,
        Outcome::Unchanged,
        "nor is the same row of another upload"
    );
}

/// Group tag, user, keys and whether there is a capture.
fn said(device: &Device) -> (Option<&str>, Option<&str>, &[IdentityKey], bool) {
    let (tag, user) = (device.group_tag.as_deref(), device.assigned_user.as_deref());
    (tag, user, &device.keys, device.components.is_some())
}

#[test]
fn a_duplicate_adds_what_was_not_known_and_contradicts_nothing() {
    let hand = Hand::new(2);
    let first = tagged(tuple_of(&laptop()), Some("Kiosk"), None);
    let mut hash = tagged(hashed(&laptop()), Some("Lab"), Some("ada@a.b"));
    hash.place.row = 600;
    let device = hand.registers(&first);
    let change = change_of(hand.decide(&hash, std::slice::from_ref(&device)));
    assert_eq!(change.duplicate_of.as_ref(), Some(&device.source));
    assert_eq!(
        said(&change.device),
        (Some("Kiosk"), None, hash.keys.as_slice(), true),
        "keys and capture, but neither tag nor user"
    );
    assert_eq!(change.new_keys.len(), hash.keys.len() - 1);
    assert_eq!(
        change.device.last_source(),
        &device.source,
        "the first row stands for it"
    );

    let added = change.device;
    let again = left(hand.decide(&hash, std::slice::from_ref(&added)));
    assert_eq!(
        (again.outcome, again.other.as_ref()),
        (Outcome::DuplicateInUpload, Some(&device.source))
    );
    let mut new_disk = hashed(&laptop().with_new_disk(1));
    new_disk.place.row = 700;
    let other = left(hand.decide(&new_disk, std::slice::from_ref(&added)));
    assert_eq!(
        other.outcome,
        Outcome::DuplicateInUpload,
        "another capture is no addition"
    );
    let mut board = hashed(&laptop().with_new_board(1, Rewritten::Serial));
    board.place.row = 800;
    let (_, marked) = refused(hand.decide(&board, std::slice::from_ref(&added)));
    assert!(marked, "a contradiction wins");

    let next = Hand::new(3);
    for row in [
        &tagged(tuple_of(&laptop()), Some("Kiosk"), None),
        &tagged(hashed(&laptop()), Some("Kiosk"), None),
    ] {
        let unchanged = left(next.decide(row, std::slice::from_ref(&added)));
        assert_eq!(
            unchanged.outcome,
            Outcome::Unchanged,
            "the same list once more changes nothing"
        );
    }
}
