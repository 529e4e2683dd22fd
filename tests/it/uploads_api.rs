//! Uploads over HTTP: announced, sent to signed URLs, or inline; looked at, called off, predicted.

mod figure;
mod given_up;
mod keys;
mod news;
mod options;
mod pace;
pub(crate) mod sent;

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use journeys::api::{Answer, Api, Who};
use journeys::by_hand::{ByHand, at_transactions};
use journeys::lists::{self, Row, device, intune, list};
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use manifest::Format;
use muster_core::access::Role;
use muster_core::id::{TenantId, UploadId};
use muster_core::party::PartnerKind;
use muster_core::upload::{Reason, UploadState};
use muster_local::faults::Fault;
use muster_local::serve::{Ports, Server};
use serde_json::{Value, json};
use sweep::Occasion;
use uuid::Uuid;

use sent::{plain, send};

/// A world behind listeners, and the API that signs URLs for its bucket.
struct Served {
    world: World,
    api: Api,
    server: Server,
    tenant: TenantId,
    admin: Who,
}

impl Served {
    async fn new() -> Result<Self> {
        let world = World::new().await?;
        // The server has workers of its own.
        world.flow.stop();
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        let server = Server::start(&world.embedded, Ports { http: 0, s3: 0 }, || Uuid::from_u128(7)).await?;
        let api = Api::with_bucket_at(&world, server.s3())?;
        let admin = Who::OfTenant(tenant, Role::DeviceAdministrator);
        Ok(Self {
            world,
            api,
            server,
            tenant,
            admin,
        })
    }

    async fn ask(&self, who: &Who, what: &str, body: &Value) -> Result<Answer> {
        let (method, rest) = what.split_once(' ').ok_or("a method")?;
        let what = format!("{method} /v1/tenants/{}{rest}", self.tenant);
        self.api.ask(who, &self.world, &what, &[], body).await
    }

    async fn get(&self, rest: &str) -> Result<Value> {
        let answer = self.ask(&self.admin, &format!("GET {rest}"), &Value::Null).await?;
        assert_eq!(answer.status, 200, "{rest}: {}", answer.body);
        Ok(answer.body)
    }

    /// The upload at this path once it has come to its end, as a client waits for it.
    async fn ended(&self, path: &str) -> Result<Value> {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let shown = self.get(&format!("{path}?wait=20")).await?;
            if !matches!(shown["state"].as_str(), Some("announced" | "processing")) {
                return Ok(shown);
            }
            assert!(Instant::now() < until, "it does not end: {shown}");
        }
    }

    async fn announce(&self, who: &Who, new: &Value) -> Result<Value> {
        let answer = self.ask(who, "POST /uploads", new).await?;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let id = answer.body["id"].as_str().ok_or("no id")?;
        let location = format!("/v1/tenants/{}/uploads/{id}", self.tenant);
        assert_eq!(answer.headers["location"], location.as_str());
        Ok(answer.body)
    }

    async fn check(&self) -> Result<()> {
        let report = self.world.embedded.fsck().check(self.world.now()).await?;
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        Ok(())
    }
}

fn id_of(body: &Value) -> &str {
    body["id"].as_str().unwrap_or_default()
}

fn inline(devices: &[Value]) -> Value {
    json!({ "devices": devices })
}

