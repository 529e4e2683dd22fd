//! What a policy says, as Partner Center's words and as a profile's settings.

use muster_core::profile::{OutOfBoxExperience, Profile, Settings, UserType};
use muster_runtime::http::Problem;

use crate::devices::OOBE;
use crate::model::{Attributes, ConfigurationPolicy, SentConfiguration, time};
use crate::words::no_word;

/// The page with the privacy settings is left out.
const SKIP_EXPRESS_SETTINGS: &str = "skip_express_settings";
/// The page with the license terms is left out.
const SKIP_EULA: &str = "skip_eula";
/// The user becomes a standard user.
const NOT_LOCAL_ADMIN: &str = "oobe_user_not_local_admin";
/// The page of the manufacturer's registration is left out, as it always is here.
const SKIP_OEM_REGISTRATION: &str = "skip_oem_registration";
/// What a manufacturer preinstalled is removed: an option of old, which no profile has.
const REMOVE_OEM_PREINSTALLS: &str = "remove_oem_preinstalls";

/// A profile, as these clients read it.
pub(super) fn told(profile: Profile) -> ConfigurationPolicy {
    let oobe = &profile.settings.out_of_box_experience;
    let all = [
        (NOT_LOCAL_ADMIN, oobe.user_type == Some(UserType::Standard)),
        (SKIP_EXPRESS_SETTINGS, oobe.privacy_settings_hidden),
        (SKIP_OEM_REGISTRATION, true),
        (SKIP_EULA, oobe.license_terms_hidden),
    ];
    ConfigurationPolicy {
        id: profile.id.to_string(),
        category: OOBE,
        devices_assigned: profile.included_devices,
        devices_assigned_count: profile.included_devices,
        policy_settings: all.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| *name).collect(),
        created_date: time(profile.created_at),
        last_modified_date: time(profile.modified_at),
        attributes: Attributes::at_version("ConfigurationPolicy", profile.version),
        name: profile.settings.name,
        description: profile.settings.description,
    }
}

/// The settings that a policy says.
pub(super) fn read(sent: &SentConfiguration) -> Result<Settings, Problem> {
    let category = sent.category.as_deref().unwrap_or(OOBE);
    if !["", OOBE, "oobe", "none"]
        .iter()
        .any(|known| category.eq_ignore_ascii_case(known))
    {
        return Err(no_word("category", category, OOBE));
    }
    let mut oobe = OutOfBoxExperience {
        user_type: Some(UserType::Administrator),
        ..OutOfBoxExperience::default()
    };
    for word in sent.policy_settings.iter().flatten() {
        match word.to_ascii_lowercase().as_str() {
            "none" | SKIP_OEM_REGISTRATION => {}
            NOT_LOCAL_ADMIN => oobe.user_type = Some(UserType::Standard),
            SKIP_EXPRESS_SETTINGS => oobe.privacy_settings_hidden = true,
            SKIP_EULA => oobe.license_terms_hidden = true,
            REMOVE_OEM_PREINSTALLS => {
                let detail = "What a manufacturer preinstalled is not removed here: leave remove_oem_preinstalls out.";
                return Err(Problem::at("policySettings", detail));
            }
            _ => {
                let words = [
                    "none",
                    NOT_LOCAL_ADMIN,
                    SKIP_EXPRESS_SETTINGS,
                    SKIP_OEM_REGISTRATION,
                    SKIP_EULA,
                ];
                return Err(no_word("policy setting", word, &words.join(", ")));
            }
        }
    }
    Ok(Settings {
        name: sent.name.clone().unwrap_or_default(),
        description: sent.description.clone(),
        out_of_box_experience: oobe,
        ..Settings::default()
    }
    .trimmed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(category: Option<&str>, words: &[&str]) -> SentConfiguration {
        SentConfiguration {
            id: None,
            name: Some(" Windows 10 ".to_owned()),
            category: category.map(str::to_owned),
            description: Some(String::new()),
            policy_settings: Some(words.iter().map(|word| (*word).to_owned()).collect()),
        }
    }

    #[test]
    fn settings_are_read_in_their_own_words_alone() {
        let all = [
            "none",
            NOT_LOCAL_ADMIN,
            SKIP_EXPRESS_SETTINGS,
            SKIP_OEM_REGISTRATION,
            "SKIP_EULA",
        ];
        let settings = read(&sent(Some("o_o_b_e"), &all)).unwrap();
        let oobe = &settings.out_of_box_experience;
        assert_eq!((settings.name.as_str(), &settings.description), ("Windows 10", &None));
        assert_eq!(
            (oobe.user_type, oobe.privacy_settings_hidden, oobe.license_terms_hidden),
            (Some(UserType::Standard), true, true)
        );
        let none = read(&sent(None, &[])).unwrap().out_of_box_experience;
        assert_eq!(
            (none.user_type, none.privacy_settings_hidden, none.license_terms_hidden),
            (Some(UserType::Administrator), false, false)
        );
        for (category, words, number) in [
            (Some("device"), &[][..], Some("enum-not-parsable")),
            (None, &["skip_everything"][..], Some("enum-not-parsable")),
            (None, &[REMOVE_OEM_PREINSTALLS][..], None),
        ] {
            let problem = read(&sent(category, words)).unwrap_err().body();
            assert_eq!(problem.reason.as_deref(), number, "{words:?}");
        }
    }
}
