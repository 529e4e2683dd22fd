//! The parts of the document that operations refer to.

use utoipa::PartialSchema as _;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, Header, ObjectBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Type};

use super::{BEARER, codes_by_status, words};
use crate::http::problem::{Code, FieldError, ProblemBody};

/// The parameter of the version that is to be changed.
pub(super) const IF_MATCH: &str = "IfMatch";
/// The parameter that makes a repeat harmless.
pub(super) const IDEMPOTENCY_KEY: &str = "IdempotencyKey";

/// A parameter that means the same everywhere.
struct Shared {
    /// Its name in the document.
    component: &'static str,
    /// Its name in a path, or of its header.
    name: &'static str,
    told: &'static str,
    schema: fn() -> ObjectBuilder,
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn guid() -> ObjectBuilder {
    string().format(Some(utoipa::openapi::SchemaFormat::Custom("uuid".to_owned())))
}

const IN_PATHS: [Shared; 6] = [
    Shared {
        component: "Profile",
        name: "profile",
        told: "The profile's id, a GUID.",
        schema: guid,
    },
    Shared {
        component: "Entry",
        name: "entry",
        told: "The id of the entry of a catalogue, a GUID.",
        schema: guid,
    },
    Shared {
        component: "Tenant",
        name: "tenant",
        told: "The tenant's id, a GUID.",
        schema: guid,
    },
    Shared {
        component: "Partner",
        name: "partner",
        told: "The partner's id.",
        schema: || string().pattern(Some("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")),
    },
    Shared {
        component: "Upload",
        name: "upload",
        told: "The id of the upload, or of its announcement.",
        schema: || string().pattern(Some("^[au]-[A-Za-z0-9_-]{20}$")),
    },
    Shared {
        component: "Device",
        name: "device",
        told: "The device's id, a GUID.",
        schema: guid,
    },
];

const IN_HEADERS: [Shared; 2] = [
    Shared {
        component: IF_MATCH,
        name: "If-Match",
        told: "The version that is to be changed, as `ETag` gave it, or `*`. Without it any version is.",
        schema: || string(),
    },
    Shared {
        component: IDEMPOTENCY_KEY,
        name: "Idempotency-Key",
        told: "1 to 255 visible ASCII characters, new for each new request. The same key with the same body is carried out \
               once, and answered the same for a day.",
        schema: || {
            string()
                .min_length(Some(1))
                .max_length(Some(255))
                .pattern(Some("^[!-~]+$"))
        },
    },
];

/// The name in the document of the parameter that has this name here.
pub(super) fn parameter_of(place: &ParameterIn, name: &str) -> Option<&'static str> {
    let all = match place {
        ParameterIn::Path => &IN_PATHS[..],
        ParameterIn::Header => &IN_HEADERS[..],
        _ => &[],
    };
    let found = all.iter().find(|shared| shared.name.eq_ignore_ascii_case(name));
    found.map(|shared| shared.component)
}

/// Adds them.
pub(super) fn add_to(components: &mut Components) {
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.bearer_format = Some("JWT".to_owned());
    bearer.description = Some(
        "A token of an issuer that the operator trusts. `muster serve` has an issuer of its own; `muster token` gives its \
         tokens out."
            .to_owned(),
    );
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));

    components.schemas.insert("Problem".to_owned(), ProblemBody::schema());
    components.schemas.insert("FieldError".to_owned(), FieldError::schema());
    words::add_to(components);

    for (place, required, all) in [
        (ParameterIn::Path, Required::True, &IN_PATHS[..]),
        (ParameterIn::Header, Required::False, &IN_HEADERS[..]),
    ] {
        for shared in all {
            let parameter = parameter(shared, place.clone(), required.clone());
            components
                .parameters
                .insert(shared.component.to_owned(), RefOr::T(parameter));
        }
    }
    for (name, told) in [
        ("RequestId", "The request's id: the one that it brought, or a new one."),
        ("RetryAfter", "Seconds after which to try again."),
        (
            "WwwAuthenticate",
            "What token is wanted, and what is wrong with this one (RFC 6750).",
        ),
    ] {
        let mut header = Header::new(string());
        header.description = Some(told.to_owned());
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    for (status, codes) in codes_by_status() {
        // No operation answers it.
        if codes != [Code::MethodNotAllowed] {
            let response = problem(&codes);
            components
                .responses
                .insert(format!("Problem{status}"), RefOr::T(response));
        }
    }
}

fn parameter(shared: &Shared, place: ParameterIn, required: Required) -> Parameter {
    ParameterBuilder::new()
        .name(shared.name)
        .parameter_in(place)
        .required(required)
        .description(Some(shared.told))
        .schema(Some((shared.schema)()))
        .build()
}

/// The answer with these codes.
fn problem(codes: &[Code]) -> Response {
    let told: Vec<String> = codes
        .iter()
        .map(|code| format!("`{}`: {}.", code.as_str(), code.title()))
        .collect();
    let header = |name: &str| RefOr::Ref(Ref::new(format!("#/components/headers/{name}")));
    let schema = Ref::from_schema_name("Problem");
    let mut response = ResponseBuilder::new()
        .description(told.join(" "))
        .content(
            "application/problem+json",
            ContentBuilder::new().schema(Some(schema)).build(),
        )
        .build();
    response.headers.insert("request-id".to_owned(), header("RequestId"));
    if codes.contains(&Code::Unauthenticated) {
        let name = "www-authenticate".to_owned();
        response.headers.insert(name, header("WwwAuthenticate"));
    }
    if codes.contains(&Code::Unavailable) || codes.contains(&Code::TooManyRequests) {
        response.headers.insert("retry-after".to_owned(), header("RetryAfter"));
    }
    response
}
