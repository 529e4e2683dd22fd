//! The channels: the front ends that a row can come through, and what each allows. One table, [`Channel::policy`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::party::PartnerKind;

/// A front end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// The OEM's direct interface.
    OemDirect,
    /// Partner Center, for CSPs.
    PartnerCenter,
    /// Intune: the recommended channel for customers.
    Intune,
    /// Microsoft Store for Business: retired in 2023; accepted and marked.
    StoreForBusiness,
    /// The Microsoft 365 admin center.
    #[serde(rename = "m365-business")]
    M365Business,
    /// The tenant's MDM service, for devices that a profile targets.
    Automatic,
    /// A manufacturer's catalogue: devices are made known, and become nobody's.
    Catalogue,
}

/// Who uses a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// An OEM with a grant.
    Oem,
    /// A CSP with a grant.
    Csp,
    /// An administrator of the tenant.
    TenantAdministrator,
    /// The tenant's MDM service.
    MdmService,
}

/// What a channel may do with deployment profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileRights {
    /// Nothing.
    None,
    /// User-driven profiles made and seen in this channel only.
    Limited,
    /// User-driven profiles; those that are made in this channel, by whatever partner.
    OwnChannel,
    /// Everything.
    All,
}

/// Kinds of device identity that a row can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identities {
    /// Manufacturer, model and serial number.
    pub tuple: bool,
    /// The product key id.
    pub pkid: bool,
    /// The 4K hardware hash.
    pub hash: bool,
}

/// What a channel allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelPolicy {
    /// Who uses it.
    pub principal: Principal,
    /// How many devices one request, and so one batch, may hold.
    pub max_devices: u32,
    /// What a row may be identified by.
    pub identities: Identities,
    /// What it may do with profiles.
    pub profiles: ProfileRights,
    /// Set where a row needs a hardware hash, whatever else identifies it.
    pub needs_hash: bool,
    /// Set where the original front end is gone.
    pub retired: bool,
}

const TUPLE_PKID: Identities = Identities {
    tuple: true,
    pkid: true,
    hash: false,
};
const ALL_IDENTITIES: Identities = Identities {
    tuple: true,
    pkid: true,
    hash: true,
};
const HASH: Identities = Identities {
    tuple: false,
    pkid: false,
    hash: true,
};

impl Channel {
    /// All channels, in the order of the table in `docs/semantics.md`.
    pub const ALL: [Self; 7] = [
        Self::OemDirect,
        Self::PartnerCenter,
        Self::Intune,
        Self::StoreForBusiness,
        Self::M365Business,
        Self::Automatic,
        Self::Catalogue,
    ];

    /// What the channel allows. Limits and identities: Microsoft Learn, "Manual registration overview" (platforms for
    /// device registration).
    #[must_use]
    pub const fn policy(self) -> ChannelPolicy {
        let (principal, max_devices, identities, profiles) = match self {
            Self::OemDirect => (Principal::Oem, 1000, TUPLE_PKID, ProfileRights::None),
            Self::PartnerCenter => (Principal::Csp, 1000, ALL_IDENTITIES, ProfileRights::OwnChannel),
            Self::Intune => (Principal::TenantAdministrator, 500, HASH, ProfileRights::All),
            Self::StoreForBusiness | Self::M365Business => {
                (Principal::TenantAdministrator, 1000, HASH, ProfileRights::Limited)
            }
            Self::Automatic => (Principal::MdmService, 500, HASH, ProfileRights::None),
            Self::Catalogue => (Principal::Oem, 1000, ALL_IDENTITIES, ProfileRights::None),
        };
        ChannelPolicy {
            principal,
            max_devices,
            identities,
            profiles,
            needs_hash: matches!(self, Self::Catalogue),
            retired: matches!(self, Self::StoreForBusiness),
        }
    }

