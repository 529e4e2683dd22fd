//! Which profile a device has, and why.

use std::collections::HashSet;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use muster_core::device::DeviceState;
use muster_core::id::{ProfileId, TenantId};
use muster_runtime::http::{Acting, Code, Problem, ProblemBody, Query};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Api;
use crate::devices::known;
use crate::model::DeviceProfile;
use crate::rights;
use crate::wait::{self, Wait};

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
/// A partner is told of profiles that partners made; a device may have another one all the same. With `wait`, the answer comes
/// when the device has a profile that it can use, or when the time is up: before that nobody should connect it, since a device
/// keeps the answer that it has none.
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
    let told = DeviceProfile::read(profiles, contacts, &device).await?;
    if acting.partner().is_none() {
        return Ok(told);
    }
    let rules = profiles.rules(tenant).await?;
    let partners = rules.iter().filter(|rule| rule.partner.is_some());
    let partners: HashSet<ProfileId> = partners.map(|rule| rule.id).collect();
    Ok(told.about(|id| partners.contains(&id)))
}
