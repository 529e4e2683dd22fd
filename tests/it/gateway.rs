//! Whether the HTTP API of the deployment leads every route to the function that serves it, and says of a request no more
//! than it should.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use journeys::api::{NOBODY, outside};
use journeys::world::{Result, World};
use muster_core::access::{GRAPH_ROUTES, PARTNER_CENTER, ROUTES, Reach};
use muster_local::issuer::DevIssuer;
use muster_runtime::http::{Guard, around};
use partner_center_api::PartnerCenterApi;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::template::{functions, kebab, number, read, resources, value};

/// What the API serves beyond the table of routes, to everybody.
const OPEN: [(&str, &str); 2] = [("GET", "/openapi.json"), ("GET", "/docs")];

/// A route of the API: its key, and the function behind it.
#[derive(Debug, PartialEq, Eq)]
struct Led {
    method: String,
    path: String,
    function: String,
}

impl Led {
    fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether a request of this method and path fits (Amazon API Gateway developer guide, "Routes for HTTP APIs"). A
    /// parameter of the path fits parameters alone: what else it might be is not known here.
    fn fits(&self, method: &str, path: &str) -> bool {
        if !["ANY", method].contains(&self.method.as_str()) {
            return false;
        }
        let (mut route, mut path) = (self.path.split('/').peekable(), path.split('/').peekable());
        while let Some(segment) = route.next() {
            let Some(found) = path.next() else {
                return false;
            };
            if segment.ends_with("+}") {
                return route.peek().is_none();
            }
            if !segment.starts_with('{') && segment != found {
                return false;
            }
        }
        path.peek().is_none()
    }
}

/// All routes of the API.
fn routes() -> Vec<Led> {
    let all: BTreeMap<String, String> = resources(&read("infra/template.yaml")).into_iter().collect();
    let of_type = |text: &String| text.contains("Type: AWS::ApiGatewayV2::Route\n");
    let is_default = |text: &String| text.contains("RouteKey: $default,");
    let routes = all
        .values()
        .filter(|text| of_type(text) && !is_default(text))
        .map(|text| {
            let (_, key) = text.split_once("RouteKey: \"").expect("a key");
            let (key, behind) = key.split_once('"').expect("its end");
            let (_, target) = behind.split_once("integrations/${").expect("a target");
            let integration = &all[target.split('}').next().expect("a name")];
            let function = value(integration, "IntegrationUri").and_then(|uri| uri.strip_prefix("!GetAtt "));
            let (method, path) = key.split_once(' ').expect("a method and a path");
            Led {
                method: method.to_owned(),
                path: path.to_owned(),
                function: kebab(function.and_then(|uri| uri.strip_suffix(".Arn")).expect("a function")),
            }
        });
    routes.collect()
}

fn sources(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// What the handlers of a function are declared to serve: method and path.
fn served(function: &str) -> BTreeSet<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    sources(&root.join("functions").join(function).join("src"), &mut files);
    let mut found = BTreeSet::new();
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        for declared in source.split("#[utoipa::path(").skip(1) {
            let method = declared.split(',').next().expect("a method").trim();
            let (_, path) = declared.split_once("path = \"").expect("a path");
            let path = path.split('"').next().expect("its end");
            found.insert((method.to_uppercase(), path.to_owned()));
        }
    }
    found
}

#[test]
fn every_route_is_led_to_the_function_that_serves_it() {
    let routes = routes();
    let mut servers: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for function in ["consent-api", "registration-api", "deployment-api"] {
        for route in served(function) {
            servers.entry(route).or_default().push(function);
        }
    }
    for route in ROUTES {
        let key = (route.method.to_owned(), route.path.to_owned());
        let leads: Vec<&str> = routes
            .iter()
            .filter(|led| led.fits(route.method, route.path))
            .map(|led| led.function.as_str())
            .collect();
        // One alone, so that nothing depends on which of several the API prefers.
        assert_eq!(
            servers.get(&key),
            Some(&leads),
            "{key:?}: who serves it, and who is asked"
        );
        assert_eq!(leads.len(), 1, "{key:?}: {leads:?}");
    }
}

/// The routes of Graph's wire format in both versions, as scripts write them, too.
fn graph() -> Vec<(&'static str, String)> {
    let versions = ["v1.0", "beta", "V1.0", "Beta"].into_iter();
    let all = versions.flat_map(|version| {
        let path = move |path: &str| path.replace("{version}", version);
        GRAPH_ROUTES.iter().map(move |route| (route.method, path(route.path)))
    });
    all.collect()
}

#[test]
fn every_route_of_graph_is_led_to_its_function() {
    let routes = routes();
    for (method, path) in graph() {
        let leads = routes.iter().filter(|led| led.fits(method, &path));
        let leads: Vec<&str> = leads.map(|led| led.function.as_str()).collect();
        assert_eq!(leads, ["graph-api"], "{method} {path}");
    }
}

