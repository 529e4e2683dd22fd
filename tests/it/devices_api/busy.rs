//! Many devices at once, while another transaction holds one of them.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use muster_local::conflicts::Conflicting;
use muster_local::faults::{FaultPoint, Faulty};

use super::*;

/// Longer than the test.
const HELD: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_another_transaction_holds_is_unavailable_and_the_others_are_done() -> Result<()> {
    for what in ["update", "release"] {
        let place = Arc::new(Place::with(3, 0).await?);
        let (own, _) = place.devices().await?;
        let ids: Vec<DeviceId> = own.iter().map(|device| device.id).collect();
        // Conflicts as DynamoDB has them, and a flag that rises when the first transaction begins.
        let (flight, begun) = (OnceLock::new(), Arc::new(AtomicBool::new(false)));
        let process = place.world.embedded.again(|client| {
            let flight: &Conflicting = flight.get_or_init(|| Conflicting::new(client.clone()));
            let flag = Arc::clone(&begun);
            let watch = move |point: &FaultPoint| {
                if point.operation == "TransactWriteItems" {
                    flag.store(true, Ordering::SeqCst);
                }
                Fault::None
            };
            Faulty::new(flight.also(client).http_client(), Arc::new(watch)).http_client()
        });
        let flight = flight.get().ok_or("no client")?;
        let api = Arc::new(Api::over_state(&process, SocketAddr::from(([127, 0, 0, 1], 9)))?);

        flight.set_hold(HELD);
        let (held, through) = (Arc::clone(&place), Arc::clone(&api));
        let path = format!("PATCH /v1/tenants/{}/devices/{}", place.tenant, ids[0]);
        let holder = tokio::spawn(async move {
            let patch = json!({ "purchaseOrder": "PO 1" });
            through
                .ask(&held.admin(), &held.world, &path, &[], &patch)
                .await
                .map(|_| ())
        });
        while !begun.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        flight.set_hold(Duration::ZERO);

        let body = match what {
            "update" => {
                let devices: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "groupTag": "Sales" })).collect();
                json!({ "devices": devices })
            }
            _ => json!({ "ids": ids }),
        };
        let path = format!("POST /v1/tenants/{}/devices/{what}", place.tenant);
        let ask = async || -> Result<Vec<(String, Value)>> {
            let answer = api.ask(&place.admin(), &place.world, &path, &[], &body).await?;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
            let devices = answer.body["devices"].as_array().ok_or("devices")?;
            let told = devices.iter().map(|device| {
                let outcome = device["outcome"].as_str().unwrap_or_default().to_owned();
                (outcome, device["reason"]["code"].clone())
            });
            Ok(told.collect())
        };
        let done = (format!("{what}d"), Value::Null);
        let busy = ("refused".to_owned(), json!("unavailable"));
        assert_eq!(ask().await?, [busy, done.clone(), done.clone()], "{what}");

        // Once the other one is over, the same request does what is left.
        holder.abort();
        assert!(holder.await.is_err_and(|error| error.is_cancelled()));
        let outcomes: Vec<String> = ask().await?.into_iter().map(|(outcome, _)| outcome).collect();
        let again = if what == "update" { "unchanged" } else { "released" };
        assert_eq!(outcomes, [done.0.as_str(), again, again], "{what}");
        place.assert_sound().await?;
    }
    Ok(())
}
