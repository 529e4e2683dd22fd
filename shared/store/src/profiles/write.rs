//! Making, changing and deleting profiles.
//!
//! Each is one transaction: the consent, the profile as it was seen, and the tenant's rules as they were seen, where they
//! change.

#[cfg(test)]
mod tests;

use std::time::Duration;

use muster_core::id::{ProfileId, TenantId};
use muster_core::profile::{Fault, MAX_PROFILES, Profile, Rule};

use super::{Profiles, Rules, at_version, profile_item, rules_item};
use crate::devices::Act;
use crate::error::{ErrorKind, StoreError};
use crate::grants::check;
use crate::keys::{self, GRANT_SHARDS, shard_of};
use crate::table::{Action, Cancelled, Transacted};

/// How often a change is tried while other writers have its items: a few seconds in all.
const TRIES: u64 = 40;
/// The bytes that the rules of a tenant take at most, as JSON, which is never shorter than the item; an item of the store
/// holds 400 KB.
const MAX_RULES: usize = 350 << 10;

/// What the making or a change of a profile came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileWritten {
    /// The profile is as it is here now.
    Done(Box<Profile>),
    /// It was so before, and nothing was written.
    Unchanged(Box<Profile>),
    /// There is no such profile in this tenant that the requester may know of.
    Absent,
    /// It stands at this version, which is not the one that was asked for.
    Overtaken(u64),
    /// It contradicts itself.
    Faults(Vec<Fault>),
    /// This other profile of the same origin has the name.
    NameTaken(ProfileId),
    /// This other profile is the default.
    SecondDefault(ProfileId),
    /// The tenant has as many profiles as it may have.
    TooMany,
    /// The names and the group tags of the tenant's profiles are more than one item holds.
    TooLarge,
    /// The consent does not allow it any more; [`Grants::denial`](crate::Grants::denial) says why.
    Refused,
}

/// What the deletion of a profile came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileDeleted {
    /// It is gone.
    Done,
    /// There is no such profile in this tenant that the requester may know of.
    Absent,
    /// It stands at this version, which is not the one that was asked for.
    Overtaken(u64),
    /// It is assigned, or names devices: nothing was deleted.
    Assigned(Box<Profile>),
    /// The consent does not allow it any more; [`Grants::denial`](crate::Grants::denial) says why.
    Refused,
}

/// What a try came to.
pub(super) enum Tried {
    Done,
    Refused,
    /// Somebody else was faster.
    Again,
}

impl Profiles {
    /// Makes a profile. One of its id that is there already is left as it is: whoever makes the same once more finds it.
    ///
    /// # Errors
    /// When the store is out of reach, or other writers were faster each time.
    pub async fn create(&self, new: &Profile, act: &Act<'_>) -> Result<ProfileWritten, StoreError> {
        const OPERATION: &str = "make a profile";
        let tenant = act.pin.tenant;
        for round in 0..TRIES {
            let rules = self.all_rules(tenant).await?;
            if let Some(known) = self.get(tenant, new.id).await? {
                return Ok(ProfileWritten::Unchanged(Box::new(known)));
            }
            let next = match rules.with(new) {
                Ok(next) => next,
                Err(other) => return Ok(other),
            };
            let actions = [
                check(act.pin, grant_shard(new.id, round), act.now),
                Action::Put(profile_item(new)?, Some(at_version(0))),
                Action::Put(rules_item(tenant, &next)?, Some(at_version(rules.version))),
            ];
            match self.attempt(&actions, OPERATION).await? {
                Tried::Done => return Ok(ProfileWritten::Done(Box::new(new.clone()))),
                Tried::Refused => return Ok(ProfileWritten::Refused),
                Tried::Again => pause(new.id, round).await,
            }
        }
        Err(StoreError::contended(OPERATION))
    }

    /// Writes what `change` makes of a profile, which keeps its id. `version`: only if it stands at this one; a profile
    /// that is already as asked for is left alone whatever its version, so that a repeat is harmless.
    ///
    /// # Errors
    /// When the store is out of reach, or other writers were faster each time.
    pub async fn change(
        &self,
        id: ProfileId,
        version: Option<u64>,
        act: &Act<'_>,
        change: impl Fn(&Profile) -> Profile,
    ) -> Result<ProfileWritten, StoreError> {
        const OPERATION: &str = "change a profile";
        let tenant = act.pin.tenant;
        for round in 0..TRIES {
            let rules = self.all_rules(tenant).await?;
            let Some(old) = self.known(tenant, id, act).await? else {
                return Ok(ProfileWritten::Absent);
            };
            let new = change(&old);
            if new.settings == old.settings && new.assignment == old.assignment {
                return Ok(ProfileWritten::Unchanged(Box::new(old)));
            }
            if version.is_some_and(|version| version != old.version) {
                return Ok(ProfileWritten::Overtaken(old.version));
            }
            let next = match rules.with(&new) {
                Ok(next) => next,
                Err(other) => return Ok(other),
            };
            let mut actions = vec![
                check(act.pin, grant_shard(id, round), act.now),
                Action::Put(profile_item(&new)?, Some(at_version(old.version))),
            ];
            if next.rules != rules.rules {
                let item = rules_item(tenant, &next)?;
                actions.push(Action::Put(item, Some(at_version(rules.version))));
            }
            match self.attempt(&actions, OPERATION).await? {
                Tried::Done => return Ok(ProfileWritten::Done(Box::new(new))),
                Tried::Refused => return Ok(ProfileWritten::Refused),
                Tried::Again => pause(id, round).await,
            }
        }
        Err(StoreError::contended(OPERATION))
    }

