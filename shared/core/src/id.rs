//! Identifiers. Parsed once, at the edge; what carries one of these types is known to be well formed.

mod group;
mod import;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use group::GroupId;
pub use import::ImportId;

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}: {why}")]
pub struct IdError {
    what: &'static str,
    text: String,
    why: &'static str,
}

impl IdError {
    pub(crate) fn new(what: &'static str, text: &str, why: &'static str) -> Self {
        let text = text.chars().take(80).collect();
        Self { what, text, why }
    }
}

/// A tenant: a customer organisation, named by a GUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(Uuid);

impl TenantId {
    /// Wraps a GUID.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The id of a tenant that is made known by its name alone, so that a repeat makes the same tenant. Letter case does
    /// not matter, as it does not for names. A version 8 UUID (RFC 9562, section 5.8).
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        Self(derived("tenant", &[name.to_lowercase().as_bytes()]))
    }

    /// The id that stands in a tenant's place for a manufacturer's catalogue: whose uploads they are, and whose grant is
    /// checked. No tenant has it. A version 8 UUID, too.
    #[must_use]
    pub fn of_catalogue(partner: &PartnerId) -> Self {
        Self(derived("catalogue", &[partner.as_str().as_bytes()]))
    }
}

/// A version 8 UUID over a purpose and fields.
pub(crate) fn derived(purpose: &str, fields: &[&[u8]]) -> Uuid {
    let digest = digest_fields(purpose, fields);
    uuid::Builder::from_custom_bytes(std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default())).into_uuid()
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl FromStr for TenantId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == 36 => Ok(Self(id)),
            _ => Err(IdError::new(
                "tenant id",
                text,
                "a tenant id is a GUID such as 1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10",
            )),
        }
    }
}

/// A partner: an OEM or a CSP. 1 to 64 letters, digits, `.`, `_` or `-`, beginning with a letter or a digit; kept in
/// lower case. A partner's tenant GUID is such a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartnerId(String);

impl PartnerId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PartnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PartnerId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty() || text.len() > 64 {
            return Err(IdError::new("partner id", text, "it has 1 to 64 characters"));
        }
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) || !text.chars().all(fits) {
            return Err(IdError::new(
                "partner id",
                text,
                "it is made of letters, digits, `.`, `_` and `-`",
            ));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl TryFrom<String> for PartnerId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<PartnerId> for String {
    fn from(id: PartnerId) -> Self {
        id.0
    }
}

/// An upload: one version of one object. The id is derived from bucket, key and version, so that a repeated event is
/// the same upload and an overwrite is another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UploadId(String);

impl UploadId {
    /// The id of the upload that this object version is.
    #[must_use]
    pub fn of_object(bucket: &str, key: &str, version: &str) -> Self {
        let digest = digest_fields("upload", &[bucket.as_bytes(), key.as_bytes(), version.as_bytes()]);
        let short: [u8; 15] = std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default());
        Self(format!("u-{}", URL_SAFE_NO_PAD.encode(short)))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UploadId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        match text.strip_prefix("u-") {
            Some(rest) if rest.len() == 20 && rest.chars().all(fits) => Ok(Self(text.to_owned())),
            _ => Err(IdError::new(
                "upload id",
                text,
                "an upload id is `u-` and 20 letters, digits, `_` or `-`",
            )),
        }
    }
}

impl TryFrom<String> for UploadId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<UploadId> for String {
    fn from(id: UploadId) -> Self {
        id.0
    }
}

/// An upload that was announced, before its object is there. Whoever announces the same once more, with the same seed, gets
/// the same id; without the seed nobody can guess it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AnnouncementId(String);

impl AnnouncementId {
    /// The id that follows from these bytes, which are random at their origin.
    #[must_use]
    pub fn of_seed(seed: [u8; 16]) -> Self {
        let digest = digest_fields("announcement", &[&seed]);
        let short: [u8; 15] = std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default());
        Self(format!("a-{}", URL_SAFE_NO_PAD.encode(short)))
    }

    /// The id of a list that the service writes itself: it follows from these bytes and the list, so that another list is
    /// another upload even where the same request makes it.
    #[must_use]
    pub fn of_list(seed: [u8; 16], list: &[u8]) -> Self {
        let digest = digest_fields("list", &[&seed, list]);
        Self::of_seed(std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default()))
    }

    /// The announcement that an object is of, by its name in the inbox: `{id}~{name}.csv`.
    #[must_use]
    pub fn of_file(name: &str) -> Option<Self> {
        name.split_once('~').and_then(|(id, _)| id.parse().ok())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AnnouncementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AnnouncementId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        match text.strip_prefix("a-") {
            Some(rest) if rest.len() == 20 && rest.chars().all(fits) => Ok(Self(text.to_owned())),
            _ => Err(IdError::new(
                "announcement id",
                text,
                "an announcement's id is `a-` and 20 letters, digits, `_` or `-`",
            )),
        }
    }
}

