//! Uploads over HTTP: announced and sent to the bucket, or sent inline; looked at, called off, taken up again.

mod announce;
mod complete;
mod end;
mod files;
pub(crate) mod find;
pub(crate) mod inline;
mod options;
pub(crate) mod rights;
mod rows;
mod show;

pub(crate) use announce::{announce, answer_signed};
pub(crate) use find::WaitQuery;
pub(crate) use inline::{answer_at_end, take};
pub(crate) use rights::Target;

use muster_core::id::AnnouncementId;
use muster_runtime::http::{Code, Problem};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::idempotent::Answer;

/// The routes of uploads.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(announce::create_upload, show::list_uploads))
        .routes(routes!(show::get_upload))
        .routes(routes!(complete::complete_upload))
        .routes(routes!(end::cancel_upload))
        .routes(routes!(end::resume_upload))
        .routes(routes!(rows::list_upload_rows))
        .routes(routes!(files::get_upload_report))
        .routes(routes!(files::get_upload_fixit))
        .routes(routes!(files::get_upload_summary))
        .routes(routes!(inline::register_devices))
}

/// Where an upload is looked at.
pub(crate) fn path_of(tenant: muster_core::id::TenantId, id: &impl std::fmt::Display) -> String {
    format!("/v1/tenants/{tenant}/uploads/{id}")
}

/// What is kept of an answer under its idempotency key. How the upload stands is looked up, and URLs are signed, each time.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: AnnouncementId,
}

impl Kept {
    fn of(answer: &Answer) -> Result<Self, Problem> {
        serde_json::from_str(&answer.body).map_err(|e| Problem::new(Code::Internal, "The service failed.").caused_by(e))
    }
}
