//! Grants: the head that tells people, the shards that tell writers, the pointer that tells the partner.

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::grant::{ConsentChange, Grant, GrantState};
use muster_core::id::TenantId;
use muster_core::party::Registrant;

use super::judge::{partner_missing, tenant_missing};
use super::subject::{Around, Found, Repair, Subject, Suspect};
use super::words::Code;
use crate::error::StoreError;
use crate::grants::{Shard, ShardState, change_sort, due_at, pointer_item};
use crate::item::Item;
use crate::keys::{self, GRANT_SHARDS, Key};
use crate::table::{Action, Condition};

/// The items that a grant is judged by.
pub(super) fn wants(grant: &Grant) -> Vec<Key> {
    let shard = |number| keys::grant_shard(grant.tenant, &grant.registrant, number);
    let mut keys: Vec<Key> = (0..GRANT_SHARDS).map(shard).collect();
    if let Some(partner) = grant.registrant.partner() {
        keys.push(keys::tenant(grant.tenant));
        keys.push(keys::partner(partner));
        keys.push(keys::partner_grant(partner, grant.tenant));
    }
    keys
}

/// How a grant is called.
pub(crate) fn place_of(tenant: TenantId, registrant: &Registrant) -> String {
    match registrant {
        Registrant::Tenant => format!("consent of tenant {tenant} for itself"),
        Registrant::Partner(partner) => format!("consent of tenant {tenant} for partner {partner}"),
    }
}

pub(super) fn judge(
    subject: &Subject,
    grant: &Grant,
    around: &Around,
    now: Timestamp,
) -> Result<Vec<Suspect>, StoreError> {
    let place = place_of(grant.tenant, &grant.registrant);
    let list = (
        keys::grant_list(grant.tenant),
        keys::holder(&grant.registrant).to_owned(),
    );
    let mut suspects: Vec<Suspect> = subject
        .index(&place, Some(list), due_at(grant), as_seen(grant))
        .into_iter()
        .collect();
    if grant.settled().is_some() && grant.is_stuck() {
        let detail = format!("it is {}, and sweep has given it up", grant.state.as_str());
        suspects.push(Suspect {
            repair: Some(Repair::Decision(grant.tenant, grant.registrant.clone())),
            ..Suspect::new(Code::DecisionStuck, &place, detail)
        });
    }
    if let Some(partner) = grant.registrant.partner() {
        // A grant for itself may stand alone: it is made before its tenant.
        suspects.extend(tenant_missing(&place, grant.tenant, around));
        suspects.extend(partner_missing(&place, Some(partner), around));
        if !around.has(&keys::partner_grant(partner, grant.tenant)) {
            let pointer = Action::Put(pointer_item(partner, grant.tenant)?, None);
            let suspect = Suspect::new(Code::PointerMissing, &place, "the partner has no pointer to it");
            suspects.push(suspect.mended_by(vec![pointer, unchanged(grant)]));
        }
    }
    for number in 0..GRANT_SHARDS {
        let key = keys::grant_shard(grant.tenant, &grant.registrant, number);
        let shard = match around.get::<Shard>(&key) {
            Found::Absent => None,
            Found::There(shard) => Some(shard),
            Found::Unreadable => continue,
        };
        suspects.extend(judge_shard(grant, &place, number, shard, now)?);
    }
    Ok(suspects)
}

