//! What becomes of reported devices, reason by reason.

use std::collections::BTreeSet;

use hardware_hash::generate::{Capture, Generator, Rewritten, SyntheticDevice};
use proptest::prelude::*;

use super::*;
use crate::Timestamp;
use crate::device::RowContext;
use crate::id::{ProfileId, UploadId};
use crate::inbox::OnConflict;
use crate::party::Registrant;
use crate::profile::{Assignment, Mode};

fn own() -> TenantId {
    TenantId::of_name("Fabrikam")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn made_up(n: u64) -> SyntheticDevice {
    Generator::new(1).device(n)
}

/// A device that is registered where a profile says so.
fn harvested(device: &SyntheticDevice) -> Harvested {
    Harvested {
        hardware_hash: device.capture(&Capture::default()).to_text(),
        ownership: Ownership::Corporate,
        enrolled: true,
        os_version: "10.0.22631.3007".to_owned(),
        group_tag: None,
    }
}

/// A converting profile that is assigned to nothing.
fn rule(n: u8) -> Rule {
    Rule {
        id: ProfileId::of_seed([n; 16]),
        name: n.to_string(),
        revision: 1,
        created_at: at(n.into()),
        origin: Channel::Intune,
        partner: None,
        assignment: Assignment::default(),
        is_default: false,
        device_type: DeviceType::WindowsPc,
        mode: Mode::UserDriven,
        converts: true,
    }
}

fn for_all(rule: Rule) -> Rule {
    let assignment = Assignment {
        all_devices: true,
        ..rule.assignment
    };
    Rule { assignment, ..rule }
}

fn tags(tags: &[&str]) -> BTreeSet<String> {
    tags.iter().map(|tag| (*tag).to_owned()).collect()
}

fn registered(device: &SyntheticDevice, tenant: TenantId) -> Device {
    let hash = device.capture(&Capture::default()).to_text();
    let context = RowContext {
        upload: &UploadId::of_object("b", "k", "1"),
        tenant,
        registrant: &Registrant::Tenant,
        channel: Channel::Intune,
        group_tag: None,
        on_conflict: OnConflict::Update,
        now: at(100),
    };
    Device::new(&crate::repair::read_capture(&hash).unwrap(), &context)
}

fn known(devices: &[Device]) -> Known {
    let mut known = Known::default();
    for device in devices {
        let claims = device.keys.iter().map(|key| (*key, (device.id, device.tenant)));
        known.claims.extend(claims);
        if device.tenant == own() {
            known.devices.insert(device.id, device.clone());
        }
    }
    known
}

fn judge(harvested: &Harvested, known: &Known, rules: &[Rule]) -> Judgement {
    let read = read_page(std::slice::from_ref(harvested));
    read[0].judge(harvested, own(), known, rules)
}

fn reason(judgement: &Judgement) -> Option<SkipReason> {
    match judgement {
        Judgement::Skip(skipped) => Some(skipped.reason),
        Judgement::Register | Judgement::Repair(_) => None,
    }
}

fn changed(change: impl FnOnce(&mut Harvested)) -> Harvested {
    let mut harvested = harvested(&made_up(1));
    change(&mut harvested);
    harvested
}

#[test]
fn each_report_that_registers_nothing_has_its_reason() {
    let rules = [for_all(rule(1))];
    let nothing = Known::default();
    let holo_lens = {
        let mut device = made_up(1);
        device.manufacturer = "Microsoft Corporation".to_owned();
        device.product = "HoloLens 2".to_owned();
        harvested(&device)
    };
    let table = [
        (changed(|_| {}), None),
        (
            changed(|h| h.hardware_hash.truncate(600)),
            Some(SkipReason::InvalidHash),
        ),
        (
            changed(|h| h.hardware_hash = "T0F4".to_owned()),
            Some(SkipReason::InvalidHash),
        ),
        (changed(|h| h.enrolled = false), Some(SkipReason::NotEnrolled)),
        (
            changed(|h| h.ownership = Ownership::Personal),
            Some(SkipReason::PersonallyOwned),
        ),
        (
            changed(|h| h.ownership = Ownership::Unknown),
            Some(SkipReason::OwnershipUnknown),
        ),
        (
            changed(|h| h.os_version = "10.0.15063".to_owned()),
            Some(SkipReason::UnsupportedVersion),
        ),
        (
            changed(|h| h.os_version = String::new()),
            Some(SkipReason::UnsupportedVersion),
        ),
        (holo_lens, Some(SkipReason::UnsupportedDevice)),
    ];
    for (harvested, expected) in table {
        let judgement = judge(&harvested, &nothing, &rules);
        assert_eq!(reason(&judgement), expected, "{judgement:?}");
    }
}

#[test]
fn a_converting_profile_targets_what_it_includes_and_does_not_exclude() {
    let sales = |include: bool| {
        let assignment = match include {
            true => Assignment {
                include_group_tags: tags(&["Sales"]),
                ..Assignment::default()
            },
            false => Assignment {
                include_group_tags: tags(&["Office"]),
                exclude_group_tags: tags(&["Sales"]),
                ..Assignment::default()
            },
        };
        Rule { assignment, ..rule(2) }
    };
    let off = |rule: Rule| Rule {
        converts: false,
        ..rule
    };
    let default = |rule: Rule| Rule {
        is_default: true,
        ..rule
    };
    let partners = Rule {
        origin: Channel::PartnerCenter,
        ..for_all(rule(1))
    };
    let none = Some(SkipReason::NotTargeted);
    let table: [(Option<&str>, Vec<Rule>, Option<SkipReason>); 12] = [
        (None, vec![], none),
        (None, vec![rule(1)], none),
        (None, vec![for_all(rule(1))], None),
        (None, vec![off(for_all(rule(1)))], none),
        // The older one is what the device gets; the younger one has it registered.
        (None, vec![off(for_all(rule(1))), for_all(rule(3))], None),
        (None, vec![default(rule(1))], none),
        (None, vec![default(for_all(rule(1)))], None),
        (None, vec![partners], none),
        (Some("Sales"), vec![sales(true)], None),
        (Some("sales"), vec![sales(true)], none),
        (Some("Sales"), vec![sales(false)], Some(SkipReason::Excluded)),
        (Some("Sales"), vec![sales(false), for_all(rule(3))], None),
    ];
    for (tag, rules, expected) in table {
        let harvested = changed(|h| h.group_tag = tag.map(str::to_owned));
        let judgement = judge(&harvested, &Known::default(), &rules);
        assert_eq!(reason(&judgement), expected, "{tag:?} {rules:?}");
    }
}

#[test]
fn what_is_registered_is_left_alone_and_nothing_is_told_of_other_tenants() {
    let rules = [for_all(rule(1))];
    let here = registered(&made_up(1), own());
    let there = registered(&made_up(1), TenantId::of_name("Tailspin"));
    let already = Judgement::Skip(Skipped::with(SkipReason::AlreadyRegistered, here.id));
    assert_eq!(
        judge(&changed(|_| {}), &known(std::slice::from_ref(&here)), &rules),
        already
    );
    // Whoever reports it, and whatever the profiles say by now.
    let personal = changed(|h| h.ownership = Ownership::Personal);
    assert_eq!(judge(&personal, &known(&[here]), &[]), already);

    let elsewhere = known(&[there]);
    let told = judge(&changed(|_| {}), &elsewhere, &rules);
    assert_eq!(told, Judgement::Skip(Skipped::of(SkipReason::OtherTenant)));
    // A device that would not be registered anyway is answered as if nobody had it.
    for (harvested, rules) in [
        (changed(|h| h.ownership = Ownership::Personal), &rules[..]),
        (changed(|_| {}), &[]),
    ] {
        assert_eq!(
            judge(&harvested, &elsewhere, rules),
            judge(&harvested, &Known::default(), rules)
        );
    }
}

#[test]
fn a_board_that_was_replaced_is_handed_in_until_somebody_was_told() {
    let repaired = made_up(1).with_new_board(1, Rewritten::Serial);
    let mut device = registered(&made_up(1), own());
    let report = harvested(&repaired);
    let found = judge(&report, &known(std::slice::from_ref(&device)), &[]);
    assert_eq!(found, Judgement::Repair(device.id));
    let personal = Harvested {
        ownership: Ownership::Personal,
        ..report.clone()
    };
    let found = judge(&personal, &known(std::slice::from_ref(&device)), &[]);
    assert_eq!(reason(&found), Some(SkipReason::PersonallyOwned));

    // A device that is marked, and shows its old board again: the mark is to be taken off.
    device.remediation = Some(Remediation::at_boot(
        RemediationState::ManualRemediationRequired,
        at(200),
    ));
    let found = judge(&changed(|_| {}), &known(std::slice::from_ref(&device)), &[]);
    assert_eq!(found, Judgement::Repair(device.id));

    // A stranger with a stolen serial number cannot be mended; somebody is told once.
    let mut stranger = made_up(3);
    let laptop = made_up(1);
    (stranger.serial, stranger.manufacturer, stranger.product) = (laptop.serial, laptop.manufacturer, laptop.product);
    let told = judge(&harvested(&stranger), &known(std::slice::from_ref(&device)), &[]);
    assert_eq!(reason(&told), Some(SkipReason::BoardReplaced));
    device.remediation = None;
    let first = judge(&harvested(&stranger), &known(&[device.clone()]), &[]);
    assert_eq!(first, Judgement::Repair(device.id));
}

#[test]
fn of_two_captures_of_one_device_in_a_page_the_first_counts() {
    let again = |time: u32| {
        let capture = Capture {
            time,
            ..Capture::default()
        };
        Harvested {
            hardware_hash: made_up(1).capture(&capture).to_text(),
            ..harvested(&made_up(1))
        }
    };
    let page = [again(1), harvested(&made_up(2)), again(2)];
    assert_ne!(page[0].hardware_hash, page[2].hardware_hash);
    let rules = [for_all(rule(1))];
    let reasons: Vec<Option<SkipReason>> = read_page(&page)
        .iter()
        .zip(&page)
        .map(|(read, harvested)| reason(&read.judge(harvested, own(), &Known::default(), &rules)))
        .collect();
    assert_eq!(reasons, [None, None, Some(SkipReason::DuplicateInPage)]);
}

#[test]
fn versions_of_windows_are_held_against_the_minimum() {
    for (version, supported) in [
        ("10.0.16299", true),
        ("10.0.16299.15", true),
        (" 10.0.22631.3007 ", true),
        ("10.0.26100.1", true),
        ("10.0.16298", false),
        ("10.0.15063.2679", false),
        ("6.1.7601", false),
        ("6.3.9600", false),
        ("10.1.22631", false),
        ("11.0.22631", false),
        ("10.0", false),
        ("10.0.22631.3007.1", false),
        ("10.0.22631.", false),
        ("10.0.+22631", false),
        ("10.0.9999999999", false),
        ("22631", false),
        ("Windows 11", false),
        ("", false),
        ("..", false),
    ] {
        assert_eq!(is_supported(version), supported, "{version}");
    }
}

#[test]
fn reasons_and_owners_are_called_the_same_everywhere() {
    for reason in SkipReason::ALL {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        let entry = reason.entry();
        assert!(!entry.meaning.is_empty(), "{reason}");
        assert_eq!(
            entry.remedy.is_empty(),
            reason == SkipReason::AlreadyRegistered,
            "{reason}"
        );
    }
    let names: BTreeSet<&str> = SkipReason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(names.len(), SkipReason::ALL.len());
    for owner in Ownership::ALL {
        assert_eq!(serde_json::to_value(owner).unwrap(), owner.as_str());
        assert_eq!(Ownership::of_word(owner.as_str()), owner);
    }
    assert_eq!(Ownership::of_word(" Company "), Ownership::Corporate);
    assert_eq!(Ownership::of_word("2"), Ownership::Unknown);
}

proptest! {
    #[test]
    fn any_text_is_some_version_or_none(text in "\\PC{0,40}") {
        let supported = is_supported(&text);
        prop_assert!(!supported || text.trim().starts_with("10.0."));
    }

    /// Whatever else is said of it, a device is handed in only if it is eligible and targeted.
    #[test]
    fn only_an_eligible_device_is_registered(
        owner in 0..3usize, enrolled: bool, build in 10_000..30_000u32, converts: bool, everybody: bool, elsewhere: bool,
    ) {
        let harvested = Harvested {
            ownership: Ownership::ALL[owner],
            enrolled,
            os_version: format!("10.0.{build}"),
            ..harvested(&made_up(1))
        };
        let rule = if everybody { for_all(rule(1)) } else { rule(1) };
        let rules = [Rule { converts, ..rule }];
        let other = registered(&made_up(1), TenantId::of_name("Tailspin"));
        let known = if elsewhere { known(&[other]) } else { Known::default() };
        let wanted = owner == 0 && enrolled && build >= MINIMUM_BUILD && converts && everybody && !elsewhere;
        prop_assert_eq!(judge(&harvested, &known, &rules) == Judgement::Register, wanted);
    }
}
