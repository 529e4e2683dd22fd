//! What a token says once its signature is verified, and what of it is believed.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use muster_core::access::{Caller, GLOBAL_ADMINISTRATOR, Party, Role};
use muster_core::id::{PartnerId, TenantId};
use serde::Deserialize;

use super::AuthError;
use super::trusted::{Issuer, Trusted, fills};

/// How far the clocks of issuer and verifier may be apart.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);

/// The longest name of a subject, in characters. It is stored with what the caller does.
const MAX_SUBJECT: usize = 256;

/// The claims that matter here; the library has held `aud` against the audiences. Times are seconds, and may have fractions
/// (RFC 7519, section 2, "NumericDate").
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: String,
    exp: Option<f64>,
    nbf: Option<f64>,
    sub: Option<String>,
    oid: Option<String>,
    tid: Option<String>,
    partner: Option<String>,
    roles: Option<Texts>,
    wids: Option<Texts>,
}

/// A claim with one value or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

impl Texts {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        }
    }
}

/// The values of a claim that may be absent.
fn texts(claim: Option<&Texts>) -> &[String] {
    claim.map_or(&[], Texts::as_slice)
}

impl Claims {
    /// Who is calling. `key_issuer`: whose tokens the key signs that this one was signed with, where the set says so.
    pub(super) fn caller(
        &self,
        trusted: &Trusted,
        key_issuer: Option<&str>,
        now: Timestamp,
    ) -> Result<Caller, AuthError> {
        let tid = self.tid.as_deref();
        let tenant: Option<TenantId> = tid
            .map(str::parse)
            .transpose()
            .map_err(|_| refused("its tenant is no GUID"))?;
        if !trusted.issuer.is(&self.iss, tid) {
            return Err(refused("its issuer is not trusted"));
        }
        if key_issuer.is_some_and(|name| !fills(name, &self.iss, tid)) {
            return Err(refused("its key is of another issuer"));
        }
        self.is_valid_at(now)?;
        let (partner, service) = match &trusted.issuer {
            Issuer::Fixed(_) => (self.partner.clone(), true),
            Issuer::Template(_) => (tid.map(str::to_owned), tenant.is_some() && tenant == trusted.operator),
        };
        let partner: Option<PartnerId> = partner
            .map(|id| id.parse())
            .transpose()
            .map_err(|_| refused("its partner is no partner id"))?;

        let mut roles: BTreeSet<Role> = texts(self.roles.as_ref())
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        let mut templates = texts(self.wids.as_ref()).iter();
        if templates.any(|id| id.eq_ignore_ascii_case(GLOBAL_ADMINISTRATOR)) {
            roles.insert(Role::TenantAdministrator);
        }
        roles.retain(|role| match role.party() {
            Party::Tenant => tenant.is_some(),
            Party::Partner => partner.is_some(),
            Party::Service => service,
        });
        let of = |party: Party| roles.iter().any(|role| role.party() == party);
        Ok(Caller {
            subject: self.subject()?.to_owned(),
            tenant: tenant.filter(|_| of(Party::Tenant)),
            partner: partner.filter(|_| of(Party::Partner)),
            roles,
        })
    }

    /// Entra's `sub` is another one for each application; `oid` is the same for all.
    fn subject(&self) -> Result<&str, AuthError> {
        let mut names = [&self.oid, &self.sub].into_iter().flatten();
        let name = names
            .find(|name| !name.is_empty())
            .ok_or(refused("it names no subject"))?;
        match name.chars().nth(MAX_SUBJECT) {
            None => Ok(name),
            Some(_) => Err(refused("its subject is longer than 256 characters")),
        }
    }

    fn is_valid_at(&self, now: Timestamp) -> Result<(), AuthError> {
        let (now, leeway) = (now.as_duration().as_secs_f64(), LEEWAY.as_secs_f64());
        let end = self.exp.ok_or(refused("it does not say when it expires"))?;
        if now >= end + leeway {
            return Err(refused("it has expired"));
        }
        match self.nbf {
            Some(start) if now < start - leeway => Err(refused("it is not valid yet")),
            _ => Ok(()),
        }
    }
}

const fn refused(why: &'static str) -> AuthError {
    AuthError::Invalid(why)
}
