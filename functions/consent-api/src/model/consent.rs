//! A consent, and what is asked for or taken of one.

use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::grant::{Grant, GrantState, Narrowing, Verb};
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::{PartnerKind, Registrant};
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A consent that a tenant gave a partner, or was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// Whose devices it is about.
    #[schema(value_type = String, format = Uuid)]
    pub tenant: TenantId,
    /// Who may act: `"tenant"` for the tenant itself, or `{"partner": …}`.
    #[schema(value_type = words::Registrant)]
    pub registrant: Registrant,
    /// The partner that may act; absent for the tenant's own consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::PartnerId>)]
    pub partner: Option<PartnerId>,
    /// What the partner is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::PartnerKind>)]
    pub kind: Option<PartnerKind>,
    /// What is allowed.
    #[schema(value_type = Vec<words::Verb>)]
    pub verbs: Vec<Verb>,
    /// Through which channels.
    #[schema(value_type = Vec<words::Channel>)]
    pub channels: Vec<Channel>,
    /// Where it is in its life. `granting` and `revoking` are decisions that are being carried out. A consent whose end
    /// has passed stays `granted`.
    #[schema(value_type = words::ConsentState)]
    pub state: GrantState,
    /// Counts the times that it was granted.
    pub generation: u64,
    /// Counts its changes; the entity tag.
    pub version: u64,
    /// Delegated administration, which a tenant may leave off; nothing depends on it.
    pub delegated_administration: bool,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When it was last asked for.
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
    /// By whom; another partner is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// When it was last decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub decided_at: Option<Timestamp>,
    /// By whom; a partner is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// What keeps a decision from being carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hindrance: Option<Hindrance>,
}

/// What keeps a decision from being carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hindrance {
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it is tried again; absent: it was given up, and has to be decided once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_try: Option<Timestamp>,
    /// What happened, and what to do.
    pub reason: Reason,
}

/// A reason that a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// A stable name.
    pub code: String,
    /// What and why.
    pub detail: String,
    /// What to do.
    pub remedy: String,
}

/// A page of consents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentPage {
    /// The consents.
    pub grants: Vec<Consent>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// A consent that was asked for, and where the customer decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AskedConsent {
    /// The consent.
    #[serde(flatten)]
    pub consent: Consent,
    /// The URL of the consent, for whoever decides about it in the customer's name.
    pub link: String,
}

/// What is asked for, or taken of what was asked for. What is left off: all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentTerms {
    /// What the partner may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<words::Verb>>)]
    pub verbs: Option<Vec<Verb>>,
    /// Through which channels, of those that partners of its kind use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<words::Channel>>)]
    pub channels: Option<Vec<Channel>>,
    /// When the consent ends by itself; left off in a request: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Whether delegated administration goes with it; left off in a request: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegated_administration: Option<bool>,
}

/// An object without members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl From<ConsentTerms> for Narrowing {
    fn from(terms: ConsentTerms) -> Self {
        Self {
            verbs: terms.verbs,
            channels: terms.channels,
            expires_at: terms.expires_at,
            delegated_administration: terms.delegated_administration,
        }
    }
}

impl From<&Grant> for Consent {
    fn from(grant: &Grant) -> Self {
        Self {
            tenant: grant.tenant,
            registrant: grant.registrant.clone(),
            partner: grant.registrant.partner().cloned(),
            kind: grant.kind,
            verbs: grant.verbs.clone(),
            channels: grant.channels.clone(),
            state: grant.state,
            generation: grant.generation,
            version: grant.version,
            delegated_administration: grant.delegated_administration,
            expires_at: grant.expires_at,
            requested_at: grant.requested_at,
            requested_by: Some(grant.requested_by.clone()),
            decided_at: grant.decided_at,
            decided_by: grant.decided_by.clone(),
            hindrance: grant.hindrance.as_ref().map(Hindrance::from),
        }
    }
}

impl From<&muster_core::grant::Hindrance> for Hindrance {
    fn from(hindrance: &muster_core::grant::Hindrance) -> Self {
        Self {
            tries: hindrance.tries,
            next_try: hindrance.next_try,
            reason: Reason {
                code: hindrance.reason.code.clone(),
                detail: hindrance.reason.detail.clone(),
                remedy: hindrance.reason.remedy.clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_says_all_that_a_grant_says() {
        let grant = serde_json::json!({
            "tenant": "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10",
            "registrant": { "partner": "contoso" },
            "kind": "oem",
            "verbs": ["register"],
            "channels": ["oem-direct"],
            "state": "granting",
            "generation": 2,
            "version": 7,
            "delegatedAdministration": true,
            "expiresAt": "2027-01-31T00:00:00Z",
            "requestedAt": "2026-01-01T00:00:00Z",
            "requestedBy": "ada",
            "decidedAt": "2026-01-02T00:00:00Z",
            "decidedBy": "bo",
            "hindrance": {
                "tries": 3,
                "nextTry": "2026-01-03T00:00:00Z",
                "reason": { "code": "c", "detail": "d", "remedy": "r" },
            },
        });
        let read: Grant = serde_json::from_value(grant.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), grant, "every field is set here");
        let consent = Consent::from(&read);
        let mut told = serde_json::to_value(&consent).unwrap();
        assert_eq!(serde_json::from_value::<Consent>(told.clone()).unwrap(), consent);
        assert_eq!(told.as_object_mut().unwrap().remove("partner").unwrap(), "contoso");
        assert_eq!(told, grant);
    }
}
