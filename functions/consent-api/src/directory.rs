//! The directory of manufacturers and resellers that take part.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use muster_core::id::PartnerId;
use muster_core::party::{Listing, Partner, PartnerKind};
use muster_runtime::http::{
    Body, Code, Cursor, FieldError, PageQuery, Problem, ProblemBody, Query, etag, if_match, text,
};
use muster_store::{Listed, ListingWrite};

use crate::Api;
use crate::model::{DirectoryEntry, DirectoryPage, DirectoryQuery, ListingBody};

/// How many characters a description has at most.
const MAX_DESCRIPTION: usize = 1000;
/// How many characters a website's URL has at most.
const MAX_WEBSITE: usize = 200;
/// How many regions are named at most, and how many characters each has.
const MAX_REGIONS: (usize, usize) = (100, 64);

/// List the directory
///
/// The manufacturers and resellers that take part, by kind and id. Everybody with a token may read it.
#[utoipa::path(
    get,
    path = "/v1/directory",
    operation_id = "listDirectory",
    tag = "directory",
    params(DirectoryQuery),
    responses(
        (status = 200, body = DirectoryPage, description = "The partners"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "A part of the query is wrong"),
    )
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Query(query): Query<DirectoryQuery>,
) -> Result<Json<DirectoryPage>, Problem> {
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = page.limit()?;
    let cursor = Cursor::of(&["directory", query.kind.map_or("", PartnerKind::as_str)]);
    let from = cursor.read(page.cursor.as_deref())?;
    let from = from.as_deref().map(place).transpose()?;
    if from
        .as_ref()
        .is_some_and(|(kind, _)| query.kind.is_some_and(|asked| asked != *kind))
    {
        return Err(Problem::at("query.cursor", "It is not one that this list gave."));
    }
    let from = from.as_ref().map(|(kind, id)| (*kind, id));
    let (listed, next) = api.function.partners.directory(query.kind, from, limit).await?;
    Ok(Json(DirectoryPage {
        partners: listed.into_iter().map(DirectoryEntry::from).collect(),
        next: next.map(|(kind, id)| cursor.write(&format!("{} {id}", kind.as_str()))),
    }))
}

/// The place in the directory that a cursor's mark is for.
fn place(mark: &str) -> Result<(PartnerKind, PartnerId), Problem> {
    let wrong = || Problem::at("query.cursor", "It is not one that this list gave.");
    let (kind, id) = mark.split_once(' ').ok_or_else(wrong)?;
    let kind = PartnerKind::ALL.into_iter().find(|known| known.as_str() == kind);
    Ok((kind.ok_or_else(wrong)?, id.parse().map_err(|_| wrong())?))
}

/// List a partner in the directory
///
/// Or change what the directory says of it.
#[utoipa::path(
    put,
    path = "/v1/directory/{partner}",
    operation_id = "putListing",
    tag = "directory",
    params(
        ("partner" = String, Path, description = "The partner's id"),
        ("if-match" = Option<String>, Header, description = "The entity tag of the entry that is changed"),
    ),
    request_body(content = ListingBody, description = "What the directory is to say"),
    responses(
        (status = 200, body = DirectoryEntry, description = "The entry", headers(("etag", description = "Its version"))),
        (status = 201, body = DirectoryEntry, description = "The entry, which is new", headers(("etag", description = "Its version"))),
        (status = 412, body = ProblemBody, content_type = "application/problem+json",
            description = "The entry is at another version, or there is none"),
    )
)]
pub(crate) async fn put(
    State(api): State<Api>,
    Path(partner): Path<PartnerId>,
    headers: HeaderMap,
    Body(body): Body<ListingBody>,
) -> Result<Response, Problem> {
    let listing = checked(&body)?;
    let partner = api
        .function
        .partners
        .get(&partner)
        .await?
        .ok_or_else(Problem::not_found)?;
    let (status, version) = match write(&api, &partner, Some(&listing), &headers).await? {
        ListingWrite::Added(version) => (StatusCode::CREATED, version),
        ListingWrite::Kept(version) => (StatusCode::OK, version),
        ListingWrite::Changed(_) => return Err(changed()),
    };
    let entry = DirectoryEntry::from(Listed {
        partner,
        listing,
        version,
    });
    Ok((status, [(header::ETAG, etag(version))], Json(entry)).into_response())
}

