//! Consent over HTTP, from both sides, on the embedded store.

mod directory;
mod life;
mod lists;
mod lookup;
mod wrong;

use journeys::api::{Answer, Api, Who};
use journeys::world::{FABRIKAM, Result, World};
use muster_core::access::Role;
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::PartnerKind;
use serde_json::{Value, json};

/// A tenant, a partner, and the functions over them.
struct Stage {
    world: World,
    api: Api,
    tenant: TenantId,
    partner: PartnerId,
    /// What the partner's people are.
    role: Role,
}

impl Stage {
    async fn new(kind: PartnerKind) -> Result<Self> {
        let world = World::new().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        let partner = world.partner("contoso", kind, None).await?;
        let api = Api::over(&world)?;
        Ok(Self {
            world,
            api,
            tenant,
            partner,
            role: if kind.is_csp() { Role::AdminAgent } else { Role::Oem },
        })
    }

    fn agent(&self) -> Who {
        Who::OfPartner(self.partner.clone(), self.role)
    }

    fn approver(&self) -> Who {
        Who::OfTenant(self.tenant, Role::ConsentApprover)
    }

    /// The path of the tenant's consents, or of what is below.
    fn path(&self, below: &str) -> String {
        format!("/v1/tenants/{}/consents{below}", self.tenant)
    }

    async fn ask(&self, who: &Who, what: &str, body: Value) -> Result<Answer> {
        self.ask_with(who, what, &[], body).await
    }

    async fn ask_with(&self, who: &Who, what: &str, headers: &[(&str, &str)], body: Value) -> Result<Answer> {
        self.api.ask(who, &self.world, what, headers, &body).await
    }

    /// The partner asks.
    async fn request(&self, body: Value) -> Result<Answer> {
        self.ask(&self.agent(), &format!("POST {}", self.path("")), body).await
    }

    /// The approver decides about the partner's consent: `grant`, `decline` or `revoke`.
    async fn decide(&self, decision: &str, headers: &[(&str, &str)], body: Value) -> Result<Answer> {
        let what = format!("POST {}", self.path(&format!("/contoso/{decision}")));
        self.ask_with(&self.approver(), &what, headers, body).await
    }

    /// What is kept of decisions, newest first.
    async fn changes(&self) -> Result<Vec<Value>> {
        let what = format!("GET /v1/tenants/{}/consent-changes", self.tenant);
        let answer = self.ask(&self.approver(), &what, Value::Null).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        Ok(answer.body["changes"].as_array().cloned().unwrap_or_default())
    }
}

/// The paths of the parts that are wrong.
fn paths(answer: &Answer) -> Vec<&str> {
    let errors = answer.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().filter_map(|error| error["path"].as_str()).collect()
}

/// Status and reason, or code, of a refusal.
fn refusal(answer: &Answer) -> (u16, &str) {
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{answer:?}");
    let code = answer.body["reason"].as_str().or(answer.body["code"].as_str());
    (answer.status.as_u16(), code.unwrap_or_default())
}

fn nothing() -> Value {
    json!({})
}