/// Holds a shard against its grant.
fn judge_shard(
    grant: &Grant,
    place: &str,
    number: u32,
    shard: Option<Shard>,
    now: Timestamp,
) -> Result<Option<Suspect>, StoreError> {
    let key = keys::grant_shard(grant.tenant, &grant.registrant, number);
    let end = grant.expires_at.map(|end| end.as_millisecond());
    let granted = Shard {
        state: ShardState::Granted,
        generation: grant.generation,
        expires_ms: end,
    };
    let write = |shard: &Shard, condition| -> Result<Vec<Action>, StoreError> {
        Ok(vec![
            Action::Put(Item::new(&key, shard)?, Some(condition)),
            unchanged(grant),
        ])
    };
    let Some(shard) = shard else {
        if grant.state != GrantState::Granted {
            // A missing shard refuses, as it should.
            return Ok(None);
        }
        let detail = format!("it is in force, and its shard {number} is not there");
        let actions = write(&granted, Condition::absent())?;
        return Ok(Some(Suspect::new(Code::ShardMissing, place, detail).mended_by(actions)));
    };
    let differs = |detail: String| Ok(Some(Suspect::new(Code::ShardDiffers, place, detail)));
    if shard.generation > grant.generation {
        return differs(format!("its shard {number} is of a later generation"));
    }
    let over = now.max(grant.requested_at).as_millisecond();
    let lets_in = shard.state == ShardState::Granted && shard.expires_ms.is_none_or(|end| end > over);
    match grant.state {
        // A decision is being carried out, shard by shard.
        GrantState::Granting | GrantState::Revoking => Ok(None),
        GrantState::Granted if shard == granted => Ok(None),
        GrantState::Granted => differs(format!("it is in force, and its shard {number} says otherwise")),
        GrantState::Requested | GrantState::Declined | GrantState::Revoked if lets_in => {
            let detail = format!("it is not in force, and its shard {number} lets writers in");
            let closed = Shard {
                state: ShardState::Revoked,
                ..shard
            };
            let actions = write(&closed, says(&shard))?;
            Ok(Some(Suspect::new(Code::ShardOpen, place, detail).mended_by(actions)))
        }
        GrantState::Requested | GrantState::Declined | GrantState::Revoked => Ok(None),
    }
}

/// What is wrong with a shard beyond what its grant tells.
pub(super) fn judge_alone(
    tenant: TenantId,
    registrant: &Registrant,
    number: u32,
    shard: &Shard,
    around: &Around,
) -> Option<Suspect> {
    let head = keys::grant(tenant, registrant);
    if around.has(&head) {
        return None;
    }
    let place = place_of(tenant, registrant);
    let key = keys::grant_shard(tenant, registrant, number);
    let detail = format!("its shard {number} is there, and it is not");
    let actions = vec![
        Action::Delete(key, Some(says(shard))),
        Action::Check(head, Condition::absent()),
    ];
    Some(Suspect::new(Code::ShardOrphaned, place, detail).mended_by(actions))
}

/// What is wrong with an entry about a decision: its grant was at that version once, so it is at that one or a later one.
pub(super) fn judge_change(subject: &Subject, change: &ConsentChange, around: &Around) -> Vec<Suspect> {
    let registrant = Registrant::Partner(change.partner.clone());
    let version = change.new.version;
    let place = format!("change {version} of the {}", place_of(change.tenant, &registrant));
    let list = (
        keys::consent_change_list(change.tenant),
        change_sort(change.at, &change.partner, version),
    );
    let there = Condition::new("attribute_exists(pk)");
    let mut suspects: Vec<Suspect> = subject.index(&place, Some(list), None, there).into_iter().collect();
    let detail = match around.get::<Grant>(&keys::grant(change.tenant, &registrant)) {
        Found::Absent => "the consent is not there",
        Found::There(grant) if grant.version < version => "the consent is at an earlier version",
        Found::There(_) | Found::Unreadable => return suspects,
    };
    suspects.push(Suspect::new(Code::ConsentChangeOrphaned, place, detail));
    suspects
}

fn says(shard: &Shard) -> Condition {
    Condition::new("#state = :state AND #generation = :generation")
        .name("#state", "state")
        .name("#generation", "generation")
        .value(":state", AttributeValue::S(shard.state.as_str().to_owned()))
        .value(":generation", AttributeValue::N(shard.generation.to_string()))
}

fn as_seen(grant: &Grant) -> Condition {
    Condition::new("#version = :version")
        .name("#version", "version")
        .value(":version", AttributeValue::N(grant.version.to_string()))
}

fn unchanged(grant: &Grant) -> Action {
    Action::Check(keys::grant(grant.tenant, &grant.registrant), as_seen(grant))
}