/// Take a partner out of the directory
///
/// A partner that is not listed stays so.
#[utoipa::path(
    delete,
    path = "/v1/directory/{partner}",
    operation_id = "deleteListing",
    tag = "directory",
    params(
        ("partner" = String, Path, description = "The partner's id"),
        ("if-match" = Option<String>, Header, description = "The entity tag of the entry that is taken out"),
    ),
    responses(
        (status = 204, description = "It is not listed"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json",
            description = "The entry is at another version"),
    )
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Path(partner): Path<PartnerId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let partner = api
        .function
        .partners
        .get(&partner)
        .await?
        .ok_or_else(Problem::not_found)?;
    match write(&api, &partner, None, &headers).await? {
        ListingWrite::Added(_) | ListingWrite::Kept(_) => Ok(StatusCode::NO_CONTENT),
        ListingWrite::Changed(_) => Err(changed()),
    }
}

/// Writes a listing, unless it is so already, on the condition that the header If-Match names.
async fn write(
    api: &Api,
    partner: &Partner,
    listing: Option<&Listing>,
    headers: &HeaderMap,
) -> Result<ListingWrite, Problem> {
    let partners = &api.function.partners;
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(partners.set_listing(partner, listing, None).await?);
    }
    let before = partners.listing(&partner.id).await?;
    let seen = match &before {
        // What is so already needs no change, so there is nothing to be overtaken.
        before if before.as_ref().map(|(listing, _)| listing) == listing => None,
        Some((_, version)) => {
            if_match(headers, *version)?;
            Some(*version)
        }
        None => return Err(changed()),
    };
    Ok(partners.set_listing(partner, listing, seen).await?)
}

fn changed() -> Problem {
    let detail = "The partner is not listed as the header If-Match says.";
    Problem::new(Code::PreconditionFailed, detail).remedy("Read the directory again, and decide anew.")
}

/// A listing that is fit to be shown.
fn checked(body: &ListingBody) -> Result<Listing, Problem> {
    let mut errors = Vec::new();
    let mut keep = |kept: Result<Option<String>, FieldError>| {
        kept.unwrap_or_else(|error| {
            errors.push(error);
            None
        })
    };
    let wrong = |path: &str, detail: &str| FieldError {
        path: path.to_owned(),
        detail: detail.to_owned(),
    };
    let needed = |path: &str, kept: Result<Option<String>, FieldError>| match kept {
        Ok(None) => Err(wrong(path, "It must not be blank.")),
        kept => kept,
    };
    let description = text("description", Some(&body.description), MAX_DESCRIPTION);
    let description = keep(needed("description", description)).unwrap_or_default();
    let website = keep(match text("website", body.website.as_deref(), MAX_WEBSITE) {
        Ok(Some(url)) if !is_website(&url) => Err(wrong(
            "website",
            "It must be an https URL such as https://contoso.com/.",
        )),
        kept => kept,
    });
    let mut regions = Vec::new();
    for (n, region) in body.regions.iter().enumerate().take(MAX_REGIONS.0) {
        let path = format!("regions[{n}]");
        regions.extend(keep(needed(&path, text(&path, Some(region), MAX_REGIONS.1))));
    }
    if body.regions.len() > MAX_REGIONS.0 {
        let detail = format!("At most {} regions are taken.", MAX_REGIONS.0);
        errors.push(wrong("regions", &detail));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    Ok(Listing {
        description,
        website,
        regions,
    })
}

fn is_website(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        let authority = uri.authority().map(axum::http::uri::Authority::as_str);
        uri.scheme_str() == Some("https") && authority.is_some_and(|name| !name.is_empty() && !name.contains('@'))
    })
}
