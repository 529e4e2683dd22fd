//! What makes a device the same device: identity keys.
//!
//! A key is a digest of one identity. No two devices hold the same key; the store keeps one claim for each.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::id::digest_fields;

/// A product key id: 13 decimal digits, not all zero.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pkid(String);

impl Pkid {
    /// The 13 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is no PKID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a PKID is 13 digits that are not all zero")]
pub struct NoPkid;

impl FromStr for Pkid {
    type Err = NoPkid;

    fn from_str(text: &str) -> Result<Self, NoPkid> {
        let digits = text.len() == 13 && text.bytes().all(|b| b.is_ascii_digit());
        if digits && text.bytes().any(|b| b != b'0') {
            Ok(Self(text.to_owned()))
        } else {
            Err(NoPkid)
        }
    }
}

impl TryFrom<String> for Pkid {
    type Error = NoPkid;

    fn try_from(text: String) -> Result<Self, NoPkid> {
        text.parse()
    }
}

impl From<Pkid> for String {
    fn from(pkid: Pkid) -> Self {
        pkid.0
    }
}

/// What the "Windows Product ID" column of a list holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductId {
    /// A PKID, which identifies a device.
    Pkid(Pkid),
    /// The 5-5-5-5 id of a Windows installation, which whole fleets share: no identity.
    Windows,
    /// Thirteen zeros: what tools write where there is no key.
    Placeholder,
    /// Something else.
    Other,
}

impl ProductId {
    /// Reads the cell. The 5-5-5-5 form is read loosely, since published samples have other group lengths.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Ok(pkid) = text.parse() {
            return Self::Pkid(pkid);
        }
        if text.len() == 13 && text.bytes().all(|b| b == b'0') {
            return Self::Placeholder;
        }
        let groups: Vec<&str> = text.split('-').collect();
        let alphanumeric = |g: &&str| (3..=5).contains(&g.len()) && g.bytes().all(|b| b.is_ascii_alphanumeric());
        if groups.len() == 4 && groups.iter().all(alphanumeric) {
            Self::Windows
        } else {
            Self::Other
        }
    }
}

/// Kinds of identity key, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// The TPM's endorsement key, from the hash.
    EndorsementKey,
    /// The product key id.
    Pkid,
    /// Manufacturer, model and serial number, exact and case-sensitive.
    Tuple,
    /// The SMBIOS UUID, used where endorsement key or tuple is missing.
    SmbiosUuid,
}

impl KeyKind {
    const fn letter(self) -> char {
        match self {
            Self::EndorsementKey => 'e',
            Self::Pkid => 'p',
            Self::Tuple => 't',
            Self::SmbiosUuid => 'u',
        }
    }

    /// A stable name for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::EndorsementKey => "endorsement-key",
            Self::Pkid => "product-key-id",
            Self::Tuple => "tuple",
            Self::SmbiosUuid => "smbios-uuid",
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EndorsementKey => "TPM endorsement key",
            Self::Pkid => "PKID",
            Self::Tuple => "manufacturer, model and serial number",
            Self::SmbiosUuid => "SMBIOS UUID",
        }
    }
}

/// One identity of a device as a digest: SHA-256 over length-prefixed fields. As text: the kind's letter and 43
/// characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdentityKey {
    kind: KeyKind,
    digest: [u8; 32],
}

impl IdentityKey {
    /// The key of a TPM, from the SHA-256 of its endorsement key.
    #[must_use]
    pub fn endorsement_key(ek_digest: &[u8; 32]) -> Self {
        Self {
            kind: KeyKind::EndorsementKey,
            digest: digest_fields("ek", &[ek_digest]),
        }
    }

    /// The key of a PKID.
    #[must_use]
    pub fn pkid(pkid: &Pkid) -> Self {
        Self {
            kind: KeyKind::Pkid,
            digest: digest_fields("pkid", &[pkid.0.as_bytes()]),
        }
    }

