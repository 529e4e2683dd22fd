//! What a booting device is given: the JSON that it keeps as `AutopilotDDSZTDFile.json`.
//!
//! Keys and meanings: Microsoft Learn, "Troubleshoot Windows Autopilot OOBE issues" and "Windows Autopilot for existing
//! devices". A value that nobody has is `""`, an id of zeros or 0, as in the original's answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Because, Join, Mode, Profile, Settings, UserType};
use crate::Timestamp;
use crate::device::Device;
use crate::party::Tenant;

/// The MDM application that a device enrols with where the profile names none: Intune.
pub const INTUNE: &str = "0000000a-0000-0000-c000-000000000000";
/// How long a device looks for an update of its set-up, in milliseconds.
const UPDATE_TIMEOUT: u32 = 1_800_000;

/// The bits of `CloudAssignedOobeConfig`.
pub mod bits {
    /// The page about Cortana is left out.
    pub const SKIP_CORTANA_OPT_IN: u32 = 1;
    /// The user becomes no local administrator.
    pub const OOBE_USER_NOT_LOCAL_ADMIN: u32 = 2;
    /// The page with the privacy settings is left out.
    pub const SKIP_EXPRESS_SETTINGS: u32 = 4;
    /// The page of the manufacturer's registration is left out.
    pub const SKIP_OEM_REGISTRATION: u32 = 8;
    /// The page with the license terms is left out.
    pub const SKIP_EULA: u32 = 16;
    /// The device attests its TPM.
    pub const TPM_ATTESTATION: u32 = 32;
    /// The device itself authenticates to the directory.
    pub const AAD_DEVICE_AUTH: u32 = 64;
    /// The directory demands a TPM.
    pub const AAD_TPM_REQUIRED: u32 = 128;
    /// The page about an upgrade of Windows is left out.
    pub const SKIP_WINDOWS_UPGRADE_UX: u32 = 256;
    /// Patches are downloaded.
    pub const ENABLE_PATCH_DOWNLOAD: u32 = 512;
    /// The page with the keyboard's layout is left out.
    pub const SKIP_KEYBOARD: u32 = 1024;
}

/// The value of `CloudAssignedOobeConfig`, by the same rule as Microsoft's module WindowsAutopilotIntune.
#[must_use]
pub fn oobe_config(settings: &Settings) -> u32 {
    let oobe = &settings.out_of_box_experience;
    let parts = [
        (true, bits::SKIP_OEM_REGISTRATION | bits::SKIP_WINDOWS_UPGRADE_UX),
        (
            oobe.user_type == Some(UserType::Standard),
            bits::OOBE_USER_NOT_LOCAL_ADMIN,
        ),
        (oobe.privacy_settings_hidden, bits::SKIP_EXPRESS_SETTINGS),
        (oobe.license_terms_hidden, bits::SKIP_EULA),
        (oobe.keyboard_page_skipped, bits::SKIP_KEYBOARD),
        (
            settings.mode == Mode::SelfDeploying,
            bits::TPM_ATTESTATION | bits::AAD_DEVICE_AUTH,
        ),
    ];
    parts.iter().filter(|(set, _)| *set).map(|(_, bits)| bits).sum()
}

/// What the answer tells beyond profile, device and tenant.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Why the device has the profile.
    pub because: Because,
    /// The id of this answer: random, or of the request.
    pub correlation: Uuid,
    /// When the device asked.
    pub now: Timestamp,
}

/// What a device is told alike, whether it asks or takes its profile from a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Common {
    /// The tenant.
    pub cloud_assigned_tenant_id: String,
    /// The tenant's domain, `""` where nobody said it.
    pub cloud_assigned_tenant_domain: String,
    /// The pages that are left out, as [`bits`].
    pub cloud_assigned_oobe_config: u32,
    /// 0: Entra, 1: hybrid.
    pub cloud_assigned_domain_join_method: u8,
    /// 1 where the device can be used for this organisation only.
    pub cloud_assigned_forced_enrollment: u8,
    /// What the sign-in page needs, as JSON in a string.
    pub cloud_assigned_aad_server_data: String,
    /// 1: the device looks for no update of its set-up.
    pub cloud_assigned_autopilot_update_disabled: u8,
    /// For how long it would look, in milliseconds.
    pub cloud_assigned_autopilot_update_timeout: u32,
}

impl Common {
    /// `user`: whom the device was assigned to; none where it takes its profile from a file, in which what the sign-in page
    /// needs says once more whether the device can be used for this organisation only.
    pub(super) fn of(profile: &Profile, tenant: &Tenant, user: Option<&str>) -> Self {
        let settings = &profile.settings;
        let domain = tenant.domain.as_deref().unwrap_or_default();
        let forced = u8::from(settings.out_of_box_experience.change_account_hidden);
        let zero_touch_config = ZeroTouch {
            cloud_assigned_tenant_upn: user.unwrap_or_default(),
            forced_enrollment: user.is_none().then_some(forced),
            cloud_assigned_tenant_domain: domain,
        };
        Self {
            cloud_assigned_tenant_id: profile.tenant.to_string(),
            cloud_assigned_tenant_domain: domain.to_owned(),
            cloud_assigned_oobe_config: oobe_config(settings),
            cloud_assigned_domain_join_method: u8::from(settings.join == Join::Hybrid),
            cloud_assigned_forced_enrollment: forced,
            // Texts alone, which JSON can always hold.
            cloud_assigned_aad_server_data: serde_json::to_string(&ServerData { zero_touch_config })
                .unwrap_or_default(),
            cloud_assigned_autopilot_update_disabled: 1,
            cloud_assigned_autopilot_update_timeout: UPDATE_TIMEOUT,
        }
    }
}

