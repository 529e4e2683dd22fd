//! Tenants and partners.

use axum::Json;
use axum::extract::{Path, State};
use muster_core::id::TenantId;
use muster_runtime::http::{Problem, ProblemBody};

use crate::Api;
use crate::model::Tenant;

/// Show a tenant
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}",
    operation_id = "getTenant",
    tag = "tenants and partners",
    params(("tenant" = String, Path, description = "The tenant's id")),
    responses(
        (status = 200, body = Tenant),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_tenant(State(api): State<Api>, Path(tenant): Path<TenantId>) -> Result<Json<Tenant>, Problem> {
    let tenant = api.function.tenants.get(tenant).await?;
    tenant.map(|tenant| Json(tenant.into())).ok_or_else(Problem::not_found)
}
