//! Where a list goes on: opaque to clients, and good for the list alone that gave it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::problem::Problem;

/// How many bytes of the digest tell a list from another.
const SCOPE: usize = 8;

/// The cursors of one list: of one route, tenant and set of filters.
#[derive(Debug, Clone)]
pub struct Cursor {
    scope: [u8; SCOPE],
}

impl Cursor {
    /// The cursors of the list that these words name.
    #[must_use]
    pub fn of(words: &[&str]) -> Self {
        let mut sha = Sha256::new();
        for word in words {
            sha.update(u64::try_from(word.len()).unwrap_or(u64::MAX).to_be_bytes());
            sha.update(word);
        }
        let digest = sha.finalize();
        Self {
            scope: std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default()),
        }
    }

    /// The cursor for a place in the list.
    #[must_use]
    pub fn write(&self, mark: &str) -> String {
        let mut bytes = self.scope.to_vec();
        bytes.extend(mark.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a cursor is for.
    ///
    /// # Errors
    /// When it is of another list, or none of ours.
    pub fn read(&self, cursor: Option<&str>) -> Result<Option<String>, Problem> {
        let Some(cursor) = cursor else {
            return Ok(None);
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
        let mark = bytes
            .strip_prefix(&self.scope)
            .and_then(|mark| String::from_utf8(mark.to_vec()).ok());
        mark.map(Some).ok_or_else(|| {
            Problem::at(
                "query.cursor",
                "It is not one that this list gave. Take `next` of the page before, with the same filters.",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_list() {
        let list = Cursor::of(&["devices", "tenant-1", "prefix"]);
        let cursor = list.write("3:ä:x");
        assert_eq!(list.read(Some(&cursor)).unwrap().as_deref(), Some("3:ä:x"));
        assert_eq!(list.read(None).unwrap(), None);
        for other in [
            Cursor::of(&["devices", "tenant-2", "prefix"]),
            Cursor::of(&["devices", "tenant-1prefix", ""]),
            Cursor::of(&[]),
        ] {
            assert!(other.read(Some(&cursor)).is_err());
        }
        for none in ["", "x", "%%%", "AAAAAAAAAAAAAAAAAAAA"] {
            assert!(list.read(Some(none)).is_err(), "{none}");
        }
    }
}
