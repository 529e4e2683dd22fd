//! What devices are given, held against samples with the keys of published ones.

use serde_json::Value;

use super::oobe::{Facts, device_configuration, oobe_config};
use super::*;
use crate::device::{Device, RowContext};
use crate::id::UploadId;
use crate::inbox::OnConflict;
use crate::party::{Registrant, Tenant};
use crate::record::{Place, Record};

const FILE: &str = include_str!("../../../tests/fixtures/AutopilotConfigurationFile.json");
const CACHED: &str = include_str!("../../../tests/fixtures/AutopilotDDSZTDFile.json");

fn tenant(domain: Option<&str>) -> Tenant {
    let id = "7d3a9b52-0c1e-4f86-a2d4-5e6b7c8d9f01".parse().unwrap();
    Tenant {
        domain: domain.map(str::to_owned),
        ..Tenant::new(id, "Contoso", Timestamp::UNIX_EPOCH)
    }
}

fn device() -> Device {
    let record = Record {
        place: Place {
            row: 1,
            line: 2,
            offset: 0,
            len: 9,
        },
        serial: Some("S1".to_owned()),
        manufacturer: None,
        model: None,
        pkid: None,
        group_tag: None,
        assigned_user: None,
        keys: Vec::new(),
        components: None,
        notices: Vec::new(),
    };
    let context = RowContext {
        upload: &UploadId::of_object("b", "k", "1"),
        tenant: tenant(None).id,
        registrant: &Registrant::Tenant,
        channel: Channel::Intune,
        group_tag: None,
        on_conflict: OnConflict::Update,
        now: Timestamp::UNIX_EPOCH,
    };
    Device::new(&record, &context)
}

/// The keys that `made` has and `sample` has not.
fn more_keys<'a>(made: &'a Value, sample: &Value) -> Vec<&'a str> {
    let keys = made.as_object().unwrap().keys().map(String::as_str);
    let mut more: Vec<&str> = keys.filter(|key| sample.get(key).is_none()).collect();
    more.sort_unstable();
    more
}

/// The profile of both samples.
fn sample() -> Profile {
    let mut profile = profile();
    profile.tenant = tenant(None).id;
    profile.settings.name = "Field Laptops".to_owned();
    let oobe = &mut profile.settings.out_of_box_experience;
    oobe.privacy_settings_hidden = true;
    oobe.license_terms_hidden = true;
    oobe.change_account_hidden = true;
    oobe.user_type = Some(UserType::Administrator);
    profile
}

#[test]
fn the_sample_for_existing_devices_is_reproduced_key_by_key() {
    let expected: Value = serde_json::from_str(FILE).unwrap();
    let profile = sample();
    let file = ConfigurationFile::of(&profile, &tenant(Some("fabrikam.onmicrosoft.com"))).unwrap();
    let made = serde_json::to_value(&file).unwrap();
    for (key, value) in expected.as_object().unwrap() {
        match key.as_str() {
            "ZtdCorrelationId" => assert_eq!(made[key], profile.id.to_string()),
            _ => assert_eq!(&made[key], value, "{key}"),
        }
    }
    let more = more_keys(&made, &expected);
    assert_eq!(
        more,
        [
            "CloudAssignedAutopilotUpdateDisabled",
            "CloudAssignedAutopilotUpdateTimeout"
        ]
    );
}

#[test]
fn the_file_has_every_key_where_the_profile_says_so_much() {
    let mut profile = sample();
    profile.settings.language = Some("de-DE".to_owned());
    profile.settings.device_name_template = Some(NameTemplate::new("CTS-%RAND:5%"));
    let tenant = tenant(Some("contoso.onmicrosoft.com"));
    let file = ConfigurationFile::of(&profile, &tenant).unwrap();
    assert_eq!(file.cloud_assigned_language.as_deref(), Some("de-DE"));
    assert_eq!(file.cloud_assigned_device_name.as_deref(), Some("CTS-%RAND:5%"));
    profile.settings.device_name_template = None;
    profile.settings.join = Join::Hybrid;
    profile.settings.skip_connectivity_check = true;
    let made = serde_json::to_value(ConfigurationFile::of(&profile, &tenant).unwrap()).unwrap();
    assert_eq!(made["CloudAssignedDomainJoinMethod"], 1);
    assert_eq!(made["HybridJoinSkipDCConnectivityCheck"], 1);
}

#[test]
fn what_the_file_cannot_hold_is_refused_with_its_place() {
    let mut profile = sample();
    profile.settings.name = "Geräte".to_owned();
    profile.settings.mode = Mode::SelfDeploying;
    let faults = ConfigurationFile::of(&profile, &tenant(None)).unwrap_err();
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["mode", "tenant.domain", "name"]);
    assert!(
        faults[2].detail.contains("`ä` (U+00E4), character 4 of it"),
        "{}",
        faults[2].detail
    );
    let faults = ConfigurationFile::of(&sample(), &tenant(Some("bücher.example"))).unwrap_err();
    assert_eq!(faults[0].path, "tenant.domain");
}

