//! Counts the calls of an SDK client by operation, the items that it asks for one by one, and what DynamoDB would charge for
//! its writes: what budgets and tests ask.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpClient};

use serde_json::Value;

use crate::seam;

/// A counter in front of any SDK HTTP client. Clones share the counts. Retries of the SDK count as calls.
#[derive(Debug, Clone)]
pub struct Counting {
    inner: SharedHttpClient,
    counts: Arc<Mutex<BTreeMap<String, u64>>>,
    items_read: Arc<Mutex<BTreeMap<String, u64>>>,
    write_units: Arc<Mutex<u64>>,
}

impl Counting {
    /// Puts a counter in front of `inner`.
    pub fn new(inner: SharedHttpClient) -> Self {
        Self {
            inner,
            counts: Arc::default(),
            items_read: Arc::default(),
            write_units: Arc::default(),
        }
    }

    /// The HTTP client to give to the SDK.
    pub fn http_client(&self) -> SharedHttpClient {
        let (counts, items_read, write_units) =
            (self.counts.clone(), self.items_read.clone(), self.write_units.clone());
        seam::decorate(self.inner.clone(), move |inner, request| {
            let name = seam::operation(&request).name;
            let body = read_body(request.body().bytes());
            *write_units.lock().unwrap_or_else(PoisonError::into_inner) += units_of(&name, &body);
            for kind in kinds_read(&name, &body) {
                *items_read
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .entry(kind.to_owned())
                    .or_default() += 1;
            }
            *counts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(name)
                .or_default() += 1;
            inner.call(request)
        })
    }

    /// Calls so far, by the operation's API name.
    pub fn snapshot(&self) -> BTreeMap<String, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Items that were asked for by their keys so far, found or not, by the kind that their partition keys begin with, such as
    /// `DEVICE`. One request may ask for many. What queries and scans find is not counted.
    pub fn items_read(&self) -> BTreeMap<String, u64> {
        self.items_read.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Write request units so far, as DynamoDB's documentation says it charges: one for each KB of an item, twice that in
    /// a transaction, and one for each KB in an index. An update, a delete and a check count as items of one KB. That is
    /// exact for new items, and no measurement of the service.
    pub fn write_units(&self) -> u64 {
        *self.write_units.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_body(body: Option<&[u8]>) -> Value {
    body.and_then(|body| serde_json::from_slice(body).ok())
        .unwrap_or_default()
}

/// The kinds of the items that a request asks for by their keys.
fn kinds_read<'a>(operation: &str, body: &'a Value) -> Vec<&'a str> {
    let keys: Vec<&Value> = match operation {
        "GetItem" => body.get("Key").into_iter().collect(),
        "BatchGetItem" => {
            let tables = body
                .get("RequestItems")
                .and_then(Value::as_object)
                .into_iter()
                .flatten();
            let keys = tables.filter_map(|(_, asked)| asked.get("Keys").and_then(Value::as_array));
            keys.flatten().collect()
        }
        _ => Vec::new(),
    };
    let partition = |key: &'a Value| key.get("pk")?.get("S")?.as_str();
    keys.into_iter()
        .map(|key| partition(key).and_then(|pk| pk.split('#').next()).unwrap_or_default())
        .collect()
}

fn units_of(operation: &str, body: &Value) -> u64 {
    match operation {
        "PutItem" => put_units(body, 1),
        "UpdateItem" | "DeleteItem" => 1,
        "TransactWriteItems" => {
            let actions = body
                .get("TransactItems")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            actions
                .map(|action| action.get("Put").map_or(2, |put| put_units(put, 2)))
                .sum()
        }
        _ => 0,
    }
}

fn put_units(put: &Value, factor: u64) -> u64 {
    let Some(item) = put.get("Item").and_then(Value::as_object) else {
        return 0;
    };
    let bytes: usize = item.iter().map(|(name, value)| name.len() + size_of_value(value)).sum();
    let kilobytes = (bytes as u64).div_ceil(1024);
    let indexes = ["lpk", "dpk"].iter().filter(|name| item.contains_key(**name)).count() as u64;
    kilobytes * factor + kilobytes * indexes
}

/// Bytes of an attribute value (DynamoDB developer guide, "Item sizes and formats"); of numbers, their digits.
fn size_of_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(|value| 1 + size_of_value(value)).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| size_of_tagged(name, value)).sum(),
        _ => 1,
    }
}

fn size_of_tagged(tag: &str, value: &Value) -> usize {
    match (tag, value) {
        ("M", Value::Object(fields)) => {
            3 + fields
                .iter()
                .map(|(name, value)| 1 + name.len() + size_of_value(value))
                .sum::<usize>()
        }
        ("L", _) => 3 + size_of_value(value),
        // In JSON as base64: four characters for three bytes.
        ("B", Value::String(text)) => text.len() / 4 * 3,
        _ => size_of_value(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kilobyte_in_a_transaction_counts_twice_and_once_for_each_index() {
        let text = "x".repeat(1100);
        let put = serde_json::json!({"Item": {"pk": {"S": "p"}, "lpk": {"S": "l"}, "text": {"S": text}}});
        assert_eq!(put_units(&put, 1), 2 + 2);
        let body = serde_json::json!({"TransactItems": [{"Put": put}, {"ConditionCheck": {}}]}).to_string();
        assert_eq!(
            units_of("TransactWriteItems", &read_body(Some(body.as_bytes()))),
            2 * 2 + 2 + 2
        );
        assert_eq!(units_of("Query", &read_body(None)), 0);
    }

    #[test]
    fn each_key_of_a_batch_is_an_item() {
        let key = |pk: &str| serde_json::json!({"pk": {"S": pk}, "sk": {"S": "x"}});
        let batch =
            serde_json::json!({"RequestItems": {"table": {"Keys": [key("CLAIM#1"), key("CLAIM#2"), key("DEVICE#1")]}}});
        assert_eq!(kinds_read("BatchGetItem", &batch), ["CLAIM", "CLAIM", "DEVICE"]);
        assert_eq!(
            kinds_read("GetItem", &serde_json::json!({"Key": key("TENANT#1")})),
            ["TENANT"]
        );
        assert_eq!(
            kinds_read("Query", &serde_json::json!({"Key": key("TENANT#1")})),
            [""; 0]
        );
    }
}
