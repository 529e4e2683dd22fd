//! What an entry adds to devices that are registered, and what it leaves alone.

use super::*;
use crate::catalogue::tests::{at, entry, hashed, laptop};
use crate::channel::Channel;
use crate::id::{TenantId, UploadId};
use crate::outcome::Outcome;
use crate::party::Registrant;

fn tenant(name: &str) -> TenantId {
    TenantId::of_name(name)
}

/// A device that this tenant registered in this second, by those identities of the laptop that `pick` lets pass.
fn registered(name: &str, second: i64, pick: impl Fn(KeyKind) -> bool) -> Device {
    let mut record = hashed(&laptop(1));
    record.keys.retain(|key| pick(key.kind()));
    record.components = None;
    (record.serial, record.manufacturer, record.model, record.pkid) = (None, None, None, None);
    record.group_tag = Some(format!("tag {second}"));
    device_of(&record, name, second)
}

fn device_of(record: &Record, name: &str, second: i64) -> Device {
    let upload = UploadId::of_object("b", "list", &second.to_string());
    let context = RowContext {
        upload: &upload,
        tenant: tenant(name),
        registrant: &Registrant::Partner("contoso".parse().unwrap()),
        channel: Channel::PartnerCenter,
        group_tag: None,
        on_conflict: OnConflict::Update,
        now: at(second),
    };
    Device::new(record, &context)
}

#[test]
fn a_device_without_a_hash_becomes_whole_and_stays_whose_it_is() {
    let entry = entry("northwind", &laptop(1), 50);
    for kind in [KeyKind::Pkid, KeyKind::Tuple] {
        let device = registered("Fabrikam", 1, |k| k == kind);
        let change = complete(&entry, std::slice::from_ref(&device), at(60)).unwrap();
        assert_eq!(change.before, device);
        assert_eq!((&change.device.keys, change.device.version), (&entry.keys, 2));
        assert_eq!(change.device.components.as_ref(), Some(&entry.components));
        assert_eq!(change.device.serial, entry.serial);
        assert_eq!(change.new_keys.len(), entry.keys.len() - 1);
        let same = |d: &Device| {
            let (tag, by) = (d.group_tag.clone(), d.registrant.clone());
            (
                d.id,
                d.tenant,
                by,
                d.channel,
                tag,
                d.last_source().clone(),
                d.registered_at,
            )
        };
        assert_eq!(same(&change.device), same(&device));
        assert_eq!(change.catalogued_by.as_ref(), Some(&entry.partner));
        assert!(
            complete(&entry, &[change.device], at(70)).is_none(),
            "a repeat finds it whole"
        );
    }
}

#[test]
fn two_devices_of_one_tenant_that_the_entry_joins_become_one() {
    let entry = entry("northwind", &laptop(1), 50);
    let (by_tuple, by_pkid) = (
        registered("Fabrikam", 2, |k| k == KeyKind::Tuple),
        registered("Fabrikam", 1, |k| k == KeyKind::Pkid),
    );
    for holders in [[by_tuple.clone(), by_pkid.clone()], [by_pkid.clone(), by_tuple.clone()]] {
        let change = complete(&entry, &holders, at(60)).unwrap();
        assert_eq!(
            (change.device.id, change.absorbed.as_slice()),
            (by_pkid.id, &[by_tuple.clone()][..])
        );
        assert_eq!(change.device.group_tag.as_deref(), Some("tag 1"));
        assert_eq!(change.device.keys, entry.keys);
    }
}

#[test]
fn devices_of_which_two_tenants_hold_parts_stay_as_they_are() {
    let entry = entry("northwind", &laptop(1), 50);
    let holders = [
        registered("Fabrikam", 1, |k| k == KeyKind::Tuple),
        registered("Tailspin", 2, |k| k == KeyKind::Pkid),
    ];
    assert!(complete(&entry, &holders, at(60)).is_none());
}

#[test]
fn a_device_that_has_a_hash_of_its_own_is_left_alone_and_so_is_one_that_is_retired() {
    let entry = entry("northwind", &laptop(1), 50);
    let own = device_of(&hashed(&laptop(1).with_new_disk(1)), "Fabrikam", 1);
    assert!(complete(&entry, &[own], at(60)).is_none());
    let mut gone = registered("Fabrikam", 1, |k| k == KeyKind::Tuple);
    gone.state = DeviceState::Released;
    assert!(complete(&entry, &[gone], at(60)).is_none());
    assert!(complete(&entry, &[], at(60)).is_none());
}

#[test]
fn only_the_endorsement_key_lets_an_entry_change_a_device_that_somebody_captured() {
    // One device of a tenant by its own hash, and one by tuple alone. The entry has the PKID of the first, and the names of
    // the second.
    let (mut known, mut listed) = (laptop(1), laptop(1));
    known.product = "Default string".to_owned();
    let by_tuple = registered("Fabrikam", 2, |kind| kind == KeyKind::Tuple);
    let captured = device_of(&hashed(&known), "Fabrikam", 1);
    let joined = entry("northwind", &listed, 50);
    assert_eq!(
        complete(&joined, &[captured, by_tuple.clone()], at(60))
            .unwrap()
            .absorbed
            .len(),
        1
    );
    known = known.without_tpm();
    listed = listed.without_tpm();
    let captured = device_of(&hashed(&known), "Fabrikam", 1);
    let entry = entry("northwind", &listed, 50);
    assert!(
        captured.keys.iter().any(|key| entry.keys.contains(key)),
        "they share the PKID"
    );
    assert_eq!(complete(&entry, &[captured.clone(), by_tuple.clone()], at(60)), None);
    assert!(
        complete(&entry, &[by_tuple], at(60)).is_some(),
        "one without a hash is completed"
    );

    // The same of a row that leads there.
    let mut row = hashed(&laptop(1));
    row.keys.retain(|key| key.kind() == KeyKind::Tuple);
    row.components = None;
    let (upload, whole) = (
        UploadId::of_object("b", "list", "9"),
        crate::catalogue::completed(&row, &entry),
    );
    let context = RowContext {
        upload: &upload,
        tenant: tenant("Fabrikam"),
        registrant: &Registrant::Tenant,
        channel: Channel::Intune,
        group_tag: None,
        on_conflict: OnConflict::Update,
        now: at(70),
    };
    let decision = super::super::decide(&whole, &context, std::slice::from_ref(&captured));
    assert!(matches!(decision, Decision::Update(_)), "{decision:?}");
    let Decision::Leave(left) = led(decision, &whole) else {
        panic!("nothing proves that they are one")
    };
    assert_eq!(left.outcome, Outcome::Ambiguous);
    assert!(left.detail.unwrap().contains(&captured.id.to_string()));
}

#[test]
fn what_contradicts_the_entry_is_left_alone() {
    let entry = entry("northwind", &laptop(1), 50);
    let mut other = registered("Fabrikam", 1, |k| k == KeyKind::Tuple);
    let mut pkid = hashed(&laptop(2)).keys;
    pkid.retain(|key| key.kind() == KeyKind::Pkid);
    other.keys.extend(pkid);
    other.keys.sort_unstable();
    assert!(complete(&entry, &[other], at(60)).is_none());
}
