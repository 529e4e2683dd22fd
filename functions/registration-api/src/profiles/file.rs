//! `AutopilotConfigurationFile.json`: a profile for devices that are there already.

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::{Extension, Json};
use muster_core::id::TenantId;
use muster_runtime::http::{Acting, Code, Problem, ProblemBody};

use super::known;
use crate::Api;
use crate::model::{ConfigurationFile, ConfigurationFileSchema};
use crate::rights;

/// Get a profile's AutopilotConfigurationFile.json
///
/// For devices that are there already and registered nowhere. The file is ASCII; a profile that it cannot hold, or that is
/// not user-driven, is a conflict, with each place named.
#[utoipa::path(
    get,
    path = "/v1/tenants/{tenant}/profiles/{profile}/configuration-file",
    operation_id = "getConfigurationFile",
    tag = "profiles",
    params(
        ("tenant" = String, Path, description = "The tenant's id"),
        ("profile" = String, Path, description = "The profile's id"),
    ),
    responses(
        (status = 200, body = ConfigurationFileSchema, headers(
            ("content-disposition" = String, description = "The name that the file must have"),
        )),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "There can be no such file"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_configuration_file(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path((tenant, profile)): Path<(TenantId, String)>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<ConfigurationFile>), Problem> {
    const NAME: HeaderValue = HeaderValue::from_static("attachment; filename=\"AutopilotConfigurationFile.json\"");
    rights::may_see(&api, &acting, tenant).await?;
    let profile = known(&api, &acting, tenant, &profile).await?;
    let tenant = api.function.tenants.get(tenant).await?.ok_or_else(Problem::not_found)?;
    match ConfigurationFile::of(&profile, &tenant) {
        Ok(file) => Ok(([(header::CONTENT_DISPOSITION, NAME)], Json(file))),
        Err(faults) => {
            let faults: Vec<String> = faults
                .iter()
                .map(|fault| format!("{}: {}", fault.path, fault.detail))
                .collect();
            Err(Problem::new(
                Code::Conflict,
                format!("There can be no such file. {}.", faults.join("; ")),
            )
            .remedy("Change the profile, or the tenant's domain, as said."))
        }
    }
}
