//! Which profile a device has.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const TAGS: [&str; 3] = ["Sales", "Lab", "Kiosk"];

fn tags() -> impl Strategy<Value = BTreeSet<String>> {
    proptest::sample::subsequence(TAGS.to_vec(), 0..=2).prop_map(|tags| tags.into_iter().map(str::to_owned).collect())
}

/// A few rules, many of them equally old. At most one is the default, as the store holds it.
fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let rule = (0_i64..4, any::<bool>(), tags(), tags(), any::<bool>());
    let default = proptest::option::of(0_usize..6);
    (proptest::collection::vec(rule, 0..6), default).prop_map(|(rules, default)| {
        let rules = rules.into_iter().enumerate();
        let make = |(n, (age, all_devices, include_group_tags, exclude_group_tags, partners))| Rule {
            id: id(u8::try_from(n).unwrap()),
            created_at: Timestamp::from_second(age).unwrap(),
            origin: if partners {
                Channel::PartnerCenter
            } else {
                Channel::Intune
            },
            is_default: default == Some(n) && !partners,
            assignment: Assignment {
                all_devices,
                include_group_tags,
                exclude_group_tags,
            },
            ..profile().rule()
        };
        rules.map(make).collect()
    })
}

fn target() -> impl Strategy<Value = Target> {
    let side = prop_oneof![Just(Side::Include), Just(Side::Exclude)];
    let lists = proptest::collection::btree_map((0_u8..6).prop_map(id), side, 0..3);
    let tag = proptest::option::of(proptest::sample::select(TAGS.to_vec()));
    (tag, any::<bool>(), lists).prop_map(|(tag, by_partner, lists)| Target {
        group_tag: tag.map(str::to_owned),
        by_partner,
        lists,
        has_tpm: None,
        device_type: None,
    })
}

/// Whether a rule includes the device, said once more in other words.
fn includes(rule: &Rule, target: &Target) -> bool {
    let tagged = target
        .group_tag
        .iter()
        .any(|tag| rule.assignment.include_group_tags.contains(tag));
    rule.assignment.all_devices || tagged || target.lists.get(&rule.id) == Some(&Side::Include)
}

fn excludes(rule: &Rule, target: &Target) -> bool {
    let tagged = target
        .group_tag
        .iter()
        .any(|tag| rule.assignment.exclude_group_tags.contains(tag));
    let foreign = rule.origin == Channel::PartnerCenter && !target.by_partner;
    tagged || foreign || target.lists.get(&rule.id) == Some(&Side::Exclude)
}

proptest! {
    #[test]
    fn the_order_of_the_profiles_does_not_matter(
        (rules, shuffled) in rules().prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())),
        target in target(),
    ) {
        prop_assert_eq!(explain(&target, &rules), explain(&target, &shuffled));
    }

    #[test]
    fn the_oldest_wins_that_applies_and_the_default_where_none_does(rules in rules(), target in target()) {
        let explanation = explain(&target, &rules);
        let applies = |rule: &&Rule| includes(rule, &target) && !excludes(rule, &target);
        let oldest = rules.iter().filter(applies).min_by_key(|rule| (rule.created_at, rule.id));
        let default = rules.iter().find(|rule| rule.is_default && !excludes(rule, &target));
        let expected = oldest.or(default).map(|rule| rule.id);
        let chosen = explanation.chosen.as_ref();
        prop_assert_eq!(chosen.map(|chosen| chosen.rule.id), expected);
        let by_default = chosen.map(|chosen| chosen.because == Because::Default);
        prop_assert_eq!(by_default, expected.map(|_| oldest.is_none()));
    }

    #[test]
    fn a_rule_that_its_own_lists_rule_out_is_never_chosen(rules in rules(), target in target()) {
        let chosen = explain(&target, &rules).chosen.map(|chosen| chosen.rule.id);
        for rule in &rules {
            let own = Target {
                lists: target.lists.iter().filter(|(id, _)| **id == rule.id).map(|(id, side)| (*id, *side)).collect(),
                ..target.clone()
            };
            let alone = explain(&own, std::slice::from_ref(rule)).chosen.is_some();
            prop_assert_eq!(rule.may_be_chosen(&own), alone);
            prop_assert!(alone || chosen != Some(rule.id));
        }
    }

    #[test]
    fn every_profile_is_told_of_with_what_became_of_it(rules in rules(), target in target()) {
        let explanation = explain(&target, &rules);
        prop_assert_eq!(explanation.considered.len(), rules.len());
        for considered in &explanation.considered {
            let rule = rules.iter().find(|rule| rule.id == considered.profile).unwrap();
            let expected = match considered.verdict {
                Verdict::Chosen => explanation.chosen.as_ref().is_some_and(|chosen| chosen.rule.id == rule.id),
                Verdict::OlderWins => includes(rule, &target) && !excludes(rule, &target),
                Verdict::NotIncluded => !includes(rule, &target) && !excludes(rule, &target),
                _ => excludes(rule, &target),
            };
            prop_assert!(expected, "{:?}", considered);
        }
    }
}

