//! Nothing is lost and nothing happens twice: any process may die at any call, any message may come twice.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use journeys::lists::{Row, device, list};
use journeys::world::{FABRIKAM, Result, Seen, World};
use manifest::Format;
use muster_core::device::Device;
use muster_core::id::TenantId;
use muster_core::message::{BatchMessage, FinishMessage, ObjectsCreated};
use muster_core::party::PartnerKind;
use muster_local::conflicts::Conflicting;
use muster_local::faults::{Fault, Faulty};
use muster_store::queue::{Outgoing, Queue as _, QueueName};

/// A list with everything in it: new devices, duplicates, faults.
fn mixed() -> Vec<u8> {
    let mut rows: Vec<Row> = (0..40).map(|n| Row::of_hash(&device(n))).collect();
    rows.push(Row::of_hash(&device(3)));
    rows[5].serial = "SOMETHING-ELSE".to_owned();
    rows[6].hash.truncate(400);
    list(Format::Intune, &rows)
}

/// What must not depend on how an upload went. Ids hold the object's version, so they do.
fn told(seen: &Seen) -> Vec<String> {
    let without_id = |line: &str| {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells[6] = "";
        cells.join(",")
    };
    seen.report.lines().map(without_id).collect()
}

fn known(devices: &[Device]) -> Vec<(Option<String>, usize, u64)> {
    devices
        .iter()
        .map(|d| (d.serial.clone(), d.keys.len(), d.version))
        .collect()
}

async fn world_with_tenant() -> Result<(World, TenantId)> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    Ok((world, tenant))
}

/// Wraps both engines of a process with one plan of faults.
fn faulty(
    plan: impl Fn(u64) -> Fault + Send + Sync + 'static,
) -> impl Fn(aws_smithy_runtime_api::client::http::SharedHttpClient) -> aws_smithy_runtime_api::client::http::SharedHttpClient
{
    let first: Mutex<Option<Faulty>> = Mutex::new(None);
    let plan: muster_local::faults::Plan = Arc::new(move |point| plan(point.n));
    move |client| {
        let mut first = first.lock().unwrap();
        match &*first {
            Some(faulty) => faulty.also(client).http_client(),
            None => first.insert(Faulty::new(client, Arc::clone(&plan))).http_client(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_at_any_call_is_finished_by_the_next_one() -> Result<()> {
    let (world, tenant) = world_with_tenant().await?;
    let calm = world.upload("intune", None, tenant, mixed()).await?;
    let expected = (told(&calm), known(&world.devices(tenant).await?), calm.counts.clone());

    for n in 1..60 {
        let (world, tenant) = world_with_tenant().await?;
        let key = format!("inbox/intune/-/{tenant}/list.csv");
        let object = world.drop_file_unseen(&key, mixed()).await?;
        // One process dies at its n-th call, the next one goes on.
        let dying = world
            .restarted(faulty(move |call| if call == n { Fault::Die } else { Fault::None }))
            .await;
        let world = match dying {
            Ok(world) => {
                let _ = tokio::time::timeout(Duration::from_millis(150), world.flow.idle()).await;
                world.restarted(|client| client).await?
            }
            Err(_) => continue,
        };
        world.flow.idle().await;
        let seen = world.seen(&object).await?;
        let found = (told(&seen), known(&world.devices(tenant).await?), seen.counts.clone());
        assert_eq!(found, expected, "died at call {n}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_lost_late_or_errors_change_nothing() -> Result<()> {
    let (world, tenant) = world_with_tenant().await?;
    let calm = world.upload("intune", None, tenant, mixed()).await?;
    let expected = (told(&calm), known(&world.devices(tenant).await?));
    for fault in [
        Fault::TimeoutAfter,
        Fault::TimeoutBefore,
        Fault::Error500,
        Fault::Throttle,
    ] {
        let (world, tenant) = world_with_tenant().await?;
        let world = world
            .restarted(faulty(move |call| if call % 5 == 2 { fault } else { Fault::None }))
            .await?;
        let seen = world.upload("intune", None, tenant, mixed()).await?;
        let world = world.restarted(|client| client).await?;
        let found = (told(&seen), known(&world.devices(tenant).await?));
        assert_eq!(found, expected, "{fault:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_again_changes_nothing() -> Result<()> {
    let (world, tenant) = world_with_tenant().await?;
    let seen = world.upload("intune", None, tenant, mixed()).await?;
    let devices = world.devices(tenant).await?;
    let released = &devices[0];
    world.release(released.id, tenant).await?;
    let upload = seen.status.upload().ok_or("the upload was accepted")?;
    let batch = world.embedded.uploads().cuts(&upload.id).await?[0].1[0];
    let object = upload.object.clone();
    let message = BatchMessage {
        upload: upload.id.clone(),
        tenant,
        number: 0,
        object,
        batch,
        express: true,
    };
    let finish = FinishMessage {
        upload: upload.id.clone(),
        tenant,
    };
    let queue = world.embedded.queue();
    for _ in 0..3 {
        queue
            .send(
                QueueName::Split,
                vec![Outgoing::json(&ObjectsCreated::of(&upload.object), None)?],
            )
            .await?;
        queue
            .send(QueueName::ValidateExpress, vec![Outgoing::json(&message, None)?])
            .await?;
        queue
            .send(QueueName::RegisterExpress, vec![Outgoing::json(&message, None)?])
            .await?;
        queue
            .send(QueueName::Finish, vec![Outgoing::json(&finish, None)?])
            .await?;
    }
    world.flow.idle().await;
    let again = world.seen(&upload.object).await?;
    assert_eq!(again.report, seen.report);
    assert_eq!(
        world.devices(tenant).await?,
        devices[1..],
        "what an administrator released in between stays released"
    );
    assert_eq!(queue.events().len(), 1, "one event");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_read_is_put_aside_with_its_reason() -> Result<()> {
    let (world, tenant) = world_with_tenant().await?;
    let queue = world.embedded.queue();
    queue
        .send(
            QueueName::Validate,
            vec![Outgoing {
                body: "{\"no\":1}".to_owned(),
                group: None,
            }],
        )
        .await?;
    world.flow.idle().await;
    let dead = queue.dead_letters();
    assert_eq!(
        (dead.len(), dead[0].queue, dead[0].body.as_str()),
        (1, QueueName::Validate, "{\"no\":1}")
    );
    assert!(dead[0].reason.contains("missing field `upload`"), "{}", dead[0].reason);
    let seen = world.upload("intune", None, tenant, mixed()).await?;
    assert_eq!(
        seen.counts.get("registered"),
        Some(&38),
        "the others go on: {:?}",
        seen.counts
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_conflict_as_in_dynamodb_lose_nothing() -> Result<()> {
    let (world, tenant) = world_with_tenant().await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &partner).await?;
    let world = world
        .restarted(|client| {
            let conflicting = Conflicting::new(client);
            conflicting.set_hold(Duration::from_millis(3));
            conflicting.http_client()
        })
        .await?;
    let rows: Vec<Row> = (0..4000).map(|n| Row::of_pkid(&device(n))).collect();
    let seen = world
        .upload(
            "partner-center",
            Some(&partner),
            tenant,
            list(Format::PartnerCenter, &rows),
        )
        .await?;
    assert_eq!(seen.counts.get("registered"), Some(&4000), "{:?}", seen.counts);
    assert_eq!(world.devices(tenant).await?.len(), 4000);
    Ok(())
}
