//! Which devices a profile is for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::settings::names;

/// Which devices a profile is for, beside those that are named one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// All devices that its origin can mean.
    #[serde(default)]
    pub all_devices: bool,
    /// Devices with one of these group tags. Tags are compared exactly.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub include_group_tags: BTreeSet<String>,
    /// Devices with one of these group tags never get it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub exclude_group_tags: BTreeSet<String>,
}

impl Assignment {
    /// Whether it includes anything.
    #[must_use]
    pub fn includes_any(&self) -> bool {
        self.all_devices || !self.include_group_tags.is_empty()
    }

    /// The same with tags without outer blanks.
    #[must_use]
    pub fn trimmed(self) -> Self {
        let trim = |tags: BTreeSet<String>| tags.into_iter().map(|tag| tag.trim().to_owned()).collect();
        Self {
            all_devices: self.all_devices,
            include_group_tags: trim(self.include_group_tags),
            exclude_group_tags: trim(self.exclude_group_tags),
        }
    }
}

/// On which list of a profile a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// It gets the profile, whatever its group tag.
    Include,
    /// It never gets the profile.
    Exclude,
}

names!(Side, Include => "include", Exclude => "exclude");
