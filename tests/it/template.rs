//! Whether the template of the deployment says what the pages and the code say: who may do what, and how long a message
//! waits. Its comments count here, so it is read as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use muster_core::message::{BatchMessage, FinishMessage, ObjectsCreated};
use muster_runtime::MAX_RECEIVES;

/// A function, one of its capabilities, and what that one may do: an action with what it is about.
type Right = (String, String, String);

/// How many time-outs of its function a message stays invisible at least (AWS Lambda developer guide, "Using Lambda with
/// Amazon SQS").
const INVISIBLE: u32 = 6;

pub(crate) fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The resources of the template: logical id and text.
pub(crate) fn resources(template: &str) -> Vec<(String, String)> {
    let (_, body) = template.split_once("\nResources:\n").expect("resources");
    let (body, _) = body.split_once("\nOutputs:\n").expect("outputs");
    let mut found: Vec<(String, String)> = Vec::new();
    for line in body.lines() {
        let name = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':'));
        match name.filter(|name| name.chars().all(char::is_alphanumeric)) {
            Some(name) => found.push((name.to_owned(), String::new())),
            None => {
                if let Some((_, text)) = found.last_mut() {
                    text.extend([line, "\n"]);
                }
            }
        }
    }
    found
}

/// Those that are functions.
pub(crate) fn functions(template: &str) -> impl Iterator<Item = (String, String)> {
    let is_function = |(_, text): &(String, String)| text.contains("Type: AWS::Serverless::Function");
    resources(template).into_iter().filter(is_function)
}

/// The value behind the first `name: ` of a text.
pub(crate) fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, behind) = text.split_once(&format!("{name}: "))?;
    behind.split(['\n', '}', ',']).next().map(str::trim)
}

pub(crate) fn number(text: &str, name: &str) -> u32 {
    value(text, name)
        .and_then(|n| n.parse().ok())
        .unwrap_or_else(|| panic!("no number {name}"))
}

/// `SplitUpload` to `split-upload`.
pub(crate) fn kebab(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, c| {
        if c.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.extend(c.to_lowercase());
        text
    })
}

/// What a statement is about: keys of items, indexes, prefixes of objects, queues. The whole table and the bucket itself
/// have no word.
fn objects(resource: &str) -> Vec<String> {
    if let Some((_, keys)) = resource.split_once("dynamodb:LeadingKeys: [") {
        let (keys, _) = keys.split_once(']').expect("a list of keys");
        return keys.split(", ").map(str::to_owned).collect();
    }
    let words = resource.split(|c: char| !(c.is_alphanumeric() || "/*:".contains(c)));
    let mut found = Vec::new();
    for word in words {
        if let Some(queue) = word.strip_suffix("Queue") {
            found.push(kebab(queue));
        } else if word.ends_with("DeadLetters") {
            found.push("dead letters".to_owned());
        } else if let Some((_, index)) = word.split_once("/index/") {
            found.push(index.to_owned());
        } else if let Some(prefix) = word.trim_start_matches('/').strip_suffix("/*") {
            found.push(format!("{prefix}/*"));
        }
    }
    found
}

/// Each of these actions on each of these objects; the action alone where there is no word for what it is about.
fn with_objects(action: &str, objects: &[String]) -> Vec<String> {
    if objects.is_empty() {
        return vec![action.to_owned()];
    }
    objects.iter().map(|object| format!("{action} {object}")).collect()
}

/// The rights of all roles. `others`: those that no capability needs.
fn rights_of_template(template: &str, others: &mut BTreeSet<Right>) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for (name, text) in resources(template) {
        let Some(function) = name.strip_suffix("Role").map(kebab) else {
            continue;
        };
        for statement in text.split("- Effect: Allow").skip(1) {
            let (resource, actions) = statement.split_once("Action:\n").expect("a list of actions");
            for action in actions.lines().map_while(|line| line.trim().strip_prefix("- ")) {
                let (action, why) = action
                    .split_once(" # ")
                    .unwrap_or_else(|| panic!("{name}: {action} has no reason"));
                for capability in why.split(", ") {
                    let own = capability.chars().all(char::is_alphabetic) && capability != "logs";
                    let into = if own { &mut rights } else { &mut *others };
                    let right = |what: String| (function.clone(), capability.to_owned(), what);
                    into.extend(with_objects(action, &objects(resource)).into_iter().map(right));
                }
            }
        }
    }
    rights
}

