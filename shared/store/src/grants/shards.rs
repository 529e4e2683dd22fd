//! The shards of a grant: what writers check, and how a decision reaches them.
//!
//! What a shard says only ever moves forward: an older generation never replaces a newer one, and within a generation
//! `revoked` is the end. So it does not matter how many workers carry out which decisions, or how late: a worker whose
//! decision was overtaken finds that there is nothing to do.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::grant::{Grant, GrantPin, GrantState};
use serde::{Deserialize, Serialize};

use super::Grants;
use crate::error::StoreError;
use crate::item::{Item, millis};
use crate::keys::{self, GRANT_SHARDS};
use crate::table::{Action, Condition};

/// How often each shard is tried in one call while transactions hold it: about 8 seconds in all, within the 29 seconds
/// that an answer over HTTP may take.
const ROUNDS: u64 = 600;

/// The wait after a round. Short, because a busy writer leaves a shard alone for a few milliseconds only; uneven, so
/// that the tries do not fall into step with the writers.
const fn pause(round: u64) -> Duration {
    Duration::from_millis(2 + round * 7 % 23)
}

/// What a shard says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ShardState {
    Granted,
    Revoked,
}

impl ShardState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Revoked => "revoked",
        }
    }
}

/// A shard, without its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shard {
    pub(crate) state: ShardState,
    pub(crate) generation: u64,
    /// End of the grant in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_ms: Option<i64>,
}

/// The action that lets a transaction commit only while the pinned grant is in force: not revoked, not granted anew,
/// not expired at `now`. Any number leads to a shard; after a conflict, the next number leads to another one.
pub(crate) fn check(pin: &GrantPin, shard: u32, now: Timestamp) -> Action {
    let condition =
        Condition::new("#state = :granted AND #generation = :pinned AND (attribute_not_exists(#end) OR #end > :now)")
            .name("#state", "state")
            .name("#generation", "generation")
            .name("#end", "expiresMs")
            .value(":granted", AttributeValue::S(ShardState::Granted.as_str().to_owned()))
            .value(":pinned", AttributeValue::N(pin.generation.to_string()))
            .value(":now", millis(now));
    Action::Check(keys::pinned_shard(pin, shard % GRANT_SHARDS), condition)
}

impl Grants {
    /// Writes what the decision under way means to every shard. Afterwards each shard says that, or something newer.
    pub(super) async fn write_shards(&self, head: &Grant) -> Result<(), StoreError> {
        let (state, condition) = match head.state {
            GrantState::Granting => (
                ShardState::Granted,
                "attribute_not_exists(pk) OR #generation < :generation",
            ),
            GrantState::Revoking => (
                ShardState::Revoked,
                "attribute_not_exists(pk) OR #generation < :generation OR (#generation = :generation AND #state = :granted)",
            ),
            _ => return Ok(()),
        };
        let mut condition = Condition::new(condition)
            .name("#generation", "generation")
            .value(":generation", AttributeValue::N(head.generation.to_string()));
        if state == ShardState::Revoked {
            condition = condition
                .name("#state", "state")
                .value(":granted", AttributeValue::S(ShardState::Granted.as_str().to_owned()));
        }
        let shard = Shard {
            state,
            generation: head.generation,
            expires_ms: head.expires_at.map(|end| end.as_millisecond()),
        };

        let mut open: Vec<u32> = (0..GRANT_SHARDS).collect();
        for round in 0..ROUNDS {
            let mut held = Vec::new();
            for number in open {
                let key = keys::grant_shard(head.tenant, &head.registrant, number);
                match self.table.put(Item::new(&key, &shard)?, Some(condition.clone())).await {
                    // Refused: the shard says this already, or something newer.
                    Ok(_) => {}
                    Err(error) if error.is_conflict() => held.push(number),
                    Err(error) => return Err(error),
                }
            }
            if held.is_empty() {
                return Ok(());
            }
            open = held;
            tokio::time::sleep(pause(round)).await;
        }
        Err(StoreError::contended("write the shards of a consent"))
    }
}
