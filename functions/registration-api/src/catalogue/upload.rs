//! Lists for a catalogue: announced, or inline. What becomes of them is asked for under the id that stands for the catalogue
//! in a tenant's place, as of any upload; the header `Location` names it.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use muster_core::id::PartnerId;
use muster_runtime::http::{Acting, Body, Problem, ProblemBody, Query};
use muster_store::idempotency::Seed;

use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{
    AnnouncedUpload, NewCatalogueEntries, NewCatalogueUpload, NewDevice, NewDevices, NewUpload, Upload,
};
use crate::uploads::{Target, WaitQuery, announce, answer_at_end, answer_signed, take};

/// Announce a list for a catalogue
///
/// As any upload is announced: the answer holds a URL that takes exactly this file, once. Each row needs the device's
/// hardware hash.
#[utoipa::path(
    post,
    path = "/v1/partners/{partner}/catalogue/uploads",
    operation_id = "createCatalogueUpload",
    tag = "catalogue",
    params(
        ("partner" = String, Path, description = "The manufacturer's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = NewCatalogueUpload,
    responses(
        (status = 201, body = AnnouncedUpload, headers(("Location" = String, description = "Where to ask for it"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_catalogue_upload(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(partner): Path<PartnerId>,
    headers: HeaderMap,
    Body(sent): Body<NewCatalogueUpload>,
) -> Result<Answer, Problem> {
    let path = format!("/v1/partners/{partner}/catalogue/uploads");
    let new = NewUpload {
        channel: None,
        name: sent.name.clone(),
        size: sent.size,
        multipart: sent.multipart,
        sha256: sent.sha256.clone(),
        strict: sent.strict,
        on_conflict: None,
        group_tag: None,
        validate_only: sent.validate_only,
    };
    let target = Target::Catalogue {
        partner: &partner,
        intended_for: sent.intended_for.as_ref(),
    };
    let run = async |seed: Seed| announce(&api, &acting, target, &new, seed).await;
    let kept = idempotent(&api, &acting, &headers, &path, &sent, run).await?;
    answer_signed(&api, kept).await
}

/// List devices in a catalogue
///
/// Up to 1,000 at once. With `wait`, the answer comes when they are listed, or when the time is up.
#[utoipa::path(
    post,
    path = "/v1/partners/{partner}/catalogue/entries",
    operation_id = "createCatalogueEntries",
    tag = "catalogue",
    params(
        ("partner" = String, Path, description = "The manufacturer's id"),
        WaitQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = NewCatalogueEntries,
    responses(
        (status = 202, body = Upload, headers(("Location" = String, description = "Where to ask for it"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_catalogue_entries(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(partner): Path<PartnerId>,
    Query(wait): Query<WaitQuery>,
    headers: HeaderMap,
    Body(sent): Body<NewCatalogueEntries>,
) -> Result<Answer, Problem> {
    let time = wait.time()?;
    let path = format!("/v1/partners/{partner}/catalogue/entries");
    let new = NewDevices {
        channel: None,
        strict: None,
        on_conflict: None,
        group_tag: None,
        validate_only: sent.validate_only,
        devices: sent.devices.iter().cloned().map(NewDevice::from).collect(),
    };
    let target = Target::Catalogue {
        partner: &partner,
        intended_for: sent.intended_for.as_ref(),
    };
    let run = async |seed: Seed| take(&api, &acting, target, &new, seed).await;
    let taken = idempotent(&api, &acting, &headers, &path, &sent, run).await?;
    answer_at_end(&api, &acting, target.owner(), taken, time).await
}
