//! What stopped moving is found by the clock and put on again; what cannot be helped is given up loudly.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use journeys::lists::intune;
use journeys::world::{FABRIKAM, Result, World};
use muster_core::grant::{Grant, GrantRequest, GrantState, Verb};
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::{PartnerKind, Registrant};
use muster_core::upload::UploadState;
use muster_local::faults::{Fault, FaultPoint, Faulty, QueueFault};
use muster_local::flow::{Embedded, Flow};
use sweep::Occasion;
use tokio::time::Instant;

/// Split puts the batches on the queue; then the queue forgets them.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_a_queue_forgot_are_sent_again_when_they_are_due() -> Result<()> {
    let mut world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let key = format!("inbox/intune/-/{tenant}/list.csv");
    let object = world.drop_file_unseen(&key, intune(0..600)).await?;
    world.split_and_forget(&object).await?;
    world.flow = Flow::work(&world.embedded);

    world.embedded.sweep(Occasion::Schedule).await?;
    world.flow.idle().await;
    assert_eq!(
        world.seen(&object).await?.status.state,
        UploadState::Processing,
        "not due yet"
    );

    for _ in 0..3 {
        world.wait(130);
        world.embedded.sweep(Occasion::Schedule).await?;
        world.flow.idle().await;
    }
    let seen = world.seen(&object).await?;
    assert_eq!(
        (seen.status.state, seen.counts.get("registered")),
        (UploadState::Finished, Some(&600))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_never_moves_is_given_up_with_its_reason_and_can_be_resumed() -> Result<()> {
    let mut world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let key = format!("inbox/intune/-/{tenant}/list.csv");
    let object = world.drop_file_unseen(&key, intune(0..600)).await?;
    world.split_and_forget(&object).await?;
    // Nobody works: whatever is sent is forgotten.
    for _ in 0..10 {
        world.wait(4000);
        world.embedded.sweep(Occasion::Schedule).await?;
        assert!(world.embedded.queue().forget() <= 2, "only what is not done is sent");
    }
    let seen = world.seen(&object).await?;
    assert_eq!(seen.status.state, UploadState::Failed);
    let reason = seen.status.reason.ok_or("a given-up upload has a reason")?;
    assert_eq!(
        (reason.code.as_str(), reason.detail.as_str()),
        (
            "no-progress",
            "0 of 2 batches are done, and 5 more tries brought no progress"
        )
    );
    assert!(
        reason
            .remedy
            .contains(&format!("muster uploads resume {}", seen.status.id))
    );

    assert!(world.embedded.uploads().resume(&seen.status.id, world.now()).await?);
    world.flow = Flow::start(&world.embedded).await?;
    world.flow.idle().await;
    let seen = world.seen(&object).await?;
    assert_eq!(
        (seen.status.state, seen.counts.get("registered")),
        (UploadState::Finished, Some(&600))
    );
    Ok(())
}

/// Nothing can be sent for a day. That is not the upload's fault: no try is counted, and then it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_out_of_reach_costs_an_upload_no_try() -> Result<()> {
    let mut world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let key = format!("inbox/intune/-/{tenant}/list.csv");
    let object = world.drop_file_unseen(&key, intune(0..3)).await?;
    world.split_and_forget(&object).await?;
    let made: Mutex<Option<Faulty>> = Mutex::default();
    let process = world.embedded.again(|client| {
        let faulty = Faulty::new(client, Arc::new(|_: &FaultPoint| Fault::None));
        made.lock().unwrap().insert(faulty).http_client()
    });
    let faulty = made.into_inner()?.ok_or("a client was made")?;
    let cut_off =
        process.sending_through(|queue| Arc::new(faulty.queue(queue, Arc::new(|_, _| QueueFault::FailBefore))));
    for look in 0..20 {
        world.wait(4000);
        // The first one sees that the upload was cut, and sends nothing.
        assert_eq!(
            cut_off.sweep(Occasion::Schedule).await.is_err(),
            look > 0,
            "look {look}"
        );
    }
    let status = world.seen(&object).await?.status;
    assert_eq!((status.state, status.tries), (UploadState::Processing, 0));

    world.flow = Flow::work(&world.embedded);
    world.wait(4000);
    world.embedded.sweep(Occasion::Schedule).await?;
    world.flow.idle().await;
    assert_eq!(world.seen(&object).await?.counts.get("registered"), Some(&3));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_whose_event_was_lost_is_found_in_the_inbox() -> Result<()> {
    let mut world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let key = format!("inbox/intune/-/{tenant}/list.csv");
    let object = world.drop_file_unseen(&key, intune(0..3)).await?;
    world.embedded.forget_events().await?;
    world.embedded.sweep(Occasion::Schedule).await?;
    assert_eq!(
        world.embedded.queue().forget(),
        0,
        "a young object's event may still come"
    );
    world.wait(400);
    world.flow = Flow::work(&world.embedded);
    world.embedded.sweep(Occasion::Schedule).await?;
    world.flow.idle().await;
    assert_eq!(world.seen(&object).await?.counts.get("registered"), Some(&3));
    Ok(())
}

/// What a client, or the writer of a report, began to upload in parts and never ended goes after a week; what is not ours
/// stays.
#[tokio::test(flavor = "multi_thread")]
async fn multipart_uploads_that_nobody_ended_are_removed_after_a_week() -> Result<()> {
    let world = World::new().await?;
    let objects = world.embedded.objects();
    for key in ["inbox/a+b ü.csv", "uploads/u/report.csv", "other/x"] {
        let mut writer = objects.writer(key, "text/csv");
        // The first part goes out, and then the writer dies.
        writer.write(&vec![b'x'; 9 << 20]).await?;
    }
    let left = async || -> Result<Vec<String>> {
        let page = objects.list_unfinished(None, 1000).await?;
        Ok(page.uploads.into_iter().map(|upload| upload.key).collect())
    };
    let day = 24 * 3600;
    let week = ["inbox/a+b ü.csv", "other/x", "uploads/u/report.csv"];
    for (passes, expected) in [
        (-8 * day, &week[..]),
        (15 * day, &week),
        (day, &["other/x"]),
        (0, &["other/x"]),
    ] {
        world.wait(passes);
        world.embedded.sweep(Occasion::Schedule).await?;
        assert_eq!(left().await?, expected, "{}", world.now());
    }
    Ok(())
}

/// Everything takes its time. A run ends before the function's time does, and the bucket has its turn in each.
#[tokio::test(start_paused = true)]
async fn a_run_ends_in_time_and_the_next_one_goes_on() -> Result<()> {
    let world = World::on_paused_clock().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let mut objects = Vec::new();
    for number in 0..12 {
        let key = format!("inbox/intune/-/{tenant}/list-{number}.csv");
        let object = world.drop_file(&key, intune(number..number + 1), &[]).await?;
        world.split_and_forget(&object).await?;
        objects.push(object);
    }
    let lost = world.drop_file("inbox/nobody.txt", b"x".to_vec(), &[]).await?;
    world.wait(400);
    let slow = world.embedded.again(|client| {
        let second = |_: &FaultPoint| Fault::Delay(Duration::from_secs(1));
        Faulty::new(client, Arc::new(second)).http_client()
    });
    let mut looked_at = 0;
    for run in 1.. {
        let begun = Instant::now();
        slow.sweep(Occasion::Schedule).await?;
        assert!(begun.elapsed() < Duration::from_secs(50), "{:?}", begun.elapsed());
        let strays = world.embedded.uploads().strays(10).await?;
        assert_eq!(strays.first().map(|stray| &stray.key), Some(&lost.key), "run {run}");
        let before = looked_at;
        looked_at = 0;
        for object in &objects {
            // The look saw that the upload was cut.
            looked_at += u32::from(world.seen(object).await?.status.seen > 0);
        }
        assert!(looked_at > before, "run {run}: {looked_at} of 12");
        if looked_at == 12 {
            assert!(run > 1, "all of it at once");
            return Ok(());
        }
    }
    Ok(())
}

/// A decision about consent is carried out though its worker died in the middle, and a revocation stays one.
#[tokio::test(flavor = "multi_thread")]
async fn a_half_made_decision_about_consent_is_finished() -> Result<()> {
    for at in 1..14 {
        let world = World::new().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
        world.consent(tenant, &partner).await?;
        let dying = world.embedded.again(move |client| {
            let plan = move |point: &FaultPoint| if point.n == at { Fault::Die } else { Fault::None };
            Faulty::new(client, Arc::new(plan)).http_client()
        });
        let answered = dying
            .grants()
            .revoke(tenant, &partner, "admin", world.now())
            .await
            .is_ok();
        world.wait(600);
        world.embedded.sweep(Occasion::Schedule).await?;
        let registrant = Registrant::Partner(partner.clone());
        let grant = world
            .embedded
            .grants()
            .get(tenant, &registrant)
            .await?
            .ok_or("the grant is there")?;
        assert!(
            matches!(grant.state, GrantState::Granted | GrantState::Revoked),
            "settled, at {at}: {grant:?}"
        );
        assert!(
            !answered || grant.state == GrantState::Revoked,
            "an answered revocation is final, at {at}"
        );
        let request = GrantRequest {
            tenant,
            partner: partner.clone(),
            kind: PartnerKind::CspDirect,
            verbs: Verb::ALL.to_vec(),
            channels: None,
            expires_at: None,
            delegated_administration: false,
            by: "partner".into(),
        };
        let again = world.embedded.grants().request(request, world.now()).await?;
        assert_eq!(again.is_ok(), grant.state == GrantState::Revoked);
    }
    Ok(())
}

/// The same state as a process sees it that dies at its `n`th write of an item.
fn dying_at_write(world: &World, n: u64) -> Embedded {
    let writes = Arc::new(AtomicU64::new(0));
    world.embedded.again(move |client| {
        let writes = Arc::clone(&writes);
        let plan = move |point: &FaultPoint| {
            let write = point.operation == "PutItem" && writes.fetch_add(1, Ordering::Relaxed) + 1 == n;
            if write { Fault::Die } else { Fault::None }
        };
        Faulty::new(client, Arc::new(plan)).http_client()
    })
}

/// A tenant, a partner, and a consent whose revocation died when it had closed some of its shards.
async fn half_revoked(world: &World) -> Result<(TenantId, PartnerId)> {
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &partner).await?;
    let dying = dying_at_write(world, 5).grants();
    assert!(dying.revoke(tenant, &partner, "admin", world.now()).await.is_err());
    Ok((tenant, partner))
}

