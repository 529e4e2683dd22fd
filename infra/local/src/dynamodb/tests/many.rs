//! Many items at once, many callers at once, and what lasts.

use super::*;

#[tokio::test]
async fn batches_and_transactional_reads_keep_their_limits() {
    let client = fresh().await;
    let requests = |count: usize| -> Vec<WriteRequest> {
        let put = |i| {
            PutRequest::builder()
                .set_item(Some(item("p", &format!("{i:02}"))))
                .build()
                .unwrap()
        };
        (0..count)
            .map(|i| WriteRequest::builder().put_request(put(i)).build())
            .collect()
    };
    client
        .batch_write_item()
        .request_items(TABLE, requests(25))
        .send()
        .await
        .unwrap();
    assert!(
        client
            .batch_write_item()
            .request_items(TABLE, requests(26))
            .send()
            .await
            .is_err()
    );

    let keys = KeysAndAttributes::builder().set_keys(Some((0..99).map(|i| item("p", &format!("{i:02}"))).collect()));
    let keys = keys.projection_expression("sk").build().unwrap();
    let got = client.batch_get_item().request_items(TABLE, keys).send().await.unwrap();
    let got = &got.responses().unwrap()[TABLE];
    assert_eq!((got.len(), got[0].len()), (25, 1));

    let get = |sk| {
        Get::builder()
            .table_name(TABLE)
            .set_key(Some(item("p", sk)))
            .build()
            .unwrap()
    };
    let gets = ["00", "missing"].map(|sk| TransactGetItem::builder().get(get(sk)).build());
    let got = client
        .transact_get_items()
        .set_transact_items(Some(gets.to_vec()))
        .send()
        .await
        .unwrap();
    assert_eq!(got.responses()[0].item().unwrap(), &item("p", "00"));
    assert!(got.responses()[1].item().is_none());
}

#[tokio::test]
async fn an_index_is_read_page_by_page_in_both_directions() {
    let client = fresh().await;
    for i in 0..31 {
        let put = client
            .put_item()
            .table_name(TABLE)
            .set_item(Some(item(&format!("p{i}"), &format!("{i:02}"))));
        put.item("owner", s("tenant")).send().await.unwrap();
    }
    let pages = client
        .query()
        .table_name(TABLE)
        .index_name("by_owner")
        .key_condition_expression("#owner = :owner AND sk BETWEEN :from AND :to")
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_values(":owner", s("tenant"))
        .expression_attribute_values(":from", s("05"))
        .expression_attribute_values(":to", s("27"))
        .scan_index_forward(false)
        .limit(5)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .unwrap();
    let found: Vec<String> = pages.iter().map(|i| i["sk"].as_s().unwrap().clone()).collect();
    assert_eq!(found, (5..=27).rev().map(|i| format!("{i:02}")).collect::<Vec<_>>());
    let scanned = client
        .scan()
        .table_name(TABLE)
        .limit(10)
        .into_paginator()
        .items()
        .send();
    assert_eq!(scanned.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 31);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_additions_are_all_counted() {
    let client = fresh().await;
    let tasks = (0..16).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            for _ in 0..25 {
                let update = client
                    .update_item()
                    .table_name(TABLE)
                    .set_key(Some(item("p", "counter")));
                let update = update
                    .update_expression("ADD n :one")
                    .expression_attribute_values(":one", n(1));
                update.send().await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let got = client
        .get_item()
        .table_name(TABLE)
        .set_key(Some(item("p", "counter")))
        .send()
        .await
        .unwrap();
    assert_eq!(got.item().unwrap()["n"], n(400));
}

#[tokio::test]
async fn what_has_expired_goes_when_the_sweep_comes() {
    let database = DynamoDb::in_memory().unwrap();
    let client = client(database.http_client());
    create_table(&client).await;
    let ttl = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name("expires")
        .build()
        .unwrap();
    client
        .update_time_to_live()
        .table_name(TABLE)
        .time_to_live_specification(ttl)
        .send()
        .await
        .unwrap();
    for (sk, expires) in [("old", 1_000_000_000_i64), ("new", 99_999_999_999)] {
        let put = client.put_item().table_name(TABLE).set_item(Some(item("p", sk)));
        put.item("expires", n(expires)).send().await.unwrap();
    }
    assert_eq!(database.sweep_ttl().await.unwrap(), 1);
    assert_eq!(count(&client, "p").await, 1);
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("registry.db");
    {
        let client = client(DynamoDb::open(&path).unwrap().http_client());
        create_table(&client).await;
        let delete = Delete::builder()
            .table_name(TABLE)
            .set_key(Some(item("p", "gone")))
            .build()
            .unwrap();
        let actions = vec![
            put_once("p", "kept"),
            TransactWriteItem::builder().delete(delete).build(),
        ];
        client
            .transact_write_items()
            .set_transact_items(Some(actions))
            .send()
            .await
            .unwrap();
    }
    let client = client(DynamoDb::open(&path).unwrap().http_client());
    assert_eq!(client.list_tables().send().await.unwrap().table_names(), [TABLE]);
    assert_eq!(
        client
            .describe_table()
            .table_name(TABLE)
            .send()
            .await
            .unwrap()
            .table()
            .unwrap()
            .key_schema()
            .len(),
        2
    );
    assert_eq!(count(&client, "p").await, 1);
}

#[tokio::test]
async fn a_missing_table_and_an_operation_that_nobody_needs_are_errors_of_their_own() {
    let client = client(DynamoDb::in_memory().unwrap().http_client());
    let error = client
        .get_item()
        .table_name("nowhere")
        .set_key(Some(item("p", "s")))
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_resource_not_found_exception());
    let error = client.describe_limits().send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 501);
}

#[tokio::test]
async fn what_is_too_large_is_a_validation_error_and_writes_nothing() {
    let client = fresh().await;
    let put = client.put_item().table_name(TABLE).set_item(Some(item("p", "large")));
    let error = put.item("body", s("x".repeat(400 * 1024))).send().await.unwrap_err();
    assert_eq!(error.into_service_error().meta().code(), Some("ValidationException"));
    let large = |i: usize| {
        let mut item = item("p", &i.to_string());
        item.insert("body".to_owned(), s("x".repeat(300 * 1024)));
        let put = Put::builder().table_name(TABLE).set_item(Some(item)).build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let actions = (0..15).map(large).collect();
    let error = client
        .transact_write_items()
        .set_transact_items(Some(actions))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.into_service_error().meta().code(), Some("ValidationException"));
    assert_eq!(count(&client, "p").await, 0);
}
