//! Ids of groups of a directory.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::IdError;

/// A group of a tenant's directory. Muster knows no directory: a group is known by its id alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupId(Uuid);

impl GroupId {
    /// What stands for all devices where Intune names a group. It is no group.
    pub const ALL_DEVICES: Self = Self(Uuid::from_u128(0xadad_adad_808e_44e2_905a_0b78_73a8_a531));

    /// Whether a group can have this id.
    #[must_use]
    pub fn is_of_a_group(self) -> bool {
        !self.0.is_nil() && self != Self::ALL_DEVICES
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl FromStr for GroupId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == 36 => Ok(Self(id)),
            _ => Err(IdError::new("group id", text, "a group's id is a GUID")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_known_by_its_guid_in_lower_case() {
        let id: GroupId = "BBBBBBBB-0000-4000-8000-00000000000A".parse().unwrap();
        assert_eq!(id.to_string(), "bbbbbbbb-0000-4000-8000-00000000000a");
        assert_eq!(serde_json::to_value(id).unwrap(), id.to_string());
        assert!(id.is_of_a_group());
        let all = "adadadad-808e-44e2-905a-0b7873a8a531";
        assert_eq!(all.parse(), Ok(GroupId::ALL_DEVICES));
        for none in [all, "00000000-0000-0000-0000-000000000000"] {
            assert!(!none.parse::<GroupId>().unwrap().is_of_a_group(), "{none}");
        }
        for text in [
            "",
            "x",
            "bbbbbbbb000040008000000000000002",
            "{bbbbbbbb-0000-4000-8000-000000000002}",
        ] {
            assert!(text.parse::<GroupId>().is_err(), "{text}");
        }
    }
}
