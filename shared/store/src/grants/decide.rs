//! How a decision is made: one conditional write of the head, together with the entry that is kept of it.

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::grant::{Actor, ConsentChange, Grant, GrantError, GrantState, Narrowing};
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::Registrant;

use super::changes::change_item;
use super::{Grants, PAUSE, TRIES, due_at, pointer_item};
use crate::error::{ErrorKind, StoreError};
use crate::item::{Attributes, Item, read};
use crate::keys;
use crate::table::{Action, Cancelled, Condition, Transacted, Written};

/// Who decides, and on what it saw.
#[derive(Debug, Clone)]
pub struct Decider {
    /// Who it is, and where it came from.
    pub actor: Actor,
    /// The version of the grant that is decided about; `None`: whichever stands there.
    pub seen: Option<u64>,
}

impl From<Actor> for Decider {
    fn from(actor: Actor) -> Self {
        Self { actor, seen: None }
    }
}

/// A way in that knows no callers.
impl From<&str> for Decider {
    fn from(subject: &str) -> Self {
        Actor::from(subject).into()
    }
}

impl From<&String> for Decider {
    fn from(subject: &String) -> Self {
        subject.as_str().into()
    }
}

/// A decision that is to be made.
pub(super) struct Deciding<'a, R> {
    pub(super) tenant: TenantId,
    pub(super) partner: &'a PartnerId,
    pub(super) by: &'a Decider,
    pub(super) now: Timestamp,
    /// The state that the decision writes.
    pub(super) towards: GrantState,
    /// What the tenant takes of what was asked for, where it says yes.
    pub(super) narrowing: Option<&'a Narrowing>,
    /// What becomes of the grant as it stands; `None`: it stands as it should already.
    pub(super) rule: R,
}

impl<'a, R> Deciding<'a, R> {
    /// A decision that writes this state, and narrows nothing.
    pub(super) const fn towards(
        towards: GrantState,
        tenant: TenantId,
        partner: &'a PartnerId,
        by: &'a Decider,
        now: Timestamp,
        rule: R,
    ) -> Self {
        Self {
            tenant,
            partner,
            by,
            now,
            towards,
            narrowing: None,
            rule,
        }
    }
}

impl Grants {
    /// Makes a decision that its rule allows and carries it out. When that very decision is under way already, carrying
    /// it out is the answer.
    pub(super) async fn decide(
        &self,
        decision: Deciding<'_, impl Fn(Option<&Grant>) -> Result<Option<Grant>, GrantError>>,
    ) -> Result<Result<Grant, GrantError>, StoreError> {
        const OPERATION: &str = "decide about a consent";
        let registrant = Registrant::Partner(decision.partner.clone());
        let gone = || StoreError::contended(OPERATION);
        for _ in 0..TRIES {
            let before = self.get(decision.tenant, &registrant).await?;
            let version = before.as_ref().map(|grant| grant.version);
            if decision.by.seen.is_some() && decision.by.seen != version {
                return Ok(Err(GrantError::Changed));
            }
            match (decision.rule)(before.as_ref()) {
                Ok(None) => return before.map(Ok).ok_or_else(gone),
                Ok(Some(after)) => {
                    let change = ConsentChange::of(before.as_ref(), &after, &decision.by.actor, decision.now);
                    if self.swap(before.as_ref(), &after, change.as_ref()).await? {
                        let settled = if after.settled().is_some() {
                            self.settle(decision.tenant, &registrant).await?
                        } else {
                            Some(after)
                        };
                        return settled.map(Ok).ok_or_else(gone);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                // Its worker may be dead; finishing its work is safe in any case.
                Err(GrantError::Busy) => {
                    let same = match (&before, decision.narrowing) {
                        (Some(before), _) if before.state != decision.towards => false,
                        (Some(before), Some(narrowing)) => self.is_granted_as(before, narrowing).await?,
                        (before, _) => before.is_some(),
                    };
                    let settled = self.settle(decision.tenant, &registrant).await?;
                    if same {
                        return settled.map(Ok).ok_or_else(gone);
                    }
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        Err(gone())
    }

    /// Whether `grant` gives, or is about to give, just what this narrowing leaves of what was asked for: then giving it
    /// again says nothing new.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_granted_as(&self, grant: &Grant, narrowing: &Narrowing) -> Result<bool, StoreError> {
        let Some(partner) = grant.registrant.partner() else {
            return Ok(false);
        };
        if !matches!(grant.state, GrantState::Granting | GrantState::Granted) {
            return Ok(false);
        }
        let page = self.changes_of(grant.tenant, partner, None, 1).await?;
        let newest = page.changes.into_iter().next();
        // Of a grant that is older than these entries nobody knows what was asked for.
        let asked = match newest
            .filter(|change| change.new.version <= grant.version)
            .and_then(|c| c.old)
        {
            None => grant.clone(),
            Some(old) => Grant {
                verbs: old.verbs,
                channels: old.channels,
                expires_at: old.expires_at,
                delegated_administration: old.delegated_administration,
                ..grant.clone()
            },
        };
        Ok(narrowing.of(&asked).as_ref() == Ok(grant))
    }

    /// Replaces the head, if it is still `before`, and keeps `change` in the same transaction. Answers whether `after` is
    /// what stands there now.
    pub(super) async fn swap(
        &self,
        before: Option<&Grant>,
        after: &Grant,
        change: Option<&ConsentChange>,
    ) -> Result<bool, StoreError> {
        let key = keys::grant(after.tenant, &after.registrant);
        let mut head = Item::new(&key, after)?.listed(
            keys::grant_list(after.tenant),
            keys::holder(&after.registrant).to_owned(),
        );
        if let Some(at) = due_at(after) {
            head = head.due(at);
        }
        let condition = before.map_or_else(Condition::absent, |before| {
            Condition::new("#version = :version")
                .name("#version", "version")
                .value(":version", AttributeValue::N(before.version.to_string()))
        });
        // The head's condition holds once, so what is written with it is written once.
        let mut beside = Vec::new();
        if let Some(change) = change {
            beside.push(Action::Put(change_item(change)?, None));
        }
        // The first request makes the partner's pointer too.
        if let (None, Some(partner)) = (before, after.registrant.partner()) {
            beside.push(Action::Put(pointer_item(partner, after.tenant)?, None));
        }
        let found = if beside.is_empty() {
            match self.table.put(head, Some(condition)).await {
                Ok(Written::Done) => return Ok(true),
                Ok(Written::Refused(found)) => found,
                Err(error) if error.is_conflict() => None,
                Err(error) => return Err(error),
            }
        } else {
            beside.insert(0, Action::Put(head, Some(condition)));
            match self.together(&beside).await? {
                Ok(()) => return Ok(true),
                Err(found) => found,
            }
        };
        // The answer to an earlier try of this very write may have been lost.
        Ok(found
            .map(read::<Grant>)
            .transpose()?
            .is_some_and(|found| found == *after))
    }

    /// Writes all or nothing; inside, the item that the first action found in its place.
    async fn together(&self, actions: &[Action]) -> Result<Result<(), Option<Attributes>>, StoreError> {
        match self.table.transact(actions).await? {
            Transacted::Done => Ok(Ok(())),
            Transacted::Cancelled(reasons) if !reasons.contains(&Cancelled::Invalid) => {
                Ok(Err(match reasons.into_iter().next() {
                    Some(Cancelled::Condition(found)) => found,
                    _ => None,
                }))
            }
            Transacted::Cancelled(_) | Transacted::Invalid => Err(StoreError::new(
                ErrorKind::Rejected,
                "write a consent",
                "the store takes no consent like this",
            )),
        }
    }
}
