//! The table: how items are read, written and created, for all capabilities.

mod transact;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    KeysAndAttributes, Projection, ProjectionType, ReturnValuesOnConditionCheckFailure, ScalarAttributeType,
    TimeToLiveSpecification,
};
use serde::de::DeserializeOwned;

use crate::connection::Connection;
use crate::error::{ErrorKind, StoreError};
use crate::item::{Attributes, Item, key_attributes, read};
use crate::keys::Key;

pub(crate) use transact::{Action, Cancelled, Transacted};

/// The version that every item carries.
pub const TABLE_SCHEMA_VERSION: u32 = 1;

/// How many keys one BatchGetItem takes (DynamoDB service quotas).
const BATCH_GET: usize = 100;

/// The table that holds all state.
#[derive(Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
}

/// What a conditional write came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Written {
    /// It was written.
    Done,
    /// The condition did not hold; the item as it stands, if there is one.
    Refused(Option<Attributes>),
}

/// A page of items and the key to go on from.
pub(crate) struct Page {
    pub(crate) items: Vec<Attributes>,
    pub(crate) next: Option<Attributes>,
}

/// A condition with its values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
    pub(crate) expression: String,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl Condition {
    pub(crate) fn new(expression: &str) -> Self {
        Self {
            expression: expression.to_owned(),
            ..Self::default()
        }
    }

    /// The item must not exist.
    pub(crate) fn absent() -> Self {
        Self::new("attribute_not_exists(pk)")
    }

    pub(crate) fn name(mut self, placeholder: &str, name: &str) -> Self {
        self.names.insert(placeholder.to_owned(), name.to_owned());
        self
    }

    pub(crate) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }

    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }
}

impl Table {
    /// The table of this name.
    #[must_use]
    pub fn new(connection: &Connection, name: impl Into<String>) -> Self {
        Self {
            client: connection.dynamodb.clone(),
            name: name.into(),
        }
    }

