//! Who is calling: OIDC bearer tokens, verified by the same code in a function on AWS and in a server on one machine.
//!
//! A [`Verifier`] trusts one issuer ([`Trusted`]). It fetches the issuer's keys when it needs them, keeps them, follows
//! their rotation, and asks for them again only so often, whatever tokens it is shown. The time is an argument.

mod cache;
mod claims;
mod keys;
mod source;
#[cfg(test)]
mod tests;
mod trusted;

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use muster_core::access::Caller;

use self::cache::Keys;
use self::claims::Claims;
use self::keys::{Found, Key};
pub use self::source::KeySource;
pub use self::trusted::{Issuer, Trusted};

/// The algorithms that a token may be signed with. Each is one of public keys: who can verify a token cannot make one.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::RS256, Algorithm::ES256];

/// The longest token, in bytes. Entra's are 2 to 5 KB; API Gateway takes headers of 10 KB together.
const MAX_TOKEN: usize = 16 * 1024;

/// Why nobody is known to be calling.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The request shows no bearer token.
    #[error("the request has no bearer token")]
    Missing,
    /// The token is refused. The words say why, and nothing that stands in the token: they fit the `error_description` of
    /// a `WWW-Authenticate` header (RFC 6750, section 3).
    #[error("the bearer token is refused: {0}")]
    Invalid(&'static str),
    /// The issuer's keys cannot be had. The words are for the log only.
    #[error("the keys of the issuer cannot be had: {0}")]
    Unavailable(String),
}

/// Verifies the tokens of one issuer. Clones share its keys.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    trusted: Trusted,
    keys: Keys,
}

impl Verifier {
    /// A verifier that trusts this issuer. It fetches no keys yet.
    #[must_use]
    pub fn new(trusted: Trusted) -> Self {
        let keys = Keys::new(trusted.keys.clone());
        Self(Arc::new(Inner { trusted, keys }))
    }

    /// The caller that the request's `authorization: Bearer …` header names.
    ///
    /// # Errors
    /// When there is no such header, when its token is not to be believed at this time, or when the keys to tell cannot be
    /// had.
    pub async fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller, AuthError> {
        let token = bearer(headers)?;
        let header = decode_header(token)
            .ok()
            .filter(|header| ALGORITHMS.contains(&header.alg));
        let header = header.ok_or(AuthError::Invalid("it is no JSON Web Token signed with RS256 or ES256"))?;
        let id = header.kid.as_deref();

        let mut set = self.0.keys.get(now, None).await.map_err(AuthError::Unavailable)?;
        if matches!(set.find(id), Found::None) {
            set = self.0.keys.get(now, Some(&set)).await.map_err(AuthError::Unavailable)?;
        }
        let keys = match set.find(id) {
            Found::Keys(keys) => keys,
            Found::None => return Err(AuthError::Invalid("its key is not one of the issuer")),
            Found::Several => {
                return Err(AuthError::Invalid(
                    "it does not name its key, and the issuer has several",
                ));
            }
        };
        let (claims, key) = self.verify(token, header.alg, &keys)?;
        claims.caller(&self.0.trusted, key.issuer.as_deref(), now)
    }

    /// The claims of a token that one of these keys signed, and that key. Nearly always there is one.
    fn verify<'a>(&self, token: &str, algorithm: Algorithm, keys: &[&'a Key]) -> Result<(Claims, &'a Key), AuthError> {
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&self.0.trusted.audiences);
        validation.set_required_spec_claims(&["aud"]);
        // The library takes the time from the machine; `Claims` holds it against ours.
        validation.validate_exp = false;
        validation.validate_nbf = false;

        let mut refusal = AuthError::Invalid("it is signed with another algorithm than its key is for");
        for key in keys.iter().copied().filter(|key| key.algorithm == algorithm) {
            match decode::<Claims>(token, &key.decoding, &validation) {
                Ok(token) => return Ok((token.claims, key)),
                Err(error) => refusal = AuthError::Invalid(in_words(error.kind())),
            }
        }
        Err(refusal)
    }
}

/// Why the library refuses a token.
const fn in_words(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature | ErrorKind::InvalidEcdsaKey | ErrorKind::InvalidRsaKey(_) => {
            "its signature is not that of its key"
        }
        ErrorKind::InvalidAudience | ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => {
            "it is meant for another audience"
        }
        ErrorKind::Json(_) => "its claims cannot be read",
        _ => "it is no JSON Web Token",
    }
}

/// The one token that the headers show (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Result<&str, AuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(AuthError::Missing)?;
    if values.next().is_some() {
        return Err(AuthError::Invalid("the request has several authorization headers"));
    }
    let garbled = |_| AuthError::Invalid("the authorization header holds characters that no token has");
    let text = value.to_str().map_err(garbled)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let token = token.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AuthError::Missing);
    }
    match token.len() {
        0 => Err(AuthError::Missing),
        1..=MAX_TOKEN => Ok(token),
        _ => Err(AuthError::Invalid("it is longer than 16 KiB")),
    }
}
