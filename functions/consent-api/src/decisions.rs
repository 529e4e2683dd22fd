//! The tenant decides.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use muster_core::Timestamp;
use muster_core::grant::{Grant, GrantState, Narrowing};
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::Registrant;
use muster_runtime::http::{Acting, Body, Problem, ProblemBody, Source, if_match};
use muster_store::{Decider, Grants, StoreError};

use crate::Api;
use crate::consents::one;
use crate::model::{Consent, ConsentTerms, Nothing};
use crate::refusal::refused;

/// What is decided.
enum Decision {
    Grant(Narrowing),
    Decline,
    Revoke,
}

impl Decision {
    /// Whether the consent stands so already, or is about to: then deciding so again says nothing new.
    async fn stands(&self, grants: &Grants, grant: &Grant, now: Timestamp) -> Result<bool, StoreError> {
        match self {
            Self::Grant(narrowing) if grant.state == GrantState::Granting || grant.in_force(now) => {
                grants.is_granted_as(grant, narrowing).await
            }
            Self::Grant(_) => Ok(false),
            Self::Decline => Ok(grant.state == GrantState::Declined),
            Self::Revoke => Ok(matches!(grant.state, GrantState::Revoking | GrantState::Revoked)),
        }
    }

    /// Whether the request itself names an end.
    const fn end_given(&self) -> bool {
        matches!(self, Self::Grant(narrowing) if narrowing.expires_at.is_some())
    }
}

/// Who decides about which consent, from where, and on what it saw.
type Asked = (Path<(TenantId, PartnerId)>, Extension<Acting>, Source, HeaderMap);

async fn decide(api: &Api, asked: Asked, decision: &Decision) -> Result<Response, Problem> {
    let (Path((tenant, partner)), Extension(acting), source, headers) = asked;
    let (grants, now) = (&api.function.grants, api.guard.now());
    let registrant = Registrant::Partner(partner.clone());
    let before = grants.get(tenant, &registrant).await?.ok_or_else(Problem::not_found)?;
    if !decision.stands(grants, &before, now).await? {
        if_match(&headers, before.version)?;
        let by = Decider {
            actor: acting.actor(&source),
            seen: headers.contains_key(header::IF_MATCH).then_some(before.version),
        };
        let answer = match decision {
            Decision::Grant(narrowing) => grants.grant_narrowed(tenant, &partner, narrowing, by, now).await?,
            Decision::Decline => grants.decline(tenant, &partner, by, now).await?,
            Decision::Revoke => grants.revoke(tenant, &partner, by, now).await?,
        };
        let error = match answer {
            Ok(grant) => return Ok(one(&acting, &grant)),
            Err(error) => error,
        };
        // Somebody decided the same meanwhile, or it was this very decision, whose answer was lost.
        let after = grants.get(tenant, &registrant).await?.ok_or_else(Problem::not_found)?;
        if !decision.stands(grants, &after, now).await? {
            return Err(refused(&error, decision.end_given()));
        }
    }
    let settled = grants
        .settle(tenant, &registrant)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok(one(&acting, &settled))
}

/// Grant a consent
///
/// All that was asked for, or a part of it: what the body leaves off is granted as asked. Answered when it is in force.
/// Granting again in the same words changes nothing.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/consents/{partner}/grant",
    operation_id = "grantConsent",
    tag = "consent",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("partner" = String, Path, description = "The partner's id"),
        ("if-match" = Option<String>, Header, description = "The entity tag of the consent that is decided about"),
    ),
    request_body(content = ConsentTerms, description = "What is granted"),
    responses(
        (status = 200, body = Consent, description = "How it stands", headers(("etag", description = "Its version"))),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "Nothing waits for a decision, or another consent is in force"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json",
            description = "The consent is at another version"),
    )
)]
pub(crate) async fn grant(
    State(api): State<Api>,
    asked: Asked,
    Body(terms): Body<ConsentTerms>,
) -> Result<Response, Problem> {
    decide(&api, asked, &Decision::Grant(terms.into())).await
}

/// Decline a consent
///
/// Declining again changes nothing. The tenant may grant it later after all.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/consents/{partner}/decline",
    operation_id = "declineConsent",
    tag = "consent",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("partner" = String, Path, description = "The partner's id"),
        ("if-match" = Option<String>, Header, description = "The entity tag of the consent that is decided about"),
    ),
    request_body(content = Nothing, description = "Nothing"),
    responses(
        (status = 200, body = Consent, description = "How it stands", headers(("etag", description = "Its version"))),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "Nothing waits for a decision"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json",
            description = "The consent is at another version"),
    )
)]
pub(crate) async fn decline(
    State(api): State<Api>,
    asked: Asked,
    Body(_nothing): Body<Nothing>,
) -> Result<Response, Problem> {
    decide(&api, asked, &Decision::Decline).await
}

/// Revoke a consent
///
/// Answered when it is final: nothing that was accepted under the consent is registered afterwards. Revoking again changes
/// nothing. Consents of manufacturers are revoked likewise.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/consents/{partner}/revoke",
    operation_id = "revokeConsent",
    tag = "consent",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("partner" = String, Path, description = "The partner's id"),
        ("if-match" = Option<String>, Header, description = "The entity tag of the consent that is decided about"),
    ),
    request_body(content = Nothing, description = "Nothing"),
    responses(
        (status = 200, body = Consent, description = "How it stands", headers(("etag", description = "Its version"))),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The consent is not in force"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json",
            description = "The consent is at another version"),
    )
)]
pub(crate) async fn revoke(
    State(api): State<Api>,
    asked: Asked,
    Body(_nothing): Body<Nothing>,
) -> Result<Response, Problem> {
    decide(&api, asked, &Decision::Revoke).await
}
