//! Repair over the whole: lists that show a new board, rebinds over HTTP, and what nobody may lose or gain by them.

mod meets;
mod second_life;

use axum::http::StatusCode;
use hardware_hash::generate::{Rewritten, SyntheticDevice};
use journeys::api::{Answer, Api, Who};
use journeys::lists::{Row, all_columns, device, hash};
use journeys::world::{FABRIKAM, Result, Seen, TAILSPIN, World};
use muster_core::access::Role;
use muster_core::device::Device;
use muster_core::id::{DeviceId, PartnerId, TenantId};
use muster_core::identity::IdentityKey;
use muster_core::party::PartnerKind;
use muster_core::upload::ObjectVersion;
use serde_json::{Value, json};

/// Two tenants, a partner with the consent of the first, and everybody who may ask.
struct Shop {
    world: World,
    api: Api,
    tenant: TenantId,
    other: TenantId,
    contoso: PartnerId,
}

impl Shop {
    async fn open() -> Result<Self> {
        let world = World::new().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        let other = world.tenant("Tailspin", TAILSPIN).await?;
        let contoso = world.partner("contoso", PartnerKind::CspDirect, None).await?;
        world.consent(tenant, &contoso).await?;
        let api = Api::over(&world)?;
        Ok(Self {
            world,
            api,
            tenant,
            other,
            contoso,
        })
    }

    fn admin(&self) -> Who {
        Who::OfTenant(self.tenant, Role::DeviceAdministrator)
    }

    fn agent(&self) -> Who {
        Who::OfPartner(self.contoso.clone(), Role::AdminAgent)
    }

    async fn ask(&self, who: &Who, what: &str, body: &Value) -> Result<Answer> {
        let what = what.replace("/devices", &format!("/v1/tenants/{}/devices", self.tenant));
        self.api.ask(who, &self.world, &what, &[], body).await
    }

    async fn rebind(&self, who: &Who, id: DeviceId, after: &SyntheticDevice) -> Result<Answer> {
        let body = json!({"hardwareHash": hash(after, 9), "reason": "new board, ticket 7"});
        self.ask(who, &format!("POST /devices/{id}/rebind"), &body).await
    }

    /// Uploads the hash of a device; a minute later.
    async fn upload(&self, channel: &str, tenant: TenantId, hardware: &SyntheticDevice) -> Result<Seen> {
        self.world.wait(60);
        let partner = (channel == "partner-center").then_some(&self.contoso);
        let list = all_columns(&[Row::of_hash(hardware)]);
        self.world.upload(channel, partner, tenant, list).await
    }

    /// Registers a device, and what it is then.
    async fn register(&self, channel: &str, tenant: TenantId, hardware: &SyntheticDevice) -> Result<Device> {
        let seen = self.upload(channel, tenant, hardware).await?;
        assert_eq!(seen.counts.get("registered"), Some(&1), "{}", seen.report);
        let devices = self.world.devices(tenant).await?;
        let found = devices
            .into_iter()
            .find(|device| device.source.upload == seen.status.id);
        Ok(found.ok_or("the device")?)
    }

    /// Drops a list with the hash of a device, and does not wait.
    async fn drop_list(&self, channel: &str, tenant: TenantId, hardware: &SyntheticDevice) -> Result<ObjectVersion> {
        let key = format!("inbox/{channel}/-/{tenant}/list.csv");
        self.world
            .drop_file(&key, all_columns(&[Row::of_hash(hardware)]), &[])
            .await
    }

    async fn device(&self, id: DeviceId) -> Result<Device> {
        Ok(self.world.embedded.devices().get(id).await?.ok_or("the device")?)
    }

    /// Which devices hold these identities.
    async fn holders(&self, keys: &[IdentityKey]) -> Result<Vec<Option<DeviceId>>> {
        let claims = self.world.embedded.devices().claims(keys, true).await?;
        Ok(keys
            .iter()
            .map(|key| claims.get(key).map(|claim| claim.device))
            .collect())
    }

