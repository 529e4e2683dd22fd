//! What whoever acts may do with a tenant's devices and profiles, beyond what the table of routes says.

use jiff::Timestamp;
use muster_core::channel::Channel;
use muster_core::grant::{Denial, GrantPin, Verb, channels_of};
use muster_core::history::Requester;
use muster_core::id::TenantId;
use muster_core::party::Partner;
use muster_core::upload::Reason;
use muster_runtime::http::{Acting, Code, Problem};
use muster_store::{Grants, Partners, Tenants};

/// What consent lets whoever acts do.
#[derive(Clone, Copy)]
pub struct Rights<'a> {
    /// Looks tenants up.
    pub tenants: &'a Tenants,
    /// Looks partners up.
    pub partners: &'a Partners,
    /// Looks consent up.
    pub grants: &'a Grants,
    /// The time now.
    pub now: Timestamp,
}

impl Rights<'_> {
    /// The consent by which whoever acts may do this with devices of the tenant.
    pub async fn permit(&self, acting: &Acting, tenant: TenantId, verb: Verb) -> Result<GrantPin, Problem> {
        let partner = self.partner(acting, tenant).await?;
        let answer = self.ask(acting, partner.as_ref(), tenant, verb).await?;
        answer.map_err(denied)
    }

    /// Lets whoever may see devices of the tenant pass. A partner sees them while any consent of the tenant is in force.
    pub async fn may_see(&self, acting: &Acting, tenant: TenantId) -> Result<(), Problem> {
        let partner = self.partner(acting, tenant).await?;
        if acting.partner().is_none() {
            return Ok(());
        }
        let mut denial = Denial::Missing;
        for verb in Verb::ALL {
            match self.ask(acting, partner.as_ref(), tenant, verb).await? {
                Ok(_) => return Ok(()),
                Err(why) => denial = why,
            }
        }
        Err(denied(denial))
    }

    /// The partner that acts. Where none does, the tenant must be known; a partner gets here only for one that is.
    async fn partner(&self, acting: &Acting, tenant: TenantId) -> Result<Option<Partner>, Problem> {
        match acting.partner() {
            Some(id) => Ok(self.partners.get(id).await?),
            None => match self.tenants.get(tenant).await? {
                Some(_) => Ok(None),
                None => Err(Problem::not_found()),
            },
        }
    }

    async fn ask(
        &self,
        acting: &Acting,
        partner: Option<&Partner>,
        tenant: TenantId,
        verb: Verb,
    ) -> Result<Result<GrantPin, Denial>, Problem> {
        let channel = match (acting.partner(), partner) {
            (None, _) => Channel::Intune,
            (Some(_), known) => known
                .and_then(|known| channels_of(known.kind).first().copied())
                .unwrap_or(Channel::PartnerCenter),
        };
        let (registrant, now) = (acting.registrant(), self.now);
        Ok(self
            .grants
            .permit(tenant, &registrant, partner, verb, channel, now)
            .await?)
    }
}

/// Who acts, as the history of a device tells it.
pub fn requester(acting: &Acting) -> Requester {
    Requester::new(&acting.caller().subject, acting.registrant())
}

/// Why the consent does not allow it.
pub fn reason(denial: Denial) -> Reason {
    let (detail, remedy) = match denial {
        Denial::NotCovered => (
            "the consent is in force and does not cover this",
            "Ask the tenant for consent that covers it.",
        ),
        Denial::Missing => (denial.outcome().entry().meaning, "Ask the tenant for consent."),
        Denial::Pending => (denial.outcome().entry().meaning, "Wait for the tenant's decision."),
        Denial::Declined | Denial::Revoked => (
            denial.outcome().entry().meaning,
            "Talk to the tenant, then ask for consent anew.",
        ),
        Denial::Expired => (denial.outcome().entry().meaning, "Ask the tenant for consent anew."),
    };
    Reason {
        code: denial.code().to_owned(),
        detail: detail.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// The same as an answer.
pub fn denied(denial: Denial) -> Problem {
    Problem::new(Code::ConsentDenied, "").because(&reason(denial))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_denial_says_what_it_is_and_what_to_do() {
        let all = [
            Denial::Missing,
            Denial::Pending,
            Denial::Declined,
            Denial::Revoked,
            Denial::Expired,
            Denial::NotCovered,
        ];
        let reasons: Vec<Reason> = all.into_iter().map(reason).collect();
        let codes: BTreeSet<&str> = reasons.iter().map(|reason| reason.code.as_str()).collect();
        assert_eq!(codes.len(), all.len());
        assert!(
            reasons
                .iter()
                .all(|reason| !reason.detail.is_empty() && !reason.remedy.is_empty())
        );
        let body = denied(Denial::Expired).body();
        assert_eq!((body.status, body.reason.as_deref()), (403, Some("consent-expired")));
    }
}
