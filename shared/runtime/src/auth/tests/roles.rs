//! Which roles a token gives, and for whom; and which issuer the environment names.

use muster_core::access::GLOBAL_ADMINISTRATOR;

use super::*;
use crate::env::Env;

async fn caller(issuer: &str, operator: Option<&str>, changes: &Value) -> Result<Caller, AuthError> {
    static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::ec("one"));
    let verifier = Verifier::new(Trusted {
        issuer: Issuer::parse(issuer).unwrap(),
        audiences: vec!["other".to_owned(), AUDIENCE.to_owned()],
        operator: operator.map(|id| id.parse().unwrap()),
        keys: Published::of(&[SIGNER.public()]).source(),
    });
    let token = SIGNER.sign(&with(&good(), changes));
    verifier.caller(&bearing(&token), noon()).await
}

/// Roles, then the tenant and the partner that they hold for.
fn told(caller: &Caller) -> String {
    let roles: Vec<&str> = caller.roles.iter().map(|role| role.as_str()).collect();
    let tenant = caller.tenant.map_or("-".to_owned(), |id| id.to_string());
    let partner = caller.partner.as_ref().map_or("-", |id| id.as_str());
    format!(
        "{} {} {}",
        roles.join(","),
        tenant.replace(TENANT, "T"),
        partner.replace(TENANT, "T")
    )
}

#[tokio::test]
async fn a_token_gives_the_roles_that_its_issuer_may_give() {
    let all: Vec<&str> = muster_core::access::Role::ALL
        .iter()
        .map(|role| role.as_str())
        .collect();
    let of_tenant = "tenant-administrator,consent-approver,device-administrator,reader,mdm-service";
    let of_partner = "admin-agent,sales-agent,oem";
    let (fixed, template) = ("urn:example:issuer", TEMPLATE);
    let global = json!([
        GLOBAL_ADMINISTRATOR.to_uppercase(),
        "b79fbf4d-3ef9-4689-8143-76b194e85509"
    ]);
    for (issuer, operator, changes, expected) in [
        // Everything from an issuer that the operator runs, for whom the token names.
        (
            fixed,
            None,
            json!({"roles": all}),
            format!("{of_tenant},service-administrator T -"),
        ),
        (
            fixed,
            None,
            json!({"roles": all, "partner": "Contoso"}),
            format!("{of_tenant},{of_partner},service-administrator T contoso"),
        ),
        (
            fixed,
            None,
            json!({"roles": all, "partner": "contoso", "tid": null}),
            format!("{of_partner},service-administrator - contoso"),
        ),
        (
            fixed,
            None,
            json!({"roles": all, "tid": null}),
            "service-administrator - -".to_owned(),
        ),
        (
            fixed,
            Some(OTHER),
            json!({"roles": all}),
            format!("{of_tenant},service-administrator T -"),
        ),
        // Of many tenants, each speaks for itself.
        (
            template,
            None,
            json!({"roles": all}),
            format!("{of_tenant},{of_partner} T T"),
        ),
        (
            template,
            None,
            json!({"roles": all, "partner": "contoso"}),
            format!("{of_tenant},{of_partner} T T"),
        ),
        (
            template,
            Some(OTHER),
            json!({"roles": all}),
            format!("{of_tenant},{of_partner} T T"),
        ),
        (
            template,
            Some(TENANT),
            json!({"roles": all}),
            format!("{of_tenant},{of_partner},service-administrator T T"),
        ),
        (
            template,
            None,
            json!({"roles": ["service-administrator"]}),
            " - -".to_owned(),
        ),
        (
            template,
            None,
            json!({"roles": ["admin-agent"]}),
            "admin-agent - T".to_owned(),
        ),
        // Entra's own role.
        (
            template,
            None,
            json!({"roles": null, "wids": global}),
            "tenant-administrator T -".to_owned(),
        ),
        (
            fixed,
            None,
            json!({"roles": null, "wids": global, "tid": null}),
            " - -".to_owned(),
        ),
        (
            template,
            None,
            json!({"wids": ["b79fbf4d-3ef9-4689-8143-76b194e85509"]}),
            "reader T -".to_owned(),
        ),
        (
            template,
            None,
            json!({"roles": [GLOBAL_ADMINISTRATOR]}),
            " - -".to_owned(),
        ),
        (
            template,
            None,
            json!({"wids": "62e90394", "roles": null}),
            " - -".to_owned(),
        ),
        // Names that are no roles, and the forms that the claim has.
        (
            template,
            None,
            json!({"roles": ["Reader", "owner", "", "reader"]}),
            "reader T -".to_owned(),
        ),
        (template, None, json!({"roles": "reader"}), "reader T -".to_owned()),
        (template, None, json!({"roles": []}), " - -".to_owned()),
        (template, None, json!({"roles": null}), " - -".to_owned()),
    ] {
        let iss = if issuer == fixed { fixed } else { ISSUER };
        let changes = with(&changes, &json!({"iss": iss}));
        let caller = caller(issuer, operator, &changes).await.unwrap();
        assert_eq!(told(&caller), expected, "{issuer} {operator:?} {changes}");
    }
}