#[test]
fn the_bits_are_those_of_the_table() {
    let bits_of = |change: fn(&mut Settings)| {
        let mut settings = profile().settings;
        settings.out_of_box_experience.user_type = Some(UserType::Administrator);
        change(&mut settings);
        oobe_config(&settings)
    };
    let always = 8 + 256;
    assert_eq!(bits_of(|_| ()), always);
    let standard = |settings: &mut Settings| settings.out_of_box_experience.user_type = Some(UserType::Standard);
    assert_eq!(bits_of(standard), always + 2);
    assert_eq!(
        bits_of(|s| s.out_of_box_experience.privacy_settings_hidden = true),
        always + 4
    );
    assert_eq!(
        bits_of(|s| s.out_of_box_experience.license_terms_hidden = true),
        always + 16
    );
    assert_eq!(
        bits_of(|s| s.out_of_box_experience.keyboard_page_skipped = true),
        always + 1024
    );
    assert_eq!(
        bits_of(|s| s.out_of_box_experience.change_account_hidden = true),
        always
    );
    assert_eq!(bits_of(|s| s.mode = Mode::SelfDeploying), always + 96);
}

#[test]
fn the_sample_of_a_booting_device_is_reproduced_key_by_key() {
    let expected: Value = serde_json::from_str(CACHED).unwrap();
    let mut profile = sample();
    profile.settings.name = "User driven".to_owned();
    profile.settings.language = Some("os-default".to_owned());
    profile.settings.out_of_box_experience.keyboard_page_skipped = true;
    profile.settings.device_name_template = Some(NameTemplate::new("CTS-%RAND:5%"));
    let device = device();
    let facts = Facts {
        because: Because::GroupTag,
        correlation: "11111111-1111-1111-1111-111111111111".parse().unwrap(),
        now: "2024-01-01T00:00:00Z".parse().unwrap(),
    };
    let tenant = tenant(Some("contoso.onmicrosoft.com"));
    let made = serde_json::to_value(device_configuration(&profile, &device, &tenant, facts)).unwrap();
    for (key, value) in expected.as_object().unwrap() {
        match key.as_str() {
            "ZtdRegistrationId" => assert_eq!(made[key], device.id.to_string()),
            "AadDeviceId" => assert_eq!(made[key], "00000000-0000-0000-0000-000000000000"),
            "CloudAssignedTenantId" => assert_eq!(made[key], profile.tenant.to_string()),
            _ => assert_eq!(&made[key], value, "{key}"),
        }
    }
    let more = more_keys(&made, &expected);
    assert_eq!(
        more,
        [
            "AutopilotCreationDate",
            "CloudAssignedPrivacyDiagnostics",
            "PolicyDownloadCorrelationVector"
        ]
    );
    assert_eq!(made["PolicyDownloadCorrelationVector"], "EREREREREREREREREREREQ.0");
}

#[test]
fn a_device_is_told_its_own_name_user_and_language() {
    let mut profile = sample();
    profile.settings.device_name_template = Some(NameTemplate::new("CTS-%RAND:5%"));
    let facts = |because| Facts {
        because,
        correlation: uuid::Uuid::nil(),
        now: Timestamp::UNIX_EPOCH,
    };
    let mut device = device();
    device.display_name = Some("RECEPTION-1".to_owned());
    device.assigned_user = Some("ada@contoso.com".to_owned());
    let told = |profile: &Profile, because| device_configuration(profile, &device, &tenant(None), facts(because));
    let plain = told(&profile, Because::Default);
    assert_eq!(plain.cloud_assigned_device_name, "RECEPTION-1");
    assert!(
        plain
            .common
            .cloud_assigned_aad_server_data
            .contains("\"CloudAssignedTenantUpn\":\"ada@contoso.com\"")
    );
    assert!(!plain.is_explicit_profile_assignment);
    assert_eq!(
        (
            plain.common.cloud_assigned_tenant_domain.as_str(),
            plain.cloud_assigned_language.as_str()
        ),
        ("", "")
    );
    for (language, region) in [
        ("de-DE", "DE"),
        ("sr-Latn-RS", "RS"),
        ("es-419", "419"),
        ("de", "os-default"),
        ("os-default", "os-default"),
    ] {
        profile.settings.language = Some(language.to_owned());
        assert_eq!(told(&profile, Because::Device).cloud_assigned_region, region);
    }
    profile.settings.join = Join::Hybrid;
    profile.settings.device_name_template = None;
    assert_eq!(told(&profile, Because::Device).cloud_assigned_device_name, "");
}

#[test]
fn the_mode_is_told_and_whether_a_technician_may_prepare_the_device() {
    for (mode, preprovisioning_allowed, expected) in [
        (Mode::UserDriven, false, 0),
        (Mode::SelfDeploying, false, 1),
        (Mode::UserDriven, true, 2),
    ] {
        let mut profile = sample();
        profile.settings.mode = mode;
        profile.settings.preprovisioning_allowed = preprovisioning_allowed;
        profile.settings.out_of_box_experience.user_type = UserType::default_of(mode);
        assert_eq!(profile.faults(), []);
        let facts = Facts {
            because: Because::Device,
            correlation: uuid::Uuid::nil(),
            now: Timestamp::UNIX_EPOCH,
        };
        let told = device_configuration(&profile, &device(), &tenant(None), facts);
        assert_eq!(told.autopilot_mode, expected, "{mode:?}, {preprovisioning_allowed}");
    }
}
