//! Uploads by either of their ids, as far as the caller may know of them.

use std::time::Duration;

use muster_core::id::TenantId;
use muster_core::upload::{ObjectVersion, Reason};
use muster_runtime::http::{Acting, Problem};
use muster_service::wait;
use muster_store::announcements::Announcement;
use muster_store::uploads::Stray;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Api;
use crate::model::{FileSeen, Upload};

pub(super) use muster_service::uploads::{Found, may_see};

/// How long to wait.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitQuery {
    /// For how many seconds to wait at most for the upload's end, 0 to 20. The answer tells how it stands then.
    #[param(minimum = 0, maximum = 20, default = 0)]
    pub(crate) wait: Option<u64>,
}

impl WaitQuery {
    /// The time to wait.
    ///
    /// # Errors
    /// When it is too long.
    pub(crate) fn time(&self) -> Result<Duration, Problem> {
        wait::time(self.wait)
    }
}

/// The upload that a path names.
///
/// # Errors
/// When there is none, or none that the caller may know of.
pub(super) async fn find(api: &Api, acting: &Acting, tenant: TenantId, id: &str) -> Result<Found, Problem> {
    api.known_uploads().find(acting, tenant, id).await
}

/// The object that an announcement became.
pub(super) async fn object_of(api: &Api, announced: &Announcement) -> Result<Option<ObjectVersion>, Problem> {
    api.known_uploads().object_of(announced).await
}

/// How an upload stands.
pub(super) async fn view(api: &Api, found: Found) -> Result<Upload, Problem> {
    let now = api.guard.now();
    match found {
        Found::Known(status) => Ok(Upload::read(&api.function.uploads, *status, now).await?),
        Found::Announced(announced, arrived) => {
            let file = match &arrived {
                None => FileSeen::Not,
                Some(arrived) => match arrived.given_up() {
                    Some(stray) => FileSeen::GivenUp {
                        reason: never_split(stray),
                        at: stray.seen_at,
                    },
                    None => FileSeen::Arrived,
                },
            };
            Ok(Upload::announced(*announced, file, now))
        }
    }
}

/// Why a file was given up, in words for whoever sent it: what is recorded speaks to whoever runs the service.
fn never_split(stray: &Stray) -> Reason {
    Reason {
        code: stray.reason.code.clone(),
        detail: stray.reason.detail.clone(),
        remedy: "Resume the upload. If it is given up again, tell whoever runs the service.".to_owned(),
    }
}

/// How an upload stands at its end, or when the time is up.
pub(crate) async fn view_at_end(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    id: &str,
    time: Duration,
) -> Result<Upload, Problem> {
    view(api, api.known_uploads().at_end(acting, tenant, id, time).await?).await
}