#[tokio::test]
async fn the_subject_is_the_same_for_all_applications_where_there_is_such_a_name() {
    let longest = "ä".repeat(256);
    for (changes, expected) in [
        (json!({}), "ada"),
        (json!({"oid": null}), "pairwise"),
        (json!({"oid": ""}), "pairwise"),
        (json!({"sub": null}), "ada"),
        (json!({ "oid": longest }), longest.as_str()),
    ] {
        assert_eq!(
            caller(ISSUER, None, &changes).await.unwrap().subject,
            expected,
            "{changes}"
        );
    }
}

#[tokio::test]
async fn a_partner_that_is_none_is_refused_where_it_would_be_believed() {
    for partner in ["", "-", "a/b", "a\u{0}", &"x".repeat(65)] {
        let changes = json!({ "partner": partner });
        assert_eq!(
            refusal(caller(ISSUER, None, &changes).await),
            "its partner is no partner id"
        );
        caller(TEMPLATE, None, &changes).await.unwrap();
    }
}

#[test]
fn the_environment_names_the_issuer() {
    let env = Env::from([
        ("OIDC_ISSUER", TEMPLATE),
        ("OIDC_AUDIENCE", "api://muster, 00000000-0000-0000-0000-000000000001"),
        ("OIDC_KEYS", "https://login.example/common/discovery/v2.0/keys"),
        ("OIDC_OPERATOR_TENANT", TENANT),
    ]);
    let trusted = Trusted::from_env(&env).unwrap();
    assert_eq!(trusted.issuer, Issuer::Template(TEMPLATE.to_owned()));
    assert_eq!(
        trusted.audiences,
        ["api://muster", "00000000-0000-0000-0000-000000000001"]
    );
    assert_eq!(trusted.operator.unwrap().to_string(), TENANT);
    assert_eq!(
        format!("{:?}", trusted.keys),
        "KeySource(https://login.example/common/discovery/v2.0/keys)"
    );
}

#[test]
fn what_is_wrong_in_the_environment_is_named() {
    let keys = "the keys are fetched by https, or from this machine";
    let not_set = |name: &str| format!("environment variable {name}: not set");
    let of = |changes: &[(&'static str, &'static str)]| {
        let mut all = [
            ("OIDC_ISSUER", "https://login.example"),
            ("OIDC_AUDIENCE", "muster"),
            ("OIDC_KEYS", "https://login.example/keys"),
            ("OIDC_OPERATOR_TENANT", ""),
        ];
        for (name, value) in &mut all {
            if let Some((_, changed)) = changes.iter().find(|(changed, _)| changed == name) {
                *value = changed;
            }
        }
        Trusted::from_env(&Env::from(all))
            .map(|trusted| trusted.issuer)
            .map_err(|error| error.to_string())
    };
    assert_eq!(of(&[]), Ok(Issuer::Fixed("https://login.example".to_owned())));
    for url in [
        "http://127.0.0.1:80/keys",
        "http://[::1]/keys",
        "http://localhost:1/",
        "https://10.0.0.1",
    ] {
        assert!(of(&[("OIDC_KEYS", url)]).is_ok(), "{url}");
    }
    for name in ["OIDC_ISSUER", "OIDC_AUDIENCE", "OIDC_KEYS"] {
        assert_eq!(of(&[(name, "")]), Err(not_set(name)));
    }
    for (name, value, why) in [
        (
            "OIDC_ISSUER",
            "https://login.example/{tenant}",
            "the only placeholder is {tenantid}",
        ),
        (
            "OIDC_ISSUER",
            "https://login.example/{tenantid}/{}",
            "the only placeholder is {tenantid}",
        ),
        ("OIDC_AUDIENCE", " , ", "names nobody"),
        ("OIDC_KEYS", "http://login.example/keys", keys),
        ("OIDC_KEYS", "http://127.0.0.1.example/keys", keys),
        ("OIDC_KEYS", "file:///etc/keys", "it is no URL"),
        ("OIDC_KEYS", "login.example/keys", "it is no URL"),
        ("OIDC_KEYS", "login.example", keys),
    ] {
        assert_eq!(
            of(&[(name, value)]),
            Err(format!("environment variable {name}: {why}")),
            "{value}"
        );
    }
    let error = of(&[("OIDC_OPERATOR_TENANT", "contoso")]).unwrap_err();
    assert!(
        error.starts_with("environment variable OIDC_OPERATOR_TENANT: `contoso` is no tenant id: "),
        "{error}"
    );
}
