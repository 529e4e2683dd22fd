//! Damages of profiles.

use muster_core::id::ProfileId;
use muster_core::profile::{OutOfBoxExperience, Profile, Settings, Side, UserType};

use super::*;
use crate::profiles::{Entry, Rules, entry_item, profile_item, rules_item};

fn profile(n: u8) -> Profile {
    let settings = Settings {
        name: format!("Profile {n}"),
        out_of_box_experience: OutOfBoxExperience {
            user_type: Some(UserType::Standard),
            ..OutOfBoxExperience::default()
        },
        ..Settings::default()
    };
    Profile {
        included_devices: 1,
        ..Profile::new(ProfileId::of_seed([n; 16]), tenant(), Channel::Intune, settings, at(3))
    }
}

fn entry(n: u8) -> Entry {
    Entry {
        tenant: tenant(),
        device: device(1).id,
        profile: profile(n).id,
        side: Side::Include,
    }
}

fn rules(of: &[u8]) -> Item {
    let rules = of.iter().map(|n| profile(*n).rule()).collect();
    rules_item(tenant(), &Rules { version: 4, rules }).unwrap()
}

/// The damages: what is written, what is found, and whether it is mended.
fn damages() -> Vec<(&'static str, Vec<Action>, Vec<&'static str>, bool)> {
    let mut renamed = profile(1);
    renamed.settings.name = "Another".to_owned();
    let mut stranger = profile(2);
    stranger.partner = Some("tailspin".parse().unwrap());
    vec![
        (
            "a profile has no rule",
            vec![put(rules(&[2]))],
            vec!["profile-rule-missing"],
            false,
        ),
        (
            "the rules are gone",
            vec![Action::Delete(keys::profile_rules(tenant()), None)],
            vec!["profile-rule-missing"; 2],
            false,
        ),
        (
            "a rule says something else",
            vec![put(profile_item(&renamed).unwrap())],
            vec!["profile-rules-differ"],
            true,
        ),
        (
            "a rule has no profile",
            vec![put(rules(&[1, 2, 3]))],
            vec!["profile-rules-differ"],
            true,
        ),
        (
            "a profile is gone",
            vec![Action::Delete(keys::profile(tenant(), profile(1).id), None)],
            vec!["profile-rules-differ", "profile-missing"],
            true,
        ),
        (
            "a profile's partner is gone",
            vec![
                put(profile_item(&stranger).unwrap()),
                put(rules_item(
                    tenant(),
                    &Rules {
                        version: 4,
                        rules: vec![profile(1).rule(), stranger.rule()],
                    },
                )
                .unwrap()),
            ],
            vec!["partner-missing"],
            false,
        ),
        (
            "a named device is in no list",
            vec![remove(keys::device_profile(device(1).id, profile(1).id), "lpk, lsk")],
            vec!["wrong-index"],
            true,
        ),
        (
            "a device that is named is gone",
            vec![put(entry_item(&Entry {
                device: device(9).id,
                ..entry(1)
            })
            .unwrap())],
            vec!["device-missing"],
            false,
        ),
        (
            "a place on a list that tells of another profile",
            vec![put(Item::new(
                &keys::device_profile(device(1).id, profile(2).id),
                &entry(1),
            )
            .unwrap())],
            vec!["unreadable"],
            false,
        ),
    ]
}

#[tokio::test]
async fn damages_of_profiles_are_found_and_mended_where_there_is_one_way() {
    for (name, damage, expected, mended) in damages() {
        let (_database, _bucket, fsck) = sound().await;
        let profiles = [1, 2].map(|n| put(profile_item(&profile(n)).unwrap()));
        plant(&fsck, profiles.into()).await;
        plant(&fsck, vec![put(rules(&[1, 2])), put(entry_item(&entry(1)).unwrap())]).await;
        found_and_mended(&fsck, name, expected, mended, plant(&fsck, damage)).await;
    }
}
