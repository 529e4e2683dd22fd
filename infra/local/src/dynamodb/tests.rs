//! The embedded DynamoDB as the real SDK sees it.

mod many;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, ConditionCheck, Delete, Get, GlobalSecondaryIndex,
    KeySchemaElement, KeyType, KeysAndAttributes, Projection, ProjectionType, Put, PutRequest, ReturnValue,
    ReturnValuesOnConditionCheckFailure, ScalarAttributeType, Select, TimeToLiveSpecification, TransactGetItem,
    TransactWriteItem, WriteRequest,
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::*;

pub(crate) const TABLE: &str = "registry";

/// A client without retries: tests count calls and see every error.
pub(crate) fn client(http: SharedHttpClient) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("any", "thing", None, None, "test"))
        .endpoint_url("http://dynamodb.invalid")
        .retry_config(RetryConfig::disabled())
        .http_client(http)
        .build();
    Client::from_conf(config)
}

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn item(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))])
}

/// The table `registry` with `pk`, `sk` and an index `by_owner` on `owner`, `sk`.
pub(crate) async fn create_table(client: &Client) {
    let attribute = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let key = |name: &str, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    let index = GlobalSecondaryIndex::builder()
        .index_name("by_owner")
        .key_schema(key("owner", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::All).build());
    client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(["pk", "sk", "owner"].map(attribute).to_vec()))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(index.build().unwrap())
        .send()
        .await
        .unwrap();
}

async fn fresh() -> Client {
    let client = client(DynamoDb::in_memory().unwrap().http_client());
    create_table(&client).await;
    client
}

pub(crate) fn put_once(pk: &str, sk: &str) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(TABLE)
        .set_item(Some(item(pk, sk)))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    TransactWriteItem::builder().put(put.build().unwrap()).build()
}

pub(crate) fn check_exists(pk: &str, sk: &str) -> TransactWriteItem {
    let check = ConditionCheck::builder()
        .table_name(TABLE)
        .set_key(Some(item(pk, sk)))
        .condition_expression("attribute_exists(pk)");
    TransactWriteItem::builder()
        .condition_check(check.build().unwrap())
        .build()
}

async fn count(client: &Client, pk: &str) -> i32 {
    let query = client.query().table_name(TABLE).key_condition_expression("pk = :pk");
    query
        .expression_attribute_values(":pk", s(pk))
        .select(Select::Count)
        .send()
        .await
        .unwrap()
        .count()
}

#[tokio::test]
async fn updates_know_set_add_remove_delete_and_conditions() {
    let client = fresh().await;
    let update = |expression: &str| {
        let update = client.update_item().table_name(TABLE).set_key(Some(item("p", "s")));
        update.update_expression(expression).return_values(ReturnValue::AllNew)
    };
    update("SET n = if_not_exists(n, :zero) + :one, l = list_append(if_not_exists(l, :none), :list) ADD tags :tags")
        .expression_attribute_values(":zero", n(0))
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":none", AttributeValue::L(vec![]))
        .expression_attribute_values(":list", AttributeValue::L(vec![s("a")]))
        .expression_attribute_values(":tags", AttributeValue::Ss(vec!["x".to_owned(), "y".to_owned()]))
        .send()
        .await
        .unwrap();
    let now = update("REMOVE l DELETE tags :x ADD n :two")
        .expression_attribute_values(":x", AttributeValue::Ss(vec!["x".to_owned()]))
        .expression_attribute_values(":two", n(2))
        .send()
        .await
        .unwrap();
    let now = now.attributes().unwrap();
    assert_eq!(now["n"], n(3));
    assert_eq!(now["tags"], AttributeValue::Ss(vec!["y".to_owned()]));
    assert!(!now.contains_key("l"));
    let refused = update("SET n = :two")
        .condition_expression("n = :one OR attribute_not_exists(pk)")
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":two", n(2))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(refused) = refused
    else {
        panic!("not the typed error")
    };
    assert_eq!(refused.item().unwrap()["n"], n(3));
}

#[tokio::test]
async fn a_transaction_writes_a_hundred_actions_or_nothing_and_says_which_action_failed() {
    let client = fresh().await;
    client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(item("grant", "1")))
        .send()
        .await
        .unwrap();
    let full = |pk: &'static str| {
        (0..99)
            .map(move |i| put_once(pk, &format!("{i:03}")))
            .chain([check_exists("grant", "1")])
    };
    client
        .transact_write_items()
        .set_transact_items(Some(full("a").collect()))
        .send()
        .await
        .unwrap();
    assert_eq!(count(&client, "a").await, 99);

    let actions = vec![put_once("b", "new"), put_once("a", "007"), check_exists("grant", "2")];
    let error = client
        .transact_write_items()
        .set_transact_items(Some(actions))
        .send()
        .await
        .unwrap_err();
    let error = error.into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(error) =
        error
    else {
        panic!("not the typed error: {error:?}")
    };
    let codes: Vec<_> = error.cancellation_reasons().iter().map(|r| r.code().unwrap()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed", "ConditionalCheckFailed"]);
    assert_eq!(error.cancellation_reasons()[1].item().unwrap(), &item("a", "007"));
    assert_eq!(count(&client, "b").await, 0);

    let too_many = full("c").chain([put_once("c", "one more")]).collect();
    let error = client
        .transact_write_items()
        .set_transact_items(Some(too_many))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.into_service_error().meta().code(), Some("ValidationException"));
}

#[tokio::test]
async fn a_repeated_client_token_writes_nothing_again_and_refuses_another_payload() {
    let client = fresh().await;
    let write = |action| {
        client
            .transact_write_items()
            .client_request_token("token")
            .transact_items(action)
            .send()
    };
    write(put_once("p", "1")).await.unwrap();
    write(put_once("p", "1")).await.unwrap();
    let error = write(put_once("p", "2")).await.unwrap_err().into_service_error();
    assert!(error.is_idempotent_parameter_mismatch_exception(), "{error:?}");
}

#[tokio::test]
async fn a_database_on_the_disk_keeps_no_tokens_in_memory() {
    let scratch = tempfile::tempdir().unwrap();
    let client = client(DynamoDb::open(scratch.path().join("x.db")).unwrap().http_client());
    create_table(&client).await;
    let write = || {
        let write = client.transact_write_items().client_request_token("token");
        write.transact_items(put_once("p", "1")).send()
    };
    write().await.unwrap();
    let error = write().await.unwrap_err().into_service_error();
    assert!(error.is_transaction_canceled_exception(), "{error:?}");
}
