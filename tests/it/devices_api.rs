//! Devices over HTTP: who sees and changes which, what a change leaves behind, and what is refused where.

mod anywhere;
mod busy;
mod told;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::StatusCode;
use journeys::api::{Answer, Api, Who};
use journeys::by_hand::at_transactions;
use journeys::lists::{Row, all_columns, device, hash, intune};
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use muster_core::access::Role;
use muster_core::channel::Channel;
use muster_core::device::{Device, DeviceEdit};
use muster_core::grant::{GrantPin, Verb};
use muster_core::history::Requester;
use muster_core::id::{DeviceId, PartnerId, TenantId};
use muster_core::party::{PartnerKind, Registrant};
use muster_local::faults::Fault;
use muster_store::devices::{Act, Updated};
use serde_json::{Value, json};

/// A tenant with devices of its own and of partners, and everybody who may ask for them.
struct Place {
    world: World,
    api: Api,
    tenant: TenantId,
    contoso: PartnerId,
}

impl Place {
    /// `own`: how many devices the tenant registered itself, `handed`: how many the partner Contoso did.
    async fn with(own: u64, handed: u64) -> Result<Self> {
        let world = World::new().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        world.tenant("Tailspin", TAILSPIN).await?;
        let contoso = world.partner("contoso", PartnerKind::CspDirect, None).await?;
        world.consent(tenant, &contoso).await?;
        if own > 0 {
            world.upload("intune", None, tenant, intune(0..own)).await?;
        }
        if handed > 0 {
            let rows: Vec<Row> = (100..100 + handed).map(|n| Row::of_pkid(&device(n))).collect();
            let list = all_columns(&rows);
            world.upload("partner-center", Some(&contoso), tenant, list).await?;
        }
        let api = Api::over(&world)?;
        Ok(Self {
            world,
            api,
            tenant,
            contoso,
        })
    }

    async fn ask(&self, who: &Who, what: &str, body: &Value) -> Result<Answer> {
        let what = what.replace("/devices", &format!("/v1/tenants/{}/devices", self.tenant));
        self.api.ask(who, &self.world, &what, &[], body).await
    }

    async fn get(&self, who: &Who, what: &str) -> Result<Answer> {
        self.ask(who, &format!("GET {what}"), &Value::Null).await
    }

    fn admin(&self) -> Who {
        Who::OfTenant(self.tenant, Role::TenantAdministrator)
    }

    fn agent(&self) -> Who {
        Who::OfPartner(self.contoso.clone(), Role::AdminAgent)
    }

    /// The registered devices of the tenant itself, and of partners.
    async fn devices(&self) -> Result<(Vec<Device>, Vec<Device>)> {
        let all = self.world.devices(self.tenant).await?;
        Ok(all.into_iter().partition(|d| d.registrant == Registrant::Tenant))
    }

    /// Nothing is wrong with what is stored.
    async fn assert_sound(&self) -> Result<()> {
        let report = self.world.embedded.fsck().check(self.world.now()).await?;
        assert!(report.is_clean(), "{:?}", report.findings);
        Ok(())
    }
}

/// A problem without its request's id.
fn problem(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    body.as_object_mut().map(|body| body.remove("requestId"));
    body
}

fn path_of(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    answer.body["errors"][0]["path"].as_str().unwrap_or_default()
}

