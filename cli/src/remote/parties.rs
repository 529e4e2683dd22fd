//! Tenants and partners of a server.

use muster_core::access::Party;
use muster_core::id::{PartnerId, TenantId};
use registration_api::model::{
    CreatePartner, CreateTenant, EditPartner, EditTenant, Partner, PartnerPage, Tenant, TenantPage,
};

use super::{Refusal, Server};
use crate::failure::Failure;
use crate::output::plain;

/// A tenant as far as the token may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its id.
    pub(crate) id: TenantId,
    /// Its name; the id where the name is not told.
    pub(crate) name: String,
}

impl From<Tenant> for Named {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id,
            name: tenant.name,
        }
    }
}

impl Server {
    /// A page of all tenants, by name; or the one of this name.
    pub(crate) async fn tenants(
        &self,
        name: Option<&str>,
        from: Option<&str>,
        limit: &str,
    ) -> Result<TenantPage, Refusal> {
        let query = [("name", name), ("limit", Some(limit)), ("cursor", from)];
        self.get("/v1/tenants", &query).await
    }

    /// Makes a tenant known, unless it is known as asked for.
    pub(crate) async fn create_tenant(&self, new: &CreateTenant) -> Result<Tenant, Refusal> {
        self.post("/v1/tenants", new).await
    }

    /// Changes what is recorded of a tenant.
    pub(crate) async fn edit_tenant(&self, id: TenantId, edit: &EditTenant) -> Result<Tenant, Refusal> {
        self.patch(&format!("/v1/tenants/{id}"), edit).await
    }

    /// A page of all partners, by id.
    pub(crate) async fn partners(&self, from: Option<&str>, limit: &str) -> Result<PartnerPage, Refusal> {
        self.get("/v1/partners", &[("limit", Some(limit)), ("cursor", from)])
            .await
    }

    /// Makes a partner known, unless it is known as asked for.
    pub(crate) async fn create_partner(&self, new: &CreatePartner) -> Result<Partner, Refusal> {
        self.post("/v1/partners", new).await
    }

    /// Changes what is recorded of a partner.
    pub(crate) async fn edit_partner(&self, id: &PartnerId, edit: &EditPartner) -> Result<Partner, Refusal> {
        self.patch(&format!("/v1/partners/{id}"), edit).await
    }

    /// The partner of this id; none where the token sees none.
    pub(crate) async fn partner(&self, id: &PartnerId) -> Result<Option<Partner>, Refusal> {
        match self.get(&format!("/v1/partners/{id}"), &[]).await {
            Ok(partner) => Ok(Some(partner)),
            Err(refusal) if refusal.is_absence() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// The tenant of this id or name. A partner knows tenants by their ids only.
    pub(crate) async fn tenant(&self, text: &str) -> Result<Named, Failure> {
        let text = text.trim();
        if let Ok(id) = text.parse::<TenantId>() {
            return match self.tenant_of(id).await {
                Ok(tenant) => Ok(tenant.into()),
                // What may be done with it the server says when it is done.
                Err(refusal) if refusal.is_forbidden() => Ok(Named {
                    id,
                    name: id.to_string(),
                }),
                Err(refusal) if refusal.is_absence() => Err(self.no_tenant(text)),
                Err(refusal) => Err(refusal.into()),
            };
        }
        let is_it = |tenant: &Tenant| tenant.name.to_lowercase() == text.to_lowercase();
        if let Some(own) = self.holder.tenant {
            match self.tenant_of(own).await {
                Ok(tenant) if is_it(&tenant) => return Ok(tenant.into()),
                Err(refusal) if !refusal.is_absence() => return Err(refusal.into()),
                _ => {}
            }
        }
        if !self.holder.is(Party::Service) {
            return Err(self.no_tenant(text));
        }
        let page = self.tenants(Some(text), None, "1").await?;
        let found = page.tenants.into_iter().find(is_it);
        found.map(Named::from).ok_or_else(|| self.no_tenant(text))
    }

    /// The tenant of this id or name, or else the one that the token is for.
    pub(crate) async fn tenant_or_own(&self, text: Option<&str>) -> Result<Named, Failure> {
        match (text, self.holder.tenant) {
            (Some(text), _) => self.tenant(text).await,
            (None, Some(own)) => self.tenant(&own.to_string()).await,
            (None, None) => Err(Failure::new(
                "the token is for no tenant of its own",
                "Say which tenant is meant with --tenant.",
            )),
        }
    }

    /// What a tenant is called, where the token may know it.
    pub(crate) async fn name_of_tenant(&self, id: TenantId) -> Result<Option<String>, Refusal> {
        match self.tenant_of(id).await {
            Ok(tenant) => Ok(Some(tenant.name)),
            Err(refusal) if refusal.is_absence() || refusal.is_forbidden() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// The tenant of this id.
    pub(crate) async fn tenant_of(&self, id: TenantId) -> Result<Tenant, Refusal> {
        self.get(&format!("/v1/tenants/{id}"), &[]).await
    }

    fn no_tenant(&self, text: &str) -> Failure {
        let remedy = match self.holder.is(Party::Service) {
            true => format!(
                "Check its id or name, or make it known: muster tenants add … --server {}",
                self.address
            ),
            false => "Check its id, or take a token for it: the token sees no tenant of that id or name.".to_owned(),
        };
        Failure::new(format_args!("there is no tenant `{}`", plain(text)), remedy)
    }
}
