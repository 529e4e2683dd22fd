//! The keys of an issuer, as its JSON Web Key Set (RFC 7517) gives them.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

/// The shortest modulus of an RSA key, in bytes (RFC 7518, section 3.3).
const MIN_MODULUS: usize = 256;

/// A key that tokens may be signed with.
pub(super) struct Key {
    /// What a token's header calls it.
    id: Option<String>,
    /// The one algorithm that it is used with: its kind decides, never the token.
    pub(super) algorithm: Algorithm,
    /// Whose tokens it signs, where the set says so. Entra's does, and may have `{tenantid}` in it.
    pub(super) issuer: Option<String>,
    pub(super) decoding: DecodingKey,
}

/// The keys of an issuer.
pub(super) struct KeySet(Vec<Key>);

/// The keys that a token may mean.
pub(super) enum Found<'a> {
    /// These; more than one only where they share an id.
    Keys(Vec<&'a Key>),
    /// None of the set.
    None,
    /// The token names none, and there are several.
    Several,
}

impl KeySet {
    /// Reads a set. Keys that are for something else, or that nothing is known about here, are passed over.
    pub(super) fn read(json: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document = serde_json::from_slice(json)?;
        Ok(Self(document.keys.into_iter().filter_map(Key::read).collect()))
    }

    /// The keys that a token means whose header names this id, or none.
    pub(super) fn find(&self, id: Option<&str>) -> Found<'_> {
        let keys: Vec<&Key> = match id {
            Some(_) => self.0.iter().filter(|key| key.id.as_deref() == id).collect(),
            None => self.0.iter().collect(),
        };
        match keys.len() {
            0 => Found::None,
            2.. if id.is_none() => Found::Several,
            _ => Found::Keys(keys),
        }
    }
}

impl Key {
    fn read(value: Value) -> Option<Self> {
        let issuer = match value.get("issuer") {
            None => None,
            Some(issuer) => Some(issuer.as_str()?.to_owned()),
        };
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
            _ => return None,
        };
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        let weak = matches!(decoding.kind(), DecodingKeyKind::RsaModulusExponent { n, .. } if n.len() < MIN_MODULUS);
        let named = jwk.common;
        let verifies = named
            .public_key_use
            .is_none_or(|usage| usage == PublicKeyUse::Signature)
            && named
                .key_operations
                .is_none_or(|all| all.contains(&KeyOperations::Verify))
            && named
                .key_algorithm
                .is_none_or(|name| name == KeyAlgorithm::from(algorithm));
        (verifies && !weak).then_some(Self {
            id: named.key_id,
            algorithm,
            issuer,
            decoding,
        })
    }
}
