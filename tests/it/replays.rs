//! A batch that is registered twice, by a process after another or by two at once, answers as one that ran once.

use std::sync::Arc;
use std::time::Duration;

use journeys::by_hand::{ByHand, at_transactions, told};
use journeys::lists::{Row, all_columns, device, intune, list};
use journeys::world::{FABRIKAM, Result, Seen, TAILSPIN, World};
use manifest::Format;
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::PartnerKind;
use muster_local::conflicts::Conflicting;
use muster_local::faults::Fault;
use muster_runtime::Verdict;
use muster_store::devices::Released;
use tokio::sync::{Barrier, Notify};
use tokio::task::JoinSet;

async fn world_with_partner() -> Result<(World, TenantId, PartnerId)> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &partner).await?;
    Ok((world, tenant, partner))
}

/// The first line that differs between two reports.
fn different(seen: &Seen, calm: &Seen) -> Option<(String, String)> {
    let (seen, calm) = (told(seen), told(calm));
    assert_eq!(seen.len(), calm.len());
    seen.into_iter().zip(calm).find(|(seen, calm)| seen != calm)
}

fn by_pkid(range: std::ops::Range<u64>) -> Vec<Row> {
    range.map(|n| Row::of_pkid(&device(n))).collect()
}

/// A device is known. Row 1 names it by its PKID and row 400 by its tuple, so nothing in the list unites them.
fn one_device_twice() -> Vec<u8> {
    let mut rows = vec![Row::of_pkid(&device(0))];
    rows.extend(by_pkid(1..399));
    rows.push(Row::of_tuple(&device(0)));
    list(Format::PartnerCenter, &rows)
}

