//! The schemas of what a device keeps. The rules make these values themselves ([`muster_core::profile`]), without a word
//! about OpenAPI; a test holds the members of both against each other.

use utoipa::ToSchema;
use uuid::Uuid;

/// What a device keeps of its profile: the members of `AutopilotDDSZTDFile.json`. A text that nobody has is empty, an id
/// zeros, a number 0.
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
#[expect(dead_code, reason = "the schema alone is wanted")]
pub(crate) struct DeviceConfiguration {
    /// The id of this answer.
    autopilot_service_correlation_id: Uuid,
    /// The device's id.
    ztd_registration_id: Uuid,
    /// The device's object in the directory: zeros, since no such object is made here.
    aad_device_id: Uuid,
    /// The pages of the first run that are left out, as bits.
    cloud_assigned_oobe_config: u32,
    /// 0: the device joins Microsoft Entra ID; 1: Active Directory, and through it Entra ID.
    cloud_assigned_domain_join_method: u8,
    /// 1 where the device can be used for this organisation only.
    cloud_assigned_forced_enrollment: u8,
    /// The tenant's domain.
    cloud_assigned_tenant_domain: String,
    /// The tenant.
    cloud_assigned_tenant_id: Uuid,
    /// The MDM application.
    cloud_assigned_mdm_id: Uuid,
    /// A locale, or `os-default`; empty: the user chooses.
    cloud_assigned_language: String,
    /// The region of the locale, or `os-default`; empty: the user chooses.
    cloud_assigned_region: String,
    /// The device's name, or the template of names.
    cloud_assigned_device_name: String,
    /// The profile's name.
    deployment_profile_name: String,
    /// Whether the profile was assigned, rather than the tenant's default.
    is_explicit_profile_assignment: bool,
    /// 1 where a hybrid join does not wait for a domain controller.
    #[schema(rename = "HybridJoinSkipDCConnectivityCheck")]
    hybrid_join_skip_dc_connectivity_check: u8,
    /// 1: the device looks for no update of its setup.
    cloud_assigned_autopilot_update_disabled: u8,
    /// For how long it would look, in milliseconds.
    cloud_assigned_autopilot_update_timeout: u32,
    /// 0: no level of diagnostics is set.
    cloud_assigned_privacy_diagnostics: u8,
    /// What the sign-in page needs, as JSON in a string.
    cloud_assigned_aad_server_data: String,
    /// 0: its user sets the device up; 1: it does so itself; 2: its user, and a technician may prepare it before.
    autopilot_mode: u8,
    /// When the device was registered.
    #[schema(value_type = String, format = DateTime)]
    autopilot_creation_date: String,
    /// When it asked.
    #[schema(value_type = String, format = DateTime)]
    policy_download_date: String,
    /// The id of this answer in the form of Microsoft's correlation vectors.
    policy_download_correlation_vector: String,
}

/// The enrolment status page that the device shows.
#[derive(ToSchema)]
#[schema(as = DeploymentStatusPage, rename_all = "camelCase")]
#[expect(dead_code, reason = "the schema alone is wanted")]
pub(crate) struct EnrollmentStatusPage {
    /// The page is not shown.
    hide_installation_progress: bool,
    /// The device can be used before all is installed.
    allow_device_use_before_profile_and_app_install_complete: bool,
    /// The user cannot try again after a failure.
    block_device_setup_retry_by_user: bool,
    /// The user can collect logs after a failure.
    allow_log_collection_on_install_failure: bool,
    /// What the user is told after a failure; empty: the page's own words.
    custom_error_message: String,
    /// After how many minutes it has failed.
    install_progress_timeout_in_minutes: u32,
    /// The device can be used after a failure.
    allow_device_use_on_install_failure: bool,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use muster_core::Timestamp;
    use muster_core::channel::Channel;
    use muster_core::id::{ProfileId, TenantId};
    use muster_core::profile::oobe::{Facts, device_configuration};
    use muster_core::profile::{self, Because, Profile, Settings};
    use serde_json::Value;
    use utoipa::PartialSchema;

    use super::*;

    fn told<T: PartialSchema>() -> BTreeSet<String> {
        let schema = serde_json::to_value(T::schema()).unwrap();
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    fn members(value: &Value) -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_schemas_have_the_members_of_what_devices_are_given() {
        let page = profile::EnrollmentStatusPage::default();
        assert_eq!(
            told::<EnrollmentStatusPage>(),
            members(&serde_json::to_value(page).unwrap())
        );
        let (now, id) = (Timestamp::UNIX_EPOCH, TenantId::of_name("Contoso"));
        let seed = ProfileId::of_seed([1; 16]);
        let profile = Profile::new(seed, id, Channel::Intune, Settings::default(), now);
        let tenant = muster_core::party::Tenant::new(id, "Contoso", now);
        let device = serde_json::json!({
            "id": "1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f", "version": 1, "state": "registered", "tenant": id,
            "registrant": "tenant", "channel": "intune", "keys": [], "registeredAt": now, "changedAt": now,
            "source": {"upload": "u-AAAAAAAAAAAAAAAAAAAA", "row": 1, "line": 2, "offset": 0, "len": 1},
        });
        let device = serde_json::from_value(device).unwrap();
        let facts = Facts {
            because: Because::Default,
            correlation: Uuid::nil(),
            now,
        };
        let given = device_configuration(&profile, &device, &tenant, facts);
        assert_eq!(
            told::<DeviceConfiguration>(),
            members(&serde_json::to_value(given).unwrap())
        );
    }
}
