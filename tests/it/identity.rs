//! What makes a device the same device, across uploads, channels and partners.

use journeys::lists::{Row, device, list};
use journeys::world::{FABRIKAM, Result, World};
use manifest::Format;
use muster_core::party::PartnerKind;

#[tokio::test(flavor = "multi_thread")]
async fn a_device_handed_in_by_tuple_by_pkid_and_by_hash_ends_as_one() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &partner).await?;
    let one = device(1);
    for (row, outcome, devices) in [
        (Row::of_tuple(&one), "registered", 1),
        (Row::of_pkid(&one), "registered", 2),
        (Row::of_hash(&one), "updated", 1),
        (Row::of_tuple(&one), "unchanged", 1),
        (Row::of_pkid(&one), "unchanged", 1),
    ] {
        world.wait(1);
        let seen = world
            .upload(
                "partner-center",
                Some(&partner),
                tenant,
                list(Format::PartnerCenter, &[row]),
            )
            .await?;
        assert_eq!(seen.counts.get(outcome), Some(&1), "{outcome}: {seen:?}");
        assert_eq!(world.devices(tenant).await?.len(), devices, "after {outcome}");
    }
    let devices = world.devices(tenant).await?;
    assert_eq!(devices[0].keys.len(), 3, "TPM, PKID and tuple");
    assert!(devices[0].components.is_some());
    Ok(())
}
