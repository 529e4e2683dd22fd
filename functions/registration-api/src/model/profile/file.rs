//! The schema of `AutopilotConfigurationFile.json`. The rules make the file itself
//! ([`muster_core::profile::ConfigurationFile`]), without a word about OpenAPI; a test holds the members of both against each
//! other.

use utoipa::ToSchema;

/// `AutopilotConfigurationFile.json`: a profile for devices that are there already and registered nowhere.
#[derive(ToSchema)]
#[schema(as = ConfigurationFile, rename_all = "PascalCase")]
#[expect(dead_code, reason = "the schema alone is wanted")]
pub(crate) struct ConfigurationFileSchema {
    /// The tenant.
    #[schema(format = Uuid)]
    cloud_assigned_tenant_id: String,
    /// The tenant's domain.
    cloud_assigned_tenant_domain: String,
    /// The pages that are left out, as bits.
    cloud_assigned_oobe_config: u32,
    /// 0: Entra, 1: hybrid.
    cloud_assigned_domain_join_method: u8,
    /// 1 where the device can be used for this organisation only.
    cloud_assigned_forced_enrollment: u8,
    /// What the sign-in page needs, as JSON in a string.
    cloud_assigned_aad_server_data: String,
    /// 1: the device looks for no update of its set-up.
    cloud_assigned_autopilot_update_disabled: u8,
    /// For how long it would look, in milliseconds.
    cloud_assigned_autopilot_update_timeout: u32,
    /// The version of the file's form: 2049.
    version: u32,
    /// For people: the profile's name.
    #[schema(rename = "Comment_File")]
    comment_file: String,
    /// The profile's id.
    #[schema(format = Uuid)]
    ztd_correlation_id: String,
    /// What the device is called.
    cloud_assigned_device_name: Option<String>,
    /// The locale, or `os-default`.
    cloud_assigned_language: Option<String>,
    /// 1 where a hybrid join does not wait for a domain controller.
    #[schema(rename = "HybridJoinSkipDCConnectivityCheck")]
    hybrid_join_skip_dc_connectivity_check: Option<u8>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use muster_core::Timestamp;
    use muster_core::channel::Channel;
    use muster_core::id::{ProfileId, TenantId};
    use muster_core::party::Tenant;
    use muster_core::profile::{ConfigurationFile, NameTemplate, Profile, Settings};
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn the_schema_has_the_members_of_the_file() {
        let (id, now) = (TenantId::of_name("Contoso"), Timestamp::UNIX_EPOCH);
        let tenant = Tenant {
            domain: Some("contoso.example".to_owned()),
            ..Tenant::new(id, "Contoso", now)
        };
        let settings = Settings {
            name: "Sales".to_owned(),
            language: Some("de-DE".to_owned()),
            device_name_template: Some(NameTemplate::new("PC-%SERIAL%")),
            skip_connectivity_check: true,
            ..Settings::default()
        };
        let profile = Profile::new(ProfileId::of_seed([1; 16]), id, Channel::Intune, settings, now);
        let file = serde_json::to_value(ConfigurationFile::of(&profile, &tenant).unwrap()).unwrap();
        let schema = serde_json::to_value(ConfigurationFileSchema::schema()).unwrap();
        let members = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(members(&file), members(&schema["properties"]));
    }
}
