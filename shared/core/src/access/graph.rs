//! The routes of Microsoft Graph's wire format. They stand in a table of their own, since Muster's own API, its OpenAPI
//! document and its words do not have them. No path names a tenant: it is the one of the caller's token.

use super::Role::{self, DeviceAdministrator, Reader, TenantAdministrator};
use super::Route;
use super::routes::route;

/// Whoever changes what a tenant has.
const WRITES: &[Role] = &[TenantAdministrator, DeviceAdministrator];
/// Whoever sees it.
const READS: &[Role] = &[TenantAdministrator, DeviceAdministrator, Reader];

/// Every route of Graph's wire format. `{version}` is `v1.0` or `beta`; names in paths are canonical, and requests are
/// brought into this form whatever the case of their letters.
pub const GRAPH_ROUTES: &[Route] = &[
    // Several requests in one; each passes the door by itself.
    route("POST", "/{version}/$batch", READS),
    // Imports.
    route(
        "GET",
        "/{version}/deviceManagement/importedWindowsAutopilotDeviceIdentities",
        READS,
    ),
    route(
        "GET",
        "/{version}/deviceManagement/importedWindowsAutopilotDeviceIdentities/$count",
        READS,
    ),
    route(
        "POST",
        "/{version}/deviceManagement/importedWindowsAutopilotDeviceIdentities",
        WRITES,
    ),
    route(
        "POST",
        "/{version}/deviceManagement/importedWindowsAutopilotDeviceIdentities/import",
        WRITES,
    ),
    route(
        "GET",
        "/{version}/deviceManagement/importedWindowsAutopilotDeviceIdentities/{import}",
        READS,
    ),
    route(
        "DELETE",
        "/{version}/deviceManagement/importedWindowsAutopilotDeviceIdentities/{import}",
        WRITES,
    ),
    // Devices.
    route(
        "GET",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities",
        READS,
    ),
    route(
        "GET",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/$count",
        READS,
    ),
    route(
        "POST",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/deleteDevices",
        WRITES,
    ),
    route(
        "GET",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}",
        READS,
    ),
    route(
        "DELETE",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}",
        WRITES,
    ),
    route(
        "POST",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/assignUserToDevice",
        WRITES,
    ),
    route(
        "POST",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/unassignUserFromDevice",
        WRITES,
    ),
    route(
        "POST",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/updateDeviceProperties",
        WRITES,
    ),
    route(
        "POST",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/allowNextEnrollment",
        WRITES,
    ),
    route(
        "GET",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/deploymentProfile",
        READS,
    ),
    route(
        "GET",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/intendedDeploymentProfile",
        READS,
    ),
    // What Microsoft documents for devices and Muster does not do: the answer says so.
    route(
        "POST",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities",
        WRITES,
    ),
    route(
        "POST",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/assignResourceAccountToDevice",
        WRITES,
    ),
    route(
        "POST",
        "/{version}/deviceManagement/windowsAutopilotDeviceIdentities/{device}/unassignResourceAccountFromDevice",
        WRITES,
    ),
    // Boots.
    route("GET", "/{version}/deviceManagement/autopilotEvents", READS),
    route("GET", "/{version}/deviceManagement/autopilotEvents/$count", READS),
    route("GET", "/{version}/deviceManagement/autopilotEvents/{event}", READS),
    // Profiles.
    route(
        "GET",
        "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles",
        READS,
    ),
    route(
        "POST",
        "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles",
        WRITES,
    ),
    route(
        "GET",
        "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}",
        READS,
    ),
    route(
        "PATCH",
        "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}",
        WRITES,
    ),
    route(
        "DELETE",
        "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}",
        WRITES,
    ),
    route(
        "POST",
        "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assign",
        WRITES,
    ),
    route(
        "GET",
        "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assignments",
        READS,
    ),
    route(
        "POST",
        "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assignments",
        WRITES,
    ),
    route(
        "GET",
        "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assignments/{assignment}",
        READS,
    ),
    route(
        "DELETE",
        "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assignments/{assignment}",
        WRITES,
    ),
    route(
        "GET",
        "/{version}/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assignedDevices",
        READS,
    ),
    // Synchronisation.
    route("GET", "/{version}/deviceManagement/windowsAutopilotSettings", READS),
    route(
        "POST",
        "/{version}/deviceManagement/windowsAutopilotSettings/sync",
        WRITES,
    ),
];

/// The path with its version as the table spells it, where it begins with one in another letter case or behind more than one
/// slash: base addresses that end in a slash, and `$graphApiVersion = "Beta"`. What follows is for the function to bring into
/// form. `None` where the version is in order, or is none.
pub(super) fn straighten(path: &str) -> Option<String> {
    let (version, rest) = path.trim_start_matches('/').split_once('/')?;
    let version = ["v1.0", "beta"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(version))?;
    let straight = format!("/{version}/{rest}");
    (straight != path).then_some(straight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_brought_into_the_tables_form() {
        for (given, expected) in [
            ("/beta/deviceManagement/x", None),
            ("/v1.0/$batch", None),
            ("/Beta/DeviceManagement//x", Some("/beta/DeviceManagement//x")),
            ("/V1.0/$batch", Some("/v1.0/$batch")),
            ("//beta/x", Some("/beta/x")),
            ("///BETA/x/", Some("/beta/x/")),
            ("/v1/tenants", None),
            ("/V1/customers/x", None),
            ("/beta", None),
            ("/betas/x", None),
            ("//", None),
            ("", None),
        ] {
            assert_eq!(straighten(given).as_deref(), expected, "{given}");
        }
    }
}
