//! Catalogues over HTTP: what a manufacturer makes known, sees and takes back, and the PKIDs that it lets a partner read.

mod keys;
mod list;
pub(crate) mod rights;
mod upload;
mod withdraw;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;

/// The routes of catalogues.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(upload::create_catalogue_upload))
        .routes(routes!(upload::create_catalogue_entries))
        .routes(routes!(list::list_catalogue))
        .routes(routes!(list::get_catalogue_entry))
        .routes(routes!(withdraw::withdraw_catalogue_entries))
        .routes(routes!(keys::list_catalogue_product_keys))
        .routes(routes!(keys::list_product_keys))
}
