//! What a token says of its holder. Nothing is decided by it here: the server does, which also verifies it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use muster_core::Timestamp;
use muster_core::access::{GLOBAL_ADMINISTRATOR, Party, Role};
use muster_core::id::{PartnerId, TenantId};
use serde::{Deserialize, Serialize};

/// Who a token is of, in its own words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Holder {
    /// Who it is.
    pub(crate) subject: Option<String>,
    /// Its roles, as far as Muster knows them.
    pub(crate) roles: BTreeSet<Role>,
    /// The tenant that its tenant roles hold for.
    pub(crate) tenant: Option<TenantId>,
    /// The partner that its partner roles hold for.
    pub(crate) partner: Option<PartnerId>,
    /// Until when it is good.
    pub(crate) expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
    sub: Option<String>,
    oid: Option<String>,
    tid: Option<String>,
    partner: Option<String>,
    #[serde(default)]
    roles: Texts,
    #[serde(default)]
    wids: Texts,
}

/// A claim with one value or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

impl Default for Texts {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Texts {
    fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        }
    }
}

impl Holder {
    /// Reads a token; what cannot be read is left out.
    pub(crate) fn of(token: &str) -> Self {
        let claims = token.split('.').nth(1);
        let claims = claims.and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok());
        let claims = claims.and_then(|json| serde_json::from_slice::<Claims>(&json).ok());
        claims.map(Self::from).unwrap_or_default()
    }

    /// Whether it has a role of this party.
    pub(crate) fn is(&self, party: Party) -> bool {
        self.roles.iter().any(|role| role.party() == party)
    }

    /// Whether its time is up.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Who it is, for people.
    pub(crate) fn in_words(&self) -> String {
        let subject = self.subject.as_deref().unwrap_or("somebody");
        let roles: Vec<&str> = self.roles.iter().map(|role| role.as_str()).collect();
        let mut words = match roles.is_empty() {
            true => format!("`{subject}` without any role"),
            false => format!("`{subject}`, {}", roles.join(", ")),
        };
        if let Some(tenant) = self.tenant {
            words.push_str(&format!(", tenant {tenant}"));
        }
        if let Some(partner) = &self.partner {
            words.push_str(&format!(", partner `{partner}`"));
        }
        words
    }
}

impl From<Claims> for Holder {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a time in seconds, which the calendar then bounds"
    )]
    fn from(claims: Claims) -> Self {
        let mut roles: BTreeSet<Role> = claims.roles.all().iter().filter_map(|name| name.parse().ok()).collect();
        let mut templates = claims.wids.all().iter();
        if templates.any(|id| id.eq_ignore_ascii_case(GLOBAL_ADMINISTRATOR)) {
            roles.insert(Role::TenantAdministrator);
        }
        let of = |party| roles.iter().any(|role: &Role| role.party() == party);
        let tid = claims.tid.as_deref();
        // Where the issuer has many tenants, a partner is the one whose id is its own tenant's.
        let partner = claims.partner.as_deref().or(tid).filter(|_| of(Party::Partner));
        Self {
            subject: claims.oid.or(claims.sub),
            tenant: tid.filter(|_| of(Party::Tenant)).and_then(|id| id.parse().ok()),
            partner: partner.and_then(|id| id.parse().ok()),
            expires_at: claims.exp.and_then(|end| Timestamp::from_second(end as i64).ok()),
            roles,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_says_whose_it_is() {
        const ID: &str = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10";
        let read = |claims: &str| Holder::of(&token(claims));
        let tenant = read(&format!(
            r#"{{"sub":"s","oid":"ada","tid":"{ID}","roles":["reader","other"],"wids":["{GLOBAL_ADMINISTRATOR}"],"exp":1767225600.5}}"#
        ));
        assert_eq!(tenant.subject.as_deref(), Some("ada"));
        assert_eq!(tenant.roles, BTreeSet::from([Role::Reader, Role::TenantAdministrator]));
        assert_eq!((tenant.tenant, &tenant.partner), (ID.parse().ok(), &None));
        assert!(tenant.has_expired("2026-01-01T00:00:00Z".parse().unwrap()));
        assert!(!tenant.has_expired("2025-12-31T23:59:59Z".parse().unwrap()));
        let partner = read(&format!(r#"{{"sub":"s","tid":"{ID}","roles":"sales-agent"}}"#));
        assert_eq!((partner.tenant, partner.partner), (None, ID.parse().ok()));
        let named = read(&format!(r#"{{"tid":"{ID}","partner":"fabrikam","roles":["oem"]}}"#));
        assert_eq!(named.partner, "fabrikam".parse().ok());
        assert_eq!(named.in_words(), "`somebody`, oem, partner `fabrikam`");
    }

    #[test]
    fn what_is_no_token_says_nothing() {
        for text in ["", "x", "a.b.c", &token("[]"), &token(r#"{"exp":"x"}"#)] {
            assert_eq!(Holder::of(text), Holder::default(), "{text}");
        }
        let far = Holder::of(&token(r#"{"exp":1e300}"#));
        assert_eq!(far.expires_at, None);
    }
}
