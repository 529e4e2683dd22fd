//! Tests of profiles.

mod contradictions;
mod explain;
mod files;
mod template;

use hardware_hash::generate::{Generator, SyntheticDevice};

use super::*;
use crate::id::TenantId;

/// A profile in order: user-driven, Entra, made in Intune.
fn profile() -> Profile {
    let settings = Settings {
        name: "User driven".to_owned(),
        out_of_box_experience: OutOfBoxExperience {
            user_type: Some(UserType::Standard),
            ..OutOfBoxExperience::default()
        },
        ..Settings::default()
    };
    let tenant = TenantId::of_name("Contoso");
    Profile::new(id(1), tenant, Channel::Intune, settings, Timestamp::UNIX_EPOCH)
}

fn id(n: u8) -> ProfileId {
    ProfileId::of_seed([n; 16])
}

#[test]
fn names_on_the_wire_are_those_of_the_code() {
    fn same<T: Serialize + Copy>(all: &[T], name: impl Fn(T) -> &'static str) {
        for value in all {
            assert_eq!(serde_json::to_value(value).unwrap(), name(*value));
        }
    }
    same(DeviceType::ALL, DeviceType::as_str);
    same(Mode::ALL, Mode::as_str);
    same(Join::ALL, Join::as_str);
    same(UserType::ALL, UserType::as_str);
    same(Side::ALL, Side::as_str);
    same(&Because::ALL, Because::as_str);
    same(&Verdict::ALL, Verdict::as_str);
    same(AssignmentStatus::ALL, AssignmentStatus::as_str);
    same(AssignmentDetail::ALL, AssignmentDetail::as_str);
}

#[test]
fn a_stored_profile_is_read_as_it_was_written() {
    let mut profile = profile();
    profile.settings.enrollment_status_page = Some(EnrollmentStatusPage::default());
    profile.settings.device_name_template = Some(NameTemplate::new("CTS-%RAND:5%"));
    profile.assignment.include_group_tags.insert("Sales".to_owned());
    profile.settings.role_scope_tag_ids = ["0".to_owned(), "17".to_owned()].into();
    let text = serde_json::to_string(&profile).unwrap();
    assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), profile);
}

#[test]
fn the_revision_grows_only_where_a_device_is_told_something_else() {
    let profile = profile();
    let now = Timestamp::from_second(9).unwrap();
    let changed = |change: fn(&mut Settings)| {
        let mut settings = profile.settings.clone();
        change(&mut settings);
        let next = profile.with_settings(settings, now);
        assert_eq!((next.version, next.modified_at), (2, now));
        next.revision
    };
    assert_eq!(
        changed(|settings| settings.description = Some("for Sales".to_owned())),
        1
    );
    assert_eq!(changed(|settings| settings.convert_targeted_devices = true), 1);
    assert_eq!(changed(|settings| settings.is_default = true), 1);
    let tags = |settings: &mut Settings| settings.role_scope_tag_ids = ["0".to_owned()].into();
    assert_eq!(changed(tags), 1);
    assert_eq!(changed(|settings| settings.language = Some("de-DE".to_owned())), 2);
    assert_eq!(changed(|settings| settings.name = "Other".to_owned()), 2);
    let assigned = profile.with_assignment(Assignment::default(), now);
    assert_eq!((assigned.version, assigned.revision), (2, 1));
}

#[test]
fn a_kind_of_device_is_known_by_manufacturer_and_model() {
    for (manufacturer, model, kind) in [
        ("Contoso", "Laptop 5", DeviceType::WindowsPc),
        ("Microsoft Corporation", "Surface Laptop", DeviceType::WindowsPc),
        ("Microsoft Corporation", "HoloLens 2", DeviceType::HoloLens),
        ("Microsoft Corporation", "Surface Hub 2S", DeviceType::SurfaceHub2S),
        ("Microsoft Corporation", "Surface Hub 2", DeviceType::SurfaceHub2),
        ("Contoso", "HoloLens 2", DeviceType::WindowsPc),
        ("Microsoft Corporation", "Virtual Machine", DeviceType::VirtualMachine),
        ("VMware, Inc.", "VMware20,1", DeviceType::VirtualMachine),
        ("QEMU", "Standard PC (Q35 + ICH9, 2009)", DeviceType::VirtualMachine),
        ("innotek GmbH", "VirtualBox", DeviceType::VirtualMachine),
    ] {
        assert_eq!(DeviceType::of(Some(manufacturer), Some(model)), Some(kind), "{model}");
    }
    let made_up = Generator::new(1).device(1);
    let kind_of = |device: &SyntheticDevice| DeviceType::of(Some(&device.manufacturer), Some(&device.product));
    assert_eq!(kind_of(&made_up), Some(DeviceType::WindowsPc));
    assert_eq!(kind_of(&made_up.virtual_machine()), Some(DeviceType::VirtualMachine));
    assert_eq!(DeviceType::of(None, Some("HoloLens 2")), None);
    assert_eq!(DeviceType::of(Some("Contoso"), None), None);
}
