//! Tenants: customer organisations.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::{Extension, Json};
use muster_core::id::TenantId;
use muster_core::party::{self, MAX_GROUPS};
use muster_runtime::http::{Acting, Body, Code, Cursor, PageQuery, Problem, ProblemBody, Query, etag, if_match, text};
use muster_store::idempotency::Seed;
use muster_store::{TenantChange, TenantCreation};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{MAX_NAME, known, name};
use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{CreateTenant, EditTenant, Tenant, TenantPage};

type Tagged = ([(HeaderName, HeaderValue); 1], Json<Tenant>);

fn tagged(tenant: party::Tenant) -> Tagged {
    ([(header::ETAG, etag(tenant.version))], Json(tenant.into()))
}

/// Make a tenant known
///
/// The same again answers the tenant as it is known.
#[utoipa::path(
    post,
    path = "/v1/tenants",
    operation_id = "createTenant",
    tag = "tenants and partners",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),),
    request_body = CreateTenant,
    responses(
        (status = 201, body = Tenant, headers(
            ("location" = String, description = "The tenant's path"),
            ("etag" = String, description = "The tenant's version"),
        )),
        (status = 200, body = Tenant, description = "It was known as given"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_tenant(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    headers: HeaderMap,
    Body(sent): Body<CreateTenant>,
) -> Result<Answer, Problem> {
    let run = async |_: Seed| create(&api, &sent).await;
    idempotent(&api, &acting, &headers, "/v1/tenants", &sent, run).await
}

async fn create(api: &Api, sent: &CreateTenant) -> Result<Answer, Problem> {
    let name = name(&sent.name)?;
    let tenants = &api.function.tenants;
    let id = sent.id.unwrap_or_else(|| TenantId::of_name(&name));
    let mut tenant = party::Tenant::new(id, name.clone(), api.guard.now());
    tenant.licensed = sent.licensed;
    let answer = |created: bool, tenant: party::Tenant| {
        let (path, version) = (format!("/v1/tenants/{}", tenant.id), tenant.version);
        known(created, path, Some(version), &Tenant::from(tenant))
    };
    let found = match tenants.create(&tenant).await? {
        TenantCreation::Created => return answer(true, tenant),
        TenantCreation::Exists => tenants.get(id).await?,
        TenantCreation::NameTaken => tenants.by_name(&name).await?,
    };
    match found {
        Some(found) if same(&found, sent, &name) => answer(false, found),
        Some(found) => Err(Problem::new(
            Code::Conflict,
            format!("The tenant `{}` is known with the id {}.", found.name, found.id),
        )
        .remedy("Names and ids belong to one tenant each. Use another name or id; a licence is changed with PATCH.")),
        None => Err(Problem::new(
            Code::Unavailable,
            "Another request makes a tenant of this name known in this moment.",
        )),
    }
}

/// Whether a tenant is known as it was sent.
fn same(found: &party::Tenant, sent: &CreateTenant, name: &str) -> bool {
    sent.id.is_none_or(|id| id == found.id)
        && found.name.to_lowercase() == name.to_lowercase()
        && (sent.licensed.is_none() || sent.licensed == found.licensed)
}

/// Which tenants are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TenantQuery {
    /// The one of this name, in whatever letter case.
    name: Option<String>,
    /// How many are listed at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    cursor: Option<String>,
}

/// List the tenants
///
/// By name.
#[utoipa::path(
    get,
    path = "/v1/tenants",
    operation_id = "listTenants",
    tag = "tenants and partners",
    params(TenantQuery),
    responses(
        (status = 200, body = TenantPage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_tenants(
    State(api): State<Api>,
    Query(query): Query<TenantQuery>,
) -> Result<Json<TenantPage>, Problem> {
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = page.limit()?;
    let name = text("query.name", query.name.as_deref(), MAX_NAME);
    let name = name.map_err(|error| Problem::invalid(vec![error]))?;
    let cursor = Cursor::of(&["tenants"]);
    let tenants = &api.function.tenants;
    let bad = || Problem::at("query.cursor", "It is not one that this list gave.");
    let after = match cursor.read(page.cursor.as_deref())? {
        None => None,
        // The list of one name has one page.
        Some(_) if name.is_some() => return Err(bad()),
        Some(mark) => {
            let id: TenantId = mark.parse().map_err(|_| bad())?;
            Some(tenants.get(id).await?.ok_or_else(bad)?)
        }
    };
    if let Some(name) = name {
        let found = tenants.by_name(&name).await?;
        return Ok(Json(TenantPage {
            tenants: found.into_iter().map(Tenant::in_list).collect(),
            next: None,
        }));
    }
    let listed = tenants.list(after.as_ref(), limit).await?;
    let more = listed.len() == limit;
    let next = listed
        .last()
        .filter(|_| more)
        .map(|last| cursor.write(&last.id.to_string()));
    Ok(Json(TenantPage {
        tenants: listed.into_iter().map(Tenant::in_list).collect(),
        next,
    }))
}

/// Show a tenant
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}",
    operation_id = "getTenant",
    tag = "tenants and partners",
    params(("tenant" = String, Path, description = "The tenant's id")),
    responses(
        (status = 200, body = Tenant, headers(("etag" = String, description = "The tenant's version"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_tenant(State(api): State<Api>, Path(tenant): Path<TenantId>) -> Result<Tagged, Problem> {
    let tenant = api.function.tenants.get(tenant).await?;
    tenant.map(tagged).ok_or_else(Problem::not_found)
}

/// Update a tenant
///
/// What is absent stays. With the header `If-Match` only the version that it names is changed. The licence is for service
/// administrators to record, a tenant's policies are its own.
#[utoipa::path(
    patch,
    path = "/v1/tenants/{tenant}",
    operation_id = "updateTenant",
    tag = "tenants and partners",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("if-match" = Option<String>, Header, description = "The version that is to be changed, as `etag` gave it"),
    ),
    request_body = EditTenant,
    responses(
        (status = 200, body = Tenant, headers(("etag" = String, description = "The tenant's version"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update_tenant(
    State(api): State<Api>,
    Path(id): Path<TenantId>,
    Extension(acting): Extension<Acting>,
    headers: HeaderMap,
    Body(edit): Body<EditTenant>,
) -> Result<Tagged, Problem> {
    if edit.licensed.is_some() && !matches!(acting, Acting::Service(_)) {
        return Err(Problem::new(
            Code::Forbidden,
            "Whether a tenant has a licence is recorded by the role service-administrator.",
        ));
    }
    let tenants = &api.function.tenants;
    let tenant = tenants.get(id).await?.ok_or_else(Problem::not_found)?;
    let edit = edit.into_edit().map_err(Problem::invalid)?;
    if edit.apply(&tenant) == tenant {
        return Ok(tagged(tenant));
    }
    if_match(&headers, tenant.version)?;
    let version = headers.contains_key(header::IF_MATCH).then_some(tenant.version);
    match tenants.edit(id, &edit, version).await? {
        TenantChange::Done(tenant) => Ok(tagged(tenant)),
        TenantChange::Absent => Err(Problem::not_found()),
        TenantChange::TooManyGroups => {
            let detail = format!("A tenant names {MAX_GROUPS} groups at most. Take some off first, with null.");
            Err(Problem::at("groups", detail))
        }
        TenantChange::Overtaken(_) => Err(Problem::new(Code::PreconditionFailed, "It was changed meanwhile.")
            .remedy("Read it again, and decide anew.")),
    }
}
