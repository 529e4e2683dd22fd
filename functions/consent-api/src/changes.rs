//! What is kept of decisions.

use axum::Json;
use axum::extract::{Path, State};
use muster_core::id::{PartnerId, TenantId};
use muster_runtime::http::{Cursor, PageQuery, Problem, ProblemBody, Query};
use muster_store::ChangeMark;

use crate::Api;
use crate::model::{ChangeQuery, ConsentChange, ConsentChangePage};

/// List the changes of a tenant's consents
///
/// Newest first: who asked or decided, when, from where, and what that changed. There is one entry for each decision.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/consent-changes",
    operation_id = "listConsentChanges",
    tag = "consent",
    params(("tenant" = String, Path, description = "The tenant's id"), ChangeQuery),
    responses(
        (status = 200, body = ConsentChangePage, description = "The changes"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "A part of the query is wrong"),
    )
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Path(tenant): Path<TenantId>,
    Query(query): Query<ChangeQuery>,
) -> Result<Json<ConsentChangePage>, Problem> {
    let function = &api.function;
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = page.limit()?;
    let partner = query.partner.as_ref().map_or("", PartnerId::as_str);
    let cursor = Cursor::of(&["consent changes", &tenant.to_string(), partner]);
    let from = cursor.read(page.cursor.as_deref())?;
    let from = from.map(|mark| mark.parse::<ChangeMark>());
    let from = from
        .transpose()
        .map_err(|_| Problem::at("query.cursor", "It is not one that this list gave."))?;
    let found = match &query.partner {
        Some(partner) => {
            function
                .grants
                .changes_of(tenant, partner, from.as_ref(), limit)
                .await?
        }
        None => function.grants.changes_of_tenant(tenant, from.as_ref(), limit).await?,
    };
    if found.changes.is_empty() && function.tenants.get(tenant).await?.is_none() {
        return Err(Problem::not_found());
    }
    Ok(Json(ConsentChangePage {
        next: found.next.map(|mark| cursor.write(&mark.to_string())),
        changes: found.changes.into_iter().map(ConsentChange::from).collect(),
    }))
}
