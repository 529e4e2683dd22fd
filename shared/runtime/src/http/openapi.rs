//! The OpenAPI document: what all operations share is said here once, from the table of routes and the codes of problems.
//!
//! Handlers say what is theirs: id, summary, parameters, bodies, successes. [`complete`] adds the rest. The document is
//! committed as `docs/openapi.json`, and a test holds it against the code.

mod shared;
pub mod words;

use std::collections::BTreeMap;

use muster_core::access::{ROUTES, Reach, Role, Route};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::{
    Components, Info, License, OpenApi, Ref, RefOr, Required, Schema, SecurityRequirement, Server, Tag,
};

use super::problem::Code;

/// The name of the security scheme.
const BEARER: &str = "bearer";
/// The member of an operation with the roles that pass.
const ROLES: &str = "x-muster-roles";

const ABOUT: &str = "An open registry for zero-touch device deployment. Partners and customers hand in device lists, \
customers decide who may do so, and both see what became of each row.\n\n\
Every operation takes a bearer token (OpenID Connect), but those of devices that boot, which take none. Its claim `roles` says \
what the caller is; each operation names the roles that pass. Who may not know that something exists is answered as if it did not: 404.\n\n\
* Bodies are JSON in camelCase. Members and query parameters that are not listed here are refused by name.\n\
* What goes wrong is told as a problem (RFC 9457) with a stable `code`; for input, `errors` names the path of what is wrong.\n\
* Times are RFC 3339, in UTC.\n\
* A list answers a page and `next`, the `cursor` of the page behind it; the last page has null there.\n\
* What can be changed has an `ETag`; send it as `If-Match` to change only that version.\n\
* A request may bring a `request-id` (1 to 128 letters, digits, `-`, `_`, `.`, `:`). Every answer has one.\n\
* A body has at most 6 MiB, packed (`content-encoding: gzip`) or not. Device lists go straight to the object store.";

/// What operations are grouped by, in the order in which they are told.
const TAGS: [(&str, &str); 8] = [
    (
        "tenants and partners",
        "Customer organisations, and the manufacturers and resellers that may act for them.",
    ),
    (
        "consent",
        "A partner asks, the tenant grants, narrows, declines and revokes, and both see how it stands.",
    ),
    ("directory", "Partners that customers can find."),
    (
        "uploads",
        "Device lists: announced here, sent to the object store by presigned URL, and answered row by row.",
    ),
    (
        "devices",
        "Devices to register, and registered ones: found, changed, released.",
    ),
    (
        "deployment",
        "A device that boots asks which profile it has. It shows no token, and a stranger learns nothing.",
    ),
    (
        "profiles",
        "What booting devices are told, which devices a profile is for, and which profile a device has and why.",
    ),
    (
        "catalogue",
        "What manufacturers make known before anybody owns it, and PKIDs for the partners that it is meant for.",
    ),
];

/// Adds what all operations share: who passes, the problems, the words, what the whole is; and puts the operations in the
/// order of the table of routes.
#[must_use]
pub fn complete(mut document: OpenApi) -> OpenApi {
    document.info = info();
    document.servers = Some(vec![Server::new("/")]);
    document.tags = Some(TAGS.iter().map(|(name, told)| tag(name, told)).collect());
    let components = document.components.get_or_insert_default();
    shared::add_to(components);
    for route in ROUTES {
        let item = document.paths.paths.get_mut(route.path);
        if let Some(operation) = item.and_then(|item| slot(item, route.method)) {
            finish(operation, route);
            may_be_left_out(operation, components);
        }
    }
    let place = |path: &str| ROUTES.iter().position(|route| route.path == path);
    document
        .paths
        .paths
        .sort_by(|one, _, other, _| place(one).cmp(&place(other)));
    document
}

