//! The one rule that says which profile a device has, and why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Assignment, DeviceType, Mode, Side};
use crate::Timestamp;
use crate::channel::{Channel, Principal};
use crate::device::Device;
use crate::id::{PartnerId, ProfileId};
use crate::identity::KeyKind;

/// What picking needs to know of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The profile.
    pub id: ProfileId,
    /// Its name.
    pub name: String,
    /// Counts the changes of what a device is told.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// The channel that it was made in.
    pub origin: Channel,
    /// The partner that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// Which devices it is for.
    pub assignment: Assignment,
    /// Whether it is for devices that no profile applies to.
    #[serde(default)]
    pub is_default: bool,
    /// The kind of device that it is for.
    pub device_type: DeviceType,
    /// How a device is set up.
    pub mode: Mode,
    /// Whether targeted devices that the tenant manages are registered.
    #[serde(default)]
    pub converts: bool,
}

/// What picking needs to know of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// Its group tag.
    pub group_tag: Option<String>,
    /// Whether a partner registered it. Profiles that are made in a partner's channel are for such devices only.
    pub by_partner: bool,
    /// The lists of profiles that it is on.
    pub lists: BTreeMap<ProfileId, Side>,
    /// Whether it has a TPM with an endorsement key; nothing where no hash says so.
    pub has_tpm: Option<bool>,
    /// What kind of device it is; nothing where nobody knows.
    pub device_type: Option<DeviceType>,
}

impl Target {
    /// The device as profiles see it, and the lists that it is on.
    #[must_use]
    pub fn of(device: &Device, lists: BTreeMap<ProfileId, Side>) -> Self {
        let tpm = || device.keys.iter().any(|key| key.kind() == KeyKind::EndorsementKey);
        Self {
            group_tag: device.group_tag.clone(),
            by_partner: device.is_of_partners(),
            lists,
            has_tpm: device.components.as_ref().map(|_| tpm()),
            device_type: DeviceType::of(device.manufacturer.as_deref(), device.model.as_deref()),
        }
    }
}

/// Why a profile is meant for a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Because {
    /// The device is named in it.
    Device,
    /// Its group tag is.
    GroupTag,
    /// It is for all devices.
    AllDevices,
    /// No profile applies, and this one is the default.
    Default,
}

/// What became of a profile when a device's was picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The device has it.
    Chosen,
    /// It applies, but an older one does, too.
    OlderWins,
    /// It names the device as one that it is not for.
    DeviceExcluded,
    /// It names the device's group tag as one that it is not for.
    GroupTagExcluded,
    /// It is for other devices.
    NotIncluded,
    /// It was made in a partner's channel, and the tenant registered the device itself.
    NotOfPartner,
}

impl Because {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Device, Self::GroupTag, Self::AllDevices, Self::Default];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::GroupTag => "groupTag",
            Self::AllDevices => "allDevices",
            Self::Default => "default",
        }
    }

    /// In words, after "because".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Device => "the profile names this device",
            Self::GroupTag => "the profile is for the device's group tag",
            Self::AllDevices => "the profile is for all devices",
            Self::Default => "no profile applies to the device, and this one is the tenant's default",
        }
    }
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Chosen,
        Self::OlderWins,
        Self::DeviceExcluded,
        Self::GroupTagExcluded,
        Self::NotIncluded,
        Self::NotOfPartner,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::OlderWins => "olderWins",
            Self::DeviceExcluded => "deviceExcluded",
            Self::GroupTagExcluded => "groupTagExcluded",
            Self::NotIncluded => "notIncluded",
            Self::NotOfPartner => "notOfPartner",
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Chosen => "the device has it",
            Self::OlderWins => "it applies, too, but the chosen one is older",
            Self::DeviceExcluded => "it excludes this device",
            Self::GroupTagExcluded => "it excludes the device's group tag",
            Self::NotIncluded => "it is for other devices",
            Self::NotOfPartner => "a partner made it, and the tenant registered the device itself",
        }
    }
}

