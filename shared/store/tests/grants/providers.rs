//! An indirect reseller's grant implies its provider's.

use super::*;

#[tokio::test]
async fn a_provider_works_under_the_grant_of_its_reseller() {
    let world = World::new().await;
    let (provider, reseller) = (PartnerKind::CspProvider, PartnerKind::CspReseller);
    world.know("provider", provider, None).await;
    world.know("other-provider", provider, None).await;
    world.know("reseller", reseller, Some("provider")).await;
    world.know("stranger", reseller, Some("other-provider")).await;
    world.know("direct", PartnerKind::CspDirect, Some("provider")).await;
    world.granted("direct", PartnerKind::CspDirect).await;
    assert_eq!(
        world.permit("provider", 3).await,
        Err(Denial::Missing),
        "a direct partner implies nobody"
    );

    world.request("reseller", reseller, None, 3).await.unwrap();
    assert_eq!(
        world.permit("provider", 3).await,
        Err(Denial::Pending),
        "its reseller's reason"
    );
    world.grant("reseller", 4).await.unwrap();
    let pin = world.permit("provider", 5).await.unwrap();
    assert_eq!(
        pin.registrant,
        Registrant::Partner(partner("reseller")),
        "pinned to the grant that is revoked with it"
    );
    assert_eq!(
        world.permit("other-provider", 5).await,
        Err(Denial::Missing),
        "it is another provider's reseller"
    );
    assert_eq!(
        world.permit("stranger", 5).await,
        Err(Denial::Missing),
        "a reseller has its own grant or none"
    );

    world.granted("provider", provider).await;
    let own = world.permit("provider", 6).await.unwrap();
    assert_eq!(
        own.registrant,
        Registrant::Partner(partner("provider")),
        "its own grant comes first"
    );
}

#[tokio::test]
async fn a_provider_that_the_tenant_said_no_to_does_not_work_under_the_grant_of_its_reseller() {
    let world = World::new().await;
    let (provider, reseller) = (PartnerKind::CspProvider, PartnerKind::CspReseller);
    world.know("provider", provider, None).await;
    world.know("reseller", reseller, Some("provider")).await;
    world.granted("reseller", reseller).await;
    let under = async |second: i64| {
        let answer = world.permit("provider", second).await;
        answer.map(|pin| pin.registrant)
    };
    let of_reseller = Ok(Registrant::Partner(partner("reseller")));

    assert_eq!(under(10).await, of_reseller, "nobody asked for the provider's own");
    world.request("provider", provider, Some(100), 11).await.unwrap();
    assert_eq!(under(12).await, of_reseller, "nobody decided yet");
    world.decline("provider", 13).await.unwrap();
    assert_eq!(under(14).await, Err(Denial::Declined));
    world.request("provider", provider, Some(100), 15).await.unwrap();
    assert_eq!(under(16).await, Err(Denial::Pending), "asking again does not undo a no");
    world.grant("provider", 17).await.unwrap();
    assert_eq!(under(99).await, Ok(Registrant::Partner(partner("provider"))));
    assert_eq!(under(100).await, Err(Denial::Expired));
    world.request("provider", provider, None, 101).await.unwrap();
    world.grant("provider", 102).await.unwrap();
    world.revoke("provider", 103).await.unwrap();
    assert_eq!(under(104).await, Err(Denial::Revoked));
    world.request("provider", provider, None, 105).await.unwrap();
    assert_eq!(under(106).await, Err(Denial::Pending));
}

#[tokio::test]
async fn a_provider_finds_the_one_reseller_among_many_grants() {
    let world = World::new().await;
    world.know("provider", PartnerKind::CspProvider, None).await;
    for number in 0..230 {
        let id = format!("reseller-{number:03}");
        world
            .know(
                &id,
                PartnerKind::CspReseller,
                Some(if number == 229 { "provider" } else { "other" }),
            )
            .await;
        world.request(&id, PartnerKind::CspReseller, None, 1).await.unwrap();
    }
    let related = async || world.grants.is_related(tenant(1), &partner("provider")).await.unwrap();
    assert!(!related().await, "its reseller was only asked for");
    world.grant("reseller-229", 2).await.unwrap();
    assert!(
        related().await,
        "the tenant exists to the provider of a reseller that stands behind 200 grants"
    );
    let before = world.calls.snapshot();
    let pin = world.permit("provider", 3).await.unwrap();
    assert_eq!(pin.registrant, Registrant::Partner(partner("reseller-229")));
    let after = world.calls.snapshot();
    let calls = |name: &str| after.get(name).unwrap_or(&0) - before.get(name).unwrap_or(&0);
    assert_eq!(
        (calls("Query"), calls("BatchGetItem")),
        (3, 4),
        "one look at 100 grants, and only the reseller's head"
    );
}
