//! Which profile a device has, and why.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use muster_core::device::DeviceState;
use muster_core::id::TenantId;
use muster_runtime::http::{Acting, Code, Problem, ProblemBody, Query};
use muster_service::wait::{self, Wait};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Api;
use crate::devices::known;
use crate::model::{DeviceProfile, Eyes};
use crate::rights;

/// How long to wait.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProfileWaitQuery {
    /// For how many seconds to wait at most until the device has a profile that it can use, 0 to 20.
    #[param(minimum = 0, maximum = 20, default = 0)]
    wait: Option<u64>,
}

/// Explain a device's profile
///
/// Which profile the device has, why, and what became of every other one. Nothing of it is stored: it is so at this moment.
/// A partner is told what would be so if there were no profiles but those of partners, and nothing of what the device got; the
/// device may have one of the tenant's own all the same. With `wait`, the answer comes when the device has a profile that it can
/// use, or when the time is up: before that nobody should connect it, since a device keeps the answer that it has none. To a
/// partner the end of the wait is no permission to connect the device: one of the tenant's own profiles may come before, and the
/// device may be unable to use it. The tenant's own wait says when.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/devices/{device}/profile",
    operation_id = "explainDeviceProfile",
    tag = "profiles",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("device" = String, Path, description = "The device's id"),
        ProfileWaitQuery,
    ),
    responses(
        (status = 200, body = DeviceProfile),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn explain_device_profile(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, device)): Path<(TenantId, String)>,
    Query(asked): Query<ProfileWaitQuery>,
) -> Result<Json<DeviceProfile>, Problem> {
    let wait = Wait::begin(wait::time(asked.wait)?);
    rights::may_see(&api, &acting, tenant).await?;
    loop {
        let told = look(&api, &acting, tenant, &device).await?;
        if told.is_ready() || !wait.goes_on().await {
            return Ok(Json(told));
        }
    }
}

async fn look(api: &Api, acting: &Acting, tenant: TenantId, device: &str) -> Result<DeviceProfile, Problem> {
    let device = known(api, acting, tenant, device).await?;
    if device.state != DeviceState::Registered {
        let detail = format!("The device is {} and has no profile.", device.state.as_str());
        return Err(Problem::new(Code::Conflict, detail));
    }
    let (profiles, contacts) = (&api.function.profiles, &api.function.contacts);
    Ok(DeviceProfile::read(profiles, contacts, &device, eyes(acting)).await?)
}

/// Whose eyes see it.
pub(super) fn eyes(acting: &Acting) -> Eyes {
    match acting.partner() {
        None => Eyes::Tenants,
        Some(_) => Eyes::Partners,
    }
}
