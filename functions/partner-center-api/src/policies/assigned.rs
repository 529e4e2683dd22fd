//! What keeps a policy from being deleted.

use muster_core::profile::Profile;
use muster_runtime::http::{Code, Problem};

/// Why a policy is not deleted, and who can change that: what native clients set, these clients do not see.
pub(super) fn assigned(profile: &Profile) -> Problem {
    if profile.included_devices > 0 {
        return Problem::new(Code::Conflict, "Devices have this policy.")
            .remedy("Give them another policy or none, then delete it.");
    }
    let detail = if profile.excluded_devices > 0 {
        "Devices are excluded from this policy."
    } else {
        "The policy is assigned to all devices, or to devices by their group tags."
    };
    let remedy = format!(
        "Partner Center's calls do not change that: see GET /v1/tenants/{}/profiles/{}.",
        profile.tenant, profile.id
    );
    Problem::new(Code::Conflict, detail).remedy(remedy)
}

#[cfg(test)]
mod tests {
    use muster_core::channel::Channel;
    use muster_core::id::ProfileId;
    use muster_core::profile::{Assignment, Settings};

    use super::*;

    #[test]
    fn who_may_not_delete_a_policy_learns_what_holds_it() {
        let tenant = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap();
        let profile = |included_devices, excluded_devices| Profile {
            id: ProfileId::of_seed([7; 16]),
            tenant,
            version: 1,
            revision: 1,
            origin: Channel::PartnerCenter,
            partner: None,
            settings: Settings::default(),
            assignment: Assignment::default(),
            included_devices,
            excluded_devices,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            modified_at: jiff::Timestamp::UNIX_EPOCH,
        };
        for (included, excluded, detail, route) in [
            (1, 1, "have this policy", None),
            (0, 1, "excluded", Some("/profiles/")),
            (0, 0, "group tags", Some("/profiles/")),
        ] {
            let told = assigned(&profile(included, excluded)).body();
            assert!(told.detail.contains(detail), "{told:?}");
            let remedy = told.remedy.unwrap_or_default();
            assert_eq!(remedy.contains("/profiles/"), route.is_some(), "{remedy}");
        }
    }
}
