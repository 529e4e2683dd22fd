//! Who is in a sandbox: tenants and partners that are made up, and consents between them.

use jiff::{SignedDuration, Timestamp};
use muster_core::access::Role;
use muster_core::grant::{GrantError, GrantRequest, GrantState, Narrowing, Verb};
use muster_core::id::{IdError, PartnerId, TenantId};
use muster_core::party::{Partner, PartnerKind, Registrant, Tenant};
use muster_runtime::Failure;

use crate::data_dir::DataDirError;
use crate::flow::Embedded;
use crate::issuer::{DevIssuer, IssuerError, TokenRequest};

/// Name and domain of each tenant.
pub const TENANTS: [(&str, &str); 3] = [
    ("Contoso", "contoso.onmicrosoft.com"),
    ("Fabrikam", "fabrikam.onmicrosoft.com"),
    ("Woodgrove", "woodgrove.onmicrosoft.com"),
];

/// Id, name and kind of each partner, and the provider of the reseller. A provider stands before its resellers.
pub const PARTNERS: [(&str, &str, PartnerKind, Option<&str>); 4] = [
    ("proseware", "Proseware", PartnerKind::Oem, None),
    ("northwind", "Northwind Traders", PartnerKind::CspDirect, None),
    ("adatum", "A. Datum", PartnerKind::CspProvider, None),
    ("wingtip", "Wingtip Toys", PartnerKind::CspReseller, Some("adatum")),
];

/// Which partner has asked which tenant for consent, and whether it was given. That of a reseller counts for its provider,
/// too. Woodgrove was never asked.
pub const CONSENTS: [(&str, &str, bool); 4] = [
    ("Contoso", "proseware", true),
    ("Contoso", "northwind", true),
    ("Contoso", "wingtip", true),
    ("Fabrikam", "northwind", false),
];

/// A group of a tenant's directory, and the group tag that it stands for.
pub const GROUP: (&str, &str, &str) = ("Contoso", "bbbbbbbb-0000-4000-8000-000000000002", "Office");

/// The manufacturers whose devices the sandbox's OEM makes known: that of `muster sample`, and itself.
const MANUFACTURERS: [&str; 2] = ["Contoso", "Proseware"];

/// Each role that a token is given out for, and the tenant or partner that it holds for.
pub const ROLES: [(Role, Option<&str>); 13] = [
    (Role::TenantAdministrator, Some("Contoso")),
    (Role::ConsentApprover, Some("Contoso")),
    (Role::DeviceAdministrator, Some("Contoso")),
    (Role::Reader, Some("Contoso")),
    (Role::MdmService, Some("Contoso")),
    (Role::TenantAdministrator, Some("Fabrikam")),
    (Role::TenantAdministrator, Some("Woodgrove")),
    (Role::Oem, Some("proseware")),
    (Role::AdminAgent, Some("northwind")),
    (Role::SalesAgent, Some("northwind")),
    (Role::AdminAgent, Some("adatum")),
    (Role::AdminAgent, Some("wingtip")),
    (Role::ServiceAdministrator, None),
];

/// How long a token is good: a program that is written takes longer than a working day.
const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Who acts, in the records of what was decided at the first start.
const BY: &str = "sandbox";

/// A token that is given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What the variable is called that holds it in a shell.
    pub variable: String,
    /// What its holder is.
    pub role: Role,
    /// The tenant or partner that the role holds for.
    pub of: Option<&'static str>,
    /// The token.
    pub token: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Why a sandbox cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The store.
    #[error(transparent)]
    Store(#[from] Failure),
}

/// The id of a tenant of a sandbox: the same in all of them.
#[must_use]
pub fn tenant_id(name: &str) -> TenantId {
    TenantId::of_name(name)
}

impl Embedded {
    /// Makes known whom a sandbox begins with, where it was not done before: what was changed since stays changed.
    ///
    /// # Errors
    /// When the store is out of reach, or the data directory cannot be written.
    pub async fn fill_sandbox(&self) -> Result<(), SandboxError> {
        if self.data_dir().is_some_and(|directory| directory.is_complete_sandbox()) {
            return Ok(());
        }
        let now = self.now();
        for (name, domain) in TENANTS {
            let mut tenant = Tenant::new(tenant_id(name), name, now);
            tenant.domain = Some(domain.to_owned());
            let (whose, group, tag) = GROUP;
            if whose == name {
                tenant.groups.insert(group.parse().map_err(wrong)?, tag.to_owned());
            }
            self.tenants().create(&tenant).await.map_err(Failure::from)?;
        }
        for (id, name, kind, provider) in PARTNERS {
            let mut partner = Partner::new(partner_id(id)?, name, kind, now);
            partner.provider = provider.map(partner_id).transpose()?;
            if kind == PartnerKind::Oem {
                partner.manufacturers.extend(MANUFACTURERS.map(str::to_owned));
            }
            self.partners().create(&partner).await.map_err(Failure::from)?;
            for (tenant, _, given) in CONSENTS.into_iter().filter(|(_, partner, _)| *partner == id) {
                self.consent(tenant_id(tenant), &partner, given, now).await?;
            }
        }
        if let Some(directory) = self.data_dir() {
            directory.complete_sandbox()?;
        }
        Ok(())
    }