async fn grant(world: &World, tenant: TenantId, partner: &PartnerId) -> Result<Grant> {
    let registrant = Registrant::Partner(partner.clone());
    let grant = world.embedded.grants().get(tenant, &registrant).await?;
    Ok(grant.ok_or("the grant is there")?)
}

/// The same state as a process sees it whose client cannot write the first shard of a grant, though it tries this often.
/// What it writes next, before it reads anew, is the word about it.
fn hindered(world: &World, fault: Fault, tries: u64) -> Embedded {
    let writes = Arc::new(AtomicU64::new(0));
    world.embedded.again(move |client| {
        let writes = Arc::clone(&writes);
        let plan = move |point: &FaultPoint| match &*point.operation {
            "PutItem" if writes.fetch_add(1, Ordering::Relaxed) < tries => fault,
            "GetItem" => {
                writes.store(0, Ordering::Relaxed);
                Fault::None
            }
            _ => Fault::None,
        };
        Faulty::new(client, Arc::new(plan)).http_client()
    })
}

/// The store answers no write of a shard for a day: the grant says so, and sweep carries the decision out once it does.
#[tokio::test(start_paused = true)]
async fn a_decision_that_an_outage_hinders_is_tried_until_it_is_carried_out() -> Result<()> {
    let world = World::on_paused_clock().await?;
    let (tenant, partner) = half_revoked(&world).await?;
    let outage = hindered(&world, Fault::Error500, 3);
    for looks in 1..=24 {
        world.wait(4000);
        outage.sweep(Occasion::Schedule).await?;
        let now = grant(&world, tenant, &partner).await?;
        assert_eq!((now.state, now.is_stuck()), (GrantState::Revoking, false));
        let hindrance = now.hindrance.ok_or("the hindrance")?;
        assert_eq!(hindrance.tries, looks);
        assert!(hindrance.reason.detail.ends_with("InternalServerError"));
        assert!(hindrance.reason.remedy.starts_with("`muster consent revoke "));
    }
    world.wait(4000);
    world.embedded.sweep(Occasion::Schedule).await?;
    let revoked = grant(&world, tenant, &partner).await?;
    assert_eq!((revoked.state, revoked.hindrance), (GrantState::Revoked, None));
    Ok(())
}

