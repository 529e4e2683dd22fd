//! What a grant covers and how long it lasts, at each write.

use std::sync::Arc;

use jiff::ToSpan as _;
use journeys::by_hand::{ByHand, at_transactions};
use journeys::lists::{Row, all_columns, device};
use journeys::world::{FABRIKAM, Result, World};
use muster_core::channel::Channel;
use muster_core::grant::{Denial, GrantRequest, Verb};
use muster_core::history::Requester;
use muster_core::party::{PartnerKind, Registrant};
use muster_local::faults::Fault;
use muster_runtime::Verdict;
use muster_store::devices::{Act, Released};

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_to_register_lets_nobody_change_group_tags_and_users_that_are_stored() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    for (verbs, outcome, tag) in [
        (vec![Verb::Register], "registered", "first"),
        (vec![Verb::Register], "unchanged", "first"),
        (vec![Verb::Register, Verb::Update], "updated", "third"),
    ] {
        let request = GrantRequest {
            tenant,
            partner: partner.clone(),
            kind: PartnerKind::CspDirect,
            verbs,
            channels: None,
            expires_at: None,
            delegated_administration: false,
            by: "partner".into(),
        };
        let grants = world.embedded.grants();
        grants.request(request, world.now()).await??;
        grants.grant(tenant, &partner, "admin", world.now()).await??;
        let said = if outcome == "unchanged" { "second" } else { tag };
        let list = all_columns(&[Row::of_pkid(&device(0)).tagged(said)]);
        let seen = world.upload("partner-center", Some(&partner), tenant, list).await?;
        assert_eq!(seen.counts.get(outcome), Some(&1), "{outcome}: {}", seen.report);
        assert_eq!(world.devices(tenant).await?[0].group_tag.as_deref(), Some(tag));
        world.revoke(tenant, &partner).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_ends_in_the_middle_of_a_batch_ends_it_there() -> Result<()> {
    let world = Arc::new(World::new().await?);
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.request(tenant, &partner, Some(world.now() + 1.hour())).await?;
    let grants = world.embedded.grants();
    grants.grant(tenant, &partner, "admin", world.now()).await??;
    let rows: Vec<Row> = (0..200).map(|n| Row::of_pkid(&device(n))).collect();
    let upload = ByHand::validated(&world, "partner-center", Some(&partner), tenant, all_columns(&rows)).await?;

    // An hour passes while the second transaction is under way, which was checked before.
    let clock = Arc::clone(&world);
    let slow = at_transactions(&world.embedded, move |n| {
        if n == 2 {
            clock.wait(3600);
        }
        Fault::None
    });
    let begun = world.now();
    assert_eq!(upload.register(&slow, 0).await?, Verdict::Done);
    let seen = upload.finished().await?;
    assert_eq!(
        seen.counts.get("registered"),
        Some(&98),
        "two slices: {:?}",
        seen.counts
    );
    assert_eq!(seen.counts.get("consentExpired"), Some(&102), "{:?}", seen.counts);
    let devices = world.devices(tenant).await?;
    assert!(devices.len() == 98 && devices.iter().all(|d| d.registered_at == begun));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_refused_once_the_consent_that_it_was_permitted_under_is_gone() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &partner).await?;
    let list = all_columns(&[Row::of_pkid(&device(0))]);
    world.upload("partner-center", Some(&partner), tenant, list).await?;
    let id = world.devices(tenant).await?[0].id;
    let known = world.embedded.partners().get(&partner).await?;
    let registrant = Registrant::Partner(partner.clone());
    let grants = world.embedded.grants();
    let permit = async || {
        let (verb, channel) = (Verb::Release, Channel::PartnerCenter);
        let answer = grants.permit(tenant, &registrant, known.as_ref(), verb, channel, world.now());
        answer.await
    };
    let before = permit().await?.map_err(|denial| denial.code())?;
    world.revoke(tenant, &partner).await?;
    assert_eq!(permit().await?, Err(Denial::Revoked));
    world.consent(tenant, &partner).await?;

    let devices = world.embedded.devices();
    let by = Requester::new("agent", registrant.clone());
    let now = world.now();
    let act = |pin| Act { pin, by: &by, now };
    assert_eq!(devices.release(id, &act(&before)).await?, Released::Refused);
    assert_eq!(grants.denial(&before, world.now()).await?, Denial::Revoked);
    assert_eq!(world.devices(tenant).await?.len(), 1);
    let anew = permit().await?.map_err(|denial| denial.code())?;
    assert!(matches!(devices.release(id, &act(&anew)).await?, Released::Done(_)));
    assert!(world.devices(tenant).await?.is_empty());
    Ok(())
}
