//! A list goes in, registered devices and reports come out.

use std::collections::BTreeMap;

use journeys::lists::intune;
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use muster_core::upload::UploadState;

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_registers_its_devices_and_the_same_list_again_changes_nothing() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let first = world.upload("intune", None, tenant, intune(0..1200)).await?;
    assert_eq!(first.status.state, UploadState::Finished, "{first:?}");
    assert_eq!(first.counts, counts(&[("registered", 1200)]));
    assert_eq!(first.status.total, Some(3), "500, 500 and 200 rows");
    assert_eq!(first.report.lines().count(), 1201);
    assert!(first.fixit.is_empty());
    let before = world.devices(tenant).await?;
    assert_eq!(before.len(), 1200);

    let second = world.upload("intune", None, tenant, intune(0..1200)).await?;
    assert_eq!(second.status.state, UploadState::Finished);
    assert_eq!(second.counts, counts(&[("unchanged", 1200)]));
    assert_ne!(second.status.id, first.status.id);
    assert_eq!(world.devices(tenant).await?, before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_another_tenant_is_refused_and_the_report_never_says_whose_it_is() -> Result<()> {
    let world = World::new().await?;
    let fabrikam = world.tenant("Fabrikam", FABRIKAM).await?;
    let tailspin = world.tenant("Tailspin", TAILSPIN).await?;
    world.upload("intune", None, fabrikam, intune(0..3)).await?;
    let second = world.upload("intune", None, tailspin, intune(2..5)).await?;
    assert_eq!(second.status.state, UploadState::FinishedWithErrors);
    assert_eq!(second.counts, counts(&[("registered", 2), ("ownedByOtherTenant", 1)]));
    assert!(second.report.contains("808") && second.report.contains("ZtdDeviceAssignedToOtherTenant"));
    assert!(!second.report.contains(FABRIKAM) && !second.report.contains("Fabrikam"));
    assert_eq!(String::from_utf8(second.fixit)?.lines().count(), 2);
    assert_eq!(world.devices(tailspin).await?.len(), 2);
    Ok(())
}
