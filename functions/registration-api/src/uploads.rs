//! Uploads over HTTP.

use utoipa_axum::router::OpenApiRouter;

use crate::Api;

/// The routes of uploads.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
}
