//! Consent: the grants that say who may register devices for a tenant.
//!
//! A grant has a head, which tells people, and [`GRANT_SHARDS`](crate::keys::GRANT_SHARDS) shards, which tell writers
//! (`docs/data-model.md`, "Grant"). A decision is made by one conditional write of the head, so decisions about a grant
//! are in one order, its `version`. What a decision means is then carried out shard by shard, and the head is settled
//! last. A worker that dies in between leaves the head in the due index; whoever comes next carries the decision out.

mod changes;
mod decide;
mod permit;
mod shards;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use muster_core::Timestamp;
use muster_core::grant::{Grant, GrantError, GrantRequest, GrantState, Hindrance, Narrowing};
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::Registrant;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{Item, key_attributes, read};
use crate::keys;
use crate::parties::list_position;
use crate::table::{Query, Range, Table};

pub(crate) use changes::change_sort;
pub use changes::{ChangeMark, ChangePage};
pub use decide::Decider;
use decide::Deciding;
pub use permit::Permission;
pub(crate) use shards::{Shard, ShardState, check};

/// How often a decision is made anew when other writers were faster.
const TRIES: u32 = 10;
/// The wait before the next try.
const PAUSE: Duration = Duration::from_millis(10);
/// After this long, a decision that is still under way is taken for interrupted and finished by `sweep`.
const DUE_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// How many items a page of a list holds at most.
const PAGE: usize = 1000;

/// The grants of all tenants.
///
/// Deciding needs `dynamodb:GetItem`, `BatchGetItem`, `Query` and `PutItem`, also in transactions; [`Grants::permit`], [`Grants::denial`] and
/// the lists do without `PutItem`.
#[derive(Clone)]
pub struct Grants {
    table: Table,
}

/// What a partner's pointer to a grant holds.
#[derive(Serialize, Deserialize)]
struct Pointer {
    tenant: TenantId,
}

/// The item of a partner's pointer to a grant.
pub(crate) fn pointer_item(partner: &PartnerId, tenant: TenantId) -> Result<Item, StoreError> {
    Item::new(&keys::partner_grant(partner, tenant), &Pointer { tenant })
}

/// When sweep carries out a decision that is still under way; `None`, too, once it has given up.
pub(crate) fn due_at(grant: &Grant) -> Option<Timestamp> {
    grant.settled()?;
    if let Some(hindrance) = &grant.hindrance {
        return hindrance.next_try;
    }
    let decided = grant.decided_at.unwrap_or(grant.requested_at);
    Some(decided.checked_add(DUE_AFTER).unwrap_or(Timestamp::MAX))
}

/// A page of grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantPage {
    /// The grants.
    pub grants: Vec<Grant>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