    /// Creates the table as the template does, unless it exists. For the embedded default and for tests.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn create(&self) -> Result<(), StoreError> {
        const OPERATION: &str = "create the table";
        let invalid = |e: aws_sdk_dynamodb::error::BuildError| StoreError::corrupt(OPERATION, e);
        if self.client.describe_table().table_name(&self.name).send().await.is_ok() {
            return Ok(());
        }
        let key = |name: &str, kind: KeyType| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind)
                .build()
                .map_err(invalid)
        };
        let attribute = |name: &str, kind: ScalarAttributeType| {
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(kind)
                .build()
                .map_err(invalid)
        };
        let index = |name: &str, hash: &str, range: &str, projection: ProjectionType| {
            GlobalSecondaryIndex::builder()
                .index_name(name)
                .key_schema(key(hash, KeyType::Hash)?)
                .key_schema(key(range, KeyType::Range)?)
                .projection(Projection::builder().projection_type(projection).build())
                .build()
                .map_err(invalid)
        };
        let (text, number) = (ScalarAttributeType::S, ScalarAttributeType::N);
        self.client
            .create_table()
            .table_name(&self.name)
            .billing_mode(BillingMode::PayPerRequest)
            .key_schema(key("pk", KeyType::Hash)?)
            .key_schema(key("sk", KeyType::Range)?)
            .attribute_definitions(attribute("pk", text.clone())?)
            .attribute_definitions(attribute("sk", text.clone())?)
            .attribute_definitions(attribute("lpk", text.clone())?)
            .attribute_definitions(attribute("lsk", text.clone())?)
            .attribute_definitions(attribute("dpk", text)?)
            .attribute_definitions(attribute("dsk", number)?)
            .global_secondary_indexes(index("list", "lpk", "lsk", ProjectionType::All)?)
            .global_secondary_indexes(index("due", "dpk", "dsk", ProjectionType::KeysOnly)?)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk(OPERATION, e))?;
        let expiry = TimeToLiveSpecification::builder().attribute_name("ttl").enabled(true);
        let request = self.client.update_time_to_live().table_name(&self.name);
        let answer = request
            .time_to_live_specification(expiry.build().map_err(invalid)?)
            .send()
            .await;
        answer.map_err(|e| StoreError::from_sdk(OPERATION, e))?;
        Ok(())
    }

    /// Reads one item. `consistent`: as of now; otherwise it may be a moment old.
    pub(crate) async fn get<T: DeserializeOwned>(&self, key: &Key, consistent: bool) -> Result<Option<T>, StoreError> {
        self.get_attributes(key, consistent).await?.map(read).transpose()
    }

    /// Reads one item's attributes.
    pub(crate) async fn get_attributes(&self, key: &Key, consistent: bool) -> Result<Option<Attributes>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key_attributes(key)));
        let answer = request
            .consistent_read(consistent)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("read an item", e))?;
        Ok(answer.item)
    }

    /// Reads items in bulk, in no particular order; those that are absent are absent in the answer.
    pub(crate) async fn get_many(&self, keys: &[Key], consistent: bool) -> Result<Vec<Attributes>, StoreError> {
        let mut found = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(BATCH_GET) {
            let mut wanted: Vec<Attributes> = chunk.iter().map(key_attributes).collect();
            let mut pause = Duration::from_millis(20);
            while !wanted.is_empty() {
                let request = KeysAndAttributes::builder()
                    .set_keys(Some(std::mem::take(&mut wanted)))
                    .consistent_read(consistent)
                    .build();
                let request = request.map_err(|e| StoreError::corrupt("read items", e))?;
                let answer = self
                    .client
                    .batch_get_item()
                    .request_items(&self.name, request)
                    .send()
                    .await;
                let answer = answer.map_err(|e| StoreError::from_sdk("read items", e))?;
                found.extend(
                    answer
                        .responses
                        .unwrap_or_default()
                        .remove(&self.name)
                        .unwrap_or_default(),
                );
                if let Some(rest) = answer.unprocessed_keys.unwrap_or_default().remove(&self.name) {
                    wanted = rest.keys;
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
            }
        }
        Ok(found)
    }

    /// Writes an item if the condition holds.
    pub(crate) async fn put(&self, item: Item, condition: Option<Condition>) -> Result<Written, StoreError> {
        let condition = condition.unwrap_or_default();
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item.into_attributes()))
            .set_condition_expression((!condition.expression.is_empty()).then(|| condition.expression.clone()))
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) => match error.as_service_error() {
                Some(aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(e)) => {
                    Ok(Written::Refused(e.item.clone()))
                }
                _ => Err(StoreError::from_sdk("write an item", error)),
            },
        }
    }

    /// Changes an item if the condition holds. `Ok(Ok(new))` is the item after the change, `Ok(Err(old))` the item as it
    /// stands where the condition did not hold.
    pub(crate) async fn update(
        &self,
        key: &Key,
        expression: &str,
        condition: Condition,
    ) -> Result<Result<Attributes, Option<Attributes>>, StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key_attributes(key)))
            .update_expression(expression)
            .set_condition_expression((!condition.expression.is_empty()).then(|| condition.expression.clone()))
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values())
            .return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(answer) => Ok(Ok(answer.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(e)) => {
                    Ok(Err(e.item.clone()))
                }
                _ => Err(StoreError::from_sdk("change an item", error)),
            },
        }
    }

    /// Deletes an item if the condition holds, and says whether it did; where it does not, the item stays.
    pub(crate) async fn delete(&self, key: &Key, condition: Condition) -> Result<bool, StoreError> {
        let request = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(key_attributes(key)))
            .set_condition_expression((!condition.expression.is_empty()).then(|| condition.expression.clone()))
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values());
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(aws_sdk_dynamodb::operation::delete_item::DeleteItemError::ConditionalCheckFailedException(_)) => {
                    Ok(false)
                }
                _ => Err(StoreError::from_sdk("delete an item", error)),
            },
        }
    }

    /// A page of a partition, in sort order; of the table, or of an index by its name.
    pub(crate) async fn query(&self, query: Query<'_>) -> Result<Page, StoreError> {
        let (hash, range) = match query.index {
            None => ("pk", "sk"),
            Some("due") => ("dpk", "dsk"),
            Some(_) => ("lpk", "lsk"),
        };
        let mut expression = "#h = :h".to_owned();
        let mut names = HashMap::from([("#h".to_owned(), hash.to_owned())]);
        let mut values = HashMap::from([(":h".to_owned(), AttributeValue::S(query.partition.to_owned()))]);
        if let Some((condition, value)) = query.range {
            expression.push_str(match condition {
                Range::BeginsWith => " AND begins_with(#r, :r)",
                Range::AtMost => " AND #r <= :r",
                Range::Above => " AND #r > :r",
            });
            names.insert("#r".to_owned(), range.to_owned());
            values.insert(":r".to_owned(), value);
        }
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .set_index_name(query.index.map(str::to_owned))
            .key_condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .set_exclusive_start_key(query.from)
            .consistent_read(query.index.is_none())
            .scan_index_forward(!query.backwards)
            .set_limit(query.limit.and_then(|l| i32::try_from(l).ok()))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("list items", e))?;
        Ok(Page {
            items: answer.items.unwrap_or_default(),
            next: answer.last_evaluated_key,
        })
    }

    /// A page of the whole table, in no order that means anything, as of now.
    pub(crate) async fn scan(&self, from: Option<Attributes>, limit: i32) -> Result<Page, StoreError> {
        let request = self.client.scan().table_name(&self.name).consistent_read(true);
        let answer = request.limit(limit).set_exclusive_start_key(from).send().await;
        let answer = answer.map_err(|e| StoreError::from_sdk("read the table", e))?;
        Ok(Page {
            items: answer.items.unwrap_or_default(),
            next: answer.last_evaluated_key,
        })
    }

    /// All of a partition.
    pub(crate) async fn query_all(&self, mut query: Query<'_>) -> Result<Vec<Attributes>, StoreError> {
        let mut items = Vec::new();
        loop {
            let page = self.query(query.clone()).await?;
            items.extend(page.items);
            match page.next {
                Some(next) => query.from = Some(next),
                None => return Ok(items),
            }
        }
    }
}

/// What a query asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query<'a> {
    pub(crate) index: Option<&'a str>,
    pub(crate) partition: &'a str,
    pub(crate) range: Option<(Range, AttributeValue)>,
    pub(crate) from: Option<Attributes>,
    pub(crate) limit: Option<usize>,
    pub(crate) backwards: bool,
}

/// A condition on the sort key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Range {
    BeginsWith,
    AtMost,
    Above,
}

impl StoreError {
    /// Another writer had the item again and again.
    pub(crate) fn contended(operation: &'static str) -> Self {
        Self::new(ErrorKind::Transient, operation, "other writers were faster each time")
    }
}
