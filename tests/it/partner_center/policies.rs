//! Policies, and the devices that are given them.

use journeys::world::Result;
use serde_json::{Value, json};

use super::{Place, by_key, code, sample};

/// Makes a policy of this name; its id.
async fn policy(place: &Place, name: &str) -> Result<String> {
    let new = json!({ "Name": name, "Category": "o_o_b_e", "PolicySettings": ["oobe_user_not_local_admin"] });
    let made = place.ask("POST ~/policies", &new).await?;
    assert_eq!(made.status, 200, "{made:?}");
    Ok(made.body["id"].as_str().unwrap().to_owned())
}

/// What the devices of a batch have.
async fn given(place: &Place, batch: &str) -> Result<Vec<(String, Option<String>)>> {
    let listed = place.get(&format!("~/deviceBatches/{batch}/devices")).await?.body;
    let devices = listed["items"].as_array().unwrap().iter();
    Ok(devices
        .map(|device| {
            let value = device["policies"][0]["value"].as_str().map(str::to_owned);
            (device["id"].as_str().unwrap().to_owned(), value)
        })
        .collect())
}

#[tokio::test]
async fn a_policy_is_made_shown_replaced_and_deleted() -> Result<()> {
    let place = Place::new().await?;
    let new = json!({
        "name": "Windows 10 Enterprise E5", "category": "o_o_b_e", "description": "test policy",
        "policySettings": ["oobe_user_not_local_admin", "skip_express_settings"],
    });
    let made = place.ask("POST ~/policies", &new).await?;
    assert_eq!(made.status, 200, "{made:?}");
    let published: Value = serde_json::from_slice(&sample!("policy.response-200.json"))?;
    for member in published.as_object().unwrap().keys() {
        assert!(made.body.get(member).is_some(), "{member}: {made:?}");
    }
    for member in ["name", "category", "description", "devicesAssigned"] {
        assert_eq!(made.body[member], published[member], "{member}");
    }
    let settings = json!([
        "oobe_user_not_local_admin",
        "skip_express_settings",
        "skip_oem_registration"
    ]);
    assert_eq!(made.body["policySettings"], settings);
    let id = made.body["id"].as_str().unwrap();
    let one = format!("~/policies/{id}");
    assert_eq!(place.get(&one).await?.body, made.body);
    let listed = place.get("~/Policies").await?.body;
    assert_eq!((&listed["totalCount"], &listed["items"][0]), (&json!(1), &made.body));

    let again = place
        .ask("POST ~/policies", &json!({ "name": "WINDOWS 10 enterprise E5" }))
        .await?;
    assert_eq!(code(&again), (409, 409));
    for (wrong, expected) in [
        (json!({ "name": "" }), (400, 3000)),
        (json!({ "name": "b", "category": "device" }), (400, 900_126)),
        (json!({ "name": "b", "policySettings": ["skip_all"] }), (400, 900_126)),
        (
            json!({ "name": "b", "policySettings": ["remove_oem_preinstalls"] }),
            (400, 3000),
        ),
        (json!({ "name": "b", "policySettings": "skip_eula" }), (400, 3000)),
    ] {
        assert_eq!(code(&place.ask("POST ~/policies", &wrong).await?), expected, "{wrong}");
    }

    let other = serde_json::to_vec(&json!({ "Id": id, "Name": "Other", "PolicySettings": ["skip_eula"] }))?;
    let old = [("If-Match", "\"7\"")];
    assert_eq!(
        code(&place.send(&format!("PUT {one}"), &old, other.clone()).await?),
        (412, 412)
    );
    let etag = made.body["attributes"]["etag"].as_str().unwrap();
    let replaced = place.send(&format!("PUT {one}"), &[("If-Match", etag)], other).await?;
    assert_eq!(replaced.status, 200, "{replaced:?}");
    assert_eq!(
        replaced.body["policySettings"],
        json!(["skip_oem_registration", "skip_eula"])
    );
    assert!(replaced.body.get("description").is_none(), "{replaced:?}");
    assert_eq!(replaced.body["createdDate"], made.body["createdDate"]);

    let id = [("MS-RequestId", "0e1f2a3b-0000-4000-8000-000000000002")];
    for _ in 0..2 {
        let gone = place.send(&format!("DELETE {one}"), &id, Vec::new()).await?;
        assert_eq!((gone.status.as_u16(), gone.bytes.len()), (204, 0), "{gone:?}");
    }
    assert_eq!(
        code(&place.ask(&format!("DELETE {one}"), &Value::Null).await?),
        (404, 1000)
    );
    assert_eq!(code(&place.get(&one).await?), (404, 1000));
    place.assert_sound().await
}

