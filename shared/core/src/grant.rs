//! Consent: what a tenant allows a partner, and itself, to do.
//!
//! A grant is asked for, decided and, when the tenant likes, revoked. Each decision makes a new generation; what was
//! accepted under an older one stays refused. Every tenant holds a grant for its own administrators, so that one rule
//! covers every write.

mod change;
mod denial;
mod state;
mod terms;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::channel::{Channel, Principal};
use crate::id::{PartnerId, TenantId};
use crate::party::{PartnerKind, Registrant};

pub use change::{Act, Actor, ConsentChange, Terms};
pub use denial::{Denial, GrantPin};
pub use state::{GrantState, Hindrance};
pub use terms::{GrantError, GrantRequest, Narrowing, Term, channels_of};

/// What a grant can allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Make a device known and associate it with the tenant.
    Register,
    /// Change what is stored of a device.
    Update,
    /// End the association.
    Release,
}

impl Verb {
    /// All verbs.
    pub const ALL: [Self; 3] = [Self::Register, Self::Update, Self::Release];

    /// The name on the wire and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Update => "update",
            Self::Release => "release",
        }
    }
}

/// A consent that a tenant gave, or was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Whose devices it is about.
    pub tenant: TenantId,
    /// Who may act.
    pub registrant: Registrant,
    /// What the partner is; `None` for the tenant's own grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<PartnerKind>,
    /// What is allowed.
    pub verbs: Vec<Verb>,
    /// Through which channels.
    pub channels: Vec<Channel>,
    /// Where it is in its life.
    pub state: GrantState,
    /// Counts the times it was granted. An upload pins the generation under which it was accepted.
    pub generation: u64,
    /// Counts every change.
    pub version: u64,
    /// Delegated administration, which a tenant may leave off; nothing here depends on it.
    pub delegated_administration: bool,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was last asked for.
    pub requested_at: Timestamp,
    /// By whom.
    pub requested_by: String,
    /// When it was last decided; asking anew leaves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// What keeps a decision under way from being carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hindrance: Option<Hindrance>,
}

impl Grant {
    /// The grant that every tenant holds for its own administrators and its MDM service.
    #[must_use]
    pub fn own(tenant: TenantId, now: Timestamp) -> Self {
        let own = |c: &Channel| {
            matches!(
                c.policy().principal,
                Principal::TenantAdministrator | Principal::MdmService
            )
        };
        Self {
            tenant,
            registrant: Registrant::Tenant,
            kind: None,
            verbs: Verb::ALL.to_vec(),
            channels: Channel::ALL.into_iter().filter(own).collect(),
            state: GrantState::Granting,
            generation: 1,
            version: 1,
            delegated_administration: false,
            expires_at: None,
            requested_at: now,
            requested_by: "tenant".to_owned(),
            decided_at: Some(now),
            decided_by: Some("tenant".to_owned()),
            hindrance: None,
        }
    }

    /// The grant that every manufacturer's catalogue holds for itself, under the id that stands for it
    /// ([`TenantId::of_catalogue`]): whatever is written of a catalogue is written under it.
    #[must_use]
    pub fn of_catalogue(partner: &PartnerId, now: Timestamp) -> Self {
        Self {
            kind: Some(PartnerKind::Oem),
            channels: vec![Channel::Catalogue],
            requested_by: partner.to_string(),
            decided_by: Some(partner.to_string()),
            ..Self::own(TenantId::of_catalogue(partner), now)
        }
    }

    /// A request for consent; `before` is the grant as it stands, if there is one.
    ///
    /// # Errors
    /// When a grant is in force, or a decision under way, or the end lies in the past, or nothing is asked for, or more
    /// than partners of the kind may have.
    pub fn request(before: Option<&Self>, request: GrantRequest, now: Timestamp) -> Result<Self, GrantError> {
        let (verbs, channels) = request.covered()?;
        if request.expires_at.is_some_and(|end| end <= now) {
            return Err(GrantError::ExpiryPast);
        }
        match before {
            Some(grant) if matches!(grant.state, GrantState::Granting | GrantState::Revoking) => {
                return Err(GrantError::Busy);
            }
            Some(grant) if grant.in_force(now) => return Err(GrantError::AlreadyGranted),
            _ => {}
        }
        Ok(Self {
            tenant: request.tenant,
            registrant: Registrant::Partner(request.partner),
            kind: Some(request.kind),
            verbs,
            channels,
            state: GrantState::Requested,
            generation: before.map_or(0, |g| g.generation),
            version: before.map_or(1, |g| g.version + 1),
            delegated_administration: request.delegated_administration,
            expires_at: request.expires_at,
            requested_at: now,
            requested_by: request.by.subject,
            decided_at: before.and_then(|g| g.decided_at),
            decided_by: before.and_then(|g| g.decided_by.clone()),
            hindrance: None,
        })
    }

