//! What is kept of decisions.

use muster_core::Timestamp;
use muster_core::access::{Party, Role};
use muster_core::channel::Channel;
use muster_core::grant::{self, Act, GrantState, Verb};
use muster_core::id::{PartnerId, TenantId};
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A change of a consent: who made it, when, from where, and what it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentChange {
    /// Whose consent.
    #[schema(value_type = String, format = Uuid)]
    pub tenant: TenantId,
    /// For whom.
    #[schema(value_type = words::PartnerId)]
    pub partner: PartnerId,
    /// What was done.
    #[schema(value_type = words::ConsentAct)]
    pub what: Act,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By whom, and from where.
    pub by: Actor,
    /// What stood there before; absent where it was the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Terms>,
    /// What stands there since.
    pub new: Terms,
}

/// Who acted, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// Who it is, in the words of the token's issuer; `command line` for whoever has the store itself.
    pub subject: String,
    /// Whose act it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::Party>)]
    pub party: Option<Party>,
    /// Its roles of that party.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<words::Role>)]
    pub roles: Vec<Role>,
    /// The tenant that it acted for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub tenant: Option<TenantId>,
    /// The partner that it acted for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::PartnerId>)]
    pub partner: Option<PartnerId>,
    /// The network address that the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The program that it came from, as that calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// A consent before or after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// Where it is in its life.
    #[schema(value_type = words::ConsentState)]
    pub state: GrantState,
    /// Its version.
    pub version: u64,
    /// What it allows.
    #[schema(value_type = Vec<words::Verb>)]
    pub verbs: Vec<Verb>,
    /// Through which channels.
    #[schema(value_type = Vec<words::Channel>)]
    pub channels: Vec<Channel>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Whether it brings delegated administration.
    pub delegated_administration: bool,
}

/// A page of changes, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentChangePage {
    /// The changes.
    pub changes: Vec<ConsentChange>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Which changes are asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangeQuery {
    /// Those of the consent for this partner only.
    #[param(value_type = Option<words::PartnerId>)]
    pub partner: Option<PartnerId>,
    /// How many are listed at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    pub cursor: Option<String>,
}

impl From<grant::ConsentChange> for ConsentChange {
    fn from(change: grant::ConsentChange) -> Self {
        Self {
            tenant: change.tenant,
            partner: change.partner,
            what: change.what,
            at: change.at,
            by: change.by.into(),
            old: change.old.map(Terms::from),
            new: change.new.into(),
        }
    }
}

impl From<grant::Actor> for Actor {
    fn from(actor: grant::Actor) -> Self {
        Self {
            subject: actor.subject,
            party: actor.party,
            roles: actor.roles,
            tenant: actor.tenant,
            partner: actor.partner,
            address: actor.address,
            user_agent: actor.user_agent,
        }
    }
}

impl From<grant::Terms> for Terms {
    fn from(terms: grant::Terms) -> Self {
        Self {
            state: terms.state,
            version: terms.version,
            verbs: terms.verbs,
            channels: terms.channels,
            expires_at: terms.expires_at,
            delegated_administration: terms.delegated_administration,
        }
    }
}
