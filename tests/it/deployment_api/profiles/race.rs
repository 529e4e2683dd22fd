//! A profile that is deleted while a device boots: between the look at the rules, which name it, and the look at it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use journeys::api::Api;
use muster_local::counting::Counting;
use muster_local::faults::{Fault, FaultPoint, Faulty};

use super::*;

/// Of the two items among a tenant's profiles that a look-up gets, the profile is the second, after the rules.
const PROFILE: u64 = 2;
/// Longer than a deletion takes.
const LONG: Duration = Duration::from_secs(3);
/// Longer than a look-up takes to come to its profile.
const PATIENCE: Duration = Duration::from_secs(30);
const IDLE: u64 = u64::MAX;

/// Holds the look at a profile back, once, when it is armed.
#[derive(Clone)]
struct Holder(Arc<Holding>);

struct Holding {
    /// The items among profiles that were read when it was armed.
    before: AtomicU64,
    /// What is read of the table.
    read: OnceLock<Counting>,
}

impl Holder {
    fn idle() -> Self {
        Self(Arc::new(Holding {
            before: AtomicU64::new(IDLE),
            read: OnceLock::new(),
        }))
    }

    /// Counts what a client reads, then decides about it. The first client is the table's.
    fn around(&self, client: SharedHttpClient) -> SharedHttpClient {
        let holder = self.clone();
        let faulty = Faulty::new(client, Arc::new(move |point| holder.decide(point)));
        let counting = Counting::new(faulty.http_client());
        self.0.read.get_or_init(|| counting.clone());
        counting.http_client()
    }

    /// How many items among profiles were read so far.
    fn read(&self) -> u64 {
        let read = self.0.read.get().map(Counting::items_read).unwrap_or_default();
        read.get("PROFILES").copied().unwrap_or_default()
    }

    fn arm(&self) {
        self.0.before.store(self.read(), Ordering::SeqCst);
    }

    fn decide(&self, point: &FaultPoint) -> Fault {
        let before = self.0.before.load(Ordering::SeqCst);
        // The count holds this call already.
        if point.operation != "GetItem" || before == IDLE || self.read() - before < PROFILE {
            return Fault::None;
        }
        self.0.before.store(IDLE, Ordering::SeqCst);
        Fault::Delay(LONG)
    }

    async fn holds(&self) -> Result<()> {
        let held = async {
            while self.0.before.load(Ordering::SeqCst) != IDLE {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        Ok(tokio::time::timeout(PATIENCE, held).await?)
    }
}

/// What a device is told whose profile is deleted while it boots.
async fn told_meanwhile(place: &Place, holder: &Holder, n: u64, gone: &Profile) -> Result<Value> {
    let mut shown = by_hash(&device(n));
    shown["nonce"] = place.nonce().await?.into();
    holder.arm();
    let boots = place.post("lookup", &shown);
    let meanwhile = async {
        holder.holds().await?;
        delete(place, gone).await
    };
    let (told, deleted) = tokio::join!(boots, meanwhile);
    deleted?;
    Ok(told?.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_is_deleted_while_a_device_boots_is_not_the_last_word() -> Result<()> {
    let mut place = Place::new().await?;
    let holder = Holder::idle();
    let around = holder.clone();
    let world = place.world.restarted(move |client| around.around(client));
    place.world = world.await?;
    place.api = Api::over(&place.world)?;
    let older = profile(place.tenant, "Older", place.world.now());
    make(&place, &older).await?;
    place.world.wait(1);
    let other = profile(place.tenant, "Another one", place.world.now());
    make(&place, &other).await?;

    let told = told_meanwhile(&place, &holder, 1, &older).await?;
    assert_eq!(told["configuration"]["DeploymentProfileName"], "Another one", "{told}");
    assert_eq!(
        place.seen(&device(1)).await?["downloadedProfile"]["id"],
        json!(other.id)
    );

    // Nothing else applies: to a device that got the profile before it is gone, to another one there is none.
    let told = told_meanwhile(&place, &holder, 1, &other).await?;
    assert_eq!(told["code"], 809, "{told}");
    let third = profile(place.tenant, "The third of them", place.world.now());
    make(&place, &third).await?;
    let told = told_meanwhile(&place, &holder, 2, &third).await?;
    assert_eq!(told["code"], 815, "{told}");
    assert_eq!(place.seen(&device(2)).await?["lastAnswer"], "noProfile");
    let report = place.world.embedded.fsck().check(place.world.now()).await?;
    assert!(report.is_clean(), "{:?}", report.findings);
    Ok(())
}
