//! Profiles, the rules that devices get them by, and the devices that they name.

use muster_core::id::TenantId;
use muster_core::profile::Profile;

use super::judge::{partner_missing, tenant_missing};
use super::subject::{Around, Found, Subject, Suspect};
use super::words::Code;
use crate::error::StoreError;
use crate::keys::{self, Key};
use crate::profiles::{Entry, Rules, at_version, listing, rules_item};
use crate::table::{Action, Condition};

/// The items that a profile is judged by.
pub(super) fn wants(profile: &Profile) -> Vec<Key> {
    let mut keys = vec![keys::tenant(profile.tenant), keys::profile_rules(profile.tenant)];
    keys.extend(profile.partner.as_ref().map(keys::partner));
    keys
}

/// The items that the rules of a tenant's profiles are judged by.
pub(super) fn wants_of_rules(tenant: TenantId, rules: &Rules) -> Vec<Key> {
    let profiles = rules.rules.iter().map(|rule| keys::profile(tenant, rule.id));
    profiles.collect()
}

/// The items that a device's place on a list is judged by.
pub(super) fn wants_of_entry(entry: &Entry) -> Vec<Key> {
    vec![keys::device(entry.device), keys::profile(entry.tenant, entry.profile)]
}

pub(super) fn judge(profile: &Profile, around: &Around) -> Vec<Suspect> {
    let place = format!("profile {}", profile.id);
    let mut suspects = Vec::new();
    suspects.extend(tenant_missing(&place, profile.tenant, around));
    suspects.extend(partner_missing(&place, profile.partner.as_ref(), around));
    let ruled = match around.get::<Rules>(&keys::profile_rules(profile.tenant)) {
        Found::Absent => false,
        // A finding of its own.
        Found::Unreadable => true,
        Found::There(rules) => rules.rules.iter().any(|rule| rule.id == profile.id),
    };
    if !ruled {
        let detail = "the rules of its tenant's profiles do not name it";
        suspects.push(Suspect::new(Code::ProfileRuleMissing, &place, detail));
    }
    suspects
}

/// What is wrong with the rules of a tenant's profiles: each says what its profile says.
pub(super) fn judge_rules(tenant: TenantId, rules: &Rules, around: &Around) -> Result<Vec<Suspect>, StoreError> {
    let (mut right, mut wrong) = (Vec::new(), None);
    let mut seen = Vec::new();
    for rule in &rules.rules {
        let key = keys::profile(tenant, rule.id);
        match around.get::<Profile>(&key) {
            // A finding of its own.
            Found::Unreadable => return Ok(Vec::new()),
            Found::Absent => {
                wrong = wrong.or(Some(format!("they name profile {}, which does not exist", rule.id)));
                seen.push(Action::Check(key, Condition::absent()));
            }
            Found::There(profile) => {
                if profile.rule() != *rule {
                    wrong = wrong.or(Some(format!("they do not say what profile {} says", rule.id)));
                    seen.push(Action::Check(key, at_version(profile.version)));
                }
                right.push(profile.rule());
            }
        }
    }
    let Some(detail) = wrong else {
        return Ok(Vec::new());
    };
    // One transaction holds no more checks.
    let enough = seen.len() < 100;
    let next = Rules {
        version: rules.version + 1,
        rules: right,
    };
    let mut actions = vec![Action::Put(rules_item(tenant, &next)?, Some(at_version(rules.version)))];
    actions.extend(seen);
    let suspect = Suspect::new(Code::ProfileRulesDiffer, format!("profiles of tenant {tenant}"), detail);
    Ok(vec![if enough { suspect.mended_by(actions) } else { suspect }])
}

/// What is wrong with a device's place on a list of a profile.
pub(super) fn judge_entry(subject: &Subject, entry: &Entry, around: &Around) -> Vec<Suspect> {
    let place = format!("device {} on a list of profile {}", entry.device, entry.profile);
    let exists = Condition::new("attribute_exists(pk)");
    let mut suspects: Vec<Suspect> = subject
        .index(&place, Some(listing(entry)), None, exists)
        .into_iter()
        .collect();
    if !around.has(&keys::device(entry.device)) {
        let detail = format!("it names device {}, which does not exist", entry.device);
        suspects.push(Suspect::new(Code::DeviceMissing, &place, detail));
    }
    let profile = keys::profile(entry.tenant, entry.profile);
    if !around.has(&profile) {
        let actions = vec![
            Action::Delete(keys::device_profile(entry.device, entry.profile), None),
            Action::Check(profile, Condition::absent()),
        ];
        suspects.push(Suspect::new(Code::ProfileMissing, &place, "there is no such profile").mended_by(actions));
    }
    suspects
}
