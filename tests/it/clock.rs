//! A clock that is set back between two runs changes no answer, and nothing is lost. What sweep makes of it is told there.

use jiff::ToSpan as _;
use journeys::lists::{Row, device, intune, list};
use journeys::world::{FABRIKAM, Result, World};
use manifest::Format;
use muster_core::party::PartnerKind;

const YEAR: i64 = 365 * 24 * 3600;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_registered_consented_and_revoked_in_the_future_stays_so() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let lasting = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    let gone = world.partner("northwind", PartnerKind::CspDirect, None).await?;
    world
        .request(tenant, &lasting, Some(world.now().checked_add(24.hours())?))
        .await?;
    let grants = world.embedded.grants();
    grants.grant(tenant, &lasting, "admin", world.now()).await??;
    world.consent(tenant, &gone).await?;
    world.revoke(tenant, &gone).await?;
    let first = world.upload("intune", None, tenant, intune(0..60)).await?;
    assert_eq!(first.counts.get("registered"), Some(&60), "{:?}", first.counts);
    let released = world.devices(tenant).await?[7].id;
    world.release(released, tenant).await?;
    // One that nobody has gone on with when the clock is set back, and that the next process takes up.
    let rows: Vec<Row> = (60..80).map(|n| Row::of_pkid(&device(n))).collect();
    let key = format!("inbox/partner-center/contoso/{tenant}/list.csv");
    let open = world.drop_file_unseen(&key, list(Format::PartnerCenter, &rows)).await?;
    world.split_and_forget(&open).await?;

    world.wait(-YEAR);
    let world = world.restarted(|client| client).await?;
    world.flow.idle().await;
    let seen = world.seen(&open).await?;
    assert_eq!(seen.counts.get("registered"), Some(&20), "{:?}", seen.status);
    let again = world.upload("intune", None, tenant, intune(0..60)).await?;
    assert_eq!(
        (again.counts.get("unchanged"), again.counts.get("registered")),
        (Some(&59), Some(&1)),
        "but for the one that was released: {:?}",
        again.counts
    );
    let body = || list(Format::PartnerCenter, &[Row::of_pkid(&device(99))]);
    let seen = world.upload("partner-center", Some(&gone), tenant, body()).await?;
    assert_eq!(
        seen.status.reason.map(|reason| reason.code).as_deref(),
        Some("consent-revoked")
    );
    world.revoke(tenant, &lasting).await?;
    let seen = world.upload("partner-center", Some(&lasting), tenant, body()).await?;
    assert_eq!(
        seen.status.reason.map(|reason| reason.code).as_deref(),
        Some("consent-revoked")
    );

    world.wait(YEAR);
    let seen = world.upload("partner-center", Some(&lasting), tenant, body()).await?;
    assert_eq!(
        seen.status.reason.map(|reason| reason.code).as_deref(),
        Some("consent-revoked")
    );
    let again = world.upload("intune", None, tenant, intune(0..60)).await?;
    assert_eq!(again.counts.get("unchanged"), Some(&60), "{:?}", again.counts);
    assert_eq!(world.devices(tenant).await?.len(), 80);
    let report = world.embedded.fsck().check(world.now()).await?;
    assert_eq!(report.findings.len(), 0, "{:?}", report.findings);
    Ok(())
}
