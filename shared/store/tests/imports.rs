//! Queues of imports, against a DynamoDB.
#![cfg(test)]

use engines::Database;
use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::id::{AnnouncementId, DeviceId, ImportId, TenantId, UploadId};
use muster_store::imports::{Import, ImportResult, Imports};
use muster_store::{Connection, Credentials, Table};

async fn empty() -> (Database, Imports) {
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
    (database, Imports::new(table))
}

fn tenant(name: &str) -> TenantId {
    TenantId::of_name(name)
}

fn row(number: u64) -> Import {
    let list = AnnouncementId::of_seed([7; 16]);
    Import {
        id: ImportId::of_row(&list, number),
        import_id: "x".to_owned(),
        serial: Some(format!("S{number}")),
        product_key: None,
        group_tag: None,
        assigned_user: None,
        created_at: Timestamp::UNIX_EPOCH + 1_000_000.hours(),
        list,
        upload: UploadId::of_object("b", "k", "1"),
        row: number,
        result: None,
    }
}

fn failed(code: u16) -> ImportResult {
    ImportResult::Failed {
        code,
        name: "Ztd".to_owned(),
    }
}

#[tokio::test]
async fn a_row_is_written_once_settled_once_and_deleted_for_good() {
    let (_database, imports) = empty().await;
    let (own, other) = (tenant("Fabrikam"), tenant("Tailspin"));
    let row = row(1);
    imports.add(own, std::slice::from_ref(&row)).await.unwrap();
    let device = DeviceId::of_row(&row.upload, 1);
    let complete = ImportResult::Complete(device);
    imports.settle(own, &[(row.id, complete.clone())]).await.unwrap();
    // Who looked a moment later, or hands the same in again, changes nothing of it.
    imports.settle(own, &[(row.id, failed(640))]).await.unwrap();
    imports.add(own, std::slice::from_ref(&row)).await.unwrap();
    let known = imports.get(own, row.id).await.unwrap().unwrap();
    assert_eq!(known.result, Some(complete));
    assert_eq!(imports.get(other, row.id).await.unwrap(), None);
    assert!(!imports.delete(other, row.id).await.unwrap());

    assert!(imports.delete(own, row.id).await.unwrap());
    assert!(!imports.delete(own, row.id).await.unwrap());
    // Who looked before it was deleted does not bring it back.
    imports.settle(own, &[(row.id, failed(640))]).await.unwrap();
    assert_eq!(imports.get(own, row.id).await.unwrap(), None);
}

#[tokio::test]
async fn pages_go_on_behind_rows_that_are_gone() {
    let (_database, imports) = empty().await;
    let own = tenant("Fabrikam");
    let rows: Vec<Import> = (1..=7).map(row).collect();
    imports.add(own, &rows).await.unwrap();
    assert!(
        imports
            .synchronise(own, Timestamp::UNIX_EPOCH, rows[0].created_at)
            .await
            .unwrap()
            .is_ok()
    );
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = imports.list(own, after, 3).await.unwrap();
        seen.extend(page.rows.iter().map(|row| row.id));
        let Some(next) = page.next else {
            break;
        };
        assert!(imports.delete(own, next).await.unwrap());
        after = Some(next);
    }
    let mut all: Vec<ImportId> = rows.iter().map(|row| row.id).collect();
    all.sort();
    assert_eq!(seen, all, "the moment of a synchronisation is no row");
    assert!(imports.list(tenant("Tailspin"), None, 3).await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn of_two_who_ask_for_a_synchronisation_one_comes_first() {
    let (_database, imports) = empty().await;
    let (own, start) = (tenant("Fabrikam"), Timestamp::UNIX_EPOCH + 1_000_000.hours());
    assert_eq!(imports.synchronisation(own).await.unwrap(), None);
    let ask = async |now: Timestamp| imports.synchronise(own, now - 10.minutes(), now).await.unwrap();
    let (one, two) = tokio::join!(ask(start), ask(start));
    assert_eq!(
        [one, two].iter().filter(|answer| answer.is_ok()).count(),
        1,
        "{one:?} {two:?}"
    );
    assert_eq!(ask(start + 9.minutes()).await, Err(start));
    assert_eq!(ask(start + 10.minutes()).await, Ok(()));
    assert_eq!(imports.synchronisation(own).await.unwrap(), Some(start + 10.minutes()));
}