/// The rights that the table of ARCHITECTURE.md lists: what it sets in backticks, actions first and then what they are
/// about, up to the next semicolon.
fn rights_of_page(page: &str) -> BTreeSet<Right> {
    let (_, behind) = page.split_once("| function | capability |").expect("the table");
    let mut rights = BTreeSet::new();
    for row in behind.lines().skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let right = |what: String| (cells[1].to_owned(), cells[2].to_owned(), what);
        let mut service = "";
        for clause in row.split('|').nth(3).unwrap_or_default().split(';') {
            let (mut actions, mut objects) = (Vec::new(), Vec::new());
            for word in clause.split('`').skip(1).step_by(2) {
                if let Some((prefix, _)) = word.split_once(':') {
                    service = prefix;
                    actions.push(word.to_owned());
                } else if word.starts_with(char::is_uppercase) && word.ends_with(char::is_lowercase) {
                    actions.push(format!("{service}:{word}"));
                } else {
                    objects.push(word.to_owned());
                }
            }
            objects.extend(clause.contains("dead letters").then(|| "dead letters".to_owned()));
            rights.extend(
                actions
                    .iter()
                    .flat_map(|action| with_objects(action, &objects))
                    .map(right),
            );
        }
    }
    rights
}

/// The kinds of items in the table of docs/data-model.md, as beginnings of their partition keys.
fn kinds_of_items(page: &str) -> BTreeSet<String> {
    let (_, behind) = page.split_once("| item | `pk` |").expect("the table");
    let rows = behind.lines().skip(2).take_while(|line| line.starts_with('|'));
    let keys = rows.map(|row| row.split('`').nth(1).expect("a key"));
    keys.map(|key| {
        key.split_once('{')
            .map_or_else(|| key.to_owned(), |(kind, _)| format!("{kind}*"))
    })
    .collect()
}

