//! Tokens that are not to be believed, each as near to a good one as can be.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

#[tokio::test]
async fn a_good_token_is_believed() {
    for signer in [Signer::ec("one"), Signer::rsa("two")] {
        for issuer in [ISSUER, TEMPLATE] {
            let verifier = verifier(issuer, Published::of(&[signer.public()]).source());
            for scheme in ["Bearer", "bearer", "BEARER "] {
                let headers = header_of(&format!("{scheme} {}", signer.sign(&good())));
                let caller = verifier.caller(&headers, noon()).await.unwrap();
                assert_eq!(caller.subject, "ada");
                assert_eq!(caller.tenant.unwrap().to_string(), TENANT);
            }
        }
    }
}

#[tokio::test]
async fn without_a_bearer_token_nobody_is_calling() {
    let signer = Signer::ec("one");
    let verifier = verifier(ISSUER, Published::of(&[signer.public()]).source());
    let token = signer.sign(&good());
    for headers in [
        HeaderMap::new(),
        header_of("Basic YWRhOnNlY3JldA=="),
        header_of(&format!("DPoP {token}")),
        header_of(&token),
        header_of("Bearer"),
        header_of("Bearer  "),
    ] {
        let refusal = verifier.caller(&headers, noon()).await;
        assert_eq!(refusal, Err(AuthError::Missing), "{headers:?}");
    }
}

/// The claims of a good token with one thing wrong, and why it is refused.
fn wrong_claims() -> Vec<(Value, &'static str)> {
    let long = "x".repeat(257);
    vec![
        (json!({"exp": after(-60).as_second()}), "it has expired"),
        (json!({"exp": null}), "it does not say when it expires"),
        (json!({"exp": after(3600).to_string()}), "its claims cannot be read"),
        (json!({"nbf": after(61).as_second()}), "it is not valid yet"),
        (json!({"nbf": "soon"}), "its claims cannot be read"),
        (json!({"aud": "api://other"}), "it is meant for another audience"),
        (
            json!({"aud": ["api://other", "api://muster/"]}),
            "it is meant for another audience",
        ),
        (json!({"aud": []}), "it is meant for another audience"),
        (json!({"aud": 7}), "it is meant for another audience"),
        (json!({"aud": null}), "it is meant for another audience"),
        (json!({"iss": "https://login.example/"}), "its issuer is not trusted"),
        (json!({"iss": format!("{ISSUER}/")}), "its issuer is not trusted"),
        (json!({"iss": TEMPLATE}), "its issuer is not trusted"),
        (json!({"iss": [ISSUER]}), "its claims cannot be read"),
        (json!({"iss": null}), "its claims cannot be read"),
        (json!({"tid": "contoso.example"}), "its tenant is no GUID"),
        (json!({"tid": TENANT.replace('-', "")}), "its tenant is no GUID"),
        (json!({"tid": ""}), "its tenant is no GUID"),
        (json!({"tid": 7}), "its claims cannot be read"),
        (json!({"oid": null, "sub": null}), "it names no subject"),
        (json!({"oid": "", "sub": ""}), "it names no subject"),
        (json!({"oid": long}), "its subject is longer than 256 characters"),
        (json!({"roles": [1]}), "its claims cannot be read"),
        (json!({"roles": {"reader": true}}), "its claims cannot be read"),
    ]
}

#[tokio::test]
async fn a_token_with_a_wrong_claim_is_refused() {
    for signer in [Signer::ec("one"), Signer::rsa("two")] {
        for issuer in [ISSUER, TEMPLATE] {
            let verifier = verifier(issuer, Published::of(&[signer.public()]).source());
            for (changes, why) in wrong_claims() {
                let token = signer.sign(&with(&good(), &changes));
                let result = verifier.caller(&bearing(&token), noon()).await;
                assert_eq!(refusal(result), why, "{issuer}: {changes}");
            }
        }
    }
}

#[tokio::test]
async fn under_a_template_the_tenant_makes_the_issuer() {
    let signer = Signer::ec("one");
    let verifier = verifier(TEMPLATE, Published::of(&[signer.public()]).source());
    for changes in [json!({"tid": OTHER}), json!({"tid": null})] {
        let token = signer.sign(&with(&good(), &changes));
        let result = verifier.caller(&bearing(&token), noon()).await;
        assert_eq!(refusal(result), "its issuer is not trusted", "{changes}");
    }
    let elsewhere = json!({"tid": OTHER, "iss": ISSUER.replace(TENANT, OTHER)});
    let token = signer.sign(&with(&good(), &elsewhere));
    let caller = verifier.caller(&bearing(&token), noon()).await.unwrap();
    assert_eq!(caller.tenant.unwrap().to_string(), OTHER);
}

