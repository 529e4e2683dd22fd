//! Automatic registration: which devices that the tenant's MDM service manages become registered, and why others do not.
//!
//! A device is registered when it is corporate-owned, enrolled, on a supported version of Windows, not registered yet, and
//! when a profile that converts targeted devices is meant for it (Microsoft Learn, "Automatic registration of existing
//! devices", and "Configure Windows Autopilot profiles", "Convert all targeted devices to Autopilot"). A profile stops
//! converting when its flag is turned off; that releases nothing.

mod skip;
#[cfg(test)]
mod tests;
mod windows;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::device::{Device, DeviceState};
use crate::id::{DeviceId, TenantId};
use crate::identity::{IdentityKey, KeyKind};
use crate::profile::{Because, DeviceType, Rule, Target, Verdict, explain};
use crate::record::{Place, Record};
use crate::repair::{Recognition, Remediation, RemediationState, recognise};
use crate::row::{self, RawRow, RowFault};

pub use skip::{SkipEntry, SkipReason, Skipped};
pub use windows::{MINIMUM_BUILD, is_supported};

/// How many devices a page holds at most: what the channel `automatic` takes at once.
pub const MAX_PAGE: usize = 500;

/// Whose a device is, as the MDM service has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ownership {
    /// The organisation's.
    Corporate,
    /// The user's own.
    Personal,
    /// The MDM service does not know.
    Unknown,
}

impl Ownership {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Corporate, Self::Personal, Self::Unknown];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Corporate => "corporate",
            Self::Personal => "personal",
            Self::Unknown => "unknown",
        }
    }

    /// Whose a device is by the words that MDM services and inventories have for it: Graph's `company`, too.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "corporate" | "company" => Self::Corporate,
            "personal" => Self::Personal,
            _ => Self::Unknown,
        }
    }
}

/// A device as the MDM service reports it.
#[derive(Clone, PartialEq, Eq)]
pub struct Harvested {
    /// The 4K hardware hash, in base64.
    pub hardware_hash: String,
    /// Whose it is.
    pub ownership: Ownership,
    /// Whether it is enrolled.
    pub enrolled: bool,
    /// The version of Windows on it, such as `10.0.22631.3007`.
    pub os_version: String,
    /// The group tag that it gets, and by which profiles target it.
    pub group_tag: Option<String>,
}

/// A device of a page once its hash is read: what it is, or why nothing becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    outcome: Result<Box<Record>, Skipped>,
}

/// What becomes of a device of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Judgement {
    /// It is handed in for registration.
    Register,
    /// It is registered, and is handed in because its board was replaced: what that comes to is decided there.
    Repair(DeviceId),
    /// Nothing.
    Skip(Skipped),
}

/// The registered devices that the identities of a page lead to.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Which device holds an identity, and whose that is.
    pub claims: HashMap<IdentityKey, (DeviceId, TenantId)>,
    /// The tenant's own among them.
    pub devices: HashMap<DeviceId, Device>,
}

/// Reads the hashes of a page. Of several rows with the same strongest identity the first counts.
#[must_use]
pub fn read_page(page: &[Harvested]) -> Vec<Read> {
    let (mut scratch, mut seen) = (Vec::new(), HashSet::new());
    let read = |harvested: &Harvested| {
        let record = read(harvested, &mut scratch)?;
        match record.keys.first() {
            Some(strongest) if !seen.insert(*strongest) => Err(Skipped::of(SkipReason::DuplicateInPage)),
            _ => Ok(Box::new(record)),
        }
    };
    page.iter().map(read).map(|outcome| Read { outcome }).collect()
}

fn read(harvested: &Harvested, scratch: &mut Vec<u8>) -> Result<Record, Skipped> {
    let raw = RawRow {
        hardware_hash: Some(&harvested.hardware_hash),
        group_tag: harvested.group_tag.as_deref(),
        ..RawRow::default()
    };
    // It gets a place when it is handed in.
    let nowhere = Place {
        row: 1,
        line: 1,
        offset: 0,
        len: 0,
    };
    row::read(&raw, nowhere, Channel::Automatic, scratch).map_err(|faults| {
        let details: Vec<String> = faults.into_iter().map(|RowFault { detail, .. }| detail).collect();
        Skipped {
            detail: Some(details.join("; ")),
            ..Skipped::of(SkipReason::InvalidHash)
        }
    })
}

impl Read {
    /// The identities that the registry is asked for.
    #[must_use]
    pub fn keys(&self) -> &[IdentityKey] {
        self.outcome.as_ref().map_or(&[], |record| &record.keys)
    }

    /// What becomes of the device, given what the tenant's profiles say. That another tenant has it is looked at last:
    /// nobody learns more of that than by trying to register it.
    #[must_use]
    pub fn judge(&self, harvested: &Harvested, tenant: TenantId, known: &Known, rules: &[Rule]) -> Judgement {
        match self.settle(harvested, tenant, known, rules) {
            Ok(judgement) => judgement,
            Err(skipped) => Judgement::Skip(skipped),
        }
    }

