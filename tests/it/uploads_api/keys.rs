//! What an idempotency key promises when requests meet, and when a process dies.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::try_join_all;
use journeys::api::{Api, Who};
use journeys::world::{FABRIKAM, Result, World};
use muster_core::access::Role;
use muster_local::faults::{Fault, FaultPoint, Faulty, Plan};
use serde_json::{Value, json};

use super::{by_hash, inline};

const KEY: [(&str, &str); 1] = [("idempotency-key", "k")];

/// The process dies at its n-th call of the store; the client asks again, and then once more. Whether it died.
async fn dies(n: u64, path: &str, body: Value) -> Result<bool> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let admin = Who::OfTenant(tenant, Role::DeviceAdministrator);
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let plan: Plan = Arc::new(move |_: &FaultPoint| match counted.fetch_add(1, Ordering::SeqCst) + 1 {
        call if call >= n => Fault::Die,
        _ => Fault::None,
    });
    let process = world
        .embedded
        .again(|client| Faulty::new(client, Arc::clone(&plan)).http_client());
    let dying = Api::over_state(&process, SocketAddr::from(([127, 0, 0, 1], 9)))?;
    let what = format!("POST /v1/tenants/{tenant}/{path}");
    let first = dying.ask(&admin, &world, &what, &KEY, &body).await?;
    let died = calls.load(Ordering::SeqCst) >= n;
    // Where only the answer could not be kept, the request was carried out, and its client is told so.
    assert!(died || first.status.is_success(), "{n}: {}", first.body);
    assert!(
        first.status.is_server_error() || first.status.is_success(),
        "{n}: {}",
        first.body
    );

    let api = Api::over(&world)?;
    world.wait(61);
    let again = api.ask(&admin, &world, &what, &KEY, &body).await?;
    assert!(again.status.is_success(), "{n}: {}", again.body);
    let once_more = api.ask(&admin, &world, &what, &KEY, &body).await?;
    let id = |answer: &Value| {
        answer["announcement"]
            .as_str()
            .or(answer["id"].as_str())
            .map(str::to_owned)
    };
    assert_eq!(id(&once_more.body), id(&again.body), "{n}");
    world.flow.idle().await;
    let uploads = world.embedded.uploads().list(Some(tenant), None, 10).await?.uploads;
    let unfinished = world.embedded.objects().list_unfinished(None, 10).await?.uploads;
    if path == "devices" {
        assert_eq!((uploads.len(), world.devices(tenant).await?.len()), (1, 1), "{n}");
    } else {
        // A multipart upload that was begun and not recorded takes no part, and sweep removes it.
        assert!(uploads.is_empty() && (1..=2).contains(&unfinished.len()), "{n}");
    }
    Ok(died)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_anywhere_makes_nothing_twice() -> Result<()> {
    let upload = json!({ "name": "a", "size": 10, "multipart": true });
    let devices = (1..=12).map(|n| dies(n, "devices", inline(&[by_hash(1)])));
    let uploads = (1..=12).map(|n| dies(n, "uploads", upload.clone()));
    let (devices, uploads) = tokio::join!(try_join_all(devices), try_join_all(uploads));
    for died in [devices?, uploads?] {
        assert!(died.iter().filter(|died| **died).count() >= 6, "{died:?}");
        assert_eq!(died.last(), Some(&false), "more calls than were tried: {died:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_that_meet_one_is_carried_out() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let api = Api::over(&world)?;
    let admin = Who::OfTenant(tenant, Role::DeviceAdministrator);
    let what = format!("POST /v1/tenants/{tenant}/devices");
    let body = inline(&[by_hash(1)]);
    let asked = (0..8).map(|_| api.ask(&admin, &world, &what, &KEY, &body));
    let answers = try_join_all(asked).await?;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert!(statuses.contains(&202), "{statuses:?}");
    assert!(
        statuses.iter().all(|status| [202, 409].contains(status)),
        "{statuses:?}"
    );
    world.flow.idle().await;
    let uploads = world.embedded.uploads().list(Some(tenant), None, 10).await?.uploads;
    assert_eq!(uploads.len(), 1);
    Ok(())
}
