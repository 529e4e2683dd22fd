//! How long a look-up takes among 100,000 devices and among 1,000,000, on the disk. It takes minutes and wants the machine
//! for itself: `cargo test --workspace --test it deployment_api::figure -- --ignored --nocapture --test-threads 1`.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use journeys::api::{Api, NOBODY};
use journeys::lists::{device, intune};
use journeys::world::{FABRIKAM, Result};
use muster_core::channel::Channel;
use muster_core::grant::Verb;
use muster_core::history::Requester;
use muster_core::party::{Registrant, Tenant};
use muster_local::data_dir::DataDir;
use muster_local::flow::{Embedded, Flow};
use muster_store::devices::Act;
use serde_json::Value;

use super::by_hash;
use super::profiles::profile;

/// What is held among 100,000 devices: the slowest of a hundred.
const P99: Duration = Duration::from_millis(20);
/// How many devices one list hands in.
const LIST: u64 = 100_000;
const ASKED: u64 = 2000;

#[expect(clippy::disallowed_methods, reason = "figures are of the machine's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Asks as the `n`-th source, and how long that took.
async fn timed(api: &Api, n: u64, path: &str, body: &Value) -> Result<(Value, Duration)> {
    let peer = IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 + u32::try_from(n / 100)?));
    let what = format!("POST /v1/deployment/{path}");
    let (headers, body) = ([("content-type", "application/json")], serde_json::to_vec(body)?);
    let start = Instant::now();
    let answer = api.send_from(Some(peer), &what, &headers, body).await?;
    let took = start.elapsed();
    assert_eq!(answer.status, 200, "{answer:?}");
    Ok((answer.body, took))
}

fn told(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort();
    let at = |percent: usize| times[times.len() * percent / 100 - 1];
    println!(
        "{what}: median {:.2?}, p99 {:.2?}, slowest {:.2?}, of {}",
        at(50),
        at(99),
        times[times.len() - 1],
        times.len()
    );
    at(99)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a figure, which takes minutes"]
async fn a_device_among_a_hundred_thousand() -> Result<()> {
    let worst = among(100_000).await?;
    assert!(worst < P99, "{worst:.2?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a figure, which takes half an hour and 20 GB of disk"]
async fn a_device_among_a_million() -> Result<()> {
    among(1_000_000).await?;
    Ok(())
}

/// Asks among so many devices, and says how long the slowest of a hundred look-ups took.
async fn among(registered: u64) -> Result<Duration> {
    let directory = tempfile::tempdir()?;
    let data = directory.path().join("data");
    let embedded = Embedded::open(DataDir::open(&data, "figure", now())?, Arc::new(now)).await?;
    let tenant = Tenant::new(FABRIKAM.parse()?, "Fabrikam", now());
    embedded.tenants().create(&tenant).await?;
    let flow = Flow::start(&embedded).await?;
    let (list, start) = (directory.path().join("list.csv"), Instant::now());
    for first in (0..registered).step_by(usize::try_from(LIST)?) {
        std::fs::write(&list, intune(first..registered.min(first + LIST)))?;
        let key = format!("inbox/intune/-/{FABRIKAM}/{first}.csv");
        let objects = embedded.objects();
        objects.put_file(&key, &list, "text/csv", &Default::default()).await?;
        flow.idle().await;
        println!("{} devices after {:.0?}", registered.min(first + LIST), start.elapsed());
    }
    let grants = embedded.grants();
    let permit = grants.permit(
        tenant.id,
        &Registrant::Tenant,
        None,
        Verb::Update,
        Channel::Intune,
        now(),
    );
    let pin = permit.await?.map_err(|denial| denial.code())?;
    let by = Requester::new("figure", Registrant::Tenant);
    let act = Act {
        pin: &pin,
        by: &by,
        now: now(),
    };
    let driven = profile(tenant.id, "User driven", now());
    embedded.profiles().create(&driven, &act).await?;

    let api = Api::over_state(&embedded, NOBODY)?;
    let (mut known, mut strange, mut nonces) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..ASKED {
        let is_known = n % 2 == 0;
        // Far from each other, and each once.
        let number = if is_known {
            n * 48_611 % registered
        } else {
            registered + n
        };
        let (given, took) = timed(&api, n, "nonce", &serde_json::json!({})).await?;
        nonces.push(took);
        let mut shown = by_hash(&device(number).with_new_disk(1));
        shown["nonce"] = given["nonce"].clone();
        let (answer, took) = timed(&api, n, "lookup", &shown).await?;
        assert_eq!(answer["answer"] == "profile", is_known, "{answer}");
        (if is_known { &mut known } else { &mut strange }).push(took);
    }
    told("a nonce", nonces);
    let strange = told("a stranger", strange);
    let known = told("a device, with its profile", known);
    Ok(known.max(strange))
}
