//! Consent as it is told over HTTP and by the command line's `--json`.

use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::grant::{Grant, GrantState, Verb};
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::PartnerKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A consent that a tenant gave a partner, or was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// Whose devices it is about.
    #[schema(value_type = String, format = Uuid)]
    pub tenant: TenantId,
    /// The partner that may act; absent for the tenant's own consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub partner: Option<PartnerId>,
    /// Where it is in its life.
    #[schema(value_type = String)]
    pub state: GrantState,
    /// What is allowed.
    #[schema(value_type = Vec<String>)]
    pub verbs: Vec<Verb>,
    /// Through which channels.
    #[schema(value_type = Vec<String>)]
    pub channels: Vec<Channel>,
    /// What the partner is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub kind: Option<PartnerKind>,
    /// When it was last asked for.
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
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

impl From<&Grant> for Consent {
    fn from(grant: &Grant) -> Self {
        Self {
            tenant: grant.tenant,
            partner: grant.registrant.partner().cloned(),
            state: grant.state,
            verbs: grant.verbs.clone(),
            channels: grant.channels.clone(),
            kind: grant.kind,
            requested_at: grant.requested_at,
        }
    }
}
