//! Transaction conflicts, which the embedded DynamoDB never has by itself.
//!
//! DynamoDB cancels a transaction that touches an item of another transaction in flight, and refuses a single write
//! to such an item (Amazon DynamoDB developer guide, "Transaction conflict handling"). Plain reads and batch reads
//! never conflict; of a batch write DynamoDB leaves single items unprocessed, which is not played here.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::{Value, json};

use crate::seam;

const MESSAGE: &str = "Transaction is ongoing for the item";

/// Plays DynamoDB's transaction conflicts in front of a client of the embedded one. Clones share what is in flight.
///
/// Knows items by the key attributes `pk` and `sk`, which every table of ours has.
#[derive(Debug, Clone)]
pub struct Conflicting {
    inner: SharedHttpClient,
    flight: Arc<Flight>,
}

/// The items that write transactions hold at the moment.
#[derive(Debug, Default)]
struct Flight {
    held: Mutex<HashSet<ItemKey>>,
    hold_micros: AtomicU64,
}

/// Table, partition key and sort key, in their JSON form.
type ItemKey = (String, String, String);

impl Conflicting {
    /// Puts conflicts in front of `inner`. A write transaction takes no time of its own until
    /// [`set_hold`](Self::set_hold) says so.
    pub fn new(inner: SharedHttpClient) -> Self {
        Self {
            inner,
            flight: Arc::default(),
        }
    }

    /// Another client of the same database, whose transactions conflict with those of this one.
    #[must_use]
    pub fn also(&self, inner: SharedHttpClient) -> Self {
        Self { inner, ..self.clone() }
    }

    /// How long a write transaction holds its items before it commits, so that overlaps happen.
    pub fn set_hold(&self, time: Duration) {
        self.flight
            .hold_micros
            .store(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The HTTP client to give to the SDK.
    pub fn http_client(&self) -> SharedHttpClient {
        let flight = self.flight.clone();
        seam::decorate(self.inner.clone(), move |inner, request| {
            HttpConnectorFuture::new(judge(flight.clone(), inner, request))
        })
    }
}

async fn judge(
    flight: Arc<Flight>,
    inner: SharedHttpConnector,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let name = seam::operation(&request).name;
    let keys = match name.as_str() {
        "TransactWriteItems" | "TransactGetItems" | "PutItem" | "UpdateItem" | "DeleteItem" => keys_of(&name, &request),
        _ => return inner.call(request).await,
    };
    let guard = match flight.take(&keys, name == "TransactWriteItems") {
        Ok(guard) => guard,
        Err(conflicts) if name.starts_with("Transact") => return seam::json_response(400, cancelled(&conflicts)),
        Err(_) => {
            let body =
                json!({"__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException", "message": MESSAGE});
            return seam::json_response(400, body.to_string());
        }
    };
    let hold = Duration::from_micros(flight.hold_micros.load(Ordering::Relaxed));
    if guard.is_some() && !hold.is_zero() {
        tokio::time::sleep(hold).await;
    }
    inner.call(request).await
}

impl Flight {
    /// Checks `keys` against what is held and, for a write transaction, holds them until the guard is dropped.
    /// Otherwise says for each key whether it conflicts.
    fn take(self: &Arc<Self>, keys: &[ItemKey], hold: bool) -> Result<Option<Held>, Vec<bool>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let conflicts: Vec<bool> = keys.iter().map(|key| held.contains(key)).collect();
        if conflicts.contains(&true) {
            return Err(conflicts);
        }
        if !hold {
            return Ok(None);
        }
        // An item without a key is none: the database refuses it.
        held.extend(keys.iter().filter(|(_, pk, _)| !pk.is_empty()).cloned());
        Ok(Some(Held {
            flight: self.clone(),
            keys: keys.to_vec(),
        }))
    }
}

/// Items in flight; dropped with the call, also when the caller gives up on it.
struct Held {
    flight: Arc<Flight>,
    keys: Vec<ItemKey>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.flight.held.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            held.remove(key);
        }
    }
}

/// The items of a request, in its order. What cannot be read is left to the database to refuse.
fn keys_of(operation: &str, request: &HttpRequest) -> Vec<ItemKey> {
    let body = request
        .body()
        .bytes()
        .and_then(|b| serde_json::from_slice::<Value>(b).ok())
        .unwrap_or_default();
    let Some(actions) = body.get("TransactItems").and_then(Value::as_array) else {
        return vec![key_of(operation == "PutItem", &body)];
    };
    let action = |action: &Value| match action.as_object().and_then(|a| a.iter().find(|(_, v)| v.is_object())) {
        Some((kind, parts)) => key_of(kind == "Put", parts),
        None => key_of(false, &Value::Null),
    };
    actions.iter().map(action).collect()
}

fn key_of(put: bool, parts: &Value) -> ItemKey {
    let attributes = parts.get(if put { "Item" } else { "Key" });
    let text = |name| {
        attributes
            .and_then(|a| a.get(name))
            .map(Value::to_string)
            .unwrap_or_default()
    };
    (
        parts.get("TableName").map(Value::to_string).unwrap_or_default(),
        text("pk"),
        text("sk"),
    )
}

/// The cancellation in its wire format.
fn cancelled(conflicts: &[bool]) -> String {
    let code = |conflict: &bool| if *conflict { "TransactionConflict" } else { "None" };
    let codes: Vec<&str> = conflicts.iter().map(code).collect();
    let reason = |conflict: &bool| match conflict {
        true => json!({"Code": code(conflict), "Message": MESSAGE}),
        false => json!({"Code": code(conflict)}),
    };
    json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", ")
        ),
        "CancellationReasons": conflicts.iter().map(reason).collect::<Vec<_>>(),
    })
    .to_string()
}
