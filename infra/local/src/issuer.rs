//! The development issuer: who gives out tokens where no identity provider does.
//!
//! Its key is made at the first start and kept in the data directory, readable by its owner alone. Whoever can read it can
//! be anybody. Its tokens are verified by the same code as those of any other issuer.

mod key;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use muster_core::access::Role;
use muster_core::id::{PartnerId, TenantId};
use muster_runtime::auth::{Issuer, KeySource, Trusted, Verifier};
use serde::Serialize;

use crate::data_dir::DataDirError;

/// The name of the development issuer.
pub const NAME: &str = "urn:muster:development";

/// Whom its tokens are meant for.
pub const AUDIENCE: &str = "muster";

/// What goes wrong with the development issuer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// Its key cannot be read or kept.
    #[error(transparent)]
    Disk(#[from] DataDirError),
    /// The file of its key holds something else.
    #[error(
        "{} is no key of the development issuer: put a backup in its place, or delete it to have a new key made, with which \
         no token is good that was given out before", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// This machine gives no random numbers, or the key does not sign.
    #[error("the development issuer cannot {action}: {reason}")]
    Key {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        reason: String,
    },
}

/// What a token is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// Who it is for.
    pub subject: String,
    /// The tenant that tenant roles hold for.
    pub tenant: Option<TenantId>,
    /// The partner that partner roles hold for.
    pub partner: Option<PartnerId>,
    /// The roles.
    pub roles: BTreeSet<Role>,
    /// For how long it is good.
    pub lifetime: SignedDuration,
}

/// What a token says.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'static str,
    aud: &'static str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tid: Option<TenantId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<&'a PartnerId>,
    roles: &'a BTreeSet<Role>,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// The development issuer. Clones have the same key.
#[derive(Clone)]
pub struct DevIssuer {
    signing: EncodingKey,
    public: Jwk,
}

impl DevIssuer {
    /// The issuer of a data directory. Its key is made if there is none; of several processes that do so at once, one makes
    /// it for all.
    ///
    /// # Errors
    /// When the key cannot be read, made or kept, or is none.
    pub fn open(directory: &Path) -> Result<Self, IssuerError> {
        let (path, pem) = key::open(directory)?;
        key::der(&pem).and_then(Self::of).ok_or(IssuerError::Damaged { path })
    }

    /// An issuer whose key is kept nowhere.
    ///
    /// # Errors
    /// When this machine gives no random numbers.
    pub fn in_memory() -> Result<Self, IssuerError> {
        let unusable = || key::failed("use its key", "it is none");
        key::der(&key::generate()?).and_then(Self::of).ok_or_else(unusable)
    }

    /// The issuer with this key, in PKCS#8 as DER. None where it does not sign.
    fn of(der: Vec<u8>) -> Option<Self> {
        let signing = EncodingKey::from_ec_der(&der);
        let mut public = Jwk::from_encoding_key(&signing, Algorithm::ES256).ok()?;
        public.common.key_id = Some(public.thumbprint(ThumbprintHash::SHA256).ok()?);
        public.common.key_algorithm = Some(KeyAlgorithm::ES256);
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Some(Self { signing, public })
    }

    /// The public key, as a JSON Web Key Set.
    #[must_use]
    pub fn key_set(&self) -> serde_json::Value {
        serde_json::json!({ "keys": [self.public] })
    }

    /// A token that says this, good from now on.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, request: &TokenRequest, now: Timestamp) -> Result<String, IssuerError> {
        let mut header = Header::new(Algorithm::ES256);
        header.kid.clone_from(&self.public.common.key_id);
        let claims = Claims {
            iss: NAME,
            aud: AUDIENCE,
            sub: &request.subject,
            tid: request.tenant,
            partner: request.partner.as_ref(),
            roles: &request.roles,
            iat: now.as_second(),
            nbf: now.as_second(),
            exp: now.as_second().saturating_add(request.lifetime.as_secs()),
        };
        encode(&header, &claims, &self.signing).map_err(|error| key::failed("sign a token", error))
    }

    /// A verifier that trusts this issuer, in what it says about partners and the service, too.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        let document = self.key_set().to_string().into_bytes();
        Verifier::new(Trusted {
            issuer: Issuer::Fixed(NAME.to_owned()),
            audiences: vec![AUDIENCE.to_owned()],
            operator: None,
            keys: KeySource::given(move || document.clone()),
        })
    }
}
