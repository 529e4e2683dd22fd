//! Plays a scenario, with mishaps or without, and looks at what came of it.

use std::sync::Arc;
use std::time::Duration;

use journeys::by_hand::at_transactions;
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use manifest::{CutLimits, Cutter, Dialect};
use muster_core::channel::Channel;
use muster_core::id::{DeviceId, PartnerId, TenantId};
use muster_core::inbox::{InboxKey, NO_TENANT};
use muster_core::message::ObjectsCreated;
use muster_core::party::PartnerKind;
use muster_core::upload::{Batch, MAX_BATCH_BYTES, ObjectVersion};
use muster_local::faults::Fault;
use muster_runtime::Delivery;
use muster_store::queue::QueueName;

use super::chaos::Chaos;
use super::cloud::Cloud;
use super::machine;
use super::scenario::{Cuts, List, Scenario, Step};
use super::seen::Observed;

/// Plays `scenario`; without `chaos`, calmly.
pub(crate) async fn play(scenario: &Scenario, chaos: Option<Arc<Chaos>>) -> Result<Observed> {
    let world = Arc::new(World::on_paused_clock().await?);
    let tenants = people(&world, scenario).await?;
    let one_machine = chaos.as_ref().filter(|_| scenario.one_machine);
    let cloud = one_machine.is_none().then(|| Cloud::new(&world, chaos.clone()));
    let mut objects: Vec<Option<ObjectVersion>> = vec![None; scenario.lists.len()];
    let mut events = Vec::new();
    for step in &scenario.steps {
        tokio::time::sleep(Duration::from_secs(1)).await;
        match step {
            Step::Lists(lists) => {
                let mut dropped = Vec::new();
                for number in lists {
                    let list = &scenario.lists[*number];
                    let object = drop_list(&world, list, *number, tenants[list.tenant]).await?;
                    objects[*number] = Some(object.clone());
                    dropped.push(object);
                }
                match (&cloud, one_machine) {
                    (Some(cloud), _) => {
                        for object in &dropped {
                            cloud.notify(object)?;
                        }
                        cloud.settle(&dropped).await?;
                    }
                    (None, Some(chaos)) => events.extend(machine::settle(&world, chaos, &dropped).await?),
                    (None, None) => {}
                }
            }
            Step::Release { list, row } => {
                if let Some(object) = &objects[*list] {
                    let device = DeviceId::of_row(&object.upload_id(), *row);
                    world.release(device, tenants[scenario.lists[*list].tenant]).await?;
                }
            }
            Step::Revoke { tenant, partner } => {
                let partner: PartnerId = partner.parse()?;
                // Perhaps it was never given, or taken back before.
                let _ = world
                    .embedded
                    .grants()
                    .revoke(tenants[*tenant], &partner, "admin", world.now())
                    .await?;
            }
        }
    }
    if let Some(cloud) = cloud {
        events.extend(cloud.end().await);
    }
    let checked = world.embedded.fsck().check(world.now()).await?;
    if !checked.is_clean() {
        let told: Vec<String> = checked.findings.iter().map(ToString::to_string).collect();
        return Err(format!("fsck: {}", told.join("\n")).into());
    }
    let objects = objects
        .into_iter()
        .collect::<Option<Vec<_>>>()
        .ok_or("a list was never dropped")?;
    Observed::of(&world, &objects, events).await
}

/// Makes tenants and partners known, and lets them consent.
async fn people(world: &World, scenario: &Scenario) -> Result<Vec<TenantId>> {
    let mut tenants = Vec::new();
    for (name, id) in [("Fabrikam", FABRIKAM), ("Tailspin", TAILSPIN)]
        .into_iter()
        .take(scenario.tenants)
    {
        tenants.push(world.tenant(name, id).await?);
    }
    let senders = scenario.lists.iter().filter_map(|list| list.partner);
    for partner in senders.collect::<std::collections::BTreeSet<_>>() {
        let kind = if partner == "northwind" {
            PartnerKind::Oem
        } else {
            PartnerKind::CspDirect
        };
        world.partner(partner, kind, None).await?;
    }
    for (tenant, partner) in &scenario.consents {
        world.consent(tenants[*tenant], &partner.parse()?).await?;
    }
    Ok(tenants)
}

async fn drop_list(world: &World, list: &List, number: usize, tenant: TenantId) -> Result<ObjectVersion> {
    let place = match list.channel {
        "catalogue" => NO_TENANT.to_owned(),
        _ => tenant.to_string(),
    };
    let key = InboxKey::format(list.channel, list.partner, &place, &format!("list-{number}.csv"));
    let object = world.drop_file(&key, list.body.clone(), &list.options).await?;
    // The cloud tells of it by a message of its own.
    world.embedded.forget_events().await?;
    let strict = list.options.contains(&("muster-strict", "true"));
    if let (Some(cuts), false) = (list.cuts, strict) {
        cut_small(world, &object, list, cuts).await?;
    }
    Ok(object)
}

/// Cuts an upload as an older version of the function would have, with smaller batches; it died before all was cut.
async fn cut_small(world: &World, object: &ObjectVersion, list: &List, cuts: Cuts) -> Result<()> {
    // It accepts the upload, and dies when it stores the first cuts.
    let body = serde_json::to_string(&ObjectsCreated::of(object))?;
    let delivery = Delivery {
        queue: QueueName::Split,
        body: &body,
        receives: 1,
    };
    at_transactions(&world.embedded, |_| Fault::Die).deliver(delivery).await;
    let uploads = world.embedded.uploads();
    let id = object.upload_id();
    let Some(dialect) = uploads.get(&id).await?.and_then(|status| status.dialect) else {
        return Ok(());
    };
    let dialect: Dialect = serde_json::from_str(&dialect)?;
    let limits = CutLimits {
        max_rows: cuts.rows,
        max_bytes: MAX_BATCH_BYTES,
    };
    let mut made = Vec::new();
    let mut cutter = Cutter::new(&dialect, limits);
    cutter.push(&list.body, &mut made);
    cutter.finish(&mut made);
    let batches: Vec<Batch> = made
        .iter()
        .map(|cut| Batch {
            start: cut.start,
            end: cut.end,
            first_line: cut.first_line,
            first_row: cut.first_row,
            rows: cut.rows,
            next_start: cut.next_start,
            next_line: cut.next_line,
        })
        .collect();
    let mut first = 0;
    for item in batches.chunks(cuts.per_item).take(cuts.items) {
        uploads.put_cuts(&id, first, item).await?;
        first += u32::try_from(item.len())?;
    }
    assert!(
        list.channel.parse::<Channel>().is_ok(),
        "only what a channel takes is accepted"
    );
    Ok(())
}

/// Whether all of these uploads have come to their end.
pub(crate) async fn finished(world: &World, objects: &[ObjectVersion]) -> Result<bool> {
    for object in objects {
        let status = world.embedded.uploads().get(&object.upload_id()).await?;
        if !status.is_some_and(|status| status.state.is_final()) {
            return Ok(false);
        }
    }
    Ok(true)
}
