//! The OpenAPI document: whether it is current, and whole.

use std::collections::BTreeSet;
use std::path::Path;

use journeys::api::{Api, NOBODY, Who, outside};
use journeys::world::{Result, World};
use muster_core::access::{ROUTES, Reach, Role};
use muster_local::issuer::DevIssuer;
use muster_local::serve::apis;
use muster_runtime::env::Env;
use muster_runtime::http::Code;
use muster_runtime::http::openapi::complete;
use serde_json::Value;

/// The document of all functions, as the code tells it.
async fn document() -> Result<String> {
    let world = World::new().await?;
    let (_, told) = apis(&world.embedded, DevIssuer::in_memory()?.verifier(), &outside(NOBODY));
    Ok(format!("{}\n", complete(told).to_pretty_json()?))
}

async fn parsed() -> Value {
    serde_json::from_str(&document().await.unwrap()).unwrap()
}

/// All operations: method, path, operation.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap();
        item.iter()
            .map(move |(method, operation)| (method.to_ascii_uppercase(), path.clone(), operation))
    });
    all.collect()
}

/// Whether nobody shows a token there.
fn is_open(method: &str, path: &str) -> bool {
    let mut routes = ROUTES.iter();
    routes.any(|route| route.method == method && route.path == path && route.reach == Reach::Open)
}

/// What a reference leads to, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let found = document.pointer(reference.trim_start_matches('#'));
            found.unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => value,
    }
}

#[tokio::test]
async fn the_committed_document_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let told = document().await.unwrap();
    if Env::process().optional("MUSTER_WRITE_OPENAPI").is_some() {
        std::fs::write(&path, &told).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == told,
        "docs/openapi.json is not current: write it with MUSTER_WRITE_OPENAPI=1 cargo test -p journeys openapi"
    );
}

#[tokio::test]
async fn the_document_has_the_routes_and_no_others() {
    let document = parsed().await;
    let told: BTreeSet<(String, String)> = operations(&document)
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    let table: BTreeSet<(String, String)> = ROUTES
        .iter()
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    let lacking: Vec<_> = table.difference(&told).collect();
    let beyond: Vec<_> = told.difference(&table).collect();
    assert!(lacking.is_empty(), "the document lacks {lacking:?}");
    assert!(beyond.is_empty(), "the table of routes lacks {beyond:?}");
}

#[tokio::test]
async fn every_operation_says_all_that_a_client_must_know() {
    let document = parsed().await;
    let tags = document["tags"].as_array().unwrap();
    let tags: Vec<&Value> = tags.iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{what}: {id} stands twice");
        assert!(
            id.chars().all(|c| c.is_ascii_alphanumeric()) && id.starts_with(|c: char| c.is_ascii_lowercase()),
            "{what}: {id} is no name in camelCase"
        );
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{what}");
        let tagged = operation["tags"].as_array().unwrap();
        assert!(tagged.len() == 1 && tags.contains(&&tagged[0]), "{what}: {tagged:?}");
        let open = is_open(&method, &path);
        let token = if open {
            serde_json::json!([])
        } else {
            serde_json::json!([{"bearer": []}])
        };
        assert_eq!(operation["security"], token, "{what}");
        let told = operation["description"].as_str().unwrap();
        assert_eq!(told.contains("No token is taken."), open, "{what}");

        let route = ROUTES.iter().find(|route| route.method == method && route.path == path);
        let roles: Vec<&str> = route.unwrap().roles.iter().map(|role| role.as_str()).collect();
        assert_eq!(operation["x-muster-roles"], serde_json::json!(roles), "{what}");
        for role in &roles {
            let told = operation["description"].as_str().unwrap();
            assert!(
                told.contains(role) || told.contains("Roles that pass: all."),
                "{what}: {role}"
            );
        }

        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let named: BTreeSet<String> = parameters
            .iter()
            .map(|parameter| resolved(&document, parameter))
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap()))
            .collect();
        let in_path: BTreeSet<String> = path
            .split('/')
            .filter(|part| part.starts_with('{'))
            .map(str::to_owned)
            .collect();
        assert_eq!(named, in_path, "{what}");
        for parameter in &parameters {
            let parameter = resolved(&document, parameter);
            assert!(parameter["description"].is_string(), "{what}: {}", parameter["name"]);
        }
    }
}

