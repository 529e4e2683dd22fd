//! Whom a verifier believes.

use muster_core::id::TenantId;

use super::source::KeySource;
use crate::env::{Env, EnvError};

/// What stands in the name of an issuer, and in those of its keys, for the tenant that a token is of.
const PLACEHOLDER: &str = "{tenantid}";

/// The issuer that a verifier trusts, and for what.
#[derive(Debug, Clone)]
pub struct Trusted {
    /// Its name.
    pub issuer: Issuer,
    /// Whom its tokens must be meant for (claim `aud`): one of these.
    pub audiences: Vec<String>,
    /// The tenant whose administrators may run the service, where the issuer has many tenants.
    pub operator: Option<TenantId>,
    /// Where its keys come from.
    pub keys: KeySource,
}

/// The name of an issuer, as the claim `iss` gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuer {
    /// One name. The operator of the service runs this issuer, or rules what it says: its claims about partners and about
    /// the service are believed.
    Fixed(String),
    /// A name for each tenant, with `{tenantid}` in it, as Entra has them. What a token says is what an administrator of
    /// that tenant wants it to say, so that it is believed about that tenant alone: its partner is the one whose id is the
    /// tenant's, and it says nothing about the service unless the tenant is the operator's.
    Template(String),
}

impl Issuer {
    /// The issuer that is written so.
    ///
    /// # Errors
    /// When there is a placeholder in it that is not `{tenantid}`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.replace(PLACEHOLDER, "").contains(['{', '}']) {
            return Err("the only placeholder is {tenantid}");
        }
        let text = text.to_owned();
        Ok(match text.contains(PLACEHOLDER) {
            true => Self::Template(text),
            false => Self::Fixed(text),
        })
    }

    /// Whether a token of this issuer and this tenant is its. The tenant is known to be a GUID.
    pub(super) fn is(&self, iss: &str, tenant: Option<&str>) -> bool {
        match self {
            Self::Fixed(name) => name == iss,
            Self::Template(template) => tenant.is_some() && fills(template, iss, tenant),
        }
    }
}

/// Whether a name that may have `{tenantid}` in it is this one for this tenant.
pub(super) fn fills(name: &str, iss: &str, tenant: Option<&str>) -> bool {
    match tenant {
        Some(tenant) => name.replace(PLACEHOLDER, tenant) == iss,
        None => name == iss,
    }
}

impl Trusted {
    /// Reads `OIDC_ISSUER` (a name, or one with `{tenantid}` in it), `OIDC_AUDIENCE` (one, or several with commas between
    /// them), `OIDC_KEYS` (the URL of the JSON Web Key Set) and, where it is set, `OIDC_OPERATOR_TENANT` (a GUID).
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        let wrong = |name: &'static str| move |why: &str| EnvError::new(name, why);
        let issuer = Issuer::parse(env.required("OIDC_ISSUER")?).map_err(wrong("OIDC_ISSUER"))?;
        let audiences = env.required("OIDC_AUDIENCE")?.split(',').map(str::trim);
        let audiences: Vec<String> = audiences.filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if audiences.is_empty() {
            return Err(EnvError::new("OIDC_AUDIENCE", "names nobody"));
        }
        let keys = KeySource::url(env.required("OIDC_KEYS")?).map_err(wrong("OIDC_KEYS"))?;
        let operator = env.optional("OIDC_OPERATOR_TENANT").map(str::parse).transpose();
        let operator =
            operator.map_err(|error: muster_core::id::IdError| wrong("OIDC_OPERATOR_TENANT")(&error.to_string()))?;
        Ok(Self {
            issuer,
            audiences,
            operator,
            keys,
        })
    }
}
