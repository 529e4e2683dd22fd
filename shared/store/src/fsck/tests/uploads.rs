//! Damages behind an upload: its cuts, what is done of it, its receipts, its objects, its counts.

mod whole;

use std::collections::BTreeMap;

use bytes::Bytes;
use muster_core::id::UploadId;
use muster_core::outcome::Outcome;
use muster_core::upload::Batch;

use super::*;
use crate::receipts::receipt_item;
use crate::reports::{fixit_key, report_key, summary_key};
use whole::*;

/// What is damaged.
enum Damage {
    Items(Vec<Action>),
    /// An object, and what stands there instead; `None`: it is deleted.
    Object(String, Option<&'static str>),
}

use Damage::{Items, Object};

/// The damages: whether the upload is finished, what is damaged, what is found, and whether it is mended.
fn damages(id: &UploadId) -> Vec<(&'static str, bool, Damage, Vec<&'static str>, bool)> {
    let (item, cuts) = (keys::upload(id), keys::cuts(id, 0));
    let progress = keys::progress(id, 0);
    let validated = format!("uploads/{id}/batches/00000001.ndjson");
    let device = |row| muster_core::id::DeviceId::of_row(id, row);
    let put_receipt = |batch, row| {
        let item = receipt_item(&receipt(id, batch, [row]), at(7)).unwrap();
        Items(vec![put(item)])
    };
    let registered = |row| {
        let of = Upload {
            id: id.clone(),
            ..upload(object())
        };
        let device = of_row(&of, row);
        let claim = claim_item(identity(row), &device).unwrap();
        Items(vec![put(device_item(&device).unwrap()), put(claim)])
    };
    let mut unchanged = receipt(id, 0, [1, 2]);
    unchanged.rows[1].outcome = Outcome::Unchanged;
    vec![
        (
            "the cuts are gone",
            true,
            Items(vec![Action::Delete(cuts.clone(), None)]),
            vec!["cuts-broken", "progress-broken"],
            false,
        ),
        (
            "a cut has other rows",
            true,
            Items(vec![set(
                cuts,
                "batches",
                serde_dynamo::to_attribute_value([
                    batch(0),
                    Batch {
                        first_row: 4,
                        ..batch(1)
                    },
                ])
                .unwrap(),
            )]),
            vec!["cuts-broken"],
            false,
        ),
        (
            "the total is another one",
            true,
            Items(vec![set(item.clone(), "total", number(3))]),
            vec!["cuts-broken", "progress-broken"],
            false,
        ),
        (
            "what is done is gone",
            true,
            Items(vec![Action::Delete(progress.clone(), None)]),
            vec!["progress-broken"],
            false,
        ),
        (
            "a batch is done that is not cut",
            true,
            Items(vec![set(progress.clone(), "done", numbers(&[0, 1, 9]))]),
            vec!["progress-broken"],
            false,
        ),
        (
            "all is done, and a batch is not",
            true,
            Items(vec![set(progress.clone(), "done", numbers(&[0]))]),
            vec!["progress-broken", "rows-miscounted"],
            false,
        ),
        (
            "more rows are done than there are",
            true,
            Items(vec![set(progress.clone(), "rows", number(5))]),
            vec!["rows-miscounted"],
            true,
        ),
        (
            "a receipt is gone",
            true,
            Items(vec![Action::Delete(keys::receipt(id, 0, 1), None)]),
            vec!["receipt-missing"; 2],
            false,
        ),
        (
            "a receipt is gone, and its batch is not done",
            false,
            Items(vec![
                Action::Delete(keys::receipt(id, 0, 1), None),
                set(progress.clone(), "done", numbers(&[1])),
                set(progress.clone(), "rows", number(2)),
                remove(item.clone(), "doneGroups"),
            ]),
            vec!["receipt-missing"; 2],
            false,
        ),
        (
            "a receipt and its devices are gone",
            true,
            Items(vec![
                Action::Delete(keys::receipt(id, 0, 1), None),
                Action::Delete(keys::device(device(1)), None),
                Action::Delete(keys::claim(identity(1)), None),
                Action::Delete(keys::device(device(2)), None),
                Action::Delete(keys::claim(identity(2)), None),
            ]),
            vec!["receipt-broken"; 2],
            false,
        ),
        (
            "a receipt says that a row changed nothing, and it registered a device",
            true,
            Items(vec![put(receipt_item(&unchanged, at(7)).unwrap())]),
            vec!["receipt-missing"],
            false,
        ),
        (
            "a faulty row registered a device",
            true,
            registered(4),
            vec!["receipt-missing"],
            false,
        ),
        (
            "a device comes from a row that is none",
            true,
            registered(5),
            vec!["source-wrong"],
            false,
        ),
        (
            "a receipt tells of a faulty row",
            true,
            put_receipt(1, 4),
            vec!["receipt-broken", "device-missing"],
            false,
        ),
        (
            "two receipts tell of a row",
            true,
            put_receipt(0, 2),
            vec!["receipt-broken"],
            false,
        ),
        (
            "a receipt cannot be read",
            true,
            Items(vec![set(keys::receipt(id, 1, 3), "rows", text("x"))]),
            vec!["receipt-broken"],
            false,
        ),
        (
            "a receipt never expires",
            true,
            Items(vec![Action::Update {
                key: keys::receipt(id, 1, 3),
                expression: "REMOVE #ttl".to_owned(),
                condition: Condition::default().name("#ttl", "ttl"),
            }]),
            vec!["receipt-kept"],
            true,
        ),
        (
            "a device of a receipt is gone",
            true,
            Items(vec![
                Action::Delete(keys::device(device(3)), None),
                Action::Delete(keys::claim(identity(3)), None),
            ]),
            vec!["device-missing"],
            false,
        ),
        (
            "the upload is gone",
            true,
            Items(vec![Action::Delete(item.clone(), None)]),
            // Its cuts, what is done, two receipts, three devices.
            vec!["upload-missing"; 7],
            false,
        ),
        (
            "it is finished, and due",
            true,
            Items(vec![
                set(item.clone(), "dpk", text("DUE#0")),
                set(item.clone(), "dsk", number(1)),
            ]),
            vec!["wrong-index"],
            true,
        ),
        (
            "it is finished, and has no end",
            true,
            Items(vec![remove(item.clone(), "finishedAt")]),
            vec!["state-impossible"],
            false,
        ),
        (
            "it counts otherwise than its rows",
            true,
            Items(vec![set(
                item.clone(),
                "counts",
                serde_dynamo::to_attribute_value(BTreeMap::from([(Outcome::Registered, 2), (Outcome::InvalidHash, 2)]))
                    .unwrap(),
            )]),
            vec!["counts-differ"; 2],
            false,
        ),
        (
            "it is under way, and not watched",
            false,
            Items(vec![remove(item.clone(), "dpk, dsk")]),
            vec!["not-watched"],
            true,
        ),
        (
            "it is under way, and has counts",
            false,
            Items(vec![set(
                item,
                "counts",
                serde_dynamo::to_attribute_value(BTreeMap::from([(Outcome::Registered, 4)])).unwrap(),
            )]),
            vec!["state-impossible", "counts-differ"],
            false,
        ),
        (
            "the report is gone",
            true,
            Object(report_key(id), None),
            vec!["object-missing"],
            false,
        ),
        (
            "the list of failed rows is gone",
            true,
            Object(fixit_key(id), None),
            vec!["object-missing"],
            false,
        ),
        (
            "the summary is gone",
            true,
            Object(summary_key(id), None),
            vec!["object-missing"],
            false,
        ),
        (
            "the summary is none",
            true,
            Object(summary_key(id), Some("{")),
            vec!["object-unreadable"],
            false,
        ),
        (
            "the summary is another one",
            true,
            Object(summary_key(id), Some(r#"{"rows":4,"outcomes":{"registered":4}}"#)),
            vec!["counts-differ"],
            false,
        ),
        (
            "a validated batch is gone",
            true,
            Object(validated.clone(), None),
            vec!["object-missing"],
            false,
        ),
        (
            "a validated batch is none",
            true,
            Object(validated.clone(), Some("{")),
            vec!["object-unreadable"],
            false,
        ),
        (
            "a validated batch lacks rows",
            true,
            Object(validated, Some("")),
            vec!["object-unreadable"],
            false,
        ),
    ]
}

async fn plant_damage(fsck: &Fsck, damage: Damage) {
    match damage {
        // Not together: DynamoDB takes one action for each item of a transaction.
        Items(actions) => {
            for action in actions {
                plant(fsck, vec![action]).await;
            }
        }
        Object(key, None) => fsck.objects.delete(&key).await.unwrap(),
        Object(key, Some(body)) => fsck.objects.put(&key, Bytes::from(body), "x").await.unwrap(),
    }
}

#[tokio::test]
async fn each_damage_behind_an_upload_is_found_by_its_name() {
    let count = damages(&object().upload_id()).len();
    for at_damage in 0..count {
        // The object's version, and so the id of the upload, differs each time.
        let finished = damages(&object().upload_id()).swap_remove(at_damage).1;
        let (_database, _bucket, fsck, id) = uploaded(finished).await;
        let (name, _, damage, expected, mended) = damages(&id).swap_remove(at_damage);
        found_and_mended(&fsck, name, expected, mended, plant_damage(&fsck, damage)).await;
    }
}

/// Receipts expire: those of an upload that took long may be gone of its first devices, not of its last.
#[tokio::test]
async fn a_device_needs_a_receipt_as_long_as_receipts_are_kept() {
    let (_database, _bucket, fsck, id) = uploaded(true).await;
    plant(&fsck, vec![Action::Delete(keys::receipt(&id, 0, 1), None)]).await;
    // It was accepted in second 5 and finished in second 9; its devices are of second 7.
    for (second, expected) in [(4, 2), (6, 2), (7, 0), (8, 0), (9, 0)] {
        let found = fsck.check(at(29 * 24 * 3600 + second)).await.unwrap();
        assert_eq!(codes(&found), vec!["receipt-missing"; expected], "second {second}");
    }
}

/// The file goes, and the registry says where that matters.
#[tokio::test]
async fn an_upload_whose_file_is_gone_is_told_of() {
    for finished in [false, true] {
        let (database, _bucket, fsck, id) = uploaded(finished).await;
        // A bucket in which nothing is but what was made of the upload.
        let bucket = Bucket::embedded(Arc::new(|| at(0))).unwrap();
        let elsewhere = over(&database, &bucket).await;
        let key = |number| format!("uploads/{id}/batches/{number:08}.ndjson");
        let mut made = vec![key(0), key(1)];
        if finished {
            made.extend([report_key(&id), fixit_key(&id), summary_key(&id)]);
        }
        for key in made {
            let body = fsck.objects.get_small(&key).await.unwrap().unwrap();
            elsewhere.objects.put(&key, body, "x").await.unwrap();
        }
        let found = elsewhere.check(at(10)).await.unwrap();
        assert_eq!(codes(&found), ["object-missing"], "{:?}", found.findings);
    }
}

/// What is done is counted by the cuts: where those are damaged, it may be the number that is right.
#[tokio::test]
async fn rows_are_not_counted_again_by_damaged_cuts() {
    let (_database, _bucket, fsck, id) = uploaded(true).await;
    let longer = Batch { rows: 3, ..batch(1) };
    let cuts = serde_dynamo::to_attribute_value([batch(0), longer]).unwrap();
    plant(&fsck, vec![set(keys::cuts(&id, 0), "batches", cuts)]).await;
    let report = fsck.repair(at(10)).await.unwrap();
    assert_eq!(codes(&report), ["cuts-broken", "rows-miscounted"]);
    assert_eq!(report.mended, 0, "{:?}", report.findings);
}