    /// The key of a tuple.
    #[must_use]
    pub fn tuple(manufacturer: &str, model: &str, serial: &str) -> Self {
        let fields = [manufacturer.as_bytes(), model.as_bytes(), serial.as_bytes()];
        Self {
            kind: KeyKind::Tuple,
            digest: digest_fields("tuple", &fields),
        }
    }

    /// The key of an SMBIOS UUID, given as its 16 bytes.
    #[must_use]
    pub fn smbios_uuid(uuid: &[u8; 16]) -> Self {
        Self {
            kind: KeyKind::SmbiosUuid,
            digest: digest_fields("uuid", &[uuid]),
        }
    }

    /// What the key was made of.
    #[must_use]
    pub const fn kind(self) -> KeyKind {
        self.kind
    }
}

impl fmt::Display for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.letter(), URL_SAFE_NO_PAD.encode(self.digest))
    }
}

/// A text that is no identity key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identity key")]
pub struct NoIdentityKey;

impl FromStr for IdentityKey {
    type Err = NoIdentityKey;

    fn from_str(text: &str) -> Result<Self, NoIdentityKey> {
        const KINDS: [KeyKind; 4] = [
            KeyKind::EndorsementKey,
            KeyKind::Pkid,
            KeyKind::Tuple,
            KeyKind::SmbiosUuid,
        ];
        let mut chars = text.chars();
        let letter = chars.next().ok_or(NoIdentityKey)?;
        let kind = KINDS.into_iter().find(|k| k.letter() == letter).ok_or(NoIdentityKey)?;
        let digest = URL_SAFE_NO_PAD.decode(chars.as_str()).map_err(|_| NoIdentityKey)?;
        Ok(Self {
            kind,
            digest: digest.try_into().map_err(|_| NoIdentityKey)?,
        })
    }
}

impl TryFrom<String> for IdentityKey {
    type Error = NoIdentityKey;

    fn try_from(text: String) -> Result<Self, NoIdentityKey> {
        text.parse()
    }
}

impl From<IdentityKey> for String {
    fn from(key: IdentityKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_thirteen_digits_that_are_not_all_zero_are_a_pkid() {
        assert_eq!(
            ProductId::parse("3303012345678"),
            ProductId::Pkid("3303012345678".parse().unwrap())
        );
        assert_eq!(ProductId::parse("0000000000000"), ProductId::Placeholder);
        assert_eq!(ProductId::parse("00330-80000-00000-AA123"), ProductId::Windows);
        assert_eq!(ProductId::parse("00329-00000-0003-AA606"), ProductId::Windows);
        for other in ["330301234567", "33030123456789", "3303012345678 ", "٣303012345678", "x"] {
            assert_eq!(ProductId::parse(other), ProductId::Other, "{other}");
        }
    }

    #[test]
    fn a_tuple_is_exact_case_sensitive_and_keeps_its_field_borders() {
        let key = IdentityKey::tuple("Contoso", "Book 5", "S1");
        assert_ne!(key, IdentityKey::tuple("contoso", "Book 5", "S1"));
        assert_ne!(key, IdentityKey::tuple("ContosoB", "ook 5", "S1"));
    }

    #[test]
    fn keys_round_trip_as_text_and_sort_strongest_first() {
        let keys = [
            IdentityKey::endorsement_key(&[1; 32]),
            IdentityKey::pkid(&"3303012345678".parse().unwrap()),
            IdentityKey::tuple("a", "b", "c"),
            IdentityKey::smbios_uuid(&[2; 16]),
        ];
        assert!(keys.is_sorted());
        for key in keys {
            assert_eq!(key.to_string().len(), 44);
            assert_eq!(key.to_string().parse::<IdentityKey>().unwrap(), key);
        }
        assert!("x".parse::<IdentityKey>().is_err());
        assert!("".parse::<IdentityKey>().is_err());
    }
}
