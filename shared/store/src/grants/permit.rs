//! May this registrant do this now, and if not, why?

use std::collections::HashSet;

use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::grant::{Denial, Grant, GrantPin, GrantState, Verb};
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::{Partner, PartnerKind, Registrant};

use super::Grants;
use crate::error::StoreError;
use crate::item::read;
use crate::keys;
use crate::table::Query;

/// How many grants of a tenant are looked through, in pages, for a reseller's that a provider can use.
const RESELLER_PAGE: usize = 100;
const RESELLER_PAGES: usize = 20;

/// Whether something is allowed, and by which grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The grant to pin, or why it is not allowed.
    pub answer: Result<GrantPin, Denial>,
    /// The grant that allows it, which may be a reseller's; otherwise the registrant's own, if there is one.
    pub grant: Option<Grant>,
}

/// Whether the tenant has not said yet what the provider itself may do. Asking again after a no leaves it a no.
fn undecided(grant: Option<&Grant>) -> bool {
    grant.is_none_or(|grant| match grant.state {
        GrantState::Requested => grant.decided_at.is_none(),
        GrantState::Granting => true,
        _ => false,
    })
}

impl Grants {
    /// Whether `verb` through `channel` is allowed to `registrant` now, and under which grant. `partner`: the registrant
    /// as [`Partners`](crate::Partners) knows it, where it is one. An indirect provider about whom the tenant never
    /// decided works under the grant of a reseller of its; of several, the first by partner id. Only the first 2,000
    /// grants of the tenant are looked through for one. A tenant that said no to the provider, or whose consent to it
    /// has ended, is not overruled by a reseller's grant.
    ///
    /// The answer holds for now. What is written later is checked again, in its own transaction.
    ///
    /// # Errors
    /// When the store fails; inside, why it is not allowed.
    pub async fn permit(
        &self,
        tenant: TenantId,
        registrant: &Registrant,
        partner: Option<&Partner>,
        verb: Verb,
        channel: Channel,
        now: Timestamp,
    ) -> Result<Result<GrantPin, Denial>, StoreError> {
        let permission = self.permission(tenant, registrant, partner, verb, channel, now).await?;
        Ok(permission.answer)
    }

    /// As [`Self::permit`], with the grant that the answer comes from.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn permission(
        &self,
        tenant: TenantId,
        registrant: &Registrant,
        partner: Option<&Partner>,
        verb: Verb,
        channel: Channel,
        now: Timestamp,
    ) -> Result<Permission, StoreError> {
        let permit = |grant: Option<&Grant>| Grant::permit(grant, verb, channel, now);
        let grant = self.get(tenant, registrant).await?;
        let mut denial = match (permit(grant.as_ref()), partner) {
            (Err(denial), Some(partner)) if partner.kind == PartnerKind::CspProvider && undecided(grant.as_ref()) => {
                denial
            }
            (answer, _) => return Ok(Permission { answer, grant }),
        };
        let provider = partner.map(|p| &p.id);
        let mut from = None;
        for _ in 0..RESELLER_PAGES {
            let partition = keys::grant_list(tenant);
            let query = Query {
                index: Some("list"),
                partition: &partition,
                from: from.take(),
                limit: Some(RESELLER_PAGE),
                ..Query::default()
            };
            let page = self.table.query(query).await?;
            // The index may be a moment old, so it only says where to look.
            let listed = page.items.into_iter().map(read).collect::<Result<Vec<Grant>, _>>()?;
            for reseller in self.of_resellers(provider, tenant, listed).await? {
                match permit(Some(&reseller)) {
                    Ok(pin) => {
                        return Ok(Permission {
                            answer: Ok(pin),
                            grant: Some(reseller),
                        });
                    }
                    // A reseller's reason says more than that the provider has no grant.
                    Err(reason) if denial == Denial::Missing => denial = reason,
                    Err(_) => {}
                }
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        Ok(Permission {
            answer: Err(denial),
            grant,
        })
    }

    /// What a partner is; `None` where nobody knows it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn partner_kind(&self, partner: &PartnerId) -> Result<Option<PartnerKind>, StoreError> {
        let known: Option<Partner> = self.table.get(&keys::partner(partner), true).await?;
        Ok(known.map(|partner| partner.kind))
    }

    /// Whether a partner has to do with a tenant: it has asked for its consent, whatever became of that, or is the
    /// provider of a reseller that may register for it. To others the tenant does not exist.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_related(&self, tenant: TenantId, partner: &PartnerId) -> Result<bool, StoreError> {
        // A manufacturer's catalogue is its own, and stands in a tenant's place.
        if tenant == TenantId::of_catalogue(partner) {
            return Ok(true);
        }
        let registrant = Registrant::Partner(partner.clone());
        if self.get(tenant, &registrant).await?.is_some() {
            return Ok(true);
        }
        if self.partner_kind(partner).await? != Some(PartnerKind::CspProvider) {
            return Ok(false);
        }
        let mut from = None;
        for _ in 0..RESELLER_PAGES {
            let partition = keys::grant_list(tenant);
            let query = Query {
                index: Some("list"),
                partition: &partition,
                from: from.take(),
                limit: Some(RESELLER_PAGE),
                ..Query::default()
            };
            let page = self.table.query(query).await?;
            let listed = page.items.into_iter().map(read).collect::<Result<Vec<Grant>, _>>()?;
            let grants = self.of_resellers(Some(partner), tenant, listed).await?;
            if grants.iter().any(|grant| grant.state == GrantState::Granted) {
                return Ok(true);
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        Ok(false)
    }

    /// Those of the listed grants, as they stand now, whose partners are resellers of `provider`.
    async fn of_resellers(
        &self,
        provider: Option<&PartnerId>,
        tenant: TenantId,
        listed: Vec<Grant>,
    ) -> Result<Vec<Grant>, StoreError> {
        let candidates: Vec<&PartnerId> = listed
            .iter()
            .filter(|grant| grant.kind == Some(PartnerKind::CspReseller))
            .filter_map(|grant| grant.registrant.partner())
            .collect();
        let keys: Vec<_> = candidates.iter().map(|id| keys::partner(id)).collect();
        let mut resellers = HashSet::new();
        for attributes in self.table.get_many(&keys, true).await? {
            let partner: Partner = read(attributes)?;
            if partner.kind == PartnerKind::CspReseller && partner.provider.as_ref() == provider {
                resellers.insert(partner.id);
            }
        }
        let wanted = candidates.into_iter().filter(|id| resellers.contains(id));
        self.get_many(wanted.map(|id| (tenant, Registrant::Partner(id.clone()))))
            .await
    }

    /// Why the check of `pin` failed in a transaction.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn denial(&self, pin: &GrantPin, now: Timestamp) -> Result<Denial, StoreError> {
        let grant = self.get(pin.tenant, &pin.registrant).await?;
        Ok(Grant::denial_of(grant.as_ref(), pin, now))
    }
}