/// What a booting device is given, with the names that it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeviceConfiguration {
    /// What a file would say, too.
    #[serde(flatten)]
    pub common: Common,
    /// The id of this answer.
    pub autopilot_service_correlation_id: Uuid,
    /// The device's id.
    pub ztd_registration_id: String,
    /// The device's object in the directory: zeros, since no such object is made here.
    pub aad_device_id: Uuid,
    /// The MDM application.
    pub cloud_assigned_mdm_id: String,
    /// The locale, `os-default`, or `""`: the user chooses.
    pub cloud_assigned_language: String,
    /// The region of the locale, `os-default`, or `""`: the user chooses.
    pub cloud_assigned_region: String,
    /// The device's own name, else the template, `""` where there is none.
    pub cloud_assigned_device_name: String,
    /// The profile's name.
    pub deployment_profile_name: String,
    /// Whether the profile was assigned, rather than the default.
    pub is_explicit_profile_assignment: bool,
    /// 1 where a hybrid join does not wait for a domain controller.
    #[serde(rename = "HybridJoinSkipDCConnectivityCheck")]
    pub hybrid_join_skip_dc_connectivity_check: u8,
    /// 0: no level of diagnostics is set.
    pub cloud_assigned_privacy_diagnostics: u8,
    /// How the device is set up, as [`autopilot_mode`] says.
    pub autopilot_mode: u8,
    /// When the device was registered.
    pub autopilot_creation_date: Timestamp,
    /// When it asked.
    pub policy_download_date: Timestamp,
    /// The id of this answer once more, in the form of Microsoft's correlation vectors.
    pub policy_download_correlation_vector: String,
}

/// The value of `AutopilotMode`. 0: by its user; 1: by itself; 2: by its user, and a technician may prepare it before. No
/// other member says so, and whether a technician does, nobody knows when the device asks; so a profile that allows it says 2.
#[must_use]
pub fn autopilot_mode(settings: &Settings) -> u8 {
    match (settings.mode, settings.preprovisioning_allowed) {
        (Mode::SelfDeploying, _) => 1,
        (Mode::UserDriven, true) => 2,
        (Mode::UserDriven, false) => 0,
    }
}

/// What `device` of `tenant` is told by `profile`.
#[must_use]
pub fn device_configuration(profile: &Profile, device: &Device, tenant: &Tenant, facts: Facts) -> DeviceConfiguration {
    let settings = &profile.settings;
    let language = settings.language.clone().unwrap_or_default();
    let template = settings.device_name_template.as_ref().map(|template| template.as_str());
    // In a hybrid join the domain's configuration names the device.
    let own_name = device.display_name.as_deref().filter(|_| settings.join == Join::Entra);
    let vector = STANDARD_NO_PAD.encode(facts.correlation.as_bytes());
    DeviceConfiguration {
        common: Common::of(
            profile,
            tenant,
            Some(device.assigned_user.as_deref().unwrap_or_default()),
        ),
        autopilot_service_correlation_id: facts.correlation,
        ztd_registration_id: device.id.to_string(),
        aad_device_id: Uuid::nil(),
        cloud_assigned_mdm_id: settings
            .management_service_app_id
            .as_deref()
            .unwrap_or(INTUNE)
            .to_owned(),
        cloud_assigned_region: region(&language).to_owned(),
        cloud_assigned_language: language,
        cloud_assigned_device_name: own_name.or(template).unwrap_or_default().to_owned(),
        deployment_profile_name: settings.name.clone(),
        is_explicit_profile_assignment: facts.because != Because::Default,
        hybrid_join_skip_dc_connectivity_check: u8::from(settings.skip_connectivity_check),
        cloud_assigned_privacy_diagnostics: 0,
        autopilot_mode: autopilot_mode(settings),
        autopilot_creation_date: device.registered_at,
        policy_download_date: facts.now,
        policy_download_correlation_vector: format!("{vector}.0"),
    }
}

/// The region of a locale, if it names one.
fn region(language: &str) -> &str {
    match language.rsplit_once('-') {
        _ if matches!(language, "" | "os-default") => language,
        Some((_, region)) if region.len() < 4 => region,
        _ => "os-default",
    }
}

/// What the sign-in page needs, which is kept as JSON in a string.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServerData<'a> {
    zero_touch_config: ZeroTouch<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ZeroTouch<'a> {
    cloud_assigned_tenant_upn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    forced_enrollment: Option<u8>,
    cloud_assigned_tenant_domain: &'a str,
}
