//! Partners: OEMs and CSPs.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::{Extension, Json};
use muster_core::id::PartnerId;
use muster_core::party::{self, PartnerKind};
use muster_runtime::http::{Acting, Body, Code, Cursor, PageQuery, Problem, ProblemBody, Query, etag, if_match};
use muster_store::PartnerChange;
use muster_store::idempotency::Seed;

use super::{known, name};
use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{CreatePartner, EditPartner, Partner, PartnerPage};

/// Make a partner known
///
/// The same again answers the partner as it is known.
#[utoipa::path(
    post,
    path = "/v1/partners",
    operation_id = "createPartner",
    tag = "tenants and partners",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),),
    request_body = CreatePartner,
    responses(
        (status = 201, body = Partner, headers(
            ("location" = String, description = "The partner's path"),
            ("etag" = String, description = "The partner's version"),
        )),
        (status = 200, body = Partner, description = "It was known as given"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_partner(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    headers: HeaderMap,
    Body(sent): Body<CreatePartner>,
) -> Result<Answer, Problem> {
    let run = async |_: Seed| create(&api, sent.clone()).await;
    idempotent(&api, &acting, &headers, "/v1/partners", &sent, run).await
}

async fn create(api: &Api, sent: CreatePartner) -> Result<Answer, Problem> {
    let partners = &api.function.partners;
    let partner = party::Partner {
        provider: sent.provider,
        manufacturers: manufacturers(sent.kind, &sent.manufacturers)?,
        ..party::Partner::new(sent.id, name(&sent.name)?, sent.kind, api.guard.now())
    };
    if let Some(provider) = &partner.provider {
        if partner.kind != PartnerKind::CspReseller {
            return Err(Problem::at(
                "provider",
                "Only a partner of the kind csp-reseller has a provider.",
            ));
        }
        let found = partners.get(provider).await?;
        if found.is_none_or(|found| found.kind != PartnerKind::CspProvider) {
            return Err(Problem::at(
                "provider",
                "It must be a known partner of the kind csp-provider. Make it known first.",
            ));
        }
    }
    let answer = |created: bool, partner: party::Partner| {
        let (path, version) = (format!("/v1/partners/{}", partner.id), partner.version);
        known(created, path, Some(version), &Partner::from(partner))
    };
    if partners.create(&partner).await? {
        return answer(true, partner);
    }
    match partners.get(&partner.id).await? {
        Some(found)
            if (&found.name, found.kind, &found.provider) == (&partner.name, partner.kind, &partner.provider)
                && (partner.manufacturers.is_empty() || partner.manufacturers == found.manufacturers) =>
        {
            answer(false, found)
        }
        _ => Err(Problem::new(
            Code::Conflict,
            format!(
                "The partner `{}` is known with another name, kind or provider, or for other manufacturers.",
                partner.id
            ),
        )
        .remedy("Use another id; manufacturers are changed with PATCH.")),
    }
}

/// List the partners
///
/// By id.
#[utoipa::path(
    get,
    path = "/v1/partners",
    operation_id = "listPartners",
    tag = "tenants and partners",
    params(PageQuery),
    responses(
        (status = 200, body = PartnerPage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_partners(
    State(api): State<Api>,
    Query(page): Query<PageQuery>,
) -> Result<Json<PartnerPage>, Problem> {
    let limit = page.limit()?;
    let cursor = Cursor::of(&["partners"]);
    let after: Option<PartnerId> = match cursor.read(page.cursor.as_deref())? {
        None => None,
        Some(mark) => Some(
            mark.parse()
                .map_err(|_| Problem::at("query.cursor", "It is not one that this list gave."))?,
        ),
    };
    let listed = api.function.partners.list(after.as_ref(), limit).await?;
    let more = listed.len() == limit;
    let next = listed
        .last()
        .filter(|_| more)
        .map(|last| cursor.write(last.id.as_str()));
    Ok(Json(PartnerPage {
        partners: listed.into_iter().map(Partner::from).collect(),
        next,
    }))
}

/// Show a partner
#[utoipa::path(
    get,
    path = "/v1/partners/{partner}",
    operation_id = "getPartner",
    tag = "tenants and partners",
    params(("partner" = String, Path, description = "The partner's id")),
    responses(
        (status = 200, body = Partner, headers(("etag" = String, description = "The partner's version"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_partner(State(api): State<Api>, Path(partner): Path<PartnerId>) -> Result<Tagged, Problem> {
    let partner = api.function.partners.get(&partner).await?;
    partner.map(tagged).ok_or_else(Problem::not_found)
}

/// Update a partner
///
/// What is absent stays. With the header `If-Match` only the version that it names is changed.
#[utoipa::path(
    patch,
    path = "/v1/partners/{partner}",
    operation_id = "updatePartner",
    tag = "tenants and partners",
    params(
        ("partner" = String, Path, description = "The partner's id"),
        ("if-match" = Option<String>, Header, description = "The version that is to be changed, as `etag` gave it"),
    ),
    request_body = EditPartner,
    responses(
        (status = 200, body = Partner, headers(("etag" = String, description = "The partner's version"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update_partner(
    State(api): State<Api>,
    Path(id): Path<PartnerId>,
    headers: HeaderMap,
    Body(edit): Body<EditPartner>,
) -> Result<Tagged, Problem> {
    let partners = &api.function.partners;
    let partner = partners.get(&id).await?.ok_or_else(Problem::not_found)?;
    let Some(names) = edit.manufacturers else {
        return Ok(tagged(partner));
    };
    let names = manufacturers(partner.kind, &names)?;
    if names == partner.manufacturers {
        return Ok(tagged(partner));
    }
    if_match(&headers, partner.version)?;
    let version = headers.contains_key(header::IF_MATCH).then_some(partner.version);
    match partners.bind(&id, &names, version).await? {
        PartnerChange::Done(partner) => Ok(tagged(partner)),
        PartnerChange::Absent => Err(Problem::not_found()),
        PartnerChange::Overtaken(_) => Err(Problem::new(Code::PreconditionFailed, "It was changed meanwhile.")
            .remedy("Read it again, and decide anew.")),
    }
}

type Tagged = ([(HeaderName, HeaderValue); 1], Json<Partner>);

fn tagged(partner: party::Partner) -> Tagged {
    ([(header::ETAG, etag(partner.version))], Json(partner.into()))
}

/// The names of manufacturers as they were sent.
fn manufacturers(kind: PartnerKind, sent: &BTreeSet<String>) -> Result<BTreeSet<String>, Problem> {
    party::manufacturers(kind, sent).map_err(|why| Problem::at("manufacturers", why))
}
