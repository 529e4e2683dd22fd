//! A device that boots, over HTTP: who is recognised and what it is told, and that strangers learn nothing.

mod figure;
mod profiles;
mod reads;
mod strangers;

use std::collections::BTreeMap;
use std::net::IpAddr;

use hardware_hash::generate::{Rewritten, SyntheticDevice};
use journeys::api::{Answer, Api, Who};
use journeys::lists::{Row, all_columns, device, hash, intune};
use journeys::world::{FABRIKAM, Result, World};
use muster_core::access::Role;
use muster_core::id::TenantId;
use muster_local::counting::Counting;
use serde_json::{Value, json};

/// How many of each.
type Counts = BTreeMap<String, u64>;

/// A tenant with ten devices, which it registered by hash, and an eleventh, which it knows by name only.
struct Place {
    world: World,
    api: Api,
    tenant: TenantId,
    /// What the functions ask of DynamoDB.
    calls: Counting,
}

/// The number of the device of which a partner handed in the names alone.
const NAMED: u64 = 10;

impl Place {
    async fn new() -> Result<Self> {
        let (world, [calls, _]) = World::new().await?.counted().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        world.upload("intune", None, tenant, intune(0..NAMED)).await?;
        let oem = world
            .partner("northwind", muster_core::party::PartnerKind::Oem, None)
            .await?;
        world.consent(tenant, &oem).await?;
        let named = all_columns(&[Row::of_tuple(&device(NAMED))]);
        world.upload("oem-direct", Some(&oem), tenant, named).await?;
        let api = Api::over(&world)?;
        Ok(Self {
            world,
            api,
            tenant,
            calls,
        })
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.post_from(None, path, &[], body).await
    }