    /// Nothing is wrong with what is stored.
    async fn assert_sound(&self) -> Result<()> {
        let report = self.world.embedded.fsck().check(self.world.now()).await?;
        assert!(report.is_clean(), "{:?}", report.findings);
        Ok(())
    }
}

fn repaired(n: u64) -> SyntheticDevice {
    device(n).with_new_board(1, Rewritten::Serial)
}

fn status(answer: &Answer) -> u16 {
    answer.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_shows_a_new_board_and_a_rebind_takes_it_over() -> Result<()> {
    let shop = Shop::open().await?;
    let admin = shop.admin();
    let old = shop.register("intune", shop.tenant, &device(1)).await?;
    let untouched = shop.register("intune", shop.tenant, &device(2)).await?;
    let path = format!("/devices/{}", old.id);
    let shown = shop.ask(&admin, &format!("GET {path}"), &Value::Null).await?;
    assert_eq!(shown.body["remediationState"], "noRemediationRequired");

    for version in [2, 2] {
        let seen = shop.upload("intune", shop.tenant, &repaired(1)).await?;
        assert_eq!(seen.counts.get("ambiguous"), Some(&1), "{}", seen.report);
        assert!(seen.report.contains("rebind the device"), "{}", seen.report);
        let marked = shop.device(old.id).await?;
        assert_eq!(
            (marked.version, &marked.keys),
            (version, &old.keys),
            "a repeat writes nothing"
        );
        assert_eq!(marked.last_source(), &old.source);
    }
    let shown = shop.ask(&admin, &format!("GET {path}"), &Value::Null).await?;
    assert_eq!(shown.body["remediationState"], "manualRemediationRequired");
    assert_eq!(
        shown.body["remediationStateLastModifiedDateTime"], shown.body["changedAt"],
        "{}",
        shown.body
    );
    let listed = async |state: &str| -> Result<Vec<Value>> {
        let page = shop
            .ask(&admin, &format!("GET /devices?remediation={state}"), &Value::Null)
            .await?;
        let devices = page.body["devices"].as_array().ok_or("devices")?;
        Ok(devices.iter().map(|device| device["id"].clone()).collect())
    };
    assert_eq!(listed("manualRemediationRequired").await?, [json!(old.id)]);
    assert_eq!(listed("noRemediationRequired").await?, [json!(untouched.id)]);
    assert!(listed("automaticRemediationRequired").await?.is_empty());

    // With the version that was read, under a key; then the same again, as after a lost answer.
    let body = json!({"hardwareHash": hash(&repaired(1), 9), "reason": " new board "});
    let what = format!("POST /v1/tenants/{}{path}/rebind", shop.tenant);
    let stale = shop
        .api
        .ask(&admin, &shop.world, &what, &[("if-match", "\"1\"")], &body)
        .await?;
    assert_eq!(status(&stale), 412, "{}", stale.body);
    let headers = [("if-match", "\"2\""), ("idempotency-key", "k")];
    let done = shop.api.ask(&admin, &shop.world, &what, &headers, &body).await?;
    assert_eq!(
        (status(&done), &done.headers["etag"]),
        (200, &"\"3\"".parse()?),
        "{}",
        done.body
    );
    assert_eq!(
        (&done.body["changed"], &done.body["device"]["version"]),
        (&json!(true), &json!(3))
    );
    assert_eq!(done.body["device"]["remediationState"], "noRemediationRequired");
    assert_eq!(
        done.body["notices"][0]["code"], "adapters-kept",
        "its Wi-Fi card is the old one"
    );
    let replayed = shop.api.ask(&admin, &shop.world, &what, &headers, &body).await?;
    assert_eq!(
        (&replayed.body, &replayed.headers["idempotency-replayed"]),
        (&done.body, &"true".parse()?)
    );
    let again = shop
        .api
        .ask(&admin, &shop.world, &what, &[("if-match", "\"2\"")], &body)
        .await?;
    assert_eq!(
        (status(&again), &again.body["changed"]),
        (200, &json!(false)),
        "{}",
        again.body
    );
    let seen = shop.upload("intune", shop.tenant, &repaired(1)).await?;
    assert_eq!(seen.counts.get("unchanged"), Some(&1), "{}", seen.report);

    let history = shop.ask(&admin, &format!("GET {path}/history"), &Value::Null).await?;
    let changes = history.body["changes"].as_array().ok_or("changes")?;
    let events: Vec<&Value> = changes.iter().map(|change| &change["event"]).collect();
    assert_eq!(events, ["rebound", "updated", "registered"]);
    assert_eq!(
        (&changes[0]["reason"], &changes[0]["by"]["party"]),
        (&json!("new board"), &json!("tenant"))
    );
    assert_eq!(
        changes[1]["fields"],
        json!([{"field": "remediationState", "old": "noRemediationRequired", "new": "manualRemediationRequired"}])
    );
    let told = history.body.to_string();
    assert!(old.keys.iter().all(|key| !told.contains(&key.to_string())), "{told}");
    assert!(!told.contains(&device(1).pkid.ok_or("a product key")?), "{told}");
    assert!(
        changes[0]["fields"]
            .as_array()
            .ok_or("fields")?
            .contains(&json!({"field": "hardware"}))
    );
    assert!(
        changes[0]["fields"]
            .as_array()
            .ok_or("fields")?
            .contains(&json!({"field": "keys"}))
    );
    shop.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_update_may_rebind_what_it_may_know_of() -> Result<()> {
    let shop = Shop::open().await?;
    let northwind = shop.world.partner("northwind", PartnerKind::Oem, None).await?;
    shop.world.consent(shop.tenant, &northwind).await?;
    let own = shop.register("intune", shop.tenant, &device(1)).await?;
    let handed = shop.register("partner-center", shop.tenant, &device(2)).await?;
    let of = |role| Who::OfTenant(shop.tenant, role);
    for (who, of_own, of_handed) in [
        (of(Role::Reader), 403, 403),
        (of(Role::ConsentApprover), 403, 403),
        (Who::Service, 403, 403),
        (Who::OfPartner(northwind, Role::Oem), 403, 403),
        (Who::OfTenant(shop.other, Role::TenantAdministrator), 404, 404),
        (Who::OfPartner(shop.contoso.clone(), Role::SalesAgent), 404, 200),
        (shop.agent(), 404, 200),
        (of(Role::TenantAdministrator), 200, 200),
    ] {
        let answers = (
            status(&shop.rebind(&who, own.id, &repaired(1)).await?),
            status(&shop.rebind(&who, handed.id, &repaired(2)).await?),
        );
        assert_eq!(answers, (of_own, of_handed), "{who:?}");
    }
    // A partner is not told why somebody of the tenant did something, nor who.
    shop.rebind(&shop.admin(), handed.id, &device(2)).await?;
    let history = format!("GET /devices/{}/history", handed.id);
    let told = shop.ask(&shop.agent(), &history, &Value::Null).await?;
    assert_eq!(told.body["changes"][0]["by"], json!({"party": "tenant"}));
    assert!(told.body["changes"][0].get("reason").is_none());
    let told = shop.ask(&shop.admin(), &history, &Value::Null).await?;
    assert_eq!(told.body["changes"][0]["reason"], "new board, ticket 7");

    shop.world.revoke(shop.tenant, &shop.contoso).await?;
    let refused = shop.rebind(&shop.agent(), handed.id, &repaired(2)).await?;
    assert_eq!(
        (status(&refused), &refused.body["reason"]),
        (403, &json!("consent-revoked"))
    );
    assert_eq!(shop.device(handed.id).await?.version, 3);
    shop.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_rebound_says_where_and_why() -> Result<()> {
    let shop = Shop::open().await?;
    let admin = shop.admin();
    let old = shop.register("intune", shop.tenant, &device(1)).await?;
    let what = format!("POST /devices/{}/rebind", old.id);
    let good = hash(&repaired(1), 9);
    for (body, path) in [
        (json!({"hardwareHash": good}), "body"),
        (json!({"hardwareHash": good, "reason": " "}), "reason"),
        (json!({"hardwareHash": good, "reason": "x".repeat(501)}), "reason"),
        (json!({"hardwareHash": good, "reason": "a\u{0}b"}), "reason"),
        (json!({"reason": "x"}), "hardwareHash"),
        (json!({"hardwareHash": "T0", "reason": "x"}), "hardwareHash"),
        (json!({"hardwareHash": good, "reason": "x", "force": true}), "force"),
    ] {
        let answer = shop.ask(&admin, &what, &body).await?;
        assert_eq!(
            (status(&answer), &answer.body["errors"][0]["path"]),
            (400, &json!(path)),
            "{body}"
        );
    }
    // A tuple or a product key leads to no new board.
    for body in [
        json!({"reason": "x", "serialNumber": "S", "manufacturer": "Contoso", "model": "Book"}),
        json!({"reason": "x", "productKeyId": device(1).pkid}),
    ] {
        let answer = shop.ask(&admin, &what, &body).await?;
        assert_eq!(
            (status(&answer), &answer.body["reason"]),
            (400, &json!("ZtdDeviceNotFound")),
            "{body}"
        );
    }
    let stranger = shop.rebind(&admin, old.id, &device(2)).await?;
    assert_eq!(
        (status(&stranger), &stranger.body["reason"]),
        (409, &json!("another-device"))
    );
    let keyless = shop.rebind(&admin, old.id, &repaired(1).without_product_key()).await?;
    assert_eq!(
        (status(&keyless), &keyless.body["reason"]),
        (409, &json!("no-product-key"))
    );
    assert!(
        keyless.body["remedy"]
            .as_str()
            .is_some_and(|remedy| remedy.contains("RDPK"))
    );
    let never = DeviceId::of_row(&old.source.upload, 4711);
    assert_eq!(status(&shop.rebind(&admin, never, &repaired(1)).await?), 404);
    shop.world.release(old.id, shop.tenant).await?;
    assert_eq!(
        shop.rebind(&admin, old.id, &repaired(1)).await?.status,
        StatusCode::CONFLICT
    );
    assert_eq!(shop.device(old.id).await?.keys, old.keys);
    shop.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_mdm_service_shows_twice_is_mended_without_a_person() -> Result<()> {
    let shop = Shop::open().await?;
    let old = shop.register("intune", shop.tenant, &device(1)).await?;
    let seen = shop.upload("automatic", shop.tenant, &repaired(1)).await?;
    assert_eq!(seen.counts.get("ambiguous"), Some(&1), "{}", seen.report);
    let path = format!("GET /devices/{}", old.id);
    let shown = shop.ask(&shop.admin(), &path, &Value::Null).await?;
    assert_eq!(shown.body["remediationState"], "automaticRemediationRequired");
    let seen = shop.upload("automatic", shop.tenant, &repaired(1)).await?;
    assert_eq!(seen.counts.get("updated"), Some(&1), "{}", seen.report);
    let new = shop.device(old.id).await?;
    assert_eq!((new.version, new.components == old.components), (3, false));
    let gone: Vec<IdentityKey> = old.keys.iter().filter(|key| !new.keys.contains(key)).copied().collect();
    assert_eq!(gone.len(), 2, "endorsement key and PKID");
    assert_eq!(shop.holders(&gone).await?, [None, None]);
    let history = shop
        .ask(&shop.admin(), &format!("{path}/history"), &Value::Null)
        .await?;
    assert_eq!(history.body["changes"][0]["event"], "rebound");
    let seen = shop.upload("automatic", shop.tenant, &repaired(1)).await?;
    assert_eq!(seen.counts.get("unchanged"), Some(&1), "{}", seen.report);
    shop.assert_sound().await
}
