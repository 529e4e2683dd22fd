//! PKIDs of devices that are meant for a partner: for the manufacturer that hands them out, and for that partner.

use axum::Json;
use axum::extract::{Path, State};
use muster_core::id::PartnerId;
use muster_runtime::http::openapi::words;
use muster_runtime::http::{PageQuery, Problem, ProblemBody, Query};
use muster_store::catalogue::EntryFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::list::{cursor, page_of};
use super::rights::{is_known, is_manufacturer};
use crate::Api;
use crate::model::{ProductKey, ProductKeyPage};

/// For whom.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ForQuery {
    /// How many are listed at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    cursor: Option<String>,
    /// The partner that the devices are meant for.
    #[param(value_type = words::PartnerId)]
    r#for: PartnerId,
}

/// From whom.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FromQuery {
    /// How many are listed at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    cursor: Option<String>,
    /// The manufacturer that made the devices known.
    #[param(value_type = words::PartnerId)]
    manufacturer: PartnerId,
}

/// List the PKIDs that are meant for a partner
///
/// As that partner reads them with `GET /v1/partners/{partner}/product-keys`.
#[utoipa::path(
    get,
    path = "/v1/partners/{partner}/catalogue/product-keys",
    operation_id = "listCatalogueProductKeys",
    tag = "catalogue",
    params(("partner" = String, Path, description = "The manufacturer's id"), ForQuery),
    responses(
        (status = 200, body = ProductKeyPage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_catalogue_product_keys(
    State(api): State<Api>,
    Path(partner): Path<PartnerId>,
    Query(query): Query<ForQuery>,
) -> Result<Json<ProductKeyPage>, Problem> {
    is_manufacturer(&api, &partner).await?;
    is_known(&api, "query.for", Some(&query.r#for)).await?;
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    keys(&api, &partner, query.r#for, &page).await
}

/// List the PKIDs of devices that are meant for the caller
///
/// Those of a manufacturer's catalogue that it marked so. A PKID registers its device, where a tenant consents.
#[utoipa::path(
    get,
    path = "/v1/partners/{partner}/product-keys",
    operation_id = "listProductKeys",
    tag = "catalogue",
    params(("partner" = String, Path, description = "The partner's id"), FromQuery),
    responses(
        (status = 200, body = ProductKeyPage),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_product_keys(
    State(api): State<Api>,
    Path(partner): Path<PartnerId>,
    Query(query): Query<FromQuery>,
) -> Result<Json<ProductKeyPage>, Problem> {
    let page = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    // A manufacturer that there is not has made nothing known, like any that meant nothing for this partner.
    keys(&api, &query.manufacturer, partner, &page).await
}

async fn keys(
    api: &Api,
    manufacturer: &PartnerId,
    meant: PartnerId,
    page: &PageQuery,
) -> Result<Json<ProductKeyPage>, Problem> {
    let filter = EntryFilter {
        intended_for: Some(meant),
        serial_prefix: String::new(),
    };
    let (limit, cursor) = (page.limit()?, cursor("product keys", manufacturer, &filter));
    let listed = page_of(api, manufacturer, &filter, &cursor, page.cursor.as_deref(), limit).await?;
    Ok(Json(ProductKeyPage {
        product_keys: listed.entries.into_iter().filter_map(ProductKey::of).collect(),
        next: listed.next.map(|mark| cursor.write(&mark)),
    }))
}
