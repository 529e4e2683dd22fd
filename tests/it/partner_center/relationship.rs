//! Invitations, and the end of a relationship.

use std::time::Duration;

use journeys::api::{Api, NOBODY, PUBLIC_URL, Who};
use journeys::by_hand::at_transactions;
use journeys::world::Result;
use muster_core::access::Role;
use muster_core::grant::GrantState;
use muster_core::party::{PartnerKind, Registrant};
use muster_local::faults::Fault;
use serde_json::{Value, json};

use super::{Place, by_key, code};

#[tokio::test]
async fn an_invitation_leads_to_the_partners_consent() -> Result<()> {
    let place = Place::new().await?;
    let told = place.get("/v1/customers/relationshiprequests").await?;
    assert_eq!(told.status, 200, "{told:?}");
    let expected = json!({
        "url": format!("{PUBLIC_URL}/v1/tenants/your-tenant-id/consents/contoso"),
        "attributes": { "objectType": "RelationshipRequest" },
    });
    assert_eq!(told.body, expected);
    // The customer puts its own id there, and sees the consent.
    let seen = format!("GET /v1/tenants/{}/consents/contoso", place.tenant);
    let admin = Who::OfTenant(place.tenant, Role::TenantAdministrator);
    let seen = place.api.ask(&admin, &place.world, &seen, &[], &Value::Null).await?;
    assert_eq!((seen.status.as_u16(), &seen.body["state"]), (200, &json!("granted")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_that_end_it_at_once_none_is_refused() -> Result<()> {
    let place = Place::new().await?;
    let none = json!({ "relationshipToPartner": "none" });
    let ended = futures::future::try_join_all((0..4).map(|_| place.ask("PATCH ~", &none))).await?;
    // Who comes behind the end finds no relationship.
    for answer in &ended {
        assert!([200, 403].contains(&answer.status.as_u16()), "{answer:?}");
    }
    assert!(ended.iter().any(|answer| answer.status == 200), "{ended:?}");
    place.assert_sound().await
}

/// The customer says yes between the partner's look and its no: the consent that stands then is given back.
#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_is_given_at_that_moment_is_given_back_too() -> Result<()> {
    let place = Place::new().await?;
    let adatum = place.world.partner("adatum", PartnerKind::CspDirect, None).await?;
    place.world.request(place.tenant, &adatum, None).await?;
    let slow = at_transactions(&place.world.embedded, |n| match n {
        1 => Fault::Delay(Duration::from_millis(600)),
        _ => Fault::None,
    });
    let api = Api::over_state(&slow, NOBODY)?;
    let who = Who::OfPartner(adatum.clone(), Role::AdminAgent);
    let what = format!("PATCH /v1/customers/{}", place.tenant);
    let none = json!({ "relationshipToPartner": "none" });
    let grants = place.world.embedded.grants();
    let granted = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let granted = grants
            .grant(place.tenant, &adatum, "admin", place.world.now())
            .await??;
        Result::Ok(granted.state)
    };
    let (ended, granted) = tokio::join!(api.ask(&who, &place.world, &what, &[], &none), granted);
    assert_eq!(granted?, GrantState::Granted);
    let ended = ended?;
    assert_eq!(ended.status, 200, "{ended:?}");
    let grant = grants.get(place.tenant, &Registrant::Partner(adatum)).await?;
    assert_eq!(grant.map(|grant| grant.state), Some(GrantState::Revoked));
    place.assert_sound().await
}

#[tokio::test]
async fn a_partner_that_ends_the_relationship_gives_its_consent_back() -> Result<()> {
    let place = Place::new().await?;
    for (wrong, expected) in [
        (json!({ "relationshipToPartner": "reseller" }), (400, 900_126)),
        (json!({ "relationshipToPartner": "friend" }), (400, 900_126)),
        (json!({ "relationshipToPartner": null }), (400, 3000)),
        (json!({ "relationshipToPartner": 5 }), (400, 3000)),
    ] {
        assert_eq!(code(&place.ask("PATCH ~", &wrong).await?), expected, "{wrong}");
    }
    place.batch("a", by_key(0..1)).await?;
    for _ in 0..2 {
        let ended = place
            .ask("PATCH ~", &json!({ "RelationshipToPartner": "none" }))
            .await?;
        assert_eq!(ended.status, 200, "{ended:?}");
        assert_eq!(
            (&ended.body["id"], &ended.body["relationshipToPartner"]),
            (&json!(place.tenant.to_string()), &json!("none"))
        );
    }
    let grants = place.world.embedded.grants();
    let grant = grants
        .get(place.tenant, &Registrant::Partner(place.contoso.clone()))
        .await?;
    assert_eq!(grant.map(|grant| grant.state), Some(GrantState::Revoked));
    assert_eq!(code(&place.get("~/deviceBatches").await?), (403, 20_002));
    let more = place.ask("POST ~/deviceBatches/a/devices", &by_key(1..2)).await?;
    assert_eq!(code(&more), (403, 20_002));
    // What was registered stays the tenant's.
    assert_eq!(place.world.devices(place.tenant).await?.len(), 1);

    // What was only asked for is asked for no more.
    let adatum = place.world.partner("adatum", PartnerKind::CspDirect, None).await?;
    place.world.request(place.tenant, &adatum, None).await?;
    let who = Who::OfPartner(adatum.clone(), Role::AdminAgent);
    let what = format!("PATCH /v1/customers/{}", place.tenant);
    let ended = place
        .api
        .ask(
            &who,
            &place.world,
            &what,
            &[],
            &json!({ "relationshipToPartner": "none" }),
        )
        .await?;
    assert_eq!(ended.status, 200, "{ended:?}");
    let grant = grants.get(place.tenant, &Registrant::Partner(adatum)).await?;
    assert_eq!(grant.map(|grant| grant.state), Some(GrantState::Declined));
    place.assert_sound().await
}
