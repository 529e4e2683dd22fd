//! Calls uploads off, and takes up again what was given up.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use muster_core::id::TenantId;
use muster_core::upload::{ObjectVersion, Reason, UploadState};
use muster_runtime::http::{Acting, Body, Problem, ProblemBody};
use muster_store::ErrorKind;
use muster_store::announcements::Announcement;
use muster_store::uploads::{Accepted, RefusedUpload, UploadStatus};

use super::announce::conflict;
use super::find::{Found, find, object_of, view};
use super::path_of;
use crate::Api;
use crate::idempotent::{Answer, idempotent};
use crate::model::{Nothing, Upload};

/// Cancel an upload
///
/// Once this is answered, no batch of the upload is begun any more, and a batch that is worked on stops before its next
/// transaction: at most the one that each worker has in hand is still written. What was registered stays. An upload whose
/// file is still waited for takes none any more.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/uploads/{upload}/cancel",
    operation_id = "cancelUpload",
    tag = "uploads",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("upload" = String, Path, description = "The id of the upload, or of its announcement"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = Nothing,
    responses(
        (status = 200, body = Upload),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel_upload(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, upload)): Path<(TenantId, String)>,
    headers: HeaderMap,
    Body(nothing): Body<Nothing>,
) -> Result<Answer, Problem> {
    let path = format!("{}/cancel", path_of(tenant, &upload));
    let run = async |_| {
        let reason = reason(&acting);
        match find(&api, &acting, tenant, &upload).await? {
            Found::Known(status) => cancel_known(&api, &status, &reason).await?,
            Found::Announced(announced, _) => cancel_announced(&api, &announced, &reason).await?,
        }
        let found = find(&api, &acting, tenant, &upload).await?;
        Answer::new(StatusCode::OK, None, &view(&api, found).await?)
    };
    idempotent(&api, &acting, &headers, &path, &nothing, run).await
}

fn reason(acting: &Acting) -> Reason {
    let by = match acting.partner() {
        None => "the tenant".to_owned(),
        Some(partner) => format!("the partner {partner}"),
    };
    Reason::cancelled(&by)
}

async fn cancel_known(api: &Api, status: &UploadStatus, reason: &Reason) -> Result<(), Problem> {
    let uploads = &api.function.uploads;
    if uploads.cancel(&status.id, reason, api.guard.now()).await? {
        return Ok(());
    }
    let now = uploads.get(&status.id).await?;
    match now.map(|status| status.state) {
        Some(UploadState::Cancelled) => Ok(()),
        _ => Err(conflict(
            "The upload has come to its end already, so there is nothing to cancel.",
            "Look at it to see what became of it.",
        )),
    }
}

/// Its object may arrive at any moment, and be split. So the announcement is called off first, which an object that arrives
/// later is refused by; then one that is there already is recorded as called off, unless it was accepted by then.
async fn cancel_announced(api: &Api, announced: &Announcement, reason: &Reason) -> Result<(), Problem> {
    let function = &api.function;
    function.announcements.cancel(&announced.id, reason).await?;
    if let Some(object) = object_of(api, announced).await? {
        let early = early(announced, object, reason);
        return match function.uploads.cancel_early(&early, api.guard.now()).await? {
            Accepted::New => Ok(()),
            Accepted::Known(status) => cancel_known(api, &status, reason).await,
        };
    }
    if let Some(plan) = &announced.parts {
        function.objects.abort_parts(&announced.key, &plan.upload_id).await?;
    }
    Ok(())
}

fn early(announced: &Announcement, object: ObjectVersion, reason: &Reason) -> RefusedUpload {
    RefusedUpload {
        object,
        size: announced.size,
        tenant: Some(announced.tenant),
        registrant: Some(announced.registrant.clone()),
        channel: Some(announced.channel),
        options: Some(announced.options.clone()),
        reason: reason.clone(),
    }
}

/// Resume an upload that was given up
///
/// It goes on where it stopped, within a minute.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/uploads/{upload}/resume",
    operation_id = "resumeUpload",
    tag = "uploads",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("upload" = String, Path, description = "The id of the upload, or of its announcement"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless: 1 to 255 visible characters"),
    ),
    request_body = Nothing,
    responses(
        (status = 202, body = Upload, headers(("Location" = String, description = "Where to ask for it"))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn resume_upload(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, upload)): Path<(TenantId, String)>,
    headers: HeaderMap,
    Body(nothing): Body<Nothing>,
) -> Result<Answer, Problem> {
    let path = format!("{}/resume", path_of(tenant, &upload));
    let run = async |_| {
        let not_given_up = || {
            conflict(
                "The upload was not given up, so there is nothing to resume.",
                "Look at it to see how it stands.",
            )
        };
        let id = find(&api, &acting, tenant, &upload).await?.id();
        let id = id.ok_or_else(not_given_up)?;
        let resumed = api.function.uploads.resume(&id, api.guard.now()).await;
        let resumed = resumed.map_err(|error| match error.kind() {
            ErrorKind::Rejected => conflict(
                "The upload is so old that nobody knows any more which of its rows were done.",
                "Upload the file again: rows that are registered come out as unchanged.",
            ),
            _ => Problem::from(error),
        })?;
        let found = find(&api, &acting, tenant, &upload).await?;
        // An earlier request may have resumed it, and was not answered.
        if !resumed && !found.is_under_way() {
            return Err(not_given_up());
        }
        let location = Some(path_of(tenant, &upload));
        Answer::new(StatusCode::ACCEPTED, location, &view(&api, found).await?)
    };
    idempotent(&api, &acting, &headers, &path, &nothing, run).await
}
