//! Consent as its users see it, against a DynamoDB.

#![expect(clippy::unwrap_used, reason = "what the tests share fails by panicking, as they do")]

mod providers;

use engines::Database;
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::grant::{Denial, Grant, GrantError, GrantPin, GrantRequest, GrantState, Verb};
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::{Partner, PartnerKind, Registrant};
use muster_local::counting::Counting;
use muster_store::{Connection, Credentials, Grants, Partners, Table};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn tenant(number: u32) -> TenantId {
    format!("1b6c0d7e-3f5a-4c1e-9a51-{number:012x}").parse().unwrap()
}

fn partner(id: &str) -> PartnerId {
    id.parse().unwrap()
}

fn asks(number: u32, id: &str, kind: PartnerKind) -> GrantRequest {
    GrantRequest {
        tenant: tenant(number),
        partner: partner(id),
        kind,
        verbs: Verb::ALL.to_vec(),
        channels: None,
        expires_at: None,
        delegated_administration: false,
        by: "partner".into(),
    }
}

/// What the tests ask, all of it about tenant 1.
struct World {
    grants: Grants,
    partners: Partners,
    calls: Counting,
}

impl World {
    async fn new() -> Self {
        let database = Database::new().unwrap();
        let calls = Counting::new(database.http_client());
        let credentials = Credentials {
            access_key: "test".to_owned(),
            secret_key: "test".to_owned(),
        };
        let table = Table::new(
            &Connection::embedded(calls.http_client(), calls.http_client(), &credentials),
            database.table(),
        );
        table.create().await.unwrap();
        Self {
            grants: Grants::new(table.clone()),
            partners: Partners::new(table),
            calls,
        }
    }

    async fn know(&self, id: &str, kind: PartnerKind, provider: Option<&str>) -> Partner {
        let (id, provider) = (partner(id), provider.map(partner));
        let known = Partner {
            name: id.to_string(),
            id,
            kind,
            provider,
            created_at: at(0),
            manufacturers: std::collections::BTreeSet::new(),
            version: 1,
        };
        assert!(self.partners.create(&known).await.unwrap());
        known
    }

    async fn request(&self, id: &str, kind: PartnerKind, end: Option<i64>, now: i64) -> Result<GrantState, GrantError> {
        let request = GrantRequest {
            expires_at: end.map(at),
            ..asks(1, id, kind)
        };
        self.grants.request(request, at(now)).await.unwrap().map(|g| g.state)
    }

    async fn grant(&self, id: &str, now: i64) -> Result<GrantState, GrantError> {
        self.grants
            .grant(tenant(1), &partner(id), "admin", at(now))
            .await
            .unwrap()
            .map(|g| g.state)
    }

    async fn decline(&self, id: &str, now: i64) -> Result<GrantState, GrantError> {
        self.grants
            .decline(tenant(1), &partner(id), "admin", at(now))
            .await
            .unwrap()
            .map(|g| g.state)
    }

    async fn revoke(&self, id: &str, now: i64) -> Result<GrantState, GrantError> {
        self.grants
            .revoke(tenant(1), &partner(id), "admin", at(now))
            .await
            .unwrap()
            .map(|g| g.state)
    }

    async fn granted(&self, id: &str, kind: PartnerKind) {
        self.request(id, kind, None, 1).await.unwrap();
        self.grant(id, 2).await.unwrap();
    }

    /// May a CSP register through Partner Center?
    async fn permit(&self, id: &str, now: i64) -> Result<GrantPin, Denial> {
        let id = partner(id);
        let known = self.partners.get(&id).await.unwrap();
        let registrant = Registrant::Partner(id);
        let answer = self.grants.permit(
            tenant(1),
            &registrant,
            known.as_ref(),
            Verb::Register,
            Channel::PartnerCenter,
            at(now),
        );
        answer.await.unwrap()
    }
}

