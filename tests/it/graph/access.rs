//! The door before Graph's wire format: every route of its table, in both versions, with every role.

use muster_core::access::{GRAPH_ROUTES, Party, Route};
use muster_core::party::PartnerKind;

use super::*;

const NOTHING: &str = "3c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21";

fn what(route: &Route, version: &str) -> String {
    let path = route
        .path
        .replace("{version}", version)
        .replace("{device}", NOTHING)
        .replace("{import}", NOTHING)
        .replace("{profile}", NOTHING)
        .replace("{assignment}", NOTHING)
        .replace("{event}", NOTHING);
    format!("{} {path}", route.method)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_whom_the_table_names() -> Result<()> {
    let place = Place::new().await?;
    for (id, kind) in [("contoso", PartnerKind::CspDirect), ("northwind", PartnerKind::Oem)] {
        let partner = place.world.partner(id, kind, None).await?;
        place.world.consent(place.tenant, &partner).await?;
    }
    for route in GRAPH_ROUTES {
        for version in ["v1.0", "beta"] {
            for role in Role::ALL {
                let who = match role.party() {
                    Party::Tenant => Who::OfTenant(place.tenant, role),
                    Party::Partner if role == Role::Oem => Who::OfPartner("northwind".parse()?, role),
                    Party::Partner => Who::OfPartner("contoso".parse()?, role),
                    Party::Service => Who::Service,
                };
                let what = what(route, version);
                let answer = place.send_as(&who, &what, &[], b"{\"nobodyKnowsThis\": true}").await?;
                let passes = route.roles.contains(&role);
                assert_eq!(answer.acting.is_some(), passes, "{role} on {what}: {answer:?}");
                if !passes {
                    assert_eq!(
                        (answer.status.as_u16(), &answer.body["error"]["code"]),
                        (403, &json!("Forbidden")),
                        "{role} on {what}"
                    );
                }
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_lets_in_who_shows_no_token() -> Result<()> {
    let place = Place::new().await?;
    for route in GRAPH_ROUTES {
        for token in [None, Some("Bearer x")] {
            let headers: Vec<(&str, &str)> = token.iter().map(|token| ("authorization", *token)).collect();
            let answer = place.api.send(&what(route, "beta"), &headers, Vec::new()).await?;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
            assert_eq!(answer.body["error"]["code"], "InvalidAuthenticationToken");
            assert!(answer.headers.contains_key("www-authenticate"));
            assert!(answer.acting.is_none());
        }
    }
    Ok(())
}

#[test]
fn the_page_tells_every_route() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = std::fs::read_to_string(root.join("docs/graph.md")).unwrap();
    for route in GRAPH_ROUTES {
        let path = route
            .path
            .trim_start_matches("/{version}/")
            .trim_start_matches("deviceManagement/");
        let row = format!("| `{} {path}` |", route.method);
        assert!(page.contains(&row), "docs/graph.md has no row {row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_page_tells_to_be_absent_is_answered_as_it_tells() -> Result<()> {
    let place = Place::new().await?;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("no root")?;
    let page = std::fs::read_to_string(root.join("docs/graph.md"))?;
    let (_, absent) = page.split_once("\nAbsent.").ok_or("no table")?;
    let table = absent.split("\n## ").next().unwrap_or_default();
    let mut walked = 0;
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (method, path) = cells[0].trim_matches('`').split_once(' ').ok_or(line)?;
        let status: u16 = cells[1].parse()?;
        let path = ["{device}", "{import}", "{profile}"]
            .iter()
            .fold(path.to_owned(), |path, name| path.replace(name, NOTHING));
        let folder = if path == "$metadata" { "" } else { "deviceManagement/" };
        for version in ["v1.0", "beta"] {
            let answer = place
                .send(&format!("{method} /{version}/{folder}{path}"), b"{}")
                .await?;
            assert_eq!(answer.status.as_u16(), status, "{line}: {answer:?}");
            assert!(!message(&answer).is_empty(), "{line}");
            walked += 1;
        }
    }
    assert!(walked >= 18, "{walked} absent operations");
    Ok(())
}
