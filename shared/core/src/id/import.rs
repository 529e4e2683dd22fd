//! Ids of rows of queues of imports.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AnnouncementId, IdError, derived};

/// A row of the queue of imports, as Microsoft Graph shows it. It follows from the list that the row stands in, so that
/// a repeated write makes the same row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImportId(Uuid);

impl ImportId {
    /// The id of a row of a list that was announced. A version 8 UUID (RFC 9562, section 5.8).
    #[must_use]
    pub fn of_row(list: &AnnouncementId, row: u64) -> Self {
        Self(derived("import", &[list.as_str().as_bytes(), &row.to_be_bytes()]))
    }
}

impl fmt::Display for ImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl FromStr for ImportId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == 36 => Ok(Self(id)),
            _ => Err(IdError::new("import id", text, "an import id is a GUID")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_of_its_list_and_row() {
        let list = AnnouncementId::of_seed([7; 16]);
        let id = ImportId::of_row(&list, 1);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_ne!(id, ImportId::of_row(&list, 2));
        assert_ne!(id, ImportId::of_row(&AnnouncementId::of_seed([8; 16]), 1));
        assert!("x".parse::<ImportId>().is_err());
    }
}