fn by_hash(n: u64) -> Value {
    let device = device(n);
    json!({ "serialNumber": device.serial, "hardwareHash": lists::hash(&device, 1) })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_to_its_signed_url_once_and_with_the_announced_size_alone() -> Result<()> {
    let served = Served::new().await?;
    let file = intune(0..3);
    let new = json!({ "name": "März, 1", "size": file.len(), "groupTag": "Köln & Bonn" });
    let announced = served.announce(&served.admin, &new).await?;
    assert_eq!(announced["state"], "announced");
    let put = &announced["put"];
    let path = format!("/uploads/{}", id_of(&announced));

    // Another size, other options, no condition: each is another request than the one that was signed.
    assert_eq!(send(put, &file[..file.len() - 1]).await?.status, 403);
    let mut longer = file.clone();
    longer.push(b'\n');
    assert_eq!(send(put, &longer).await?.status, 403);
    for (name, value) in [
        ("x-amz-meta-muster-group-tag", json!("Other")),
        ("if-none-match", json!("\"x\"")),
    ] {
        let mut other = put.clone();
        assert!(other["headers"].get(name).is_some(), "{put}");
        other["headers"][name] = value;
        assert_eq!(send(&other, &file).await?.status, 403, "{name}");
    }
    assert_eq!(served.get(&path).await?["state"], "announced");
    assert_eq!(served.get(&format!("{path}/rows")).await?["rows"], json!([]));

    assert_eq!(send(put, &file).await?.status, 200);
    // A second time finds that it is there.
    assert_eq!(send(put, &file).await?.status, 412);
    let ended = served.ended(&path).await?;
    assert_eq!(ended["state"], "finished", "{ended}");
    assert_eq!(ended["announcement"], announced["id"]);
    assert_eq!(
        (&ended["rowsDone"], &ended["counts"]["registered"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(ended["name"], "März, 1.csv");
    let devices = served.world.devices(served.tenant).await?;
    assert!(
        devices
            .iter()
            .all(|device| device.group_tag.as_deref() == Some("Köln & Bonn"))
    );

    // By its own id it is the same.
    let own = format!("/uploads/{}", id_of(&ended));
    assert!(id_of(&ended).starts_with("u-"));
    assert_eq!(served.get(&own).await?, ended);
    let download = served.get(&format!("{own}/report")).await?;
    let report = send(&download, b"").await?;
    assert_eq!(report.status, 200);
    assert!(report.headers["content-disposition"].contains("report.csv"));
    assert_eq!(String::from_utf8(report.body)?.lines().count(), 4);
    let download = served.get(&format!("{own}/summary")).await?;
    let summary = send(&download, b"").await?;
    assert!(summary.headers["content-disposition"].contains("summary.json"));
    let summary: Value = serde_json::from_slice(&summary.body)?;
    assert_eq!(summary["rows"], 3, "{summary}");
    let none = served
        .ask(&served.admin, &format!("GET {own}/fixit"), &Value::Null)
        .await?;
    assert_eq!((none.status.as_u16(), &none.body["code"]), (404, &json!("not-found")));
    served.check().await?;
    served.server.stop(Duration::from_secs(5)).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_announced_is_told_by_its_path() -> Result<()> {
    let served = Served::new().await?;
    for (new, path) in [
        (json!({ "size": 1 }), "body"),
        (json!({ "name": "a", "size": 0 }), "size"),
        (json!({ "name": "a", "size": -1 }), "size"),
        (json!({ "name": "a", "size": 1_u64 << 50 }), "size"),
        (
            json!({ "name": "a", "size": 6_u64 << 30, "multipart": false }),
            "multipart",
        ),
        (json!({ "name": "a/b", "size": 1 }), "name"),
        (json!({ "name": "a", "size": 1, "sha256": "00" }), "sha256"),
        (json!({ "name": "a", "size": 1, "onConflict": "replace" }), "onConflict"),
        (
            json!({ "name": "a", "size": 1, "groupTag": "x".repeat(129) }),
            "groupTag",
        ),
        (
            json!({ "name": "a", "size": 1, "channel": "partner-center" }),
            "channel",
        ),
        (json!({ "name": "a", "size": 1, "validateonly": true }), "validateonly"),
    ] {
        let answer = served.ask(&served.admin, "POST /uploads", &new).await?;
        assert_eq!(answer.status, 400, "{new}: {}", answer.body);
        assert_eq!(answer.body["errors"][0]["path"], path, "{new}: {}", answer.body);
    }
    for rest in [
        "/uploads/x",
        "/uploads/a-AAAAAAAAAAAAAAAAAAAA",
        "/uploads/u-AAAAAAAAAAAAAAAAAAAA",
    ] {
        let answer = served.ask(&served.admin, &format!("GET {rest}"), &Value::Null).await?;
        assert_eq!(answer.status, 404, "{rest}");
    }
    let answer = served
        .ask(
            &served.admin,
            "GET /uploads/a-AAAAAAAAAAAAAAAAAAAA?wait=21",
            &Value::Null,
        )
        .await?;
    assert_eq!(answer.body["errors"][0]["path"], "query.wait", "{}", answer.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_never_comes_expires() -> Result<()> {
    let served = Served::new().await?;
    let announced = served
        .announce(&served.admin, &json!({ "name": "a", "size": 10 }))
        .await?;
    let path = format!("/uploads/{}", id_of(&announced));
    served.world.wait(3599);
    assert_eq!(served.get(&path).await?["state"], "announced");
    served.world.wait(1);
    let expired = served.get(&path).await?;
    assert_eq!(expired["state"], "expired");
    assert_eq!(expired["expiresAt"], announced["expiresAt"]);
    let resumed = served
        .ask(&served.admin, &format!("POST {path}/resume"), &json!({}))
        .await?;
    assert_eq!(resumed.status, 409);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_parts_is_made_when_all_of_them_have_arrived() -> Result<()> {
    const FIRST: usize = 16 << 20;
    let served = Served::new().await?;
    // Rows enough to be refused by their number, so that nobody has to register them.
    let header = "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User\r\n";
    let mut file = header.as_bytes().to_vec();
    while file.len() < FIRST + 100 {
        file.extend_from_slice(b"S,,,,\r\n");
    }
    let new = json!({ "name": "long.csv", "size": file.len(), "multipart": true, "strict": true });
    let announced = served.announce(&served.admin, &new).await?;
    let parts = announced["multipart"]["parts"].as_array().ok_or("no parts")?;
    assert_eq!(parts.len(), 2);
    let path = format!("/uploads/{}", id_of(&announced));
    let complete = format!("POST {path}/complete");

    let early = served.ask(&served.admin, &complete, &json!({})).await?;
    assert_eq!(early.status, 400);
    assert_eq!(early.body["errors"][1]["path"], "parts[1]", "{}", early.body);
    assert_eq!(send(&parts[1], &file[FIRST - 1..]).await?.status, 403);
    let mut named = Vec::new();
    for (part, bytes) in parts.iter().zip([&file[..FIRST], &file[FIRST..]]) {
        let sent = send(part, bytes).await?;
        assert_eq!(sent.status, 200, "{}", String::from_utf8_lossy(&sent.body));
        named.push(json!({ "partNumber": part["partNumber"], "etag": sent.headers["etag"] }));
    }
    let wrong = json!({ "parts": [named[0], { "partNumber": 2, "etag": "\"x\"" }] });
    let refused = served.ask(&served.admin, &complete, &wrong).await?;
    assert_eq!(refused.body["errors"][0]["path"], "parts[1]", "{}", refused.body);
    // Twice is once.
    for _ in 0..2 {
        let done = served.ask(&served.admin, &complete, &json!({ "parts": named })).await?;
        assert_eq!(done.status, 202, "{}", done.body);
    }
    let ended = served.ended(&path).await?;
    assert_eq!(
        (&ended["state"], &ended["reason"]["code"]),
        (&json!("refused"), &json!("too-many-rows"))
    );
    assert_eq!(ended["size"], file.len());

    let single = served
        .announce(&served.admin, &json!({ "name": "a", "size": 10 }))
        .await?;
    let nothing = served
        .ask(
            &served.admin,
            &format!("POST /uploads/{}/complete", id_of(&single)),
            &json!({}),
        )
        .await?;
    assert_eq!(nothing.status, 409, "{}", nothing.body);
    served.check().await
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_come_as_json_are_answered_in_their_order() -> Result<()> {
    let served = Served::new().await?;
    let mut odd = by_hash(2);
    odd["groupTag"] = json!("a \"quoted\", tag; =1+1");
    let body = inline(&[by_hash(1), json!({ "serialNumber": "no identity" }), odd, by_hash(1)]);
    let answer = served.ask(&served.admin, "POST /devices?wait=20", &body).await?;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["state"]),
        (202, &json!("finished-with-errors"))
    );
    let path = format!("/uploads/{}", answer.body["announcement"].as_str().unwrap_or_default());
    assert!(answer.headers["location"].to_str()?.ends_with(&path));
    let rows = served.get(&format!("{path}/rows")).await?;
    let told: Vec<(u64, &str)> = rows["rows"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| {
            (
                row["row"].as_u64().unwrap_or_default(),
                row["outcome"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    let expected = [
        (1, "registered"),
        (2, "missingIdentity"),
        (3, "registered"),
        (4, "duplicateInUpload"),
    ];
    assert_eq!(told, expected, "{rows}");
    assert_eq!(rows["next"], Value::Null);
    let one = served
        .get(&format!("{path}/rows?outcome=missingIdentity&limit=1"))
        .await?;
    assert_eq!(
        (one["rows"].as_array().map(Vec::len), &one["rows"][0]["row"]),
        (Some(1), &json!(2))
    );
    let devices = served.world.devices(served.tenant).await?;
    let tags: Vec<_> = devices
        .iter()
        .filter_map(|device| device.group_tag.as_deref())
        .collect();
    assert_eq!(tags, ["a \"quoted\", tag; =1+1"]);
    let fixit = send(&served.get(&format!("{path}/fixit")).await?, b"").await?;
    assert!(String::from_utf8(fixit.body)?.contains("no identity"));

    for (body, at) in [
        (inline(&[]), "devices"),
        (inline(&vec![by_hash(1); 501]), "devices"),
        (inline(&[json!({ "serialNumber": "a\nb" })]), "devices[0].serialNumber"),
        (inline(&[json!({ "serial": "a" })]), "devices[0].serial"),
        (inline(&[by_hash(1), json!({})]), "devices[1]"),
    ] {
        let answer = served.ask(&served.admin, "POST /devices", &body).await?;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(answer.body["errors"][0]["path"], at, "{}", answer.body);
    }
    served.check().await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_in_pages_and_a_cursor_is_good_for_its_own_list() -> Result<()> {
    let served = Served::new().await?;
    let devices: Vec<Value> = (0..7).map(by_hash).collect();
    let first = served
        .ask(&served.admin, "POST /devices?wait=20", &inline(&devices))
        .await?
        .body;
    let second = served
        .ask(&served.admin, "POST /devices?wait=20", &inline(&devices))
        .await?
        .body;
    assert_eq!(second["counts"]["unchanged"], 7);
    let path = format!("/uploads/{}", id_of(&first));
    let (mut rows, mut next) = (Vec::new(), String::new());
    loop {
        let page = served.get(&format!("{path}/rows?limit=3{next}")).await?;
        rows.extend(page["rows"].as_array().cloned().unwrap_or_default());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    let numbers: Vec<u64> = rows.iter().filter_map(|row| row["row"].as_u64()).collect();
    assert_eq!(numbers, (1..=7).collect::<Vec<_>>());
    let other = format!("GET /uploads/{}/rows?limit=3{next}", id_of(&second));
    let answer = served.ask(&served.admin, &other, &Value::Null).await?;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["errors"][0]["path"]),
        (400, &json!("query.cursor"))
    );
    let unknown = format!("GET {path}/rows?outcome=lost");
    let answer = served.ask(&served.admin, &unknown, &Value::Null).await?;
    assert_eq!(answer.body["errors"][0]["path"], "query.outcome", "{}", answer.body);

    let page = served.get("/uploads?limit=1").await?;
    assert_eq!(page["uploads"].as_array().map(Vec::len), Some(1));
    let next = page["next"].as_str().ok_or("no next page")?;
    let page = served.get(&format!("/uploads?limit=1&cursor={next}")).await?;
    assert_eq!(page["uploads"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_key_is_carried_out_once() -> Result<()> {
    let served = Served::new().await?;
    let what = format!("POST /v1/tenants/{}/devices?wait=20", served.tenant);
    let send = async |key: &str, body: &Value| {
        let headers = [("idempotency-key", key)];
        served
            .api
            .ask(&served.admin, &served.world, &what, &headers, body)
            .await
    };
    let body = inline(&[by_hash(1)]);
    let first = send("one", &body).await?;
    assert_eq!(first.status, 202, "{}", first.body);
    let again = send("one", &body).await?;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let other = send("one", &inline(&[by_hash(2)])).await?;
    assert_eq!(
        (other.status.as_u16(), &other.body["code"]),
        (422, &json!("idempotency-key-reused"))
    );
    let wrong = send("a b", &body).await?;
    assert_eq!(wrong.body["errors"][0]["path"], "header.Idempotency-Key");
    // What is refused may be mended and sent again under its key.
    assert_eq!(send("two", &inline(&[])).await?.status, 400);
    assert_eq!(send("two", &body).await?.status, 202);
    // A day later the key is a new one.
    served.world.wait(24 * 3600);
    let later = send("one", &body).await?;
    assert_ne!(later.body["id"], first.body["id"]);
    assert_eq!(served.world.devices(served.tenant).await?.len(), 1);

    let what = format!("POST /v1/tenants/{}/uploads", served.tenant);
    let new = json!({ "name": "a", "size": 10, "multipart": true });
    let headers = [("idempotency-key", "three")];
    let first = served
        .api
        .ask(&served.admin, &served.world, &what, &headers, &new)
        .await?;
    let again = served
        .api
        .ask(&served.admin, &served.world, &what, &headers, &new)
        .await?;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED));
    for same in ["id", "state", "expiresAt"] {
        assert_eq!(first.body[same], again.body[same]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_announcement_is_given_urls_for_the_time_that_is_left() -> Result<()> {
    let served = Served::new().await?;
    let file = intune(0..3);
    let what = format!("POST /v1/tenants/{}/uploads", served.tenant);
    let new = json!({ "name": "a", "size": file.len() });
    let announce = async || {
        let headers = [("idempotency-key", "k")];
        served
            .api
            .ask(&served.admin, &served.world, &what, &headers, &new)
            .await
    };
    let first = announce().await?;
    let url = |answer: &Answer| answer.body["put"]["url"].as_str().unwrap_or_default().to_owned();
    assert!(url(&first).contains("X-Amz-Expires=3600&"), "{}", first.body);
    served.world.wait(1500);
    let again = announce().await?;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(
        (&again.status, &again.headers["location"]),
        (&first.status, &first.headers["location"])
    );
    assert_eq!(again.body["expiresAt"], first.body["expiresAt"]);
    assert!(url(&again).contains("X-Amz-Expires=2100&"), "{}", again.body);
    assert_eq!(send(&again.body["put"], &file).await?.status, 200);
    let ended = served.ended(&format!("/uploads/{}", id_of(&first.body))).await?;
    assert_eq!(ended["state"], "finished", "{ended}");

    // What is not waited for any more has no URLs.
    let after = announce().await?;
    assert_eq!((&after.body["id"], after.body.get("put")), (&first.body["id"], None));
    assert_eq!(after.body["state"], "processing");
    let what = format!("POST /v1/tenants/{}/uploads", served.tenant);
    let late = async || {
        let headers = [("idempotency-key", "late")];
        let new = json!({ "name": "b", "size": 10, "multipart": true });
        served
            .api
            .ask(&served.admin, &served.world, &what, &headers, &new)
            .await
    };
    let first = late().await?;
    assert_eq!(first.body["state"], "announced");
    served.world.wait(12 * 3600);
    let expired = late().await?;
    assert_eq!((expired.status, &expired.body["id"]), (first.status, &first.body["id"]));
    assert_eq!(
        (&expired.body["state"], expired.body.get("multipart")),
        (&json!("expired"), None)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_sees_its_own_uploads_and_the_tenant_all() -> Result<()> {
    let served = Served::new().await?;
    let world = &served.world;
    let mut agents = Vec::new();
    for name in ["contoso", "proseware"] {
        let partner = world.partner(name, PartnerKind::CspDirect, None).await?;
        world.consent(served.tenant, &partner).await?;
        agents.push(Who::OfPartner(partner, Role::AdminAgent));
    }
    let tuple = |n: u64| {
        let device = device(n);
        json!({ "serialNumber": device.serial, "manufacturer": device.manufacturer, "model": device.product })
    };
    let body = inline(&[tuple(1)]);
    let mine = served.ask(&agents[0], "POST /devices?wait=20", &body).await?;
    assert_eq!(mine.body["partner"], "contoso", "{}", mine.body);
    assert_eq!(mine.body["channel"], "partner-center");
    let tenants = served
        .ask(&served.admin, "POST /devices?wait=20", &inline(&[by_hash(9)]))
        .await?;
    for ids in [["id", "announcement"], ["announcement", "id"]] {
        let path = |body: &Value, name: &str| format!("/uploads/{}", body[name].as_str().unwrap_or_default());
        for rest in ["", "/rows", "/report"] {
            let what = format!("GET {}{rest}", path(&mine.body, ids[0]));
            assert_eq!(served.ask(&agents[0], &what, &Value::Null).await?.status, 200, "{what}");
            assert_eq!(
                served.ask(&served.admin, &what, &Value::Null).await?.status,
                200,
                "{what}"
            );
            assert_eq!(
                served.ask(&Who::Service, &what, &Value::Null).await?.status,
                200,
                "{what}"
            );
            assert_eq!(served.ask(&agents[1], &what, &Value::Null).await?.status, 404, "{what}");
        }
        let cancel = format!("POST {}/cancel", path(&mine.body, ids[1]));
        let hidden = served.ask(&agents[1], &cancel, &json!({})).await?;
        let nowhere = served
            .ask(&agents[1], "POST /uploads/u-AAAAAAAAAAAAAAAAAAAA/cancel", &json!({}))
            .await?;
        assert_eq!((hidden.status, &hidden.body), (nowhere.status, &nowhere.body));
    }
    for (who, expected) in [
        (&agents[0], vec![id_of(&mine.body)]),
        (&agents[1], vec![]),
        (&served.admin, vec![id_of(&tenants.body), id_of(&mine.body)]),
    ] {
        let page = served.ask(who, "GET /uploads", &Value::Null).await?.body;
        let mut ids: Vec<&str> = page["uploads"].as_array().into_iter().flatten().map(id_of).collect();
        let mut expected = expected;
        ids.sort_unstable();
        expected.sort_unstable();
        assert_eq!(ids, expected, "{who:?}");
    }
    // Nor does another tenant see anything of it.
    let tailspin = world.tenant("Tailspin", TAILSPIN).await?;
    let other = Who::OfTenant(tailspin, Role::DeviceAdministrator);
    let what = format!("GET /v1/tenants/{tailspin}/uploads/{}", id_of(&mine.body));
    let answer = served.api.ask(&other, world, &what, &[], &Value::Null).await?;
    assert_eq!(answer.status, 404);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_ends_before_the_file_comes_refuses_it() -> Result<()> {
    let served = Served::new().await?;
    let world = &served.world;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    let agent = Who::OfPartner(partner.clone(), Role::AdminAgent);
    world.request(served.tenant, &partner, None).await?;
    let new = json!({ "name": "a", "size": 10 });
    let pending = served.ask(&agent, "POST /uploads", &new).await?;
    assert_eq!(
        (pending.status.as_u16(), &pending.body["code"], &pending.body["reason"]),
        (403, &json!("consent-denied"), &json!("consent-pending"))
    );
    world
        .embedded
        .grants()
        .grant(served.tenant, &partner, "admin", world.now())
        .await??;

    let rows: Vec<Row> = (0..3).map(|n| Row::of_tuple(&device(n))).collect();
    let file = list(Format::PartnerCenter, &rows);
    let announced = served
        .announce(&agent, &json!({ "name": "a", "size": file.len() }))
        .await?;
    world.revoke(served.tenant, &partner).await?;
    assert_eq!(send(&announced["put"], &file).await?.status, 200);
    let ended = served.ended(&format!("/uploads/{}", id_of(&announced))).await?;
    assert_eq!(
        (&ended["state"], &ended["reason"]["code"]),
        (&json!("refused"), &json!("consent-revoked"))
    );
    assert!(world.devices(served.tenant).await?.is_empty());
    let inline = json!({ "devices": [{ "productKeyId": "1234567890123" }] });
    let refused = served.ask(&agent, "POST /devices", &inline).await?;
    assert_eq!(refused.body["reason"], "consent-revoked", "{}", refused.body);
    served.check().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_loses_its_rights_in_mid_upload_does_no_more_and_the_upload_goes_on() -> Result<()> {
    let served = Served::new().await?;
    let world = &served.world;
    let file = intune(0..3);
    let announced = served
        .announce(&served.admin, &json!({ "name": "a", "size": file.len() }))
        .await?;
    let path = format!("/uploads/{}", id_of(&announced));
    // Its user looks on from now on, and does no more.
    let demoted = Who::OfTenant(served.tenant, Role::Reader);
    for act in ["complete", "cancel", "resume"] {
        let refused = served.ask(&demoted, &format!("POST {path}/{act}"), &json!({})).await?;
        assert_eq!(
            (refused.status.as_u16(), &refused.body["code"]),
            (403, &json!("forbidden")),
            "{act}"
        );
    }
    let token = format!("Bearer {}", served.api.token(&served.admin, world)?);
    assert_eq!(send(&announced["put"], &file).await?.status, 200);
    world.wait(2 * 3600);
    let what = format!("GET /v1/tenants/{}{path}", served.tenant);
    let expired = served.api.send(&what, &[("authorization", &token)], Vec::new()).await?;
    assert_eq!(
        (expired.status.as_u16(), &expired.body["code"]),
        (401, &json!("unauthenticated"))
    );
    let ended = served.ended(&path).await?;
    assert_eq!(ended["state"], "finished", "{ended}");
    served.check().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_called_off_before_its_file_comes_takes_none() -> Result<()> {
    let served = Served::new().await?;
    let file = intune(0..3);
    let new = json!({ "name": "a", "size": file.len() });
    let announced = served.announce(&served.admin, &new).await?;
    let path = format!("/uploads/{}", id_of(&announced));
    // Twice is once.
    for _ in 0..2 {
        let cancelled = served
            .ask(&served.admin, &format!("POST {path}/cancel"), &json!({}))
            .await?;
        assert_eq!(
            (cancelled.status.as_u16(), &cancelled.body["state"]),
            (200, &json!("cancelled"))
        );
    }
    assert_eq!(send(&announced["put"], &file).await?.status, 200);
    let ended = served.ended(&path).await?;
    assert_eq!(
        (&ended["state"], &ended["reason"]["code"]),
        (&json!("refused"), &json!("cancelled")),
        "{ended}"
    );
    assert!(served.world.devices(served.tenant).await?.is_empty());

    let announced = served
        .announce(&served.admin, &json!({ "name": "b", "size": 10, "multipart": true }))
        .await?;
    let path = format!("/uploads/{}", id_of(&announced));
    served
        .ask(&served.admin, &format!("POST {path}/cancel"), &json!({}))
        .await?;
    let part = &announced["multipart"]["parts"][0];
    assert_eq!(
        send(part, b"0123456789").await?.status,
        404,
        "its multipart upload is gone"
    );
    let complete = served
        .ask(&served.admin, &format!("POST {path}/complete"), &json!({}))
        .await?;
    assert_eq!(complete.status, 409, "{}", complete.body);
    served.check().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_off_between_file_and_split_is_never_accepted() -> Result<()> {
    let served = Served::new().await?;
    // Nobody works from here on.
    served.server.stop(Duration::from_secs(5)).await;
    let (world, tenant) = (&served.world, served.tenant);
    let path = format!("/v1/tenants/{tenant}");
    let what = format!("POST {path}/devices");
    let taken = served
        .api
        .ask(&served.admin, world, &what, &[], &inline(&[by_hash(1)]))
        .await?;
    assert_eq!(taken.body["state"], "processing", "{}", taken.body);
    let what = format!("POST {path}/uploads/{}/cancel", id_of(&taken.body));
    let cancelled = served.api.ask(&served.admin, world, &what, &[], &json!({})).await?;
    assert_eq!(
        (cancelled.status.as_u16(), &cancelled.body["state"]),
        (200, &json!("cancelled"))
    );
    let flow = muster_local::flow::Flow::start(&world.embedded).await?;
    flow.idle().await;
    let what = format!("GET {path}/uploads/{}?wait=5", id_of(&taken.body));
    let after = served.api.ask(&served.admin, world, &what, &[], &Value::Null).await?;
    assert_eq!(after.body["state"], "cancelled");
    assert!(world.devices(tenant).await?.is_empty());
    let report = world.embedded.fsck().check(world.now()).await?;
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_under_work_stops_before_its_next_slice_once_its_upload_is_called_off() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let api = Api::over(&world)?;
    let admin = Who::OfTenant(tenant, Role::DeviceAdministrator);
    let by_hand = ByHand::validated(&world, "intune", None, tenant, intune(0..600)).await?;
    let upload = world
        .embedded
        .uploads()
        .list(Some(tenant), None, 1)
        .await?
        .uploads
        .remove(0)
        .id;
    let (embedded, id, now) = (world.embedded.clone(), upload.clone(), world.now());
    // It is called off while the second slice is on its way.
    let process = at_transactions(&world.embedded, move |transaction| {
        if transaction == 2 {
            let reason = Reason {
                code: "cancelled".to_owned(),
                detail: "it was called off".to_owned(),
                remedy: "Upload it again.".to_owned(),
            };
            let cancel = embedded.uploads();
            let done = tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(cancel.cancel(&id, &reason, now))
            });
            assert!(done.is_ok_and(|done| done));
        }
        Fault::None
    });
    by_hand.register(&process, 0).await?;
    let registered = world.devices(tenant).await?.len();
    assert!(registered > 0 && registered < 100, "{registered}");
    by_hand.register(&world.embedded, 1).await?;
    assert_eq!(world.devices(tenant).await?.len(), registered);

    let path = format!("/v1/tenants/{tenant}/uploads/{upload}");
    let shown = api
        .ask(&admin, &world, &format!("GET {path}"), &[], &Value::Null)
        .await?;
    assert_eq!(shown.body["state"], "cancelled", "{}", shown.body);
    let rows = api
        .ask(
            &admin,
            &world,
            &format!("GET {path}/rows?limit=1000"),
            &[],
            &Value::Null,
        )
        .await?;
    assert_eq!(rows.body["rows"].as_array().map(Vec::len), Some(registered));
    let again = api
        .ask(&admin, &world, &format!("POST {path}/resume"), &[], &json!({}))
        .await?;
    assert_eq!(again.status, 409);
    let report = world.embedded.fsck().check(world.now()).await?;
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_resumed_and_what_ended_is_not_called_off() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let api = Api::over(&world)?;
    let admin = Who::OfTenant(tenant, Role::DeviceAdministrator);
    let object = world
        .drop_file_unseen(&format!("inbox/intune/-/{tenant}/a.csv"), intune(0..3))
        .await?;
    world.split_and_forget(&object).await?;
    let id: UploadId = object.upload_id();
    let reason = Reason {
        code: "no-progress".to_owned(),
        detail: "it did not move".to_owned(),
        remedy: "Resume it.".to_owned(),
    };
    assert!(world.embedded.uploads().give_up(&id, &reason, world.now()).await?);
    let path = format!("/v1/tenants/{tenant}/uploads/{id}");
    for _ in 0..2 {
        let resumed = api
            .ask(&admin, &world, &format!("POST {path}/resume"), &[], &json!({}))
            .await?;
        assert_eq!(
            (resumed.status.as_u16(), &resumed.body["state"]),
            (202, &json!("processing"))
        );
    }
    let world = world.restarted(|client| client).await?;
    world.wait(60);
    world.embedded.sweep(Occasion::Schedule).await?;
    world.flow.idle().await;
    let seen = world.seen(&object).await?;
    assert_eq!(seen.status.state, UploadState::Finished);
    let api = Api::over(&world)?;
    let late = api
        .ask(&admin, &world, &format!("POST {path}/cancel"), &[], &json!({}))
        .await?;
    assert_eq!((late.status.as_u16(), &late.body["code"]), (409, &json!("conflict")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_only_validates_predicts_and_changes_nothing() -> Result<()> {
    let served = Served::new().await?;
    let world = &served.world;
    let tailspin = world.tenant("Tailspin", TAILSPIN).await?;
    let admin = Who::OfTenant(tailspin, Role::DeviceAdministrator);
    let theirs = format!("POST /v1/tenants/{tailspin}/devices?wait=20");
    served
        .api
        .ask(&admin, world, &theirs, &[], &inline(&[by_hash(3)]))
        .await?;
    served
        .ask(
            &served.admin,
            "POST /devices?wait=20",
            &inline(&[by_hash(1), by_hash(2)]),
        )
        .await?;
    let before = (world.devices(served.tenant).await?, world.devices(tailspin).await?);

    let mut tagged = by_hash(2);
    tagged["groupTag"] = json!("KIOSK");
    let mut devices = vec![
        by_hash(1),
        tagged,
        by_hash(3),
        by_hash(4),
        json!({ "serialNumber": "x" }),
    ];
    devices.extend((100..200).map(by_hash));
    let mut body = inline(&devices);
    body["validateOnly"] = json!(true);
    let predicted = served.ask(&served.admin, "POST /devices?wait=20", &body).await?.body;
    assert_eq!(predicted["options"]["validateOnly"], true, "{predicted}");
    let after = (world.devices(served.tenant).await?, world.devices(tailspin).await?);
    assert_eq!(serde_json::to_string(&before)?, serde_json::to_string(&after)?);
    let path = format!("/uploads/{}", id_of(&predicted));
    let rows = served.get(&format!("{path}/rows?limit=5")).await?;
    let outcome = |at: usize| {
        (
            rows["rows"][at]["outcome"].as_str(),
            rows["rows"][at]["device"].is_string(),
        )
    };
    for (at, expected) in [
        (0, ("unchanged", true)),
        (1, ("updated", true)),
        (2, ("ownedByOtherTenant", false)),
        (3, ("registered", false)),
        (4, ("missingIdentity", false)),
    ] {
        assert_eq!(outcome(at), (Some(expected.0), expected.1), "{at}: {rows}");
    }
    let report = send(&served.get(&format!("{path}/report")).await?, b"").await?;
    let report = String::from_utf8(report.body)?;
    assert_eq!(report.matches("predicted: nothing was written").count(), 103);
    served.check().await?;

    // What was predicted is what happens.
    body["validateOnly"] = json!(false);
    let done = served.ask(&served.admin, "POST /devices?wait=20", &body).await?.body;
    assert_eq!(done["counts"], predicted["counts"]);
    let foreseen = served.get(&format!("{path}/rows?limit=1000")).await?;
    let became = served
        .get(&format!("/uploads/{}/rows?limit=1000", id_of(&done)))
        .await?;
    let all = |rows: &Value| rows["rows"].as_array().cloned().unwrap_or_default();
    let (foreseen, became) = (all(&foreseen), all(&became));
    assert_eq!((foreseen.len(), became.len()), (105, 105));
    for (foreseen, became) in foreseen.iter().zip(&became) {
        for name in [
            "row",
            "line",
            "serial",
            "outcome",
            "code",
            "codeName",
            "column",
            "columnName",
            "remedy",
        ] {
            assert_eq!(foreseen[name], became[name], "{name} of {foreseen}");
        }
        if foreseen["device"].is_string() {
            assert_eq!(foreseen["device"], became["device"], "{foreseen}");
        }
    }
    assert_eq!(world.devices(served.tenant).await?.len(), 103);
    served.check().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_for_another_object_or_of_another_time_is_none() -> Result<()> {
    let served = Served::new().await?;
    let file = intune(0..1);
    let announced = served
        .announce(&served.admin, &json!({ "name": "a", "size": file.len() }))
        .await?;
    let url = announced["put"]["url"].as_str().ok_or("no URL")?;
    let headers: Vec<(String, String)> = announced["put"]["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    for other in [
        url.replace("~a.csv", "~b.csv"),
        url.replace("X-Amz-Expires=3600", "X-Amz-Expires=36000"),
    ] {
        assert_ne!(other, url);
        assert_eq!(plain("PUT", &other, &headers, &file).await?.status, 403, "{other}");
    }
    assert_eq!(plain("DELETE", url, &headers, b"").await?.status, 403);
    assert_eq!(plain("PUT", url, &headers, &file).await?.status, 200);
    Ok(())
}
