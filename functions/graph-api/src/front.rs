//! Paths as clients write them. Graph knows segments whatever the case of their letters, keys behind a segment or in
//! parentheses, and qualified names of actions; clients use all of these. One form is routed.

use axum::extract::{MatchedPath, Request};
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use axum::{Router, middleware};
use muster_runtime::http::{Guard, Problem};
use tower::ServiceExt as _;

use crate::fault;

/// The names in paths. Everything else is an id.
const NAMES: [&str; 24] = [
    "v1.0",
    "beta",
    "$batch",
    "$count",
    "deviceManagement",
    "importedWindowsAutopilotDeviceIdentities",
    "import",
    "windowsAutopilotDeviceIdentities",
    "deleteDevices",
    "assignUserToDevice",
    "unassignUserFromDevice",
    "updateDeviceProperties",
    "allowNextEnrollment",
    "assignResourceAccountToDevice",
    "unassignResourceAccountFromDevice",
    "autopilotEvents",
    "deploymentProfile",
    "intendedDeploymentProfile",
    "windowsAutopilotDeploymentProfiles",
    "assign",
    "assignments",
    "assignedDevices",
    "windowsAutopilotSettings",
    "sync",
];

/// What qualified names begin with.
const NAMESPACE: &str = "microsoft.graph.";

/// The routes behind both versions.
pub(crate) fn front(routes: Router, guard: Guard) -> Router {
    let routes = routes.fallback_service(nowhere(guard));
    let serve = move |request: Request| call(routes.clone(), request);
    Router::new()
        .route("/v1.0/{*path}", any(serve.clone()))
        .route("/beta/{*path}", any(serve))
}

/// What is answered where there is no route.
pub(crate) fn nowhere(guard: Guard) -> Router {
    Router::new()
        .fallback(async || Problem::not_found())
        .layer(middleware::from_fn_with_state(guard, fault::tell))
}

/// Asks the routes, with the path in the form that they know.
pub(crate) async fn call(routes: Router, mut request: Request) -> Response {
    let uri = canonical(request.uri());
    *request.uri_mut() = uri;
    // It would be taken for the beginning of what is matched next.
    request.extensions_mut().remove::<MatchedPath>();
    match routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => never.into_response(),
    }
}

/// The same address with its path in the form that is routed.
fn canonical(uri: &Uri) -> Uri {
    let mut path = String::new();
    for segment in uri.path().split('/').filter(|segment| !segment.is_empty()) {
        path.push('/');
        path.push_str(&segment_of(segment));
    }
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    // What is no path is left to be found nowhere.
    parts.path_and_query = PathAndQuery::try_from(path).ok().or(parts.path_and_query);
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

fn segment_of(raw: &str) -> String {
    let Ok(text) = urlencoding::decode(raw) else {
        return raw.to_owned();
    };
    if let Some(name) = name_of(&text) {
        return name.to_owned();
    }
    let keyed = text.strip_suffix(')').and_then(|text| text.split_once('('));
    if let Some((name, key)) = keyed.and_then(|(name, key)| Some((name_of(name)?, key))) {
        let key = key
            .strip_prefix('\'')
            .and_then(|key| key.strip_suffix('\''))
            .unwrap_or(key);
        return format!("{name}/{}", urlencoding::encode(key));
    }
    raw.to_owned()
}

fn name_of(text: &str) -> Option<&'static str> {
    let head = text
        .get(..NAMESPACE.len())
        .filter(|head| head.eq_ignore_ascii_case(NAMESPACE));
    let text = head.and_then(|head| text.get(head.len()..)).unwrap_or(text);
    NAMES.into_iter().find(|name| name.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use muster_core::access::GRAPH_ROUTES;

    use super::*;

    #[test]
    fn paths_are_brought_into_one_form() {
        let id = "9d8c7b6a-5f4e-4d3c-9b2a-1f0e9d8c7b6a";
        let devices = "/beta/deviceManagement/windowsAutopilotDeviceIdentities";
        for (sent, expected) in [
            (
                "/beta/devicemanagement/WINDOWSautopilotdeviceidentities?$top=1",
                format!("{devices}?$top=1"),
            ),
            (
                &format!("/beta//deviceManagement/windowsAutopilotDeviceIdentities/{id}/"),
                format!("{devices}/{id}"),
            ),
            (
                &format!("{devices}/{id}/UpdateDeviceProperties"),
                format!("{devices}/{id}/updateDeviceProperties"),
            ),
            (
                &format!("{devices}/{id}/microsoft.graph.assignUserToDevice"),
                format!("{devices}/{id}/assignUserToDevice"),
            ),
            (&format!("{devices}('{id}')"), format!("{devices}/{id}")),
            (
                &format!("{devices}({id})/unassignuserfromdevice"),
                format!("{devices}/{id}/unassignUserFromDevice"),
            ),
            (&format!("{devices}/a%2Fb"), format!("{devices}/a%2Fb")),
            (&format!("{devices}('a/b')"), format!("{devices}('a/b')")),
            ("/beta/%24BATCH", "/beta/$batch".to_owned()),
            ("/beta/deviceManagement/%ff", "/beta/deviceManagement/%ff".to_owned()),
        ] {
            let uri: Uri = sent.parse().unwrap();
            assert_eq!(canonical(&uri).to_string(), expected, "{sent}");
        }
    }

    #[test]
    fn every_name_of_the_table_of_routes_is_known() {
        for route in GRAPH_ROUTES {
            for segment in route
                .path
                .split('/')
                .filter(|name| !name.is_empty() && !name.starts_with('{'))
            {
                assert_eq!(name_of(segment), Some(segment), "{}", route.path);
            }
        }
    }
}
