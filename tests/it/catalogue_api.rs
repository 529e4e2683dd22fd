//! Catalogues over HTTP: what a manufacturer lists, sees and takes back, and PKIDs for partners.

use journeys::api::{Answer, Api, Who};
use journeys::lists::{self, device};
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use muster_core::access::Role;
use muster_core::id::TenantId;
use muster_core::party::PartnerKind;
use muster_local::serve::{Ports, Server};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::uploads_api::sent::send;

/// A served world with two manufacturers, a CSP, and a tenant that lets the CSP register.
struct Served {
    world: World,
    api: Api,
    _server: Server,
    tenant: TenantId,
    oem: Who,
    other: Who,
    agent: Who,
}

impl Served {
    async fn new() -> Result<Self> {
        let world = World::new().await?;
        // The server has workers of its own.
        world.flow.stop();
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        let northwind = world.partner("northwind", PartnerKind::Oem, None).await?;
        let tailspin = world.partner("tailspin", PartnerKind::Oem, None).await?;
        let contoso = world.partner("contoso", PartnerKind::CspDirect, None).await?;
        world.consent(tenant, &contoso).await?;
        let server = Server::start(&world.embedded, Ports { http: 0, s3: 0 }, || Uuid::from_u128(7)).await?;
        Ok(Self {
            api: Api::with_bucket_at(&world, server.s3())?,
            _server: server,
            world,
            tenant,
            oem: Who::OfPartner(northwind, Role::Oem),
            other: Who::OfPartner(tailspin, Role::Oem),
            agent: Who::OfPartner(contoso, Role::AdminAgent),
        })
    }

    async fn ask(&self, who: &Who, what: &str, body: &Value) -> Result<Answer> {
        self.api.ask(who, &self.world, what, &[], body).await
    }

    async fn get(&self, who: &Who, path: &str) -> Result<Value> {
        let answer = self.ask(who, &format!("GET {path}"), &Value::Null).await?;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        Ok(answer.body)
    }

    /// Lists devices in the catalogue of northwind, for contoso; the upload at its end.
    async fn list(&self, numbers: std::ops::Range<u64>) -> Result<Value> {
        let devices: Vec<Value> = numbers.map(entry).collect();
        let body = json!({ "intendedFor": "contoso", "devices": devices });
        let path = "POST /v1/partners/northwind/catalogue/entries?wait=20";
        let answer = self.ask(&self.oem, path, &body).await?;
        assert_eq!(answer.status, 202, "{}", answer.body);
        let location = answer.headers["location"].to_str()?.to_owned();
        assert!(location.starts_with("/v1/tenants/"), "{location}");
        let seen = self.get(&self.oem, &format!("{location}?wait=20")).await?;
        assert_eq!(seen["id"], answer.body["id"]);
        Ok(seen)
    }

    async fn catalogue(&self) -> Result<Vec<Value>> {
        let page = self.get(&self.oem, "/v1/partners/northwind/catalogue").await?;
        Ok(page["entries"].as_array().ok_or("no entries")?.clone())
    }

    /// Registers the n-th device for the tenant, by name.
    async fn register(&self, n: u64) -> Result<Value> {
        let device = device(n);
        let body = json!({ "devices": [{
            "serialNumber": device.serial, "manufacturer": device.manufacturer, "model": device.product,
        }]});
        let what = format!("POST /v1/tenants/{}/devices?wait=20", self.tenant);
        Ok(self.ask(&self.agent, &what, &body).await?.body)
    }
}

