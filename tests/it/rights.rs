//! What a grant covers and how long it lasts, at each write.

use journeys::lists::{Row, all_columns, device};
use journeys::world::{FABRIKAM, Result, World};
use muster_core::grant::{GrantRequest, Verb};
use muster_core::party::PartnerKind;

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
            expires_at: None,
            delegated_administration: false,
            by: "partner".to_owned(),
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
