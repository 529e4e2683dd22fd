//! An upload of which all is in order, to be damaged.

use std::collections::BTreeMap;

use bytes::Bytes;
use muster_core::decide::Decision;
use muster_core::id::UploadId;
use muster_core::outcome::Outcome;
use muster_core::record::{Checked, Fault};
use muster_core::report::RowOutcome;
use muster_core::upload::{Batch, UploadState};

use super::super::*;
use crate::devices::{PlannedRow, Slice, SliceWritten};
use crate::receipts::Receipt;
use crate::reports::{fixit_key, report_key, summary_key};
use crate::uploads::Finished;

/// A registry with an upload of two batches of two rows: three devices, and a row that is faulty. Everything is done of it;
/// `finished`: it has its end, too.
pub(super) async fn uploaded(finished: bool) -> (Database, Bucket, Fsck, UploadId) {
    let (database, bucket, fsck) = sound().await;
    let object = drop_list(&fsck).await;
    let upload = upload(object);
    let (id, uploads) = (upload.id.clone(), fsck.uploads.clone());
    uploads.accept(&upload, "{}", &[], at(60)).await.unwrap();
    uploads.put_cuts(&id, 0, &[batch(0), batch(1)]).await.unwrap();
    uploads.set_total(&id, 2, 4).await.unwrap();
    for number in [0, 1] {
        let rows: Vec<Checked> = rows_of(number).map(checked).collect();
        fsck.validated.put(&id, number, rows).await.unwrap();
        register(&fsck, &upload, number).await;
        uploads.batch_done(&id, number, 2).await.unwrap();
    }
    if finished {
        for (key, body) in [
            (report_key(&id), "report"),
            (fixit_key(&id), "fixit"),
            (summary_key(&id), SUMMARY),
        ] {
            fsck.objects.put(&key, Bytes::from(body), "text/csv").await.unwrap();
        }
        let counts = BTreeMap::from([(Outcome::Registered, 3), (Outcome::InvalidHash, 1)]);
        let finish = uploads.finish(&id, UploadState::FinishedWithErrors, &counts, at(9));
        assert_eq!(finish.await.unwrap(), Finished::Done);
    }
    (database, bucket, fsck, id)
}

pub(super) const SUMMARY: &str = r#"{"rows":4,"outcomes":{"registered":3,"invalidHash":1}}"#;

pub(super) async fn drop_list(fsck: &Fsck) -> ObjectVersion {
    let key = "inbox/intune/-/Fabrikam/list.csv".to_owned();
    let list = Bytes::from(vec![b'x'; 20]);
    fsck.objects.put(&key, list, "text/csv").await.unwrap();
    let head = fsck.objects.head(&key, None).await.unwrap().unwrap();
    ObjectVersion {
        bucket: fsck.objects.bucket().to_owned(),
        key,
        version: head.version,
    }
}

pub(super) fn batch(number: u32) -> Batch {
    let number = u64::from(number);
    Batch {
        start: number * 10,
        end: number * 10 + 10,
        first_line: number * 2 + 2,
        first_row: number * 2 + 1,
        rows: 2,
        next_start: number * 10 + 10,
        next_line: number * 2 + 4,
    }
}

pub(super) fn rows_of(number: u32) -> std::ops::Range<u64> {
    let first = batch(number).first_row;
    first..first + 2
}

/// The fourth row is faulty.
pub(super) fn checked(row: u64) -> Checked {
    let valid = record(row, identity(row));
    if row < 4 {
        return Checked::Valid(Box::new(valid));
    }
    Checked::Faulty {
        place: valid.place,
        serial: None,
        faults: vec![Fault {
            outcome: Outcome::InvalidHash,
            column: None,
            column_name: None,
            detail: "x".to_owned(),
        }],
    }
}

/// The identity of a row's device.
pub(super) fn identity(row: u64) -> IdentityKey {
    key(100 + row)
}

pub(super) fn of_row(upload: &Upload, row: u64) -> Device {
    let context = RowContext {
        upload: &upload.id,
        tenant: tenant(),
        registrant: &Registrant::Tenant,
        channel: Channel::Intune,
        group_tag: None,
        on_conflict: OnConflict::Update,
        now: at(7),
    };
    Device::new(&record(row, identity(row)), &context)
}

pub(super) fn receipt(upload: &UploadId, batch: u32, rows: impl IntoIterator<Item = u64>) -> Receipt {
    let registered = |row| RowOutcome {
        row,
        outcome: Outcome::Registered,
        device: None,
        entry: None,
        other_line: None,
        detail: None,
    };
    Receipt {
        upload: upload.clone(),
        batch,
        rows: rows.into_iter().map(registered).collect(),
    }
}

/// Registers the valid rows of a batch.
pub(super) async fn register(fsck: &Fsck, upload: &Upload, number: u32) {
    let rows: Vec<u64> = rows_of(number).filter(|row| *row < 4).collect();
    let planned: Vec<PlannedRow> = rows
        .iter()
        .map(|row| PlannedRow {
            row: *row,
            decision: Decision::Insert(Box::new(of_row(upload, *row))),
            entry: None,
        })
        .collect();
    let slice = Slice {
        pin: &upload.grant,
        shard: number,
        now: at(7),
        receipt: &receipt(&upload.id, number, rows),
        rows: &planned,
    };
    assert_eq!(fsck.devices.write_slice(&slice).await.unwrap(), SliceWritten::Done);
}

pub(super) fn number(n: u32) -> AttributeValue {
    AttributeValue::N(n.to_string())
}

pub(super) fn numbers(ns: &[u32]) -> AttributeValue {
    AttributeValue::Ns(ns.iter().map(ToString::to_string).collect())
}

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
