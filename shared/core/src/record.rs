//! What validation makes of a row: a canonical record, or problems.

use hardware_hash::Components;
use serde::{Deserialize, Serialize};

use crate::identity::{IdentityKey, Pkid};
use crate::outcome::Outcome;

/// Where a row stands in its upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The data row's number, counted from 1 without header and blank lines.
    pub row: u64,
    /// The line of the file where the row begins, counted from 1.
    pub line: u64,
    /// The byte of the object where the row begins.
    pub offset: u64,
    /// How many bytes it has, its line break included.
    pub len: u32,
}

/// A row that is in order: what registration needs of it, and not its 4,000 characters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// Serial number, from the row or from its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// System manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// System product name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Product key id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkid: Option<Pkid>,
    /// Group tag to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_tag: Option<String>,
    /// User to assign, as a user principal name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_user: Option<String>,
    /// The identities, strongest first; at least one.
    pub keys: Vec<IdentityKey>,
    /// What the matcher compares, where there is a hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Components>,
    /// What the user should know though the row is in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// The outcome that it means for the row.
    pub outcome: Outcome,
    /// The number of the cell, counted from 1, where one is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What that column is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column_name: Option<String>,
    /// What and why, and where the table's remedy is too general, what to do.
    pub detail: String,
}

/// A row as validation leaves it. A batch has one for each of its rows, in input order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum Checked {
    /// In order: goes on to registration.
    Valid(Box<Record>),
    /// Not in order.
    Faulty {
        /// Where it stands.
        #[serde(flatten)]
        place: Place,
        /// The serial number as far as it could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serial: Option<String>,
        /// What is wrong; at least one fault.
        faults: Vec<Fault>,
    },
    /// Another row of the same batch stands for the same device.
    Duplicate {
        /// Where it stands.
        #[serde(flatten)]
        place: Place,
        /// The serial number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serial: Option<String>,
        /// The row that is processed instead.
        of_row: u64,
        /// The line of that row.
        of_line: u64,
    },
}

impl Checked {
    /// Where the row stands.
    #[must_use]
    pub const fn place(&self) -> Place {
        match self {
            Self::Valid(record) => record.place,
            Self::Faulty { place, .. } | Self::Duplicate { place, .. } => *place,
        }
    }

    /// The serial number, as far as it is known.
    #[must_use]
    pub fn serial(&self) -> Option<&str> {
        match self {
            Self::Valid(record) => record.serial.as_deref(),
            Self::Faulty { serial, .. } | Self::Duplicate { serial, .. } => serial.as_deref(),
        }
    }
}