async fn world_with_known_device() -> Result<(World, TenantId, PartnerId)> {
    let (world, tenant, partner) = world_with_partner().await?;
    let known = list(Format::PartnerCenter, &[Row::of_hash(&device(0))]);
    let seen = world.upload("partner-center", Some(&partner), tenant, known).await?;
    assert_eq!(seen.counts.get("registered"), Some(&1), "{seen:?}");
    Ok((world, tenant, partner))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_taken_up_after_a_crash_answers_as_one_that_ran_calmly() -> Result<()> {
    let (world, tenant, partner) = world_with_known_device().await?;
    let upload = ByHand::validated(&world, "partner-center", Some(&partner), tenant, one_device_twice()).await?;
    let calm = upload.calmly().await?;
    let last = calm.report.lines().last().unwrap_or_default();
    assert!(
        last.contains("duplicateInUpload") && last.contains("the same device as line 2"),
        "{last}"
    );
    assert_eq!(calm.counts.get("unchanged"), Some(&1), "{:?}", calm.counts);

    for crash in [1, 2, 4, 8] {
        for fault in [Fault::Die, Fault::TimeoutAfter] {
            let (world, tenant, partner) = world_with_known_device().await?;
            let upload =
                ByHand::validated(&world, "partner-center", Some(&partner), tenant, one_device_twice()).await?;
            let dying = at_transactions(&world.embedded, move |n| if n >= crash { fault } else { Fault::None });
            assert_eq!(upload.register(&dying, 0).await?, Verdict::Again, "{fault:?} {crash}");
            assert_eq!(
                upload.register(&world.embedded, 0).await?,
                Verdict::Done,
                "{fault:?} {crash}"
            );
            let seen = upload.finished().await?;
            assert_eq!(different(&seen, &calm), None, "{fault:?} at transaction {crash}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_comes_again_while_its_upload_runs_registers_nothing_that_was_released() -> Result<()> {
    let (world, tenant, partner) = world_with_partner().await?;
    let rows = by_pkid(0..1100);
    let upload = ByHand::validated(
        &world,
        "partner-center",
        Some(&partner),
        tenant,
        list(Format::PartnerCenter, &rows),
    )
    .await?;
    assert_eq!(upload.len(), 2);
    assert_eq!(upload.register(&world.embedded, 0).await?, Verdict::Done);
    let devices = world.devices(tenant).await?;
    assert_eq!(devices.len(), 1000);
    let released = devices[500].id;
    let answer = world.release(released, tenant).await?;
    assert!(matches!(answer, Released::Done(_)), "{answer:?}");

    for _ in 0..2 {
        assert_eq!(upload.register(&world.embedded, 0).await?, Verdict::Done);
        let after = world.devices(tenant).await?;
        assert!(after.len() == 999 && after.iter().all(|d| d.id != released));
    }
    assert_eq!(upload.register(&world.embedded, 1).await?, Verdict::Done);
    let seen = upload.finished().await?;
    assert_eq!(
        seen.counts.get("registered"),
        Some(&1100),
        "as it was: {:?}",
        seen.counts
    );
    assert_eq!(world.devices(tenant).await?.len(), 1099);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_on_one_batch_answer_as_one() -> Result<()> {
    let (world, tenant, partner) = world_with_known_device().await?;
    let upload = ByHand::validated(&world, "partner-center", Some(&partner), tenant, one_device_twice()).await?;
    let calm = upload.calmly().await?;
    for hold in [0, 1, 5] {
        let (world, tenant, partner) = world_with_known_device().await?;
        let upload = ByHand::validated(&world, "partner-center", Some(&partner), tenant, one_device_twice()).await?;
        let process = world.embedded.again(|client| {
            let conflicting = Conflicting::new(client);
            conflicting.set_hold(Duration::from_millis(hold));
            conflicting.http_client()
        });
        let (one, other) = tokio::join!(upload.register(&process, 0), upload.register(&process, 0));
        assert_eq!((one?, other?), (Verdict::Done, Verdict::Done), "held {hold} ms");
        let seen = upload.finished().await?;
        assert_eq!(different(&seen, &calm), None, "held {hold} ms");
        assert_eq!(world.devices(tenant).await?.len(), 399);
    }
    Ok(())
}

/// A consent has eight shards; these are more writers, and each holds its shard for long.
#[tokio::test(flavor = "multi_thread")]
async fn more_writers_than_a_consent_has_shards_wait_for_each_other() -> Result<()> {
    let (world, tenant, partner) = world_with_partner().await?;
    let world = Arc::new(world);
    let process = world.embedded.again(|client| {
        let conflicting = Conflicting::new(client);
        conflicting.set_hold(Duration::from_millis(100));
        conflicting.http_client()
    });
    let mut writers = JoinSet::new();
    let start = Arc::new(Barrier::new(12));
    for n in 0..12 {
        let (world, partner, process, start) = (world.clone(), partner.clone(), process.clone(), start.clone());
        writers.spawn(async move {
            let rows = list(Format::PartnerCenter, &by_pkid(n * 60..(n + 1) * 60));
            let upload = ByHand::validated(&world, "partner-center", Some(&partner), tenant, rows).await?;
            start.wait().await;
            upload.register(&process, 0).await
        });
    }
    for verdict in writers.join_all().await {
        assert_eq!(verdict?, Verdict::Done);
    }
    assert_eq!(world.devices(tenant).await?.len(), 720);
    Ok(())
}

/// Row 1 would change a device that row 2 names, too. Before that is written, the device goes to another tenant: row 2
/// is no duplicate of a row that fails, it fails by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_no_duplicate_of_one_that_fails_in_the_end() -> Result<()> {
    let (world, tenant, partner) = world_with_known_device().await?;
    let tailspin = world.tenant("Tailspin", TAILSPIN).await?;
    let rows = [Row::of_pkid(&device(0)).tagged("new"), Row::of_tuple(&device(0))];
    let (kind, body) = ("partner-center", all_columns(&rows));
    let ours = ByHand::validated(&world, kind, Some(&partner), tenant, body).await?;
    let theirs = ByHand::validated(&world, "intune", None, tailspin, intune(0..1)).await?;
    let known = world.devices(tenant).await?[0].id;

    let writes = Arc::new(Notify::new());
    let about_to = Arc::clone(&writes);
    let slow = at_transactions(&world.embedded, move |n| {
        if n > 1 {
            return Fault::None;
        }
        about_to.notify_one();
        Fault::Delay(Duration::from_secs(1))
    });
    let meanwhile = async {
        writes.notified().await;
        let released = world.release(known, tenant).await?;
        assert!(matches!(released, Released::Done(_)), "{released:?}");
        theirs.register(&world.embedded, 0).await
    };
    let (one, other) = tokio::join!(ours.register(&slow, 0), meanwhile);
    assert_eq!((one?, other?), (Verdict::Done, Verdict::Done));
    let seen = ours.finished().await?;
    assert_eq!(seen.counts.get("ownedByOtherTenant"), Some(&2), "{}", seen.report);
    Ok(())
}

/// A worker dies in the middle of a batch, and an administrator releases a device that it had registered, before the message
/// comes again: at whatever transaction it died, and whether or not that one was written.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_released_between_two_deliveries_of_a_batch_stays_released() -> Result<()> {
    const ROWS: usize = 160;
    for (fault, last, written) in [
        (Fault::Die, 2, 1),
        (Fault::Die, 4, 3),
        (Fault::TimeoutAfter, 1, 1),
        (Fault::TimeoutAfter, 3, 3),
    ] {
        let (world, tenant, partner) = world_with_partner().await?;
        let body = list(Format::PartnerCenter, &by_pkid(0..ROWS as u64));
        let upload = ByHand::validated(&world, "partner-center", Some(&partner), tenant, body).await?;
        let dying = at_transactions(&world.embedded, move |n| if n >= last { fault } else { Fault::None });
        assert_eq!(upload.register(&dying, 0).await?, Verdict::Again);
        let before = world.devices(tenant).await?;
        assert_eq!(before.len(), written * 49, "{fault:?} {last}: so many slices");

        let released = [before[0].id, before[before.len() - 1].id];
        for device in released {
            let answer = world.release(device, tenant).await?;
            assert!(matches!(answer, Released::Done(_)), "{answer:?}");
        }

        for _ in 0..2 {
            assert_eq!(upload.register(&world.embedded, 0).await?, Verdict::Done);
            let after = world.devices(tenant).await?;
            assert_eq!(after.len(), ROWS - 2, "{fault:?} {last}");
            assert!(after.iter().all(|device| !released.contains(&device.id)));
        }
        let seen = upload.finished().await?;
        assert_eq!(
            seen.counts.get("registered"),
            Some(&(ROWS as u64)),
            "as it was: {:?}",
            seen.counts
        );
    }
    Ok(())
}
