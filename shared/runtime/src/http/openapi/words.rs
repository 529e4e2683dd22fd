//! The field's words in the document: each is said once, with all its values, and models refer to it
//! (`#[schema(value_type = words::Channel)]`).

use std::borrow::Cow;

use muster_core::{
    access, catalogue, channel, deployment, device, grant, harvest, history, inbox, outcome, party, profile, repair,
};
use serde::Serialize;
use utoipa::openapi::{Components, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
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

/// An id of this form (`muster_core::id`).
fn id(told: &str, pattern: &str) -> RefOr<Schema> {
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(told))
        .pattern(Some(pattern));
    RefOr::T(Schema::Object(object.build()))
}

/// A GUID.
fn guid(told: &str) -> RefOr<Schema> {
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(told))
        .format(Some(SchemaFormat::Custom("uuid".to_owned())));
    RefOr::T(Schema::Object(object.build()))
}

/// A text of 1 to `max` characters.
fn text(told: &str, max: usize) -> RefOr<Schema> {
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(told))
        .min_length(Some(1))
        .max_length(Some(max));
    RefOr::T(Schema::Object(object.build()))
}

macro_rules! words {
    ($($name:ident: $told:literal, $schema:expr;)*) => {
        $(
            #[doc = $told]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    ($schema)($told)
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

/// Who registers devices, or changes them; who holds a consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Registrant {
    /// The tenant's own administrators or its MDM service.
    Tenant,
    /// The partner of this id.
    Partner(String),
}

words! {
    AssignmentDetail: "Why a device cannot use its profile.", |told| word(told, profile::AssignmentDetail::ALL);
    AssignmentStatus: "How far a device is with its profile.", |told| word(told, profile::AssignmentStatus::ALL);
    AnnouncementId: "The id of an announced upload.", |told| id(told, "^a-[A-Za-z0-9_-]{20}$");
    Channel: "The front end that devices come through.", |told| word(told, &channel::Channel::ALL);
    ConsentAct: "What was done about a consent.", |told| word(told, &grant::Act::ALL);
    ConsentState: "Where a consent is in its life. `granting` and `revoking` are decisions that are being carried out. A \
        consent whose end has passed stays `granted`.", |told| word(told, &grant::GrantState::ALL);
    DeploymentAnswer: "What a device that booted was told.", |told| word(told, &deployment::Answer::ALL);
    DeviceEvent: "What happened to a device.", |told| word(told, &history::Event::ALL);
    DeviceId: "A device's id.", guid;
    DeviceState: "Whether a device is registered.", |told| word(told, &device::DeviceState::ALL);
    EnrollmentState: "How far a device is with its enrolment, as far as the registry sees it.",
        |told| word(told, &deployment::EnrollmentState::ALL);
    EntryId: "The id of an entry of a catalogue.", guid;
    EntryState: "Whether an entry of a catalogue counts.", |told| word(told, &catalogue::EntryState::ALL);
    OnConflict: "What becomes of group tag and user of devices that the tenant has already.",
        |told| word(told, &inbox::OnConflict::ALL);
    Outcome: "What became of a row.", |told| word(told, &outcome::Outcome::ALL);
    Ownership: "Whose a device is, as the MDM service has it.", |told| word(told, &harvest::Ownership::ALL);
    Party: "In whose name a caller acts.", |told| {
        use access::Party::{Partner, Service, Tenant};
        word(told, &[Tenant, Partner, Service])
    };
    PartnerId: "A partner's id, kept in lower case. Of a partner that signs in with its own Entra tenant, that tenant's id.",
        |told| id(told, "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$");
    PartnerKind: "What a partner is.", |told| word(told, &party::PartnerKind::ALL);
    ProfileDeviceType: "A kind of device.", |told| word(told, profile::DeviceType::ALL);
    ProfileJoin: "Which directory a device joins.", |told| word(told, profile::Join::ALL);
    ProfileMode: "How a device is set up: by its user, or by itself.", |told| word(told, profile::Mode::ALL);
    ProfileReason: "Why a device has a profile.", |told| word(told, &profile::Because::ALL);
    ProfileSide: "A list of a profile: of devices that get it, or of devices that never do.",
        |told| word(told, profile::Side::ALL);
    ProfileVerdict: "What became of a profile when a device's was picked.", |told| word(told, &profile::Verdict::ALL);
    Region: "Where a partner works.", |told| text(told, 64);
    RemediationState: "What a device needs after its hardware changed: nothing, the MDM service's next look (\"fix pending\"), or \
        a person (\"attention required\").", |told| word(told, &repair::RemediationState::ALL);
    Role: "What a caller may be.", |told| word(told, &access::Role::ALL);
    UploadId: "The id of an upload.", |told| id(told, "^u-[A-Za-z0-9_-]{20}$");
    UserType: "What the user becomes on a device.", |told| word(told, profile::UserType::ALL);
    Verb: "What a consent allows.", |told| word(told, &grant::Verb::ALL);
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
