//! What a manufacturer takes back: one transaction that holds its grant, the entry as it was seen, and that nobody holds an
//! identity that proves to have the device.

use std::time::Duration;

use muster_core::Timestamp;
use muster_core::catalogue::{Entry, EntryId, EntryState};
use muster_core::grant::GrantPin;
use muster_core::id::PartnerId;
use muster_core::identity::IdentityKey;

use super::{Catalogue, as_seen, entry_item, lead_no_more};
use crate::error::{ErrorKind, StoreError};
use crate::grants::check;
use crate::keys::{self, GRANT_SHARDS, shard_of};
use crate::table::{Action, Cancelled, Condition, Transacted};

/// How often a withdrawal is tried while other writers have its items.
const TRIES: u64 = 10;

/// Who withdraws, by what right and when.
#[derive(Debug, Clone, Copy)]
pub struct Withdrawal<'a> {
    /// The catalogue's own grant.
    pub pin: &'a GrantPin,
    /// The manufacturer: entries of others do not exist for it.
    pub partner: &'a PartnerId,
    /// The time of this attempt.
    pub now: Timestamp,
}

/// What a withdrawal came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Withdrawn {
    /// The entry counts no more. So it is too when it was withdrawn before.
    Done(Box<Entry>),
    /// There is no such entry of this manufacturer.
    Absent,
    /// Somebody has registered the device.
    Owned,
    /// The grant does not allow it any more.
    Refused,
}

impl Catalogue {
    /// Takes an entry back, unless somebody has registered its device. A repeat finds that it is done.
    ///
    /// # Errors
    /// When the store is out of reach, or other writers were faster each time.
    pub async fn withdraw(&self, id: EntryId, by: &Withdrawal<'_>) -> Result<Withdrawn, StoreError> {
        const OPERATION: &str = "withdraw an entry";
        for (round, shard) in (0..TRIES).zip(shard_of(&id.to_string(), GRANT_SHARDS)..) {
            let Some(entry) = self.get(id).await?.filter(|entry| entry.partner == *by.partner) else {
                return Ok(Withdrawn::Absent);
            };
            if entry.state == EntryState::Withdrawn {
                return Ok(Withdrawn::Done(Box::new(entry)));
            }
            let withdrawn = Entry {
                version: entry.version + 1,
                state: EntryState::Withdrawn,
                changed_at: by.now,
                ..entry.clone()
            };
            let mut actions = vec![
                check(by.pin, shard, by.now),
                Action::Put(entry_item(&withdrawn)?, Some(as_seen(entry.version))),
            ];
            let free = |key: IdentityKey| Action::Check(keys::claim(key), Condition::absent());
            actions.extend(entry.proving_keys().map(free));
            let claims = 2..actions.len();
            for (key, entries) in self.leads(&entry.leading_keys().collect()).await? {
                if entries.contains(&id) {
                    actions.push(lead_no_more(key, id, entries.len() == 1));
                }
            }
            match self.table.transact(&actions).await? {
                Transacted::Done => return Ok(Withdrawn::Done(Box::new(withdrawn))),
                Transacted::Cancelled(reasons) => {
                    let held = |reason: &Cancelled| matches!(reason, Cancelled::Condition(_));
                    if reasons.first().is_some_and(held) {
                        return Ok(Withdrawn::Refused);
                    }
                    if reasons.get(claims).unwrap_or_default().iter().any(held) {
                        return Ok(Withdrawn::Owned);
                    }
                    if reasons.contains(&Cancelled::Invalid) {
                        return Err(refused(OPERATION));
                    }
                    tokio::time::sleep(Duration::from_millis(5 * round)).await;
                }
                Transacted::Invalid => return Err(refused(OPERATION)),
            }
        }
        Err(StoreError::contended(OPERATION))
    }
}

fn refused(operation: &'static str) -> StoreError {
    StoreError::new(ErrorKind::Rejected, operation, "the store refused the transaction")
}
