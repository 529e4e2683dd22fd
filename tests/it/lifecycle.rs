//! The life of a device, from the factory to its second owner, as `docs/lifecycle.md` tells it.

use hardware_hash::generate::{Rewritten, SyntheticDevice};
use journeys::api::{Answer, Api, Who};
use journeys::lists::{Row, all_columns, device, hash, list};
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use manifest::Format;
use muster_core::access::Role;
use muster_core::id::TenantId;
use muster_core::party::PartnerKind;
use serde_json::{Value, json};

struct Life {
    world: World,
    api: Api,
}

impl Life {
    /// What the tenant's administrator is answered, which must be good news.
    async fn admin(&self, tenant: TenantId, what: &str, body: &Value) -> Result<Value> {
        let who = Who::OfTenant(tenant, Role::TenantAdministrator);
        let what = what.replace("/-", &format!("/v1/tenants/{tenant}"));
        let answer = self.api.ask(&who, &self.world, &what, &[], body).await?;
        assert!(answer.status.is_success(), "{what}: {answer:?}");
        Ok(answer.body)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        let headers = [("content-type", "application/json")];
        let what = format!("POST /v1/deployment/{path}");
        self.api.send(&what, &headers, serde_json::to_vec(body)?).await
    }

    /// What a device is told that boots with this hardware.
    async fn boot(&self, shown: &SyntheticDevice, time: u32) -> Result<Value> {
        let nonce = self.post("nonce", &json!({})).await?.body["nonce"].clone();
        let told = self
            .post("lookup", &json!({"nonce": nonce, "hardwareHash": hash(shown, time)}))
            .await?;
        assert_eq!(told.status, 200, "{told:?}");
        self.world.wait(60);
        Ok(told.body)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_goes_from_the_factory_to_its_second_owner() -> Result<()> {
    let world = World::new().await?;
    let fabrikam = world.tenant("Fabrikam", FABRIKAM).await?;
    let tailspin = world.tenant("Tailspin", TAILSPIN).await?;
    let northwind = world.partner("northwind", PartnerKind::Oem, None).await?;
    let contoso = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    let api = Api::over(&world)?;
    let life = Life { world, api };
    let world = &life.world;
    let policy = json!({"requireCatalogue": true, "domain": "fabrikam.onmicrosoft.com"});
    life.admin(fabrikam, "PATCH /-", &policy).await?;
    let made = device(1);

    // The manufacturer makes it known, and the customer consents.
    let catalogued = world.catalogue(&northwind, all_columns(&[Row::of_hash(&made)])).await?;
    assert_eq!(catalogued.counts["registered"], 1, "{}", catalogued.report);
    world.consent(fabrikam, &contoso).await?;
    assert_eq!(life.boot(&made, 1).await?["code"], 807, "it is nobody's yet");

    // The reseller registers it by what the box says. What nobody made known is refused.
    let boxes = [Row::of_tuple(&made).tagged("Sales"), Row::of_tuple(&device(2))];
    let registered = world
        .upload("partner-center", Some(&contoso), fabrikam, all_columns(&boxes))
        .await?;
    let counts = (registered.counts["registered"], registered.counts["unknownIdentity"]);
    assert_eq!(counts, (1, 1), "{}", registered.report);
    let id = world.devices(fabrikam).await?[0].id;

    // It has no profile, and then one by its group tag; whoever waits is told when.
    let what = format!("GET /-/devices/{id}/profile");
    let explained = life.admin(fabrikam, &what, &Value::Null).await?;
    assert_eq!(explained["assignmentStatus"], "notAssigned");
    let new = json!({"name": "Sales", "deviceNameTemplate": "PC-%SERIAL%"});
    let profile = life.admin(fabrikam, "POST /-/profiles", &new).await?;
    let profile = profile["id"].as_str().ok_or("an id")?;
    let assignment = json!({"includeGroupTags": ["Sales"]});
    let what = format!("PUT /-/profiles/{profile}/assignment");
    life.admin(fabrikam, &what, &assignment).await?;
    let what = format!("GET /-/devices/{id}/profile?wait=5");
    let waited = life.admin(fabrikam, &what, &Value::Null).await?;
    assert_eq!(waited["profile"]["name"], "Sales");

    // It boots and gets it, as captured on another day, and with another disk.
    let told = life.boot(&made, 2).await?;
    assert_eq!(told["configuration"]["ZtdRegistrationId"], id.to_string(), "{told}");
    assert_eq!(told["configuration"]["DeploymentProfileName"], "Sales");
    assert_eq!(
        told["configuration"]["CloudAssignedTenantDomain"],
        "fabrikam.onmicrosoft.com"
    );
    let told = life.boot(&made.clone().with_new_disk(1), 3).await?;
    assert_eq!(told["configuration"]["DeploymentProfileName"], "Sales", "{told}");
    let seen = life
        .admin(fabrikam, &format!("GET /-/devices/{id}"), &Value::Null)
        .await?;
    assert_eq!(seen["downloadedProfile"]["name"], "Sales");
    let agent = Who::OfPartner(contoso, Role::AdminAgent);
    let what = format!("GET /v1/tenants/{fabrikam}/devices/{id}");
    let seen = life.api.ask(&agent, world, &what, &[], &Value::Null).await?;
    assert_eq!(seen.status, 200);
    assert!(
        seen.body["downloadedProfile"].is_null(),
        "the tenant's own is none of the partner's business"
    );

    // Its board is replaced: a stranger, whose owner is told, until somebody says that it is the same device.
    let repaired = made.clone().with_new_board(1, Rewritten::SerialAndUuid);
    assert_eq!(life.boot(&repaired, 4).await?["code"], 807);
    let seen = life
        .admin(fabrikam, &format!("GET /-/devices/{id}"), &Value::Null)
        .await?;
    assert_ne!(seen["remediationState"], "noRemediationRequired");
    let rebind = json!({"hardwareHash": hash(&repaired, 5), "reason": "new board, ticket 4711"});
    let rebound = life
        .admin(fabrikam, &format!("POST /-/devices/{id}/rebind"), &rebind)
        .await?;
    assert_eq!(rebound["device"]["remediationState"], "noRemediationRequired");
    let told = life.boot(&repaired, 6).await?;
    assert_eq!(told["configuration"]["ZtdRegistrationId"], id.to_string(), "{told}");
    assert_eq!(life.boot(&made, 7).await?["code"], 807, "the old board is nobody's");

    // It is sold: nobody else gets it before it is released, and nothing of its first life comes along.
    let second = list(Format::Intune, &[Row::of_hash(&repaired)]);
    let refused = world.upload("intune", None, tailspin, second.clone()).await?;
    assert_eq!(refused.counts["ownedByOtherTenant"], 1, "{}", refused.report);
    life.admin(fabrikam, &format!("POST /-/devices/{id}/release"), &Value::Null)
        .await?;
    assert_eq!(life.boot(&repaired, 8).await?["code"], 807);
    let again = world
        .upload("intune", None, tailspin, [second, b"\r\n".to_vec()].concat())
        .await?;
    assert_eq!(again.counts["registered"], 1, "{}", again.report);
    let anew = &world.devices(tailspin).await?[0];
    assert_ne!(anew.id, id);
    assert_eq!((anew.group_tag.as_deref(), anew.version), (None, 1));
    assert_eq!(life.boot(&repaired, 9).await?["code"], 815, "Tailspin has no profile");
    let history = life
        .admin(fabrikam, &format!("GET /-/devices/{id}/history"), &Value::Null)
        .await?;
    let events: Vec<&str> = history["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|change| change["event"].as_str())
        .collect();
    assert_eq!(events, ["released", "rebound", "registered"]);
    let report = world.embedded.fsck().check(world.now()).await?;
    assert!(report.is_clean(), "{:?}", report.findings);
    Ok(())
}
