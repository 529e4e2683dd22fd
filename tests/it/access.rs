//! The door of the HTTP functions: every route of the table, with every role, from inside and from outside.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use journeys::api::{Answer, Api, Who};
use journeys::world::{FABRIKAM, TAILSPIN, World};
use muster_core::access::{Party, ROUTES, Reach, Role, Route};
use muster_core::party::PartnerKind;
use muster_local::issuer::{AUDIENCE, DevIssuer, NAME, TokenRequest};
use muster_runtime::auth::{Issuer, KeySource, Trusted, Verifier};
use serde_json::{Value, json};

/// A tenant that nobody made known.
const NOBODY: &str = "3c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21";
const UPLOAD: &str = "u-AAAAAAAAAAAAAAAAAAAA";
const DEVICE: &str = "1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f";
const PROFILE: &str = "2c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f";

/// What a route names.
#[derive(Clone, Copy)]
struct Named<'a> {
    tenant: &'a str,
    partner: &'a str,
}

fn path(route: &Route, named: Named<'_>) -> String {
    let path = route
        .path
        .replace("{tenant}", named.tenant)
        .replace("{partner}", named.partner);
    format!(
        "{} {}",
        route.method,
        path.replace("{upload}", UPLOAD)
            .replace("{device}", DEVICE)
            .replace("{profile}", PROFILE)
            .replace("{entry}", DEVICE)
    )
}

/// The partner that a role acts for here.
fn partner_of(role: Role) -> &'static str {
    match role {
        Role::Oem => "northwind",
        _ => "contoso",
    }
}

fn who(role: Role) -> Who {
    match role.party() {
        Party::Tenant => Who::OfTenant(FABRIKAM.parse().unwrap(), role),
        Party::Partner => Who::OfPartner(partner_of(role).parse().unwrap(), role),
        Party::Service => Who::Service,
    }
}

/// Two tenants, of which one has to do with two partners, and a third partner with whom nobody has.
async fn world() -> World {
    let world = World::new().await.unwrap();
    let fabrikam = world.tenant("Fabrikam", FABRIKAM).await.unwrap();
    world.tenant("Tailspin", TAILSPIN).await.unwrap();
    for (id, kind) in [("contoso", PartnerKind::CspDirect), ("northwind", PartnerKind::Oem)] {
        let partner = world.partner(id, kind, None).await.unwrap();
        world.consent(fabrikam, &partner).await.unwrap();
    }
    world.partner("stranger", PartnerKind::CspDirect, None).await.unwrap();
    world
}

async fn ask(api: &Api, world: &World, who: &Who, what: &str) -> Answer {
    // A member that nobody knows: nothing is changed, whoever passes.
    let body = if what.starts_with("GET") || what.starts_with("DELETE") {
        Value::Null
    } else {
        json!({ "nobodyKnowsThis": true })
    };
    api.ask(who, world, what, &[], &body).await.unwrap()
}

#[tokio::test]
async fn every_route_lets_in_whom_the_table_names_and_hides_what_is_none_of_their_business() {
    let world = world().await;
    let api = Api::over(&world).unwrap();
    let mut walked = 0;
    for route in ROUTES {
        for role in Role::ALL {
            if route.reach == Reach::Open {
                // A good token counts for as little as none.
                let what = format!("{} {}", route.method, route.path);
                let answer = ask(&api, &world, &who(role), &what).await;
                let headers = [("content-type", "application/json")];
                let body = br#"{"nobodyKnowsThis":true}"#.to_vec();
                let without = api.send(&what, &headers, body).await.unwrap();
                assert_eq!(
                    (answer.status.as_u16(), answer.acting.is_none()),
                    (400, true),
                    "{answer:?}"
                );
                assert_eq!(answer.bytes, without.bytes, "{what}");
                walked += 1;
                continue;
            }
            let (who, own) = (
                who(role),
                Named {
                    tenant: FABRIKAM,
                    partner: partner_of(role),
                },
            );
            let context = |what: &str, answer: &Answer| format!("{role} on {what}: {answer:?}");
            let inside = path(route, own);
            let answer = ask(&api, &world, &who, &inside).await;
            walked += 1;
            if !route.roles.contains(&role) {
                for named in [
                    own,
                    Named {
                        tenant: TAILSPIN,
                        ..own
                    },
                    Named { tenant: NOBODY, ..own },
                ] {
                    let what = path(route, named);
                    let answer = ask(&api, &world, &who, &what).await;
                    assert_eq!(answer.status.as_u16(), 403, "{}", context(&what, &answer));
                    assert_eq!(answer.body["code"], "forbidden", "{}", context(&what, &answer));
                    assert!(answer.acting.is_none(), "{}", context(&what, &answer));
                }
                continue;
            }
            assert!(answer.acting.is_some(), "{}", context(&inside, &answer));
            let (of_tenant, of_partner) = (route.path.contains("{tenant}"), route.path.contains("{partner}"));
            let mut outside = Vec::new();
            if of_tenant && (role.party() == Party::Tenant || route.reach == Reach::Related) {
                outside.push(Named {
                    tenant: TAILSPIN,
                    ..own
                });
            }
            if of_partner && role.party() == Party::Partner {
                outside.push(Named {
                    partner: "stranger",
                    ..own
                });
            }
            for named in outside {
                let what = path(route, named);
                let answer = ask(&api, &world, &who, &what).await;
                if role.party() == Party::Service {
                    assert!(answer.acting.is_some(), "{}", context(&what, &answer));
                    continue;
                }
                assert!(answer.acting.is_none(), "{}", context(&what, &answer));
                let nobody = path(
                    route,
                    Named {
                        tenant: NOBODY,
                        partner: "nobody",
                    },
                );
                let nothing = ask(&api, &world, &who, &nobody).await;
                assert_eq!(answer.status.as_u16(), 404, "{}", context(&what, &answer));
                assert_eq!((answer.status, &answer.body), (nothing.status, &nothing.body), "{what}");
            }
        }
    }
    assert_eq!(walked, ROUTES.len() * Role::ALL.len());
}