impl TryFrom<String> for AnnouncementId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<AnnouncementId> for String {
    fn from(id: AnnouncementId) -> Self {
        id.0
    }
}

/// A registered device. Derived from the upload and the row that registered it first, so that a repeated write makes
/// the same device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(Uuid);

impl DeviceId {
    /// The id that a row gives to the device which it makes known. A version 8 UUID (RFC 9562, section 5.8).
    #[must_use]
    pub fn of_row(upload: &UploadId, row: u64) -> Self {
        Self(derived("device", &[upload.as_str().as_bytes(), &row.to_be_bytes()]))
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl FromStr for DeviceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == 36 => Ok(Self(id)),
            _ => Err(IdError::new("device id", text, "a device id is a GUID")),
        }
    }
}

/// A deployment profile. Whoever makes the same once more, with the same seed, gets the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfileId(Uuid);

impl ProfileId {
    /// The id that follows from these bytes, which are random at their origin. A version 8 UUID (RFC 9562, section 5.8).
    #[must_use]
    pub fn of_seed(seed: [u8; 16]) -> Self {
        Self(derived("profile", &[&seed]))
    }
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl FromStr for ProfileId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == 36 => Ok(Self(id)),
            _ => Err(IdError::new("profile id", text, "a profile id is a GUID")),
        }
    }
}

/// SHA-256 over a purpose and length-prefixed fields: no two field lists give the same bytes.
#[must_use]
pub(crate) fn digest_fields(purpose: &str, fields: &[&[u8]]) -> [u8; 32] {
    let mut sha = Sha256::new();
    for field in std::iter::once(&purpose.as_bytes()).chain(fields) {
        sha.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        sha.update(field);
    }
    sha.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_id_differs_by_bucket_key_and_version() {
        let id = UploadId::of_object("b", "k", "1");
        assert_eq!(id, UploadId::of_object("b", "k", "1"));
        for other in [
            UploadId::of_object("b", "k", "2"),
            UploadId::of_object("b", "k1", ""),
            UploadId::of_object("bk", "", "1"),
        ] {
            assert_ne!(id, other);
        }
        assert_eq!(id.as_str().parse::<UploadId>().unwrap(), id);
    }

    #[test]
    fn an_announcement_is_known_by_its_objects_name() {
        let id = AnnouncementId::of_seed([1; 16]);
        assert_ne!(id, AnnouncementId::of_seed([2; 16]));
        let list = AnnouncementId::of_list([1; 16], b"a");
        assert_eq!(list, AnnouncementId::of_list([1; 16], b"a"));
        assert_ne!(list, AnnouncementId::of_list([1; 16], b"b"));
        assert_ne!(list, AnnouncementId::of_list([2; 16], b"a"));
        assert_eq!(AnnouncementId::of_file(&format!("{id}~a~b.csv")), Some(id));
        for other in ["list.csv", "a-x~list.csv", "~.csv", ""] {
            assert_eq!(AnnouncementId::of_file(other), None, "{other}");
        }
    }

    #[test]
    fn ids_refuse_what_they_are_not() {
        assert!("x".parse::<TenantId>().is_err());
        assert!("1b6c0d7e3f5a4c1e9a518d2f6f1f3a10".parse::<TenantId>().is_err());
        assert!("-".parse::<PartnerId>().is_err());
        assert!("a/b".parse::<PartnerId>().is_err());
        assert!("u-short".parse::<UploadId>().is_err());
        assert_eq!("Contoso-Oem".parse::<PartnerId>().unwrap().as_str(), "contoso-oem");
    }

    #[test]
    fn a_device_id_is_a_version_8_uuid_of_upload_and_row() {
        let upload = UploadId::of_object("b", "k", "1");
        let id = DeviceId::of_row(&upload, 7);
        assert_eq!(id.0.get_version_num(), 8);
        assert_ne!(id, DeviceId::of_row(&upload, 8));
    }

    #[test]
    fn a_tenant_id_of_a_name_has_no_regard_to_case() {
        let id = TenantId::of_name("Fabrikam");
        assert_eq!(id, TenantId::of_name("fabriKAM"));
        assert_ne!(id, TenantId::of_name("Fabrikam "));
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