/// The profile that a device has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The profile.
    pub rule: Rule,
    /// Why.
    pub because: Because,
}

/// A profile that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// The profile.
    pub profile: ProfileId,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub verdict: Verdict,
}

/// Which profile a device has, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The profile that it has.
    pub chosen: Option<Chosen>,
    /// Every profile of the tenant, the oldest first.
    pub considered: Vec<Considered>,
}

/// Picks a device's profile. A profile applies that includes the device, its group tag or all devices, and excludes
/// neither; of several the oldest does. Where none applies the tenant's default does, unless it excludes the device. The
/// order of the rules does not matter: among equally old ones the smaller id counts as older.
#[must_use]
pub fn explain(target: &Target, rules: &[Rule]) -> Explanation {
    let mut rules: Vec<&Rule> = rules.iter().collect();
    rules.sort_by_key(|rule| (rule.created_at, rule.id));
    let judged: Vec<(&Rule, Result<Because, Verdict>)> =
        rules.into_iter().map(|rule| (rule, rule.judge(target))).collect();
    let applies = judged.iter().find_map(|(rule, judged)| Some((*rule, (*judged).ok()?)));
    let default = || {
        let open = |judged: &Result<Because, Verdict>| *judged == Err(Verdict::NotIncluded);
        let found = judged.iter().find(|(rule, judged)| rule.is_default && open(judged));
        found.map(|(rule, _)| (*rule, Because::Default))
    };
    let chosen = applies.or_else(default);
    let considered = judged.iter().map(|(rule, judged)| Considered {
        profile: rule.id,
        name: rule.name.clone(),
        verdict: match judged {
            _ if chosen.is_some_and(|(chosen, _)| chosen.id == rule.id) => Verdict::Chosen,
            Ok(_) => Verdict::OlderWins,
            Err(verdict) => *verdict,
        },
    });
    Explanation {
        considered: considered.collect(),
        chosen: chosen.map(|(rule, because)| Chosen {
            rule: rule.clone(),
            because,
        }),
    }
}

impl Rule {
    /// Whether partners may know of the profile ([`Profile::is_of_partners`](super::Profile::is_of_partners)).
    #[must_use]
    pub const fn is_of_partners(&self) -> bool {
        self.partner.is_some()
    }

    /// Whether it was made in a partner's channel, and so is for devices that partners registered, and for no others.
    #[must_use]
    pub fn is_for_partners(&self) -> bool {
        matches!(self.origin.policy().principal, Principal::Oem | Principal::Csp)
    }

    /// Whether the device has the profile unless another one is before it. Of the lists that the device is on, those of this
    /// profile are enough.
    #[must_use]
    pub fn may_be_chosen(&self, target: &Target) -> bool {
        match self.judge(target) {
            Ok(_) => true,
            Err(verdict) => self.is_default && verdict == Verdict::NotIncluded,
        }
    }

    /// Whether it applies to the device by what it includes and excludes, and why.
    fn judge(&self, target: &Target) -> Result<Because, Verdict> {
        let tag =
            |tags: &std::collections::BTreeSet<String>| target.group_tag.as_ref().is_some_and(|tag| tags.contains(tag));
        let list = target.lists.get(&self.id);
        if self.is_for_partners() && !target.by_partner {
            Err(Verdict::NotOfPartner)
        } else if list == Some(&Side::Exclude) {
            Err(Verdict::DeviceExcluded)
        } else if tag(&self.assignment.exclude_group_tags) {
            Err(Verdict::GroupTagExcluded)
        } else if list == Some(&Side::Include) {
            Ok(Because::Device)
        } else if tag(&self.assignment.include_group_tags) {
            Ok(Because::GroupTag)
        } else if self.assignment.all_devices {
            Ok(Because::AllDevices)
        } else {
            Err(Verdict::NotIncluded)
        }
    }
}
