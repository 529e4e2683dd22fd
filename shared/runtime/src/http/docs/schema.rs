//! What a value must be: its type in words, and the members of objects.

use serde_json::Value;

use super::document::{Additional, Document, Schema, name_of};
use super::html::Html;

/// How deep members of members are told in one place.
const DEEP: usize = 3;

/// Adds the type in words.
pub(super) fn type_of(html: &mut Html, schema: &Schema) {
    if let Some(reference) = &schema.reference {
        link(html, name_of(reference));
        return;
    }
    if schema.parts().next().is_some() {
        // A reference that may be null is one of null and it.
        let (nothing, parts): (Vec<&Schema>, Vec<&Schema>) = schema.parts().partition(|part| part.is_null());
        let between = if schema.all_of.is_empty() { " or " } else { " and " };
        for (at, part) in parts.into_iter().enumerate() {
            html.text(if at > 0 { between } else { "" });
            type_of(html, part);
        }
        html.text(if nothing.is_empty() { "" } else { " or null" });
        return;
    }
    let (kinds, null) = schema.kinds();
    match (&schema.items, &schema.additional_properties) {
        (Some(items), _) => {
            html.text("array of ");
            type_of(html, items);
        }
        (None, Some(Additional::Each(each))) => {
            html.text("object of ");
            type_of(html, each);
            html.text(" by name");
        }
        _ if kinds.is_empty() => {
            html.text("any JSON");
        }
        _ => {
            html.text(&kinds.join(" or "));
        }
    }
    html.text(if null { " or null" } else { "" });
    for bound in bounds(schema) {
        html.text(", ").text(&bound);
    }
    if let Some(pattern) = &schema.pattern {
        html.text(", matches ").code(pattern);
    }
    if let Some(default) = &schema.default {
        html.text(", default ").code(&plain(default));
    }
    if !schema.values.is_empty() {
        html.text(": ");
        for (at, value) in schema.values.iter().enumerate() {
            html.text(if at > 0 { ", " } else { "" }).code(&plain(value));
        }
    }
}

fn link(html: &mut Html, name: &str) {
    html.raw("<a href=\"#schema-")
        .text(name)
        .raw("\">")
        .text(name)
        .raw("</a>");
}

/// A text without its quotes, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn bounds(schema: &Schema) -> Vec<String> {
    let mut all = Vec::new();
    match schema.format.as_deref() {
        Some("date-time") => all.push("RFC 3339 time".to_owned()),
        Some("uuid") => all.push("GUID".to_owned()),
        // Said by the bounds, or of no interest to a reader.
        Some("int32" | "int64" | "double" | "float") | None => {}
        Some(other) => all.push(other.to_owned()),
    }
    let text = |number: &Option<u64>| number.map(|number| number.to_string());
    let number = |number: &Option<serde_json::Number>| number.as_ref().map(ToString::to_string);
    all.extend(range(number(&schema.minimum), number(&schema.maximum), ""));
    all.extend(range(text(&schema.min_length), text(&schema.max_length), " characters"));
    all.extend(range(text(&schema.min_items), text(&schema.max_items), " elements"));
    all
}

fn range(least: Option<String>, most: Option<String>, of: &str) -> Option<String> {
    match (least, most) {
        (None, None) => None,
        (Some(least), None) => Some(format!("at least {least}{of}")),
        (None, Some(most)) => Some(format!("at most {most}{of}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most}{of}")),
    }
}

/// Adds the members of an object, those of nested objects without a name of their own below them. Nothing where it has
/// none.
pub(super) fn members(html: &mut Html, document: &Document, schema: &Schema) {
    nested(html, document.resolve(schema), DEEP);
}

fn nested(html: &mut Html, schema: &Schema, deep: usize) {
    if deep == 0 {
        return;
    }
    let alternatives: Vec<&Schema> = schema.parts().filter(|part| !part.is_null()).collect();
    if schema.properties.is_empty() && alternatives.is_empty() {
        return;
    }
    html.raw("<dl class=\"members\">\n");
    for (name, member) in &schema.properties {
        head(html, name, schema.required.contains(name), member);
        html.raw("<dd>").prose(described(member));
        if member.reference.is_none() {
            let inner = member.items.as_deref().unwrap_or(member);
            if inner.reference.is_none() && !inner.properties.is_empty() {
                nested(html, inner, deep - 1);
            }
        }
        html.raw("</dd>\n");
    }
    // Objects that are one of several.
    for part in alternatives {
        html.raw("<dt><span class=\"type\">either ");
        type_of(html, part);
        html.raw("</span></dt>\n<dd>").prose(described(part));
        if part.reference.is_none() {
            nested(html, part, deep - 1);
        }
        html.raw("</dd>\n");
    }
    html.raw("</dl>\n");
}

/// Adds the name of a member or a parameter, its type, and whether it must be there.
pub(super) fn head(html: &mut Html, name: &str, required: bool, schema: &Schema) {
    html.raw("<dt>").code(name).raw(" <span class=\"type\">");
    type_of(html, schema);
    html.raw("</span>");
    if required {
        html.raw(" <span class=\"required\">required</span>");
    }
    html.raw("</dt>\n");
}

/// What is said of it, or of the only thing that it may be.
fn described(schema: &Schema) -> &str {
    let own = schema.description.as_str();
    let of_part = || {
        schema
            .parts()
            .map(|part| part.description.as_str())
            .find(|told| !told.is_empty())
    };
    if own.is_empty() {
        of_part().unwrap_or_default()
    } else {
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(schema: &str) -> String {
        let mut html = Html::default();
        type_of(&mut html, &serde_json::from_str(schema).unwrap());
        html.done()
    }

    #[test]
    fn a_type_is_told_in_words() {
        for (schema, expected) in [
            (r#"{"type":"string"}"#, "string"),
            (r#"{"type":["string","null"],"format":"uuid"}"#, "string or null, GUID"),
            (
                r#"{"type":"integer","format":"int32","minimum":1,"maximum":1000,"default":100}"#,
                "integer, 1 to 1000, default <code>100</code>",
            ),
            (
                r##"{"$ref":"#/components/schemas/Device"}"##,
                "<a href=\"#schema-Device\">Device</a>",
            ),
            (
                r##"{"oneOf":[{"type":"null"},{"$ref":"#/components/schemas/Reason"}]}"##,
                "<a href=\"#schema-Reason\">Reason</a> or null",
            ),
            (
                r##"{"type":"array","items":{"$ref":"#/components/schemas/NewDevice"},"minItems":1,"maxItems":1000}"##,
                "array of <a href=\"#schema-NewDevice\">NewDevice</a>, 1 to 1000 elements",
            ),
            (
                r#"{"type":"object","additionalProperties":{"type":"integer","minimum":0}}"#,
                "object of integer, at least 0 by name",
            ),
            (
                r#"{"type":"string","enum":["a","<b>"]}"#,
                "string: <code>a</code>, <code>&lt;b&gt;</code>",
            ),
            ("{}", "any JSON"),
        ] {
            assert_eq!(told(schema), expected, "{schema}");
        }
    }
}
