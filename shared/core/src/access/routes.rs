//! The table of routes.

use super::Role::{
    self, AdminAgent, ConsentApprover, DeviceAdministrator, MdmService, Oem, Reader, SalesAgent, ServiceAdministrator,
    TenantAdministrator,
};
use super::{Reach, Route};

/// Whoever sees what a tenant has.
const SEES_TENANT: &[Role] = &[
    TenantAdministrator,
    ConsentApprover,
    DeviceAdministrator,
    Reader,
    ServiceAdministrator,
];
/// Whoever sees devices of a tenant. A manufacturer sees none (Microsoft Learn, "Windows Autopilot customer consent").
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
/// Whoever reports devices that the tenant's MDM service manages.
const HARVESTS: &[Role] = &[TenantAdministrator, DeviceAdministrator, MdmService];
/// Whoever sees uploads: those who hand in, and who looks on. The MDM service sees those of its own channel.
const SEES_UPLOADS: &[Role] = &[
    TenantAdministrator,
    DeviceAdministrator,
    Reader,
    MdmService,
    AdminAgent,
    SalesAgent,
    Oem,
    ServiceAdministrator,
];
/// Whoever changes devices.
const CHANGES: &[Role] = &[TenantAdministrator, DeviceAdministrator, AdminAgent, SalesAgent];
/// Whoever releases devices; a manufacturer, too (the same page).
const RELEASES: &[Role] = &[TenantAdministrator, DeviceAdministrator, AdminAgent, SalesAgent, Oem];
/// Whoever makes, changes and assigns profiles. Of a CSP that is the admin agent alone, and of a manufacturer nobody
/// (Microsoft Learn, "Windows Autopilot" for Partner Center).
const SETS_PROFILES: &[Role] = &[TenantAdministrator, DeviceAdministrator, AdminAgent];
/// Whoever sees profiles.
const SEES_PROFILES: &[Role] = &[
    TenantAdministrator,
    DeviceAdministrator,
    Reader,
    AdminAgent,
    ServiceAdministrator,
];
/// Whoever makes devices: manufacturers.
const MAKES: &[Role] = &[Oem];
/// Whoever makes devices known: manufacturers.
const CATALOGUES: &[Role] = &[Oem];
/// Whoever sees a manufacturer's catalogue.
const SEES_CATALOGUE: &[Role] = &[Oem, ServiceAdministrator];
/// Whoever reads PKIDs that are meant for it.
const READS_KEYS: &[Role] = &[AdminAgent, SalesAgent];
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
/// Whoever decides what a tenant allows.
const SETS_POLICY: &[Role] = &[TenantAdministrator, ServiceAdministrator];
/// Whoever runs the service.
const SERVICE: &[Role] = &[ServiceAdministrator];
/// Everybody whose token is good.
const EVERYBODY: &[Role] = &Role::ALL;

pub(super) const fn route(method: &'static str, path: &'static str, roles: &'static [Role]) -> Route {
    Route {
        method,
        path,
        roles,
        reach: Reach::Related,
    }
}

const fn open(method: &'static str, path: &'static str) -> Route {
    Route {
        method,
        path,
        roles: &[],
        reach: Reach::Open,
    }
}

/// Every route of the HTTP APIs. The routers serve these and no others; a test walks them all.
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
    route("PATCH", "/v1/tenants/{tenant}", SETS_POLICY),
    route("POST", "/v1/partners", SERVICE),
    route("GET", "/v1/partners", SERVICE),
    route("GET", "/v1/partners/{partner}", SEES_PARTNER),
    route("PATCH", "/v1/partners/{partner}", SERVICE),
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
    route("GET", "/v1/tenants/{tenant}/uploads/{upload}/summary", SEES_UPLOADS),
    // Automatic registration.
    route("POST", "/v1/tenants/{tenant}/harvests", HARVESTS),
    // Devices.
    route("POST", "/v1/tenants/{tenant}/devices", REGISTERS),
    route("GET", "/v1/tenants/{tenant}/devices", SEES_DEVICES),
    route("POST", "/v1/tenants/{tenant}/devices/find", SEES_DEVICES),
    route("POST", "/v1/tenants/{tenant}/devices/update", CHANGES),
    route("POST", "/v1/tenants/{tenant}/devices/release", RELEASES),
    route("GET", "/v1/tenants/{tenant}/devices/{device}", SEES_DEVICES),
    route("PATCH", "/v1/tenants/{tenant}/devices/{device}", CHANGES),
    route("POST", "/v1/tenants/{tenant}/devices/{device}/rebind", CHANGES),
    route("POST", "/v1/tenants/{tenant}/devices/{device}/release", RELEASES),
    route("GET", "/v1/tenants/{tenant}/devices/{device}/history", SEES_DEVICES),
    // A manufacturer names no tenant here: the registry knows whose its devices are.
    route("POST", "/v1/devices/release", MAKES),
    // Profiles.
    route("POST", "/v1/tenants/{tenant}/profiles", SETS_PROFILES),
    route("GET", "/v1/tenants/{tenant}/profiles", SEES_PROFILES),
    route("GET", "/v1/tenants/{tenant}/profiles/{profile}", SEES_PROFILES),
    route("PATCH", "/v1/tenants/{tenant}/profiles/{profile}", SETS_PROFILES),
    route("DELETE", "/v1/tenants/{tenant}/profiles/{profile}", SETS_PROFILES),
    route(
        "PUT",
        "/v1/tenants/{tenant}/profiles/{profile}/assignment",
        SETS_PROFILES,
    ),
    route("GET", "/v1/tenants/{tenant}/profiles/{profile}/devices", SEES_PROFILES),
    route(
        "GET",
        "/v1/tenants/{tenant}/profiles/{profile}/assigned-devices",
        SEES_PROFILES,
    ),
    route("POST", "/v1/tenants/{tenant}/profiles/{profile}/devices", SETS_PROFILES),
    route(
        "GET",
        "/v1/tenants/{tenant}/profiles/{profile}/configuration-file",
        SEES_PROFILES,
    ),
    route("GET", "/v1/tenants/{tenant}/devices/{device}/profile", SEES_PROFILES),
    // Devices that boot.
    open("POST", "/v1/deployment/nonce"),
    open("POST", "/v1/deployment/lookup"),
    // Catalogues. What became of their uploads is asked for under the id that stands for the catalogue in a tenant's place.
    route("POST", "/v1/partners/{partner}/catalogue/uploads", CATALOGUES),
    route("POST", "/v1/partners/{partner}/catalogue/entries", CATALOGUES),
    route("GET", "/v1/partners/{partner}/catalogue", SEES_CATALOGUE),
    route("GET", "/v1/partners/{partner}/catalogue/{entry}", SEES_CATALOGUE),
    route("POST", "/v1/partners/{partner}/catalogue/withdraw", CATALOGUES),
    route("GET", "/v1/partners/{partner}/catalogue/product-keys", SEES_CATALOGUE),
    route("GET", "/v1/partners/{partner}/product-keys", READS_KEYS),
];
