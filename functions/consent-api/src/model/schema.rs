//! The names that values of the core have, for the OpenAPI document.

use muster_core::access::Role;
use muster_core::channel::Channel;
use muster_core::grant::{Act, GrantState, Verb};
use muster_core::party::PartnerKind;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, Type};
use utoipa::{PartialSchema, ToSchema};

fn one_of(names: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .build()
}

fn list_of(item: Object) -> Array {
    ArrayBuilder::new().items(item).build()
}

pub(super) fn verb() -> Object {
    one_of(Verb::ALL.map(Verb::as_str))
}

pub(super) fn verbs() -> Array {
    list_of(verb())
}

pub(super) fn channel() -> Object {
    one_of(Channel::ALL.map(Channel::as_str))
}

pub(super) fn channels() -> Array {
    list_of(channel())
}

pub(super) fn kind() -> Object {
    one_of(PartnerKind::ALL.map(PartnerKind::as_str))
}

pub(super) fn state() -> Object {
    use GrantState::{Declined, Granted, Granting, Requested, Revoked, Revoking};
    one_of([Requested, Granting, Granted, Declined, Revoking, Revoked].map(GrantState::as_str))
}

pub(super) fn act() -> Object {
    one_of(Act::ALL.map(Act::as_str))
}

pub(super) fn party() -> Object {
    one_of(["tenant", "partner", "service"])
}

pub(super) fn roles() -> Array {
    list_of(one_of(Role::ALL.map(Role::as_str)))
}

/// Who holds a consent: `"tenant"`, or `{"partner": …}` with the partner's id.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its form is told")]
pub(super) enum Registrant {
    /// The tenant itself.
    Tenant,
    /// A partner.
    Partner(String),
}

/// Keeps the form where another type stands for it.
pub(super) fn registrant() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    Registrant::schema()
}
