//! How large the rules of a tenant get: one item holds them, and DynamoDB's items hold 400 KB.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::profile::{Assignment, Settings, UserType};

use super::*;

/// The most bytes of an item (DynamoDB developer guide, "Quotas").
const ITEM: usize = 400 << 10;

/// The bytes of a value (the same guide, "DynamoDB item sizes and formats").
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size(value)).sum::<usize>(),
        AttributeValue::M(members) => {
            3 + members
                .iter()
                .map(|(name, value)| 1 + name.len() + size(value))
                .sum::<usize>()
        }
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        other => panic!("rules hold no {other:?}"),
    }
}

/// The bytes of an item.
fn item_size(item: crate::item::Item) -> usize {
    let item = item.into_attributes();
    item.iter().map(|(name, value)| name.len() + size(value)).sum()
}

/// The bytes of the item that holds these rules, and of the JSON that is measured instead of it.
fn sizes(rules: &Rules) -> (usize, usize) {
    let item = item_size(rules_item(tenant(), rules).unwrap());
    (item, serde_json::to_vec(rules).unwrap().len())
}

fn tenant() -> TenantId {
    TenantId::of_name("Fabrikam")
}

/// The `n`-th profile, with a name of 200 of these characters, and so many group tags of `length` of them on each side.
fn profile(n: usize, character: char, tags: usize, length: usize) -> Profile {
    let long = |begin: String, length: usize| {
        let rest = length.saturating_sub(begin.len());
        begin + &character.to_string().repeat(rest)
    };
    let tags = |side: &str| -> BTreeSet<String> {
        (0..tags)
            .map(|tag| long(format!("{side}{n:x}-{tag:x}"), length))
            .collect()
    };
    let mut settings = Settings {
        name: long(format!("{n:03}"), 200),
        device_name_template: Some(muster_core::profile::NameTemplate::new("PC-%SERIAL%")),
        ..Settings::default()
    };
    settings.out_of_box_experience.user_type = UserType::default_of(settings.mode);
    let mut seed = [7; 16];
    seed[..8].copy_from_slice(&n.to_be_bytes());
    let made = Timestamp::from_nanosecond(1_234_567_890_123_456_789 + n as i128).unwrap();
    Profile {
        assignment: Assignment {
            all_devices: false,
            include_group_tags: tags("i"),
            exclude_group_tags: tags("x"),
        },
        ..Profile::new(ProfileId::of_seed(seed), tenant(), Channel::Intune, settings, made)
    }
}

/// As many profiles as are taken, and why the next one was not.
fn filled(character: char, tags: usize, length: usize) -> (Rules, ProfileWritten) {
    let mut rules = Rules::default();
    for n in 0..=MAX_PROFILES {
        let profile = profile(n, character, tags, length);
        assert_eq!(profile.faults(), []);
        match rules.with(&profile) {
            Ok(next) => rules = next,
            Err(why) => return (rules, why),
        }
    }
    panic!("more than {MAX_PROFILES} profiles were taken");
}

#[test]
fn the_rules_of_all_profiles_fit_or_the_profile_is_refused() {
    for (character, tags, length, expected) in [
        // 350 profiles with the longest names, and with one of the longest tags on each side.
        ('x', 0, 0, ProfileWritten::TooMany),
        ('x', 1, 128, ProfileWritten::TooMany),
        // What no item would hold: the longest tags, many short ones, letters of four bytes, letters that JSON writes as two.
        ('x', 100, 128, ProfileWritten::TooLarge),
        ('x', 100, 6, ProfileWritten::TooLarge),
        ('\u{1F4BB}', 0, 0, ProfileWritten::TooLarge),
        ('\u{1F4BB}', 100, 128, ProfileWritten::TooLarge),
        ('"', 3, 128, ProfileWritten::TooLarge),
    ] {
        let (rules, why) = filled(character, tags, length);
        let (item, json) = sizes(&rules);
        assert_eq!(
            why,
            expected,
            "{character} {tags} {length}: {} rules, {item} bytes",
            rules.rules.len()
        );
        assert!(item < ITEM, "{character} {tags} {length}: {item} bytes");
        // Key and schema version are no part of what is measured.
        assert!(
            item <= json + 100,
            "{character} {tags} {length}: {item} bytes for {json} of JSON"
        );
    }
}

/// A profile that says as much as it may, in texts of this character, with so many of the longest group tags on each side.
fn fullest(character: char, tags: usize, scope_tags: usize) -> Profile {
    let text = |length: usize| character.to_string().repeat(length);
    let mut full = profile(1, character, tags, 128);
    full.settings.description = Some(text(1500));
    full.settings.management_service_app_id = Some("0000000a-0000-0000-c000-000000000000".to_owned());
    full.settings.language = Some("de-DE".to_owned());
    full.settings.enrollment_status_page = Some(muster_core::profile::EnrollmentStatusPage {
        custom_error_message: text(1000),
        ..Default::default()
    });
    let scope = |n| format!("{n}{}", text(33));
    full.settings.role_scope_tag_ids = (100..100 + scope_tags).map(scope).collect();
    assert_eq!(full.faults(), []);
    (full.included_devices, full.excluded_devices) = (u64::MAX, u64::MAX);
    full
}

/// docs/deployment.md says how many units of 4 KB a boot reads of a profile.
#[test]
fn a_profile_is_as_large_as_is_written() {
    for (profile, kilobytes) in [
        (profile(1, 'x', 0, 0), 0..=1),
        (fullest('x', 1, 0), 3..=4),
        (fullest('\u{1F4BB}', 100, 100), 120..=128),
    ] {
        let size = item_size(profile_item(&profile).unwrap());
        assert!(
            kilobytes.contains(&size.div_ceil(1024)),
            "{size} bytes, not {kilobytes:?} KB"
        );
    }
}
