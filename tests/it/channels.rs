//! Every channel with every identity, as the table of channels says.

use journeys::lists::{Row, device, list};
use journeys::world::{FABRIKAM, Result, World};
use manifest::Format;
use muster_core::channel::Channel;
use muster_core::party::PartnerKind;

#[tokio::test(flavor = "multi_thread")]
async fn each_channel_takes_the_identities_of_its_row_in_the_table_and_no_others() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let csp = world.partner("contoso-csp", PartnerKind::CspDirect, None).await?;
    let oem = world.partner("contoso-oem", PartnerKind::Oem, None).await?;
    world.consent(tenant, &csp).await?;
    world.consent(tenant, &oem).await?;
    // What is in a catalogue is registered for nobody: `catalogue` has tests of its own.
    for (at, channel) in Channel::ALL
        .into_iter()
        .filter(|channel| channel.registers())
        .enumerate()
    {
        let partner = match channel {
            Channel::OemDirect => Some(&oem),
            Channel::PartnerCenter => Some(&csp),
            _ => None,
        };
        let n = 10 * u64::try_from(at)?;
        let rows = [
            Row::of_tuple(&device(n)),
            Row::of_pkid(&device(n + 1)),
            Row::of_hash(&device(n + 2)),
        ];
        let seen = world
            .upload(channel.as_str(), partner, tenant, list(Format::PartnerCenter, &rows))
            .await?;
        let accepted = channel.policy().identities;
        let expected = [accepted.tuple, accepted.pkid, accepted.hash];
        let outcomes: Vec<bool> = seen
            .report
            .lines()
            .skip(1)
            .map(|line| line.contains(",registered,"))
            .collect();
        assert_eq!(outcomes, expected, "{channel}: {}", seen.report);
        let refused = u64::try_from(expected.iter().filter(|e| !**e).count())?;
        assert_eq!(
            seen.counts.get("identityNotAccepted").copied().unwrap_or(0),
            refused,
            "{channel}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_cut_at_the_limit_of_its_channel() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let oem = world.partner("contoso-oem", PartnerKind::Oem, None).await?;
    world.consent(tenant, &oem).await?;
    let rows: Vec<Row> = (0..1001).map(|n| Row::of_tuple(&device(n))).collect();
    let seen = world
        .upload("oem-direct", Some(&oem), tenant, list(Format::PartnerCenter, &rows))
        .await?;
    assert_eq!(
        (seen.status.total, seen.counts.get("registered")),
        (Some(2), Some(&1001))
    );
    Ok(())
}