#[tokio::test]
async fn a_consent_lives_through_all_its_states() {
    let world = World::new().await;
    let csp = PartnerKind::CspDirect;
    assert_eq!(world.permit("contoso", 0).await, Err(Denial::Missing));
    for decision in [world.grant("contoso", 0).await, world.decline("contoso", 0).await] {
        assert_eq!(decision, Err(GrantError::NotRequested));
    }
    assert_eq!(world.revoke("contoso", 0).await, Err(GrantError::NotGranted));

    assert_eq!(world.request("contoso", csp, None, 1).await, Ok(GrantState::Requested));
    assert_eq!(world.permit("contoso", 1).await, Err(Denial::Pending));
    assert_eq!(world.decline("contoso", 2).await, Ok(GrantState::Declined));
    assert_eq!(world.permit("contoso", 2).await, Err(Denial::Declined));

    assert_eq!(
        world.grant("contoso", 3).await,
        Ok(GrantState::Granted),
        "the tenant may think better of it"
    );
    let first = world.permit("contoso", 3).await.unwrap();
    assert_eq!(first.generation, 1);
    assert_eq!(world.grant("contoso", 4).await, Err(GrantError::AlreadyGranted));
    assert_eq!(
        world.request("contoso", csp, None, 4).await,
        Err(GrantError::AlreadyGranted)
    );

    assert_eq!(world.revoke("contoso", 5).await, Ok(GrantState::Revoked));
    assert_eq!(world.permit("contoso", 5).await, Err(Denial::Revoked));
    assert_eq!(world.revoke("contoso", 6).await, Err(GrantError::NotGranted));
    assert_eq!(
        world.grant("contoso", 6).await,
        Err(GrantError::NotRequested),
        "the partner has to ask again"
    );

    assert_eq!(world.request("contoso", csp, None, 7).await, Ok(GrantState::Requested));
    assert_eq!(
        world.grants.denial(&first, at(7)).await.unwrap(),
        Denial::Revoked,
        "asked for anew, which does not revive what was revoked"
    );
    assert_eq!(world.grant("contoso", 8).await, Ok(GrantState::Granted));
    assert_eq!(world.permit("contoso", 8).await.unwrap().generation, 2);
    let denial = world.grants.denial(&first, at(8)).await.unwrap();
    assert_eq!(
        denial,
        Denial::Revoked,
        "what was accepted under the first generation stays refused"
    );
}

#[tokio::test]
async fn a_consent_ends_by_itself_and_can_be_asked_for_again() {
    let world = World::new().await;
    let csp = PartnerKind::CspDirect;
    assert_eq!(
        world.request("contoso", csp, Some(50), 50).await,
        Err(GrantError::ExpiryPast)
    );
    world.request("contoso", csp, Some(100), 1).await.unwrap();
    world.grant("contoso", 2).await.unwrap();
    let pin = world.permit("contoso", 99).await.unwrap();
    assert_eq!(world.permit("contoso", 100).await, Err(Denial::Expired));
    let denial = world.grants.denial(&pin, at(100)).await.unwrap();
    assert_eq!(denial, Denial::Expired);
    assert_eq!(world.grant("contoso", 100).await, Err(GrantError::NotRequested));
    world.request("contoso", csp, Some(200), 101).await.unwrap();
    world.grant("contoso", 102).await.unwrap();
    assert_eq!(world.permit("contoso", 199).await.unwrap().generation, 2);
}

#[tokio::test]
async fn an_oem_may_use_its_channel_and_no_other() {
    let world = World::new().await;
    let oem = world.know("contoso-oem", PartnerKind::Oem, None).await;
    world.granted("contoso-oem", PartnerKind::Oem).await;
    let registrant = Registrant::Partner(oem.id.clone());
    for channel in Channel::ALL {
        let answer = world
            .grants
            .permit(tenant(1), &registrant, Some(&oem), Verb::Register, channel, at(3))
            .await;
        let expected = if channel == Channel::OemDirect {
            Ok(1)
        } else {
            Err(Denial::NotCovered)
        };
        assert_eq!(answer.unwrap().map(|pin| pin.generation), expected, "{channel}");
    }
    let elsewhere = world
        .grants
        .permit(
            tenant(2),
            &registrant,
            Some(&oem),
            Verb::Register,
            Channel::OemDirect,
            at(3),
        )
        .await;
    assert_eq!(
        elsewhere.unwrap(),
        Err(Denial::Missing),
        "another tenant's consent is no consent"
    );
}

