//! `AutopilotConfigurationFile.json`: a profile for devices that are there already and registered nowhere.
//!
//! Keys: Microsoft Learn, "Windows Autopilot for existing devices". The device reads the file as ASCII and ignores it
//! otherwise, so what ASCII cannot hold is refused here.

use serde::{Deserialize, Serialize};

use super::oobe::Common;
use super::{Fault, Mode, Profile};
use crate::party::Tenant;

/// The version of the file's form.
const FORM: u32 = 2049;

/// What stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ConfigurationFile {
    /// What a booting device is told, too.
    #[serde(flatten)]
    pub common: Common,
    /// The version of the file's form: 2049.
    pub version: u32,
    /// For people: the profile's name.
    #[serde(rename = "Comment_File")]
    pub comment_file: String,
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
}

impl ConfigurationFile {
    /// The file of a profile.
    ///
    /// # Errors
    /// Everything because of which a device could not use it.
    pub fn of(profile: &Profile, tenant: &Tenant) -> Result<Self, Vec<Fault>> {
        let settings = &profile.settings;
        let mut faults = Vec::new();
        let mut add = |path: &str, detail: String| {
            faults.push(Fault {
                path: path.to_owned(),
                detail,
            });
        };
        if settings.mode != Mode::UserDriven {
            let detail = "devices that are not registered are set up by their users: the profile has to be user-driven";
            add("mode", detail.to_owned());
        }
        if tenant.domain.is_none() {
            let detail = "the file names the tenant's domain, and nobody said it: set the tenant's domain";
            add("tenant.domain", detail.to_owned());
        }
        let domain = tenant.domain.as_deref().unwrap_or_default();
        for (path, text) in [
            ("name", settings.name.as_str()),
            ("language", settings.language.as_deref().unwrap_or_default()),
            ("tenant.domain", domain),
        ] {
            if let Some((at, bad)) = text.chars().enumerate().find(|(_, c)| !c.is_ascii()) {
                let detail = format!(
                    "the file is ASCII, which cannot hold `{bad}` (U+{:04X}), character {} of it",
                    u32::from(bad),
                    at + 1
                );
                add(path, detail);
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            common: Common::of(profile, tenant, None),
            version: FORM,
            comment_file: format!("Profile {}", settings.name),
            ztd_correlation_id: profile.id.to_string(),
            cloud_assigned_device_name: settings.device_name_template.as_ref().map(ToString::to_string),
            cloud_assigned_language: settings.language.clone(),
            hybrid_join_skip_dc_connectivity_check: settings.skip_connectivity_check.then_some(1),
        })
    }
}
