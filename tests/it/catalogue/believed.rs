//! What a manufacturer is believed about: its own names, and devices that nobody captured.

use hardware_hash::generate::{Rewritten, SyntheticDevice};
use muster_core::device::Device;
use muster_core::grant::GrantPin;
use muster_core::history::Requester;
use muster_core::party::Registrant;
use muster_core::repair::read_capture;
use muster_store::PartnerChange;
use muster_store::devices::{Act, Rebound};

use super::*;

async fn bind(world: &World, partner: &PartnerId, names: &[&str]) -> Result<()> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    match world.embedded.partners().bind(partner, &names, None).await? {
        PartnerChange::Done(bound) if bound.manufacturers == names => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn made_by(n: u64, manufacturer: &str) -> SyntheticDevice {
    let mut device = device(n);
    manufacturer.clone_into(&mut device.manufacturer);
    device
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manufacturer_lists_its_own_devices_and_no_others() -> Result<()> {
    let world = World::new().await?;
    let (tenant, oem, csp) = parties(&world).await?;
    bind(&world, &oem, &["Contoso"]).await?;
    let theirs = made_by(2, "Fabrikam");
    let rows = [Row::of_hash(&device(1)), Row::of_hash(&theirs)];
    let seen = world.catalogue(&oem, all_columns(&rows)).await?;
    let told = (count(&seen, "registered"), count(&seen, "foreignManufacturer"));
    assert_eq!(told, (1, 1), "{}", seen.report);
    assert!(
        seen.report.contains("names the manufacturer `Fabrikam`"),
        "{}",
        seen.report
    );
    assert_eq!(entries(&world, &oem).await?.len(), 1);
    // Whoever is registered by these names is led nowhere.
    let row = all_columns(&[Row::of_tuple(&theirs)]);
    world.upload("partner-center", Some(&csp), tenant, row).await?;
    assert!(
        world
            .devices(tenant)
            .await?
            .iter()
            .all(|device| device.components.is_none())
    );

    bind(&world, &oem, &["Fabrikam"]).await?;
    let seen = world.catalogue(&oem, all_columns(&rows)).await?;
    let told = (count(&seen, "registered"), count(&seen, "foreignManufacturer"));
    assert_eq!(told, (1, 1), "these names, and no others: {}", seen.report);
    assert!(
        world
            .devices(tenant)
            .await?
            .iter()
            .all(|device| device.components.is_some())
    );
    bind(&world, &oem, &[]).await?;
    let seen = world.catalogue(&oem, hashes([3])).await?;
    assert_eq!(count(&seen, "foreignManufacturer"), 1, "{}", seen.report);
    assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    Ok(())
}

async fn rebind(world: &World, device: &Device, repaired: &SyntheticDevice) -> Result<Device> {
    let (own, verb, now) = (Registrant::Tenant, Verb::Update, world.now());
    let grants = world.embedded.grants();
    let answer = grants
        .permit(device.tenant, &own, None, verb, Channel::Intune, now)
        .await?;
    let pin: GrantPin = answer.map_err(|denial| denial.code())?;
    let by = Requester::new("administrator", Registrant::Tenant);
    let act = Act {
        pin: &pin,
        by: &by,
        now,
    };
    let capture = read_capture(&hash(repaired, 9)).map_err(|faults| format!("{faults:?}"))?;
    match world
        .embedded
        .devices()
        .rebind(device.id, &capture, "new board", None, &act)
        .await?
    {
        Rebound::Done(device, _) => Ok(*device),
        other => Err(format!("{other:?}").into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_device_left_the_factory_says_nothing_against_its_new_board() -> Result<()> {
    let world = World::new().await?;
    let (tenant, oem, csp) = parties(&world).await?;
    world.catalogue(&oem, hashes([1])).await?;
    world.upload("partner-center", Some(&csp), tenant, tuples([1])).await?;
    let old = world.devices(tenant).await?.remove(0);
    world.wait(60);
    let rebound = rebind(&world, &old, &device(1).with_new_board(1, Rewritten::SerialAndUuid)).await?;
    world.wait(60);
    // The old board's product key still leads to the entry, which has the names of the device, too.
    let row = all_columns(&[Row::of_pkid(&device(1))]);
    let seen = world.upload("partner-center", Some(&csp), tenant, row).await?;
    assert_eq!(count(&seen, "ambiguous"), 1, "{}", seen.report);
    assert_eq!(world.devices(tenant).await?, [rebound], "it is not marked");
    // Nobody has that board any more.
    let entry = entries(&world, &oem).await?.remove(0);
    assert!(matches!(withdraw(&world, &oem, entry.id).await?, Withdrawn::Done(_)));
    assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_changes_no_captured_device_that_its_tpm_does_not_show() -> Result<()> {
    let world = World::new().await?;
    let (tenant, oem, csp) = parties(&world).await?;
    // Somebody lists a registered device, which has no TPM, under another name.
    let mut renamed = device(1).without_tpm();
    renamed.product = "Contoso Book 5 Rev. B".to_owned();
    let list = all_columns(&[Row::of_hash(&device(1).without_tpm())]);
    world.upload("partner-center", Some(&csp), tenant, list).await?;
    let before = world.devices(tenant).await?;
    let seen = world.catalogue(&oem, all_columns(&[Row::of_hash(&renamed)])).await?;
    assert_eq!(count(&seen, "registered"), 1, "{}", seen.report);
    let row = all_columns(&[Row::of_tuple(&renamed)]);
    let seen = world.upload("partner-center", Some(&csp), tenant, row).await?;
    assert_eq!(count(&seen, "ambiguous"), 1, "{}", seen.report);
    assert!(seen.report.contains("no TPM endorsement key"), "{}", seen.report);
    assert_eq!(world.devices(tenant).await?, before);
    Ok(())
}
