//! What the rules say, in the words of the API.

use muster_core::grant::{Denial, GrantError, Term};
use muster_core::upload::Reason;
use muster_runtime::http::{Code, Problem};

use crate::model;

/// Why a request or a decision is refused. `end_given`: the request itself names an end.
pub(crate) fn refused(error: &GrantError, end_given: bool) -> Problem {
    let conflict = |code: &str, detail: &str, remedy: &str| {
        let reason = Reason {
            code: code.to_owned(),
            detail: detail.to_owned(),
            remedy: remedy.to_owned(),
        };
        Problem::new(Code::Conflict, detail.to_owned()).because(&reason)
    };
    match error {
        GrantError::NotRequested => conflict(
            "consent-not-requested",
            "No consent waits for a decision.",
            "Let the partner ask for consent.",
        ),
        GrantError::AlreadyGranted => conflict(
            "consent-already-granted",
            "The consent is in force already.",
            "To change it, revoke it, and let the partner ask again.",
        ),
        GrantError::NotGranted => conflict(
            "consent-not-granted",
            "The consent is not in force, so there is nothing to revoke.",
            "Decline it if it waits for a decision.",
        ),
        GrantError::Busy => conflict(
            "consent-busy",
            "A decision about this consent is being carried out.",
            "Try again in a moment.",
        ),
        GrantError::ExpiryPast if !end_given => conflict(
            "consent-expired",
            "The end that was asked for has passed.",
            "Let the partner ask again.",
        ),
        GrantError::ExpiryPast => Problem::at(Term::ExpiresAt.as_str(), "The end of a consent must lie in the future."),
        GrantError::Widened(term) => Problem::at(term.as_str(), format!("Too much: {error}.")),
        GrantError::Empty(term) => Problem::at(term.as_str(), format!("Too little: {error}.")),
        GrantError::Changed => Problem::new(Code::PreconditionFailed, "The consent was changed meanwhile.")
            .remedy("Read it again, and decide anew."),
    }
}

/// Why something is not allowed.
pub(crate) fn denied(denial: Denial) -> model::Reason {
    let (detail, remedy) = match denial {
        Denial::Missing => ("The tenant has given no consent.", "Ask the tenant for consent."),
        Denial::Pending => ("The tenant has not decided yet.", "Let the tenant decide."),
        Denial::Declined => (
            "The tenant has declined.",
            "Let the tenant grant it after all, or ask again.",
        ),
        Denial::Revoked => (
            "The tenant has revoked its consent.",
            "Ask the tenant for consent anew.",
        ),
        Denial::Expired => ("The consent has expired.", "Ask the tenant for consent anew."),
        Denial::NotCovered => (
            "The consent does not cover this verb through this channel.",
            "Use what the consent names, or let the tenant revoke it and ask for more.",
        ),
    };
    model::Reason {
        code: denial.code().to_owned(),
        detail: detail.to_owned(),
        remedy: remedy.to_owned(),
    }
}
