//! What only the inside shows: shards after crashes, late workers and races.

mod crashes;
mod narrowed;
mod races;

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use engines::Database;
use muster_core::channel::Channel;
use muster_core::grant::{Act, GrantPin, Verb};
use muster_core::party::PartnerKind;
use muster_local::conflicts::Conflicting;
use muster_local::faults::{Fault, Faulty};

use super::shards::{Shard, ShardState};
use super::*;
use crate::connection::{Connection, Credentials};
use crate::table::{Action, Cancelled, Condition, Transacted};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn tenant() -> TenantId {
    "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap()
}

fn contoso() -> PartnerId {
    "contoso-devices".parse().unwrap()
}

fn registrant() -> Registrant {
    Registrant::Partner(contoso())
}

fn asks() -> GrantRequest {
    GrantRequest {
        tenant: tenant(),
        partner: contoso(),
        kind: PartnerKind::CspDirect,
        verbs: Verb::ALL.to_vec(),
        channels: None,
        expires_at: None,
        delegated_administration: false,
        by: "partner".into(),
    }
}

/// The grants in this database, behind this client.
fn grants(database: &Database, http: SharedHttpClient) -> Grants {
    let credentials = Credentials {
        access_key: "test".to_owned(),
        secret_key: "test".to_owned(),
    };
    Grants::new(Table::new(
        &Connection::embedded(http.clone(), http, &credentials),
        database.table(),
    ))
}

/// An empty table, and the grants in it.
async fn empty() -> (Database, Grants) {
    let database = Database::new().unwrap();
    let grants = grants(&database, database.http_client());
    grants.table.create().await.unwrap();
    (database, grants)
}

/// A table in which contoso's grant is in force.
async fn granted() -> (Database, Grants) {
    let (database, grants) = empty().await;
    grants.request(asks(), at(0)).await.unwrap().unwrap();
    grants
        .grant(tenant(), &contoso(), "admin", at(1))
        .await
        .unwrap()
        .unwrap();
    (database, grants)
}

async fn pin(grants: &Grants) -> GrantPin {
    let answer = grants
        .permit(
            tenant(),
            &registrant(),
            None,
            Verb::Register,
            Channel::PartnerCenter,
            at(2),
        )
        .await;
    answer.unwrap().unwrap()
}

async fn shards(grants: &Grants, registrant: &Registrant) -> Vec<Option<Shard>> {
    let mut found = Vec::new();
    for number in 0..keys::GRANT_SHARDS {
        found.push(
            grants
                .table
                .get(&keys::grant_shard(tenant(), registrant, number), true)
                .await
                .unwrap(),
        );
    }
    found
}

/// All that is kept of decisions about contoso's grant, oldest first, in versions that follow on each other: each entry
/// tells of one decision, and between two there is at most the carrying out of the first.
async fn told(grants: &Grants) -> Vec<(Act, u64)> {
    let mut entries = grants
        .changes_of(tenant(), &contoso(), None, 1000)
        .await
        .unwrap()
        .changes;
    entries.reverse();
    let listed = grants.changes_of_tenant(tenant(), None, 1000).await.unwrap().changes;
    assert_eq!(listed.len(), entries.len(), "{listed:?} {entries:?}");
    let mut before = 0;
    for entry in &entries {
        let old = entry.old.as_ref().map_or(0, |old| old.version);
        assert_eq!(entry.new.version, old + 1, "{entry:?}");
        assert!(old == before || old == before + 1, "behind version {before}: {entry:?}");
        before = entry.new.version;
    }
    let head = grants.get(tenant(), &registrant()).await.unwrap();
    let version = head.as_ref().map_or(0, |head| head.version);
    assert!(version == before || version == before + 1, "{head:?} {entries:?}");
    entries.iter().map(|entry| (entry.what, entry.new.version)).collect()
}