#[test]
fn a_facades_routes_are_led_to_it_and_so_is_whatever_is_spelt_otherwise() {
    let routes = routes();
    for route in PARTNER_CENTER {
        let leads: Vec<&str> = routes
            .iter()
            .filter(|led| led.fits(route.method, route.path))
            .map(|led| led.function.as_str())
            .collect();
        assert_eq!(leads, ["partner-center-api"], "{route:?}");
    }
    let all = resources(&read("infra/template.yaml"));
    let defaults: Vec<&String> = all
        .iter()
        .map(|(_, text)| text)
        .filter(|text| text.contains("RouteKey: $default,"))
        .collect();
    assert_eq!(defaults.len(), 1);
    assert!(defaults[0].contains("integrations/${PartnerCenterApiIntegration}"));
}

/// The function behind `$default`, as its binary wires it.
fn default_function(world: &World) -> Result<Router> {
    let verifier = DevIssuer::in_memory()?.verifier();
    let embedded = world.embedded.clone();
    let guard = Guard::new(
        verifier,
        world.embedded.grants(),
        std::sync::Arc::new(move || embedded.now()),
    );
    let outside = outside(NOBODY);
    let function = PartnerCenterApi::over(&world.embedded, outside.new_id.clone(), outside.public_url);
    let router = partner_center_api::alone(partner_center_api::router(function, guard.clone()), guard);
    Ok(around(router, outside.new_id))
}

#[tokio::test]
async fn what_is_spelt_otherwise_is_answered_in_the_words_of_whoever_sent_it() -> Result<()> {
    let world = World::new().await?;
    let function = default_function(&world)?;
    let routes = routes();
    let graph = |version: &str| {
        Some(format!(
            "Here the path begins with /{version}/, in these letters and behind one slash."
        ))
    };
    for (what, words) in [
        (
            "GET //beta/deviceManagement/windowsAutopilotDeviceIdentities",
            graph("beta"),
        ),
        (
            "POST /BETA/deviceManagement/importedWindowsAutopilotDeviceIdentities",
            graph("beta"),
        ),
        (
            "DELETE ///beta/deviceManagement/windowsAutopilotDeviceIdentities/x",
            graph("beta"),
        ),
        ("POST //v1.0/$batch", graph("v1.0")),
        ("PATCH //V1.0/deviceManagement/x?$top=1", graph("v1.0")),
        // As CIPP sends it; it shows no token.
        ("GET /v1//customers/T/deviceBatches", None),
        ("GET //V1/Customers/T/DeviceBatches", None),
    ] {
        let (method, path) = what.split_once(' ').expect("a method and a path");
        let (bare, _) = path.split_once('?').unwrap_or((path, ""));
        let leads = routes.iter().filter(|led| led.fits(method, bare)).count();
        assert_eq!(leads, 0, "{what} is led to the default");
        let request = Request::builder().method(method).uri(path);
        let request = request.header("request-id", "r-1").header("client-request-id", "c-1");
        let answer = function.clone().oneshot(request.body(Body::empty())?).await?;
        let (status, kind) = (answer.status().as_u16(), answer.headers()["content-type"].clone());
        let body: Value = serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())?;
        assert_eq!(kind, "application/json; charset=utf-8", "{what}: {body}");
        match words {
            Some(words) => {
                assert_eq!(
                    (status, &body["error"]["code"]),
                    (404, &json!("ResourceNotFound")),
                    "{what}: {body}"
                );
                let message = body["error"]["message"].as_str().unwrap_or_default();
                assert!(message.starts_with(&words), "{what}: {body}");
                let inner = json!({"date": "2026-01-01T00:00:00", "request-id": "r-1", "client-request-id": "c-1"});
                assert_eq!(body["error"]["innerError"], inner, "{what}");
            }
            None => assert_eq!((status, &body["code"]), (401, &json!(400)), "{what}: {body}"),
        }
    }
    Ok(())
}

#[test]
fn the_api_has_no_route_that_nothing_needs() {
    let graph = graph();
    let asked: Vec<(&str, &str)> = ROUTES
        .iter()
        .chain(PARTNER_CENTER)
        .map(|route| (route.method, route.path))
        .chain(graph.iter().map(|(method, path)| (*method, path.as_str())))
        .chain(OPEN)
        .collect();
    for led in routes() {
        assert!(
            asked.iter().any(|(method, path)| led.fits(method, path)),
            "nothing asks for {}",
            led.key()
        );
    }
    for (method, path) in OPEN {
        let leads = routes().iter().filter(|led| led.fits(method, path)).count();
        assert_eq!(leads, 1, "{method} {path}");
    }
}

