//! Every role and every route.

use super::Role::{AdminAgent, Reader};
use super::*;

fn tenant(last: u8) -> TenantId {
    format!("1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a{last:02x}").parse().unwrap()
}

fn caller(role: Role) -> Caller {
    Caller {
        subject: "ada".to_owned(),
        tenant: (role.party() == Party::Tenant).then(|| tenant(1)),
        partner: (role.party() == Party::Partner).then(|| "contoso".parse().unwrap()),
        roles: BTreeSet::from([role]),
    }
}

#[test]
fn no_route_stands_twice_and_each_lets_somebody_pass_or_asks_nobody() {
    for (at, route) in ROUTES.iter().enumerate() {
        assert_eq!(route.roles.is_empty(), route.reach == Reach::Open, "{route:?}");
        assert_eq!(
            ROUTES
                .iter()
                .position(|r| r.method == route.method && r.path == route.path),
            Some(at),
            "{route:?}"
        );
    }
}

#[test]
fn every_role_passes_for_its_own_party_only() {
    let own: PartnerId = "contoso".parse().unwrap();
    let other: PartnerId = "fabrikam".parse().unwrap();
    for route in ROUTES {
        for role in Role::ALL {
            let caller = caller(role);
            let named = route.path.contains("{tenant}");
            let of_partner = route.path.contains("{partner}");
            let pass = |t: u8, p: &PartnerId| caller.pass(route, named.then(|| tenant(t)), of_partner.then_some(p));
            if !route.roles.contains(&role) {
                assert_eq!(pass(1, &own), Err(Refusal::Forbidden), "{route:?} {role}");
                assert_eq!(pass(2, &other), Err(Refusal::Forbidden), "{route:?} {role}");
                continue;
            }
            match role.party() {
                Party::Service => assert_eq!(pass(2, &other), Ok(Pass::Direct), "{route:?} {role}"),
                Party::Tenant => {
                    assert_eq!(pass(1, &other), Ok(Pass::Direct), "{route:?} {role}");
                    let elsewhere = if named { Err(Refusal::Hidden) } else { Ok(Pass::Direct) };
                    assert_eq!(pass(2, &own), elsewhere, "{route:?} {role}");
                }
                Party::Partner => {
                    let free = !named || route.reach == Reach::AnyTenant;
                    let expected = if free {
                        Pass::Direct
                    } else {
                        Pass::IfRelated(own.clone())
                    };
                    assert_eq!(pass(1, &own), Ok(expected), "{route:?} {role}");
                    if of_partner {
                        assert_eq!(pass(1, &other), Err(Refusal::Hidden), "{route:?} {role}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_caller_of_two_parties_passes_in_the_name_of_either() {
    let both = Caller {
        partner: Some("contoso".parse().unwrap()),
        roles: BTreeSet::from([Reader, AdminAgent]),
        ..caller(Reader)
    };
    let route = route_of("GET", "/v1/tenants/{tenant}/devices").unwrap();
    assert_eq!(both.pass(route, Some(tenant(1)), None), Ok(Pass::Direct));
    assert!(matches!(
        both.pass(route, Some(tenant(2)), None),
        Ok(Pass::IfRelated(_))
    ));
}

#[test]
fn names_of_roles_round_trip() {
    for role in Role::ALL {
        assert_eq!(role.as_str().parse::<Role>(), Ok(role));
        assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
    }
    assert!("Reader".parse::<Role>().is_err());
}
