//! What a grant permits, and why not.

use serde::{Deserialize, Serialize};

use super::{Grant, GrantState, Verb};
use crate::Timestamp;
use crate::channel::Channel;
use crate::id::TenantId;
use crate::outcome::Outcome;
use crate::party::Registrant;

/// Which grant, and which generation of it, a piece of work was accepted under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantPin {
    /// The tenant.
    pub tenant: TenantId,
    /// Whose grant: an indirect provider's work is pinned to its reseller's.
    pub registrant: Registrant,
    /// The generation.
    pub generation: u64,
    /// What it allows. A pin that does not say allows no more than it was asked for.
    #[serde(default)]
    pub verbs: Vec<Verb>,
}

/// Why an action is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// Nobody asked for the consent.
    Missing,
    /// It was asked for and not decided.
    Pending,
    /// It was declined.
    Declined,
    /// It was revoked, or granted anew since the work was accepted.
    Revoked,
    /// It has expired.
    Expired,
    /// It is in force but does not cover the verb or the channel.
    NotCovered,
}

impl Denial {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Missing,
        Self::Pending,
        Self::Declined,
        Self::Revoked,
        Self::Expired,
        Self::NotCovered,
    ];

    /// A stable name, for a refused upload.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "consent-missing",
            Self::Pending => "consent-pending",
            Self::Declined => "consent-declined",
            Self::Revoked => "consent-revoked",
            Self::Expired => "consent-expired",
            Self::NotCovered => "consent-not-covered",
        }
    }

    /// The outcome that it means for a row.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Missing | Self::NotCovered => Outcome::ConsentMissing,
            Self::Pending => Outcome::ConsentPending,
            Self::Declined => Outcome::ConsentDeclined,
            Self::Revoked => Outcome::ConsentRevoked,
            Self::Expired => Outcome::ConsentExpired,
        }
    }
}

impl Grant {
    /// Whether `verb` through `channel` is allowed now, and under which generation.
    ///
    /// # Errors
    /// Why not.
    pub fn permit(grant: Option<&Self>, verb: Verb, channel: Channel, now: Timestamp) -> Result<GrantPin, Denial> {
        let grant = grant.ok_or(Denial::Missing)?;
        match grant.state {
            GrantState::Requested | GrantState::Granting => Err(Denial::Pending),
            GrantState::Declined => Err(Denial::Declined),
            GrantState::Revoking | GrantState::Revoked => Err(Denial::Revoked),
            GrantState::Granted if grant.expired(now) => Err(Denial::Expired),
            GrantState::Granted if !grant.verbs.contains(&verb) || !grant.channels.contains(&channel) => {
                Err(Denial::NotCovered)
            }
            GrantState::Granted => Ok(GrantPin {
                tenant: grant.tenant,
                registrant: grant.registrant.clone(),
                generation: grant.generation,
                verbs: grant.verbs.clone(),
            }),
        }
    }

    /// Why work that was accepted under `pin` may not go on, given the grant as it stands now. What was asked for or
    /// granted since is another consent: to this work the one that it was accepted under is revoked.
    #[must_use]
    pub fn denial_of(grant: Option<&Self>, pin: &GrantPin, now: Timestamp) -> Denial {
        match grant {
            None => Denial::Missing,
            Some(grant) if grant.generation != pin.generation || grant.state != GrantState::Granted => Denial::Revoked,
            Some(grant) if grant.expired(now) => Denial::Expired,
            // In force after all: the check saw a shard that was not written yet.
            Some(_) => Denial::Missing,
        }
    }
}
