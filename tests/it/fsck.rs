//! The check of the registry finds nothing after whatever the product does, while it does it and when it died in between.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use journeys::lists::{Row, all_columns, device, intune, list};
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use manifest::Format;
use muster_core::party::PartnerKind;
use muster_local::faults::{Fault, FaultPoint, Faulty};
use muster_local::flow::Flow;
use muster_store::fsck::Report;
use sweep::Occasion;

async fn check(world: &World) -> Result<Report> {
    Ok(world.embedded.fsck().check(world.now()).await?)
}

fn told(report: &Report) -> Vec<String> {
    report.findings.iter().map(ToString::to_string).collect()
}

/// Tenants, partners and consents of all kinds; uploads that end in each way; devices that are registered, changed,
/// merged and released.
async fn busy_world() -> Result<World> {
    let mut world = World::new().await?;
    let fabrikam = world.tenant("Fabrikam", FABRIKAM).await?;
    let tailspin = world.tenant("Tailspin", TAILSPIN).await?;
    let oem = world.partner("oem", PartnerKind::Oem, None).await?;
    let csp = world.partner("csp", PartnerKind::CspDirect, None).await?;
    let provider = world.partner("provider", PartnerKind::CspProvider, None).await?;
    let reseller = world
        .partner("reseller", PartnerKind::CspReseller, Some("provider"))
        .await?;
    for (tenant, partner) in [
        (fabrikam, &oem),
        (fabrikam, &csp),
        (fabrikam, &reseller),
        (tailspin, &csp),
    ] {
        world.consent(tenant, partner).await?;
    }
    world.request(tailspin, &oem, None).await?;
    world.request(tailspin, &provider, None).await?;
    world
        .embedded
        .grants()
        .decline(tailspin, &provider, "admin", world.now())
        .await??;

    world.upload("intune", None, fabrikam, intune(0..600)).await?;
    world.upload("intune", None, fabrikam, intune(0..20)).await?;
    let tuple_then_hash = |tag: &str| {
        let rows: Vec<Row> = (700..720).map(|n| Row::of_tuple(&device(n)).tagged(tag)).collect();
        list(Format::PartnerCenter, &rows)
    };
    world
        .upload("oem-direct", Some(&oem), fabrikam, tuple_then_hash("a"))
        .await?;
    let pkids: Vec<Row> = (700..720).map(|n| Row::of_pkid(&device(n))).collect();
    world
        .upload(
            "partner-center",
            Some(&csp),
            fabrikam,
            list(Format::PartnerCenter, &pkids),
        )
        .await?;
    let both: Vec<Row> = (700..720)
        .map(|n| Row {
            product_id: Row::of_pkid(&device(n)).product_id,
            ..Row::of_tuple(&device(n))
        })
        .collect();
    world
        .upload("partner-center", Some(&csp), fabrikam, all_columns(&both))
        .await?;
    world
        .upload("partner-center", Some(&provider), fabrikam, tuple_then_hash("b"))
        .await?;
    world.upload("intune", None, tailspin, intune(0..5)).await?;
    world.upload("intune", None, tailspin, b"<html>".to_vec()).await?;
    world
        .upload(
            "intune",
            None,
            tailspin,
            b"Device Serial Number,Windows Product ID,Hardware Hash\r\n".to_vec(),
        )
        .await?;
    world.drop_file("inbox/nobody.txt", b"x".to_vec(), &[]).await?;
    world
        .drop_file("inbox/intune/-/Nobody/list.csv", intune(0..1), &[])
        .await?;
    world.flow.idle().await;
    for gone in world.devices(fabrikam).await?.iter().take(10) {
        world.release(gone.id, fabrikam).await?;
    }
    world.upload("intune", None, fabrikam, intune(0..600)).await?;
    world.revoke(fabrikam, &oem).await?;
    world.revoke(tailspin, &csp).await?;
    world.request(tailspin, &csp, None).await?;

    // One that is given up, and one that is under way.
    let key = format!("inbox/intune/-/{fabrikam}/stuck.csv");
    let stuck = world.drop_file_unseen(&key, intune(800..1500)).await?;
    world.split_and_forget(&stuck).await?;
    for _ in 0..8 {
        world.wait(4000);
        world.embedded.sweep(Occasion::Schedule).await?;
        world.embedded.queue().forget();
    }
    let key = format!("inbox/intune/-/{fabrikam}/slow.csv");
    let slow = world.drop_file_unseen(&key, intune(1500..2600)).await?;
    world.split_and_forget(&slow).await?;
    world.flow = Flow::work(&world.embedded);
    Ok(world)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_whatever_people_did() -> Result<()> {
    let world = busy_world().await?;
    let report = check(&world).await?;
    assert_eq!(told(&report), Vec::<String>::new());
    assert!(report.is_clean());
    let counts = report.counts;
    assert_eq!(
        (counts.tenants, counts.partners, counts.uploads, counts.under_way),
        (2, 4, 13, 1)
    );
    assert!(
        counts.devices > 600 && counts.retired_devices > 10 && counts.identities > 1200,
        "{counts:?}"
    );
    let repaired = world.embedded.fsck().repair(world.now()).await?;
    assert_eq!((repaired.mended, told(&repaired)), (0, Vec::new()));
    Ok(())
}

/// Each look falls on another moment. A repair meanwhile finds nothing to mend, either.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_while_uploads_run() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let mut objects = Vec::new();
    for (number, rows) in [(0, 0..1200), (1, 900..1600), (2, 2000..2003)] {
        let key = format!("inbox/intune/-/{tenant}/list-{number}.csv");
        objects.push(world.drop_file(&key, intune(rows), &[]).await?);
    }
    let mut under_way = 0;
    for look in 0.. {
        let fsck = world.embedded.fsck();
        let report = match look % 4 {
            3 => fsck.repair(world.now()).await?,
            _ => fsck.check(world.now()).await?,
        };
        assert_eq!((report.mended, told(&report)), (0, Vec::new()), "look {look}");
        under_way += report.counts.under_way;
        let mut done = 0;
        for object in &objects {
            let status = world.embedded.uploads().get(&object.upload_id()).await?;
            done += usize::from(status.is_some_and(|status| status.state.is_final()));
        }
        if done == objects.len() {
            break;
        }
    }
    assert!(under_way > 0, "all looks came too late");
    Ok(())
}