    /// The tenant says yes, to what was asked for or to less: a new generation, in force once its shards are written
    /// ([`Self::settled`]).
    ///
    /// # Errors
    /// When nothing was asked for, or the end of what was asked for has passed, or `narrowing` is no narrowing.
    pub fn grant(&self, narrowing: &Narrowing, by: &str, now: Timestamp) -> Result<Self, GrantError> {
        match self.state {
            GrantState::Requested | GrantState::Declined => {
                let narrowed = narrowing.of(self)?;
                if narrowed.expired(now) {
                    return Err(GrantError::ExpiryPast);
                }
                Ok(Self {
                    generation: self.generation + 1,
                    ..narrowed.decided(GrantState::Granting, by, now)
                })
            }
            GrantState::Granting | GrantState::Revoking => Err(GrantError::Busy),
            GrantState::Granted if !self.expired(now) => Err(GrantError::AlreadyGranted),
            GrantState::Granted | GrantState::Revoked => Err(GrantError::NotRequested),
        }
    }

    /// The tenant says no.
    ///
    /// # Errors
    /// When nothing waits for a decision.
    pub fn decline(&self, by: &str, now: Timestamp) -> Result<Self, GrantError> {
        match self.state {
            GrantState::Requested => Ok(self.decided(GrantState::Declined, by, now)),
            GrantState::Granted if !self.expired(now) => Err(GrantError::AlreadyGranted),
            GrantState::Granting | GrantState::Revoking => Err(GrantError::Busy),
            GrantState::Declined | GrantState::Granted | GrantState::Revoked => Err(GrantError::NotRequested),
        }
    }

    /// The tenant takes its consent back; final once the shards are closed ([`Self::settled`]).
    ///
    /// # Errors
    /// When it is not in force.
    pub fn revoke(&self, by: &str, now: Timestamp) -> Result<Self, GrantError> {
        match self.state {
            GrantState::Granted | GrantState::Granting => Ok(self.decided(GrantState::Revoking, by, now)),
            GrantState::Revoking => Err(GrantError::Busy),
            _ => Err(GrantError::NotGranted),
        }
    }

    /// The partner gives its consent back, or asks for it no more. `None`: it has none, and asks for none.
    ///
    /// # Errors
    /// When it is being taken back already.
    pub fn end(&self, by: &str, now: Timestamp) -> Result<Option<Self>, GrantError> {
        match self.state {
            GrantState::Requested => self.decline(by, now).map(Some),
            GrantState::Granting | GrantState::Granted | GrantState::Revoking => self.revoke(by, now).map(Some),
            GrantState::Declined | GrantState::Revoked => Ok(None),
        }
    }

    fn decided(&self, state: GrantState, by: &str, now: Timestamp) -> Self {
        Self {
            state,
            version: self.version + 1,
            decided_at: Some(now),
            decided_by: Some(by.to_owned()),
            hindrance: None,
            ..self.clone()
        }
    }

    /// The state that a decision under way ends in, once every shard says so.
    #[must_use]
    pub fn settled(&self) -> Option<Self> {
        let state = match self.state {
            GrantState::Granting => GrantState::Granted,
            GrantState::Revoking => GrantState::Revoked,
            _ => return None,
        };
        Some(Self {
            state,
            version: self.version + 1,
            hindrance: None,
            ..self.clone()
        })
    }

    /// The same decision, which could not be carried out.
    #[must_use]
    pub fn hindered(&self, hindrance: Hindrance) -> Self {
        Self {
            version: self.version + 1,
            hindrance: Some(hindrance),
            ..self.clone()
        }
    }

    /// Whether a decision is under way and nobody carries it out any more.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.hindrance.as_ref().is_some_and(|h| h.next_try.is_none())
    }

    /// Whether it is granted and not expired.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.state == GrantState::Granted && !self.expired(now)
    }

    fn expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}
