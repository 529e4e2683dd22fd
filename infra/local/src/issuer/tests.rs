//! What the development issuer says is believed, and its key is made once and kept.

use std::collections::HashSet;
use std::fs;
use std::thread;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use muster_core::access::Caller;
use muster_runtime::auth::AuthError;

use super::*;

const TENANT: &str = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10";

fn noon() -> Timestamp {
    "2026-01-02T12:00:00Z".parse().unwrap()
}

fn request() -> TokenRequest {
    TokenRequest {
        subject: "ada".to_owned(),
        tenant: Some(TENANT.parse().unwrap()),
        partner: Some("contoso".parse().unwrap()),
        roles: BTreeSet::from(Role::ALL),
        lifetime: SignedDuration::from_hours(1),
    }
}

async fn shown(token: &str, verifier: &Verifier, now: Timestamp) -> Result<Caller, AuthError> {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    verifier
        .caller(&HeaderMap::from_iter([(AUTHORIZATION, value)]), now)
        .await
}

#[tokio::test]
async fn its_tokens_are_believed_in_everything() {
    let issuer = DevIssuer::in_memory().unwrap();
    let token = issuer.token(&request(), noon()).unwrap();
    let caller = shown(&token, &issuer.verifier(), noon()).await.unwrap();
    let TokenRequest {
        subject,
        tenant,
        partner,
        roles,
        ..
    } = request();
    let expected = Caller {
        subject,
        tenant,
        partner,
        roles,
    };
    assert_eq!(caller, expected);
}

#[tokio::test]
async fn a_token_says_no_more_than_it_was_asked_to() {
    let issuer = DevIssuer::in_memory().unwrap();
    let asked = TokenRequest {
        tenant: None,
        partner: None,
        ..request()
    };
    let token = issuer.token(&asked, noon()).unwrap();
    let caller = shown(&token, &issuer.verifier(), noon()).await.unwrap();
    assert_eq!(caller.roles, BTreeSet::from([Role::ServiceAdministrator]));
    assert_eq!((caller.tenant, caller.partner), (None, None));
}

#[tokio::test]
async fn a_token_lasts_as_long_as_it_was_asked_to() {
    let issuer = DevIssuer::in_memory().unwrap();
    let verifier = issuer.verifier();
    let token = issuer.token(&request(), noon()).unwrap();
    let at = |seconds| noon() + SignedDuration::from_secs(seconds);
    shown(&token, &verifier, at(3600)).await.unwrap();
    let late = shown(&token, &verifier, at(3700)).await;
    assert_eq!(late, Err(AuthError::Invalid("it has expired")));
    let early = shown(&token, &verifier, at(-100)).await;
    assert_eq!(early, Err(AuthError::Invalid("it is not valid yet")));
    let endless = TokenRequest {
        lifetime: SignedDuration::MAX,
        ..request()
    };
    shown(&issuer.token(&endless, noon()).unwrap(), &verifier, at(3700))
        .await
        .unwrap();
}

#[tokio::test]
async fn another_development_issuer_is_not_believed() {
    let (one, two) = (DevIssuer::in_memory().unwrap(), DevIssuer::in_memory().unwrap());
    let token = two.token(&request(), noon()).unwrap();
    let refusal = shown(&token, &one.verifier(), noon()).await;
    assert_eq!(refusal, Err(AuthError::Invalid("its key is not one of the issuer")));
}

#[test]
fn its_key_set_holds_nothing_secret() {
    let set = DevIssuer::in_memory().unwrap().key_set();
    let key = set["keys"][0].as_object().unwrap();
    let members: Vec<&str> = key.keys().map(String::as_str).collect();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"]),
        (&"EC".into(), &"P-256".into(), &"ES256".into())
    );
}

#[tokio::test]
async fn the_key_is_kept() {
    let scratch = tempfile::tempdir().unwrap();
    let token = DevIssuer::open(scratch.path())
        .unwrap()
        .token(&request(), noon())
        .unwrap();
    let later = DevIssuer::open(scratch.path()).unwrap();
    shown(&token, &later.verifier(), noon()).await.unwrap();
    let pem = fs::read_to_string(scratch.path().join("issuer.key")).unwrap();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"), "PKCS#8 as PEM");
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let mode = fs::metadata(scratch.path().join("issuer.key")).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Another directory has another.
    let elsewhere = tempfile::tempdir().unwrap();
    let stranger = DevIssuer::open(elsewhere.path()).unwrap();
    shown(&token, &stranger.verifier(), noon()).await.unwrap_err();
}

#[test]
fn first_starts_at_once_make_one_key() {
    for _ in 0..5 {
        let scratch = tempfile::tempdir().unwrap();
        let names: HashSet<String> = thread::scope(|scope| {
            let open = || DevIssuer::open(scratch.path()).unwrap().public.common.key_id.unwrap();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(names.len(), 1);
    }
}

#[test]
fn what_a_killed_process_left_is_no_obstacle() {
    let scratch = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("issuer.key.unfinished", "-----BEGIN"),
        ("issuer.key.unfinished.new", ""),
        ("issuer.key.lock", ""),
    ] {
        fs::write(scratch.path().join(name), content).unwrap();
    }
    let made = DevIssuer::open(scratch.path()).unwrap();
    assert_eq!(DevIssuer::open(scratch.path()).unwrap().key_set(), made.key_set());
    let mut left: Vec<_> = fs::read_dir(scratch.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["issuer.key", "issuer.key.lock"]);
}

#[test]
fn a_file_that_is_no_key_is_named_and_left_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("issuer.key");
    // A whole key of another kind: Ed25519.
    let other = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-----END PRIVATE KEY-----\n";
    for content in ["", "-----BEGIN PRIVATE KEY-----\n", "garbage", other, "\0"] {
        fs::write(&path, content).unwrap();
        let error = DevIssuer::open(scratch.path()).err().unwrap();
        assert!(matches!(error, IssuerError::Damaged { .. }), "{error}");
        assert!(
            error.to_string().starts_with(&format!("{} is no key ", path.display())),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    fs::write(&path, b"\xff").unwrap();
    assert!(matches!(
        DevIssuer::open(scratch.path()),
        Err(IssuerError::Damaged { .. })
    ));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(DevIssuer::open(scratch.path()), Err(IssuerError::Disk(_))));
}
