//! Rows, entries and withdrawals that meet in the same moment, and workers that die.

use std::sync::Arc;

use journeys::by_hand::{ByHand, at_transactions};
use muster_local::conflicts::Conflicting;
use muster_local::faults::Fault;
use muster_runtime::Verdict;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_entries_that_come_at_the_same_moment_find_each_other() -> Result<()> {
    for round in 0..6 {
        let world = World::new().await?;
        let world = world.restarted(|client| Conflicting::new(client).http_client()).await?;
        let (tenant, oem, csp) = parties(&world).await?;
        let numbers = 0..40;
        let rows = format!("inbox/partner-center/{csp}/{tenant}/rows.csv");
        let catalogue = format!("inbox/catalogue/{oem}/-/entries.csv");
        let (a, b) = tokio::join!(
            world.drop_file(&rows, tuples(numbers.clone()), &[]),
            world.drop_file(&catalogue, hashes(numbers), &[])
        );
        let (rows, entries) = (a?, b?);
        world.flow.idle().await;
        for object in [rows, entries] {
            let seen = world.seen(&object).await?;
            assert_eq!(count(&seen, "registered"), 40, "round {round}: {}", seen.report);
        }
        let devices = world.devices(tenant).await?;
        assert!(
            devices.len() == 40 && devices.iter().all(|device| device.components.is_some()),
            "round {round}"
        );
        assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_device_is_registered_by_an_entry_that_is_withdrawn_meanwhile() -> Result<()> {
    let world = World::new().await?;
    let world = Arc::new(world.restarted(|client| Conflicting::new(client).http_client()).await?);
    let (tenant, oem, csp) = parties(&world).await?;
    demand(&world, tenant).await?;
    world.catalogue(&oem, hashes(0..60)).await?;
    let listed = entries(&world, &oem).await?;
    let key = format!("inbox/partner-center/{csp}/{tenant}/rows.csv");
    let object = world.drop_file(&key, tuples(0..60), &[]).await?;
    let (mut withdrawn, mut owned) = (0, 0);
    for entry in &listed {
        match withdraw(&world, &oem, entry.id).await {
            Ok(Withdrawn::Done(_)) => withdrawn += 1,
            Ok(Withdrawn::Owned) => owned += 1,
            other => panic!("{other:?}"),
        }
    }
    world.flow.idle().await;
    let seen = world.seen(&object).await?;
    assert_eq!(withdrawn + owned, 60);
    let told = (count(&seen, "registered"), count(&seen, "unknownIdentity"));
    assert_eq!(told, (owned, withdrawn), "{}", seen.report);
    let devices = world.devices(tenant).await?;
    assert_eq!(u64::try_from(devices.len())?, owned);
    assert!(devices.iter().all(|device| device.components.is_some()));
    assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_anywhere_is_followed_by_one_that_completes_the_devices() -> Result<()> {
    // The transactions of a batch of three entries: the slice, and a completion for each device.
    for dies_at in 1..=4 {
        let world = World::new().await?;
        let (tenant, oem, csp) = parties(&world).await?;
        world.upload("partner-center", Some(&csp), tenant, tuples(0..3)).await?;
        let catalogue = TenantId::of_catalogue(&oem);
        let upload = ByHand::validated(&world, "catalogue", Some(&oem), catalogue, hashes(0..3)).await?;
        let dying = at_transactions(&world.embedded, move |n| match n == dies_at {
            true => Fault::Die,
            false => Fault::None,
        });
        assert_eq!(upload.register(&dying, 0).await?, Verdict::Again, "{dies_at}");
        let seen = upload.calmly().await?;
        assert_eq!(count(&seen, "registered"), 3, "{dies_at}: {}", seen.report);
        let devices = world.devices(tenant).await?;
        assert!(
            devices.iter().all(|d| d.components.is_some() && d.version == 2),
            "{dies_at}"
        );
        // The same message once more changes nothing.
        assert_eq!(upload.register(&world.embedded, 0).await?, Verdict::Done);
        assert_eq!(world.devices(tenant).await?, devices);
    }
    Ok(())
}