fn ids(answer: &Answer) -> BTreeSet<String> {
    let devices = answer.body["devices"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", answer.body));
    devices
        .iter()
        .filter_map(|d| d["id"].as_str().map(str::to_owned))
        .collect()
}

/// What a caller is answered for a device: get, update, release; and whether the list shows it.
type Rights = (u16, Option<bool>, u16, u16);

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_and_changes_what_is_his_business_and_nothing_else() -> Result<()> {
    let place = Place::with(16, 16).await?;
    let (world, tenant) = (&place.world, place.tenant);
    let other: TenantId = TAILSPIN.parse()?;
    let adatum = world.partner("adatum", PartnerKind::CspProvider, None).await?;
    let northwind = world.partner("northwind", PartnerKind::Oem, None).await?;
    let waiting = world.partner("waiting", PartnerKind::CspDirect, None).await?;
    let stranger = world.partner("stranger", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &adatum).await?;
    world.consent(tenant, &northwind).await?;
    world.request(tenant, &waiting, None).await?;

    let all: Rights = (200, Some(true), 200, 200);
    let hidden: Rights = (404, Some(false), 404, 404);
    let looks: Rights = (200, Some(true), 403, 403);
    let nothing: Rights = (403, None, 403, 403);
    let unknown: Rights = (404, None, 404, 404);
    let table: Vec<(Who, Rights, Rights)> = vec![
        (Who::OfTenant(tenant, Role::TenantAdministrator), all, all),
        (Who::OfTenant(tenant, Role::DeviceAdministrator), all, all),
        (Who::OfTenant(tenant, Role::Reader), looks, looks),
        (Who::OfTenant(tenant, Role::ConsentApprover), nothing, nothing),
        (Who::OfTenant(other, Role::TenantAdministrator), unknown, unknown),
        (Who::OfPartner(place.contoso.clone(), Role::AdminAgent), hidden, all),
        (Who::OfPartner(place.contoso.clone(), Role::SalesAgent), hidden, all),
        (Who::OfPartner(adatum, Role::AdminAgent), hidden, all),
        (
            Who::OfPartner(northwind, Role::Oem),
            (403, None, 403, 404),
            (403, None, 403, 200),
        ),
        (Who::OfPartner(waiting, Role::AdminAgent), nothing, nothing),
        (Who::OfPartner(stranger, Role::AdminAgent), unknown, unknown),
        (Who::Service, looks, looks),
    ];
    let (own, handed) = place.devices().await?;
    let never = DeviceId::of_row(&own[0].source.upload, 4711);
    for (at, (who, of_own, of_handed)) in table.iter().enumerate() {
        for (device, rights, kind) in [(&own[at], of_own, "own"), (&handed[at], of_handed, "handed in")] {
            let id = device.id;
            let get = place.get(who, &format!("/devices/{id}")).await?;
            let list = place.get(who, "/devices?limit=1000").await?;
            let patch = json!({ "groupTag": format!("tag {at}") });
            let update = place.ask(who, &format!("PATCH /devices/{id}"), &patch).await?;
            let release = place
                .ask(who, &format!("POST /devices/{id}/release"), &Value::Null)
                .await?;
            let listed = list.status.is_success().then(|| ids(&list).contains(&id.to_string()));
            let found = (
                get.status.as_u16(),
                listed,
                update.status.as_u16(),
                release.status.as_u16(),
            );
            assert_eq!(found, *rights, "{who:?}, {kind}");
            // What is hidden is answered as what never was.
            for (answer, what) in [
                (&get, format!("GET /devices/{never}")),
                (&update, format!("PATCH /devices/{never}")),
                (&release, format!("POST /devices/{never}/release")),
            ] {
                if answer.status == StatusCode::NOT_FOUND {
                    let body = if what.starts_with("PATCH") {
                        &patch
                    } else {
                        &Value::Null
                    };
                    let absent = place.ask(who, &what, body).await?;
                    assert_eq!(
                        (absent.status, problem(&absent)),
                        (answer.status, problem(answer)),
                        "{what}"
                    );
                }
            }
            if release.status.is_success() {
                assert_eq!(release.body["outcome"], "released");
                assert_eq!(
                    release.body.as_object().map(serde_json::Map::len),
                    Some(3),
                    "nothing of the device"
                );
                if get.status.is_success() {
                    let gone = place.get(who, &format!("/devices/{id}")).await?;
                    assert_eq!(gone.body["state"], "released");
                    assert_eq!(gone.body["groupTag"], format!("tag {at}"), "{who:?}");
                }
            }
        }
    }
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_by_version_harmless_when_repeated_and_leaves_an_entry() -> Result<()> {
    let place = Place::with(1, 0).await?;
    let (own, _) = place.devices().await?;
    let (admin, path) = (place.admin(), format!("/devices/{}", own[0].id));
    let shown = place.get(&admin, &path).await?;
    assert_eq!(
        (&shown.headers["etag"], &shown.body["version"]),
        (&"\"1\"".parse()?, &json!(1))
    );
    for hidden in ["components", "hardwareHash"] {
        assert!(shown.body.get(hidden).is_none(), "{}", shown.body);
    }

    let patch = json!({"groupTag": " Sales ", "assignedUser": "ada@fabrikam.com", "displayName": "PC-1",
                       "purchaseOrder": "PO 7"});
    let what = format!("PATCH {path}").replace("/devices", &format!("/v1/tenants/{}/devices", place.tenant));
    let if_match = |tag: &'static str| [("if-match", tag)];
    let stale = place
        .api
        .ask(&admin, &place.world, &what, &if_match("\"7\""), &patch)
        .await?;
    assert_eq!(
        (stale.status.as_u16(), &stale.body["code"]),
        (412, &json!("precondition-failed"))
    );
    for repeat in 0..2 {
        let done = place
            .api
            .ask(&admin, &place.world, &what, &if_match("\"1\""), &patch)
            .await?;
        assert_eq!(
            (done.status.as_u16(), &done.headers["etag"]),
            (200, &"\"2\"".parse()?),
            "{repeat}"
        );
        assert_eq!(done.body["groupTag"], "Sales");
        assert_eq!(done.body["displayName"], "PC-1");
    }
    let stale = place
        .api
        .ask(
            &admin,
            &place.world,
            &what,
            &if_match("\"1\""),
            &json!({"groupTag": "X"}),
        )
        .await?;
    assert_eq!(stale.status.as_u16(), 412);
    let cleared = place
        .ask(
            &admin,
            &format!("PATCH {path}"),
            &json!({"groupTag": null, "displayName": " "}),
        )
        .await?;
    assert_eq!(cleared.body["version"], 3);
    assert!(cleared.body.get("groupTag").is_none() && cleared.body.get("displayName").is_none());
    assert_eq!(cleared.body["purchaseOrder"], "PO 7", "what is absent stays");

    let history = place.get(&admin, &format!("{path}/history")).await?;
    let changes = history.body["changes"].as_array().ok_or("changes")?;
    let events: Vec<&Value> = changes.iter().map(|change| &change["event"]).collect();
    assert_eq!(events, ["updated", "updated", "registered"]);
    assert_eq!(
        changes[0]["by"],
        json!({"party": "tenant", "subject": "test tenant-administrator"})
    );
    assert_eq!(
        changes[0]["fields"],
        json!([{"field": "groupTag", "old": "Sales"}, {"field": "displayName", "old": "PC-1"}])
    );
    assert_eq!(changes[1]["fields"][0], json!({"field": "groupTag", "new": "Sales"}));
    assert_eq!(changes[2]["by"]["source"]["line"], 2);

    // In pages of one, each once.
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = place.get(&admin, &format!("{path}/history?limit=1{next}")).await?;
        seen.extend(page.body["changes"].as_array().ok_or("changes")?.clone());
        match page.body["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(&seen, changes);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_told_by_its_path() -> Result<()> {
    let place = Place::with(1, 0).await?;
    let (own, _) = place.devices().await?;
    let (admin, id) = (place.admin(), own[0].id);
    for (body, path) in [
        (json!({"displayName": "0123456789abcdef"}), "displayName"),
        (json!({"displayName": "12345"}), "displayName"),
        (json!({"displayName": "my laptop"}), "displayName"),
        (json!({"assignedUser": "ada"}), "assignedUser"),
        (json!({"groupTag": "a\u{0}b"}), "groupTag"),
        (json!({"purchaseOrder": "x".repeat(129)}), "purchaseOrder"),
        (json!({"groupTag": 7}), "groupTag"),
        (json!({"serial": "x"}), "serial"),
    ] {
        let answer = place.ask(&admin, &format!("PATCH /devices/{id}"), &body).await?;
        assert_eq!(path_of(&answer), path, "{body}");
    }
    let many: Vec<Value> = (0..1001)
        .map(|n| json!({"id": DeviceId::of_row(&own[0].source.upload, n)}))
        .collect();
    let named: Vec<&Value> = many.iter().map(|device| &device["id"]).collect();
    for (what, body, path) in [
        ("update", json!({"devices": []}), "devices"),
        ("update", json!({"devices": many}), "devices"),
        ("update", json!({"devices": [{"id": id}, {"id": id}]}), "devices[1].id"),
        (
            "update",
            json!({"devices": [{"id": id, "displayName": "_"}]}),
            "devices[0].displayName",
        ),
        ("update", json!({"devices": [{"id": "x"}]}), "devices[0].id"),
        ("release", json!({"ids": []}), "ids"),
        ("release", json!({"ids": named}), "ids"),
        ("release", json!({"ids": [id, id]}), "ids[1]"),
        ("release", json!({"ids": ["x"]}), "ids[0]"),
        ("find", json!({}), "body"),
        ("find", json!({"hardwareHash": "T0"}), "hardwareHash"),
        ("find", json!({"productKeyId": "1"}), "productKeyId"),
    ] {
        let answer = place.ask(&admin, &format!("POST /devices/{what}"), &body).await?;
        assert_eq!(path_of(&answer), path, "{what}");
    }
    // What says nothing may be left out, and is no null.
    let token = format!("Bearer {}", place.api.token(&admin, &place.world)?);
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let what = format!("POST /v1/tenants/{}/devices/{id}/release", place.tenant);
    let null = place.api.send(&what, &headers, b"null".to_vec()).await?;
    assert_eq!(path_of(&null), "body", "{}", null.body);
    for (query, path) in [
        ("limit=0", "query.limit"),
        ("limit=1001", "query.limit"),
        ("state=lost", "query.state"),
        ("upload=u-1", "query.upload"),
        ("partner=a/b", "query.partner"),
        ("serialPrefix=%00", "query.serialPrefix"),
        ("cursor=x", "query.cursor"),
        ("serial=x", "query.serial"),
    ] {
        let answer = place.get(&admin, &format!("/devices?{query}")).await?;
        assert_eq!(path_of(&answer), path, "{query}");
    }
    for id in ["x", "%00", "1b6c0d7e3f5a4c1e9a518d2f6f1f3a10"] {
        let answer = place.get(&admin, &format!("/devices/{id}")).await?;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}");
    }
    assert_eq!(place.world.devices(place.tenant).await?, own, "nothing changed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_filtered_and_its_cursors_are_good_for_nothing_else() -> Result<()> {
    let place = Place::with(5, 7).await?;
    let (own, handed) = place.devices().await?;
    let admin = place.admin();
    let of = |devices: &[Device]| devices.iter().map(|d| d.id.to_string()).collect::<BTreeSet<_>>();
    let walk = async |who: &Who, filters: &str| -> Result<BTreeSet<String>> {
        let (mut all, mut next) = (Vec::new(), String::new());
        loop {
            let page = place.get(who, &format!("/devices?limit=2{filters}{next}")).await?;
            all.extend(ids(&page));
            match page.body["next"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        let once: BTreeSet<String> = all.iter().cloned().collect();
        assert_eq!(once.len(), all.len(), "each once");
        Ok(once)
    };
    let tagged = handed[3].id;
    let tag = json!({"groupTag": "Sales & Co"});
    place.ask(&admin, &format!("PATCH /devices/{tagged}"), &tag).await?;
    let both: BTreeSet<String> = of(&own).union(&of(&handed)).cloned().collect();
    assert_eq!(walk(&admin, "").await?, both);
    assert_eq!(walk(&admin, "&partner=contoso").await?, of(&handed));
    assert_eq!(walk(&admin, "&partner=adatum").await?, BTreeSet::new());
    assert_eq!(
        walk(&admin, "&groupTag=Sales%20%26%20Co").await?,
        BTreeSet::from([tagged.to_string()])
    );
    assert_eq!(
        walk(&admin, &format!("&upload={}", own[0].source.upload)).await?,
        of(&own)
    );
    let serial = own[2].serial.clone().unwrap_or_default();
    assert_eq!(walk(&admin, &format!("&serialPrefix={serial}")).await?, of(&own[2..3]));
    assert_eq!(walk(&place.agent(), "").await?, of(&handed));

    let gone = json!({"ids": [own[0].id, handed[0].id]});
    place.ask(&admin, "POST /devices/release", &gone).await?;
    assert_eq!(walk(&admin, "&state=released").await?.len(), 2);
    assert_eq!(walk(&place.agent(), "&state=released").await?, of(&handed[..1]));
    assert_eq!(walk(&admin, "&state=merged").await?, BTreeSet::new());
    assert_eq!(walk(&admin, "").await?.len(), both.len() - 2);

    let page = place.get(&admin, "/devices?limit=2").await?;
    let cursor = page.body["next"].as_str().ok_or("a next page")?;
    for (who, query) in [
        (&admin, "&state=released"),
        (&admin, "&groupTag=x"),
        (&admin, "&serialPrefix=x"),
        (&admin, "&partner=contoso"),
        (&place.agent(), ""),
    ] {
        let answer = place
            .get(who, &format!("/devices?limit=2&cursor={cursor}{query}"))
            .await?;
        assert_eq!(path_of(&answer), "query.cursor", "{query}");
    }
    let elsewhere = Who::OfTenant(TAILSPIN.parse()?, Role::Reader);
    let what = format!("GET /v1/tenants/{TAILSPIN}/devices?limit=2&cursor={cursor}");
    let answer = place
        .api
        .ask(&elsewhere, &place.world, &what, &[], &Value::Null)
        .await?;
    assert_eq!(path_of(&answer), "query.cursor");
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_found_by_any_identity_and_a_hash_is_explained() -> Result<()> {
    let place = Place::with(2, 1).await?;
    let (own, handed) = place.devices().await?;
    let admin = place.admin();
    let find = async |who: &Who, body: &Value| place.ask(who, "POST /devices/find", body).await;
    let first = device(0);
    let recaptured = json!({"hardwareHash": hash(&first, 999)});
    let answer = find(&admin, &recaptured).await?;
    let id = &answer.body["device"]["id"];
    assert!(own.iter().any(|d| json!(d.id) == *id), "{}", answer.body);
    assert_eq!(answer.body["ledBy"][0], "endorsement-key");
    let comparison = &answer.body["comparison"];
    assert_eq!(
        (&comparison["sameDevice"], &comparison["veto"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(comparison["parts"].as_array().map(Vec::len), Some(7));

    let other_disk = json!({"hardwareHash": hash(&first.clone().with_new_disk(1), 5)});
    let answer = find(&admin, &other_disk).await?;
    assert_eq!(
        (&answer.body["device"]["id"], &answer.body["comparison"]["sameDevice"]),
        (id, &json!(true))
    );

    let tuple = json!({"serialNumber": first.serial, "manufacturer": first.manufacturer, "model": first.product});
    let answer = find(&admin, &tuple).await?;
    assert_eq!(
        (&answer.body["device"]["id"], &answer.body["ledBy"]),
        (id, &json!(["tuple"]))
    );
    assert!(answer.body.get("comparison").is_none());
    let pkid = json!({"productKeyId": device(100).pkid});
    let answer = find(&admin, &pkid).await?;
    assert_eq!(
        (&answer.body["device"]["id"], &answer.body["ledBy"]),
        (&json!(handed[0].id), &json!(["product-key-id"]))
    );

    // To whom it is none of his business, it is as if nobody had it.
    let none = find(&admin, &json!({"productKeyId": "9999999999999"})).await?;
    assert_eq!(none.body, json!({"device": null, "ledBy": []}));
    assert_eq!(find(&place.agent(), &recaptured).await?.body, none.body);
    let elsewhere = Who::OfTenant(TAILSPIN.parse()?, Role::Reader);
    let what = format!("POST /v1/tenants/{TAILSPIN}/devices/find");
    let answer = place.api.ask(&elsewhere, &place.world, &what, &[], &recaptured).await?;
    assert_eq!(answer.body, none.body);
    place
        .ask(&admin, "POST /devices/release", &json!({"ids": [id]}))
        .await?;
    assert_eq!(find(&admin, &recaptured).await?.body, none.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_devices_are_changed_and_released_each_by_itself() -> Result<()> {
    let place = Place::with(2, 3).await?;
    let (own, handed) = place.devices().await?;
    let agent = place.agent();
    let edit = json!({"devices": [
        {"id": handed[0].id, "groupTag": "Sales"},
        {"id": own[0].id, "groupTag": "Sales"},
        {"id": handed[1].id},
        {"id": handed[2].id, "assignedUser": "ada@fabrikam.com"},
    ]});
    let outcomes = |answer: &Answer| -> Vec<String> {
        let devices = answer.body["devices"].as_array().cloned().unwrap_or_default();
        devices
            .iter()
            .filter_map(|d| d["outcome"].as_str().map(str::to_owned))
            .collect()
    };
    let answer = place.ask(&agent, "POST /devices/update", &edit).await?;
    assert_eq!(
        outcomes(&answer),
        ["updated", "notFound", "unchanged", "updated"],
        "{}",
        answer.body
    );
    assert_eq!(
        (
            &answer.body["devices"][0]["version"],
            answer.body["devices"][1].get("version")
        ),
        (&json!(2), None)
    );
    let again = place.ask(&agent, "POST /devices/update", &edit).await?;
    assert_eq!(outcomes(&again), ["unchanged", "notFound", "unchanged", "unchanged"]);

    let gone = json!({"ids": [handed[0].id, own[0].id, handed[1].id]});
    for repeat in 0..2 {
        let answer = place.ask(&agent, "POST /devices/release", &gone).await?;
        assert_eq!(
            outcomes(&answer),
            ["released", "notFound", "released"],
            "{repeat}: {}",
            answer.body
        );
    }
    let answer = place.ask(&agent, "POST /devices/update", &edit).await?;
    assert_eq!(outcomes(&answer), ["refused", "notFound", "refused", "unchanged"]);
    assert_eq!(answer.body["devices"][0]["reason"]["code"], "not-registered");
    let answer = place
        .ask(
            &agent,
            &format!("PATCH /devices/{}", handed[0].id),
            &json!({"groupTag": "x"}),
        )
        .await?;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["code"]),
        (409, &json!("conflict"))
    );
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_merges_leave_entries_and_a_partner_is_not_told_who_somebody_is() -> Result<()> {
    let place = Place::with(0, 0).await?;
    let (world, tenant, contoso) = (&place.world, place.tenant, &place.contoso);
    let laptop = device(7);
    for row in [
        Row::of_tuple(&laptop),
        Row::of_pkid(&laptop).tagged("Sales"),
        Row::of_hash(&laptop),
    ] {
        let seen = world
            .upload("partner-center", Some(contoso), tenant, all_columns(&[row]))
            .await?;
        assert!(
            seen.counts.contains_key("registered") || seen.counts.contains_key("updated"),
            "{}",
            seen.report
        );
        world.wait(60);
    }
    let (_, handed) = place.devices().await?;
    assert_eq!(handed.len(), 1, "three rows, one device");
    let id = handed[0].id;
    let (admin, agent) = (place.admin(), place.agent());
    let answer = place
        .ask(&admin, &format!("PATCH /devices/{id}"), &json!({"displayName": "PC-7"}))
        .await?;
    assert_eq!(answer.status.as_u16(), 200);
    let merged = place.get(&admin, "/devices?state=merged").await?;
    let absorbed = merged.body["devices"][0]["id"]
        .as_str()
        .ok_or("a merged device")?
        .to_owned();

    let history = place.get(&admin, &format!("/devices/{id}/history")).await?;
    let changes = history.body["changes"].as_array().ok_or("changes")?;
    assert_eq!(changes.len(), 3, "{}", history.body);
    assert_eq!(changes[0]["by"]["subject"], "test tenant-administrator");
    assert_eq!(changes[1]["absorbed"], json!([absorbed]));
    assert_eq!(changes[1]["by"]["source"]["row"], 1);
    let fields: Vec<&str> = changes[1]["fields"]
        .as_array()
        .ok_or("fields")?
        .iter()
        .filter_map(|f| f["field"].as_str())
        .collect();
    assert!(
        fields.contains(&"groupTag") && fields.contains(&"keys") && fields.contains(&"hardware"),
        "{fields:?}"
    );
    let end = place.get(&admin, &format!("/devices/{absorbed}/history")).await?;
    assert_eq!(end.body["changes"][0]["event"], "merged");
    assert_eq!(end.body["changes"][1]["event"], "registered");

    let told = place.get(&agent, &format!("/devices/{id}/history")).await?;
    assert_eq!(told.body["changes"][0]["by"], json!({"party": "tenant"}));
    place
        .ask(&agent, &format!("PATCH /devices/{id}"), &json!({"displayName": "PC-8"}))
        .await?;
    let told = place.get(&agent, &format!("/devices/{id}/history")).await?;
    let own = json!({"party": {"partner": "contoso"}, "subject": "test admin-agent"});
    assert_eq!(told.body["changes"][0]["by"], own);

    let refused = place
        .ask(&agent, &format!("POST /devices/{absorbed}/release"), &Value::Null)
        .await?;
    assert_eq!(refused.status.as_u16(), 409);
    assert!(
        refused.body["remedy"]
            .as_str()
            .is_some_and(|remedy| remedy.contains(&id.to_string()))
    );
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_consent_ends_what_a_partner_sees_and_does() -> Result<()> {
    let place = Place::with(1, 2).await?;
    let (_, handed) = place.devices().await?;
    let (agent, id) = (place.agent(), handed[0].id);
    assert_eq!(place.get(&agent, "/devices").await?.status.as_u16(), 200);
    place.world.revoke(place.tenant, &place.contoso).await?;
    for (what, body) in [
        ("GET /devices".to_owned(), Value::Null),
        (format!("GET /devices/{id}"), Value::Null),
        (format!("GET /devices/{id}/history"), Value::Null),
        (
            "POST /devices/find".to_owned(),
            json!({"productKeyId": device(100).pkid}),
        ),
        (format!("PATCH /devices/{id}"), json!({"groupTag": "x"})),
        (
            "POST /devices/update".to_owned(),
            json!({"devices": [{"id": id, "groupTag": "x"}]}),
        ),
        (format!("POST /devices/{id}/release"), Value::Null),
        ("POST /devices/release".to_owned(), json!({"ids": [id]})),
    ] {
        let answer = place.ask(&agent, &what, &body).await?;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["code"], &answer.body["reason"]),
            (403, &json!("consent-denied"), &json!("consent-revoked")),
            "{what}"
        );
    }
    assert_eq!(place.devices().await?.1, handed, "nothing changed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_the_same_moment_come_one_after_the_other_each_with_its_entry() -> Result<()> {
    const WRITERS: usize = 6;
    let place = Arc::new(Place::with(1, 0).await?);
    let (own, _) = place.devices().await?;
    let id = own[0].id;
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..WRITERS {
        let place = Arc::clone(&place);
        writers.spawn(async move {
            let body = json!({ "purchaseOrder": format!("PO {n}") });
            let answer = place.ask(&place.admin(), &format!("PATCH /devices/{id}"), &body).await;
            answer.map(|answer| answer.status.as_u16()).unwrap_or_default()
        });
    }
    let statuses: Vec<u16> = writers.join_all().await;
    let done = statuses.iter().filter(|status| **status == 200).count();
    assert!(
        statuses.iter().all(|status| matches!(status, 200 | 503)) && done > 0,
        "{statuses:?}"
    );
    let history = place.get(&place.admin(), &format!("/devices/{id}/history")).await?;
    let changes = history.body["changes"].as_array().ok_or("changes")?;
    let versions: Vec<u64> = changes.iter().filter_map(|change| change["version"].as_u64()).collect();
    let expected: Vec<u64> = (1..=u64::try_from(done)? + 1).rev().collect();
    assert_eq!(versions, expected);
    // Each begins where the one before ended.
    for pair in changes.windows(2) {
        assert_eq!(
            pair[0]["fields"][0].get("old"),
            pair[1]["fields"].get(0).and_then(|f| f.get("new"))
        );
    }
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_is_lost_is_made_once_and_leaves_one_entry() -> Result<()> {
    for fault in [Fault::TimeoutAfter, Fault::TimeoutBefore, Fault::Error500, Fault::Die] {
        let place = Place::with(1, 0).await?;
        let (own, _) = place.devices().await?;
        let (world, tenant, id) = (&place.world, place.tenant, own[0].id);
        let (registrant, now) = (Registrant::Tenant, world.now());
        let permit = async |verb| -> Result<GrantPin> {
            let grants = world.embedded.grants();
            let answer = grants
                .permit(tenant, &registrant, None, verb, Channel::Intune, now)
                .await?;
            Ok(answer.map_err(|denial| denial.code())?)
        };
        let pins = (permit(Verb::Update).await?, permit(Verb::Release).await?);
        let by = Requester::new("ada", Registrant::Tenant);
        let act = |pin| Act { pin, by: &by, now };
        let edit = DeviceEdit {
            group_tag: Some(Some("Sales".to_owned())),
            ..DeviceEdit::default()
        };
        // The SDK's own tries fail, too.
        let unlucky = || at_transactions(&world.embedded, move |_| fault).devices();
        let lost = unlucky().update(id, &edit, None, &act(&pins.0)).await;
        assert!(lost.is_err(), "{fault:?}: {lost:?}");
        let repeated = world.embedded.devices().update(id, &edit, None, &act(&pins.0)).await?;
        let (Updated::Done(device) | Updated::Unchanged(device)) = repeated else {
            panic!("{fault:?}: {repeated:?}");
        };
        assert_eq!(
            (device.version, device.group_tag.as_deref()),
            (2, Some("Sales")),
            "{fault:?}"
        );
        let lost = unlucky().release(id, &act(&pins.1)).await;
        assert!(lost.is_err(), "{fault:?}: {lost:?}");
        let answer = place
            .ask(&place.admin(), &format!("POST /devices/{id}/release"), &Value::Null)
            .await?;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["version"]),
            (200, &json!(3)),
            "{fault:?}"
        );
        let history = place.get(&place.admin(), &format!("/devices/{id}/history")).await?;
        let changes = history.body["changes"].as_array().ok_or("changes")?;
        let events: Vec<&Value> = changes.iter().map(|change| &change["event"]).collect();
        assert_eq!(events, ["released", "updated", "registered"], "{fault:?}");
        place.assert_sound().await?;
    }
    Ok(())
}

/// Listing 1,000 of 100,000 devices. Takes minutes, so it must be asked for: `cargo test -p journeys --test it listing --
/// --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a figure: takes minutes and wants the machine for itself"]
async fn listing_a_thousand_of_a_hundred_thousand() -> Result<()> {
    use std::time::{Duration, Instant};
    const BUDGET: Duration = Duration::from_millis(200);
    const ALL: usize = 100_000;
    let place = Place::with(0, 0).await?;
    let mut list = "Manufacturer,Model,Serial Number\r\n".to_owned();
    for n in 0..ALL {
        list.push_str(&format!("Contoso,Book 5,S{n:07}\r\n"));
    }
    let seen = place
        .world
        .upload("partner-center", Some(&place.contoso), place.tenant, list.into_bytes())
        .await?;
    assert_eq!(seen.counts.get("registered"), Some(&100_000));
    let (mut times, mut all, mut next) = (Vec::new(), 0, String::new());
    loop {
        let start = Instant::now();
        let page = place.get(&place.admin(), &format!("/devices?limit=1000{next}")).await?;
        times.push(start.elapsed());
        all += page.body["devices"].as_array().ok_or("devices")?.len();
        match page.body["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(all, ALL);
    times.sort();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "a page of 1,000 of 100,000 devices: median {median:.1?}, slowest {slowest:.1?}, of {}",
        times.len()
    );
    assert!(median < BUDGET, "{median:.1?}");
    Ok(())
}

#[tokio::test]
async fn a_key_that_came_with_another_body_is_refused_on_every_post() {
    let world = World::new().await.unwrap();
    let api = Api::over(&world).unwrap();
    let tenant = world.tenant("Fabrikam", FABRIKAM).await.unwrap();
    let administrator = Who::OfTenant(tenant, Role::TenantAdministrator);
    let none = "1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f";
    let other = "2c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f";
    let update = |tag: &str| json!({ "devices": [{ "id": none, "groupTag": tag }] });
    let partner = |name: &str| json!({ "id": "contoso", "name": name, "kind": "oem" });
    let devices = format!("POST /v1/tenants/{FABRIKAM}/devices");
    for (who, what, first, second) in [
        (
            &Who::Service,
            "POST /v1/tenants".to_owned(),
            json!({ "name": "A" }),
            json!({ "name": "B" }),
        ),
        (
            &Who::Service,
            "POST /v1/partners".to_owned(),
            partner("A"),
            partner("B"),
        ),
        (&administrator, format!("{devices}/update"), update("A"), update("B")),
        (
            &administrator,
            format!("{devices}/release"),
            json!({ "ids": [none] }),
            json!({ "ids": [other] }),
        ),
    ] {
        let key = [("idempotency-key", "k-1")];
        let answer = api.ask(who, &world, &what, &key, &first).await.unwrap();
        assert!(answer.status.is_success(), "{what}: {answer:?}");
        let again = api.ask(who, &world, &what, &key, &first).await.unwrap();
        assert_eq!((again.status, &again.body), (answer.status, &answer.body), "{what}");
        assert_eq!(again.headers.get("etag"), answer.headers.get("etag"), "{what}");
        assert_eq!(again.headers["idempotency-replayed"], "true", "{what}");
        let reused = api.ask(who, &world, &what, &key, &second).await.unwrap();
        assert_eq!(reused.status.as_u16(), 422, "{what}: {reused:?}");
        assert_eq!(reused.body["code"], "idempotency-key-reused", "{what}");
    }
}
