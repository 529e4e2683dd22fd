//! Counts the calls of an SDK client by operation, and what DynamoDB would charge for its writes: what budgets and tests
//! ask.

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
    write_units: Arc<Mutex<u64>>,
}

impl Counting {
    /// Puts a counter in front of `inner`.
    pub fn new(inner: SharedHttpClient) -> Self {
        Self {
            inner,
            counts: Arc::default(),
            write_units: Arc::default(),
        }
    }

    /// The HTTP client to give to the SDK.
    pub fn http_client(&self) -> SharedHttpClient {
        let (counts, write_units) = (self.counts.clone(), self.write_units.clone());
        seam::decorate(self.inner.clone(), move |inner, request| {
            let name = seam::operation(&request).name;
            *write_units.lock().unwrap_or_else(PoisonError::into_inner) += units_of(&name, request.body().bytes());
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

    /// Write request units so far, as DynamoDB's documentation says it charges: one for each KB of an item, twice that in
    /// a transaction, and one for each KB in an index. An update, a delete and a check count as items of one KB. That is
    /// exact for new items, and no measurement of the service.
    pub fn write_units(&self) -> u64 {
        *self.write_units.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn units_of(operation: &str, body: Option<&[u8]>) -> u64 {
    let body = body
        .and_then(|body| serde_json::from_slice::<Value>(body).ok())
        .unwrap_or_default();
    match operation {
        "PutItem" => put_units(&body, 1),
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
        assert_eq!(units_of("TransactWriteItems", Some(body.as_bytes())), 2 * 2 + 2 + 2);
        assert_eq!(units_of("Query", None), 0);
    }
}
