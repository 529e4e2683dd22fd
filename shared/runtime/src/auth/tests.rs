//! Tokens and issuers for the tests; every key is made in the test.

mod refusals;
mod remote;
mod roles;
mod rotation;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use axum::http::HeaderValue;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{EncodingKey, Header, encode};
use p256::elliptic_curve::Generate as _;
use p256::pkcs8::EncodePrivateKey as _;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use serde_json::{Value, json};

use super::*;

/// A template as Entra's, and the issuer that it makes with [`TENANT`].
const TEMPLATE: &str = "https://login.example/{tenantid}/v2.0";
const ISSUER: &str = "https://login.example/1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10/v2.0";
const TENANT: &str = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10";
const OTHER: &str = "2c7d1e8f-405b-4d2f-8b62-9e307a204b21";
const AUDIENCE: &str = "api://muster";

fn noon() -> Timestamp {
    "2026-01-02T12:00:00Z".parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    noon() + jiff::SignedDuration::from_secs(seconds)
}

/// Somebody who has a private key.
struct Signer {
    id: Option<String>,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Signer {
    fn ec(id: &str) -> Self {
        let der = p256::SecretKey::generate().to_pkcs8_der().unwrap();
        Self {
            id: Some(id.to_owned()),
            algorithm: Algorithm::ES256,
            key: EncodingKey::from_ec_der(der.as_bytes()),
        }
    }

    /// All of these are the same key: it takes long to find one.
    fn rsa(id: &str) -> Self {
        static KEY: LazyLock<EncodingKey> = LazyLock::new(|| {
            let key = rsa::PrivateKey::new(&mut getrandom::SysRng, 2048).unwrap();
            EncodingKey::from_rsa_der(key.to_pkcs1_der().unwrap().as_bytes())
        });
        Self {
            id: Some(id.to_owned()),
            algorithm: Algorithm::RS256,
            key: KEY.clone(),
        }
    }

    /// The public half, as a member of a key set.
    fn public(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        with(
            &serde_json::to_value(jwk).unwrap(),
            &json!({"kid": self.id, "use": "sig"}),
        )
    }

    fn header(&self) -> Header {
        let mut header = Header::new(self.algorithm);
        header.kid.clone_from(&self.id);
        header
    }

    fn sign(&self, claims: &Value) -> String {
        encode(&self.header(), claims, &self.key).unwrap()
    }
}

/// Claims with some of them changed, or removed by `null`.
fn with(claims: &Value, changes: &Value) -> Value {
    let mut claims = claims.as_object().unwrap().clone();
    for (name, value) in changes.as_object().unwrap() {
        claims.remove(name);
        if !value.is_null() {
            claims.insert(name.clone(), value.clone());
        }
    }
    claims.into()
}

/// The claims of a reader whose token is good for an hour from noon.
fn good() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "pairwise",
        "oid": "ada",
        "tid": TENANT,
        "nbf": noon().as_second(),
        "exp": after(3600).as_second(),
        "roles": ["reader"],
    })
}

/// An issuer whose keys can be changed, and which counts how often it is asked for them.
#[derive(Clone, Default)]
struct Published {
    document: Arc<Mutex<Vec<u8>>>,
    fetches: Arc<AtomicUsize>,
}

impl Published {
    fn of(keys: &[Value]) -> Self {
        let published = Self::default();
        published.set(keys);
        published
    }

    fn set(&self, keys: &[Value]) {
        self.break_to(&json!({ "keys": keys }).to_string());
    }

    fn break_to(&self, document: &str) {
        *self.document.lock().unwrap() = document.as_bytes().to_vec();
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn source(&self) -> KeySource {
        let this = self.clone();
        KeySource::given(move || {
            this.fetches.fetch_add(1, Ordering::SeqCst);
            this.document.lock().unwrap().clone()
        })
    }
}

fn verifier(issuer: &str, keys: KeySource) -> Verifier {
    Verifier::new(Trusted {
        issuer: Issuer::parse(issuer).unwrap(),
        audiences: vec![AUDIENCE.to_owned()],
        operator: None,
        keys,
    })
}

fn header_of(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
}

fn bearing(token: &str) -> HeaderMap {
    header_of(&format!("Bearer {token}"))
}

/// Why a token is refused, in words that fit a header (RFC 6750, section 3).
fn refusal(result: Result<Caller, AuthError>) -> &'static str {
    let fits = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    match result {
        Err(AuthError::Invalid(why)) => {
            assert!(why.bytes().all(fits), "{why}");
            why
        }
        other => panic!("refused: {other:?}"),
    }
}
