//! What stands in sweep's line and cannot be looked after.

use std::sync::atomic::Ordering;

use muster_core::id::TenantId;
use serde_json::json;

use super::*;
use crate::flow::TABLE;
use crate::flow::changes::tests::{TENANT, dropped, with_a_clock};

/// As many as sweep looks after at most.
const PAGE: usize = 500;

/// An upload that was split, whose messages the queue then forgot.
async fn left_behind(embedded: &Embedded) -> UploadId {
    let id = dropped(embedded, "inbox/intune/-/Contoso/a.csv").await;
    embedded.forget_events().await.unwrap();
    embedded.queue().forget();
    id
}

/// Runs an operation of DynamoDB on the table, whatever its items mean.
async fn call(embedded: &Embedded, operation: &str, mut request: serde_json::Value) {
    request["TableName"] = TABLE.into();
    let body = serde_json::to_vec(&request).unwrap().into();
    let (status, answer) = embedded.dynamodb().call(operation.to_owned(), body).await.unwrap();
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
}

/// Damaged items of a kind, which stand first in sweep's line.
async fn damaged(embedded: &Embedded, kind: &str, count: usize) {
    for number in 0..count {
        let (pk, sk) = match kind {
            "upload" => (
                format!("UPLOAD#{}", UploadId::of_object("b", "k", &number.to_string())),
                "UPLOAD",
            ),
            _ => (format!("GRANT#{TENANT}#contoso-{number}"), "HEAD"),
        };
        let item = json!({
            "pk": { "S": pk }, "sk": { "S": sk }, "v": { "N": "1" }, "state": { "S": "damaged" },
            "dpk": { "S": format!("DUE#{}", number % 4) }, "dsk": { "N": number.to_string() },
        });
        call(embedded, "PutItem", json!({ "Item": item })).await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_keeps_nothing_from_being_looked_after() {
    for kind in ["upload", "grant"] {
        let (embedded, clock) = with_a_clock().await;
        let id = left_behind(&embedded).await;
        damaged(&embedded, kind, PAGE).await;
        let seen = async || embedded.uploads().get(&id).await.unwrap().unwrap().seen;
        clock.fetch_add(200, Ordering::Relaxed);
        let failure = embedded.sweep(Occasion::Schedule).await.unwrap_err();
        assert_eq!(failure.to_string(), "500 of 500 things due could not be looked after");
        assert_eq!(seen().await, 0, "{kind}");
        embedded.sweep(Occasion::Schedule).await.unwrap();
        assert!(seen().await > 0, "{kind}");

        clock.fetch_add(4000, Ordering::Relaxed);
        let again = embedded.sweep(Occasion::Schedule).await;
        assert!(again.is_err(), "{kind}: it is told again and again");
    }
}

/// What is in the line though it is at its end, or lacks what is needed to go on, is damage, too.
#[tokio::test]
async fn what_has_nothing_left_to_do_leaves_the_front_of_the_line() {
    let (embedded, clock) = with_a_clock().await;
    let id = left_behind(&embedded).await;
    let own = json!({ "pk": { "S": format!("GRANT#{TENANT}#-") }, "sk": { "S": "HEAD" } });
    let ended = json!({ "pk": { "S": format!("UPLOAD#{id}") }, "sk": { "S": "UPLOAD" } });
    for (key, state) in [(own, "granted"), (ended, "finished")] {
        let update = json!({
            "Key": key,
            "UpdateExpression": "SET #state = :state, dpk = :dpk, dsk = :dsk",
            "ExpressionAttributeNames": { "#state": "state" },
            "ExpressionAttributeValues": {
                ":state": { "S": state }, ":dpk": { "S": "DUE#0" }, ":dsk": { "N": "1" },
            },
        });
        call(&embedded, "UpdateItem", update).await;
    }
    let tenant: TenantId = TENANT.parse().unwrap();
    clock.fetch_add(200, Ordering::Relaxed);
    let due = async || embedded.uploads().due(embedded.now(), 10).await.unwrap();
    let told: Vec<String> = due().await.iter().map(ToString::to_string).collect();
    let expected = [format!("consent of tenant {tenant} for itself"), format!("upload {id}")];
    assert_eq!(told.len(), 2);
    assert!(expected.iter().all(|place| told.contains(place)), "{told:?}");
    assert!(embedded.sweep(Occasion::Schedule).await.is_err());
    assert_eq!(due().await, []);
}