    /// The name on the wire, in object keys and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OemDirect => "oem-direct",
            Self::PartnerCenter => "partner-center",
            Self::Intune => "intune",
            Self::StoreForBusiness => "store-for-business",
            Self::M365Business => "m365-business",
            Self::Automatic => "automatic",
            Self::Catalogue => "catalogue",
        }
    }

    /// Whether its rows become devices of a tenant, which gives its consent to that. What comes through the catalogue is
    /// the manufacturer's own.
    #[must_use]
    pub const fn registers(self) -> bool {
        !matches!(self, Self::Catalogue)
    }

    /// Whether a caller of this kind (`None`: the tenant itself) uses this channel.
    #[must_use]
    pub const fn admits(self, partner: Option<PartnerKind>) -> bool {
        match (self.policy().principal, partner) {
            (Principal::Oem, Some(kind)) => !kind.is_csp(),
            (Principal::Csp, Some(kind)) => kind.is_csp(),
            (Principal::TenantAdministrator | Principal::MdmService, None) => true,
            _ => false,
        }
    }
}

impl ChannelPolicy {
    /// What identifies a device here, in words.
    #[must_use]
    pub fn accepts(&self) -> String {
        if self.needs_hash {
            return "a 4K hardware hash, with or without what else identifies the device".to_owned();
        }
        self.identities.names()
    }
}

impl Identities {
    /// What people call them, joined by "or".
    #[must_use]
    pub fn names(self) -> String {
        let mut names = Vec::new();
        if self.pkid {
            names.push("a PKID");
        }
        if self.hash {
            names.push("a 4K hardware hash");
        }
        if self.tuple {
            names.push("manufacturer, model and serial number together");
        }
        let last = names.pop().unwrap_or("nothing");
        if names.is_empty() {
            last.to_owned()
        } else {
            format!("{}, or {last}", names.join(", "))
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown channel `{0}`; the channels are oem-direct, partner-center, intune, store-for-business, m365-business, automatic, \
     catalogue"
)]
pub struct UnknownChannel(String);

impl FromStr for Channel {
    type Err = UnknownChannel;

    fn from_str(text: &str) -> Result<Self, UnknownChannel> {
        Self::ALL
            .into_iter()
            .find(|c| c.as_str() == text)
            .ok_or_else(|| UnknownChannel(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_each_front_end_published() {
        let rows: Vec<String> = Channel::ALL
            .iter()
            .map(|c| {
                let p = c.policy();
                let i = p.identities;
                format!(
                    "{c} {} tuple={} pkid={} hash={} {:?} retired={}",
                    p.max_devices, i.tuple, i.pkid, i.hash, p.profiles, p.retired
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "oem-direct 1000 tuple=true pkid=true hash=false None retired=false",
                "partner-center 1000 tuple=true pkid=true hash=true OwnChannel retired=false",
                "intune 500 tuple=false pkid=false hash=true All retired=false",
                "store-for-business 1000 tuple=false pkid=false hash=true Limited retired=true",
                "m365-business 1000 tuple=false pkid=false hash=true Limited retired=false",
                "automatic 500 tuple=false pkid=false hash=true None retired=false",
                "catalogue 1000 tuple=true pkid=true hash=true None retired=false",
            ]
        );
    }

    #[test]
    fn every_channel_admits_its_own_principal_and_nobody_else() {
        for channel in Channel::ALL {
            for partner in [None].into_iter().chain(PartnerKind::ALL.map(Some)) {
                let expected = match channel {
                    Channel::OemDirect | Channel::Catalogue => partner == Some(PartnerKind::Oem),
                    Channel::PartnerCenter => partner.is_some_and(PartnerKind::is_csp),
                    _ => partner.is_none(),
                };
                assert_eq!(channel.admits(partner), expected, "{channel} {partner:?}");
            }
        }
    }

    #[test]
    fn names_round_trip_in_text_and_json() {
        for channel in Channel::ALL {
            assert_eq!(channel.as_str().parse::<Channel>().unwrap(), channel);
            assert_eq!(serde_json::to_string(&channel).unwrap(), format!("\"{channel}\""));
        }
        assert!("Intune".parse::<Channel>().is_err());
    }
}