#[test]
fn a_route_fits_what_the_api_would_lead_there() {
    let led = |key: &str| {
        let (method, path) = key.split_once(' ').unwrap();
        Led {
            method: method.to_owned(),
            path: path.to_owned(),
            function: String::new(),
        }
    };
    for (key, method, path, fits) in [
        ("ANY /v1/tenants", "GET", "/v1/tenants", true),
        ("GET /docs", "POST", "/docs", false),
        ("ANY /v1/tenants", "GET", "/v1/tenants/{tenant}", false),
        ("ANY /v1/tenants/{tenant}", "PATCH", "/v1/tenants/{tenant}", true),
        ("ANY /v1/tenants/{tenant}", "GET", "/v1/tenants", false),
        ("ANY /v1/a/{proxy+}", "GET", "/v1/a/{x}/y", true),
        ("ANY /v1/a/{proxy+}", "GET", "/v1/a", false),
        ("ANY /v1/a/{proxy+}", "GET", "/v1/b/c", false),
    ] {
        assert_eq!(led(key).fits(method, path), fits, "{key} for {method} {path}");
    }
}

#[test]
fn a_function_answers_before_the_api_gives_up() {
    let template = read("infra/template.yaml");
    let all = resources(&template);
    let timeouts: BTreeMap<String, u32> = functions(&template)
        .map(|(name, text)| (name, number(&text, "Timeout")))
        .collect();
    let mut seen = 0;
    for (name, text) in all
        .iter()
        .filter(|(_, text)| text.contains("AWS::ApiGatewayV2::Integration"))
    {
        let function = name.strip_suffix("Integration").expect("its name");
        assert!(text.contains("PayloadFormatVersion: \"2.0\"\n"), "{name}");
        assert!(timeouts[function] * 1000 < number(text, "TimeoutInMillis"), "{name}");
        let (_, permission) = all
            .iter()
            .find(|(other, _)| *other == format!("{function}Permission"))
            .expect("the permission to call it");
        assert_eq!(
            value(permission, "FunctionName"),
            Some(format!("!Ref {function}").as_str())
        );
        assert_eq!(value(permission, "Principal"), Some("apigateway.amazonaws.com"));
        seen += 1;
    }
    assert_eq!(seen, 5, "functions behind the API");
}

#[test]
fn the_log_of_requests_names_nobody() {
    let template = read("infra/template.yaml");
    let (_, stage) = resources(&template)
        .into_iter()
        .find(|(_, text)| text.contains("Type: AWS::ApiGatewayV2::Stage\n"))
        .expect("a stage");
    for limit in [
        "ThrottlingRateLimit: !Ref ApiRateLimit\n",
        "ThrottlingBurstLimit: !Ref ApiBurstLimit\n",
    ] {
        assert!(stage.contains(limit), "{limit}");
    }
    // Where nobody shows a token, the limit is one of its own.
    for route in ROUTES.iter().filter(|route| route.reach == Reach::Open) {
        let (_, settings) = stage
            .split_once(&format!("\"{} {}\":\n", route.method, route.path))
            .unwrap_or_else(|| panic!("no limit for {route:?}"));
        let limits: Vec<&str> = settings.lines().map(str::trim).take(2).collect();
        let expected = [
            "ThrottlingRateLimit: !Ref DeploymentRateLimit",
            "ThrottlingBurstLimit: !Ref DeploymentBurstLimit",
        ];
        assert_eq!(limits, expected, "{route:?}");
    }
    let (_, format) = stage.split_once("Format: >-\n").expect("a format");
    let format: String = format
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with('#'))
        .collect();
    let line: BTreeMap<String, String> = serde_json::from_str(&format).expect("a line of JSON");
    let variables: BTreeSet<&str> = line
        .values()
        .map(|value| value.strip_prefix("$context.").expect("a variable"))
        .collect();
    let harmless = [
        "requestTime",
        "requestId",
        "routeKey",
        "status",
        "protocol",
        "responseLength",
        "responseLatency",
        "integration.requestId",
        "integration.latency",
        "integration.integrationStatus",
        "integration.error",
        "error.message",
    ];
    assert_eq!(variables, harmless.into(), "no path, no query, no address, no token");
}

#[test]
fn the_samples_are_requests_that_the_api_leads_to_their_functions() {
    let routes = routes();
    for function in [
        "consent-api",
        "registration-api",
        "deployment-api",
        "partner-center-api",
        "graph-api",
    ] {
        let event: serde_json::Value = serde_json::from_str(&read(&format!("infra/events/{function}.json"))).unwrap();
        let text = |pointer: &str| {
            event
                .pointer(pointer)
                .and_then(|v| v.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(text("/version"), "2.0", "{function}");
        let led = routes
            .iter()
            .find(|led| led.key() == text("/routeKey"))
            .expect("a route of the API");
        assert_eq!(led.function, function);
        assert!(
            led.fits(&text("/requestContext/http/method"), &text("/rawPath")),
            "{event}"
        );
        assert_eq!(text("/rawPath"), text("/requestContext/http/path"));
    }
}
