//! What every operation of an OpenAPI document may be refused with.

use axum::http::StatusCode;
use utoipa::PartialSchema as _;
use utoipa::ToSchema as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Ref;
use utoipa::openapi::{ComponentsBuilder, ContentBuilder, OpenApi, RefOr, ResponseBuilder};

use super::problem::ProblemBody;

/// What any operation may be refused with: by the door, by what it names, or by the store.
const ALL: [(StatusCode, &str); 5] = [
    (StatusCode::UNAUTHORIZED, "There is no token, or one that is not good"),
    (
        StatusCode::FORBIDDEN,
        "The caller's roles, or the tenant's consent, do not allow it",
    ),
    (
        StatusCode::NOT_FOUND,
        "There is no such thing, or none that the caller may know of",
    ),
    (StatusCode::INTERNAL_SERVER_ERROR, "The service failed"),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "The service cannot do this now; the same goes through later",
    ),
];

/// What an operation with a body may be refused with besides.
const WITH_BODY: [(StatusCode, &str); 3] = [
    (
        StatusCode::BAD_REQUEST,
        "A part of the request is wrong; `errors` says which",
    ),
    (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
    (
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The body is of another type than JSON",
    ),
];

/// Adds to every operation the problems that it may be answered with beside those that it tells of itself.
pub fn tell_refusals(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            let with_body: &[_] = if operation.request_body.is_some() {
                &WITH_BODY
            } else {
                &[]
            };
            for (status, description) in ALL.iter().chain(with_body) {
                add(operation, *status, description);
            }
        }
    }
    let components = document
        .components
        .get_or_insert_with(|| ComponentsBuilder::new().build());
    components
        .schemas
        .entry(ProblemBody::name().into_owned())
        .or_insert_with(ProblemBody::schema);
    let mut parts = Vec::new();
    ProblemBody::schemas(&mut parts);
    for (name, schema) in parts {
        components.schemas.entry(name).or_insert(schema);
    }
}

fn add(operation: &mut Operation, status: StatusCode, description: &str) {
    let content = ContentBuilder::new()
        .schema(Some(RefOr::Ref(Ref::from_schema_name(ProblemBody::name()))))
        .build();
    let response = ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build();
    let responses = &mut operation.responses.responses;
    responses
        .entry(status.as_str().to_owned())
        .or_insert(RefOr::T(response));
}
