//! What a partner is to a customer: invitations, and the end of it.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use muster_core::grant::GrantError;
use muster_core::id::TenantId;
use muster_runtime::http::{Acting, Code, Problem, Source};
use muster_store::Decider;

use crate::body::AnyCase;
use crate::model::{Attributes, Customer, RelationshipRequest, SentCustomer};
use crate::words::no_word;
use crate::{Api, partner};

/// What stands for the customer's own id in an invitation.
const YOUR_TENANT: &str = "your-tenant-id";
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
    let by = Decider {
        actor: acting.actor(&source),
        seen: None,
    };
    let (grants, now) = (&api.function.grants, api.guard.now());
    let ended = grants.end(tenant, partner(&acting)?, by, now).await?;
    ended.map_err(|error| match error {
        // Not even one that ended.
        GrantError::NotGranted => Problem::not_found(),
        other => Problem::new(Code::Internal, "The service failed.").caused_by(other.to_string()),
    })?;
    let told = Customer {
        id: tenant.to_string(),
        relationship_to_partner: NONE,
        attributes: Attributes::of("Customer"),
    };
    Ok(Json(told).into_response())
}
