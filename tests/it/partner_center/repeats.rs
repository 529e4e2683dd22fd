//! What `MS-RequestId` promises when a process dies: the same request again goes on, and makes nothing twice.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use journeys::api::Api;
use journeys::world::Result;
use muster_local::faults::{Fault, FaultPoint, Faulty, Plan};
use serde_json::{Value, json};

use super::{Place, by_key, code};

const ID: [(&str, &str); 1] = [("MS-RequestId", "cb82f7d6-f0d9-44d4-82f9-f6eee6e68390")];

/// A request that is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Create,
    Append,
    Update,
    Policy,
}

impl Sent {
    /// What there is before, and what is sent.
    async fn prepare(self, place: &Place) -> Result<(&'static str, Value)> {
        Ok(match self {
            Self::Create => (
                "POST ~/deviceBatches",
                json!({ "batchId": "a", "devices": by_key(0..1) }),
            ),
            Self::Append => {
                place.batch("a", by_key(0..1)).await?;
                ("POST ~/deviceBatches/a/devices", by_key(1..2))
            }
            Self::Update => {
                place.batch("a", by_key(0..1)).await?;
                let made = place.ask("POST ~/policies", &json!({ "name": "First" })).await?;
                let listed = place.get("~/deviceBatches/a/devices").await?.body;
                let policies = json!([{ "key": "o_o_b_e", "value": made.body["id"] }]);
                let devices = json!([{ "id": listed["items"][0]["id"], "policies": policies }]);
                ("PATCH ~/DevicePolicyUpdates", json!({ "devices": devices }))
            }
            Self::Policy => ("POST ~/policies", json!({ "name": "First" })),
        })
    }
}

/// The process dies at its n-th call of the store; the client asks again at once, in a minute, and once more. Whether it
/// died, and whether it was told to wait.
async fn dies(sent: Sent, n: u64) -> Result<(bool, bool)> {
    let place = Place::new().await?;
    let (what, body) = sent.prepare(&place).await?;
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let plan: Plan = Arc::new(move |_: &FaultPoint| match counted.fetch_add(1, Ordering::SeqCst) + 1 {
        call if call >= n => Fault::Die,
        _ => Fault::None,
    });
    let process = place
        .world
        .embedded
        .again(|client| Faulty::new(client, Arc::clone(&plan)).http_client());
    let dying = Api::over_state(&process, SocketAddr::from(([127, 0, 0, 1], 9)))?;
    let path = what.replace('~', &format!("/v1/customers/{}", place.tenant));
    let first = dying.ask(&place.agent(), &place.world, &path, &ID, &body).await?;
    let died = calls.load(Ordering::SeqCst) >= n;
    let status = first.status;
    assert!(
        status.is_success() || died && status.is_server_error(),
        "{sent:?} {n}: {first:?}"
    );

    let bytes = serde_json::to_vec(&body)?;
    let at_once = place.send(what, &ID, bytes.clone()).await?;
    let waits = !at_once.status.is_success();
    if waits {
        assert_eq!(code(&at_once), (503, 503), "{sent:?} {n}");
        assert_eq!(at_once.headers["retry-after"], "1", "{sent:?} {n}");
    }
    place.world.wait(61);
    let again = place.send(what, &ID, bytes.clone()).await?;
    let once_more = place.send(what, &ID, bytes).await?;
    assert!(again.status.is_success(), "{sent:?} {n}: {again:?}");
    assert_eq!(again.body, once_more.body, "{sent:?} {n}");
    if sent == Sent::Policy {
        assert_eq!(place.get("~/policies").await?.body["totalCount"], 1, "{n}");
        return Ok((died, waits));
    }
    assert_eq!(place.job(&again), place.job(&once_more), "{sent:?} {n}");
    if status.is_success() {
        assert_eq!(place.job(&first), place.job(&again), "{sent:?} {n}");
    }
    assert_eq!(place.done(&again).await?["status"], "finished", "{sent:?} {n}");
    let lists = if sent == Sent::Append { 2 } else { 1 };
    let batches = place.world.embedded.device_batches();
    let batch = batches.get(place.tenant, &place.contoso, "a").await?;
    assert_eq!(batch.map(|batch| batch.uploads.len()), Some(lists), "{sent:?} {n}");
    let uploads = place.world.embedded.uploads();
    let uploads = uploads.list(Some(place.tenant), None, 10).await?.uploads;
    assert_eq!(uploads.len(), lists, "{sent:?} {n}");
    assert_eq!(place.world.devices(place.tenant).await?.len(), lists, "{sent:?} {n}");
    place.assert_sound().await?;
    Ok((died, waits))
}

/// Dies at each call in turn, until there are no more.
async fn dies_everywhere(sent: Sent) -> Result<()> {
    let (mut deaths, mut waits) = (0, 0);
    for n in 1..=60 {
        let (died, waited) = dies(sent, n).await?;
        waits += u32::from(waited);
        if !died {
            assert!(deaths >= 4, "{sent:?}: {deaths}");
            assert!(waits >= 1, "{sent:?}: nobody was told to wait");
            return Ok(());
        }
        deaths += 1;
    }
    panic!("{sent:?}: more calls than were tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_made_once_wherever_its_process_dies() -> Result<()> {
    dies_everywhere(Sent::Create).await
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_added_once_wherever_the_process_dies() -> Result<()> {
    dies_everywhere(Sent::Append).await
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_are_given_once_wherever_the_process_dies() -> Result<()> {
    dies_everywhere(Sent::Update).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_made_once_wherever_its_process_dies() -> Result<()> {
    dies_everywhere(Sent::Policy).await
}
