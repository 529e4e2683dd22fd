//! Decisions, case by case: new devices, updates, other tenants, partners. `board` has boards that were replaced,
//! `duplicates` rows of one upload, `identity` conflicts and merges, `worlds` what holds in every case.

mod board;
mod duplicates;
mod identity;
mod worlds;

use hardware_hash::generate::{Capture, Generator, Rewritten, SyntheticDevice};

use super::*;
use crate::Timestamp;
use crate::channel::Channel;
use crate::id::{TenantId, UploadId};
use crate::record::Place;
use crate::repair;
use crate::row::{RawRow, read};

fn tenant(number: u128) -> TenantId {
    TenantId::new(uuid::Uuid::from_u128(number))
}

fn upload(number: u64) -> UploadId {
    UploadId::of_object("uploads", "list.csv", &number.to_string())
}

fn partner() -> Registrant {
    Registrant::Partner("contoso-csp".parse().unwrap())
}

/// Who hands in a row, where and when. Each number is another upload, an hour after the one before.
struct Hand {
    upload: UploadId,
    tenant: TenantId,
    registrant: Registrant,
    group_tag: Option<&'static str>,
    on_conflict: OnConflict,
    now: Timestamp,
}

impl Hand {
    fn new(number: u64) -> Self {
        Self {
            upload: upload(number),
            tenant: tenant(1),
            registrant: Registrant::Tenant,
            group_tag: None,
            on_conflict: OnConflict::Update,
            now: Timestamp::from_second(3600 * i64::try_from(number).unwrap()).unwrap(),
        }
    }

    fn of_partner(mut self) -> Self {
        self.registrant = partner();
        self
    }

    fn context(&self) -> RowContext<'_> {
        RowContext {
            upload: &self.upload,
            tenant: self.tenant,
            registrant: &self.registrant,
            channel: if self.registrant == Registrant::Tenant {
                Channel::Intune
            } else {
                Channel::PartnerCenter
            },
            group_tag: self.group_tag,
            on_conflict: self.on_conflict,
            now: self.now,
        }
    }

    fn decide(&self, record: &Record, holders: &[Device]) -> Decision {
        decide(record, &self.context(), holders)
    }

    fn registers(&self, record: &Record) -> Device {
        match self.decide(record, &[]) {
            Decision::Insert(device) => *device,
            other => panic!("{other:?}"),
        }
    }
}

fn record(row: u64, raw: &RawRow<'_>) -> Record {
    let place = Place {
        row,
        line: row + 1,
        offset: row * 100,
        len: 100,
    };
    read(raw, place, Channel::PartnerCenter, &mut Vec::new()).unwrap()
}

fn hashed(device: &SyntheticDevice) -> Record {
    let hash = device.capture(&Capture::default()).to_text();
    record(
        1,
        &RawRow {
            hardware_hash: Some(&hash),
            ..RawRow::default()
        },
    )
}

fn tuple_of(device: &SyntheticDevice) -> Record {
    record(1, &names(device))
}

fn names(device: &SyntheticDevice) -> RawRow<'_> {
    RawRow {
        manufacturer: Some(&device.manufacturer),
        model: Some(&device.product),
        serial_number: Some(&device.serial),
        ..RawRow::default()
    }
}

fn pkid_of(device: &SyntheticDevice) -> Record {
    record(
        1,
        &RawRow {
            product_id: device.pkid.as_deref(),
            ..RawRow::default()
        },
    )
}

fn laptop() -> SyntheticDevice {
    Generator::new(1).device(1)
}

fn tagged(mut record: Record, tag: Option<&str>, user: Option<&str>) -> Record {
    (record.group_tag, record.assigned_user) = (tag.map(str::to_owned), user.map(str::to_owned));
    record
}

fn left(decision: Decision) -> Left {
    match decision {
        Decision::Leave(left) => left,
        other => panic!("{other:?}"),
    }
}

/// What a row that leads to no one device is told, and whether it marks one.
fn refused(decision: Decision) -> (String, bool) {
    match decision {
        Decision::Mark(marking) => (marking.detail, true),
        other => {
            let left = left(other);
            assert_eq!((left.outcome, left.device), (Outcome::Ambiguous, None));
            (left.detail.unwrap(), false)
        }
    }
}

fn change_of(decision: Decision) -> Change {
    match decision {
        Decision::Update(change) => *change,
        other => panic!("{other:?}"),
    }
}

#[test]
fn identities_that_nobody_holds_make_a_new_device() {
    let record = tagged(hashed(&laptop()), Some("Kiosk"), Some("ada@contoso.com"));
    let hand = Hand::new(1);
    let device = hand.registers(&record);
    assert_eq!(device.id, DeviceId::of_row(&hand.upload, 1));
    assert_eq!(
        (device.version, device.state, device.tenant),
        (1, DeviceState::Registered, tenant(1))
    );
    assert_eq!((device.keys, device.components), (record.keys, record.components));
    assert_eq!(
        (device.group_tag.as_deref(), device.assigned_user.as_deref()),
        (Some("Kiosk"), Some("ada@contoso.com"))
    );
    assert_eq!(
        (device.registered_at, device.changed_at, device.changed_by),
        (hand.now, hand.now, None)
    );
}