#[tokio::test]
async fn a_tenant_needs_its_own_grant_which_is_made_once() {
    let world = World::new().await;
    let permit = async |now: i64| {
        let answer = world
            .grants
            .permit(
                tenant(1),
                &Registrant::Tenant,
                None,
                Verb::Register,
                Channel::Intune,
                at(now),
            )
            .await;
        answer.unwrap().map(|pin| (pin.registrant, pin.generation))
    };
    assert_eq!(permit(1).await, Err(Denial::Missing));
    let own = world.grants.ensure_own(tenant(1), at(2)).await.unwrap();
    assert_eq!(world.grants.ensure_own(tenant(1), at(3)).await.unwrap(), own);
    assert_eq!(own.state, GrantState::Granted);
    assert_eq!(permit(4).await, Ok((Registrant::Tenant, 1)));
}

#[tokio::test]
async fn grants_are_listed_for_the_tenant_and_for_the_partner() {
    let world = World::new().await;
    world.grants.ensure_own(tenant(1), at(0)).await.unwrap();
    for id in ["fabrikam", "contoso"] {
        world.granted(id, PartnerKind::CspDirect).await;
    }
    world.revoke("fabrikam", 3).await.unwrap();
    let (before, mut of_tenant, mut pages) = (world.calls.snapshot(), Vec::new(), 0);
    loop {
        let after = of_tenant.last().map(|grant: &Grant| grant.registrant.clone());
        let page = world.grants.list_of_tenant(tenant(1), after.as_ref(), 2).await.unwrap();
        assert!(page.grants.len() <= 2);
        of_tenant.extend(page.grants);
        pages += 1;
        if !page.more {
            break;
        }
    }
    let asked = world.calls.snapshot().get("Query").unwrap_or(&0) - before.get("Query").unwrap_or(&0);
    assert_eq!((pages, asked), (2, 2), "one question a page");
    let told: Vec<_> = of_tenant
        .iter()
        .map(|g| (g.registrant.partner().map_or("-", PartnerId::as_str), g.state))
        .collect();
    let expected = [
        ("-", GrantState::Granted),
        ("contoso", GrantState::Granted),
        ("fabrikam", GrantState::Revoked),
    ];
    assert_eq!(told, expected);
    assert_eq!(
        world.grants.list_of_tenant(tenant(2), None, 2).await.unwrap().grants,
        []
    );

    for number in 2..=5 {
        let request = asks(number, "contoso", PartnerKind::CspDirect);
        world.grants.request(request, at(4)).await.unwrap().unwrap();
    }
    let contoso = partner("contoso");
    let first = world.grants.list_of_partner(&contoso, None, 3).await.unwrap();
    let rest = world
        .grants
        .list_of_partner(&contoso, first.last().map(|g| g.tenant), 3)
        .await
        .unwrap();
    let states: Vec<_> = first.iter().chain(&rest).map(|g| (g.tenant, g.state)).collect();
    let expected: Vec<_> = (1..=5)
        .map(|n| {
            (
                tenant(n),
                if n == 1 {
                    GrantState::Granted
                } else {
                    GrantState::Requested
                },
            )
        })
        .collect();
    assert_eq!(states, expected);
    assert_eq!((first.len(), rest.len()), (3, 2));
    assert_eq!(
        world.grants.list_of_partner(&partner("adatum"), None, 3).await.unwrap(),
        []
    );
}

#[tokio::test]
async fn what_a_decision_costs_is_known() {
    let world = World::new().await;
    world.request("contoso", PartnerKind::CspDirect, None, 1).await.unwrap();
    let before = world.calls.snapshot();
    world.grant("contoso", 2).await.unwrap();
    let after = world.calls.snapshot();
    let calls = |name: &str| after.get(name).unwrap_or(&0) - before.get(name).unwrap_or(&0);
    assert_eq!(
        (calls("GetItem"), calls("PutItem"), calls("TransactWriteItems")),
        (2, 9, 1),
        "the head twice, first with the entry about it, and each of eight shards once"
    );
}
