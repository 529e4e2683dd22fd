//! What registering costs in calls of DynamoDB (`docs/performance.md`).

use std::sync::{Arc, Mutex};

use journeys::lists::{Row, device, intune, list};
use journeys::world::{FABRIKAM, Result, World};
use manifest::Format;
use muster_core::party::PartnerKind;
use muster_local::counting::Counting;

/// A world whose calls are counted, DynamoDB's first.
async fn counted() -> Result<(World, Arc<Mutex<Vec<Counting>>>)> {
    let counters: Arc<Mutex<Vec<Counting>>> = Arc::default();
    let keep = Arc::clone(&counters);
    let world = World::new().await?;
    let world = world
        .restarted(move |client| {
            let counting = Counting::new(client);
            let client = counting.http_client();
            keep.lock().unwrap().push(counting);
            client
        })
        .await?;
    Ok((world, counters))
}

fn transactions(counters: &Arc<Mutex<Vec<Counting>>>) -> u64 {
    let calls = counters.lock().unwrap()[0].snapshot();
    calls
        .iter()
        .filter(|(name, _)| name.contains("TransactWriteItems"))
        .map(|(_, count)| count)
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_devices_take_few_transactions_and_the_same_list_again_next_to_none() -> Result<()> {
    let (world, counters) = counted().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &partner).await?;

    let before = transactions(&counters);
    let seen = world.upload("m365-business", None, tenant, intune(0..1000)).await?;
    assert_eq!(seen.counts.get("registered"), Some(&1000));
    let by_hash = transactions(&counters) - before;
    assert!(by_hash <= 46, "by hash: {by_hash} transactions");

    let before = transactions(&counters);
    let seen = world.upload("m365-business", None, tenant, intune(0..1000)).await?;
    assert_eq!(seen.counts.get("unchanged"), Some(&1000));
    let again = transactions(&counters) - before;
    assert!(again <= 4, "the same list again: {again} transactions");

    let before = transactions(&counters);
    let rows: Vec<Row> = (5000..6000).map(|n| Row::of_pkid(&device(n))).collect();
    let seen = world
        .upload(
            "partner-center",
            Some(&partner),
            tenant,
            list(Format::PartnerCenter, &rows),
        )
        .await?;
    assert_eq!(seen.counts.get("registered"), Some(&1000));
    let by_pkid = transactions(&counters) - before;
    assert!(by_pkid <= 26, "by PKID: {by_pkid} transactions");
    Ok(())
}
