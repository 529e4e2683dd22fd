//! What Partner Center's portal lets a partner see and do, these calls do, and no more.

use std::collections::BTreeMap;

use journeys::api::Who;
use journeys::lists::{Row, all_columns, device};
use journeys::world::Result;
use muster_core::access::Role;
use muster_core::party::PartnerKind;
use serde_json::{Value, json};

use super::{Place, by_key, code};

/// The devices of a batch: who made each, by its product key.
async fn listed(place: &Place, batch: &str) -> Result<BTreeMap<String, (String, String)>> {
    let body = place.get(&format!("~/deviceBatches/{batch}/devices")).await?.body;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = body["items"].as_array().into_iter().flatten();
    Ok(items
        .map(|item| (text(&item["productKey"]), (text(&item["id"]), text(&item["createdBy"]))))
        .collect())
}

#[tokio::test]
async fn a_partner_manages_what_any_reseller_added_and_nothing_that_the_customer_did() -> Result<()> {
    let place = Place::new().await?;
    let adatum = place.world.partner("adatum", PartnerKind::CspDirect, None).await?;
    place.world.consent(place.tenant, &adatum).await?;
    place.batch("shared", by_key(1..2)).await?;
    let theirs = all_columns(&[Row::of_pkid(&device(2)).tagged("shared")]);
    place
        .world
        .upload("partner-center", Some(&adatum), place.tenant, theirs)
        .await?;
    let own = all_columns(&[Row::of_hash(&device(3)).tagged("shared")]);
    place.world.upload("intune", None, place.tenant, own).await?;
    let customers = place.world.devices(place.tenant).await?;
    let customers = customers.iter().find(|device| device.registrant.partner().is_none());
    let customers = customers.ok_or("no device")?.id.to_string();

    let key = |n: u64| device(n).pkid.unwrap_or_default();
    let seen = listed(&place, "shared").await?;
    let names: Vec<(&String, &str)> = seen.iter().map(|(key, (_, by))| (key, by.as_str())).collect();
    let expected = BTreeMap::from([(key(1), "contoso"), (key(2), "adatum")]);
    assert_eq!(names, expected.iter().map(|(key, by)| (key, *by)).collect::<Vec<_>>());

    // The customer's own profiles are none of its policies.
    let admin = Who::OfTenant(place.tenant, Role::TenantAdministrator);
    let what = format!("POST /v1/tenants/{}/profiles", place.tenant);
    let own = place
        .api
        .ask(&admin, &place.world, &what, &[], &json!({ "name": "Own" }))
        .await?;
    assert_eq!(own.status, 201, "{own:?}");
    let own = own.body["id"].as_str().ok_or("no id")?.to_owned();
    let policy = place.ask("POST ~/policies", &json!({ "name": "Theirs" })).await?.body;
    let policies = place.get("~/policies").await?.body;
    assert_eq!(policies["totalCount"], 1, "{policies}");
    assert_eq!(code(&place.get(&format!("~/policies/{own}")).await?), (404, 1000));

    let given =
        |device: &str, policy: &str| json!({ "id": device, "policies": [{ "key": "o_o_b_e", "value": policy }] });
    let theirs = &seen[&key(2)].0;
    let mine = policy["id"].as_str().ok_or("no id")?;
    let devices = json!([
        given(theirs, mine),
        given(&customers, mine),
        given(&seen[&key(1)].0, &own)
    ]);
    let job = place
        .ask("PATCH ~/DevicePolicyUpdates", &json!({ "devices": devices }))
        .await?;
    let job = place.done(&job).await?;
    let codes: Vec<&Value> = job["devicesStatus"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|device| &device["errorCode"])
        .collect();
    assert_eq!(codes, [&Value::Null, &json!("807"), &json!("809")], "{job}");

    let delete = |id: &str| format!("DELETE ~/deviceBatches/shared/devices/{id}");
    assert_eq!(place.ask(&delete(theirs), &Value::Null).await?.status, 204);
    let hidden = place.ask(&delete(&customers), &Value::Null).await?;
    assert_eq!(code(&hidden), (404, 1000));
    assert_eq!(listed(&place, "shared").await?.len(), 1);
    place.assert_sound().await
}

#[tokio::test]
async fn what_the_sdks_say_of_themselves_is_passed_over() -> Result<()> {
    let place = Place::new().await?;
    let headers = [
        ("MS-Contract-Version", "v1"),
        ("X-Locale", "en-US"),
        ("MS-PartnerCenter-Application", "Partner Center .NET SDK Samples"),
        ("MS-PartnerCenter-Client", "Partner Center .NET SDK"),
        ("MS-SdkVersion", "3.4.0"),
        ("Accept", "application/json"),
        ("If-Match", "\"7\""),
    ];
    let body = serde_json::to_vec(&json!({ "batchId": "a", "devices": by_key(0..1) }))?;
    let made = place.send("POST ~/deviceBatches", &headers, body).await?;
    assert_eq!(place.done(&made).await?["status"], "finished");
    let listed = place.send("GET ~/deviceBatches", &headers, Vec::new()).await?;
    assert_eq!((listed.status.as_u16(), &listed.body["totalCount"]), (200, &json!(1)));
    Ok(())
}
