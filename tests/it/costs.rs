//! What registering costs in calls of DynamoDB (`docs/performance.md`).

use journeys::lists::{Row, device, intune, list};
use journeys::world::{FABRIKAM, Result, World};
use manifest::Format;
use muster_core::party::PartnerKind;
use muster_local::counting::Counting;

/// Transactions and write units since the last time.
struct Meter {
    counter: Counting,
    seen: (u64, u64),
}

impl Meter {
    fn new(counter: Counting) -> Self {
        let seen = Self::read(&counter);
        Self { counter, seen }
    }

    fn read(counter: &Counting) -> (u64, u64) {
        let transactions = counter.snapshot().get("TransactWriteItems").copied().unwrap_or(0);
        (transactions, counter.write_units())
    }

    fn since(&mut self) -> (u64, u64) {
        let now = Self::read(&self.counter);
        let since = (now.0 - self.seen.0, now.1 - self.seen.1);
        self.seen = now;
        since
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_devices_stay_within_the_budgets_of_transactions_and_write_units() -> Result<()> {
    let (world, [table, _]) = World::new().await?.counted().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &partner).await?;
    let mut meter = Meter::new(table);

    let seen = world.upload("m365-business", None, tenant, intune(0..1000)).await?;
    assert_eq!(seen.counts.get("registered"), Some(&1000));
    let by_hash = meter.since();

    let seen = world.upload("m365-business", None, tenant, intune(0..1000)).await?;
    assert_eq!(seen.counts.get("unchanged"), Some(&1000));
    let again = meter.since();

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
    let by_pkid = meter.since();

    println!(
        "transactions and write units for 1,000 devices: by hash {by_hash:?}, again {again:?}, by PKID {by_pkid:?}"
    );
    assert!(by_hash.0 <= 46 && by_hash.1 <= 9_500, "by hash: {by_hash:?}");
    assert!(again.0 <= 4 && again.1 <= 1_000, "the same list again: {again:?}");
    assert!(by_pkid.0 <= 26 && by_pkid.1 <= 6_000, "by PKID: {by_pkid:?}");
    Ok(())
}