#[tokio::test]
async fn a_token_that_another_signed_is_refused() {
    let (one, two) = (Signer::ec("one"), Signer::rsa("two"));
    let keys = [one.public(), two.public()];
    let verifier = verifier(ISSUER, Published::of(&keys).source());
    let good = good();
    let named = |id: Option<&str>, algorithm: &str| json!({"typ": "JWT", "alg": algorithm, "kid": id});
    let unsigned = |algorithm: &str| format!("{}.{}", part(&named(Some("one"), algorithm)), part(&good));
    let (signed, signature) = one
        .sign(&good)
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let nameless = Signer {
        id: None,
        ..Signer::ec("one")
    };
    let misnamed = Signer {
        id: Some("two".to_owned()),
        ..Signer::ec("one")
    };
    let not_ours = "it is no JSON Web Token signed with RS256 or ES256";
    let mut table = vec![
        (
            "another's key of this name",
            Signer::ec("one").sign(&good),
            "its signature is not that of its key",
        ),
        (
            "a name of nobody",
            Signer::ec("three").sign(&good),
            "its key is not one of the issuer",
        ),
        (
            "no name",
            nameless.sign(&good),
            "it does not name its key, and the issuer has several",
        ),
        (
            "the name of a key for something else",
            misnamed.sign(&good),
            "it is signed with another algorithm than its key is for",
        ),
        ("alg none", format!("{}.", unsigned("none")), not_ours),
        ("alg None", format!("{}.", unsigned("None")), not_ours),
        (
            "alg none, signed",
            format!("{}.{signature}", unsigned("none")),
            not_ours,
        ),
        ("alg ES384", format!("{}.{signature}", unsigned("ES384")), not_ours),
        ("alg PS256", format!("{}.{signature}", unsigned("PS256")), not_ours),
        (
            "no signature",
            format!("{signed}."),
            "its signature is not that of its key",
        ),
        (
            "half a signature",
            format!("{signed}.{}", &signature[..40]),
            "its signature is not that of its key",
        ),
        (
            "a signature that is no base64",
            format!("{signed}.{signature}="),
            "it is no JSON Web Token",
        ),
        (
            "the signature of another token",
            format!("{}.{signature}", unsigned("ES256")),
            "its signature is not that of its key",
        ),
        ("two parts", signed.clone(), not_ours),
        ("four parts", format!("{signed}.{signature}.{signature}"), not_ours),
        ("garbage", "garbage".to_owned(), not_ours),
        ("dots", "..".to_owned(), not_ours),
        (
            "a name that is no text",
            format!(
                "{}.{}.{signature}",
                part(&json!({"alg": "ES256", "kid": 1})),
                part(&good)
            ),
            not_ours,
        ),
        (
            "too long",
            one.sign(&with(&good, &json!({"padding": "x".repeat(16 * 1024)}))),
            "it is longer than 16 KiB",
        ),
    ];
    // Who takes a public key for a secret would believe whoever knows it, and that is everybody.
    for (key, id) in keys.iter().zip(["one", "two"]) {
        let texts = ["x", "y", "n"]
            .into_iter()
            .filter_map(|member| key.get(member))
            .map(|text| text.as_str().unwrap());
        let raw = texts.clone().map(|text| URL_SAFE_NO_PAD.decode(text).unwrap());
        let secrets = raw
            .chain(texts.clone().map(|text| text.as_bytes().to_vec()))
            .chain([key.to_string().into_bytes()]);
        for secret in secrets {
            let mut header = Header::new(Algorithm::HS256);
            header.kid = Some(id.to_owned());
            let token = encode(&header, &good, &EncodingKey::from_secret(&secret).unwrap()).unwrap();
            table.push(("HS256 with the public key", token, not_ours));
        }
    }
    for (what, token, why) in table {
        assert_eq!(refusal(verifier.caller(&bearing(&token), noon()).await), why, "{what}");
    }
}

#[tokio::test]
async fn a_token_with_any_character_changed_is_refused() {
    let signer = Signer::ec("one");
    let verifier = verifier(ISSUER, Published::of(&[signer.public()]).source());
    let token = signer.sign(&good());
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let result = verifier.caller(&bearing(&changed), noon()).await;
        assert!(
            matches!(result, Err(AuthError::Invalid(_))),
            "character {at}: {result:?}"
        );
    }
}

