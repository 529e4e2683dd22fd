//! Consents as both sides see them.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use muster_core::grant::Grant;
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::Registrant;
use muster_runtime::http::{Acting, Cursor, PageQuery, Problem, ProblemBody, Query, etag};

use crate::Api;
use crate::model::{Consent, ConsentPage};

/// A consent as this caller may see it. A partner is not told who decided in the customer's name, nor who asked in the name
/// of another partner, whose consent a provider is shown; what the store said of a decision that could not be carried out is
/// for who runs it.
pub(crate) fn seen_by(acting: &Acting, grant: &Grant) -> Consent {
    let mut consent = Consent::from(grant);
    if let Some(partner) = acting.partner() {
        consent.decided_by = None;
        if grant.registrant.partner() != Some(partner) {
            consent.requested_by = None;
        }
    }
    if let (false, Some(hindrance)) = (matches!(acting, Acting::Service(_)), &mut consent.hindrance) {
        "The decision could not be carried out everywhere yet.".clone_into(&mut hindrance.reason.detail);
        let remedy = match hindrance.next_try {
            Some(_) => "Wait: it is tried again by itself.",
            None => "Let the tenant decide once more.",
        };
        remedy.clone_into(&mut hindrance.reason.remedy);
    }
    consent
}

/// The answer that is one consent.
pub(crate) fn one(acting: &Acting, grant: &Grant) -> Response {
    ([(header::ETAG, etag(grant.version))], Json(seen_by(acting, grant))).into_response()
}

/// List the consents of a tenant
///
/// Its own for its administrators first, then by partner.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/consents",
    operation_id = "listConsentsOfTenant",
    tag = "consent",
    params(("tenant" = String, Path, description = "The tenant's id"), PageQuery),
    responses(
        (status = 200, body = ConsentPage, description = "The consents"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "A part of the query is wrong"),
    )
)]
pub(crate) async fn list_of_tenant(
    State(api): State<Api>,
    Path(tenant): Path<TenantId>,
    Extension(acting): Extension<Acting>,
    Query(page): Query<PageQuery>,
) -> Result<Json<ConsentPage>, Problem> {
    let limit = page.limit()?;
    let cursor = Cursor::of(&["consents", &tenant.to_string()]);
    let from = cursor.read(page.cursor.as_deref())?;
    let from = from.map(|mark| registrant_of(&mark)).transpose()?;
    let listed = api.function.grants.list_of_tenant(tenant, from.as_ref(), limit).await?;
    if listed.grants.is_empty() && api.function.tenants.get(tenant).await?.is_none() {
        return Err(Problem::not_found());
    }
    let last = listed.grants.last().filter(|_| listed.more);
    let next = last.map(|last| cursor.write(last.registrant.partner().map_or(TENANT, PartnerId::as_str)));
    let grants = listed.grants.iter().map(|grant| seen_by(&acting, grant)).collect();
    Ok(Json(ConsentPage { grants, next }))
}

/// What stands in a cursor behind the tenant's own consent; behind that of a partner stands the partner.
const TENANT: &str = "-";

fn registrant_of(mark: &str) -> Result<Registrant, Problem> {
    if mark == TENANT {
        return Ok(Registrant::Tenant);
    }
    let partner = mark.parse().map(Registrant::Partner);
    partner.map_err(|_| Problem::at("query.cursor", "It is not one that this list gave."))
}

/// List the consents of a partner
///
/// Whatever it asked for, by tenant.
#[utoipa::path(
    get,
    path = "/v1/partners/{partner}/consents",
    operation_id = "listConsentsOfPartner",
    tag = "consent",
    params(("partner" = String, Path, description = "The partner's id"), PageQuery),
    responses(
        (status = 200, body = ConsentPage, description = "The consents"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "A part of the query is wrong"),
    )
)]
pub(crate) async fn list_of_partner(
    State(api): State<Api>,
    Path(partner): Path<PartnerId>,
    Extension(acting): Extension<Acting>,
    Query(page): Query<PageQuery>,
) -> Result<Json<ConsentPage>, Problem> {
    let limit = page.limit()?;
    let cursor = Cursor::of(&["consents of partner", partner.as_str()]);
    let from = cursor.read(page.cursor.as_deref())?;
    let from = from.map(|from| {
        from.parse()
            .map_err(|_| Problem::at("query.cursor", "It is not one that this list gave."))
    });
    let grants = &api.function.grants;
    let all = grants.list_of_partner(&partner, from.transpose()?, limit).await?;
    if all.is_empty() && api.function.partners.get(&partner).await?.is_none() {
        return Err(Problem::not_found());
    }
    let next = all.last().filter(|_| all.len() == limit);
    let next = next.map(|last| cursor.write(&last.tenant.to_string()));
    let grants = all.iter().map(|grant| seen_by(&acting, grant)).collect();
    Ok(Json(ConsentPage { grants, next }))
}

/// Show a consent
///
/// Who asks for what, and how it stands.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/consents/{partner}",
    operation_id = "getConsent",
    tag = "consent",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("partner" = String, Path, description = "The partner's id"),
    ),
    responses((status = 200, body = Consent, description = "The consent", headers(("etag", description = "Its version"))))
)]
pub(crate) async fn get(
    State(api): State<Api>,
    Path((tenant, partner)): Path<(TenantId, PartnerId)>,
    Extension(acting): Extension<Acting>,
) -> Result<Response, Problem> {
    let grant = api.function.grants.get(tenant, &Registrant::Partner(partner)).await?;
    grant.map(|grant| one(&acting, &grant)).ok_or_else(Problem::not_found)
}