#[tokio::test]
async fn devices_are_given_policies_and_what_became_of_each_is_told() -> Result<()> {
    let place = Place::new().await?;
    place.batch("a", by_key(0..3)).await?;
    let (first, second) = (policy(&place, "First").await?, policy(&place, "Second").await?);
    let ids: Vec<String> = given(&place, "a").await?.into_iter().map(|(id, _)| id).collect();
    let update =
        |device: &str, value: Value| json!({ "Id": device, "Policies": [{ "Key": "o_o_b_e", "Value": value }] });

    // The published sample names a device and a policy that nobody knows here.
    let sent = place
        .send(
            "PATCH ~/DevicePolicyUpdates",
            &[],
            sample!("device-policy-updates.request.json"),
        )
        .await?;
    let job = place.done(&sent).await?;
    assert_eq!(job["status"], "finished_with_errors", "{job}");
    let expected = json!([{
        "deviceId": "9993-8627-3608-6844-6369-4361-72", "status": "finished_with_errors",
        "errorCode": "807", "errorDescription": "ZtdDeviceIsNotRegistered",
        "attributes": { "objectType": "DeviceUploadDetails" },
    }]);
    assert_eq!(job["devicesStatus"], expected);

    let some = json!({ "Devices": [update(&ids[0], json!(first)), update(&ids[1], json!(second))] });
    let id = [("MS-RequestId", "0e1f2a3b-0000-4000-8000-000000000001")];
    let body = serde_json::to_vec(&some)?;
    let sent = place.send("PATCH ~/devicepolicyupdates", &id, body.clone()).await?;
    assert_eq!(place.done(&sent).await?["status"], "finished");
    let again = place.send("PATCH ~/DevicePolicyUpdates", &id, body).await?;
    assert_eq!(place.job(&again), place.job(&sent));
    let value = |policy: &str| Some(policy.to_owned());
    let now: Vec<Option<String>> = given(&place, "a")
        .await?
        .into_iter()
        .map(|(_, policy)| policy)
        .collect();
    assert_eq!(now, [value(&first), value(&second), None]);
    assert_eq!(
        place.get(&format!("~/policies/{first}")).await?.body["devicesAssigned"],
        1
    );
    // What these clients give is what the device has.
    let explained = place
        .get(&format!("/v1/tenants/{}/devices/{}/profile", place.tenant, ids[0]))
        .await?;
    assert_eq!(explained.body["profile"]["id"], first.as_str(), "{explained:?}");

    let mixed = json!({ "devices": [
        update(&ids[0], json!(second)), update(&ids[1], Value::Null), update(&ids[2], json!(ids[2])),
        update("1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f", json!(first)),
        update("2c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f", Value::Null),
    ] });
    let job = place
        .done(&place.ask("PATCH ~/DevicePolicyUpdates", &mixed).await?)
        .await?;
    let codes: Vec<Option<&str>> = job["devicesStatus"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["errorCode"].as_str())
        .collect();
    assert_eq!(codes, [None, None, Some("809"), Some("807"), Some("807")], "{job}");
    let now: Vec<Option<String>> = given(&place, "a")
        .await?
        .into_iter()
        .map(|(_, policy)| policy)
        .collect();
    assert_eq!(now, [value(&second), None, None]);

    assert_eq!(
        code(&place.ask(&format!("DELETE ~/policies/{second}"), &Value::Null).await?),
        (409, 409)
    );
    for (wrong, expected) in [
        (json!({ "devices": [] }), (400, 3000)),
        (json!({ "devices": [{ "id": ids[0] }] }), (400, 3000)),
        (
            json!({ "devices": [update(&ids[0], Value::Null), update(&ids[0].to_uppercase(), Value::Null)] }),
            (400, 3000),
        ),
        (
            json!({ "devices": [{ "id": ids[0], "policies": [{ "key": "device", "value": first }] }] }),
            (400, 900_126),
        ),
    ] {
        assert_eq!(
            code(&place.ask("PATCH ~/DevicePolicyUpdates", &wrong).await?),
            expected,
            "{wrong}"
        );
    }
    place.assert_sound().await
}

#[tokio::test]
async fn one_device_is_given_a_policy_by_itself() -> Result<()> {
    let place = Place::new().await?;
    place.batch("a", by_key(0..1)).await?;
    let (first, second) = (policy(&place, "First").await?, policy(&place, "Second").await?);
    let device = given(&place, "a").await?[0].0.clone();
    for (method, wanted) in [
        ("PUT", Some(&first)),
        ("PATCH", Some(&second)),
        ("PATCH", Some(&second)),
        ("PUT", None),
    ] {
        let what = format!("{method} ~/deviceBatches/a/devices/{device}");
        let body = json!({ "Id": device, "SerialNumber": null, "Policies": [{ "Key": "o_o_b_e", "Value": wanted }] });
        let answer = place.ask(&what, &body).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body["id"], device.as_str());
        assert_eq!(
            answer.body["policies"],
            json!([{ "key": "o_o_b_e", "value": wanted }]),
            "{method}"
        );
    }
    let what = format!("PATCH ~/deviceBatches/a/devices/{device}");
    let unknown = json!({ "policies": [{ "key": "o_o_b_e", "value": device }] });
    assert_eq!(code(&place.ask(&what, &unknown).await?), (400, 3000));
    let elsewhere = what.replace("/a/", "/b/");
    let none = json!({ "policies": [{ "key": "o_o_b_e", "value": null }] });
    assert_eq!(code(&place.ask(&elsewhere, &none).await?), (404, 1000));
    place.assert_sound().await
}
