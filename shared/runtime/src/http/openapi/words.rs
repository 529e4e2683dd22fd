//! The field's words in the document: each is said once, with all its values, and models refer to it
//! (`#[schema(value_type = words::Channel)]`).

use std::borrow::Cow;

use muster_core::channel;
use muster_core::grant;
use muster_core::outcome;
use muster_core::party;
use serde::Serialize;
use utoipa::openapi::{Components, ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A word with these values.
fn word<T: Serialize>(told: &str, values: &[T]) -> RefOr<Schema> {
    let values: Vec<serde_json::Value> = values
        .iter()
        .filter_map(|value| serde_json::to_value(value).ok())
        .collect();
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(told))
        .enum_values(Some(values));
    RefOr::T(Schema::Object(object.build()))
}

/// The id of a partner (`muster_core::id::PartnerId`).
pub(super) fn partner_id() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(64))
        .pattern(Some("^[A-Za-z0-9][A-Za-z0-9._-]*$"))
}

macro_rules! words {
    ($($name:ident: $told:literal, $values:expr;)*) => {
        $(
            #[doc = $told]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    word($told, &$values)
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($name))
                }
            }
        )*

        /// Adds all of them.
        pub(super) fn add_to(components: &mut Components) {
            $(components.schemas.insert(stringify!($name).to_owned(), $name::schema());)*
        }
    };
}

words! {
    Channel: "The front end that devices come through.", channel::Channel::ALL;
    Verb: "What a consent allows.", grant::Verb::ALL;
    PartnerKind: "What a partner is.", party::PartnerKind::ALL;
    Outcome: "What became of a row.", outcome::Outcome::ALL;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_its_values_as_they_are_on_the_wire() {
        let told = serde_json::to_value(PartnerKind::schema()).unwrap();
        assert_eq!(
            told["enum"],
            serde_json::json!(["oem", "csp-direct", "csp-provider", "csp-reseller"])
        );
        assert_eq!(told["type"], "string");
    }
}
