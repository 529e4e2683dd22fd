//! Devices once they are registered: listed, found, released, registered elsewhere.

use std::collections::BTreeSet;

use journeys::lists::{Row, device, intune, list};
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use manifest::Format;
use muster_core::device::DeviceState;
use muster_store::devices::{DeviceFilter, Released};

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_size_hold_each_device_once() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    world.upload("intune", None, tenant, intune(0..60)).await?;
    for limit in [1, 7, 59, 60, 61, 1000] {
        let mut serials = Vec::new();
        let mut from = None;
        loop {
            let page = world
                .embedded
                .devices()
                .list(tenant, &DeviceFilter::default(), from.as_deref(), limit)
                .await?;
            assert!(page.devices.len() <= limit);
            serials.extend(page.devices.into_iter().filter_map(|d| d.serial));
            match page.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        assert_eq!(serials.len(), 60, "limit {limit}");
        assert_eq!(serials.iter().collect::<BTreeSet<_>>().len(), 60, "limit {limit}");
    }
    let prefix = device(12).serial;
    let filter = DeviceFilter {
        serial_prefix: prefix,
        ..DeviceFilter::default()
    };
    let found = world.embedded.devices().list(tenant, &filter, None, 10).await?;
    assert_eq!(found.devices.len(), 1);
    assert!(
        world
            .embedded
            .devices()
            .list(tenant, &DeviceFilter::default(), Some("nonsense"), 10)
            .await
            .is_err()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_device_is_free_for_the_next_owner_and_its_record_stays() -> Result<()> {
    let world = World::new().await?;
    let fabrikam = world.tenant("Fabrikam", FABRIKAM).await?;
    let tailspin = world.tenant("Tailspin", TAILSPIN).await?;
    world.upload("intune", None, fabrikam, intune(0..2)).await?;
    let first = world.devices(fabrikam).await?.remove(0);
    let devices = world.embedded.devices();
    assert_eq!(
        world.release(first.id, tailspin).await?,
        Released::NotRegistered,
        "not the owner"
    );
    assert!(matches!(world.release(first.id, fabrikam).await?, Released::Done(_)));
    assert_eq!(
        world.release(first.id, fabrikam).await?,
        Released::NotRegistered,
        "a second time"
    );
    assert!(devices.claims(&first.keys, true).await?.is_empty());
    assert_eq!(
        devices.get(first.id).await?.map(|d| d.state),
        Some(DeviceState::Released)
    );
    assert_eq!(world.devices(fabrikam).await?.len(), 1);

    let seen = world.upload("intune", None, tailspin, intune(0..2)).await?;
    assert_eq!(seen.counts.get("registered"), Some(&1), "{:?}", seen.counts);
    assert_eq!(seen.counts.get("ownedByOtherTenant"), Some(&1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_disk_updates_the_device_and_a_new_board_with_the_old_serial_is_another_device() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let one = device(1);
    for (device, outcome) in [
        (one.clone(), "registered"),
        (one.clone(), "unchanged"),
        (one.clone().with_new_disk(1), "updated"),
        (
            one.with_new_board(1, hardware_hash::generate::Rewritten::Serial),
            "ambiguous",
        ),
    ] {
        let seen = world
            .upload("intune", None, tenant, list(Format::Intune, &[Row::of_hash(&device)]))
            .await?;
        assert_eq!(seen.counts.get(outcome), Some(&1), "{outcome}: {}", seen.report);
    }
    assert_eq!(world.devices(tenant).await?.len(), 1);
    Ok(())
}
