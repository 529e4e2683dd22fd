//! Shows and lists a manufacturer's entries.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use muster_core::catalogue::{Entry, EntryId};
use muster_core::id::PartnerId;
use muster_core::identity::IdentityKey;
use muster_runtime::http::openapi::words;
use muster_runtime::http::{Cursor, PageQuery, Problem, ProblemBody, Query, etag, text};
use muster_store::ErrorKind;
use muster_store::catalogue::{EntryFilter, EntryPage};
use serde::Deserialize;
use utoipa::IntoParams;

use super::rights::is_manufacturer;
use crate::Api;
use crate::model::{CatalogueEntry, CataloguePage};

/// Which entries are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CatalogueQuery {
    /// How many are listed at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before, with the same filters.
    cursor: Option<String>,
    /// Those that are meant for this partner.
    #[param(value_type = Option<words::PartnerId>)]
    intended_for: Option<PartnerId>,
    /// Those whose serial number begins so.
    serial_prefix: Option<String>,
}

/// List a catalogue
///
/// What is withdrawn is not listed. Where few entries pass the filters, a page may be short, or empty, and name a next one
/// all the same.
#[utoipa::path(
    get,
    path = "/v1/partners/{partner}/catalogue",
    operation_id = "listCatalogue",
    tag = "catalogue",
    params(("partner" = String, Path, description = "The manufacturer's id"), CatalogueQuery),
    responses(
        (status = 200, body = CataloguePage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_catalogue(
    State(api): State<Api>,
    Path(partner): Path<PartnerId>,
    Query(query): Query<CatalogueQuery>,
) -> Result<Json<CataloguePage>, Problem> {
    let serial = text("query.serialPrefix", query.serial_prefix.as_deref(), 128);
    let filter = EntryFilter {
        intended_for: query.intended_for,
        serial_prefix: serial
            .map_err(|error| Problem::invalid(vec![error]))?
            .unwrap_or_default(),
    };
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = page.limit()?;
    is_manufacturer(&api, &partner).await?;
    let cursor = cursor("catalogue", &partner, &filter);
    let listed = page_of(&api, &partner, &filter, &cursor, page.cursor.as_deref(), limit).await?;
    let owned = owned(&api, &listed.entries).await?;
    let entries = listed.entries.into_iter().map(|entry| {
        let owned = owned.contains(&entry.id);
        CatalogueEntry::of(entry, owned)
    });
    Ok(Json(CataloguePage {
        entries: entries.collect(),
        next: listed.next.map(|mark| cursor.write(&mark)),
    }))
}

/// The cursors of a list: good for the catalogue and for the filters.
pub(super) fn cursor(what: &str, partner: &PartnerId, filter: &EntryFilter) -> Cursor {
    let meant = filter.intended_for.as_ref().map_or("", |partner| partner.as_str());
    Cursor::of(&[what, partner.as_str(), meant, &filter.serial_prefix])
}

/// A page of entries.
pub(super) async fn page_of(
    api: &Api,
    partner: &PartnerId,
    filter: &EntryFilter,
    cursor: &Cursor,
    from: Option<&str>,
    limit: usize,
) -> Result<EntryPage, Problem> {
    let from = cursor.read(from)?;
    let listed = api
        .function
        .catalogue
        .list(partner, filter, from.as_deref(), limit)
        .await;
    listed.map_err(|error| match error.kind() {
        ErrorKind::Rejected => Problem::at("query.cursor", "It is not one that this list gave."),
        _ => Problem::from(error),
    })
}

/// Those of the entries whose device somebody has registered.
async fn owned(api: &Api, entries: &[Entry]) -> Result<BTreeSet<EntryId>, Problem> {
    let keys: BTreeSet<IdentityKey> = entries.iter().flat_map(Entry::proving_keys).collect();
    let keys: Vec<IdentityKey> = keys.into_iter().collect();
    let claims = api.function.devices.claims(&keys, false).await?;
    let held = |entry: &&Entry| entry.proving_keys().any(|key| claims.contains_key(&key));
    Ok(entries.iter().filter(held).map(|entry| entry.id).collect())
}

type Tagged = ([(HeaderName, HeaderValue); 1], Json<CatalogueEntry>);

/// Show an entry of a catalogue
///
/// Also once it is withdrawn.
#[utoipa::path(
    get,
    path = "/v1/partners/{partner}/catalogue/{entry}",
    operation_id = "getCatalogueEntry",
    tag = "catalogue",
    params(
        ("partner" = String, Path, description = "The manufacturer's id"),
        ("entry" = String, Path, description = "The entry's id"),
    ),
    responses(
        (status = 200, body = CatalogueEntry, headers(("etag" = String, description = "The entry's version"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_catalogue_entry(
    State(api): State<Api>,
    Path((partner, entry)): Path<(PartnerId, String)>,
) -> Result<Tagged, Problem> {
    let id: EntryId = entry.parse().map_err(|_| Problem::not_found())?;
    let found = api.function.catalogue.get(id).await?;
    let entry = found
        .filter(|entry| entry.partner == partner)
        .ok_or_else(Problem::not_found)?;
    let owned = owned(&api, std::slice::from_ref(&entry)).await?.contains(&id);
    let tag = etag(entry.version);
    Ok(([(header::ETAG, tag)], Json(CatalogueEntry::of(entry, owned))))
}
