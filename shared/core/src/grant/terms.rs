//! What a grant is about, from the partner's question to the tenant's answer.

use super::{Actor, Grant, Verb};
use crate::Timestamp;
use crate::channel::Channel;
use crate::id::{PartnerId, TenantId};
use crate::party::PartnerKind;

/// A part of what a grant is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// What is allowed.
    Verbs,
    /// Through which channels.
    Channels,
    /// Until when.
    ExpiresAt,
    /// Delegated administration.
    DelegatedAdministration,
}

impl Term {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verbs => "verbs",
            Self::Channels => "channels",
            Self::ExpiresAt => "expiresAt",
            Self::DelegatedAdministration => "delegatedAdministration",
        }
    }

    const fn plural(self) -> &'static str {
        match self {
            Self::Verbs => "verbs",
            Self::Channels => "channels",
            Self::ExpiresAt => "an end",
            Self::DelegatedAdministration => "delegated administration",
        }
    }

    const fn too_much(self) -> &'static str {
        match self {
            Self::Verbs => "a consent may allow no more verbs than were asked for",
            Self::Channels => {
                "a consent may name no more channels than were asked for, and none that partners of the kind do not use"
            }
            Self::ExpiresAt => "a consent may not end later than was asked for",
            Self::DelegatedAdministration => "a consent may not bring delegated administration that was not asked for",
        }
    }
}

/// A change that a grant's state does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// There is nothing to decide.
    #[error("no consent was asked for; `muster consent request` asks")]
    NotRequested,
    /// It is in force already.
    #[error("the consent is in force already")]
    AlreadyGranted,
    /// It is not in force, so it cannot be revoked.
    #[error("the consent is not in force, so there is nothing to revoke")]
    NotGranted,
    /// A decision is being carried out.
    #[error("a decision about this consent is being carried out; try again in a moment")]
    Busy,
    /// The end lies in the past.
    #[error("the end of a consent must lie in the future")]
    ExpiryPast,
    /// More than was asked for, or than partners of the kind may have.
    #[error("{}", .0.too_much())]
    Widened(Term),
    /// Nothing at all.
    #[error("a consent without {} allows nothing", .0.plural())]
    Empty(Term),
    /// It stands at another version than the one that was decided about.
    #[error("the consent was changed meanwhile")]
    Changed,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRequest {
    /// The tenant that shall consent.
    pub tenant: TenantId,
    /// The partner that asks.
    pub partner: PartnerId,
    /// What it is.
    pub kind: PartnerKind,
    /// What it wants to do.
    pub verbs: Vec<Verb>,
    /// Through which channels; `None`: through all that partners of its kind use.
    pub channels: Option<Vec<Channel>>,
    /// When the consent shall end by itself.
    pub expires_at: Option<Timestamp>,
    /// Whether delegated administration is asked for too.
    pub delegated_administration: bool,
    /// Who asks, and from where.
    pub by: Actor,
}

/// The channels through which partners of this kind register devices for tenants, and which a tenant's consent can cover.
#[must_use]
pub fn channels_of(kind: PartnerKind) -> Vec<Channel> {
    let fits = |channel: &Channel| channel.registers() && channel.admits(Some(kind));
    Channel::ALL.into_iter().filter(fits).collect()
}

impl GrantRequest {
    /// The verbs and channels that are asked for, each once and in the order of their tables.
    pub(super) fn covered(&self) -> Result<(Vec<Verb>, Vec<Channel>), GrantError> {
        let all = channels_of(self.kind);
        let channels = part_of(&all, self.channels.as_deref(), Term::Channels)?;
        Ok((part_of(&Verb::ALL, Some(&self.verbs), Term::Verbs)?, channels))
    }

    /// Whether `grant` waits for a decision about just this, so that asking again says nothing new.
    #[must_use]
    pub fn is_asked_by(&self, grant: &Grant) -> bool {
        grant.state == super::GrantState::Requested
            && grant.registrant.partner() == Some(&self.partner)
            && grant.kind == Some(self.kind)
            && self.covered() == Ok((grant.verbs.clone(), grant.channels.clone()))
            && grant.expires_at == self.expires_at
            && grant.delegated_administration == self.delegated_administration
    }
}

/// What the tenant takes of what was asked for; `None`: all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// Verbs, of those that were asked for.
    pub verbs: Option<Vec<Verb>>,
    /// Channels, of those that were asked for.
    pub channels: Option<Vec<Channel>>,
    /// An end, no later than the one that was asked for.
    pub expires_at: Option<Timestamp>,
    /// `Some(false)` leaves delegated administration off.
    pub delegated_administration: Option<bool>,
}

impl Narrowing {
    /// What is left of `asked`.
    ///
    /// # Errors
    /// When it is more than was asked for, or nothing.
    pub fn of(&self, asked: &Grant) -> Result<Grant, GrantError> {
        let later = |end: &Timestamp| asked.expires_at.is_some_and(|asked| *end > asked);
        if self.expires_at.as_ref().is_some_and(later) {
            return Err(GrantError::Widened(Term::ExpiresAt));
        }
        let delegated = self.delegated_administration.unwrap_or(asked.delegated_administration);
        if delegated && !asked.delegated_administration {
            return Err(GrantError::Widened(Term::DelegatedAdministration));
        }
        Ok(Grant {
            verbs: part_of(&asked.verbs, self.verbs.as_deref(), Term::Verbs)?,
            channels: part_of(&asked.channels, self.channels.as_deref(), Term::Channels)?,
            expires_at: self.expires_at.or(asked.expires_at),
            delegated_administration: delegated,
            ..asked.clone()
        })
    }
}

/// Those of `all` that are `wanted`, in the order of `all`.
fn part_of<T: Copy + PartialEq>(all: &[T], wanted: Option<&[T]>, term: Term) -> Result<Vec<T>, GrantError> {
    let Some(wanted) = wanted else {
        return Ok(all.to_vec());
    };
    if wanted.is_empty() {
        return Err(GrantError::Empty(term));
    }
    if wanted.iter().any(|one| !all.contains(one)) {
        return Err(GrantError::Widened(term));
    }
    Ok(all.iter().filter(|one| wanted.contains(one)).copied().collect())
}
