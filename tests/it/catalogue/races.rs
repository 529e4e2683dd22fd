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

/// A batch that is held before its first transaction, while `meanwhile` happens; then it goes on, and `then` happens to the next.
fn held(world: &World, then: Fault) -> muster_local::flow::Embedded {
    at_transactions(&world.embedded, move |n| match n {
        1 => Fault::Delay(std::time::Duration::from_millis(400)),
        _ => then,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn two_batches_of_one_catalogue_list_no_two_devices_of_one_name() -> Result<()> {
    let world = World::new().await?;
    let (_, oem, _) = parties(&world).await?;
    let catalogue = TenantId::of_catalogue(&oem);
    let twin = |n: u64| {
        let mut twin = device(n);
        (twin.serial, twin.product) = (device(1).serial, device(1).product);
        all_columns(&[Row::of_hash(&twin)])
    };
    let one = ByHand::validated(&world, "catalogue", Some(&oem), catalogue, twin(1)).await?;
    let two = ByHand::validated(&world, "catalogue", Some(&oem), catalogue, twin(2)).await?;
    // Both have looked before either of them writes.
    let slow = held(&world, Fault::None);
    let (first, second) = tokio::join!(one.register(&slow, 0), async {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        two.register(&world.embedded, 0).await
    });
    assert_eq!((first?, second?), (Verdict::Done, Verdict::Done));
    let (one, two) = (one.finished().await?, two.finished().await?);
    assert_eq!(
        (count(&one, "ambiguous"), count(&two, "registered")),
        (1, 1),
        "{}",
        one.report
    );
    assert_eq!(entries(&world, &oem).await?.len(), 1);
    assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    Ok(())
}

/// A batch of rows that are written after a catalogue's batch has looked for them, and whose worker dies before it looks itself.
async fn missed<'a>(world: &'a World, tenant: TenantId, oem: &PartnerId, csp: &PartnerId) -> Result<ByHand<'a>> {
    let rows = ByHand::validated(world, "partner-center", Some(csp), tenant, tuples(0..3)).await?;
    let catalogue = TenantId::of_catalogue(oem);
    let entries = ByHand::validated(world, "catalogue", Some(oem), catalogue, hashes(0..3)).await?;
    let dying = held(world, Fault::Die);
    let (died, listed) = tokio::join!(rows.register(&dying, 0), async {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        entries.calmly().await
    });
    assert_eq!(count(&listed?, "registered"), 3);
    assert_eq!(died?, Verdict::Again);
    let devices = world.devices(tenant).await?;
    assert!(
        devices.len() == 3 && devices.iter().all(|device| device.components.is_none()),
        "{devices:?}"
    );
    Ok(rows)
}

async fn all_complete(world: &World, tenant: TenantId) -> Result<bool> {
    let devices = world.devices(tenant).await?;
    Ok(devices.len() == 3 && devices.iter().all(|device| device.components.is_some()))
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_cancelled_upload_whose_worker_died_are_completed_all_the_same() -> Result<()> {
    for lost in [false, true] {
        let world = World::new().await?;
        let (tenant, oem, csp) = parties(&world).await?;
        let rows = missed(&world, tenant, &oem, &csp).await?;
        let id = rows.upload();
        let reason = muster_core::upload::Reason::cancelled("somebody");
        let uploads = world.embedded.uploads();
        assert!(uploads.cancel(&id, &reason, world.now()).await?);
        if lost {
            // Nothing but sweep knows of the batch.
            assert!(!all_complete(&world, tenant).await?);
            world.wait(16 * 60);
        } else {
            assert_eq!(rows.register(&world.embedded, 0).await?, Verdict::Done);
            assert!(all_complete(&world, tenant).await?, "its message came again");
            world.wait(16 * 60);
        }
        assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
        let world = world.restarted(|client| client).await?;
        world.embedded.sweep(sweep::Occasion::Schedule).await?;
        world.flow.idle().await;
        assert!(all_complete(&world, tenant).await?, "lost: {lost}");
        let devices = world.devices(tenant).await?;
        // Once it is settled nobody looks again.
        for _ in 0..2 {
            world.wait(3600);
            world.embedded.sweep(sweep::Occasion::Schedule).await?;
            world.flow.idle().await;
        }
        let uploads = world.embedded.uploads();
        assert_eq!(uploads.unsettled_batches(&id).await?, Vec::<u32>::new());
        assert!(uploads.due(jiff::Timestamp::MAX, 10).await?.is_empty());
        assert_eq!(world.devices(tenant).await?, devices);
        assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_completed_although_whoever_handed_them_in_may_not_any_more() -> Result<()> {
    let world = World::new().await?;
    let (tenant, oem, csp) = parties(&world).await?;
    let rows = missed(&world, tenant, &oem, &csp).await?;
    world.revoke(tenant, &csp).await?;
    assert_eq!(rows.register(&world.embedded, 0).await?, Verdict::Done);
    assert!(all_complete(&world, tenant).await?);
    let device = world.devices(tenant).await?.remove(0);
    let history = world.embedded.devices().history(&device, None, 5).await?;
    assert!(
        matches!(&history.changes[0].by, Author::Catalogue(by) if *by == oem),
        "{history:?}"
    );
    assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    Ok(())
}