#[tokio::test]
async fn every_operation_says_how_it_may_end() {
    let document = parsed().await;
    for (method, path, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let responses = operation["responses"].as_object().unwrap();
        let statuses: BTreeSet<u16> = responses.keys().map(|status| status.parse().unwrap()).collect();
        assert!(statuses.iter().any(|status| *status < 300), "{what}: no success");
        let mut expected = match is_open(&method, &path) {
            true => vec![429, 500, 503],
            false => vec![401, 403, 500, 503],
        };
        expected.extend(path.contains('{').then_some(404));
        expected.extend(
            operation["requestBody"]
                .is_object()
                .then_some([400, 413, 415])
                .into_iter()
                .flatten(),
        );
        for status in expected {
            assert!(statuses.contains(&status), "{what}: {status}");
        }
        for (status, response) in responses {
            let response = resolved(&document, response);
            assert!(
                !response["description"].as_str().unwrap_or_default().is_empty(),
                "{what}: {status}"
            );
            let id = &response["headers"]["request-id"];
            assert!(
                resolved(&document, id)["schema"].is_object(),
                "{what}: {status} has no request-id"
            );
            let content = response["content"].as_object().cloned().unwrap_or_default();
            let kinds: Vec<&str> = content.keys().map(String::as_str).collect();
            match status.as_str() {
                "204" | "304" => assert!(kinds.is_empty(), "{what}: {status}"),
                status if status < "400" => assert_eq!(kinds, ["application/json"], "{what}: {status}"),
                _ => assert_eq!(kinds, ["application/problem+json"], "{what}: {status}"),
            }
        }
    }
}

/// All objects that a schema is made of, by the path to each.
fn objects<'a>(document: &'a Value, schema: &'a Value, path: &str, found: &mut Vec<(String, &'a Value)>) {
    // No schema of a request refers to itself; this ends all the same.
    if path.len() > 400 {
        return;
    }
    let schema = resolved(document, schema);
    let is_object = schema["properties"].is_object() || schema["type"] == "object";
    if is_object {
        found.push((path.to_owned(), schema));
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        objects(document, member, &format!("{path}.{name}"), found);
    }
    if schema["items"].is_object() {
        objects(document, &schema["items"], &format!("{path}[]"), found);
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        for part in schema[several].as_array().into_iter().flatten() {
            objects(document, part, path, found);
        }
    }
}

#[tokio::test]
async fn what_is_sent_has_no_members_but_those_that_are_told() {
    let document = parsed().await;
    let mut seen = 0;
    for (method, path, operation) in operations(&document) {
        for media in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            let mut found = Vec::new();
            objects(&document, &media.1["schema"], "body", &mut found);
            for (at, schema) in found {
                seen += 1;
                // What is told of everything in a map is told of its values.
                let is_map = schema["properties"].is_null() && schema["additionalProperties"].is_object();
                assert!(
                    is_map || schema["additionalProperties"] == false,
                    "{method} {path}: {at}"
                );
                for (name, member) in schema["properties"].as_object().into_iter().flatten() {
                    let told = member["description"].is_string() || member["$ref"].is_string();
                    let inside = member["oneOf"].is_array();
                    assert!(told || inside, "{method} {path}: {at}.{name} is not described");
                }
            }
        }
    }
    assert!(seen > 5, "only {seen} objects are sent");
}

/// A client that is made from the document sends what the service takes: null is no body, and an id is a GUID.
#[tokio::test]
async fn no_body_is_null_and_lists_of_ids_say_what_an_id_is() {
    let document = parsed().await;
    let (mut bodies, mut lists) = (0, 0);
    for (method, path, operation) in operations(&document) {
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if body.is_null() {
            continue;
        }
        let schema = resolved(&document, body);
        assert_eq!(schema["type"], "object", "{method} {path}: {schema}");
        bodies += 1;
        let ids = &schema["properties"]["ids"]["items"];
        if ids.is_object() {
            let id = resolved(&document, ids);
            assert_eq!(
                (&id["type"], &id["format"]),
                (&"string".into(), &"uuid".into()),
                "{method} {path}: {id}"
            );
            lists += 1;
        }
    }
    assert!(bodies > 20 && lists > 1, "{bodies} {lists}");
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    fn walk(document: &Value, value: &Value, seen: &mut usize) {
        match value {
            Value::Object(members) => {
                if members.get("$ref").is_some_and(Value::is_string) {
                    resolved(document, value);
                    *seen += 1;
                }
                members.values().for_each(|member| walk(document, member, seen));
            }
            Value::Array(elements) => elements.iter().for_each(|element| walk(document, element, seen)),
            _ => {}
        }
    }
    let document = parsed().await;
    let mut seen = 0;
    walk(&document, &document, &mut seen);
    assert!(seen > 50, "only {seen} references");
}