/// From some call on the bucket does not answer, or the disk below it fails, while the table can be read. That is no finding,
/// and the registry is not called sound.
#[tokio::test(start_paused = true)]
async fn a_check_that_cannot_read_something_does_not_end_with_a_report() -> Result<()> {
    let mut world = World::on_paused_clock().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    world.flow = Flow::work(&world.embedded);
    world.upload("intune", None, tenant, intune(0..3)).await?;
    world.flow.stop();
    for fault in [Fault::Error500, Fault::Throttle, Fault::TimeoutBefore, Fault::Disk] {
        let mut cut_off = 0;
        loop {
            let calls = Arc::new(AtomicU64::new(0));
            let process = world.embedded.again(|client| {
                let calls = Arc::clone(&calls);
                let plan = move |point: &FaultPoint| match point.service {
                    "s3" if calls.fetch_add(1, Ordering::Relaxed) >= cut_off => fault,
                    _ => Fault::None,
                };
                Faulty::new(client, Arc::new(plan)).http_client()
            });
            let checked = process.fsck().check(world.now()).await;
            if calls.load(Ordering::Relaxed) <= cut_off {
                assert!(checked?.is_clean(), "{fault:?}: nothing was in the way");
                break;
            }
            assert!(
                checked.is_err(),
                "{fault:?} from call {cut_off} on: {:?}",
                told(&checked?)
            );
            cut_off += 1;
        }
        assert!(cut_off > 1, "{fault:?}: {cut_off} checks were cut off");
    }
    Ok(())
}

/// A process died at some call, and nobody has gone on: what it left is half done, and not wrong.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_left_that_died_is_not_wrong() -> Result<()> {
    let mut deaths = 0;
    for n in (2..70).step_by(4) {
        let world = World::new().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        let partner = world.partner("csp", PartnerKind::CspDirect, None).await?;
        let key = format!("inbox/intune/-/{tenant}/list.csv");
        let object = world.drop_file_unseen(&key, intune(0..40)).await?;
        let first: Arc<Mutex<Option<Faulty>>> = Arc::default();
        let dying = world.embedded.again(|client| {
            let mut first = first.lock().unwrap();
            let plan = move |point: &FaultPoint| if point.n == n { Fault::Die } else { Fault::None };
            match &*first {
                Some(faulty) => faulty.also(client).http_client(),
                None => first.insert(Faulty::new(client, Arc::new(plan))).http_client(),
            }
        });
        let is_dead = || first.lock().unwrap().as_ref().is_some_and(Faulty::is_dead);
        // Every second one dies over a decision about consent.
        if n % 8 == 2 {
            world.request(tenant, &partner, None).await?;
            let _ = dying.grants().grant(tenant, &partner, "admin", world.now()).await;
            let _ = dying.grants().revoke(tenant, &partner, "admin", world.now()).await;
        }
        let flow = Flow::start(&dying).await;
        loop {
            let status = world.embedded.uploads().get(&object.upload_id()).await?;
            if is_dead() || status.is_some_and(|status| status.state.is_final()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        drop(flow);
        deaths += u32::from(is_dead());
        let report = check(&world).await?;
        assert_eq!(told(&report), Vec::<String>::new(), "it died at its call {n}");
    }
    assert!(deaths > 10, "{deaths} deaths");
    Ok(())
}
