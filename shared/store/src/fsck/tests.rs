//! Each damage is planted in a sound registry, found by its name, and mended where there is one way.

mod catalogue;
mod profiles;
mod uploads;

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use engines::{Bucket, Database, KEYS};
use muster_core::channel::Channel;
use muster_core::deployment::Contact;
use muster_core::device::{Device, DeviceState, RowContext, Source};
use muster_core::grant::{GrantPin, GrantRequest, Verb};
use muster_core::history::DeviceChange;
use muster_core::id::{PartnerId, TenantId};
use muster_core::identity::IdentityKey;
use muster_core::inbox::{OnConflict, UploadOptions};
use muster_core::party::{Listing, Partner, PartnerKind, Registrant, Tenant};
use muster_core::record::{Place, Record};
use muster_core::upload::{ObjectVersion, Reason, Upload};

use super::*;
use crate::connection::{Connection, Credentials};
use crate::devices::{change_item, claim_item, device_item};
use crate::item::Item;
use crate::keys;
use crate::parties::name_item;
use crate::table::{Action, Condition, Transacted};
use crate::{Grants, Partners, Tenants};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn tenant() -> TenantId {
    "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap()
}

fn contoso() -> PartnerId {
    "contoso".parse().unwrap()
}

fn object() -> ObjectVersion {
    ObjectVersion {
        bucket: "b".to_owned(),
        key: "k".to_owned(),
        version: "1".to_owned(),
    }
}

fn key(n: u64) -> IdentityKey {
    IdentityKey::tuple("Contoso", "Book", &format!("S{n}"))
}

/// A row in order with this identity.
fn record(row: u64, key: IdentityKey) -> Record {
    Record {
        place: Place {
            row,
            line: row + 1,
            offset: 0,
            len: 1,
        },
        serial: Some(format!("S{row}")),
        manufacturer: None,
        model: None,
        pkid: None,
        group_tag: None,
        assigned_user: None,
        keys: vec![key],
        components: None,
        notices: Vec::new(),
    }
}

/// An upload by the tenant itself.
fn upload(object: ObjectVersion) -> Upload {
    Upload {
        id: object.upload_id(),
        object,
        size: 20,
        tenant: tenant(),
        registrant: Registrant::Tenant,
        channel: Channel::Intune,
        options: UploadOptions::default(),
        grant: GrantPin {
            tenant: tenant(),
            registrant: Registrant::Tenant,
            generation: 1,
            verbs: Verb::ALL.to_vec(),
        },
        require_catalogue: false,
        manufacturers: std::collections::BTreeSet::new(),
        created_at: at(5),
    }
}

fn device(n: u64) -> Device {
    let upload = object().upload_id();
    let context = RowContext {
        upload: &upload,
        tenant: tenant(),
        registrant: &Registrant::Tenant,
        channel: Channel::Intune,
        group_tag: None,
        on_conflict: OnConflict::Update,
        now: at(i64::try_from(n).unwrap()),
    };
    Device::new(&record(n, key(n)), &context)
}

fn put(item: Item) -> Action {
    Action::Put(item, None)
}

fn set(key: Key, name: &str, value: AttributeValue) -> Action {
    Action::Update {
        key,
        expression: "SET #n = :v".to_owned(),
        condition: Condition::default().name("#n", name).value(":v", value),
    }
}

fn remove(key: Key, names: &str) -> Action {
    Action::Update {
        key,
        expression: format!("REMOVE {names}"),
        condition: Condition::default(),
    }
}

/// A check of what is in this database and this bucket, which loses no time.
async fn over(database: &Database, bucket: &Bucket) -> Fsck {
    let connection = |access_key: &str, secret_key: &str| {
        let credentials = Credentials {
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
        };
        Connection::embedded(database.http_client(), bucket.http_client(), &credentials)
    };
    let table = Table::new(&connection(KEYS.0, KEYS.1), database.table());
    let (access_key, secret_key) = bucket.keys();
    let objects = Objects::new(&connection(access_key, secret_key), bucket.name());
    table.create().await.unwrap();
    objects.create().await.unwrap();
    Fsck {
        settle: Duration::ZERO,
        ..Fsck::new(table, objects)
    }
}

