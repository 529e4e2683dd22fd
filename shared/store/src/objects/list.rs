//! Lists of object versions, page by page.

use aws_sdk_s3::types::EncodingType;
use muster_core::Timestamp;
use muster_core::inbox::percent_decode;
use serde::{Deserialize, Serialize};

use super::{Objects, size, timestamp, unversioned};
use crate::error::{ErrorKind, StoreError};

const OPERATION: &str = "list object versions";

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Marker {
    /// Behind this key.
    pub key: String,
    /// Within the key, behind this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A version of an object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// The key.
    pub key: String,
    /// The version.
    pub version: String,
    /// Bytes.
    pub size: u64,
    /// When it was written.
    pub last_modified: Timestamp,
}

/// A page of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionPage {
    /// By key, the newest version of each key first. May be empty although a next page exists: delete markers are left
    /// out.
    pub versions: Vec<ListedVersion>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Marker>,
}

impl Objects {
    /// Lists up to `max` versions (S3: at most 1,000) of the objects whose key begins with `prefix`.
    ///
    /// # Errors
    /// When the store is out of reach or refuses.
    pub async fn list_versions(
        &self,
        prefix: &str,
        from: Option<&Marker>,
        max: usize,
    ) -> Result<VersionPage, StoreError> {
        // A key may hold characters that XML does not have; unencoded, one such key would make the list unreadable.
        let request = self
            .client
            .list_object_versions()
            .bucket(&self.bucket)
            .prefix(prefix)
            .max_keys(i32::try_from(max.clamp(1, 1000)).unwrap_or(1000))
            .encoding_type(EncodingType::Url)
            .set_key_marker(from.map(|m| m.key.clone()))
            .set_version_id_marker(from.and_then(|m| m.version.clone()));
        let answer = request.send().await.map_err(|e| StoreError::from_sdk(OPERATION, e))?;
        let encoding = answer.encoding_type;
        let decode = |key: String| decoded(OPERATION, key, encoding.as_ref());
        let mut versions = Vec::new();
        for version in answer.versions.unwrap_or_default() {
            versions.push(ListedVersion {
                key: decode(version.key.unwrap_or_default())?,
                version: version.version_id.unwrap_or_else(unversioned),
                size: size(OPERATION, version.size)?,
                last_modified: timestamp(OPERATION, version.last_modified)?,
            });
        }
        let next = match answer.next_key_marker {
            Some(key) if answer.is_truncated == Some(true) => Some(Marker {
                key: decode(key)?,
                version: answer.next_version_id_marker.filter(|v| !v.is_empty()),
            }),
            _ => None,
        };
        Ok(VersionPage { versions, next })
    }
}

/// A key of an answer. Undoes S3's `encoding-type=url`, in which a space is a plus.
pub(super) fn decoded(
    operation: &'static str,
    key: String,
    encoding: Option<&EncodingType>,
) -> Result<String, StoreError> {
    if encoding != Some(&EncodingType::Url) {
        return Ok(key);
    }
    let corrupt = || {
        StoreError::new(
            ErrorKind::Corrupt,
            operation,
            "a key in the answer is not encoded as it says",
        )
    };
    percent_decode(&key.replace('+', " ")).ok_or_else(corrupt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_as_s3_encodes_them() {
        let url_decode = |key: &str| decoded(OPERATION, key.to_owned(), Some(&EncodingType::Url));
        assert_eq!(
            url_decode("inbox/a+b%2Bc%01%C3%BC.csv").unwrap(),
            "inbox/a b+c\u{1}ü.csv"
        );
        assert_eq!(url_decode("%zz").unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(decoded(OPERATION, "a+b".to_owned(), None).unwrap(), "a+b");
    }
}
