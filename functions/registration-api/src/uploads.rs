//! Uploads over HTTP: announced and sent to the bucket, or sent inline; looked at, called off, taken up again.

mod announce;
mod complete;
mod csv;
mod end;
mod files;
mod find;
mod inline;
mod options;
mod rights;
mod rows;
mod show;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;

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
        .routes(routes!(inline::register_devices))
}

/// Where an upload is looked at.
fn path_of(tenant: muster_core::id::TenantId, id: &impl std::fmt::Display) -> String {
    format!("/v1/tenants/{tenant}/uploads/{id}")
}