/// No shard may be written, which no waiting mends: the grant says so, and the command that it names carries the decision
/// out.
#[tokio::test(start_paused = true)]
async fn a_decision_that_cannot_be_carried_out_is_given_up_with_its_reason_and_can_be_resumed() -> Result<()> {
    let world = World::on_paused_clock().await?;
    let (tenant, partner) = half_revoked(&world).await?;
    let hindered = hindered(&world, Fault::Denied, 1);
    let mut looks = 0;
    while !grant(&world, tenant, &partner).await?.is_stuck() {
        world.wait(4000);
        hindered.sweep(Occasion::Schedule).await?;
        looks += 1;
        let now = grant(&world, tenant, &partner).await?;
        assert_eq!(now.state, GrantState::Revoking, "nobody was told that it is done");
        assert_eq!(now.hindrance.map(|hindrance| hindrance.tries), Some(looks));
    }
    assert_eq!(looks, 6);
    let given_up = grant(&world, tenant, &partner).await?;
    let reason = given_up.hindrance.clone().ok_or("the reason")?.reason;
    assert_eq!(
        (reason.code.as_str(), reason.detail.as_str(), reason.remedy.as_str()),
        (
            "not-carried-out",
            "it could not be taken back everywhere: write an item: AccessDeniedException: injected",
            "`muster consent revoke --tenant 1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10 --partner contoso` carries it out."
        )
    );
    let told = world.embedded.fsck().check(world.now()).await?;
    let codes: Vec<_> = told.findings.iter().map(|finding| finding.code.name()).collect();
    assert_eq!((codes, told.counts.under_way), (vec!["decision-stuck"], 0));

    // Sweep leaves it alone, though it could do it now.
    world.wait(100_000);
    world.embedded.sweep(Occasion::Schedule).await?;
    assert_eq!(grant(&world, tenant, &partner).await?, given_up);

    let revoked = world
        .embedded
        .grants()
        .revoke(tenant, &partner, "admin", world.now())
        .await??;
    assert_eq!((revoked.state, revoked.hindrance), (GrantState::Revoked, None));
    let told = world.embedded.fsck().check(world.now()).await?;
    assert_eq!(told.findings, []);
    Ok(())
}