#[test]
fn a_device_that_is_released_or_merged_holds_nothing() {
    let record = hashed(&laptop());
    for state in [DeviceState::Released, DeviceState::Merged] {
        let mut old = Hand::new(1).registers(&record);
        old.state = state;
        old.tenant = tenant(2);
        assert!(
            matches!(Hand::new(2).decide(&record, &[old]), Decision::Insert(_)),
            "{state:?}"
        );
    }
}

#[test]
fn a_device_of_another_tenant_is_refused_without_a_word_about_it() {
    let record = hashed(&laptop());
    let mut elsewhere = Hand::new(1);
    elsewhere.tenant = tenant(2);
    let theirs = elsewhere.registers(&record);
    let ours = Hand::new(1).registers(&pkid_of(&Generator::new(1).device(2)));
    let veto = hashed(&laptop().with_new_board(1, Rewritten::SerialAndUuid));
    for (row, holders) in [
        (&record, vec![theirs.clone()]),
        (&record, vec![ours, theirs.clone()]),
        (&veto, vec![theirs]),
    ] {
        let left = left(Hand::new(2).decide(row, &holders));
        assert_eq!(
            left,
            Left {
                outcome: Outcome::OwnedByOtherTenant,
                device: None,
                other: None,
                detail: None
            }
        );
    }
}

#[test]
fn group_tag_and_user_follow_the_list_and_absent_cells_never_clear_them() {
    use OnConflict::{Keep, Update};
    type Cells = (Option<&'static str>, Option<&'static str>);
    let (kiosk, ada, both): (Cells, Cells, Cells) = (
        (Some("Kiosk"), None),
        (None, Some("ada@a.b")),
        (Some("Kiosk"), Some("ada@a.b")),
    );
    // Stored; in the row; the upload's own tag; what to do; then stored, or unchanged.
    type Case = (Cells, Cells, Option<&'static str>, OnConflict, Option<Cells>);
    let cases: [Case; 12] = [
        (both, both, None, Update, None),
        (both, (None, None), None, Update, None),
        (
            both,
            (Some("Lab"), None),
            None,
            Update,
            Some((Some("Lab"), Some("ada@a.b"))),
        ),
        (
            both,
            (None, Some("eve@a.b")),
            None,
            Update,
            Some((Some("Kiosk"), Some("eve@a.b"))),
        ),
        ((None, None), both, None, Update, Some(both)),
        (kiosk, ada, None, Update, Some(both)),
        (kiosk, (None, None), Some("Lab"), Update, Some((Some("Lab"), None))),
        (kiosk, kiosk, Some("Lab"), Update, None),
        (both, (Some("Lab"), Some("eve@a.b")), None, Keep, None),
        (both, (None, None), Some("Lab"), Keep, None),
        ((None, None), both, None, Keep, None),
        (kiosk, (Some("kiosk"), None), None, Update, Some((Some("kiosk"), None))),
    ];
    for (at, (stored, row, group_tag, on_conflict, expected)) in cases.into_iter().enumerate() {
        let device = Hand::new(1).registers(&tagged(hashed(&laptop()), stored.0, stored.1));
        let mut hand = Hand::new(2);
        (hand.group_tag, hand.on_conflict) = (group_tag, on_conflict);
        let decision = hand.decide(&tagged(hashed(&laptop()), row.0, row.1), std::slice::from_ref(&device));
        match expected {
            None => {
                let left = left(decision);
                assert_eq!(
                    (left.outcome, left.device),
                    (Outcome::Unchanged, Some(device.id)),
                    "case {at}"
                );
            }
            Some((tag, user)) => {
                let change = change_of(decision);
                let after = (
                    change.device.group_tag.as_deref(),
                    change.device.assigned_user.as_deref(),
                );
                assert_eq!(after, (tag, user), "case {at}");
                assert!(change.new_keys.is_empty() && change.absorbed.is_empty(), "case {at}");
                assert_eq!((change.device.version, change.device.id), (2, device.id), "case {at}");
                assert_eq!(
                    (change.device.registered_at, change.device.changed_at),
                    (device.registered_at, hand.now)
                );
                assert_eq!(
                    change.device.changed_by.map(|s| s.upload),
                    Some(hand.upload),
                    "case {at}"
                );
                assert_eq!(change.device.source, device.source, "case {at}");
            }
        }
    }
}

#[test]
fn a_partner_changes_nothing_of_what_the_tenant_registered_itself_and_does_not_see_it() {
    let own = Hand::new(1).registers(&tagged(hashed(&laptop()), Some("Kiosk"), None));
    let hand = Hand::new(2).of_partner();
    let others = hand.registers(&pkid_of(&Generator::new(1).device(2)));
    let board = hashed(&laptop().with_new_board(1, Rewritten::Serial));
    for row in [tagged(hashed(&laptop()), Some("Lab"), None), tuple_of(&laptop()), board] {
        for holders in [vec![own.clone()], vec![others.clone(), own.clone()]] {
            let left = left(Hand::new(3).of_partner().decide(&row, &holders));
            assert_eq!(
                left,
                Left {
                    outcome: Outcome::Unchanged,
                    device: None,
                    other: None,
                    detail: None
                }
            );
        }
    }
}

#[test]
fn the_tenant_may_change_what_a_partner_registered_and_the_partner_still_sees_it() {
    let device = Hand::new(1).of_partner().registers(&tuple_of(&laptop()));
    let change = change_of(Hand::new(2).decide(&hashed(&laptop()), &[device]));
    assert_eq!(
        (change.device.registrant, change.device.channel),
        (partner(), Channel::PartnerCenter)
    );
}
