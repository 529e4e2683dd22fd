//! What is kept of every decision about consent: who made it, when, from where, and what it changed.

use serde::{Deserialize, Serialize};

use super::{Grant, GrantState, Verb};
use crate::Timestamp;
use crate::access::{Caller, Party, Role};
use crate::channel::Channel;
use crate::id::{PartnerId, TenantId};

/// How many characters are kept of each text that a caller brings.
const MAX_TEXT: usize = 256;

/// Who acts, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// Who it is, in the words of the token's issuer; or a way in that knows no callers, such as `command line`.
    pub subject: String,
    /// Whose act it is; `None` where no token says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
    /// Its roles of that party.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// The tenant that it acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// The partner that it acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// The network address that the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The program that it came from, as that calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

impl Actor {
    /// A caller that acts for this party of its.
    #[must_use]
    pub fn of(caller: &Caller, party: Party) -> Self {
        Self {
            party: Some(party),
            roles: caller
                .roles
                .iter()
                .copied()
                .filter(|role| role.party() == party)
                .collect(),
            tenant: caller.tenant.filter(|_| party == Party::Tenant),
            partner: caller.partner.clone().filter(|_| party == Party::Partner),
            ..Self::from(caller.subject.as_str())
        }
    }

    /// The same, seen to come from there. Long texts are cut, and control characters left out.
    #[must_use]
    pub fn from_there(self, address: Option<&str>, user_agent: Option<&str>) -> Self {
        Self {
            address: address.map(bounded).filter(|text| !text.is_empty()),
            user_agent: user_agent.map(bounded).filter(|text| !text.is_empty()),
            ..self
        }
    }
}

/// A way in that knows no callers.
impl From<&str> for Actor {
    fn from(subject: &str) -> Self {
        Self {
            subject: bounded(subject),
            party: None,
            roles: Vec::new(),
            tenant: None,
            partner: None,
            address: None,
            user_agent: None,
        }
    }
}

fn bounded(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}

/// What was done to a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// The partner asked for it.
    Requested,
    /// The tenant gave it, or a part of it.
    Granted,
    /// The tenant declined it.
    Declined,
    /// The tenant took it back.
    Revoked,
}

impl Act {
    /// All acts.
    pub const ALL: [Self; 4] = [Self::Requested, Self::Granted, Self::Declined, Self::Revoked];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Granted => "granted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
        }
    }

    /// The act that leaves a grant in this state. What carries a decision out is no act.
    const fn towards(state: GrantState) -> Option<Self> {
        match state {
            GrantState::Requested => Some(Self::Requested),
            GrantState::Granting => Some(Self::Granted),
            GrantState::Declined => Some(Self::Declined),
            GrantState::Revoking => Some(Self::Revoked),
            GrantState::Granted | GrantState::Revoked => None,
        }
    }
}

/// A consent as it stood before a change, or as the change leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// Where it was in its life.
    pub state: GrantState,
    /// Its version.
    pub version: u64,
    /// What it allowed.
    pub verbs: Vec<Verb>,
    /// Through which channels.
    pub channels: Vec<Channel>,
    /// When it was to end by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether it brought delegated administration.
    pub delegated_administration: bool,
}

impl From<&Grant> for Terms {
    fn from(grant: &Grant) -> Self {
        Self {
            state: grant.state,
            version: grant.version,
            verbs: grant.verbs.clone(),
            channels: grant.channels.clone(),
            expires_at: grant.expires_at,
            delegated_administration: grant.delegated_administration,
        }
    }
}

/// A change of a consent, as it is kept for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsentChange {
    /// Whose consent.
    pub tenant: TenantId,
    /// For whom.
    pub partner: PartnerId,
    /// What was done.
    pub what: Act,
    /// When.
    pub at: Timestamp,
    /// By whom, and from where.
    pub by: Actor,
    /// What stood there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Terms>,
    /// What stands there since; the state is the one that the decision ends in, once it is carried out.
    pub new: Terms,
}

impl ConsentChange {
    /// The entry about a decision that makes `after` of `before`; `None` where `after` carries one out, or is the grant
    /// of a tenant for itself.
    #[must_use]
    pub fn of(before: Option<&Grant>, after: &Grant, by: &Actor, now: Timestamp) -> Option<Self> {
        let settled = after.settled().map_or(after.state, |settled| settled.state);
        Some(Self {
            tenant: after.tenant,
            partner: after.registrant.partner()?.clone(),
            what: Act::towards(after.state)?,
            at: now,
            by: by.clone(),
            old: before.map(Terms::from),
            new: Terms {
                state: settled,
                ..Terms::from(after)
            },
        })
    }
}