/// What is half done goes on, at the latest after the longest time that sweep leaves anything alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_loses_nothing_and_gives_nothing_up() -> Result<()> {
    let day = 24 * 3600;
    for back in [60, 3600, 8000, day, 400 * day, 60 * 365 * day] {
        let mut world = World::new().await?;
        let (tenant, partner) = half_revoked(&world).await?;
        let key = |name: &str| format!("inbox/intune/-/{tenant}/{name}.csv");
        let lost = world.drop_file_unseen(&key("lost"), intune(0..3)).await?;
        let half_done = world.drop_file_unseen(&key("half-done"), intune(10..13)).await?;
        world.split_and_forget(&half_done).await?;
        let mut writer = world.embedded.objects().writer("uploads/u/report.csv", "text/csv");
        writer.write(&vec![b'x'; 9 << 20]).await?;

        world.wait(-back);
        world.flow = Flow::work(&world.embedded);
        for _ in 0..12 {
            world.wait(1000);
            world.embedded.sweep(Occasion::Schedule).await?;
            world.flow.idle().await;
        }
        for object in [&lost, &half_done] {
            let seen = world.seen(object).await?;
            assert_eq!(
                (seen.status.state, seen.counts.get("registered")),
                (UploadState::Finished, Some(&3)),
                "{} after {back} s",
                object.key
            );
        }
        assert_eq!(
            grant(&world, tenant, &partner).await?.state,
            GrantState::Revoked,
            "after {back} s"
        );
        let left = world.embedded.objects().list_unfinished(None, 10).await?.uploads;
        assert_eq!(left.len(), 1, "somebody may be at it still, after {back} s");
        assert_eq!(world.embedded.uploads().strays(1).await?, [], "after {back} s");
        let told = world.embedded.fsck().check(world.now()).await?;
        assert_eq!(told.findings, [], "after {back} s");
    }
    Ok(())
}
