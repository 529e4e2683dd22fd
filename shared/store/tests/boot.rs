//! What a booting device needs of the store: nonces, counters, the look-up and contacts, against a DynamoDB.
#![cfg(test)]

use engines::Database;
use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::deployment::{Answer, Contact};
use muster_core::device::{Device, RowContext};
use muster_core::id::{DeviceId, ProfileId, TenantId, UploadId};
use muster_core::identity::IdentityKey;
use muster_core::inbox::OnConflict;
use muster_core::party::Registrant;
use muster_core::profile::Downloaded;
use muster_core::record::{Place, Record};
use muster_core::repair::{Remediation, RemediationState};
use muster_local::counting::Counting;
use muster_store::contacts::{Contacts, NewContact};
use muster_store::devices::Devices;
use muster_store::nonces::{GOOD_MINUTES, Nonces};
use muster_store::rates::{Limit, RateSource, Rates};
use muster_store::{Connection, Credentials, Table};

async fn empty() -> (Database, Counting, Table) {
    let database = Database::new().unwrap();
    let credentials = Credentials {
        access_key: "test".to_owned(),
        secret_key: "test".to_owned(),
    };
    let counting = Counting::new(database.http_client());
    let http = counting.http_client();
    let table = Table::new(
        &Connection::embedded(http.clone(), http, &credentials),
        database.table(),
    );
    table.create().await.unwrap();
    (database, counting, table)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn device(n: u64) -> DeviceId {
    DeviceId::of_row(&UploadId::of_object("b", "k", "1"), n)
}

/// A registered device of this id, into which those were merged.
fn registered(id: DeviceId, absorbed: &[DeviceId]) -> Device {
    let upload = UploadId::of_object("b", "k", "1");
    let record = Record {
        place: Place {
            row: 1,
            line: 2,
            offset: 0,
            len: 1,
        },
        serial: None,
        manufacturer: None,
        model: None,
        pkid: None,
        group_tag: None,
        assigned_user: None,
        keys: vec![IdentityKey::tuple("Contoso", "Book", "S1")],
        components: None,
        notices: Vec::new(),
    };
    let context = RowContext {
        upload: &upload,
        tenant: TenantId::of_name("Fabrikam"),
        registrant: &Registrant::Tenant,
        channel: Channel::Intune,
        group_tag: None,
        on_conflict: OnConflict::Update,
        now: at(0),
    };
    Device {
        id,
        absorbed: absorbed.to_vec(),
        ..Device::new(&record, &context)
    }
}

/// Three requests a minute.
const LIMIT: Limit = Limit {
    requests: 3,
    seconds: 60,
};

#[tokio::test]
async fn a_nonce_is_good_once_and_for_five_minutes() {
    let (_database, _, table) = empty().await;
    let nonces = Nonces::new(table);
    let one = nonces.give(1, at(0)).await.unwrap();
    let other = nonces.give(u128::MAX, at(0)).await.unwrap();
    assert_eq!(one.expires_at, at(0).checked_add(GOOD_MINUTES.minutes()).unwrap());
    assert_ne!(one.text, other.text);
    assert!(nonces.take(&one.text, at(299)).await.unwrap());
    assert!(!nonces.take(&one.text, at(299)).await.unwrap(), "taken");
    assert!(!nonces.take(&other.text, at(300)).await.unwrap(), "too old");
    for none in [
        "",
        "-",
        "0",
        &"0".repeat(32),
        &"g".repeat(32),
        &"ä".repeat(16),
        &"x".repeat(5000),
    ] {
        assert!(!nonces.take(none, at(0)).await.unwrap(), "{none}");
    }
}

#[tokio::test]
async fn each_source_has_its_share_of_each_minute() {
    let (_database, _, table) = empty().await;
    let rates = Rates::new(table);
    let (one, other) = (
        RateSource::of("x", Some("192.0.2.1")),
        RateSource::of("x", Some("192.0.2.2")),
    );
    for n in 1..=4 {
        let counted = rates.count(&one, LIMIT, at(20)).await.unwrap();
        assert_eq!(counted, if n <= 3 { Ok(()) } else { Err(40) }, "{n}");
    }
    assert_eq!(rates.count(&other, LIMIT, at(20)).await.unwrap(), Ok(()));
    assert_eq!(rates.count(&one, LIMIT, at(59)).await.unwrap(), Err(1));
    assert_eq!(
        rates.count(&one, LIMIT, at(60)).await.unwrap(),
        Ok(()),
        "another minute"
    );
}

#[tokio::test]
async fn a_stranger_is_looked_up_in_as_many_requests_as_a_device_and_found_nowhere() {
    let (_database, counting, table) = empty().await;
    let devices = Devices::new(table);
    let keys = [
        IdentityKey::endorsement_key(&[1; 32]),
        IdentityKey::tuple("Contoso", "Book", "S1"),
        IdentityKey::smbios_uuid(&[2; 16]),
    ];
    for shown in [&keys[..], &keys[1..2], &[]] {
        let before = counting.snapshot();
        let found = devices.lookup(shown).await.unwrap();
        assert_eq!(found.found, None);
        let asked = |operation: &str| {
            counting.snapshot().get(operation).copied().unwrap_or_default()
                - before.get(operation).copied().unwrap_or_default()
        };
        assert_eq!((asked("BatchGetItem"), asked("GetItem")), (1, 1));
    }
}

#[tokio::test]
async fn contacts_keep_the_first_and_the_last() {
    let (_database, _, table) = empty().await;
    let contacts = Contacts::new(table);
    let (one, other) = (device(1), device(2));
    assert_eq!(contacts.get(&[one]).await.unwrap(), Contact::default());
    let remediation = Remediation::at_boot(RemediationState::ManualRemediationRequired, at(1));
    contacts.remark(other, true, &remediation).await.unwrap();
    assert_eq!(contacts.get(&[other]).await.unwrap(), Contact::default(), "in vain");
    contacts.remark(one, false, &remediation).await.unwrap();
    let again = Remediation::at_boot(RemediationState::ManualRemediationRequired, at(4));
    contacts.remark(one, true, &again).await.unwrap();
    let seen = contacts.get(&[one]).await.unwrap();
    assert_eq!((seen.first_at, seen.remediation.as_ref()), (None, Some(&remediation)));

    let refused = NewContact {
        at: at(5),
        answer: Answer::NoProfile,
        os_build: Some("10.0.26100.1".to_owned()),
        profile: None,
        remediation: None,
    };
    let profile = Downloaded {
        profile: ProfileId::of_seed([1; 16]),
        name: "Kiosk".to_owned(),
        revision: 3,
        at: at(9),
    };
    let given = NewContact {
        at: at(9),
        answer: Answer::Profile,
        os_build: None,
        profile: Some(profile.clone()),
        remediation: Some(Remediation::at_boot(RemediationState::NoRemediationRequired, at(9))),
    };
    contacts.record(one, &refused).await.unwrap();
    for _ in 0..2 {
        contacts.record(one, &given).await.unwrap();
        let seen = contacts.get(&[one]).await.unwrap();
        assert_eq!((seen.first_at, seen.last_at), (Some(at(5)), Some(at(9))));
        assert_eq!(
            (seen.answer, seen.profile.as_ref()),
            (Some(Answer::Profile), Some(&profile))
        );
        assert_eq!(seen.os_build.as_deref(), Some("10.0.26100.1"));
        assert!(!seen.remediation.unwrap().is_open());
    }
    contacts
        .record(one, &NewContact { at: at(20), ..refused })
        .await
        .unwrap();
    let seen = contacts.get(&[one]).await.unwrap();
    assert_eq!(seen.profile, Some(profile), "it may still have what it was given");
    let (first, second) = (registered(one, &[]), registered(other, &[]));
    let many = contacts.get_many(&[&first, &second]).await.unwrap();
    assert_eq!(many.len(), 1);
    assert_eq!(many.get(&one), Some(&seen));
    // The second turns out to be the first.
    let merged = registered(other, &[one]);
    let many = contacts.get_many(&[&merged]).await.unwrap();
    assert_eq!(many.get(&other), Some(&seen));
    assert_eq!(contacts.get(&merged.ids()).await.unwrap(), seen);
    // What the MDM service says last counts for both.
    contacts.enrolled(&[one], Some(at(30))).await.unwrap();
    assert_eq!(contacts.get(&merged.ids()).await.unwrap().enrolled_at, Some(at(30)));
    contacts.enrolled(&merged.ids(), None).await.unwrap();
    assert_eq!(contacts.get(&merged.ids()).await.unwrap().enrolled_at, None);
}
