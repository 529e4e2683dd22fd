//! The lookup: may this partner do this now?

use axum::Json;
use axum::extract::{Extension, Path, State};
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::Registrant;
use muster_runtime::http::{Acting, FieldError, Problem, ProblemBody, Query};

use crate::Api;
use crate::consents::seen_by;
use crate::model::{Permission, PermissionQuery};
use crate::refusal::denied;

/// Look a permission up
///
/// Whether the partner may do this for the tenant through this channel now, and why not. An indirect provider may what one
/// of its resellers may, unless the tenant decided about the provider itself.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/consents/{partner}/permission",
    operation_id = "getPermission",
    tag = "consent",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("partner" = String, Path, description = "The partner's id"),
        PermissionQuery,
    ),
    responses(
        (status = 200, body = Permission, description = "Whether it may"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "A part of the query is wrong"),
    )
)]
pub(crate) async fn permission(
    State(api): State<Api>,
    Path((tenant, partner)): Path<(TenantId, PartnerId)>,
    Extension(acting): Extension<Acting>,
    Query(query): Query<PermissionQuery>,
) -> Result<Json<Permission>, Problem> {
    let (Some(verb), Some(channel)) = (query.verb, query.channel) else {
        return Err(lacking(&query));
    };
    let function = &api.function;
    let known = function.partners.get(&partner).await?;
    let registrant = Registrant::Partner(partner);
    let now = api.guard.now();
    let found = function
        .grants
        .permission(tenant, &registrant, known.as_ref(), verb, channel, now)
        .await?;
    if found.grant.is_none() && function.tenants.get(tenant).await?.is_none() {
        return Err(Problem::not_found());
    }
    let via = found.answer.as_ref().ok().map(|pin| &pin.registrant);
    let via = via.filter(|via| **via != registrant).and_then(Registrant::partner);
    Ok(Json(Permission {
        allowed: found.answer.is_ok(),
        via_reseller: via.cloned(),
        reason: found.answer.err().map(denied),
        grant: found.grant.as_ref().map(|grant| seen_by(&acting, grant)),
    }))
}

fn lacking(query: &PermissionQuery) -> Problem {
    let mut errors = Vec::new();
    for (path, is_given) in [
        ("query.verb", query.verb.is_some()),
        ("query.channel", query.channel.is_some()),
    ] {
        errors.extend((!is_given).then(|| FieldError {
            path: path.to_owned(),
            detail: "It is needed.".to_owned(),
        }));
    }
    Problem::invalid(errors)
}
