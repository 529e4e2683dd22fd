//! Consents of a tenant, and of a partner.

use axum::Json;
use axum::extract::{Path, State};
use muster_core::id::TenantId;
use muster_runtime::http::{Cursor, PageQuery, Problem, ProblemBody, Query};

use crate::Api;
use crate::model::{Consent, ConsentPage};

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
        (status = 200, body = ConsentPage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_of_tenant(
    State(api): State<Api>,
    Path(tenant): Path<TenantId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<ConsentPage>, Problem> {
    let limit = page.limit()?;
    let cursor = Cursor::of(&["consents", &tenant.to_string()]);
    let from = cursor.read(page.cursor.as_deref())?;
    let all = api.function.grants.list_of_tenant(tenant).await?;
    let holder = |consent: &Consent| {
        consent
            .partner
            .as_ref()
            .map_or("-", |partner| partner.as_str())
            .to_owned()
    };
    let behind = |consent: &Consent| from.as_ref().is_none_or(|from| holder(consent) > *from);
    let mut grants: Vec<Consent> = all.iter().map(Consent::from).filter(behind).take(limit + 1).collect();
    let more = grants.len() > limit;
    grants.truncate(limit);
    let next = grants.last().filter(|_| more).map(|last| cursor.write(&holder(last)));
    Ok(Json(ConsentPage { grants, next }))
}