    /// Deletes a profile that no device is meant by: neither by group tag, nor all, nor by name. `version`: only if it
    /// stands at this one.
    ///
    /// # Errors
    /// When the store is out of reach, or other writers were faster each time.
    pub async fn delete(
        &self,
        id: ProfileId,
        version: Option<u64>,
        act: &Act<'_>,
    ) -> Result<ProfileDeleted, StoreError> {
        const OPERATION: &str = "delete a profile";
        let tenant = act.pin.tenant;
        for round in 0..TRIES {
            let rules = self.all_rules(tenant).await?;
            let Some(old) = self.known(tenant, id, act).await? else {
                return Ok(ProfileDeleted::Absent);
            };
            if version.is_some_and(|version| version != old.version) {
                return Ok(ProfileDeleted::Overtaken(old.version));
            }
            if old.is_assigned() || old.excluded_devices > 0 {
                return Ok(ProfileDeleted::Assigned(Box::new(old)));
            }
            let actions = [
                check(act.pin, grant_shard(id, round), act.now),
                Action::Delete(keys::profile(tenant, id), Some(at_version(old.version))),
                Action::Put(rules_item(tenant, &rules.without(id))?, Some(at_version(rules.version))),
            ];
            match self.attempt(&actions, OPERATION).await? {
                Tried::Done => return Ok(ProfileDeleted::Done),
                Tried::Refused => return Ok(ProfileDeleted::Refused),
                Tried::Again => pause(id, round).await,
            }
        }
        Err(StoreError::contended(OPERATION))
    }

    /// A profile that whoever acts may know of.
    pub(super) async fn known(
        &self,
        tenant: TenantId,
        id: ProfileId,
        act: &Act<'_>,
    ) -> Result<Option<Profile>, StoreError> {
        let found = self.get(tenant, id).await?;
        Ok(found.filter(|profile| act.by.may_know_profile(profile)))
    }

    /// One try of a transaction whose first action is the check of the consent.
    pub(super) async fn attempt(&self, actions: &[Action], operation: &'static str) -> Result<Tried, StoreError> {
        match self.table.transact(actions).await? {
            Transacted::Done => Ok(Tried::Done),
            Transacted::Cancelled(reasons) if matches!(reasons.first(), Some(Cancelled::Condition(_))) => {
                Ok(Tried::Refused)
            }
            Transacted::Cancelled(reasons) if !reasons.contains(&Cancelled::Invalid) => Ok(Tried::Again),
            _ => Err(StoreError::new(
                ErrorKind::Rejected,
                operation,
                "the store refused the transaction",
            )),
        }
    }
}

impl Rules {
    /// The next version, with the rule of this profile in place of the one that it had.
    fn with(&self, profile: &Profile) -> Result<Self, ProfileWritten> {
        let faults = profile.faults();
        if !faults.is_empty() {
            return Err(ProfileWritten::Faults(faults));
        }
        let rule = profile.rule();
        let others = || self.rules.iter().filter(|other| other.id != rule.id);
        let name = rule.name.to_lowercase();
        let same = |other: &&Rule| other.origin == rule.origin && other.name.to_lowercase() == name;
        if let Some(other) = others().find(same) {
            return Err(ProfileWritten::NameTaken(other.id));
        }
        if let Some(other) = others().find(|other| rule.is_default && other.is_default) {
            return Err(ProfileWritten::SecondDefault(other.id));
        }
        if others().count() >= MAX_PROFILES {
            return Err(ProfileWritten::TooMany);
        }
        // In its place, so that a change of nothing is none.
        let mut next = self.clone();
        next.version += 1;
        match next.rules.iter_mut().find(|other| other.id == rule.id) {
            Some(place) => *place = rule,
            None => next.rules.push(rule),
        }
        let size = serde_json::to_vec(&next).map_or(usize::MAX, |json| json.len());
        if size > MAX_RULES {
            return Err(ProfileWritten::TooLarge);
        }
        Ok(next)
    }

    fn without(&self, id: ProfileId) -> Self {
        let rules = self.rules.iter().filter(|rule| rule.id != id);
        Self {
            version: self.version + 1,
            rules: rules.cloned().collect(),
        }
    }
}

/// The shard of the grant that a try checks: another one each time.
pub(super) fn grant_shard(id: ProfileId, round: u64) -> u32 {
    let start = shard_of(&id.to_string(), GRANT_SHARDS);
    start.wrapping_add(u32::try_from(round).unwrap_or_default())
}

/// Lets others go first; of those who wait, each waits for another time.
pub(super) async fn pause(id: ProfileId, round: u64) {
    let spread = u64::from(shard_of(&format!("{id}{round}"), 8));
    tokio::time::sleep(Duration::from_millis((2 + spread) * (round + 1).min(10))).await;
}
