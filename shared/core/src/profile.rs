//! Deployment profiles: what a booting device is told, which profile a device has, and why.
//!
//! A profile is made by the tenant or, apart from the tenant's own, by its CSPs in the channel Partner Center. Nothing is
//! stored of which profile a device has: one rule, [`explain`], answers that whenever it is asked. What a profile may say:
//! Microsoft Learn, "Configure Windows Autopilot profiles".

mod assignment;
mod check;
mod device_type;
mod existing;
mod explain;
pub mod oobe;
mod settings;
mod state;
mod template;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::channel::{Channel, ProfileRights};
use crate::id::{PartnerId, ProfileId, TenantId};

pub use assignment::{Assignment, Side};
pub use check::Fault;
pub(crate) use check::MAX_TAG as MAX_GROUP_TAG;
pub use device_type::DeviceType;
pub use existing::ConfigurationFile;
pub use explain::{Because, Chosen, Considered, Explanation, Rule, Target, Verdict, explain};
pub use settings::{EnrollmentStatusPage, Join, Mode, OutOfBoxExperience, Settings, UserType};
pub use state::{AssignmentDetail, AssignmentState, AssignmentStatus, Downloaded};
pub use template::NameTemplate;

/// How many profiles a tenant has at most (Microsoft Learn, "Configure Windows Autopilot profiles").
pub const MAX_PROFILES: usize = 350;

/// A deployment profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Its id.
    pub id: ProfileId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Counts every change, of its assignment too; changes are conditional on it.
    pub version: u64,
    /// Counts the changes of what a device is told.
    pub revision: u64,
    /// The channel that it was made in.
    pub origin: Channel,
    /// The partner that made it; none: the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// What it says.
    #[serde(flatten)]
    pub settings: Settings,
    /// Which devices it is for, beside those that are named one by one.
    pub assignment: Assignment,
    /// How many devices it includes by name.
    #[serde(default)]
    pub included_devices: u64,
    /// How many devices it excludes by name.
    #[serde(default)]
    pub excluded_devices: u64,
    /// When it was made. Of several that apply, the oldest wins.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub modified_at: Timestamp,
}

impl Profile {
    /// Whether partners may know of it: those that partners made.
    #[must_use]
    pub const fn is_of_partners(&self) -> bool {
        self.partner.is_some()
    }

    /// A new profile of the tenant's own that says this, and is for no device so far.
    #[must_use]
    pub fn new(id: ProfileId, tenant: TenantId, origin: Channel, settings: Settings, now: Timestamp) -> Self {
        Self {
            id,
            tenant,
            version: 1,
            revision: 1,
            origin,
            partner: None,
            settings,
            assignment: Assignment::default(),
            included_devices: 0,
            excluded_devices: 0,
            created_at: now,
            modified_at: now,
        }
    }

    /// What picking needs to know of it.
    #[must_use]
    pub fn rule(&self) -> Rule {
        Rule {
            id: self.id,
            name: self.settings.name.clone(),
            revision: self.revision,
            created_at: self.created_at,
            origin: self.origin,
            partner: self.partner.clone(),
            assignment: self.assignment.clone(),
            is_default: self.settings.is_default,
            device_type: self.settings.device_type,
            mode: self.settings.mode,
            converts: self.settings.convert_targeted_devices,
        }
    }

    /// Whether any device is meant by it, other than as the default.
    #[must_use]
    pub fn is_assigned(&self) -> bool {
        self.assignment.includes_any() || self.included_devices > 0
    }

    /// Everything about it that contradicts itself, and every value that has not the form that it must have.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        check::faults(self)
    }

    /// The next version with these settings. The revision grows where a device is told something else.
    #[must_use]
    pub fn with_settings(&self, settings: Settings, now: Timestamp) -> Self {
        let differs = settings.told() != self.settings.told();
        Self {
            version: self.version + 1,
            revision: self.revision + u64::from(differs),
            settings,
            modified_at: now,
            ..self.clone()
        }
    }

    /// The next version with this assignment.
    #[must_use]
    pub fn with_assignment(&self, assignment: Assignment, now: Timestamp) -> Self {
        Self {
            version: self.version + 1,
            assignment,
            modified_at: now,
            ..self.clone()
        }
    }
}

/// Whether profiles of this origin are the simple ones: user-driven, Entra, with the settings that Partner Center's
/// policies have.
#[must_use]
pub fn is_limited(origin: Channel) -> bool {
    origin.policy().profiles != ProfileRights::All
}