    async fn post_from(
        &self,
        peer: Option<IpAddr>,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Answer> {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        let what = format!("POST /v1/deployment/{path}");
        self.api.send_from(peer, &what, &all, serde_json::to_vec(body)?).await
    }

    async fn nonce(&self) -> Result<String> {
        let given = self.post("nonce", &json!({})).await?;
        assert_eq!(given.status, 200, "{given:?}");
        Ok(given.body["nonce"].as_str().ok_or("a nonce")?.to_owned())
    }

    /// What a device is told that shows this, and the calls of the store that its look-up took.
    async fn boot(&self, shown: &Value) -> Result<(Answer, Vec<(String, u64)>)> {
        let (told, calls, _) = self.counted(shown).await?;
        Ok((told, calls.into_iter().collect()))
    }

    /// What a device is told that shows this, the calls of the store that it took, and the items that those asked for.
    async fn counted(&self, shown: &Value) -> Result<(Answer, Counts, Counts)> {
        let mut body = shown.clone();
        body["nonce"] = self.nonce().await?.into();
        let before = (self.calls.snapshot(), self.calls.items_read());
        let told = self.post("lookup", &body).await?;
        let more = |after: Counts, before: &Counts| {
            let more = after.into_iter().map(|(name, n)| {
                let seen = before.get(&name).copied().unwrap_or_default();
                (name, n - seen)
            });
            more.filter(|(_, n)| *n > 0).collect()
        };
        Ok((
            told,
            more(self.calls.snapshot(), &before.0),
            more(self.calls.items_read(), &before.1),
        ))
    }

    async fn told(&self, shown: &Value) -> Result<Value> {
        let (told, _) = self.boot(shown).await?;
        assert_eq!(told.status, 200, "{told:?}");
        Ok(told.body)
    }

    /// The device as its administrator sees it.
    async fn seen(&self, device: &SyntheticDevice) -> Result<Value> {
        let admin = Who::OfTenant(self.tenant, Role::TenantAdministrator);
        let all = self.world.devices(self.tenant).await?;
        let found = all.iter().find(|known| known.serial.as_deref() == Some(&device.serial));
        let id = found.ok_or("no such device")?.id;
        let what = format!("GET /v1/tenants/{}/devices/{id}", self.tenant);
        Ok(self.api.ask(&admin, &self.world, &what, &[], &Value::Null).await?.body)
    }

    async fn let_tuples_count(&self, on: bool) -> Result<Answer> {
        let admin = Who::OfTenant(self.tenant, Role::TenantAdministrator);
        let what = format!("PATCH /v1/tenants/{}", self.tenant);
        self.api
            .ask(&admin, &self.world, &what, &[], &json!({"tupleLookup": on}))
            .await
    }
}

fn with(mut device: SyntheticDevice, change: impl FnOnce(&mut SyntheticDevice)) -> SyntheticDevice {
    change(&mut device);
    device
}

fn by_hash(device: &SyntheticDevice) -> Value {
    json!({"hardwareHash": hash(device, 7), "osBuild": "10.0.26100.1"})
}

fn by_tuple(device: &SyntheticDevice) -> Value {
    json!({"manufacturer": device.manufacturer, "model": device.product, "serialNumber": device.serial})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_device_without_a_profile_is_told_so_and_that_is_recorded() -> Result<()> {
    let place = Place::new().await?;
    let before = place.seen(&device(3)).await?;
    assert_eq!(
        (&before["enrollmentState"], before.get("lastContactedDateTime")),
        (&json!("notContacted"), None)
    );
    let first = place.world.now();
    for round in 0..3 {
        let told = place.told(&by_hash(&device(3).with_new_disk(1))).await?;
        assert_eq!(
            (&told["answer"], &told["code"]),
            (&json!("refused"), &json!(815)),
            "{told}"
        );
        assert_eq!(told["name"], "ZtdDeviceHasNoAssignedProfile");
        assert!(
            told["remedy"].as_str().unwrap().contains("muster devices wait"),
            "{told}"
        );
        let seen = place.seen(&device(3)).await?;
        let expected = json!({
            "enrollmentState": "unknown", "firstContactAt": first, "lastContactedDateTime": place.world.now(),
            "lastAnswer": "noProfile", "osBuild": "10.0.26100.1",
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&seen[name], value, "{name} in round {round}");
        }
        assert_eq!(
            seen["version"], before["version"],
            "a device that boots changes nothing of what people edit"
        );
        place.world.wait(60);
    }
    let report = place.world.embedded.fsck().check(place.world.now()).await?;
    assert!(report.is_clean(), "{:?}", report.findings);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_is_needed_and_good_once() -> Result<()> {
    let place = Place::new().await?;
    let ask = async |nonce: &str| {
        let mut body = by_hash(&device(1));
        body["nonce"] = nonce.into();
        place.post("lookup", &body).await
    };
    let (used, old) = (place.nonce().await?, place.nonce().await?);
    assert_ne!(used, old);
    assert_eq!(ask(&used).await?.status, 200);
    place.world.wait(300);
    let refused = ask(&used).await?;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["errors"][0]["path"]),
        (400, &json!("nonce"))
    );
    for nonce in [
        old.as_str(),
        "",
        "0",
        &"0".repeat(32),
        "no nonce ☃",
        &"x".repeat(10_000),
    ] {
        assert_eq!(
            ask(nonce).await?.bytes,
            refused.bytes,
            "used, old and unknown are one: {nonce}"
        );
    }
    // What is refused for what it says costs no nonce.
    let fresh = place.nonce().await?;
    let wrong = json!({"nonce": fresh, "hardwareHash": "T0nonsense"});
    assert_eq!(
        place.post("lookup", &wrong).await?.body["errors"][0]["path"],
        "hardwareHash"
    );
    assert_eq!(ask(&fresh).await?.status, 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_is_refused_by_its_path() -> Result<()> {
    let place = Place::new().await?;
    let unknown = with(device(20), |d| {
        d.serial = "To be filled by O.E.M.".to_owned();
    });
    let nothing_tells = with(unknown.clone().without_tpm(), |d| {
        d.uuid = hardware_hash::SmbiosUuid::from_wire([0xFF; 16]);
        d.pkid = None;
    });
    let mut both = by_hash(&device(1));
    both["serialNumber"] = "S1".into();
    for (shown, path) in [
        (json!({}), "body"),
        (both, "body"),
        (json!({"hardwareHash": "T0"}), "hardwareHash"),
        (json!({"hardwareHash": "A".repeat(24_001)}), "hardwareHash"),
        (by_hash(&nothing_tells), "hardwareHash"),
        (by_tuple(&unknown), "serialNumber"),
        (json!({"serialNumber": "S1", "model": "M"}), "manufacturer"),
        (
            json!({"hardwareHash": hash(&device(1), 1), "osBuild": "1\u{7}"}),
            "osBuild",
        ),
        (json!({"hardwareHash": hash(&device(1), 1), "more": 1}), "more"),
    ] {
        let (told, calls) = place.boot(&shown).await?;
        assert_eq!(told.status.as_u16(), 400, "{shown}: {told:?}");
        let paths: Vec<&Value> = told.body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["path"])
            .collect();
        assert!(paths.contains(&&json!(path)), "{shown}: {paths:?}");
        assert!(
            calls.iter().all(|(name, _)| name == "UpdateItem"),
            "nothing is looked up: {calls:?}"
        );
    }
    let long = json!({"hardwareHash": "A".repeat(70_000)});
    let (told, _) = place.boot(&long).await?;
    assert_eq!(told.status.as_u16(), 413);
    // Placeholders everywhere but in the TPM: a device all the same.
    assert_eq!(place.told(&by_hash(&unknown)).await?["code"], 807);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_has_its_share_whatever_it_says_of_itself() -> Result<()> {
    let place = Place::new().await?;
    let (one, other): (IpAddr, IpAddr) = ("192.0.2.1".parse()?, "192.0.2.2".parse()?);
    place.world.wait(12);
    let mut last = None;
    for n in 0..=600 {
        let forwarded = format!("203.0.113.{}", n % 250);
        let headers = [
            ("x-forwarded-for", forwarded.as_str()),
            ("forwarded", forwarded.as_str()),
        ];
        let answer = place.post_from(Some(one), "nonce", &headers, &json!({})).await?;
        assert_eq!(answer.status.as_u16(), if n < 600 { 200 } else { 429 }, "{n}");
        last = Some(answer);
    }
    let refused = last.ok_or("an answer")?;
    assert_eq!(refused.body["code"], "too-many-requests");
    assert_eq!(refused.headers["retry-after"], "48", "the minute ends then");
    for path in ["nonce", "lookup"] {
        let answer = place.post_from(Some(one), path, &[], &json!({"nonce": "x"})).await?;
        assert_eq!(answer.status.as_u16(), 429, "{path}: what cannot be read counts, too");
    }
    assert_eq!(
        place.post_from(Some(other), "nonce", &[], &json!({})).await?.status,
        200
    );
    place.world.wait(48);
    assert_eq!(place.post_from(Some(one), "nonce", &[], &json!({})).await?.status, 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tuple_counts_where_its_tenant_lets_it() -> Result<()> {
    let place = Place::new().await?;
    for (on, code) in [(false, 807), (true, 815), (false, 807)] {
        let set = place.let_tuples_count(on).await?;
        assert_eq!((set.status.as_u16(), &set.body["tupleLookup"]), (200, &json!(on)));
        for shown in [
            by_tuple(&device(4)),
            by_tuple(&device(NAMED)),
            // Nothing but its names is known of this one, so its hash says no more to us than its names do.
            by_hash(&device(NAMED)),
        ] {
            assert_eq!(place.told(&shown).await?["code"], code, "{on}: {shown}");
        }
        assert_eq!(place.told(&by_hash(&device(4))).await?["code"], 815);
        let elsewhere = with(device(4), |d| {
            d.product = device(4).product.to_uppercase();
        });
        assert_eq!(place.told(&by_tuple(&elsewhere)).await?["code"], 807);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_administrator_decides_about_tuples_and_not_about_its_licence() -> Result<()> {
    let place = Place::new().await?;
    let what = format!("PATCH /v1/tenants/{}", place.tenant);
    for (role, body, status) in [
        (Role::TenantAdministrator, json!({"tupleLookup": true}), 200),
        (Role::TenantAdministrator, json!({"licensed": true}), 403),
        (
            Role::TenantAdministrator,
            json!({"tupleLookup": false, "licensed": null}),
            403,
        ),
        (Role::DeviceAdministrator, json!({"tupleLookup": true}), 403),
        (Role::TenantAdministrator, json!({"tupleLookup": null}), 200),
        (Role::TenantAdministrator, json!({"tupleLookup": "yes"}), 400),
    ] {
        let who = Who::OfTenant(place.tenant, role);
        let answer = place.api.ask(&who, &place.world, &what, &[], &body).await?;
        assert_eq!(answer.status.as_u16(), status, "{role} {body}: {answer:?}");
    }
    let world = &place.world;
    let service = place
        .api
        .ask(&Who::Service, world, &what, &[], &json!({"licensed": true}))
        .await?;
    assert_eq!(
        (&service.body["licensed"], &service.body["tupleLookup"]),
        (&json!(true), &json!(true))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_says_otherwise_than_it_was_registered_is_told_so() -> Result<()> {
    let place = Place::new().await?;
    let renamed = with(device(5), |d| {
        d.serial = "OTHER-1".to_owned();
    });
    let rekeyed = with(device(5), |d| {
        d.pkid = device(77).pkid;
    });
    for (shown, name, answer) in [
        (renamed, "SerialNumberMismatch", "serialNumberMismatch"),
        (rekeyed, "ProductKeyIdMismatch", "productKeyMismatch"),
    ] {
        let told = place.told(&by_hash(&shown)).await?;
        assert_eq!((&told["code"], &told["name"]), (&json!(908), &json!(name)));
        assert_eq!(place.seen(&device(5)).await?["lastAnswer"], answer);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_board_is_a_stranger_whose_owner_sees_that_something_is_to_be_done() -> Result<()> {
    let place = Place::new().await?;
    let repaired = device(6).with_new_board(1, Rewritten::SerialAndUuid);
    let names_alone = with(device(66), |d| {
        d.serial = device(6).serial;
        d.product = device(6).product;
    });
    // What is known of a device begins with its registration.
    place.world.wait(60);
    for (shown, state) in [
        (&repaired, "automaticRemediationRequired"),
        (&repaired, "automaticRemediationRequired"),
        (&names_alone, "manualRemediationRequired"),
    ] {
        assert_eq!(place.told(&by_hash(shown)).await?["code"], 807);
        let seen = place.seen(&device(6)).await?;
        assert_eq!(seen["remediationState"], state, "{seen}");
        assert_eq!(seen["enrollmentState"], "notContacted", "nobody was recognised");
        let what = format!("GET /v1/tenants/{}/devices?remediation={state}", place.tenant);
        let admin = Who::OfTenant(place.tenant, Role::TenantAdministrator);
        let listed = place
            .api
            .ask(&admin, &place.world, &what, &[], &Value::Null)
            .await?
            .body;
        assert_eq!(listed["devices"], json!([seen]), "{state}");
        place.world.wait(60);
    }
    place.world.wait(60);
    assert_eq!(place.told(&by_hash(&device(6))).await?["code"], 815);
    let seen = place.seen(&device(6)).await?;
    assert_eq!(
        seen["remediationState"], "noRemediationRequired",
        "the old board is back"
    );
    Ok(())
}

/// Hands a list of one device in, and lets a minute pass.
async fn handed_in(place: &Place, device: &SyntheticDevice) -> Result<()> {
    let list = journeys::lists::list(manifest::Format::Intune, &[Row::of_hash(device)]);
    place.world.upload("intune", None, place.tenant, list).await?;
    place.world.wait(60);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_is_to_decide_no_boot_takes_back() -> Result<()> {
    let place = Place::new().await?;
    place.world.wait(60);
    let repaired = device(6).with_new_board(1, Rewritten::SerialAndUuid);
    handed_in(&place, &repaired).await?;
    for _ in 0..2 {
        assert_eq!(place.told(&by_hash(&repaired)).await?["code"], 807);
        let seen = place.seen(&device(6)).await?;
        assert_eq!(seen["remediationState"], "manualRemediationRequired", "{seen}");
        place.world.wait(60);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_boots_ends_nothing_that_its_original_asks_for() -> Result<()> {
    let place = Place::new().await?;
    // Without a model there is no tuple, so the UUID is an identity, and a clone has it, too.
    let nameless = |n| with(device(n), |d| "Default string".clone_into(&mut d.product));
    let original = nameless(70);
    handed_in(&place, &original).await?;
    let moved_key = with(nameless(71), |d| d.pkid.clone_from(&original.pkid));
    handed_in(&place, &moved_key).await?;
    assert_eq!(
        place.seen(&original).await?["remediationState"],
        "manualRemediationRequired"
    );
    let clone = with(nameless(72), |d| d.uuid = original.uuid);
    assert_eq!(place.told(&by_hash(&clone)).await?["code"], 807);
    place.world.wait(60);
    let seen = place.seen(&original).await?;
    assert_eq!(seen["remediationState"], "manualRemediationRequired", "{seen}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn virtual_machines_and_clones_are_told_apart() -> Result<()> {
    let place = Place::new().await?;
    let machines: Vec<SyntheticDevice> = (40..42).map(|n| device(n).virtual_machine()).collect();
    let rows: Vec<Row> = machines.iter().map(Row::of_hash).collect();
    let list = journeys::lists::list(manifest::Format::Intune, &rows);
    place.world.upload("intune", None, place.tenant, list).await?;
    for machine in &machines {
        assert_eq!(place.told(&by_hash(machine)).await?["code"], 815);
    }
    let cloned = with(device(43).virtual_machine(), |d| {
        d.uuid = machines[0].uuid;
    });
    assert_eq!(place.told(&by_hash(&cloned)).await?["code"], 807, "a cloned UUID");
    let stolen = with(device(44).virtual_machine(), |d| {
        d.serial = machines[1].serial.clone();
    });
    assert_eq!(
        place.told(&by_hash(&stolen)).await?["code"],
        807,
        "a serial number of another"
    );
    Ok(())
}
