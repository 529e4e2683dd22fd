//! A partner asks.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use muster_core::grant::{GrantRequest, Verb};
use muster_core::id::TenantId;
use muster_core::party::Registrant;
use muster_runtime::http::{Acting, Body, Code, Problem, ProblemBody, Source, etag};

use crate::Api;
use crate::consents::seen_by;
use crate::model::{AskedConsent, ConsentTerms};
use crate::refusal::refused;

/// Ask a tenant for consent
///
/// The partner asks for itself. Asking again for the same changes nothing; asking for something else while the tenant has
/// not decided replaces what was asked for. The answer holds the link for the customer.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/consents",
    operation_id = "requestConsent",
    tag = "consent",
    params(("tenant" = String, Path, description = "The tenant's id")),
    request_body(content = ConsentTerms, description = "What is asked for"),
    responses(
        (status = 201, body = AskedConsent, description = "It is asked for", headers(
            ("location", description = "The consent's path"), ("etag", description = "Its version"))),
        (status = 200, body = AskedConsent, description = "It was asked for already, in the same words", headers(
            ("location", description = "The consent's path"), ("etag", description = "Its version"))),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "The consent is in force already, or the partner is not known here"),
    )
)]
pub(crate) async fn request(
    State(api): State<Api>,
    Path(tenant): Path<TenantId>,
    Extension(acting): Extension<Acting>,
    source: Source,
    Body(terms): Body<ConsentTerms>,
) -> Result<Response, Problem> {
    let function = &api.function;
    let partner = acting.partner().ok_or_else(Problem::not_found)?;
    let known = function.partners.get(partner).await?.ok_or_else(|| {
        let detail = format!("The partner `{partner}` of this token is not known here.");
        Problem::new(Code::Conflict, detail).remedy("Let whoever runs this service make it known.")
    })?;
    if function.tenants.get(tenant).await?.is_none() {
        return Err(Problem::not_found());
    }
    let end_given = terms.expires_at.is_some();
    let request = GrantRequest {
        tenant,
        partner: known.id.clone(),
        kind: known.kind,
        verbs: terms.verbs.unwrap_or_else(|| Verb::ALL.to_vec()),
        channels: terms.channels,
        expires_at: terms.expires_at,
        delegated_administration: terms.delegated_administration.unwrap_or_default(),
        by: acting.actor(&source),
    };
    let before = function
        .grants
        .get(tenant, &Registrant::Partner(known.id.clone()))
        .await?;
    let status = match before {
        Some(grant) if request.is_asked_by(&grant) => StatusCode::OK,
        _ => StatusCode::CREATED,
    };
    let grant = function.grants.request(request, api.guard.now()).await?;
    let grant = grant.map_err(|error| refused(&error, end_given))?;
    let path = format!("/v1/tenants/{tenant}/consents/{}", known.id);
    let link = format!("{}{path}", function.public_url.trim_end_matches('/'));
    let location = HeaderValue::try_from(path).map_err(|_| Problem::not_found())?;
    let consent = seen_by(&acting, &grant);
    let headers = [(header::LOCATION, location), (header::ETAG, etag(grant.version))];
    Ok((status, headers, Json(AskedConsent { consent, link })).into_response())
}
