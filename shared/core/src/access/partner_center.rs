//! The routes that are spelt as Partner Center spells them. Its clients write them in whatever letter case, and slashes
//! twice; [`straighten`] brings them into this form.

use super::Role::{self, AdminAgent, SalesAgent};
use super::Route;
use super::routes::route;

/// Whoever acts for a CSP: registers devices, sees and removes them.
const AGENTS: &[Role] = &[AdminAgent, SalesAgent];
/// Whoever makes policies and assigns them, and ends the relationship (Microsoft Learn, "Windows Autopilot" for Partner
/// Center).
const ADMINS: &[Role] = &[AdminAgent];

/// Every route of the facade. Its router serves these and no others; a test walks them all.
pub const PARTNER_CENTER: &[Route] = &[
    route("GET", "/v1/customers/relationshiprequests", AGENTS),
    route("PATCH", "/v1/customers/{tenant}", ADMINS),
    route("GET", "/v1/customers/{tenant}/deviceBatches", AGENTS),
    route("POST", "/v1/customers/{tenant}/deviceBatches", AGENTS),
    route("GET", "/v1/customers/{tenant}/deviceBatches/{batch}/devices", AGENTS),
    route("POST", "/v1/customers/{tenant}/deviceBatches/{batch}/devices", AGENTS),
    route(
        "PUT",
        "/v1/customers/{tenant}/deviceBatches/{batch}/devices/{device}",
        ADMINS,
    ),
    route(
        "PATCH",
        "/v1/customers/{tenant}/deviceBatches/{batch}/devices/{device}",
        ADMINS,
    ),
    route(
        "DELETE",
        "/v1/customers/{tenant}/deviceBatches/{batch}/devices/{device}",
        AGENTS,
    ),
    route("PATCH", "/v1/customers/{tenant}/DevicePolicyUpdates", ADMINS),
    route("GET", "/v1/customers/{tenant}/batchJobStatus/{job}", AGENTS),
    route("GET", "/v1/customers/{tenant}/policies", ADMINS),
    route("POST", "/v1/customers/{tenant}/policies", ADMINS),
    route("GET", "/v1/customers/{tenant}/policies/{policy}", ADMINS),
    route("PUT", "/v1/customers/{tenant}/policies/{policy}", ADMINS),
    route("DELETE", "/v1/customers/{tenant}/policies/{policy}", ADMINS),
];

/// What all of them begin with.
const PREFIX: [&str; 2] = ["v1", "customers"];

/// The path as the table spells it: without empty segments, and its fixed words in their letter case. What stands for a
/// parameter stays as it is. `None` where it is in order, or none of these paths.
pub(super) fn straighten(path: &str) -> Option<String> {
    let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    for (segment, fixed) in segments.iter().zip(PREFIX) {
        if !segment.eq_ignore_ascii_case(fixed) {
            return None;
        }
    }
    if segments.len() < PREFIX.len() {
        return None;
    }
    let is_parameter = |word: &str| word.starts_with('{');
    let fits = |words: &[&'static str]| {
        words.len() == segments.len()
            && words
                .iter()
                .zip(&segments)
                .all(|(word, segment)| is_parameter(word) || word.eq_ignore_ascii_case(segment))
    };
    let known = PARTNER_CENTER
        .iter()
        .map(|route| words(route.path))
        .filter(|words| fits(words));
    // Of several, the one with the most fixed words: `relationshiprequests` is no customer.
    let known = known.min_by_key(|words| words.iter().filter(|word| is_parameter(word)).count());
    for (at, segment) in segments.iter_mut().enumerate() {
        let fixed = known.as_ref().and_then(|words| words.get(at)).copied();
        let fixed = fixed.or_else(|| PREFIX.get(at).copied());
        if let Some(word) = fixed.filter(|word| !is_parameter(word)) {
            *segment = word;
        }
    }
    let straight = format!("/{}", segments.join("/"));
    (straight != path).then_some(straight)
}

fn words(path: &'static str) -> Vec<&'static str> {
    path.split('/').filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_brought_into_the_tables_form_and_parameters_stay() {
        for (given, expected) in [
            ("/v1/customers/T/deviceBatches", None),
            (
                "/v1//customers/T/batchJobStatus/J",
                Some("/v1/customers/T/batchJobStatus/J"),
            ),
            (
                "/V1/Customers/T/DEVICEBATCHES/My%20Batch/Devices",
                Some("/v1/customers/T/deviceBatches/My%20Batch/devices"),
            ),
            (
                "/v1/customers/T/devicepolicyupdates",
                Some("/v1/customers/T/DevicePolicyUpdates"),
            ),
            (
                "/v1/customers/RelationshipRequests",
                Some("/v1/customers/relationshiprequests"),
            ),
            ("/v1/customers/T", None),
            ("/v1/customers/T/", Some("/v1/customers/T")),
            ("//v1/customers/T/policies/", Some("/v1/customers/T/policies")),
            ("/v1/CUSTOMERS/T/Orders", Some("/v1/customers/T/Orders")),
            ("/v1/customers/T/deviceBatches/devices/devices", None),
            ("/v1/Tenants/T/devices", None),
            ("/v1//tenants", None),
            ("/V1", None),
            ("/", None),
        ] {
            assert_eq!(straighten(given).as_deref(), expected, "{given}");
        }
    }
}