#[test]
fn an_excluded_device_never_gets_the_profile() {
    let mut rule = profile().rule();
    rule.is_default = true;
    rule.assignment.all_devices = true;
    let excluded = Target {
        lists: BTreeMap::from([(rule.id, Side::Exclude)]),
        ..Target::default()
    };
    let explanation = explain(&excluded, std::slice::from_ref(&rule));
    assert_eq!(explanation.chosen, None);
    assert_eq!(explanation.considered[0].verdict, Verdict::DeviceExcluded);
    let chosen = explain(&Target::default(), &[rule]).chosen.unwrap();
    assert_eq!(chosen.because, Because::AllDevices);
}

#[test]
fn the_state_follows_from_what_the_device_got() {
    let rule = profile().rule();
    let target = Target {
        lists: BTreeMap::from([(rule.id, Side::Include)]),
        ..Target::default()
    };
    let explanation = explain(&target, std::slice::from_ref(&rule));
    let got = |profile, revision| Downloaded {
        profile,
        name: "User driven".to_owned(),
        revision,
        at: Timestamp::UNIX_EPOCH,
    };
    let none = explain(&Target::default(), std::slice::from_ref(&rule));
    for (explanation, got, status) in [
        (&none, None, AssignmentStatus::NotAssigned),
        (&none, Some(got(rule.id, 1)), AssignmentStatus::NotAssigned),
        (&explanation, None, AssignmentStatus::AssignedUnknownSyncState),
        (&explanation, Some(got(rule.id, 1)), AssignmentStatus::AssignedInSync),
        (&explanation, Some(got(rule.id, 2)), AssignmentStatus::AssignedOutOfSync),
        (&explanation, Some(got(id(7), 1)), AssignmentStatus::AssignedOutOfSync),
    ] {
        let state = explanation.state(&target, got.as_ref());
        assert_eq!(
            (state.status, state.detail),
            (status, AssignmentDetail::None),
            "{got:?}"
        );
    }
}

#[test]
fn a_device_that_cannot_use_its_profile_has_failed_with_the_reason() {
    let device = |kind, has_tpm| Target {
        device_type: kind,
        has_tpm,
        ..Target::default()
    };
    let pc = Some(DeviceType::WindowsPc);
    let holo = Some(DeviceType::HoloLens);
    for (kind, mode, target, detail) in [
        (DeviceType::WindowsPc, Mode::UserDriven, device(pc, Some(false)), None),
        (DeviceType::WindowsPc, Mode::SelfDeploying, device(pc, Some(true)), None),
        (DeviceType::WindowsPc, Mode::SelfDeploying, device(None, None), None),
        (
            DeviceType::WindowsPc,
            Mode::SelfDeploying,
            device(pc, Some(false)),
            Some(AssignmentDetail::HardwareRequirementsNotMet),
        ),
        (
            DeviceType::WindowsPc,
            Mode::UserDriven,
            device(holo, None),
            Some(AssignmentDetail::WindowsPcProfileNotSupported),
        ),
        (
            DeviceType::HoloLens,
            Mode::SelfDeploying,
            device(pc, Some(false)),
            Some(AssignmentDetail::HoloLensProfileNotSupported),
        ),
        (
            DeviceType::SurfaceHub2,
            Mode::SelfDeploying,
            device(pc, None),
            Some(AssignmentDetail::SurfaceHubProfileNotSupported),
        ),
        (
            DeviceType::SurfaceHub2S,
            Mode::SelfDeploying,
            device(Some(DeviceType::SurfaceHub2), None),
            Some(AssignmentDetail::SurfaceHub2SProfileNotSupported),
        ),
        (DeviceType::VirtualMachine, Mode::UserDriven, device(pc, None), None),
        (
            DeviceType::WindowsPc,
            Mode::UserDriven,
            device(Some(DeviceType::VirtualMachine), None),
            None,
        ),
    ] {
        let mut rule = profile().rule();
        rule.assignment.all_devices = true;
        rule.device_type = kind;
        rule.mode = mode;
        let explanation = explain(&target, &[rule]);
        let state = explanation.state(&target, None);
        let expected = detail.map_or(AssignmentStatus::AssignedUnknownSyncState, |_| AssignmentStatus::Failed);
        assert_eq!(state.status, expected, "{kind:?} {target:?}");
        assert_eq!(
            state.detail,
            detail.unwrap_or(AssignmentDetail::None),
            "{kind:?} {target:?}"
        );
    }
}