    /// Asks for a consent and gives it, as far as that was not done before.
    async fn consent(&self, tenant: TenantId, partner: &Partner, given: bool, now: Timestamp) -> Result<(), Failure> {
        let (grants, registrant) = (self.grants(), Registrant::Partner(partner.id.clone()));
        let refused = |error: GrantError| Failure::Retry(format!("a consent of the sandbox: {error}"));
        let mut state = grants.get(tenant, &registrant).await?.map(|grant| grant.state);
        if state.is_none() {
            let request = GrantRequest {
                tenant,
                partner: partner.id.clone(),
                kind: partner.kind,
                verbs: Verb::ALL.to_vec(),
                channels: None,
                expires_at: None,
                delegated_administration: false,
                by: BY.into(),
            };
            let asked = grants.request(request, now).await?;
            state = Some(asked.map_err(refused)?.state);
        }
        if given && matches!(state, Some(GrantState::Requested | GrantState::Granting)) {
            let all = Narrowing::default();
            let decided = grants.grant_narrowed(tenant, &partner.id, &all, BY, now);
            decided.await?.map_err(refused)?;
        }
        Ok(())
    }
}

fn partner_id(text: &str) -> Result<PartnerId, Failure> {
    text.parse().map_err(wrong)
}

fn wrong(error: IdError) -> Failure {
    Failure::Retry(format!("somebody in the sandbox: {error}"))
}

/// A token for each role.
///
/// # Errors
/// When one cannot be signed.
pub fn tokens(issuer: &DevIssuer, now: Timestamp) -> Result<Vec<Token>, IssuerError> {
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let expires_at = now.checked_add(LIFETIME).unwrap_or(now);
    let token = |(role, of): (Role, Option<&'static str>)| {
        let is_tenant = TENANTS.iter().any(|(name, _)| Some(*name) == of);
        let name = format!("{}{role}", of.map(|of| format!("{of}-")).unwrap_or_default());
        let request = TokenRequest {
            subject: name.to_lowercase(),
            tenant: of.filter(|_| is_tenant).map(tenant_id),
            partner: of.filter(|_| !is_tenant).and_then(|id| id.parse().ok()),
            roles: [role].into(),
            lifetime: LIFETIME,
        };
        Ok(Token {
            variable: name.to_uppercase().replace('-', "_"),
            role,
            of,
            token: issuer.token(&request, now)?,
            expires_at,
        })
    };
    ROLES.into_iter().map(token).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use muster_core::access::Party;

    use super::*;
    use crate::data_dir::DataDir;

    fn noon() -> Timestamp {
        "2026-01-02T12:00:00Z".parse().unwrap()
    }

    async fn open(path: &std::path::Path) -> Embedded {
        let directory = DataDir::open(path, "muster serve", noon()).unwrap();
        directory.make_sandbox().unwrap();
        Embedded::open(directory, Arc::new(noon)).await.unwrap()
    }

    async fn state(embedded: &Embedded, tenant: &str, partner: &str) -> Option<GrantState> {
        let registrant = Registrant::Partner(partner.parse().unwrap());
        let grant = embedded.grants().get(tenant_id(tenant), &registrant).await.unwrap();
        grant.map(|grant| grant.state)
    }

    #[tokio::test]
    async fn everybody_is_there_once_and_what_is_changed_stays_changed() {
        let scratch = tempfile::tempdir().unwrap();
        let embedded = open(scratch.path()).await;
        assert!(embedded.is_sandbox());
        // As a start that was killed in between: everything is done again.
        for _ in 0..2 {
            embedded.fill_sandbox().await.unwrap();
            embedded.data_dir().unwrap().make_sandbox().unwrap();
            for (tenant, partner, given) in CONSENTS {
                let expected = if given {
                    GrantState::Granted
                } else {
                    GrantState::Requested
                };
                assert_eq!(state(&embedded, tenant, partner).await, Some(expected));
            }
            std::fs::write(scratch.path().join("sandbox.json"), "{}").unwrap();
        }
        embedded.fill_sandbox().await.unwrap();
        let tenants = embedded.tenants().list(None, 10).await.unwrap();
        assert_eq!(tenants.len(), TENANTS.len());
        assert_eq!(tenants[0].domain.as_deref(), Some("contoso.onmicrosoft.com"));
        let groups: Vec<usize> = tenants.iter().map(|tenant| tenant.groups.len()).collect();
        assert_eq!(groups, [1, 0, 0]);
        assert_eq!(embedded.partners().list(None, 10).await.unwrap().len(), PARTNERS.len());

        let (tenant, partner) = (tenant_id("Contoso"), "northwind".parse().unwrap());
        let revoked = embedded.grants().revoke(tenant, &partner, "ada", noon()).await;
        revoked.unwrap().unwrap();
        drop(embedded);
        let embedded = open(scratch.path()).await;
        embedded.fill_sandbox().await.unwrap();
        assert_eq!(
            state(&embedded, "Contoso", "northwind").await,
            Some(GrantState::Revoked)
        );
    }

    #[test]
    fn there_is_a_token_for_each_role_and_each_is_for_somebody_in_the_sandbox() {
        let tokens = tokens(&DevIssuer::in_memory().unwrap(), noon()).unwrap();
        let roles: BTreeSet<Role> = tokens.iter().map(|token| token.role).collect();
        assert_eq!(roles, BTreeSet::from(Role::ALL));
        let variables: BTreeSet<&str> = tokens.iter().map(|token| token.variable.as_str()).collect();
        assert_eq!(variables.len(), tokens.len());
        assert!(variables.contains("CONTOSO_TENANT_ADMINISTRATOR") && variables.contains("SERVICE_ADMINISTRATOR"));
        for Token { role, of, .. } in &tokens {
            let known = match role.party() {
                Party::Tenant => TENANTS.iter().any(|(name, _)| Some(*name) == *of),
                Party::Partner => PARTNERS.iter().any(|(id, ..)| Some(*id) == *of),
                Party::Service => of.is_none(),
            };
            assert!(known, "{role} {of:?}");
        }
    }
}
