//! A request to begin with, as a command line.

use serde_json::Value;

use super::document::{Document, Operation, Schema};

/// How deep an example goes.
const DEEP: usize = 5;

/// The command that sends a request of this operation.
pub(super) fn curl(document: &Document, path: &str, method: &str, operation: &Operation) -> String {
    let method = method.to_ascii_uppercase();
    let verb = if method == "GET" {
        String::new()
    } else {
        format!(" -X {method}")
    };
    // Parameters of the path are variables of the shell.
    let mut address = path.to_owned();
    for parameter in operation.parameters.iter().map(|given| document.parameter(given)) {
        if parameter.place == "path" {
            let variable = format!("${}", parameter.name.to_ascii_uppercase());
            address = address.replace(&format!("{{{}}}", parameter.name), &variable);
        }
    }
    let query: Vec<String> = (operation.parameters.iter())
        .map(|given| document.parameter(given))
        .filter(|parameter| parameter.place == "query" && parameter.required)
        .map(|parameter| format!("{}={}", parameter.name, text(&value(document, &parameter.schema, 0))))
        .collect();
    if !query.is_empty() {
        address = format!("{address}?{}", query.join("&"));
    }
    let mut lines = vec![
        format!("curl -sS{verb} \"$MUSTER{address}\""),
        "-H \"authorization: Bearer $TOKEN\"".to_owned(),
    ];
    let media = operation
        .request_body
        .as_ref()
        .and_then(|body| body.content.values().next());
    if let Some(media) = media {
        let body = match &media.example {
            Some(example) => example.to_string(),
            None => value(document, &media.schema, 0),
        };
        lines.push("-H 'content-type: application/json'".to_owned());
        lines.push(format!("-d '{}'", body.replace('\'', "'\\''")));
    }
    lines.join(" \\\n  ")
}

/// A value without the quotes of JSON.
fn text(json: &str) -> String {
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned())
}

/// A value that the schema takes, as JSON in the order of its members.
fn value(document: &Document, schema: &Schema, deep: usize) -> String {
    let given = |schema: &Schema| {
        let first = schema.example.as_ref().or_else(|| schema.examples.first());
        first.or_else(|| schema.values.first()).map(Value::to_string)
    };
    if let Some(given) = given(schema) {
        return given;
    }
    let schema = document.resolve(schema);
    if let Some(given) = given(schema) {
        return given;
    }
    if deep == DEEP {
        return "null".to_owned();
    }
    if let Some(part) = schema.parts().find(|part| !part.is_null()) {
        return value(document, part, deep + 1);
    }
    if let Some(items) = &schema.items {
        return format!("[{}]", value(document, items, deep + 1));
    }
    match schema.kinds().0.first().copied() {
        Some("integer" | "number") => {
            let least = schema.minimum.as_ref().map(ToString::to_string);
            least.unwrap_or_else(|| "1".to_owned())
        }
        Some("boolean") => "true".to_owned(),
        Some("string") => match schema.format.as_deref() {
            Some("uuid") => "\"1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10\"".to_owned(),
            Some("date-time") => "\"2027-01-31T12:00:00Z\"".to_owned(),
            _ => "\"…\"".to_owned(),
        },
        Some("object") => {
            let required = |name: &&String| schema.required.contains(name);
            let mut names: Vec<&String> = schema.properties.keys().filter(required).collect();
            // Where nothing must be there, something shows what may be. Nothing is a good body, too.
            if names.is_empty() && deep > 0 {
                names = schema.properties.keys().take(3).collect();
            }
            let members = names.into_iter().filter_map(|name| {
                let member = schema.properties.get(name)?;
                Some(format!(
                    "{}: {}",
                    Value::from(name.as_str()),
                    value(document, member, deep + 1)
                ))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        _ => "null".to_owned(),
    }
}