#[tokio::test]
async fn clocks_may_be_a_minute_apart() {
    let signer = Signer::ec("one");
    let verifier = verifier(ISSUER, Published::of(&[signer.public()]).source());
    let (from, to) = (noon().as_second(), after(3600).as_second());
    let fractions = json!({"nbf": from as f64 + 0.5, "exp": to as f64 + 0.5});
    for (changes, now, good_then) in [
        (json!({}), after(-61), Err("it is not valid yet")),
        (json!({}), after(-60), Ok(())),
        (json!({}), after(3659), Ok(())),
        (json!({}), after(3660), Err("it has expired")),
        (fractions.clone(), after(-60), Err("it is not valid yet")),
        (fractions, after(3660), Ok(())),
        (json!({"nbf": null}), after(-86_400), Ok(())),
        (json!({"exp": 0}), noon(), Err("it has expired")),
        (json!({"exp": -1}), noon(), Err("it has expired")),
        (json!({"exp": 1e300}), noon(), Ok(())),
    ] {
        let token = signer.sign(&with(&super::good(), &changes));
        let result = verifier.caller(&bearing(&token), now).await;
        let result = result.map(drop).map_err(|error| refusal(Err(error)));
        assert_eq!(result, good_then, "{changes} at {now}");
    }
}

#[tokio::test]
async fn a_key_that_is_of_one_issuer_signs_for_no_other() {
    let (one, two, three) = (Signer::ec("one"), Signer::ec("two"), Signer::ec("three"));
    let of = |signer: &Signer, issuer: Value| with(&signer.public(), &json!({ "issuer": issuer }));
    let published = Published::of(&[
        of(&one, json!(TEMPLATE)),
        of(&two, json!(ISSUER.replace(TENANT, OTHER))),
        of(&three, json!(7)),
    ]);
    for issuer in [ISSUER, TEMPLATE] {
        let verifier = verifier(issuer, published.source());
        let call = async |signer: &Signer| verifier.caller(&bearing(&signer.sign(&good())), noon()).await;
        call(&one).await.unwrap();
        assert_eq!(refusal(call(&two).await), "its key is of another issuer");
        assert_eq!(
            refusal(call(&three).await),
            "its key is not one of the issuer",
            "one that cannot be told"
        );
    }
}

#[tokio::test]
async fn keys_for_something_else_are_passed_over() {
    let signer = Signer::ec("one");
    let key = signer.public();
    let (x, y) = (key["x"].clone(), key["y"].clone());
    let short = URL_SAFE_NO_PAD.encode([0xff; 128]);
    for other in [
        with(&key, &json!({"use": "enc"})),
        with(&key, &json!({"alg": "ES384"})),
        with(&key, &json!({"alg": "none"})),
        with(&key, &json!({"crv": "P-384"})),
        with(&key, &json!({"x": "*"})),
        with(&key, &json!({"x": null})),
        with(&key, &json!({"use": null, "key_ops": ["sign"]})),
        json!({"kid": "one", "kty": "oct", "k": x}),
        json!({"kid": "one", "kty": "OKP", "crv": "Ed25519", "x": y}),
        json!({"kid": "one", "kty": "RSA", "n": short, "e": "AQAB"}),
        json!({"kid": "one", "kty": "new"}),
        json!("one"),
        json!(null),
    ] {
        let verifier = verifier(ISSUER, Published::of(std::slice::from_ref(&other)).source());
        let result = verifier.caller(&bearing(&signer.sign(&good())), noon()).await;
        assert_eq!(refusal(result), "its key is not one of the issuer", "{other}");
    }
    // Beside them, one that needs no name, and two of the same name.
    let nameless = Signer {
        id: None,
        ..Signer::ec("one")
    };
    let unused = with(&key, &json!({"use": "enc"}));
    let verifier_of = |keys: &[Value]| verifier(ISSUER, Published::of(keys).source());
    let alone = verifier_of(&[unused, nameless.public()]);
    alone.caller(&bearing(&nameless.sign(&good())), noon()).await.unwrap();
    let twins = verifier_of(&[Signer::ec("one").public(), Signer::rsa("one").public(), key]);
    twins.caller(&bearing(&signer.sign(&good())), noon()).await.unwrap();
}

#[tokio::test]
async fn a_request_with_two_tokens_has_none() {
    let signer = Signer::ec("one");
    let verifier = verifier(ISSUER, Published::of(&[signer.public()]).source());
    let mut headers = bearing(&signer.sign(&good()));
    let first = headers[AUTHORIZATION].clone();
    headers.append(AUTHORIZATION, first);
    let result = verifier.caller(&headers, noon()).await;
    assert_eq!(refusal(result), "the request has several authorization headers");
    let bytes = HeaderValue::from_bytes(b"Bearer \xff").unwrap();
    let result = verifier
        .caller(&HeaderMap::from_iter([(AUTHORIZATION, bytes)]), noon())
        .await;
    assert_eq!(
        refusal(result),
        "the authorization header holds characters that no token has"
    );
}