/// Head and shards must never contradict each other, whoever died or was overtaken where.
async fn audit(grants: &Grants, registrant: &Registrant) -> Option<GrantState> {
    let attributes = grants
        .table
        .get_attributes(&keys::grant(tenant(), registrant), true)
        .await
        .unwrap()?;
    let is_due = attributes.contains_key("dpk");
    let head: Grant = read(attributes).unwrap();
    let shards = shards(grants, registrant).await;
    let context = || format!("{head:?} {shards:?}");
    assert_eq!(
        is_due,
        head.settled().is_some(),
        "due while a decision is carried out, and only then: {}",
        context()
    );
    for shard in &shards {
        let open = shard.as_ref().is_some_and(|s| s.state == ShardState::Granted);
        let generation = shard.as_ref().map_or(0, |s| s.generation);
        assert!(generation <= head.generation, "{}", context());
        match head.state {
            GrantState::Granted => assert!(open && generation == head.generation, "{}", context()),
            GrantState::Revoked => assert!(!open && generation == head.generation, "{}", context()),
            // No end was given here, so only a revoked grant can be asked for anew.
            GrantState::Requested | GrantState::Declined => assert!(!open, "{}", context()),
            GrantState::Granting => assert!(!open || generation == head.generation, "{}", context()),
            GrantState::Revoking => {}
        }
    }
    Some(head.state)
}

#[tokio::test]
async fn a_worker_that_was_overtaken_changes_no_shard() {
    let (_database, grants) = granted().await;
    let head = |state, generation| Grant {
        state,
        generation,
        ..Grant::request(None, asks(), at(0)).unwrap()
    };

    grants
        .revoke(tenant(), &contoso(), "admin", at(2))
        .await
        .unwrap()
        .unwrap();
    let revoked = shards(&grants, &registrant()).await;
    grants.write_shards(&head(GrantState::Granting, 1)).await.unwrap();
    assert_eq!(
        shards(&grants, &registrant()).await,
        revoked,
        "a late grant of the generation that was revoked"
    );

    grants.request(asks(), at(3)).await.unwrap().unwrap();
    grants
        .grant(tenant(), &contoso(), "admin", at(4))
        .await
        .unwrap()
        .unwrap();
    let anew = shards(&grants, &registrant()).await;
    grants.write_shards(&head(GrantState::Revoking, 1)).await.unwrap();
    grants.write_shards(&head(GrantState::Granting, 1)).await.unwrap();
    assert_eq!(
        shards(&grants, &registrant()).await,
        anew,
        "a late decision about an older generation"
    );
    assert_eq!(audit(&grants, &registrant()).await, Some(GrantState::Granted));
}

#[tokio::test]
async fn the_check_passes_on_every_shard_until_its_end_and_refuses_where_a_shard_is_missing() {
    let (_database, grants) = empty().await;
    let ends = GrantRequest {
        expires_at: Some(at(100)),
        ..asks()
    };
    grants.request(ends, at(0)).await.unwrap().unwrap();
    grants
        .grant(tenant(), &contoso(), "admin", at(1))
        .await
        .unwrap()
        .unwrap();
    let pin = pin(&grants).await;
    let passes = async |pin: &GrantPin, shard: u32, now: Timestamp| {
        grants.table.transact(&[check(pin, shard, now)]).await.unwrap() == Transacted::Done
    };
    let mut seen = std::collections::BTreeSet::new();
    for shard in 5..5 + keys::GRANT_SHARDS {
        assert!(passes(&pin, shard, at(99)).await, "shard {shard}");
        assert!(!passes(&pin, shard, at(100)).await, "shard {shard}");
        assert!(
            !passes(
                &GrantPin {
                    generation: 0,
                    ..pin.clone()
                },
                shard,
                at(99)
            )
            .await,
            "shard {shard}"
        );
        assert!(
            !passes(
                &GrantPin {
                    generation: 2,
                    ..pin.clone()
                },
                shard,
                at(99)
            )
            .await,
            "shard {shard}"
        );
        seen.insert(shard % keys::GRANT_SHARDS);
    }
    assert_eq!(seen.len(), 8, "the next number leads to the next shard");
    assert!(passes(&pin, u32::MAX, at(99)).await, "any number leads to a shard");

    let key = keys::grant_shard(tenant(), &registrant(), 3);
    grants.table.transact(&[Action::Delete(key, None)]).await.unwrap();
    assert!(!passes(&pin, 3, at(99)).await);
    assert!(passes(&pin, 4, at(99)).await);
}
