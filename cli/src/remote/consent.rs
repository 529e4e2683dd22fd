//! Consents of a server.

use consent_api::model::{AskedConsent, Consent, ConsentChangePage, ConsentPage, ConsentTerms};
use muster_core::id::{PartnerId, TenantId};
use serde::Serialize;

use super::{Refusal, Server};

impl Server {
    /// Asks a tenant for consent, in the name of the token's partner.
    pub(crate) async fn ask_for_consent(
        &self,
        tenant: TenantId,
        terms: &ConsentTerms,
    ) -> Result<AskedConsent, Refusal> {
        self.post(&path(tenant, ""), terms).await
    }

    /// A consent; none where the token sees none.
    pub(crate) async fn consent(&self, tenant: TenantId, partner: &PartnerId) -> Result<Option<Consent>, Refusal> {
        match self.get(&path(tenant, &format!("/{partner}")), &[]).await {
            Ok(consent) => Ok(Some(consent)),
            Err(refusal) if refusal.is_absence() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Decides in the name of the token's tenant: `grant`, `decline` or `revoke`.
    pub(crate) async fn decide(
        &self,
        tenant: TenantId,
        partner: &PartnerId,
        decision: &str,
        body: &impl Serialize,
    ) -> Result<Consent, Refusal> {
        self.post(&path(tenant, &format!("/{partner}/{decision}")), body).await
    }

    /// A page of a tenant's consents.
    pub(crate) async fn consents(
        &self,
        tenant: TenantId,
        from: Option<&str>,
        limit: &str,
    ) -> Result<ConsentPage, Refusal> {
        self.get(&path(tenant, ""), &[("limit", Some(limit)), ("cursor", from)])
            .await
    }

    /// A page of a partner's consents.
    pub(crate) async fn consents_of_partner(
        &self,
        partner: &PartnerId,
        from: Option<&str>,
        limit: &str,
    ) -> Result<ConsentPage, Refusal> {
        let path = format!("/v1/partners/{partner}/consents");
        self.get(&path, &[("limit", Some(limit)), ("cursor", from)]).await
    }

    /// A page of what was asked for and decided, newest first.
    pub(crate) async fn consent_changes(
        &self,
        tenant: TenantId,
        partner: Option<&PartnerId>,
        from: Option<&str>,
        limit: &str,
    ) -> Result<ConsentChangePage, Refusal> {
        let path = format!("/v1/tenants/{tenant}/consent-changes");
        let partner = partner.map(PartnerId::as_str);
        let query = [("limit", Some(limit)), ("cursor", from), ("partner", partner)];
        self.get(&path, &query).await
    }
}

fn path(tenant: TenantId, more: &str) -> String {
    format!("/v1/tenants/{tenant}/consents{more}")
}
