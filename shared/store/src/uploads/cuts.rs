//! Cuts: where an upload's batches begin and end. Stored before anything is sent, so that they are the same for ever.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::id::UploadId;
use muster_core::upload::{Batch, Reason, UploadState};
use serde::{Deserialize, Serialize};

use super::{Change, Uploads, state_value, unknown, with_reason};
use crate::error::{ErrorKind, StoreError};
use crate::item::{Attributes, Item, read};
use crate::keys;
use crate::table::{Action, Cancelled, Condition, Query, Range, Transacted, Written};

/// Batches of one call of [`Uploads::put_cuts`] at most.
pub const MAX_BATCHES_PER_ITEM: usize = 64;

const PUT: &str = "store cuts";
const REFUSE: &str = "refuse an upload";
/// How often a transaction is tried while others have the upload's item.
const TRIES: u32 = 8;

/// What storing cuts came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutCuts {
    /// These are the upload's cuts.
    Stored,
    /// Others were stored before, and they count.
    Other(Vec<Batch>),
    /// The upload is refused or given up: nothing is stored, and nothing is to be sent.
    Closed,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CutsItem {
    first: u32,
    batches: Vec<Batch>,
}

impl Uploads {
    /// All cuts so far, in order: the number of the first batch, and the batches.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn cuts(&self, id: &UploadId) -> Result<Vec<(u32, Vec<Batch>)>, StoreError> {
        let partition = keys::upload(id).pk;
        let range = Some((Range::BeginsWith, AttributeValue::S("CUTS#".to_owned())));
        let items = self
            .table
            .query_all(Query {
                partition: &partition,
                range,
                ..Query::default()
            })
            .await?;
        items
            .into_iter()
            .map(|item| read(item).map(|cuts: CutsItem| (cuts.first, cuts.batches)))
            .collect()
    }

    /// Stores the batches from number `first` on, unless some are stored there.
    ///
    /// # Errors
    /// When there are none or more than [`MAX_BATCHES_PER_ITEM`], or the store is out of reach.
    pub async fn put_cuts(&self, id: &UploadId, first: u32, batches: &[Batch]) -> Result<PutCuts, StoreError> {
        if batches.is_empty() || batches.len() > MAX_BATCHES_PER_ITEM {
            let message = format!(
                "{} batches were given; it takes 1 to {MAX_BATCHES_PER_ITEM}",
                batches.len()
            );
            return Err(StoreError::new(ErrorKind::Rejected, PUT, message));
        }
        let item = Item::new(
            &keys::cuts(id, first),
            &CutsItem {
                first,
                batches: batches.to_vec(),
            },
        )?;
        let known = if first == 0 {
            // The first cuts and a refusal exclude each other; behind the first ones, no refusal is possible.
            let open = Condition::new("#state = :processing")
                .name("#state", "state")
                .value(":processing", state_value(UploadState::Processing));
            let actions = [
                Action::Put(item, Some(Condition::absent())),
                Action::Check(keys::upload(id), open),
            ];
            match self.either(PUT, &actions).await? {
                Either::Done => return Ok(PutCuts::Stored),
                Either::First(known) => known,
                Either::Second => return Ok(PutCuts::Closed),
            }
        } else {
            match self.table.put(item, Some(Condition::absent())).await? {
                Written::Done => return Ok(PutCuts::Stored),
                Written::Refused(known) => known,
            }
        };
        let known = match known {
            Some(known) => read::<CutsItem>(known)?.batches,
            None => return Err(StoreError::contended(PUT)),
        };
        Ok(if known == batches {
            PutCuts::Stored
        } else {
            PutCuts::Other(known)
        })
    }

    /// Refuses an upload that was accepted, as long as nothing of it is cut. `false`: too late, or it has ended
    /// otherwise; `true` also for one that is refused already.
    ///
    /// # Errors
    /// When there is no such upload, or the store is out of reach.
    pub async fn refuse_later(&self, id: &UploadId, reason: &Reason, now: Timestamp) -> Result<bool, StoreError> {
        let change = Change::to(
            "SET #state = :to, #reason = :reason, #end = :end REMOVE dpk, dsk, #next",
            UploadState::Processing.as_str(),
        );
        let change = with_reason(change, reason, now)?.value(":to", state_value(UploadState::Refused));
        let Change { expression, condition } = change;
        let update = Action::Update {
            key: keys::upload(id),
            expression: expression.to_owned(),
            condition,
        };
        match self
            .either(REFUSE, &[Action::Check(keys::cuts(id, 0), Condition::absent()), update])
            .await?
        {
            Either::Done => Ok(true),
            Either::First(_) => Ok(false),
            Either::Second => {
                let status = self.get(id).await?.ok_or_else(|| unknown(REFUSE, id))?;
                Ok(status.state == UploadState::Refused)
            }
        }
    }

    /// Writes two actions, or says which one did not hold.
    async fn either(&self, operation: &'static str, actions: &[Action; 2]) -> Result<Either, StoreError> {
        let mut pause = Duration::from_millis(10);
        for _ in 0..TRIES {
            match self.table.transact(actions).await? {
                Transacted::Done => return Ok(Either::Done),
                Transacted::Cancelled(reasons) => match reasons.as_slice() {
                    [Cancelled::Condition(item), _] => return Ok(Either::First(item.clone())),
                    [_, Cancelled::Condition(_)] => return Ok(Either::Second),
                    reasons if reasons.contains(&Cancelled::Invalid) => return Err(invalid(operation)),
                    _ => tokio::time::sleep(pause).await,
                },
                Transacted::Invalid => return Err(invalid(operation)),
            }
            pause *= 2;
        }
        Err(StoreError::contended(operation))
    }
}

enum Either {
    Done,
    /// The first action's condition did not hold; its item as it stands.
    First(Option<Attributes>),
    /// The second action's condition did not hold.
    Second,
}

fn invalid(operation: &'static str) -> StoreError {
    StoreError::new(
        ErrorKind::Rejected,
        operation,
        "the store refused the transaction as invalid",
    )
}