fn info() -> Info {
    let mut info = Info::new("Muster", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    let mut license = License::new("Apache License 2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    info.license = Some(license);
    info
}

fn tag(name: &str, told: &str) -> Tag {
    let mut tag = Tag::new(name);
    tag.description = Some(told.to_owned());
    tag
}

fn slot<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    match method {
        "GET" => item.get.as_mut(),
        "PUT" => item.put.as_mut(),
        "POST" => item.post.as_mut(),
        "PATCH" => item.patch.as_mut(),
        "DELETE" => item.delete.as_mut(),
        _ => None,
    }
}

fn finish(operation: &mut Operation, route: &Route) {
    let roles = roles_line(route);
    operation.description = Some(match operation.description.take() {
        Some(told) if !told.trim().is_empty() => format!("{}\n\n{roles}", told.trim()),
        _ => roles,
    });
    let names: Vec<&str> = route.roles.iter().map(|role| role.as_str()).collect();
    let extensions = operation.extensions.get_or_insert_default();
    extensions.merge(Extensions::from_iter([(ROLES, names)]));
    let token = SecurityRequirement::new(BEARER, Vec::<String>::new());
    operation.security = Some(if is_open(route) { Vec::new() } else { vec![token] });
    for parameter in operation.parameters.iter_mut().flatten() {
        share(parameter);
    }
    let facts = Facts::of(operation, route);
    let responses = &mut operation.responses.responses;
    // The ranges with which handlers leave the problems to this place.
    responses.retain(|status, _| !status.ends_with("XX"));
    for (status, answer) in responses.iter_mut() {
        if let RefOr::T(answer) = answer {
            if answer.description.is_empty() {
                answer.description = usual(status).to_owned();
            }
            let id = Ref::new("#/components/headers/RequestId");
            answer.headers.insert("request-id".to_owned(), RefOr::Ref(id));
        }
    }
    for code in Code::ALL.into_iter().filter(|code| facts.may_answer(*code)) {
        let status = code.status().as_u16();
        let problem = RefOr::Ref(Ref::new(format!("#/components/responses/Problem{status}")));
        responses.entry(status.to_string()).or_insert(problem);
    }
}

/// No body is taken as an empty object, so where nothing must be in a body, none must be there.
fn may_be_left_out(operation: &mut Operation, components: &Components) {
    let Some(RefOr::T(body)) = &mut operation.request_body else {
        return;
    };
    let needs_nothing = body.content.values().all(|content| {
        let RefOr::T(content) = content else {
            return false;
        };
        let Some(RefOr::Ref(named)) = &content.schema else {
            return false;
        };
        let name = named.ref_location.rsplit('/').next().unwrap_or_default();
        let schema = components.schemas.get(name);
        matches!(schema, Some(RefOr::T(Schema::Object(object))) if object.required.is_empty() && object.min_properties.is_none())
    });
    if needs_nothing {
        body.required = Some(Required::False);
    }
}

/// What is said of a success whose handler says nothing of it.
fn usual(status: &str) -> &'static str {
    match status {
        "201" => "Made.",
        "202" => "Taken. It goes on by itself.",
        "204" => "Done.",
        _ => "How it stands.",
    }
}

/// Whether nobody shows a token there.
const fn is_open(route: &Route) -> bool {
    matches!(route.reach, Reach::Open)
}

/// How an operation says who passes.
fn roles_line(route: &Route) -> String {
    let roles = route.roles;
    if is_open(route) {
        return "No token is taken.".to_owned();
    }
    if roles.len() == Role::ALL.len() {
        return "Roles that pass: all.".to_owned();
    }
    let names: Vec<String> = roles.iter().map(|role| format!("`{role}`")).collect();
    format!("Roles that pass: {}.", names.join(", "))
}

/// Puts a reference in the place of a parameter that means the same everywhere.
fn share(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(told) = &*parameter else {
        return;
    };
    if let Some(shared) = shared::parameter_of(&told.parameter_in, &told.name) {
        *parameter = RefOr::Ref(Ref::new(format!("#/components/parameters/{shared}")));
    }
}