fn entry(n: u64) -> Value {
    json!({ "hardwareHash": lists::hash(&device(n), 1) })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manufacturer_lists_sees_and_takes_back_what_nobody_owns() -> Result<()> {
    let served = Served::new().await?;
    let upload = served.list(0..3).await?;
    assert_eq!(
        (&upload["state"], &upload["counts"]["registered"]),
        (&json!("finished"), &json!(3))
    );
    assert_eq!(upload["channel"], "catalogue");

    let registered = served.register(1).await?;
    assert_eq!(registered["counts"]["registered"], 1, "{registered}");
    let entries = served.catalogue().await?;
    assert_eq!(entries.len(), 3);
    let text = serde_json::to_string(&entries)?;
    for n in 0..3 {
        assert!(
            !text.contains(&lists::hash(&device(n), 1)[..100]),
            "hashes leave nobody's catalogue"
        );
    }
    let owned: Vec<bool> = entries.iter().filter_map(|entry| entry["owned"].as_bool()).collect();
    assert_eq!(owned.iter().filter(|owned| **owned).count(), 1);
    assert!(
        entries
            .iter()
            .all(|entry| entry["intendedFor"] == "contoso" && entry["state"] == "listed")
    );

    let ids: Vec<&Value> = entries.iter().map(|entry| &entry["id"]).collect();
    let stranger = json!("1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f");
    let body = json!({ "ids": [ids[0], ids[1], ids[2], stranger] });
    let withdrawn = served
        .ask(&served.oem, "POST /v1/partners/northwind/catalogue/withdraw", &body)
        .await?;
    assert_eq!(withdrawn.status, 200, "{}", withdrawn.body);
    for (outcome, owned) in withdrawn.body["entries"].as_array().ok_or("none")?.iter().zip(owned) {
        let expected = if owned {
            ("refused", json!("owned"))
        } else {
            ("withdrawn", Value::Null)
        };
        assert_eq!(
            (outcome["outcome"].as_str(), &outcome["reason"]["code"]),
            (Some(expected.0), &expected.1)
        );
    }
    assert_eq!(withdrawn.body["entries"][3]["outcome"], "notFound");
    assert_eq!(served.catalogue().await?.len(), 1);
    let gone = entries.iter().find(|entry| entry["owned"] == false).ok_or("none")?;
    let path = format!(
        "/v1/partners/northwind/catalogue/{}",
        gone["id"].as_str().unwrap_or_default()
    );
    assert_eq!(served.get(&served.oem, &path).await?["state"], "withdrawn");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_announced_sent_and_told_of_under_the_id_that_stands_for_the_catalogue() -> Result<()> {
    let served = Served::new().await?;
    let file = lists::intune(0..3);
    let new = json!({ "name": "factory", "size": file.len() });
    let what = "POST /v1/partners/northwind/catalogue/uploads";
    let announced = served.ask(&served.oem, what, &new).await?;
    assert_eq!(announced.status, 201, "{}", announced.body);
    let location = announced.headers["location"].to_str()?.to_owned();
    assert_eq!(send(&announced.body["put"], &file).await?.status, 200);
    let mut upload = json!({ "state": "announced" });
    while matches!(upload["state"].as_str(), Some("announced" | "processing")) {
        upload = served.get(&served.oem, &format!("{location}?wait=20")).await?;
    }
    assert_eq!(
        (&upload["state"], &upload["name"]),
        (&json!("finished"), &json!("factory.csv"))
    );
    let rows = served.get(&served.oem, &format!("{location}/rows")).await?;
    let rows = rows["rows"].as_array().ok_or("no rows")?;
    assert!(
        rows.len() == 3
            && rows
                .iter()
                .all(|row| row["entry"].is_string() && row["device"].is_null())
    );
    served.get(&served.oem, &format!("{location}/report")).await?;
    let all = location.rsplit_once('/').ok_or("a path")?.0;
    assert_eq!(
        served.get(&served.oem, all).await?["uploads"].as_array().map(Vec::len),
        Some(1)
    );

    // To others none of it exists.
    let nothing = served
        .ask(
            &served.other,
            &format!("GET /v1/tenants/{TAILSPIN}/uploads"),
            &Value::Null,
        )
        .await?;
    for path in [location.as_str(), all] {
        let hidden = served.ask(&served.other, &format!("GET {path}"), &Value::Null).await?;
        assert_eq!((hidden.status, &hidden.body), (nothing.status, &nothing.body), "{path}");
    }
    // Nothing is registered into a catalogue.
    let (devices, announced) = (json!({ "devices": [entry(5)] }), json!({ "name": "x", "size": 1 }));
    let devices_path = all.replace("/uploads", "/devices");
    for (what, body) in [
        (format!("POST {devices_path}"), devices),
        (format!("POST {all}"), announced),
    ] {
        let answer = served.ask(&served.oem, &what, &body).await?;
        assert_eq!(answer.status, 404, "{what}: {}", answer.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pkids_go_to_the_partner_that_the_devices_are_meant_for_and_to_nobody_else() -> Result<()> {
    let served = Served::new().await?;
    served.list(0..3).await?;
    let of = |page: &Value| -> Vec<String> {
        let keys = page["productKeys"].as_array().cloned().unwrap_or_default();
        let mut keys: Vec<String> = keys
            .iter()
            .filter_map(|key| key["productKeyId"].as_str().map(str::to_owned))
            .collect();
        keys.sort_unstable();
        keys
    };
    let mut expected: Vec<String> = (0..3).filter_map(|n| device(n).pkid).collect();
    expected.sort_unstable();
    let by_oem = served
        .get(&served.oem, "/v1/partners/northwind/catalogue/product-keys?for=contoso")
        .await?;
    let by_agent = served
        .get(
            &served.agent,
            "/v1/partners/contoso/product-keys?manufacturer=northwind",
        )
        .await?;
    assert_eq!(of(&by_oem), expected);
    assert_eq!(by_agent, by_oem);
    let none = served
        .get(&served.agent, "/v1/partners/contoso/product-keys?manufacturer=tailspin")
        .await?;
    let nobody = served
        .get(&served.agent, "/v1/partners/contoso/product-keys?manufacturer=nobody")
        .await?;
    assert_eq!((of(&none), &nobody), (Vec::new(), &none));

    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let more = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let path = format!("/v1/partners/contoso/product-keys?manufacturer=northwind&limit=1{more}");
        let page = served.get(&served.agent, &path).await?;
        seen.extend(of(&page));
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, expected);
    for (who, path) in [
        (&served.agent, "/v1/partners/northwind/catalogue"),
        (&served.oem, "/v1/partners/contoso/product-keys?manufacturer=northwind"),
    ] {
        let answer = served.ask(who, &format!("GET {path}"), &Value::Null).await?;
        assert_eq!(answer.status, 403, "{path}: {}", answer.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_said_and_what_is_not_the_callers_is_hidden() -> Result<()> {
    let served = Served::new().await?;
    let many: Vec<Value> = (0..1001).map(|_| json!({ "hardwareHash": "x" })).collect();
    let entries = "POST /v1/partners/northwind/catalogue/entries";
    for (body, path) in [
        (json!({ "devices": [] }), "devices"),
        (json!({ "devices": many }), "devices"),
        (json!({ "devices": [{ "serialNumber": "S" }] }), "devices[0]"),
        (json!({ "devices": [entry(1)], "groupTag": "x" }), "groupTag"),
        (json!({ "devices": [entry(1)], "intendedFor": "nobody" }), "intendedFor"),
    ] {
        let answer = served.ask(&served.oem, entries, &body).await?;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(answer.body["errors"][0]["path"], path, "{}", answer.body);
    }
    let hidden = served
        .ask(&served.other, entries, &json!({ "devices": [entry(1)] }))
        .await?;
    assert_eq!(hidden.status, 404, "{}", hidden.body);
    served.list(0..1).await?;
    let id = served.catalogue().await?[0]["id"].clone();
    let body = json!({ "ids": [id] });
    let others = served
        .ask(&served.other, "POST /v1/partners/tailspin/catalogue/withdraw", &body)
        .await?;
    assert_eq!(others.body["entries"][0]["outcome"], "notFound");
    let twice = json!({ "ids": [id, id] });
    let answer = served
        .ask(&served.oem, "POST /v1/partners/northwind/catalogue/withdraw", &twice)
        .await?;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["errors"][0]["path"]),
        (400, &json!("ids[1]"))
    );
    // A channel of the catalogue is none for a tenant.
    let what = format!("POST /v1/tenants/{}/devices", served.tenant);
    let body = json!({ "channel": "catalogue", "devices": [entry(1)] });
    let answer = served.ask(&served.agent, &what, &body).await?;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["errors"][0]["path"]),
        (400, &json!("channel"))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_demands_the_catalogue_and_gives_that_up() -> Result<()> {
    let served = Served::new().await?;
    served.list(0..1).await?;
    let path = format!("PATCH /v1/tenants/{}", served.tenant);
    let edit = |demand: bool| json!({ "requireCatalogue": demand });
    let administrator = Who::OfTenant(served.tenant, Role::TenantAdministrator);
    let answer = served.ask(&administrator, &path, &edit(true)).await?;
    assert_eq!(
        (&answer.body["requireCatalogue"], &answer.body["version"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(served.register(0).await?["counts"]["registered"], 1);
    assert_eq!(served.register(7).await?["counts"]["unknownIdentity"], 1);
    let answer = served.ask(&Who::Service, &path, &edit(false)).await?;
    assert_eq!(
        (&answer.body["requireCatalogue"], &answer.body["version"]),
        (&json!(false), &json!(3))
    );
    assert_eq!(served.register(7).await?["counts"]["registered"], 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_another_manufacturer_is_refused_by_the_names_that_are_bound_when_it_comes() -> Result<()> {
    let served = Served::new().await?;
    let mut theirs = device(2);
    theirs.manufacturer = "Fabrikam".to_owned();
    let body = json!({ "devices": [entry(1), { "hardwareHash": lists::hash(&theirs, 1) }] });
    let path = "POST /v1/partners/northwind/catalogue/entries?wait=20";
    for (names, outcomes) in [
        (json!(["Contoso"]), ["registered", "foreignManufacturer"]),
        (json!(["Fabrikam"]), ["foreignManufacturer", "registered"]),
        (json!([]), ["foreignManufacturer"; 2]),
    ] {
        let bind = json!({ "manufacturers": names });
        let bound = served.ask(&Who::Service, "PATCH /v1/partners/northwind", &bind).await?;
        assert_eq!(bound.status, 200, "{}", bound.body);
        let taken = served.ask(&served.oem, path, &body).await?;
        let location = taken.headers["location"].to_str()?.to_owned();
        let upload = served.get(&served.oem, &format!("{location}?wait=20")).await?;
        let refused = outcomes.iter().filter(|outcome| **outcome != "registered").count();
        assert_eq!(upload["state"], "finished-with-errors", "{names}: {upload}");
        assert_eq!(upload["counts"]["foreignManufacturer"], refused, "{names}: {upload}");
        let rows = served.get(&served.oem, &format!("{location}/rows")).await?;
        for (at, (outcome, name)) in outcomes.iter().zip(["Contoso", "Fabrikam"]).enumerate() {
            let row = &rows["rows"][at];
            assert_eq!(row["outcome"], *outcome, "{names}: {rows}");
            if *outcome == "foreignManufacturer" {
                let detail = row["detail"].as_str().unwrap_or_default();
                assert!(
                    detail.contains(&format!("names the manufacturer `{name}`")),
                    "{names}: {row}"
                );
            }
        }
    }
    assert_eq!(served.catalogue().await?.len(), 2, "each once, under its own name");
    Ok(())
}