    fn settle(
        &self,
        harvested: &Harvested,
        tenant: TenantId,
        known: &Known,
        rules: &[Rule],
    ) -> Result<Judgement, Skipped> {
        let record = self.outcome.as_ref().map_err(Clone::clone)?;
        // Keys are sorted, the strongest first.
        let holders: Vec<&(DeviceId, TenantId)> = record.keys.iter().filter_map(|key| known.claims.get(key)).collect();
        let mut own = holders.iter().filter(|(_, owner)| *owner == tenant);
        let own = own.find_map(|(device, _)| known.devices.get(device));
        let own = own.filter(|device| device.state == DeviceState::Registered);
        let recognition = own.map(|device| (device, recognise(device, record)));
        if let Some((device, Recognition::SameDevice)) = &recognition
            && !device.remediation.as_ref().is_some_and(Remediation::is_open)
        {
            return Err(Skipped::with(SkipReason::AlreadyRegistered, device.id));
        }
        is_eligible(harvested, record)?;
        match recognition {
            None => {}
            Some((device, Recognition::AnotherDevice(_))) => {
                return Err(Skipped::with(SkipReason::IdentityHeld, device.id));
            }
            // Somebody was told already, and a report each day adds nothing to that.
            Some((device, Recognition::BoardReplaced(replacement))) if !replacement.by_itself && was_told(device) => {
                return Err(Skipped::with(SkipReason::BoardReplaced, device.id));
            }
            Some((device, _)) => return Ok(Judgement::Repair(device.id)),
        }
        is_targeted(record, rules)?;
        if holders.iter().any(|(_, owner)| *owner != tenant) {
            return Err(Skipped::of(SkipReason::OtherTenant));
        }
        Ok(Judgement::Register)
    }
}

/// Whether the device is marked for a person to see to.
fn was_told(device: &Device) -> bool {
    let marked = RemediationState::ManualRemediationRequired;
    device.remediation.as_ref().is_some_and(|known| known.state == marked)
}

/// Whether a device is one that an MDM service may hand in at all.
fn is_eligible(harvested: &Harvested, record: &Record) -> Result<(), Skipped> {
    let kind = DeviceType::of(record.manufacturer.as_deref(), record.model.as_deref());
    let refusals = [
        (harvested.enrolled, SkipReason::NotEnrolled),
        (harvested.ownership != Ownership::Personal, SkipReason::PersonallyOwned),
        (harvested.ownership != Ownership::Unknown, SkipReason::OwnershipUnknown),
        (is_supported(&harvested.os_version), SkipReason::UnsupportedVersion),
        // HoloLens is left out (Microsoft Learn, "Windows Autopilot for HoloLens 2").
        (kind != Some(DeviceType::HoloLens), SkipReason::UnsupportedDevice),
    ];
    let refused = refusals.into_iter().find(|(passes, _)| !passes);
    refused.map_or(Ok(()), |(_, reason)| Err(Skipped::of(reason)))
}

/// Whether a converting profile is meant for the device. An older profile that does not convert may be the one that the
/// device gets; it is registered all the same. The tenant's default targets nothing.
fn is_targeted(record: &Record, rules: &[Rule]) -> Result<(), Skipped> {
    let target = Target {
        group_tag: record.group_tag.clone(),
        // It will be the tenant's own, and is on no list yet: those name registered devices.
        has_tpm: Some(record.keys.iter().any(|key| key.kind() == KeyKind::EndorsementKey)),
        device_type: DeviceType::of(record.manufacturer.as_deref(), record.model.as_deref()),
        ..Target::default()
    };
    let explanation = explain(&target, rules);
    let by_default = |rule: &Rule| {
        let chosen = explanation.chosen.as_ref();
        chosen.is_some_and(|chosen| chosen.rule.id == rule.id && chosen.because == Because::Default)
    };
    let verdict_on = |rule: &Rule| {
        let considered = explanation.considered.iter().find(|seen| seen.profile == rule.id);
        considered.map(|seen| seen.verdict)
    };
    let verdicts: Vec<Verdict> = rules
        .iter()
        .filter(|rule| rule.converts && !by_default(rule))
        .filter_map(verdict_on)
        .collect();
    let any = |wanted: &[Verdict]| verdicts.iter().any(|verdict| wanted.contains(verdict));
    if any(&[Verdict::Chosen, Verdict::OlderWins]) {
        Ok(())
    } else if any(&[Verdict::DeviceExcluded, Verdict::GroupTagExcluded]) {
        Err(Skipped::of(SkipReason::Excluded))
    } else {
        Err(Skipped::of(SkipReason::NotTargeted))
    }
}
