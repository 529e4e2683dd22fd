//! Consent through a server: who may ask and decide follows from the token.

use consent_api::model::{AskedConsent, Consent, ConsentTerms};
use muster_core::Timestamp;
use muster_core::grant::{GrantError, GrantState};
use muster_core::id::PartnerId;

use super::args::{DecisionArgs, RequestArgs};
use super::request::fits;
use super::{Decision, refused};
use crate::failure::Failure;
use crate::remote::{Named, Refusal, Server};

/// Asks in the name of the token's partner: the tenant's name, and the consent as it is then.
pub(super) async fn ask(
    server: &Server,
    args: &RequestArgs,
    terms: &ConsentTerms,
) -> Result<(String, AskedConsent), Failure> {
    if server.holder().partner.as_ref() != Some(&args.partner) {
        return Err(Failure::new(
            format_args!(
                "a partner asks for itself, and the token for {} is not one of `{}`",
                server.address(),
                args.partner
            ),
            format_args!("Use a token of it: muster login --server {}", server.address()),
        ));
    }
    let tenant = server.tenant(&args.tenant).await?;
    let partner = server.partner(&args.partner).await?.ok_or_else(|| {
        Failure::new(
            format_args!("there is no partner `{}` yet", args.partner),
            "Let whoever runs the server make it known: muster partners add …",
        )
    })?;
    fits(args, partner.kind, partner.provider.as_ref())?;
    match server.ask_for_consent(tenant.id, terms).await {
        Ok(asked) => Ok((tenant.name, asked)),
        Err(refusal) => Err(in_words(refusal, &tenant, &args.partner)),
    }
}

/// Decides in the name of the token's tenant: its name, and the consent as it is then.
pub(super) async fn decide(
    server: &Server,
    decision: &Decision,
    args: &DecisionArgs,
    now: Timestamp,
) -> Result<(String, Consent), Failure> {
    let tenant = server.tenant(&args.tenant).await?;
    let partner = &args.partner;
    let Some(before) = server.consent(tenant.id, partner).await? else {
        return Err(refused(&GrantError::NotRequested, &tenant.name, partner));
    };
    // The server finds nothing wrong with a decision that stands; whoever decides twice should know.
    if let Some(error) = stands(decision, &before, now) {
        return Err(refused(&error, &tenant.name, partner));
    }
    let answer = match decision {
        Decision::Grant(narrowing) => {
            let terms = ConsentTerms {
                verbs: narrowing.verbs.clone(),
                channels: narrowing.channels.clone(),
                expires_at: narrowing.expires_at,
                delegated_administration: narrowing.delegated_administration,
            };
            server.decide(tenant.id, partner, "grant", &terms).await
        }
        Decision::Decline => {
            server
                .decide(tenant.id, partner, "decline", &serde_json::json!({}))
                .await
        }
        Decision::Revoke => {
            server
                .decide(tenant.id, partner, "revoke", &serde_json::json!({}))
                .await
        }
    };
    match answer {
        Ok(consent) => Ok((tenant.name, consent)),
        Err(refusal) => Err(in_words(refusal, &tenant, partner)),
    }
}

/// What the rules say to a decision that stands already.
fn stands(decision: &Decision, consent: &Consent, now: Timestamp) -> Option<GrantError> {
    let over = consent.expires_at.is_some_and(|end| end <= now);
    match (decision, consent.state) {
        (Decision::Grant(_), GrantState::Granted) if !over => Some(GrantError::AlreadyGranted),
        (Decision::Decline, GrantState::Declined) => Some(GrantError::NotRequested),
        (Decision::Revoke, GrantState::Revoked) => Some(GrantError::NotGranted),
        _ => None,
    }
}

/// The words of the rules where the server gives one of their reasons.
fn in_words(refusal: Refusal, tenant: &Named, partner: &PartnerId) -> Failure {
    let error = match refusal.reason() {
        Some("consent-not-requested") => GrantError::NotRequested,
        Some("consent-already-granted") => GrantError::AlreadyGranted,
        Some("consent-not-granted") => GrantError::NotGranted,
        Some("consent-busy") => GrantError::Busy,
        _ => return refusal.into(),
    };
    refused(&error, &tenant.name, partner)
}
