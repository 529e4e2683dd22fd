//! Conflicts as the SDK sees them.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{Get, TransactGetItem};

use super::*;
use crate::dynamodb::DynamoDb;
use crate::dynamodb::tests::{TABLE, check_exists, client, create_table, item, put_once};

/// A client whose transactions hold their items long enough to be met.
async fn fresh() -> Client {
    let conflicting = Conflicting::new(DynamoDb::in_memory().unwrap().http_client());
    let client = client(conflicting.http_client());
    create_table(&client).await;
    client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(item("grant", "1")))
        .send()
        .await
        .unwrap();
    conflicting.set_hold(Duration::from_millis(300));
    client
}

/// Begins a transaction on `grant/1` and `p/first` and waits until it is in flight.
async fn begin(client: &Client) -> tokio::task::JoinHandle<bool> {
    let actions = vec![put_once("p", "first"), check_exists("grant", "1")];
    let request = client.transact_write_items().set_transact_items(Some(actions));
    let task = tokio::spawn(async move { request.send().await.is_ok() });
    tokio::time::sleep(Duration::from_millis(100)).await;
    task
}

#[tokio::test]
async fn of_two_transactions_on_one_item_the_later_is_cancelled_at_that_position() {
    let client = fresh().await;
    let first = begin(&client).await;
    let actions = vec![put_once("p", "second"), check_exists("grant", "1")];
    let second = client
        .transact_write_items()
        .set_transact_items(Some(actions))
        .send()
        .await
        .unwrap_err();
    let second = second.into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        second,
    ) = second
    else {
        panic!("not the typed error: {second:?}")
    };
    let codes: Vec<_> = second
        .cancellation_reasons()
        .iter()
        .map(|r| r.code().unwrap())
        .collect();
    assert_eq!(codes, ["None", "TransactionConflict"]);
    assert!(first.await.unwrap());
    // Once the first is through, the same goes.
    let again = vec![put_once("p", "second"), check_exists("grant", "1")];
    client
        .transact_write_items()
        .set_transact_items(Some(again))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn transactions_without_a_common_item_pass_each_other() {
    let client = fresh().await;
    let first = begin(&client).await;
    client
        .transact_write_items()
        .transact_items(put_once("p", "second"))
        .send()
        .await
        .unwrap();
    assert!(first.await.unwrap());
}

#[tokio::test]
async fn single_writes_conflict_and_plain_reads_do_not() {
    let client = fresh().await;
    let first = begin(&client).await;
    let key = || Some(item("grant", "1"));
    let put = client
        .put_item()
        .table_name(TABLE)
        .set_item(key())
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(put.is_transaction_conflict_exception(), "{put:?}");
    let update = client
        .update_item()
        .table_name(TABLE)
        .set_key(key())
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(update.is_transaction_conflict_exception(), "{update:?}");
    let delete = client
        .delete_item()
        .table_name(TABLE)
        .set_key(key())
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(delete.is_transaction_conflict_exception(), "{delete:?}");
    let get = Get::builder().table_name(TABLE).set_key(key()).build().unwrap();
    let gets = TransactGetItem::builder().get(get).build();
    let gets = client
        .transact_get_items()
        .transact_items(gets)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert_eq!(gets.code(), Some("TransactionCanceledException"));
    client.get_item().table_name(TABLE).set_key(key()).send().await.unwrap();
    client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(item("grant", "2")))
        .send()
        .await
        .unwrap();
    assert!(first.await.unwrap());
}

#[tokio::test]
async fn a_transaction_that_its_caller_gave_up_holds_nothing() {
    let client = fresh().await;
    let first = begin(&client).await;
    first.abort();
    let _ = first.await;
    client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(item("grant", "1")))
        .send()
        .await
        .unwrap();
}