/// A sound registry: a tenant, a partner with consent, and two devices of an upload that was given up.
async fn sound() -> (Database, Bucket, Fsck) {
    let database = Database::new().unwrap();
    // The damages are the table's.
    let bucket = Bucket::embedded(Arc::new(|| at(0))).unwrap();
    let fsck = over(&database, &bucket).await;
    let table = fsck.table.clone();
    let (id, name) = (tenant(), "Fabrikam".to_owned());
    let created_at = at(0);
    let new = Tenant::new(id, name, created_at);
    Tenants::new(table.clone()).create(&new).await.unwrap();
    let partner = Partner::new(contoso(), "Contoso", PartnerKind::CspDirect, created_at);
    let partners = Partners::new(table.clone());
    partners.create(&partner).await.unwrap();
    partners.set_listing(&partner, Some(&listing()), None).await.unwrap();
    let asks = GrantRequest {
        tenant: id,
        partner: contoso(),
        kind: PartnerKind::CspDirect,
        verbs: Verb::ALL.to_vec(),
        channels: None,
        expires_at: None,
        delegated_administration: false,
        by: "partner".into(),
    };
    let grants = Grants::new(table.clone());
    grants.request(asks, at(1)).await.unwrap().unwrap();
    grants.grant(id, &contoso(), "admin", at(2)).await.unwrap().unwrap();
    let reason = Reason {
        code: "x".to_owned(),
        detail: "x".to_owned(),
        remedy: "x".to_owned(),
    };
    let (uploads, upload) = (Uploads::new(table), upload(object()));
    uploads.accept(&upload, "{}", &[], at(6)).await.unwrap();
    assert!(uploads.give_up(&upload.id, &reason, at(7)).await.unwrap());
    for n in [1, 2] {
        let device = device(n);
        plant(
            &fsck,
            vec![
                put(device_item(&device).unwrap()),
                put(claim_item(key(n), &device).unwrap()),
            ],
        )
        .await;
    }
    (database, bucket, fsck)
}

fn listing() -> Listing {
    Listing {
        description: "Sells devices.".to_owned(),
        website: None,
        regions: Vec::new(),
    }
}

/// A partner's place in the directory.
fn listing_of(id: &str) -> Item {
    let partner: PartnerId = id.parse().unwrap();
    let kind = PartnerKind::CspDirect;
    let sort = crate::parties::directory_sort(kind, &partner);
    let entry = crate::parties::Entry {
        partner: partner.clone(),
        kind,
        version: 1,
        listing: Some(listing()),
    };
    let item = Item::new(&keys::listing(&partner), &entry).unwrap();
    item.listed(keys::DIRECTORY.to_owned(), sort)
}

async fn plant(fsck: &Fsck, damage: Vec<Action>) {
    assert_eq!(fsck.table.transact(&damage).await.unwrap(), Transacted::Done);
}

