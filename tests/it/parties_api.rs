//! Tenants and partners over HTTP.

use journeys::api::{Answer, Api, Who};
use journeys::world::{FABRIKAM, Result, World};
use muster_core::access::Role;
use serde_json::{Value, json};

async fn ask(place: &(World, Api), what: &str, body: &Value) -> Result<Answer> {
    place.1.ask(&Who::Service, &place.0, what, &[], body).await
}

async fn place() -> Result<(World, Api)> {
    let world = World::new().await?;
    let api = Api::over(&world)?;
    Ok((world, api))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_made_known_once_and_its_licence_is_recorded() -> Result<()> {
    let place = place().await?;
    let sent = json!({"id": FABRIKAM, "name": "Fabrikam"});
    let made = ask(&place, "POST /v1/tenants", &sent).await?;
    assert_eq!((made.status.as_u16(), &made.body["version"]), (201, &json!(1)));
    assert_eq!(made.headers["location"], format!("/v1/tenants/{FABRIKAM}").as_str());
    place.0.wait(5);
    for same in [sent.clone(), json!({"name": "FABRIKAM"})] {
        let again = ask(&place, "POST /v1/tenants", &same).await?;
        assert_eq!((again.status.as_u16(), &again.body), (200, &made.body));
    }
    for other in [
        json!({"id": FABRIKAM, "name": "Tailspin"}),
        json!({"id": "2c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21", "name": "fabrikam"}),
        json!({"id": FABRIKAM, "name": "Fabrikam", "licensed": true}),
    ] {
        let answer = ask(&place, "POST /v1/tenants", &other).await?;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["code"]),
            (409, &json!("conflict")),
            "{other}"
        );
    }

    let path = format!("/v1/tenants/{FABRIKAM}");
    let patch = json!({"licensed": true});
    let what = format!("PATCH {path}");
    let stale = place
        .1
        .ask(&Who::Service, &place.0, &what, &[("if-match", "\"9\"")], &patch);
    assert_eq!(stale.await?.status.as_u16(), 412);
    for _ in 0..2 {
        let done = ask(&place, &format!("PATCH {path}"), &patch).await?;
        assert_eq!(
            (&done.body["licensed"], &done.body["version"]),
            (&json!(true), &json!(2))
        );
        assert_eq!(done.headers["etag"], "\"2\"");
    }
    let unchanged = ask(&place, &format!("PATCH {path}"), &json!({})).await?;
    assert_eq!(unchanged.body["version"], 2);
    let cleared = ask(&place, &format!("PATCH {path}"), &json!({"licensed": null})).await?;
    assert_eq!(
        (cleared.body.get("licensed"), &cleared.body["version"]),
        (None, &json!(3))
    );
    let reader = Who::OfTenant(FABRIKAM.parse()?, Role::Reader);
    let seen = place
        .1
        .ask(&reader, &place.0, &format!("GET {path}"), &[], &Value::Null)
        .await?;
    assert_eq!((seen.status.as_u16(), &seen.body), (200, &cleared.body));
    let report = place.0.embedded.fsck().check(place.0.now()).await?;
    assert!(report.is_clean(), "{:?}", report.findings);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_a_tenant_are_declared_changed_and_taken_back_one_by_one() -> Result<()> {
    const ONE: &str = "bbbbbbbb-0000-4000-8000-000000000002";
    const OTHER: &str = "cccccccc-0000-4000-8000-000000000002";
    let place = place().await?;
    ask(&place, "POST /v1/tenants", &json!({"id": FABRIKAM, "name": "Fabrikam"})).await?;
    let path = format!("/v1/tenants/{FABRIKAM}");
    let what = format!("PATCH {path}");
    let admin = Who::OfTenant(FABRIKAM.parse()?, Role::TenantAdministrator);
    let groups = async |groups: Value| {
        let body = json!({ "groups": groups });
        place.1.ask(&admin, &place.0, &what, &[], &body).await
    };
    for (sent, kept, version) in [
        (json!({}), None, 1),
        (json!({ONE.to_uppercase(): " Office "}), Some(json!({ONE: "Office"})), 2),
        (json!({ONE: "Office"}), Some(json!({ONE: "Office"})), 2),
        (
            json!({OTHER: "Office"}),
            Some(json!({ONE: "Office", OTHER: "Office"})),
            3,
        ),
        (json!({ONE: null, OTHER: "Kiosk"}), Some(json!({OTHER: "Kiosk"})), 4),
        (json!({ONE: null}), Some(json!({OTHER: "Kiosk"})), 4),
        (json!({OTHER: null}), None, 5),
        (json!({OTHER: "Kiosk"}), Some(json!({OTHER: "Kiosk"})), 6),
    ] {
        let answer = groups(sent.clone()).await?;
        assert_eq!(answer.status.as_u16(), 200, "{sent}: {}", answer.body);
        assert_eq!(
            (answer.body.get("groups"), &answer.body["version"]),
            (kept.as_ref(), &json!(version)),
            "{sent}"
        );
        let shown = ask(&place, &format!("GET {path}"), &Value::Null).await?;
        assert_eq!(shown.body, answer.body);
    }
    for (sent, at) in [
        (json!({"sales": "Sales"}), "groups.sales"),
        (json!({ONE: ""}), &*format!("groups.{ONE}")),
        (json!({ONE: "x".repeat(129)}), &*format!("groups.{ONE}")),
        (
            json!({"adadadad-808e-44e2-905a-0b7873a8a531": "All"}),
            "groups.adadadad-808e-44e2-905a-0b7873a8a531",
        ),
        (json!({ONE: 7}), &*format!("groups.{ONE}")),
        (Value::Null, "groups"),
    ] {
        let answer = groups(sent.clone()).await?;
        assert_eq!(answer.status.as_u16(), 400, "{sent}: {}", answer.body);
        assert_eq!(answer.body["errors"][0]["path"], at, "{sent}: {}", answer.body);
    }
    // All that is wrong is told.
    let body = json!({"domain": "contoso", "groups": {"sales": "Sales", ONE: ""}});
    let answer = place.1.ask(&admin, &place.0, &what, &[], &body).await?;
    assert_eq!(
        answer.body["errors"].as_array().map(Vec::len),
        Some(3),
        "{}",
        answer.body
    );
    let stale = [("if-match", "\"5\"")];
    let body = json!({"groups": {ONE: "Office"}});
    let answer = place.1.ask(&admin, &place.0, &what, &stale, &body).await?;
    assert_eq!(answer.status.as_u16(), 412, "{}", answer.body);
    let other = Who::OfTenant(FABRIKAM.parse()?, Role::DeviceAdministrator);
    let answer = place.1.ask(&other, &place.0, &what, &[], &body).await?;
    assert_eq!(answer.status.as_u16(), 403, "{}", answer.body);

    // 200, and no more.
    let of = |n: usize| (format!("dddddddd-0000-4000-8000-{n:012}"), json!(format!("Tag {n}")));
    let many: serde_json::Map<String, Value> = (0..200).map(of).collect();
    let answer = groups(Value::Object(many.clone())).await?;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["errors"][0]["path"]),
        (400, &json!("groups")),
        "one is there already: {}",
        answer.body
    );
    groups(json!({OTHER: null})).await?;
    let answer = groups(Value::Object(many)).await?;
    assert_eq!(answer.body["groups"].as_object().map(serde_json::Map::len), Some(200));
    let answer = groups(json!({ONE: "Office"})).await?;
    assert_eq!(answer.status.as_u16(), 400, "{}", answer.body);
    for list in ["GET /v1/tenants", "GET /v1/tenants?name=Fabrikam"] {
        let listed = ask(&place, list, &Value::Null).await?;
        assert_eq!(listed.body["tenants"][0]["name"], "Fabrikam");
        assert_eq!(listed.body["tenants"][0].get("groups"), None, "lists do not tell them");
    }
    let report = place.0.embedded.fsck().check(place.0.now()).await?;
    assert!(report.is_clean(), "{:?}", report.findings);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_without_an_id_gets_one_and_a_repeat_makes_no_other() -> Result<()> {
    let place = place().await?;
    let mut names = Vec::new();
    for name in ["c", "a", "b"] {
        let first = ask(&place, "POST /v1/tenants", &json!({ "name": name, "licensed": false })).await?;
        let again = ask(&place, "POST /v1/tenants", &json!({ "name": name })).await?;
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
        assert_eq!(first.body, again.body);
    }
    let mut next = String::new();
    loop {
        let page = ask(&place, &format!("GET /v1/tenants?limit=1{next}"), &Value::Null).await?;
        let tenants = page.body["tenants"].as_array().ok_or("tenants")?;
        names.extend(
            tenants
                .iter()
                .filter_map(|tenant| tenant["name"].as_str().map(str::to_owned)),
        );
        match page.body["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(names, ["a", "b", "c"]);
    for (name, expected) in [("B", vec!["b"]), ("%20b%20", vec!["b"]), ("d", vec![])] {
        let page = ask(&place, &format!("GET /v1/tenants?limit=1&name={name}"), &Value::Null).await?;
        let tenants = page.body["tenants"].as_array().ok_or("tenants")?;
        let found: Vec<&str> = tenants.iter().filter_map(|tenant| tenant["name"].as_str()).collect();
        assert_eq!((found, &page.body["next"]), (expected, &Value::Null), "{name}");
    }
    let first = ask(&place, "GET /v1/tenants?limit=1", &Value::Null).await?;
    let cursor = first.body["next"].as_str().ok_or("a next page")?;
    for (query, path) in [
        (format!("name=b&cursor={cursor}"), "query.cursor"),
        (format!("name={}", "x".repeat(257)), "query.name"),
    ] {
        let answer = ask(&place, &format!("GET /v1/tenants?{query}"), &Value::Null).await?;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["errors"][0]["path"]),
            (400, &json!(path)),
            "{query}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_manufacturers_are_bound_to_a_partner_and_changed() -> Result<()> {
    let place = place().await?;
    let new = |names: &[&str]| json!({"id": "northwind", "name": "Northwind", "kind": "oem", "manufacturers": names});
    let made = ask(&place, "POST /v1/partners", &new(&["Northwind", " Contoso "])).await?;
    assert_eq!(
        (made.status.as_u16(), &made.body["version"]),
        (201, &json!(1)),
        "{}",
        made.body
    );
    assert_eq!(made.body["manufacturers"], json!(["Contoso", "Northwind"]));
    for (names, status) in [(&["Northwind", "Contoso"][..], 200), (&[], 200), (&["Contoso"], 409)] {
        place.0.wait(5);
        let again = ask(&place, "POST /v1/partners", &new(names)).await?;
        assert_eq!(again.status.as_u16(), status, "{names:?}: {}", again.body);
    }
    let path = "PATCH /v1/partners/northwind";
    let one = json!({"manufacturers": ["Contoso"]});
    for _ in 0..2 {
        let bound = ask(&place, path, &one).await?;
        assert_eq!(
            (bound.status.as_u16(), &bound.body["version"]),
            (200, &json!(2)),
            "{}",
            bound.body
        );
        assert_eq!(bound.body["manufacturers"], json!(["Contoso"]));
    }
    let unchanged = ask(&place, path, &json!({})).await?;
    assert_eq!(unchanged.body["version"], 2);
    let service = Who::Service;
    let stale = [("if-match", "\"1\"")];
    let late = place
        .1
        .ask(&service, &place.0, path, &stale, &json!({"manufacturers": []}))
        .await?;
    assert_eq!(late.status.as_u16(), 412, "{}", late.body);
    let none = ask(&place, path, &json!({"manufacturers": []})).await?;
    assert_eq!((none.status.as_u16(), &none.body["manufacturers"]), (200, &Value::Null));
    for wrong in [json!(["None"]), json!([""]), json!(["a\u{0}"])] {
        let answer = ask(&place, path, &json!({"manufacturers": wrong})).await?;
        assert_eq!(answer.body["errors"][0]["path"], "manufacturers", "{}", answer.body);
    }
    ask(
        &place,
        "POST /v1/partners",
        &json!({"id": "csp", "name": "csp", "kind": "csp-direct"}),
    )
    .await?;
    let other = ask(&place, "PATCH /v1/partners/csp", &one).await?;
    assert_eq!(other.status.as_u16(), 400, "{}", other.body);
    let nobody = ask(&place, "PATCH /v1/partners/nobody", &one).await?;
    assert_eq!(nobody.status.as_u16(), 404);
    let own = Who::OfPartner("northwind".parse()?, Role::Oem);
    let self_service = place.1.ask(&own, &place.0, path, &[], &one).await?;
    assert_eq!(self_service.status.as_u16(), 403);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_is_made_known_once_and_listed() -> Result<()> {
    let place = place().await?;
    let provider = json!({"id": "adatum", "name": "Adatum", "kind": "csp-provider"});
    let reseller = json!({"id": "Northwind", "name": "Northwind", "kind": "csp-reseller", "provider": "adatum"});
    let early = ask(&place, "POST /v1/partners", &reseller).await?;
    assert_eq!(
        (early.status.as_u16(), &early.body["errors"][0]["path"]),
        (400, &json!("provider"))
    );
    for sent in [&provider, &reseller] {
        let made = ask(&place, "POST /v1/partners", sent).await?;
        assert_eq!(made.status.as_u16(), 201, "{}", made.body);
        place.0.wait(5);
        let again = ask(&place, "POST /v1/partners", sent).await?;
        assert_eq!((again.status.as_u16(), &again.body), (200, &made.body));
    }
    for other in [
        json!({"id": "adatum", "name": "Adatum", "kind": "oem"}),
        json!({"id": "adatum", "name": "Another", "kind": "csp-provider"}),
    ] {
        assert_eq!(
            ask(&place, "POST /v1/partners", &other).await?.status.as_u16(),
            409,
            "{other}"
        );
    }
    for (wrong, path) in [
        (json!({"id": "a/b", "name": "x", "kind": "oem"}), "id"),
        (json!({"id": "x", "name": " ", "kind": "oem"}), "name"),
        (json!({"id": "x", "name": "a\u{0}", "kind": "oem"}), "name"),
        (json!({"id": "x", "name": "x", "kind": "csp"}), "kind"),
        (
            json!({"id": "x", "name": "x", "kind": "oem", "provider": "adatum"}),
            "provider",
        ),
        (
            json!({"id": "x", "name": "x", "kind": "csp-reseller", "provider": "northwind"}),
            "provider",
        ),
        (json!({"id": "x", "name": "x", "kind": "oem", "more": 1}), "more"),
    ] {
        let answer = ask(&place, "POST /v1/partners", &wrong).await?;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["errors"][0]["path"]),
            (400, &json!(path)),
            "{wrong}"
        );
    }
    let first = ask(&place, "GET /v1/partners?limit=1", &Value::Null).await?;
    assert_eq!(first.body["partners"][0]["id"], "adatum");
    let next = first.body["next"].as_str().ok_or("a next page")?;
    let second = ask(&place, &format!("GET /v1/partners?cursor={next}"), &Value::Null).await?;
    assert_eq!(
        (&second.body["partners"][0]["id"], &second.body["next"]),
        (&json!("northwind"), &Value::Null)
    );
    let own = Who::OfPartner("northwind".parse()?, Role::SalesAgent);
    let seen = place
        .1
        .ask(&own, &place.0, "GET /v1/partners/northwind", &[], &Value::Null)
        .await?;
    assert_eq!(seen.body["provider"], "adatum");
    let hidden = place
        .1
        .ask(&own, &place.0, "GET /v1/partners/adatum", &[], &Value::Null)
        .await?;
    assert_eq!(hidden.status.as_u16(), 404);
    Ok(())
}