impl Grants {
    /// The grants in this table.
    #[must_use]
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// The grant as it stands now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, tenant: TenantId, registrant: &Registrant) -> Result<Option<Grant>, StoreError> {
        self.table.get(&keys::grant(tenant, registrant), true).await
    }

    /// At most `limit` (1 to 1,000) grants of a tenant, its own first, then by partner, behind the one of `after`; may be a
    /// moment old.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list_of_tenant(
        &self,
        tenant: TenantId,
        after: Option<&Registrant>,
        limit: usize,
    ) -> Result<GrantPage, StoreError> {
        let (partition, limit) = (keys::grant_list(tenant), limit.clamp(1, PAGE));
        let place = |after: &Registrant| {
            let sort = keys::holder(after).to_owned();
            list_position(&keys::grant(tenant, after), &partition, sort)
        };
        let query = Query {
            index: Some("list"),
            partition: &partition,
            from: after.map(place),
            // One more says whether there are more.
            limit: Some(limit + 1),
            ..Query::default()
        };
        let page = self.table.query(query).await?;
        let more = page.next.is_some() || page.items.len() > limit;
        let grants = page.items.into_iter().take(limit).map(read);
        Ok(GrantPage {
            grants: grants.collect::<Result<_, _>>()?,
            more,
        })
    }

    /// At most `limit` (1 to 1,000) grants of a partner, by tenant, behind the one of tenant `after`. A page that is
    /// shorter than `limit` is the last one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list_of_partner(
        &self,
        partner: &PartnerId,
        after: Option<TenantId>,
        limit: usize,
    ) -> Result<Vec<Grant>, StoreError> {
        let query = Query {
            partition: &keys::partner(partner).pk,
            range: Some((Range::BeginsWith, AttributeValue::S(keys::PARTNER_GRANTS.to_owned()))),
            from: after.map(|tenant| key_attributes(&keys::partner_grant(partner, tenant))),
            limit: Some(limit.clamp(1, PAGE)),
            ..Query::default()
        };
        let pointers = self.table.query(query).await?.items.into_iter().map(read);
        let tenants = pointers
            .map(|p| p.map(|p: Pointer| p.tenant))
            .collect::<Result<Vec<_>, _>>()?;
        let registrant = Registrant::Partner(partner.clone());
        self.get_many(tenants.iter().map(|tenant| (*tenant, registrant.clone())))
            .await
    }

    /// The grants of these tenants and registrants as they stand now, in this order; absent ones are left out.
    async fn get_many(&self, wanted: impl Iterator<Item = (TenantId, Registrant)>) -> Result<Vec<Grant>, StoreError> {
        let wanted: Vec<_> = wanted.collect();
        let keys: Vec<_> = wanted
            .iter()
            .map(|(tenant, registrant)| keys::grant(*tenant, registrant))
            .collect();
        let mut found = HashMap::new();
        for attributes in self.table.get_many(&keys, true).await? {
            let grant: Grant = read(attributes)?;
            found.insert((grant.tenant, grant.registrant.clone()), grant);
        }
        Ok(wanted.iter().filter_map(|key| found.remove(key)).collect())
    }

    /// Makes sure that a tenant holds the grant for its own administrators; one that exists stays as it is, except that
    /// a half-made one is finished.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ensure_own(&self, tenant: TenantId, now: Timestamp) -> Result<Grant, StoreError> {
        self.ensure(&Grant::own(tenant, now)).await
    }

    /// Makes sure that a manufacturer's catalogue holds its grant, by the same rule.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ensure_catalogue(&self, partner: &PartnerId, now: Timestamp) -> Result<Grant, StoreError> {
        self.ensure(&Grant::of_catalogue(partner, now)).await
    }

    async fn ensure(&self, first: &Grant) -> Result<Grant, StoreError> {
        for _ in 0..TRIES {
            match self.settle(first.tenant, &Registrant::Tenant).await? {
                Some(grant) => return Ok(grant),
                None => self.swap(None, first, None).await?,
            };
        }
        Err(StoreError::contended("make a consent to oneself"))
    }

    /// Asks for a consent. Where just this is asked for already, that request is the answer.
    ///
    /// # Errors
    /// When the store fails; inside, when the grant's state does not allow it.
    pub async fn request(
        &self,
        request: GrantRequest,
        now: Timestamp,
    ) -> Result<Result<Grant, GrantError>, StoreError> {
        let rule = |grant: Option<&Grant>| match grant {
            Some(grant) if request.is_asked_by(grant) => Ok(None),
            grant => Grant::request(grant, request.clone(), now).map(Some),
        };
        let (by, asked) = (Decider::from(request.by.clone()), GrantState::Requested);
        let decision = Deciding::towards(asked, request.tenant, &request.partner, &by, now, rule);
        self.decide(decision).await
    }

    /// The tenant says yes to all that was asked for. Answered when every shard is open. The answer is the grant as it
    /// stands then, which is another state than `Granted` only where another decision was made meanwhile.
    ///
    /// # Errors
    /// When the store fails; inside, when the grant's state does not allow it.
    pub async fn grant(
        &self,
        tenant: TenantId,
        partner: &PartnerId,
        by: impl Into<Decider>,
        now: Timestamp,
    ) -> Result<Result<Grant, GrantError>, StoreError> {
        self.grant_narrowed(tenant, partner, &Narrowing::default(), by, now)
            .await
    }

    /// The tenant says yes to a part of what was asked for, as [`Self::grant`].
    ///
    /// # Errors
    /// As there; inside, too, when it is no part of it.
    pub async fn grant_narrowed(
        &self,
        tenant: TenantId,
        partner: &PartnerId,
        narrowing: &Narrowing,
        by: impl Into<Decider>,
        now: Timestamp,
    ) -> Result<Result<Grant, GrantError>, StoreError> {
        let by = by.into();
        let rule = |grant: Option<&Grant>| {
            let grant = grant.ok_or(GrantError::NotRequested)?;
            grant.grant(narrowing, &by.actor.subject, now).map(Some)
        };
        let decision = Deciding::towards(GrantState::Granting, tenant, partner, &by, now, rule);
        self.decide(Deciding {
            narrowing: Some(narrowing),
            ..decision
        })
        .await
    }

    /// The tenant says no.
    ///
    /// # Errors
    /// When the store fails; inside, when the grant's state does not allow it.
    pub async fn decline(
        &self,
        tenant: TenantId,
        partner: &PartnerId,
        by: impl Into<Decider>,
        now: Timestamp,
    ) -> Result<Result<Grant, GrantError>, StoreError> {
        let by = by.into();
        let rule = |grant: Option<&Grant>| {
            let grant = grant.ok_or(GrantError::NotRequested)?;
            grant.decline(&by.actor.subject, now).map(Some)
        };
        let decision = Deciding::towards(GrantState::Declined, tenant, partner, &by, now, rule);
        self.decide(decision).await
    }

    /// The tenant takes its consent back. Answered when every shard is closed: nothing that was accepted under the
    /// grant is written afterwards. After an error the revocation may be half made; calling again, or
    /// [`settle`](Self::settle), finishes it.
    ///
    /// # Errors
    /// When the store fails, or writers held a shard each time it was tried; inside, when the grant's state does not
    /// allow it.
    pub async fn revoke(
        &self,
        tenant: TenantId,
        partner: &PartnerId,
        by: impl Into<Decider>,
        now: Timestamp,
    ) -> Result<Result<Grant, GrantError>, StoreError> {
        let by = by.into();
        let rule = |grant: Option<&Grant>| {
            let grant = grant.ok_or(GrantError::NotGranted)?;
            grant.revoke(&by.actor.subject, now).map(Some)
        };
        let decision = Deciding::towards(GrantState::Revoking, tenant, partner, &by, now, rule);
        self.decide(decision).await
    }

    /// The partner gives its consent back, or asks for it no more; as final as [`Self::revoke`]. Ending it again changes
    /// nothing.
    ///
    /// # Errors
    /// When the store fails; inside, when there is no such grant.
    pub async fn end(
        &self,
        tenant: TenantId,
        partner: &PartnerId,
        by: impl Into<Decider>,
        now: Timestamp,
    ) -> Result<Result<Grant, GrantError>, StoreError> {
        let by = by.into();
        let rule = |grant: Option<&Grant>| {
            let grant = grant.ok_or(GrantError::NotGranted)?;
            grant.end(&by.actor.subject, now)
        };
        let decision = Deciding::towards(GrantState::Revoking, tenant, partner, &by, now, rule);
        self.decide(decision).await
    }

    /// Carries out a decision that is under way, if one is, and answers the grant as it stands then. Any number of
    /// callers may do this at the same time.
    ///
    /// # Errors
    /// When the store fails, or other writers were faster each time.
    pub async fn settle(&self, tenant: TenantId, registrant: &Registrant) -> Result<Option<Grant>, StoreError> {
        for _ in 0..TRIES {
            let Some(head) = self.get(tenant, registrant).await? else {
                return Ok(None);
            };
            let Some(settled) = head.settled() else {
                return Ok(Some(head));
            };
            self.write_shards(&head).await?;
            if self.swap(Some(&head), &settled, None).await? {
                return Ok(Some(settled));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(StoreError::contended("carry out a decision about a consent"))
    }

    /// Records that a decision could not be carried out. `false` when it is another one by now, or none is under way.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn hinder(&self, seen: &Grant, hindrance: Hindrance) -> Result<bool, StoreError> {
        if seen.settled().is_none() {
            return Ok(false);
        }
        self.swap(Some(seen), &seen.hindered(hindrance), None).await
    }
}