/// The damages: what is written, what is found, and whether it is mended.
fn damages() -> Vec<(&'static str, Vec<Action>, Vec<&'static str>, bool)> {
    let (first, text) = (device(1), |text: &str| AttributeValue::S(text.to_owned()));
    let (head, own) = (Registrant::Partner(contoso()), Registrant::Tenant);
    let shard = |number| keys::grant_shard(tenant(), &head, number);
    let retired = Device {
        state: DeviceState::Released,
        ..first.clone()
    };
    let merged = Device {
        state: DeviceState::Merged,
        merged_into: Some(device(7).id),
        ..first.clone()
    };
    let elsewhere = Device {
        source: Source {
            place: record(2, key(1)).place,
            ..first.source.clone()
        },
        ..first.clone()
    };
    let later = DeviceChange {
        version: 7,
        ..DeviceChange::first(&first)
    };
    let strange = crate::devices::Claim {
        device: first.id,
        tenant: tenant(),
    };
    let gone = "2c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21".parse().unwrap();
    vec![
        (
            "a claim is gone",
            vec![Action::Delete(keys::claim(key(1)), None)],
            vec!["claim-missing"],
            true,
        ),
        (
            "a device is gone",
            vec![Action::Delete(keys::device(first.id), None)],
            vec!["claim-orphaned"],
            true,
        ),
        (
            "a release left its claim",
            vec![put(device_item(&retired).unwrap())],
            vec!["claim-orphaned"],
            true,
        ),
        (
            "a device holds the identity of another",
            vec![put(claim_item(key(1), &device(2)).unwrap())],
            vec!["identity-twice", "claim-differs"],
            false,
        ),
        (
            "a device that is gone holds an identity",
            vec![put(claim_item(key(1), &device(9)).unwrap())],
            vec!["claim-missing", "claim-orphaned"],
            true,
        ),
        (
            "a device is in no list",
            vec![remove(keys::device(first.id), "lpk, lsk")],
            vec!["wrong-index"],
            true,
        ),
        (
            "a merge leads nowhere",
            vec![
                put(device_item(&merged).unwrap()),
                Action::Delete(keys::claim(key(1)), None),
            ],
            vec!["merge-broken"],
            false,
        ),
        (
            "a change of a device that is gone",
            vec![put(change_item(device(9).id, &DeviceChange::first(&device(9))).unwrap())],
            vec!["device-change-orphaned"],
            false,
        ),
        (
            "a device that is gone showed itself",
            vec![put(
                Item::new(&keys::contact(device(9).id), &Contact::default()).unwrap()
            )],
            vec!["contact-orphaned"],
            false,
        ),
        (
            "a contact at no time",
            vec![put(Item::new(
                &keys::contact(first.id),
                &serde_json::json!({"firstAt": "yesterday"}),
            )
            .unwrap())],
            vec!["unreadable"],
            false,
        ),
        (
            "a change to a version that never was",
            vec![put(change_item(first.id, &later).unwrap())],
            vec!["device-change-orphaned"],
            false,
        ),
        (
            "a change that tells of another version",
            vec![put(Item::new(&keys::device_change(first.id, 1), &later).unwrap())],
            vec!["unreadable"],
            false,
        ),
        (
            "a name is free",
            vec![Action::Delete(keys::tenant_name("Fabrikam"), None)],
            vec!["name-missing"],
            true,
        ),
        (
            "a name belongs to nobody",
            vec![put(name_item("Tailspin", gone).unwrap())],
            vec!["name-orphaned"],
            true,
        ),
        (
            "a shard is gone",
            vec![Action::Delete(shard(3), None)],
            vec!["shard-missing"],
            true,
        ),
        (
            "a shard is closed alone",
            vec![set(shard(3), "state", text("revoked"))],
            vec!["shard-differs"],
            false,
        ),
        (
            "a grant is revoked, and its shards are not",
            vec![set(keys::grant(tenant(), &head), "state", text("revoked"))],
            vec!["shard-open"; 8],
            true,
        ),
        (
            "a grant is gone",
            vec![Action::Delete(keys::grant(tenant(), &head), None)],
            [
                vec!["pointer-orphaned"],
                vec!["shard-orphaned"; 8],
                vec!["consent-change-orphaned"; 2],
            ]
            .concat(),
            false,
        ),
        (
            "a grant is set back",
            vec![set(
                keys::grant(tenant(), &head),
                "version",
                AttributeValue::N("1".to_owned()),
            )],
            vec!["consent-change-orphaned"],
            false,
        ),
        (
            "an entry about a decision is in no list",
            vec![remove(keys::consent_change(tenant(), &contoso(), 1, at(1)), "lpk, lsk")],
            vec!["wrong-index"],
            true,
        ),
        (
            "a listing is in no list",
            vec![remove(keys::listing(&contoso()), "lpk, lsk")],
            vec!["wrong-index"],
            true,
        ),
        (
            "the directory lists a partner that is gone",
            vec![put(listing_of("tailspin"))],
            vec!["partner-missing"],
            false,
        ),
        (
            "a pointer is gone",
            vec![Action::Delete(keys::partner_grant(&contoso(), tenant()), None)],
            vec!["pointer-missing"],
            true,
        ),
        (
            "a decision is under way, and nobody looks after it",
            vec![set(keys::grant(tenant(), &own), "state", text("granting"))],
            vec!["not-watched"],
            true,
        ),
        (
            "an upload is gone",
            vec![Action::Delete(keys::upload(&object().upload_id()), None)],
            vec!["upload-missing"; 2],
            false,
        ),
        (
            "a device names another row",
            vec![put(device_item(&elsewhere).unwrap())],
            vec!["source-wrong"],
            false,
        ),
        (
            "devices come from an upload that was refused",
            vec![set(keys::upload(&object().upload_id()), "state", text("refused"))],
            vec!["source-wrong"; 2],
            false,
        ),
        (
            "an item is strange",
            vec![put(Item::new(&Key::new("OTHER", "X"), &strange).unwrap())],
            vec!["unknown-item"],
            false,
        ),
        (
            "an item is of a later version",
            vec![set(keys::partner(&contoso()), "v", AttributeValue::N("2".to_owned()))],
            vec!["other-version"],
            false,
        ),
        (
            "an item cannot be read",
            vec![remove(keys::claim(key(1)), "device")],
            vec!["unreadable"],
            false,
        ),
    ]
}

fn codes(report: &Report) -> Vec<&'static str> {
    let mut codes: Vec<&str> = report.findings.iter().map(|finding| finding.code.name()).collect();
    codes.sort_unstable();
    codes
}

/// A sound registry is damaged; the check finds that by its name, and a repair mends it, where there is one way.
async fn found_and_mended(
    fsck: &Fsck,
    name: &str,
    mut expected: Vec<&str>,
    mended: bool,
    damage: impl Future<Output = ()>,
) {
    let before = fsck.check(at(10)).await.unwrap();
    assert_eq!(before.findings, Vec::new(), "before {name}");
    damage.await;
    expected.sort_unstable();
    let found = fsck.check(at(10)).await.unwrap();
    assert_eq!(codes(&found), expected, "{name}: {:?}", found.findings);
    assert!(!found.is_clean(), "{name}");
    let repaired = fsck.repair(at(10)).await.unwrap();
    assert_eq!(repaired.is_clean(), mended, "{name}: {:?}", repaired.findings);
    let again = fsck.repair(at(10)).await.unwrap();
    assert_eq!(
        (again.mended, again.left),
        (0, repaired.left),
        "{name}, twice: {:?}",
        again.findings
    );
}

#[tokio::test]
async fn each_damage_is_found_by_its_name_and_mended_where_there_is_one_way() {
    for (name, damage, expected, mended) in damages() {
        let (_database, _bucket, fsck) = sound().await;
        found_and_mended(&fsck, name, expected, mended, plant(&fsck, damage)).await;
    }
}
