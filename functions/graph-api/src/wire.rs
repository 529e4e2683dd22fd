//! Words of the wire: versions, and values where nothing is set.

use jiff::Timestamp;
use serde_json::Value;

use crate::odata::{Entity, Kind};

/// The version of the API. Both are served by the same handlers; 1.0 has fewer properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// `v1.0`
    V1,
    /// `beta`
    Beta,
}

impl Version {
    /// The version that a path names.
    pub(crate) fn of(text: &str) -> Option<Self> {
        match text {
            "v1.0" => Some(Self::V1),
            "beta" => Some(Self::Beta),
            _ => None,
        }
    }

    /// Its name in paths.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
        }
    }
}

/// A GUID that is not set.
pub(crate) const NO_GUID: &str = "00000000-0000-0000-0000-000000000000";

/// A moment, in whole seconds; one that is not set is the first of the calendar.
pub(crate) fn moment(at: Option<Timestamp>) -> Value {
    match at {
        None => "0001-01-01T00:00:00Z".into(),
        Some(at) => at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into(),
    }
}

/// A text; one that is not set is empty.
pub(crate) fn text(value: Option<&str>) -> Value {
    value.unwrap_or_default().into()
}

/// The members of the entity that this version has, in the order of the kind.
pub(crate) fn told(kind: &Kind, version: Version, mut entity: Entity) -> Entity {
    let members = kind
        .members()
        .filter(|property| property.in_v1 || version == Version::Beta);
    members
        .filter_map(|property| Some((property.name.to_owned(), entity.remove(property.name)?)))
        .collect()
}

/// The entity with its context first.
pub(crate) fn with_context(context: String, entity: Entity) -> Entity {
    let first = ("@odata.context".to_owned(), Value::from(context));
    std::iter::once(first).chain(entity).collect()
}
