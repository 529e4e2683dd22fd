//! `AutopilotConfigurationFile.json`.

use muster_core::profile;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `AutopilotConfigurationFile.json`: a profile for devices that are there already and registered nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ConfigurationFile {
    /// The tenant.
    pub cloud_assigned_tenant_id: String,
    /// 1 where the device can be used for this organisation only.
    pub cloud_assigned_forced_enrollment: u8,
    /// The version of the file's form: 2049.
    pub version: u32,
    /// For people: the profile's name.
    #[serde(rename = "Comment_File")]
    pub comment_file: String,
    /// What the sign-in page needs, as JSON in a string.
    pub cloud_assigned_aad_server_data: String,
    /// The tenant's domain.
    pub cloud_assigned_tenant_domain: String,
    /// 0: Entra, 1: hybrid.
    pub cloud_assigned_domain_join_method: u8,
    /// The pages that are left out, as bits.
    pub cloud_assigned_oobe_config: u32,
    /// The profile's id.
    pub ztd_correlation_id: String,
    /// What the device is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_assigned_device_name: Option<String>,
    /// The locale, or `os-default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_assigned_language: Option<String>,
    /// 1 where a hybrid join does not wait for a domain controller.
    #[serde(
        rename = "HybridJoinSkipDCConnectivityCheck",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub hybrid_join_skip_dc_connectivity_check: Option<u8>,
    /// 1: the device looks for no update of its set-up.
    pub cloud_assigned_autopilot_update_disabled: u8,
    /// For how long it would look, in milliseconds.
    pub cloud_assigned_autopilot_update_timeout: u32,
}

impl From<profile::ConfigurationFile> for ConfigurationFile {
    fn from(file: profile::ConfigurationFile) -> Self {
        Self {
            cloud_assigned_tenant_id: file.cloud_assigned_tenant_id,
            cloud_assigned_forced_enrollment: file.cloud_assigned_forced_enrollment,
            version: file.version,
            comment_file: file.comment_file,
            cloud_assigned_aad_server_data: file.cloud_assigned_aad_server_data,
            cloud_assigned_tenant_domain: file.cloud_assigned_tenant_domain,
            cloud_assigned_domain_join_method: file.cloud_assigned_domain_join_method,
            cloud_assigned_oobe_config: file.cloud_assigned_oobe_config,
            ztd_correlation_id: file.ztd_correlation_id,
            cloud_assigned_device_name: file.cloud_assigned_device_name,
            cloud_assigned_language: file.cloud_assigned_language,
            hybrid_join_skip_dc_connectivity_check: file.hybrid_join_skip_dc_connectivity_check,
            cloud_assigned_autopilot_update_disabled: file.cloud_assigned_autopilot_update_disabled,
            cloud_assigned_autopilot_update_timeout: file.cloud_assigned_autopilot_update_timeout,
        }
    }
}
