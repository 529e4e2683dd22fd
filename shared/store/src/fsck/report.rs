//! What a check came to.

use serde::Serialize;

use super::finding::{Finding, Mending};
use super::subject::{Body, Subject};
use muster_core::device::DeviceState;

/// How many findings are kept; more are counted.
const KEPT: usize = 10_000;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Items of the table.
    pub items: u64,
    /// Tenants.
    pub tenants: u64,
    /// Partners.
    pub partners: u64,
    /// Grants, those of tenants for themselves included.
    pub grants: u64,
    /// Registered devices.
    pub devices: u64,
    /// Devices that are released or merged.
    pub retired_devices: u64,
    /// Identities that are held.
    pub identities: u64,
    /// Entries of catalogues, withdrawn ones included.
    pub entries: u64,
    /// Uploads.
    pub uploads: u64,
    /// What is half done and goes on by itself or with sweep: uploads, decisions about consent, and items that changed
    /// each time they were looked at.
    pub under_way: u64,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What was looked at.
    pub counts: Counts,
    /// How many findings are left.
    pub left: u64,
    /// How many findings were mended.
    pub mended: u64,
    /// The findings, by place; the first 10,000.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is wrong any more.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.left == 0
    }

    /// The same with what was found elsewhere.
    #[must_use]
    pub fn with(mut self, findings: Vec<Finding>) -> Self {
        findings.into_iter().for_each(|finding| self.tell(finding));
        self.sorted()
    }

    pub(super) fn tell(&mut self, finding: Finding) {
        match finding.mending {
            Mending::Done => self.mended += 1,
            Mending::Possible | Mending::Overtaken | Mending::ByHand => self.left += 1,
        }
        if self.findings.len() < KEPT {
            self.findings.push(finding);
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.counts += other.counts;
        self.left += other.left;
        self.mended += other.mended;
        let room = KEPT.saturating_sub(self.findings.len());
        self.findings.extend(other.findings.into_iter().take(room));
    }

    /// The report of a later pass over the same table, with what this one mended.
    pub(super) fn followed_by(self, later: Self) -> Self {
        let mut findings: Vec<Finding> = self
            .findings
            .into_iter()
            .filter(|f| f.mending == Mending::Done)
            .collect();
        findings.extend(later.findings);
        findings.truncate(KEPT);
        Self {
            mended: self.mended + later.mended,
            findings,
            ..later
        }
    }

    pub(super) fn sorted(mut self) -> Self {
        self.findings
            .sort_by(|a, b| (&a.place, a.code, &a.detail).cmp(&(&b.place, b.code, &b.detail)));
        self
    }
}

impl Counts {
    pub(super) fn count(&mut self, subject: &Subject) {
        self.items += 1;
        match &subject.body {
            Body::Tenant(_) => self.tenants += 1,
            Body::Partner(_) => self.partners += 1,
            Body::Grant(grant) => {
                self.grants += 1;
                self.under_way += u64::from(grant.settled().is_some() && !grant.is_stuck());
            }
            Body::Device(device) if device.state == DeviceState::Registered => self.devices += 1,
            Body::Device(_) => self.retired_devices += 1,
            Body::Claim(_) => self.identities += 1,
            Body::Entry(_) => self.entries += 1,
            Body::Upload(status) => {
                self.uploads += 1;
                self.under_way += u64::from(!status.state.is_final());
            }
            Body::Name(_)
            | Body::Listing(_)
            | Body::Change(_)
            | Body::Shard(_)
            | Body::Profile(_)
            | Body::Rules(_)
            | Body::ProfileEntry(_)
            | Body::Known(_)
            | Body::Other => {}
        }
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.items += other.items;
        self.tenants += other.tenants;
        self.partners += other.partners;
        self.grants += other.grants;
        self.devices += other.devices;
        self.retired_devices += other.retired_devices;
        self.identities += other.identities;
        self.entries += other.entries;
        self.uploads += other.uploads;
        self.under_way += other.under_way;
    }
}
