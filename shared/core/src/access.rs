//! Who may call what over HTTP: callers, their roles, and one table of every route, [`ROUTES`].
//!
//! A role is of one of three parties. A tenant's roles hold for that tenant alone, a partner's for that partner and for
//! tenants that it has asked for consent, the service's for everything. Who has no right to know that a tenant, a partner
//! or a device exists is answered as if it did not.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{PartnerId, TenantId};

/// What a caller may be. The names are those of the roles in a token's claim `roles`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Does everything for its tenant, decisions about consent included. Entra's Global Administrator is one.
    TenantAdministrator,
    /// Decides about consent of its tenant, and nothing else.
    ConsentApprover,
    /// Registers, changes and releases devices of its tenant.
    DeviceAdministrator,
    /// Sees what its tenant has.
    Reader,
    /// Acts for a CSP, in all things.
    AdminAgent,
    /// Acts for a CSP: registers and sees devices.
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

/// The role that Entra calls Global Administrator: its template id, in a token's claim `wids` (domain.md D; Microsoft
/// Learn, "Microsoft Entra built-in roles").
pub const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

impl Role {
    /// All roles.
    pub const ALL: [Self; 8] = [
        Self::TenantAdministrator,
        Self::ConsentApprover,
        Self::DeviceAdministrator,
        Self::Reader,
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
            Self::TenantAdministrator | Self::ConsentApprover | Self::DeviceAdministrator | Self::Reader => {
                Party::Tenant
            }
            Self::AdminAgent | Self::SalesAgent | Self::Oem => Party::Partner,
            Self::ServiceAdministrator => Party::Service,
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
    "unknown role `{0}`; the roles are tenant-administrator, consent-approver, device-administrator, reader, admin-agent, \
     sales-agent, oem, service-administrator"
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

/// What a route asks of its caller beyond a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Tenants that a path names are the caller's own, or such as its partner has asked for consent.
    Related,
    /// A partner may name any tenant: it asks for consent here.
    AnyTenant,
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

use Role::{
    AdminAgent, ConsentApprover, DeviceAdministrator, Oem, Reader, SalesAgent, ServiceAdministrator,
    TenantAdministrator,
};

/// Whoever sees what a tenant has.
const SEES_TENANT: &[Role] = &[
    TenantAdministrator,
    ConsentApprover,
    DeviceAdministrator,
    Reader,
    ServiceAdministrator,
];
/// Whoever sees devices of a tenant. A manufacturer sees none (domain.md D, "Rights after consent").
const SEES_DEVICES: &[Role] = &[
    TenantAdministrator,
    DeviceAdministrator,
    Reader,
    AdminAgent,
    SalesAgent,
    ServiceAdministrator,
];
/// Whoever hands in devices, and sees what became of it.
const REGISTERS: &[Role] = &[TenantAdministrator, DeviceAdministrator, AdminAgent, SalesAgent, Oem];
/// Whoever sees uploads: those who hand in, and who looks on.
const SEES_UPLOADS: &[Role] = &[
    TenantAdministrator,
    DeviceAdministrator,
    Reader,
    AdminAgent,
    SalesAgent,
    Oem,
    ServiceAdministrator,
];
/// Whoever changes devices.
const CHANGES: &[Role] = &[TenantAdministrator, DeviceAdministrator, AdminAgent, SalesAgent];
/// Whoever releases devices; a manufacturer, too (domain.md D).
const RELEASES: &[Role] = &[TenantAdministrator, DeviceAdministrator, AdminAgent, SalesAgent, Oem];
/// Whoever decides about consent.
const DECIDES: &[Role] = &[TenantAdministrator, ConsentApprover];
/// Whoever asks for consent.
const ASKS: &[Role] = &[AdminAgent, SalesAgent, Oem];
/// Whoever sees a consent: both sides.
const SEES_CONSENT: &[Role] = &[
    TenantAdministrator,
    ConsentApprover,
    DeviceAdministrator,
    Reader,
    AdminAgent,
    SalesAgent,
    Oem,
    ServiceAdministrator,
];
/// Whoever sees what a partner has.
const SEES_PARTNER: &[Role] = &[AdminAgent, SalesAgent, Oem, ServiceAdministrator];
/// Whoever runs the service.
const SERVICE: &[Role] = &[ServiceAdministrator];
/// Everybody whose token is good.
const EVERYBODY: &[Role] = &Role::ALL;

const fn route(method: &'static str, path: &'static str, roles: &'static [Role]) -> Route {
    Route {
        method,
        path,
        roles,
        reach: Reach::Related,
    }
}

/// Every route of the HTTP APIs that asks who is calling. The routers serve these and no others; a test walks them all.
pub const ROUTES: &[Route] = &[
    // Consent.
    Route {
        reach: Reach::AnyTenant,
        ..route("POST", "/v1/tenants/{tenant}/consents", ASKS)
    },
    route("GET", "/v1/tenants/{tenant}/consents", SEES_TENANT),
    route("GET", "/v1/tenants/{tenant}/consents/{partner}", SEES_CONSENT),
    route("POST", "/v1/tenants/{tenant}/consents/{partner}/grant", DECIDES),
    route("POST", "/v1/tenants/{tenant}/consents/{partner}/decline", DECIDES),
    route("POST", "/v1/tenants/{tenant}/consents/{partner}/revoke", DECIDES),
    route(
        "GET",
        "/v1/tenants/{tenant}/consents/{partner}/permission",
        SEES_CONSENT,
    ),
    route("GET", "/v1/tenants/{tenant}/consent-changes", SEES_TENANT),
    route("GET", "/v1/partners/{partner}/consents", SEES_PARTNER),
    route("GET", "/v1/directory", EVERYBODY),
    route("PUT", "/v1/directory/{partner}", SERVICE),
    route("DELETE", "/v1/directory/{partner}", SERVICE),
    // Tenants and partners.
    route("POST", "/v1/tenants", SERVICE),
    route("GET", "/v1/tenants", SERVICE),
    route("GET", "/v1/tenants/{tenant}", SEES_TENANT),
    route("PATCH", "/v1/tenants/{tenant}", SERVICE),
    route("POST", "/v1/partners", SERVICE),
    route("GET", "/v1/partners", SERVICE),
    route("GET", "/v1/partners/{partner}", SEES_PARTNER),
    // Uploads.
    route("POST", "/v1/tenants/{tenant}/uploads", REGISTERS),
    route("GET", "/v1/tenants/{tenant}/uploads", SEES_UPLOADS),
    route("GET", "/v1/tenants/{tenant}/uploads/{upload}", SEES_UPLOADS),
    route("POST", "/v1/tenants/{tenant}/uploads/{upload}/complete", REGISTERS),
    route("POST", "/v1/tenants/{tenant}/uploads/{upload}/cancel", REGISTERS),
    route("POST", "/v1/tenants/{tenant}/uploads/{upload}/resume", REGISTERS),
    route("GET", "/v1/tenants/{tenant}/uploads/{upload}/rows", SEES_UPLOADS),
    route("GET", "/v1/tenants/{tenant}/uploads/{upload}/report", SEES_UPLOADS),
    route("GET", "/v1/tenants/{tenant}/uploads/{upload}/fixit", SEES_UPLOADS),
    // Devices.
    route("POST", "/v1/tenants/{tenant}/devices", REGISTERS),
    route("GET", "/v1/tenants/{tenant}/devices", SEES_DEVICES),
    route("POST", "/v1/tenants/{tenant}/devices/find", SEES_DEVICES),
    route("POST", "/v1/tenants/{tenant}/devices/update", CHANGES),
    route("POST", "/v1/tenants/{tenant}/devices/release", RELEASES),
    route("GET", "/v1/tenants/{tenant}/devices/{device}", SEES_DEVICES),
    route("PATCH", "/v1/tenants/{tenant}/devices/{device}", CHANGES),
    route("POST", "/v1/tenants/{tenant}/devices/{device}/release", RELEASES),
    route("GET", "/v1/tenants/{tenant}/devices/{device}/history", SEES_DEVICES),
];

/// The route of this method and path.
#[must_use]
pub fn route_of(method: &str, path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.method == method && route.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(last: u8) -> TenantId {
        format!("1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a{last:02x}").parse().unwrap()
    }

    fn caller(role: Role) -> Caller {
        Caller {
            subject: "ada".to_owned(),
            tenant: (role.party() == Party::Tenant).then(|| tenant(1)),
            partner: (role.party() == Party::Partner).then(|| "contoso".parse().unwrap()),
            roles: BTreeSet::from([role]),
        }
    }

    #[test]
    fn no_route_stands_twice_and_each_lets_somebody_pass() {
        for (at, route) in ROUTES.iter().enumerate() {
            assert!(!route.roles.is_empty(), "{route:?}");
            assert_eq!(
                ROUTES
                    .iter()
                    .position(|r| r.method == route.method && r.path == route.path),
                Some(at),
                "{route:?}"
            );
        }
    }

    #[test]
    fn every_role_passes_for_its_own_party_only() {
        let own: PartnerId = "contoso".parse().unwrap();
        let other: PartnerId = "fabrikam".parse().unwrap();
        for route in ROUTES {
            for role in Role::ALL {
                let caller = caller(role);
                let named = route.path.contains("{tenant}");
                let of_partner = route.path.contains("{partner}");
                let pass = |t: u8, p: &PartnerId| caller.pass(route, named.then(|| tenant(t)), of_partner.then_some(p));
                if !route.roles.contains(&role) {
                    assert_eq!(pass(1, &own), Err(Refusal::Forbidden), "{route:?} {role}");
                    assert_eq!(pass(2, &other), Err(Refusal::Forbidden), "{route:?} {role}");
                    continue;
                }
                match role.party() {
                    Party::Service => assert_eq!(pass(2, &other), Ok(Pass::Direct), "{route:?} {role}"),
                    Party::Tenant => {
                        assert_eq!(pass(1, &other), Ok(Pass::Direct), "{route:?} {role}");
                        let elsewhere = if named { Err(Refusal::Hidden) } else { Ok(Pass::Direct) };
                        assert_eq!(pass(2, &own), elsewhere, "{route:?} {role}");
                    }
                    Party::Partner => {
                        let free = !named || route.reach == Reach::AnyTenant;
                        let expected = if free {
                            Pass::Direct
                        } else {
                            Pass::IfRelated(own.clone())
                        };
                        assert_eq!(pass(1, &own), Ok(expected), "{route:?} {role}");
                        if of_partner {
                            assert_eq!(pass(1, &other), Err(Refusal::Hidden), "{route:?} {role}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_caller_of_two_parties_passes_in_the_name_of_either() {
        let both = Caller {
            partner: Some("contoso".parse().unwrap()),
            roles: BTreeSet::from([Reader, AdminAgent]),
            ..caller(Reader)
        };
        let route = route_of("GET", "/v1/tenants/{tenant}/devices").unwrap();
        assert_eq!(both.pass(route, Some(tenant(1)), None), Ok(Pass::Direct));
        assert!(matches!(
            both.pass(route, Some(tenant(2)), None),
            Ok(Pass::IfRelated(_))
        ));
    }

    #[test]
    fn names_of_roles_round_trip() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert!("Reader".parse::<Role>().is_err());
    }
}