/// Holds a table of docs/http.md against the code; writes it there where that is asked for.
fn assert_table(heading: &str, lines: &[String]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/http.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, behind) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = behind.split("\n## ").next().unwrap();
    let is_table = |line: &&str| line.starts_with('|');
    let found: Vec<&str> = section.lines().filter(is_table).collect();
    if Env::process().optional("MUSTER_WRITE_OPENAPI").is_some() {
        let words: Vec<&str> = section.trim().lines().filter(|line| !line.starts_with('|')).collect();
        let rest = &behind[section.len()..];
        let words = words.join("\n").trim().to_owned();
        let written = format!("{before}\n## {heading}\n\n{words}\n\n{}\n{rest}", lines.join("\n"));
        std::fs::write(&path, written).unwrap();
        return;
    }
    assert_eq!(
        found, lines,
        "the table under `{heading}` in docs/http.md is not current"
    );
}

#[test]
fn the_page_has_the_problems_and_the_roles_of_the_code() {
    let mut problems = vec!["| status | code | title |".to_owned(), "| --- | --- | --- |".to_owned()];
    problems.extend(Code::ALL.iter().map(|code| {
        let (status, title) = (code.status().as_u16(), code.title());
        format!("| {status} | `{}` | {title} |", code.as_str())
    }));
    assert_table("Problems", &problems);

    let names: Vec<String> = Role::ALL.iter().map(|role| format!("`{role}`")).collect();
    let mut roles = vec![
        format!("| route | {} |", names.join(" | ")),
        format!("| --- |{}", " :-: |".repeat(Role::ALL.len())),
    ];
    roles.extend(ROUTES.iter().map(|route| {
        let passes = |role: &Role| if route.roles.contains(role) { "✓" } else { "" };
        let cells: Vec<&str> = Role::ALL.iter().map(passes).collect();
        format!("| `{} {}` | {} |", route.method, route.path, cells.join(" | "))
    }));
    assert_table("Roles", &roles);
}

#[tokio::test]
async fn the_document_and_the_page_are_there_for_everybody() {
    let world = World::new().await.unwrap();
    let api = Api::over(&world).unwrap();
    for (path, kind) in [
        ("/openapi.json", "application/json"),
        ("/docs", "text/html; charset=utf-8"),
    ] {
        let answer = api.send(&format!("GET {path}"), &[], Vec::new()).await.unwrap();
        assert_eq!(answer.status, 200, "{path}");
        let header = |name: &str| answer.headers[name].to_str().unwrap();
        assert_eq!(header("content-type"), kind, "{path}");
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"),
            "{path}: {policy}"
        );
        let changed = api.send(&format!("POST {path}"), &[], Vec::new()).await.unwrap();
        assert_eq!(changed.status, 405, "{path}");
    }
    let served = api.send("GET /openapi.json", &[], Vec::new()).await.unwrap().body;
    assert_eq!(served["info"]["title"], "Muster");
}

#[tokio::test]
async fn head_passes_where_get_does() {
    let world = World::new().await.unwrap();
    let api = Api::over(&world).unwrap();
    let token = api.token(&Who::Service, &world).unwrap();
    let token = format!("Bearer {token}");
    let good = [("authorization", token.as_str())];
    for (headers, expected) in [(&good[..], 200), (&[], 401)] {
        let answer = api.send("HEAD /v1/tenants", headers, Vec::new()).await.unwrap();
        assert_eq!(answer.status, expected);
    }
    let nowhere = api.send("HEAD /v1/tenants/x", &good, Vec::new()).await.unwrap();
    assert_eq!(nowhere.status, 404);
}
