//! Whether it is one device: conflicts, merges, recaptures.

use super::*;

#[test]
fn a_shared_key_on_other_hardware_is_a_conflict_that_says_why() {
    let device = Hand::new(1).registers(&hashed(&laptop()));
    let vm = |change: fn(&mut SyntheticDevice)| {
        let mut vm = laptop().virtual_machine();
        change(&mut vm);
        vm
    };
    let cases = [
        (
            "a new board, serial number rewritten",
            device.clone(),
            hashed(&laptop().with_new_board(1, Rewritten::Serial)),
        ),
        (
            "a new board, UUID rewritten too",
            device.clone(),
            hashed(&laptop().with_new_board(1, Rewritten::SerialAndUuid)),
        ),
        ("a new TPM", device, hashed(&laptop().with_new_tpm(1))),
        (
            "another PKID on the same tuple",
            Hand::new(1).registers(&record(
                1,
                &RawRow {
                    product_id: Some("3303012345678"),
                    ..names(&laptop())
                },
            )),
            record(
                1,
                &RawRow {
                    product_id: Some("3303099999999"),
                    ..names(&laptop())
                },
            ),
        ),
        (
            "another serial number on the same UUID",
            Hand::new(1).registers(&hashed(&vm(|_| ()))),
            hashed(&vm(|vm| vm.serial = "TEST-2".into())),
        ),
    ];
    let mut told = Vec::new();
    for (name, device, row) in cases {
        let id = device.id.to_string();
        assert!(
            device.keys.iter().any(|key| row.keys.contains(key)),
            "{name}: they share a key"
        );
        let (detail, marked) = refused(Hand::new(2).decide(&row, &[device]));
        let marked = if marked { ", and marks the device" } else { "" };
        told.push(format!("{name}{marked}\n    {}", detail.replace(&id, "ID")));
    }
    assert!(Outcome::Ambiguous.entry().remedy.contains("rebind the device"));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_renamed_model_on_hardware_that_the_matcher_knows_is_an_update() {
    let before = laptop().virtual_machine();
    let mut after = before.clone();
    after.product = "Contoso Virtual Machine 2".into();
    let device = Hand::new(1).registers(&hashed(&before));
    let change = change_of(Hand::new(2).decide(&hashed(&after), &[device]));
    assert_eq!(
        change.new_keys.iter().map(|k| k.kind()).collect::<Vec<_>>(),
        [KeyKind::Tuple]
    );
}

#[test]
fn by_tuple_then_by_pkid_then_by_a_hash_with_both_is_one_device() {
    let by_tuple = Hand::new(1).registers(&tagged(tuple_of(&laptop()), None, Some("ada@a.b")));
    let by_pkid = Hand::new(2).registers(&tagged(pkid_of(&laptop()), Some("Kiosk"), None));
    let row = hashed(&laptop());
    for holders in [[by_tuple.clone(), by_pkid.clone()], [by_pkid.clone(), by_tuple.clone()]] {
        let change = change_of(Hand::new(3).decide(&row, &holders));
        assert_eq!(
            (change.device.id, change.device.version),
            (by_tuple.id, 2),
            "the older id stays"
        );
        assert_eq!(change.absorbed, std::slice::from_ref(&by_pkid), "as it was seen");
        assert_eq!(change.device.keys, row.keys, "the claims unite");
        assert_eq!(
            change.new_keys.iter().map(|k| k.kind()).collect::<Vec<_>>(),
            [KeyKind::EndorsementKey]
        );
        assert_eq!(
            (
                change.device.group_tag.as_deref(),
                change.device.assigned_user.as_deref()
            ),
            (Some("Kiosk"), Some("ada@a.b"))
        );
        assert_eq!(
            (change.device.pkid, change.device.components),
            (row.pkid.clone(), row.components.clone())
        );
    }
}

#[test]
fn a_merge_with_what_the_tenant_registered_is_hidden_from_the_partner() {
    let partners = Hand::new(1).of_partner().registers(&tuple_of(&laptop()));
    let own = Hand::new(2).registers(&pkid_of(&laptop()));
    let change = change_of(Hand::new(3).decide(&hashed(&laptop()), &[partners.clone(), own]));
    assert_eq!(change.device.id, partners.id);
    assert_eq!(
        (change.device.registrant, change.device.channel),
        (Registrant::Tenant, Channel::Intune)
    );
}

#[test]
fn devices_do_not_merge_against_a_veto_or_across_tenants() {
    let by_tuple = Hand::new(1).registers(&tuple_of(&laptop()));
    let other = Generator::new(1).device(2);
    let shifted = record(
        1,
        &RawRow {
            product_id: other.pkid.as_deref(),
            ..names(&laptop())
        },
    );

    let by_hash = Hand::new(2).registers(&hashed(&other));
    let left_of = |holders: &[Device]| left(Hand::new(3).decide(&shifted, holders));
    let conflict = left_of(&[by_tuple.clone(), by_hash]);
    let detail = conflict.detail.unwrap().replace(&by_tuple.id.to_string(), "A");
    assert_eq!(conflict.outcome, Outcome::Ambiguous);
    assert!(detail.starts_with("the row joins device A and device "), "{detail}");
    assert!(
        detail.ends_with(", but they differ in the manufacturer, model and serial number"),
        "{detail}"
    );

    let mut elsewhere = Hand::new(2);
    elsewhere.tenant = tenant(2);
    let theirs = elsewhere.registers(&pkid_of(&laptop()));
    assert_eq!(
        left(Hand::new(3).decide(&hashed(&laptop()), &[by_tuple, theirs])).outcome,
        Outcome::OwnedByOtherTenant
    );
}

#[test]
fn a_recapture_changes_only_what_the_matcher_compares() {
    let device = Hand::new(1).registers(&hashed(&laptop()));
    let later = Capture {
        time: 800_000_000,
        docked: true,
        ..Capture::default()
    };
    let hash = laptop().capture(&later).to_text();
    let again = record(
        1,
        &RawRow {
            hardware_hash: Some(&hash),
            ..RawRow::default()
        },
    );
    let unchanged = left(Hand::new(2).decide(&again, std::slice::from_ref(&device)));
    assert_eq!(
        unchanged.outcome,
        Outcome::Unchanged,
        "time, dock and order do not count"
    );

    for part in [laptop().with_new_disk(1), laptop().with_new_wifi(1)] {
        let row = hashed(&part);
        let change = change_of(Hand::new(2).decide(&row, std::slice::from_ref(&device)));
        assert_ne!(device.components, row.components);
        assert_eq!((change.device.components, change.new_keys), (row.components, vec![]));
        assert_eq!(change.device.keys, device.keys);
    }
}

#[test]
fn a_row_fills_what_is_missing_and_replaces_nothing() {
    let mut device = Hand::new(1).registers(&hashed(&laptop()));
    (device.serial, device.model) = (Some("kept".into()), None);
    let change = change_of(Hand::new(2).decide(&hashed(&laptop()), &[device]));
    assert_eq!(change.device.serial.as_deref(), Some("kept"));
    assert_eq!(change.device.model, Some(laptop().product));
}

#[test]
fn a_device_never_gets_more_keys_than_a_release_can_undo() {
    let mut device = Hand::new(1).registers(&pkid_of(&laptop()));
    let spare = |n: usize| IdentityKey::smbios_uuid(&u128::try_from(n).unwrap().to_be_bytes());
    device.keys.extend((1..MAX_KEYS).map(spare));
    device.keys.sort_unstable();
    let mut row = pkid_of(&laptop());
    let full = left(Hand::new(2).decide(&row, std::slice::from_ref(&device)));
    assert_eq!((device.keys.len(), full.outcome), (MAX_KEYS, Outcome::Unchanged));
    row.keys.push(spare(MAX_KEYS));
    let over = left(Hand::new(2).decide(&row, std::slice::from_ref(&device)));
    assert_eq!(over.outcome, Outcome::Ambiguous);
    assert_eq!(
        over.detail.unwrap(),
        format!("device {} would have more than 32 identities", device.id)
    );
}
