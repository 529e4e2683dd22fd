//! What a partner is to a customer: invitations, and the end of it.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use muster_core::grant::{GrantError, GrantState};
use muster_core::id::TenantId;
use muster_core::party::Registrant;
use muster_runtime::http::{Acting, Code, Problem, Source};
use muster_store::Decider;

use crate::assign::no_word;
use crate::body::AnyCase;
use crate::model::{Attributes, Customer, RelationshipRequest, SentCustomer};
use crate::{Api, partner};

/// What stands for the customer's own id in an invitation.
const YOUR_TENANT: &str = "your-tenant-id";
/// How often the end is tried, where somebody else decides about the consent at the same moment.
const TRIES: usize = 3;
/// There is no relationship.
const NONE: &str = "none";

/// Tells where a customer sees what this partner asks for. Which customer that is nobody says here, so it puts its own id
/// into the URL.
pub(crate) async fn invite(State(api): State<Api>, Extension(acting): Extension<Acting>) -> Result<Response, Problem> {
    let base = api.function.public_url.trim_end_matches('/');
    let told = RelationshipRequest {
        url: format!("{base}/v1/tenants/{YOUR_TENANT}/consents/{}", partner(&acting)?),
        attributes: Attributes::of("RelationshipRequest"),
    };
    Ok(Json(told).into_response())
}

/// Ends the relationship: the partner gives the consent back. Ending it again changes nothing.
pub(crate) async fn end(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Extension(tenant): Extension<TenantId>,
    source: Source,
    AnyCase(sent): AnyCase<SentCustomer>,
) -> Result<Response, Problem> {
    match sent.relationship_to_partner.as_deref() {
        Some(word) if word.eq_ignore_ascii_case(NONE) => {}
        None => return Err(Problem::at("relationshipToPartner", "It is missing.")),
        Some(word) => return Err(no_word("relationship that can be set", word, NONE)),
    }
    let (grants, now) = (&api.function.grants, api.guard.now());
    let (partner, registrant) = (partner(&acting)?, Registrant::Partner(partner(&acting)?.clone()));
    let mut fault = None;
    for _ in 0..TRIES {
        // Somebody may decide meanwhile: what stands then says what is left to do.
        let known = grants.get(tenant, &registrant).await?.ok_or_else(Problem::not_found)?;
        let by = Decider {
            actor: acting.actor(&source),
            seen: None,
        };
        let ended = match known.state {
            GrantState::Requested => grants.decline(tenant, partner, by, now).await?,
            GrantState::Granting | GrantState::Granted => grants.revoke(tenant, partner, by, now).await?,
            GrantState::Declined | GrantState::Revoking | GrantState::Revoked => Ok(known),
        };
        fault = ended.err();
        if fault.is_none() {
            break;
        }
    }
    if let Some(error) = fault {
        let detail = match error {
            GrantError::Busy => "A decision about the consent is being carried out.",
            _ => "The consent was changed meanwhile.",
        };
        return Err(Problem::new(Code::Conflict, detail).remedy("Try again in a moment."));
    }
    // An answer is final: nothing is registered under this consent any more.
    grants.settle(tenant, &registrant).await?;
    let told = Customer {
        id: tenant.to_string(),
        relationship_to_partner: NONE,
        attributes: Attributes::of("Customer"),
    };
    Ok(Json(told).into_response())
}
