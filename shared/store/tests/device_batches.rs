//! Device batches against a DynamoDB.
#![cfg(test)]

use engines::Database;
use muster_core::Timestamp;
use muster_core::id::{AnnouncementId, PartnerId, TenantId, UploadId};
use muster_store::device_batches::{
    Appended, DeviceBatch, DeviceBatches, Ended, MAX_DEVICES, MAX_UPLOADS, PolicyUpdate, UpdatedDevice,
};
use muster_store::{Connection, Credentials, ErrorKind, Table};
use uuid::Uuid;

async fn empty() -> (Database, DeviceBatches) {
    let database = Database::new().unwrap();
    let credentials = Credentials {
        access_key: "test".to_owned(),
        secret_key: "test".to_owned(),
    };
    let http = database.http_client();
    let table = Table::new(
        &Connection::embedded(http.clone(), http, &credentials),
        database.table(),
    );
    table.create().await.unwrap();
    (database, DeviceBatches::new(table))
}

fn tenant() -> TenantId {
    "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap()
}

fn partner(name: &str) -> PartnerId {
    name.parse().unwrap()
}

fn batch(name: &str, first: u8) -> DeviceBatch {
    DeviceBatch {
        id: name.to_owned(),
        tenant: tenant(),
        partner: partner("contoso"),
        created_at: Timestamp::UNIX_EPOCH,
        first: AnnouncementId::of_seed([first; 16]),
        uploads: Vec::new(),
        ended: Ended::default(),
    }
}

fn upload(n: usize) -> UploadId {
    UploadId::of_object("b", "k", &n.to_string())
}

#[tokio::test]
async fn a_name_is_taken_once_and_its_uploads_are_noted_once() {
    let (_database, batches) = empty().await;
    let (tenant, contoso) = (tenant(), partner("contoso"));
    let first = batch("Test batch", 1);
    assert_eq!(batches.create(&first).await.unwrap(), first);
    // Whoever comes later sees whose it is, and nothing of it is changed.
    assert_eq!(batches.create(&batch("Test batch", 2)).await.unwrap(), first);
    for n in [1, 2, 1] {
        let appended = batches
            .append(tenant, &contoso, "Test batch", &upload(n))
            .await
            .unwrap();
        assert_eq!(appended, Appended::Done);
    }
    let known = batches.get(tenant, &contoso, "Test batch").await.unwrap().unwrap();
    assert_eq!(known.uploads, [upload(1), upload(2)]);
    for (who, name) in [("contoso", "test batch"), ("adatum", "Test batch")] {
        let who = partner(who);
        assert_eq!(batches.get(tenant, &who, name).await.unwrap(), None);
        assert_eq!(
            batches.append(tenant, &who, name, &upload(3)).await.unwrap(),
            Appended::Absent
        );
    }
}

#[tokio::test]
async fn a_batch_takes_so_many_uploads_and_no_more() {
    let (_database, batches) = empty().await;
    let (tenant, contoso) = (tenant(), partner("contoso"));
    let almost = DeviceBatch {
        uploads: (1..MAX_UPLOADS).map(upload).collect(),
        ..batch("a", 1)
    };
    batches.create(&almost).await.unwrap();
    for (n, expected) in [
        (MAX_UPLOADS, Appended::Done),
        (MAX_UPLOADS + 1, Appended::Full),
        (MAX_UPLOADS, Appended::Done),
    ] {
        assert_eq!(
            batches.append(tenant, &contoso, "a", &upload(n)).await.unwrap(),
            expected
        );
    }
}

#[tokio::test]
async fn what_is_kept_of_more_uploads_stays() {
    let (_database, batches) = empty().await;
    let (tenant, contoso) = (tenant(), partner("contoso"));
    let new = DeviceBatch {
        uploads: (0..3).map(upload).collect(),
        ..batch("a", 1)
    };
    batches.create(&new).await.unwrap();
    let ended = |uploads, devices, failed| Ended {
        uploads,
        devices,
        failed,
    };
    // Who is late, and who comes again, changes nothing.
    for (kept, expected) in [
        (ended(1, 5, false), ended(1, 5, false)),
        (ended(3, 7, true), ended(3, 7, true)),
        (ended(2, 6, false), ended(3, 7, true)),
        (ended(3, 7, true), ended(3, 7, true)),
    ] {
        batches.keep_ended(&new, kept).await.unwrap();
        let known = batches.get(tenant, &contoso, "a").await.unwrap().unwrap();
        assert_eq!((known.ended, known.uploads.len()), (expected, 3));
        assert_eq!(known.open(), &known.uploads[expected.uploads..]);
    }
    // What is no batch does not become one.
    batches.keep_ended(&batch("b", 1), ended(1, 1, false)).await.unwrap();
    assert_eq!(batches.get(tenant, &contoso, "b").await.unwrap(), None);
}

#[tokio::test]
async fn batches_are_listed_by_name_and_what_became_of_updates_is_not_among_them() {
    let (_database, batches) = empty().await;
    let (tenant, contoso) = (tenant(), partner("contoso"));
    for name in ["c", "a", "b#1"] {
        batches.create(&batch(name, 1)).await.unwrap();
    }
    let update = PolicyUpdate {
        id: Uuid::from_u128(7),
        started_at: Timestamp::UNIX_EPOCH,
        completed_at: Timestamp::UNIX_EPOCH,
        devices: vec![UpdatedDevice {
            id: "d".to_owned(),
            fault: Some(807),
        }],
    };
    batches.record(tenant, &contoso, &update).await.unwrap();
    assert_eq!(
        batches.update(tenant, &contoso, update.id).await.unwrap(),
        Some(update.clone())
    );
    assert_eq!(
        batches.update(tenant, &partner("adatum"), update.id).await.unwrap(),
        None
    );
    let too_many = PolicyUpdate {
        devices: vec![update.devices[0].clone(); MAX_DEVICES + 1],
        ..update
    };
    let error = batches.record(tenant, &contoso, &too_many).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);

    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = batches.list(tenant, &contoso, after.as_deref(), 2).await.unwrap();
        seen.push(page.batches.into_iter().map(|batch| batch.id).collect::<Vec<_>>());
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [vec!["a", "b#1"], vec!["c"]]);
}
