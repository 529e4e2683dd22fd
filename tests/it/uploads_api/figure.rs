//! How long the registration of one device by JSON takes while a long list runs: on the disk, by sockets. It takes minutes
//! and wants the machine for itself: `cargo test -p journeys --test it uploads_api::figure -- --ignored --nocapture`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use journeys::lists::intune;
use journeys::world::{FABRIKAM, Result};
use muster_core::access::Role;
use muster_core::party::Tenant;
use muster_local::data_dir::DataDir;
use muster_local::flow::Embedded;
use muster_local::issuer::{DevIssuer, TokenRequest};
use muster_local::serve::{Ports, Server};
use serde_json::Value;
use uuid::Uuid;

use super::sent::plain;
use super::{by_hash, inline};

/// What is held: the slowest of a hundred.
const P99: Duration = Duration::from_secs(1);
const LONG: u64 = 100_000;
const SHORT: u64 = 100;

#[expect(clippy::disallowed_methods, reason = "figures are of the machine's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a figure, which takes minutes"]
async fn one_device_by_json_beside_a_hundred_thousand_rows() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let list = directory.path().join("list.csv");
    std::fs::write(&list, intune(0..LONG))?;
    let data = directory.path().join("data");
    let embedded = Embedded::open(DataDir::open(&data, "figure", now())?, Arc::new(now)).await?;
    let tenant = Tenant::new(FABRIKAM.parse()?, "Fabrikam", now());
    embedded.tenants().create(&tenant).await?;
    let server = Server::start(&embedded, Ports { http: 0, s3: 0 }, || Uuid::from_u128(rand())).await?;
    let request = TokenRequest {
        subject: "figure".to_owned(),
        tenant: Some(tenant.id),
        partner: None,
        roles: BTreeSet::from([Role::DeviceAdministrator]),
        lifetime: SignedDuration::from_hours(1),
    };
    let token = DevIssuer::open(&data)?.token(&request, now())?;
    let headers = [
        ("authorization".to_owned(), format!("Bearer {token}")),
        ("content-type".to_owned(), "application/json".to_owned()),
    ];
    let key = format!("inbox/intune/-/{FABRIKAM}/long.csv");
    let long = embedded
        .objects()
        .put_file(&key, &list, "text/csv", &Default::default())
        .await?
        .upload_id();
    let begun = Instant::now();
    let url = format!("http://{}/v1/tenants/{FABRIKAM}/devices?wait=20", server.http());
    let mut times = Vec::new();
    for n in 0..SHORT {
        let body = serde_json::to_vec(&inline(&[by_hash(LONG + n)]))?;
        let start = Instant::now();
        let sent = plain("POST", &url, &headers, &body).await?;
        times.push(start.elapsed());
        let text = String::from_utf8_lossy(&sent.body).into_owned();
        let told: Value = text
            .find('{')
            .and_then(|at| serde_json::from_str(&text[at..]).ok())
            .unwrap_or_default();
        assert!(
            sent.status == 202 && text.contains("\"finished\""),
            "{} {told} {text}",
            sent.status
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let status = embedded
        .uploads()
        .get(&long)
        .await?
        .ok_or("the long list is not there")?;
    assert!(!status.state.is_final(), "the long list was over before");
    times.sort();
    let at = |percent: usize| times[times.len() * percent / 100 - 1];
    println!(
        "one device by JSON beside {LONG} rows: p50 {:.1?}, p99 {:.1?}, slowest {:.1?}, of {SHORT} in {:.1?}",
        at(50),
        at(99),
        times[times.len() - 1],
        begun.elapsed()
    );
    assert!(at(99) < P99, "{:.2?}", at(99));
    server.stop(Duration::from_secs(10)).await;
    Ok(())
}

/// Ids that differ.
fn rand() -> u128 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    u128::from(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}