#[tokio::test]
async fn a_manufacturers_people_are_no_agents_of_a_csp_whatever_they_call_themselves() {
    let world = world().await;
    let api = Api::over(&world).unwrap();
    for (partner, roles) in [
        ("northwind", &[Role::AdminAgent, Role::SalesAgent][..]),
        ("contoso", &[Role::Oem][..]),
    ] {
        for role in roles {
            let who = Who::OfPartner(partner.parse().unwrap(), *role);
            let named = Named {
                tenant: FABRIKAM,
                partner,
            };
            for route in ROUTES.iter().filter(|route| route.roles.contains(role)) {
                let what = path(route, named);
                let answer = ask(&api, &world, &who, &what).await;
                assert_eq!(answer.status.as_u16(), 403, "{role} of {partner} on {what}: {answer:?}");
                assert!(answer.acting.is_none(), "{role} of {partner} on {what}");
            }
        }
    }
}

#[tokio::test]
async fn no_route_lets_in_whose_token_is_not_good() {
    let world = world().await;
    let issuer = DevIssuer::in_memory().unwrap();
    let api = Api::with(&world, issuer.clone(), issuer.verifier());
    let keys = issuer.key_set().to_string().into_bytes();
    let for_others = Api::with(
        &world,
        issuer.clone(),
        Verifier::new(Trusted {
            issuer: Issuer::Fixed(NAME.to_owned()),
            audiences: vec!["others".to_owned()],
            operator: None,
            keys: KeySource::given(move || keys.clone()),
        }),
    );
    let request = TokenRequest {
        subject: "ada".to_owned(),
        tenant: Some(FABRIKAM.parse().unwrap()),
        partner: Some("contoso".parse().unwrap()),
        roles: BTreeSet::from(Role::ALL),
        lifetime: SignedDuration::from_hours(1),
    };
    let good = issuer.token(&request, world.now()).unwrap();
    let of_oem = TokenRequest {
        partner: Some("northwind".parse().unwrap()),
        ..request.clone()
    };
    let of_oem = issuer.token(&of_oem, world.now()).unwrap();
    let long_ago = world.now().checked_sub(SignedDuration::from_hours(2)).unwrap();
    let soon = world.now().checked_add(SignedDuration::from_hours(1)).unwrap();
    let other = DevIssuer::in_memory().unwrap();
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "iss": NAME, "aud": AUDIENCE, "sub": "ada", "tid": FABRIKAM, "roles": Role::ALL,
        "exp": world.now().as_second() + 3600,
    });
    let unsigned = format!("{}.{}.", encode(json!({ "alg": "none", "typ": "JWT" })), encode(claims));
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    let cases = [
        ("no token", &api, None),
        ("a token that is none", &api, bearer("x")),
        ("expired", &api, bearer(&issuer.token(&request, long_ago).unwrap())),
        ("not good yet", &api, bearer(&issuer.token(&request, soon).unwrap())),
        ("for somebody else", &for_others, bearer(&good)),
        ("unsigned", &api, bearer(&unsigned)),
        (
            "key of another issuer",
            &api,
            bearer(&other.token(&request, world.now()).unwrap()),
        ),
    ];
    for route in ROUTES {
        // Some routes are for manufacturers alone.
        let (partner, good) = match route.roles.contains(&Role::Oem) && !route.roles.contains(&Role::AdminAgent) {
            true => ("northwind", &of_oem),
            false => ("contoso", &good),
        };
        let named = Named {
            tenant: FABRIKAM,
            partner,
        };
        let what = path(route, named);
        if route.reach == Reach::Open {
            for (case, api, token) in &cases {
                let headers: Vec<(&str, &str)> = token.iter().map(|token| ("authorization", token.as_str())).collect();
                let answer = api.send(&what, &headers, Vec::new()).await.unwrap();
                assert_ne!(answer.status.as_u16(), 401, "{case} on {what}: {answer:?}");
                assert!(answer.acting.is_none(), "{case} on {what}");
            }
            continue;
        }
        let headers = [("authorization", format!("Bearer {good}"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = api.send(&what, &headers, Vec::new()).await.unwrap();
        assert!(answer.acting.is_some(), "the good token on {what}: {answer:?}");
        for (case, api, token) in &cases {
            let headers: Vec<(&str, &str)> = token.iter().map(|token| ("authorization", token.as_str())).collect();
            let answer = api.send(&what, &headers, Vec::new()).await.unwrap();
            assert_eq!(answer.status.as_u16(), 401, "{case} on {what}: {answer:?}");
            assert_eq!(answer.body["code"], "unauthenticated", "{case} on {what}");
            assert!(answer.headers.contains_key("www-authenticate"), "{case} on {what}");
            assert!(answer.acting.is_none(), "{case} on {what}");
        }
    }
}
