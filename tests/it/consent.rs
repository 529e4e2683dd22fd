//! No device is registered without a right to do so.

use std::time::Duration;

use jiff::ToSpan as _;
use journeys::lists::{Row, device, list};
use journeys::world::{FABRIKAM, Result, World};
use manifest::Format;
use muster_core::party::PartnerKind;
use muster_core::upload::UploadState;

fn by_pkid(range: std::ops::Range<u64>) -> Vec<u8> {
    let rows: Vec<Row> = range.map(|n| Row::of_pkid(&device(n))).collect();
    list(Format::PartnerCenter, &rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_consent_in_force_an_upload_is_refused_by_the_state_of_the_consent() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let grants = world.embedded.grants();
    for (kind, channel) in [
        (PartnerKind::CspDirect, "partner-center"),
        (PartnerKind::Oem, "oem-direct"),
    ] {
        let partner = world.partner(&format!("contoso-{channel}"), kind, None).await?;
        let mut codes = Vec::new();
        let refused = |seen: journeys::world::Seen| {
            assert_eq!(seen.status.state, UploadState::Refused);
            assert!(
                seen.report.is_empty() && seen.fixit.is_empty(),
                "a refused upload leaves nothing behind"
            );
            seen.status.reason.map(|reason| reason.code).unwrap_or_default()
        };
        codes.push(refused(
            world.upload(channel, Some(&partner), tenant, by_pkid(0..2)).await?,
        ));
        world.request(tenant, &partner, None).await?;
        codes.push(refused(
            world.upload(channel, Some(&partner), tenant, by_pkid(0..2)).await?,
        ));
        grants.decline(tenant, &partner, "admin", world.now()).await??;
        codes.push(refused(
            world.upload(channel, Some(&partner), tenant, by_pkid(0..2)).await?,
        ));
        world.consent(tenant, &partner).await?;
        world.revoke(tenant, &partner).await?;
        codes.push(refused(
            world.upload(channel, Some(&partner), tenant, by_pkid(0..2)).await?,
        ));
        world.request(tenant, &partner, Some(world.now() + 1.hour())).await?;
        grants.grant(tenant, &partner, "admin", world.now()).await??;
        world.wait(3600);
        codes.push(refused(
            world.upload(channel, Some(&partner), tenant, by_pkid(0..2)).await?,
        ));
        assert_eq!(
            codes,
            [
                "consent-missing",
                "consent-pending",
                "consent-declined",
                "consent-revoked",
                "consent-expired"
            ]
        );
    }
    assert!(world.devices(tenant).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_works_under_the_consent_of_its_reseller() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let provider = world.partner("wingtip", PartnerKind::CspProvider, None).await?;
    let reseller = world
        .partner("woodgrove", PartnerKind::CspReseller, Some("wingtip"))
        .await?;
    world.consent(tenant, &reseller).await?;
    let seen = world
        .upload("partner-center", Some(&provider), tenant, by_pkid(0..2))
        .await?;
    assert_eq!(seen.counts.get("registered"), Some(&2), "{seen:?}");
    world.revoke(tenant, &reseller).await?;
    let seen = world
        .upload("partner-center", Some(&provider), tenant, by_pkid(2..4))
        .await?;
    assert_eq!(seen.status.reason.map(|r| r.code).as_deref(), Some("consent-revoked"));
    Ok(())
}

/// The upload is accepted, then the consent is revoked while its batches run. What is registered afterwards was
/// registered before the revocation was answered; every other row says why it is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_consent_revoked_while_an_upload_runs_stops_it_at_once() -> Result<()> {
    for round in 0..6_u64 {
        let world = World::new().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
        world.consent(tenant, &partner).await?;
        let key = format!("inbox/partner-center/contoso/{tenant}/list.csv");
        let object = world.drop_file(&key, by_pkid(0..3000), &[]).await?;
        while world.devices(tenant).await?.len() < usize::try_from(round * 60)? {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        world.revoke(tenant, &partner).await?;
        let at_answer = world.devices(tenant).await?.len();
        world.flow.idle().await;
        let seen = world.seen(&object).await?;
        let after = world.devices(tenant).await?.len();
        assert_eq!(
            after, at_answer,
            "nothing was registered after the revocation was answered"
        );
        if seen.status.state == UploadState::Refused {
            continue;
        }
        let registered = seen.counts.get("registered").copied().unwrap_or(0);
        assert_eq!(usize::try_from(registered)?, after, "{:?}", seen.counts);
        let revoked = seen.counts.get("consentRevoked").copied().unwrap_or(0);
        assert_eq!(registered + revoked, 3000, "{:?}", seen.counts);
    }
    Ok(())
}

/// A consent given anew is another generation; what was accepted under the old one stays refused, so nothing comes
/// back by accident.
#[tokio::test(flavor = "multi_thread")]
async fn rows_accepted_under_an_old_consent_stay_refused_under_a_new_one() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &partner).await?;
    let key = format!("inbox/partner-center/contoso/{tenant}/list.csv");
    let object = world.drop_file(&key, by_pkid(0..2000), &[]).await?;
    while world.devices(tenant).await?.is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    world.revoke(tenant, &partner).await?;
    let registered = world.devices(tenant).await?.len();
    world.consent(tenant, &partner).await?;
    world.flow.idle().await;
    let seen = world.seen(&object).await?;
    assert_eq!(world.devices(tenant).await?.len(), registered, "{:?}", seen.counts);
    Ok(())
}
