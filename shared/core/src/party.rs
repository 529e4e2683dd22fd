//! Tenants and partners: who owns devices and who hands them in.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::{PartnerId, TenantId};

/// A customer organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// The name that people use; unique without regard to case.
    pub name: String,
    /// When it was made known.
    pub created_at: Timestamp,
    /// Whether it has the licence that the recommended channel needs: recorded and told, never enforced. Nothing: nobody
    /// said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licensed: Option<bool>,
    /// Counts every change; changes are conditional on it.
    #[serde(default = "first")]
    pub version: u64,
}

const fn first() -> u64 {
    1
}

impl Tenant {
    /// A tenant of which no more is known.
    #[must_use]
    pub fn new(id: TenantId, name: impl Into<String>, created_at: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            created_at,
            licensed: None,
            version: first(),
        }
    }
}

/// What a partner is, which decides what its grants allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartnerKind {
    /// A device manufacturer: hands in tuples and PKIDs.
    Oem,
    /// A CSP direct partner: all three identities.
    CspDirect,
    /// A CSP indirect provider: works under the grants of its resellers too.
    CspProvider,
    /// A CSP indirect reseller: its grant implies its provider's.
    CspReseller,
}

impl PartnerKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Oem, Self::CspDirect, Self::CspProvider, Self::CspReseller];

    /// The name on the wire and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oem => "oem",
            Self::CspDirect => "csp-direct",
            Self::CspProvider => "csp-provider",
            Self::CspReseller => "csp-reseller",
        }
    }

    /// Whether this is one of the three kinds of CSP.
    #[must_use]
    pub const fn is_csp(self) -> bool {
        !matches!(self, Self::Oem)
    }
}

/// An OEM or a CSP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partner {
    /// Its id.
    pub id: PartnerId,
    /// The name that customers see.
    pub name: String,
    /// What it is.
    pub kind: PartnerKind,
    /// An indirect reseller's provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<PartnerId>,
    /// When it was made known.
    pub created_at: Timestamp,
}

/// What the directory says of a partner to customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// What it offers, in a few sentences.
    pub description: String,
    /// Its website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Where it works, as it likes to name that; empty: nothing is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
}

/// Who hands a device in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Registrant {
    /// The tenant's own administrators or its MDM service.
    Tenant,
    /// A partner.
    Partner(PartnerId),
}

impl Registrant {
    /// The partner, where it is one.
    #[must_use]
    pub const fn partner(&self) -> Option<&PartnerId> {
        match self {
            Self::Tenant => None,
            Self::Partner(id) => Some(id),
        }
    }
}

impl From<Option<PartnerId>> for Registrant {
    fn from(partner: Option<PartnerId>) -> Self {
        partner.map_or(Self::Tenant, Self::Partner)
    }
}