/// What of an operation decides which problems it may answer.
struct Facts {
    open: bool,
    names: bool,
    input: bool,
    body: bool,
    edits: bool,
    keyed: bool,
    writes: bool,
}

impl Facts {
    fn of(operation: &Operation, route: &Route) -> Self {
        let shared = |name: &str| {
            let location = format!("#/components/parameters/{name}");
            let mut all = operation.parameters.iter().flatten();
            all.any(|parameter| matches!(parameter, RefOr::Ref(told) if told.ref_location == location))
        };
        let mut own = operation.parameters.iter().flatten();
        let asked = own.any(|parameter| {
            matches!(parameter, RefOr::T(told) if matches!(told.parameter_in, ParameterIn::Query | ParameterIn::Header))
        });
        let body = operation.request_body.is_some();
        let keyed = shared(shared::IDEMPOTENCY_KEY);
        Self {
            open: is_open(route),
            names: route.path.contains('{'),
            input: asked || body || keyed,
            body,
            edits: shared(shared::IF_MATCH),
            keyed,
            // A look-up takes a body because identities have no place in an address.
            writes: route.method != "GET" && !is_open(route) && !route.path.ends_with("/find"),
        }
    }

    const fn may_answer(&self, code: Code) -> bool {
        match code {
            Code::Unauthenticated | Code::Forbidden | Code::ConsentDenied => !self.open,
            Code::TooManyRequests => self.open,
            Code::Internal | Code::Unavailable => true,
            Code::NotFound => self.names,
            Code::InvalidRequest => self.input,
            Code::BodyTooLarge | Code::UnsupportedMediaType => self.body,
            Code::PreconditionFailed => self.edits,
            Code::IdempotencyKeyReused => self.keyed,
            Code::Conflict => self.writes,
            // The document lists what a path has; of another method it says nothing.
            Code::MethodNotAllowed => false,
        }
    }
}

/// The codes by their statuses.
pub(super) fn codes_by_status() -> BTreeMap<u16, Vec<Code>> {
    let mut all = BTreeMap::<u16, Vec<Code>>::new();
    for code in Code::ALL {
        all.entry(code.status().as_u16()).or_default().push(code);
    }
    all
}

#[cfg(test)]
mod tests {
    use muster_core::access::route_of;
    use utoipa::openapi::path::{OperationBuilder, ParameterBuilder};
    use utoipa::openapi::request_body::RequestBody;

    use super::*;

    fn statuses(operation: &Operation) -> Vec<&str> {
        operation.responses.responses.keys().map(String::as_str).collect()
    }

    #[test]
    fn an_operation_may_answer_what_its_parts_allow() {
        let mut list = Operation::default();
        finish(&mut list, route_of("GET", "/v1/directory").unwrap());
        assert_eq!(statuses(&list), ["401", "403", "500", "503"]);
        assert_eq!(list.description.as_deref(), Some("Roles that pass: all."));

        let named = |name: &str, place| ParameterBuilder::new().name(name).parameter_in(place).build();
        let mut edit = OperationBuilder::new()
            .description(Some("What is absent stays."))
            .parameter(named("tenant", ParameterIn::Path))
            .parameter(named("If-Match", ParameterIn::Header))
            .request_body(Some(RequestBody::new()))
            .build();
        finish(&mut edit, route_of("PATCH", "/v1/tenants/{tenant}").unwrap());
        assert_eq!(
            statuses(&edit),
            ["400", "401", "403", "404", "409", "412", "413", "415", "500", "503"]
        );
        assert_eq!(
            edit.description.as_deref(),
            Some("What is absent stays.\n\nRoles that pass: `tenant-administrator`, `service-administrator`.")
        );
        let references = edit.parameters.unwrap();
        assert!(references.iter().all(|told| matches!(told, RefOr::Ref(_))));
    }
}