#[test]
fn every_statement_on_the_table_names_kinds_of_items_that_there_are() {
    let kinds = kinds_of_items(&read("docs/data-model.md"));
    assert!(kinds.contains("DEVICE#*") && kinds.contains("STRAYS"), "{kinds:?}");
    let mut seen = 0;
    for (name, text) in resources(&read("infra/template.yaml")) {
        for statement in text.split("- Effect: Allow").skip(1) {
            let (resource, _) = statement.split_once("Action:\n").unwrap_or((statement, ""));
            if resource.contains("Resource: !GetAtt Table.Arn\n") {
                let keys = objects(resource);
                assert!(!keys.is_empty(), "{name} may touch every item: {statement}");
                // Some are narrower than a kind.
                let known = |key: &String| kinds.iter().any(|kind| key.starts_with(kind.trim_end_matches('*')));
                assert!(keys.iter().all(known), "{name}: {keys:?} of {kinds:?}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 5, "{seen} statements on the table");
}

#[test]
fn of_the_registry_nobody_writes_more_than_this() {
    let template = rights_of_template(&read("infra/template.yaml"), &mut BTreeSet::new());
    let mut writers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (function, _, what) in &template {
        let Some((action, key)) = what.strip_prefix("dynamodb:").and_then(|what| what.split_once(' ')) else {
            continue;
        };
        let reads = ["GetItem", "BatchGetItem", "Query", "ConditionCheckItem"].contains(&action);
        let kind = key.split('#').next().unwrap_or_default();
        let registry = [
            "DEVICE",
            "CLAIM",
            "BATCH",
            "GRANT",
            "TENANT",
            "TENANTNAME",
            "PARTNER",
            "ENTRY",
            "KNOWN",
        ]
        .contains(&kind);
        if registry && !reads {
            writers.entry(&what["dynamodb:".len()..]).or_default().insert(function);
        }
    }
    let expected = [
        (
            "PutItem DEVICE#*",
            ["graph-api", "partner-center-api", "register-batch", "registration-api"].as_slice(),
        ),
        // A rebind claims the identities of the new board, and gives the old ones free, as a release does.
        ("PutItem CLAIM#*", &["register-batch", "registration-api"]),
        (
            "DeleteItem CLAIM#*",
            &["graph-api", "partner-center-api", "register-batch", "registration-api"],
        ),
        ("PutItem BATCH#*", &["register-batch"]),
        ("PutItem ENTRY#*", &["register-batch", "registration-api"]),
        ("UpdateItem KNOWN#*", &["register-batch", "registration-api"]),
        // What a withdrawn entry was the only one to be led to by.
        ("DeleteItem KNOWN#*", &["registration-api"]),
        // People decide through consent-api; sweep carries out what a worker left half done; a partner's tool gives its consent
        // back.
        ("PutItem GRANT#*", &["consent-api", "partner-center-api", "sweep"]),
        // The consent of a new tenant, and of a manufacturer's catalogue, to itself: head and shards.
        ("PutItem GRANT#*#-", &["registration-api"]),
        ("PutItem GRANT#*#-#*", &["registration-api"]),
        ("PutItem TENANT#*", &["registration-api"]),
        ("PutItem TENANTNAME#*", &["registration-api"]),
        // The partner itself; its pointers to grants, and what the directory says of it.
        ("PutItem PARTNER#*", &["consent-api", "registration-api"]),
    ];
    let expected = expected.map(|(what, who)| (what, who.iter().copied().collect()));
    assert_eq!(writers, BTreeMap::from(expected));
}

#[test]
fn every_role_has_the_rights_of_its_capabilities_and_no_others() {
    let mut others = BTreeSet::new();
    let template = rights_of_template(&read("infra/template.yaml"), &mut others);
    let page = rights_of_page(&read("ARCHITECTURE.md"));
    assert!(page.len() > 50, "{page:?}");
    let lacks: Vec<_> = page.difference(&template).collect();
    let beyond: Vec<_> = template.difference(&page).collect();
    assert!(
        lacks.is_empty() && beyond.is_empty(),
        "the template lacks {lacks:#?}\nand has beyond the table {beyond:#?}"
    );
}

#[test]
fn what_no_capability_needs_are_the_own_queues_and_logs() {
    let template = read("infra/template.yaml");
    let mut others = BTreeSet::new();
    rights_of_template(&template, &mut others);
    let mut expected = BTreeSet::new();
    for (name, text) in functions(&template) {
        let mut expect = |why: &str, what: &str| expected.insert((kebab(&name), why.to_owned(), what.to_owned()));
        for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
            expect("logs", action);
        }
        for queue in text.split(" Queue: !GetAtt ").skip(1) {
            let queue = &objects(queue.lines().next().unwrap())[0];
            for action in ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"] {
                expect("the event source", &format!("sqs:{action} {queue}"));
            }
        }
    }
    assert_eq!(others, expected);
}

#[test]
fn a_message_waits_until_its_function_is_surely_done() {
    let template = read("infra/template.yaml");
    let all = resources(&template);
    let mut seen = 0;
    for (name, text) in functions(&template) {
        for source in text.split(" Queue: !GetAtt ").skip(1) {
            let queue = source.split('.').next().unwrap();
            let (_, settings) = all.iter().find(|(name, _)| name == queue).expect("the queue");
            assert!(
                number(settings, "VisibilityTimeout") >= INVISIBLE * number(&text, "Timeout"),
                "{queue} gives a message again while {name} may be at it"
            );
            assert_eq!(number(settings, "maxReceiveCount"), MAX_RECEIVES + 1, "{queue}");
            assert!(source.contains("[ReportBatchItemFailures]"), "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, 7, "queues that feed a function");
}

/// The body of the one message of a sample event.
fn body(function: &str) -> String {
    let event: serde_json::Value = serde_json::from_str(&read(&format!("infra/events/{function}.json"))).unwrap();
    event["Records"][0]["body"].as_str().expect("a message").to_owned()
}

#[test]
fn every_function_has_a_sample_of_what_it_is_sent() {
    let created: ObjectsCreated = serde_json::from_str(&body("split-upload")).unwrap();
    let object = created.records[0].object().unwrap();
    for function in ["validate-batch", "register-batch"] {
        let message: BatchMessage = serde_json::from_str(&body(function)).unwrap();
        assert_eq!((message.upload, &message.object), (object.upload_id(), &object));
    }
    let message: FinishMessage = serde_json::from_str(&body("finish-upload")).unwrap();
    assert_eq!(message.upload, object.upload_id());
    let samples = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/events")).unwrap();
    assert_eq!(samples.count(), functions(&read("infra/template.yaml")).count());
}
