//! What the page tells of the OpenAPI document. Members keep their order.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(super) struct Document {
    pub(super) info: Info,
    pub(super) tags: Vec<Tag>,
    pub(super) paths: IndexMap<String, IndexMap<String, Operation>>,
    pub(super) components: Components,
}

#[derive(Debug, Deserialize)]
pub(super) struct Info {
    pub(super) title: String,
    pub(super) version: String,
    pub(super) description: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) description: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) tags: Vec<String>,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) operation_id: String,
    #[serde(default)]
    pub(super) parameters: Vec<Parameter>,
    pub(super) request_body: Option<RequestBody>,
    pub(super) responses: IndexMap<String, Response>,
    #[serde(rename = "x-muster-roles")]
    pub(super) roles: Vec<String>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Parameter {
    #[serde(rename = "$ref")]
    pub(super) reference: Option<String>,
    pub(super) name: String,
    #[serde(rename = "in")]
    pub(super) place: String,
    pub(super) description: String,
    pub(super) required: bool,
    pub(super) schema: Schema,
}

#[derive(Debug, Deserialize)]
pub(super) struct RequestBody {
    #[serde(default)]
    pub(super) description: String,
    pub(super) content: IndexMap<String, Media>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Media {
    #[serde(default)]
    pub(super) schema: Schema,
    pub(super) example: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response {
    #[serde(rename = "$ref")]
    pub(super) reference: Option<String>,
    pub(super) description: String,
    pub(super) headers: IndexMap<String, Value>,
    pub(super) content: IndexMap<String, Media>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Schema {
    #[serde(rename = "$ref")]
    pub(super) reference: Option<String>,
    /// One name, or several.
    #[serde(rename = "type")]
    pub(super) kind: Value,
    pub(super) format: Option<String>,
    pub(super) description: String,
    pub(super) default: Option<Value>,
    #[serde(rename = "enum")]
    pub(super) values: Vec<Value>,
    pub(super) required: Vec<String>,
    pub(super) properties: IndexMap<String, Schema>,
    pub(super) additional_properties: Option<Additional>,
    pub(super) items: Option<Box<Schema>>,
    pub(super) one_of: Vec<Schema>,
    pub(super) any_of: Vec<Schema>,
    pub(super) all_of: Vec<Schema>,
    pub(super) minimum: Option<serde_json::Number>,
    pub(super) maximum: Option<serde_json::Number>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) min_items: Option<u64>,
    pub(super) max_items: Option<u64>,
    pub(super) pattern: Option<String>,
    pub(super) example: Option<Value>,
    pub(super) examples: Vec<Value>,
}

/// What other members an object may have.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Additional {
    Each(Box<Schema>),
    /// Any, or none.
    Free(serde::de::IgnoredAny),
}

#[derive(Debug, Deserialize)]
pub(super) struct Components {
    pub(super) schemas: IndexMap<String, Schema>,
    pub(super) parameters: IndexMap<String, Parameter>,
}

/// The last part of a reference: the name of what it refers to.
pub(super) fn name_of(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

impl Schema {
    /// The names of its types without `null`, and whether null is one.
    pub(super) fn kinds(&self) -> (Vec<&str>, bool) {
        let all: Vec<&str> = match &self.kind {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let null = all.contains(&"null");
        (all.into_iter().filter(|kind| *kind != "null").collect(), null)
    }

    /// Whether it is null and nothing else.
    pub(super) fn is_null(&self) -> bool {
        self.kind == "null"
    }

    /// The schemas of which one or all hold.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Self> {
        self.one_of.iter().chain(&self.any_of).chain(&self.all_of)
    }
}

impl Document {
    /// The schema itself, where this one only refers to it.
    pub(super) fn resolve<'a>(&'a self, schema: &'a Schema) -> &'a Schema {
        let named = schema.reference.as_deref().map(name_of);
        named
            .and_then(|name| self.components.schemas.get(name))
            .unwrap_or(schema)
    }

    /// The parameter itself.
    pub(super) fn parameter<'a>(&'a self, parameter: &'a Parameter) -> &'a Parameter {
        let named = parameter.reference.as_deref().map(name_of);
        named
            .and_then(|name| self.components.parameters.get(name))
            .unwrap_or(parameter)
    }

    /// The operations with this tag: path, method, operation.
    pub(super) fn tagged<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = (&'a str, &'a str, &'a Operation)> {
        let all = self.paths.iter().flat_map(|(path, item)| {
            let item = item.iter();
            item.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        });
        all.filter(move |(_, _, operation)| operation.tags.first().is_some_and(|first| first == tag))
    }
}
