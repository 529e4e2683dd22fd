//! Who may call what over HTTP: callers, their roles, and one table of every route, [`ROUTES`]; the routes of a facade, whose
//! paths and words are others', stand in a table beside it ([`PARTNER_CENTER`]).
//!
//! A role is of one of three parties. A tenant's roles hold for that tenant alone, a partner's for that partner and for
//! tenants that it has asked for consent, the service's for everything. Who has no right to know that a tenant, a partner
//! or a device exists is answered as if it did not.

mod graph;
mod partner_center;
mod routes;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{PartnerId, TenantId};
use crate::party::PartnerKind;

pub use graph::GRAPH_ROUTES;
pub use partner_center::PARTNER_CENTER;
pub use routes::ROUTES;

/// A path of Partner Center's or Graph's as its table spells it, as far as a look-up needs that. `None` where it is in order,
/// or none of these paths.
#[must_use]
pub fn straighten(path: &str) -> Option<String> {
    partner_center::straighten(path).or_else(|| graph::straighten(path))
}

/// What a caller may be. The names are those of the roles in a token's claim `roles`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Does everything for its tenant, decisions about consent included. Entra's Global Administrator is one.
    TenantAdministrator,
    /// Decides about consent of its tenant, and nothing else.
    ConsentApprover,
    /// Registers, changes and releases devices of its tenant, and sets its profiles.
    DeviceAdministrator,
    /// Sees what its tenant has.
    Reader,
    /// The tenant's MDM service: reports the devices that it manages, and sees what became of that.
    MdmService,
    /// Acts for a CSP, in all things.
    AdminAgent,
    /// Acts for a CSP, in all things but profiles: those are the admin agent's alone.
    SalesAgent,
    /// Acts for a manufacturer.
    Oem,
    /// Runs this service: makes tenants and partners known, and keeps the directory.
    ServiceAdministrator,
}

/// Whose a role is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// A tenant's.
    Tenant,
    /// A partner's.
    Partner,
    /// The service's.
    Service,
}

/// The role that Entra calls Global Administrator: its template id, in a token's claim `wids` (Microsoft
/// Learn, "Microsoft Entra built-in roles").
pub const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

impl Role {
    /// All roles.
    pub const ALL: [Self; 9] = [
        Self::TenantAdministrator,
        Self::ConsentApprover,
        Self::DeviceAdministrator,
        Self::Reader,
        Self::MdmService,
        Self::AdminAgent,
        Self::SalesAgent,
        Self::Oem,
        Self::ServiceAdministrator,
    ];

    /// The name in tokens and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TenantAdministrator => "tenant-administrator",
            Self::ConsentApprover => "consent-approver",
            Self::DeviceAdministrator => "device-administrator",
            Self::Reader => "reader",
            Self::MdmService => "mdm-service",
            Self::AdminAgent => "admin-agent",
            Self::SalesAgent => "sales-agent",
            Self::Oem => "oem",
            Self::ServiceAdministrator => "service-administrator",
        }
    }

    /// Whose it is.
    #[must_use]
    pub const fn party(self) -> Party {
        match self {
            Self::TenantAdministrator
            | Self::ConsentApprover
            | Self::DeviceAdministrator
            | Self::Reader
            | Self::MdmService => Party::Tenant,
            Self::AdminAgent | Self::SalesAgent | Self::Oem => Party::Partner,
            Self::ServiceAdministrator => Party::Service,
        }
    }

    /// Whether partners of this kind can have it: a manufacturer's people are no agents of a CSP, whatever they call
    /// themselves, nor the reverse. Roles of other parties have nothing to do with it.
    #[must_use]
    pub const fn is_of(self, kind: PartnerKind) -> bool {
        match self {
            Self::AdminAgent | Self::SalesAgent => kind.is_csp(),
            Self::Oem => !kind.is_csp(),
            _ => true,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown role `{0}`; the roles are tenant-administrator, consent-approver, device-administrator, reader, mdm-service, \
     admin-agent, sales-agent, oem, service-administrator"
)]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| UnknownRole(text.chars().take(80).collect()))
    }
}

/// Who is calling, as its token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who it is, in the issuer's words: the claim `oid`, or else `sub`. Written into audit entries, never into logs.
    pub subject: String,
    /// The tenant that its tenant roles hold for.
    pub tenant: Option<TenantId>,
    /// The partner that its partner roles hold for.
    pub partner: Option<PartnerId>,
    /// Its roles; those of a party that it does not name are left out.
    pub roles: BTreeSet<Role>,
}

/// What a route asks of its caller beyond a role, or in place of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Tenants that a path names are the caller's own, or such as its partner has asked for consent.
    Related,
    /// A partner may name any tenant: it asks for consent here.
    AnyTenant,
    /// Nobody shows a token here: devices that boot have none. No role is asked for, and none counts.
    Open,
}

/// A route and who passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The HTTP method.
    pub method: &'static str,
    /// The path, with its parameters in braces: `{tenant}` and `{partner}` are held against the caller.
    pub path: &'static str,
    /// The roles that pass.
    pub roles: &'static [Role],
    /// How far they reach.
    pub reach: Reach,
}

/// Why a caller does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// None of its roles may do this, whatever it is done to.
    Forbidden,
    /// What the path names is none of its business: to this caller it does not exist.
    Hidden,
}

/// In whose name a caller passes a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pass {
    /// For its own tenant, or for all: nothing more is asked.
    Direct,
    /// As this partner, if it is related to the tenant that the path names.
    IfRelated(PartnerId),
}

impl Caller {
    /// Whether it has one of these roles.
    #[must_use]
    pub fn has(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }

    /// Whether it has a role of this party.
    #[must_use]
    pub fn is(&self, party: Party) -> bool {
        self.roles.iter().any(|role| role.party() == party)
    }

    /// Whether it passes a route whose path names this tenant and this partner.
    ///
    /// # Errors
    /// Why not. Roles are looked at first, so that the answer says nothing of what the path names.
    pub fn pass(&self, route: &Route, tenant: Option<TenantId>, partner: Option<&PartnerId>) -> Result<Pass, Refusal> {
        let parties: Vec<Party> = [Party::Service, Party::Tenant, Party::Partner]
            .into_iter()
            .filter(|party| {
                route
                    .roles
                    .iter()
                    .any(|role| role.party() == *party && self.roles.contains(role))
            })
            .collect();
        if parties.is_empty() {
            return Err(Refusal::Forbidden);
        }
        let passes = parties.into_iter().find_map(|party| match party {
            Party::Service => Some(Pass::Direct),
            // A tenant sees the partners that a path of its own names.
            Party::Tenant => (tenant.is_none() || tenant == self.tenant).then_some(Pass::Direct),
            Party::Partner => {
                let own = self.partner.as_ref()?;
                if partner.is_some_and(|named| named != own) {
                    return None;
                }
                let free = tenant.is_none() || route.reach == Reach::AnyTenant;
                Some(if free {
                    Pass::Direct
                } else {
                    Pass::IfRelated(own.clone())
                })
            }
        });
        passes.ok_or(Refusal::Hidden)
    }
}

/// The route of this method and path.
#[must_use]
pub fn route_of(method: &str, path: &str) -> Option<&'static Route> {
    let mut routes = ROUTES.iter().chain(PARTNER_CENTER).chain(GRAPH_ROUTES);
    routes.find(|route| route.method == method && route.path == path)
}
