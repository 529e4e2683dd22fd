//! Which profile a device has.

use super::*;

/// The name of a device's profile, and why it has it.
async fn has(place: &Place, who: &Who, device: &Device) -> Result<(Option<String>, String)> {
    let told = place
        .ask(who, &format!("GET /devices/{}/profile", device.id), &[], &Value::Null)
        .await?;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let status = text(&told.body["assignmentStatus"]).unwrap_or_default();
    let because = text(&told.body["profile"]["because"]).unwrap_or(status);
    Ok((text(&told.body["profile"]["name"]), because))
}

fn some(name: &str, because: &str) -> (Option<String>, String) {
    (Some(name.to_owned()), because.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_has_the_oldest_profile_that_applies_and_the_default_where_none_does() -> Result<()> {
    let place = Place::with_devices(2, 0).await?;
    let (own, _) = place.devices().await?;
    let (first, second) = (&own[0], &own[1]);
    let admin = place.administrator();
    let none = (None, "notAssigned".to_owned());
    assert_eq!(has(&place, &admin, first).await?, none);

    let old = place.made(&json!({"name": "Old"})).await?;
    let new = place
        .made(&json!({"name": "New", "assignment": {"includeGroupTags": ["Sales"]}}))
        .await?;
    place.made(&json!({"name": "Default", "isDefault": true})).await?;
    assert_eq!(has(&place, &admin, first).await?, some("Default", "default"));

    place
        .admin(&format!("PATCH /devices/{}", first.id), &json!({"groupTag": "Sales"}))
        .await?;
    assert_eq!(has(&place, &admin, first).await?, some("New", "groupTag"));
    assert_eq!(has(&place, &admin, second).await?, some("Default", "default"));
    place
        .admin(&format!("PUT {old}/assignment"), &json!({"allDevices": true}))
        .await?;
    assert_eq!(has(&place, &admin, first).await?, some("Old", "allDevices"));
    place.admin(&format!("PUT {old}/assignment"), &json!({})).await?;

    let add = |list: &str, device: &Device| json!({"add": {list: [device.id]}});
    let placed = place
        .admin(&format!("POST {old}/devices"), &add("include", second))
        .await?;
    assert_eq!(placed.body["devices"][0]["outcome"], "added", "{}", placed.body);
    assert_eq!(has(&place, &admin, second).await?, some("Old", "device"));
    place
        .admin(&format!("POST {new}/devices"), &add("exclude", first))
        .await?;
    assert_eq!(has(&place, &admin, first).await?, some("Default", "default"));
    let told = place
        .admin(&format!("GET /devices/{}/profile", first.id), &Value::Null)
        .await?;
    let verdicts: Vec<&str> = told.body["considered"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["notIncluded", "deviceExcluded", "chosen"]);

    let release = place
        .admin(&format!("POST /devices/{}/release", first.id), &json!({}))
        .await?;
    assert_eq!(release.status, StatusCode::OK, "{}", release.body);
    let told = place
        .admin(&format!("GET /devices/{}/profile", first.id), &Value::Null)
        .await?;
    assert_eq!(told.status, StatusCode::CONFLICT, "{}", told.body);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_cannot_use_its_profile_has_failed() -> Result<()> {
    let place = Place::with_devices(1, 0).await?;
    let (own, _) = place.devices().await?;
    let holo =
        json!({"name": "Holo", "deviceType": "holoLens", "mode": "selfDeploying", "assignment": {"allDevices": true}});
    place.made(&holo).await?;
    let told = place
        .admin(&format!("GET /devices/{}/profile", own[0].id), &Value::Null)
        .await?;
    assert_eq!(told.body["assignmentStatus"], "failed", "{}", told.body);
    assert_eq!(told.body["assignmentDetail"], "holoLensProfileNotSupported");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_on_one_list_of_a_profile() -> Result<()> {
    let place = Place::with_devices(3, 0).await?;
    let (own, _) = place.devices().await?;
    let ids: Vec<String> = own.iter().map(|device| device.id.to_string()).collect();
    let path = place.made(&json!({"name": "Sales"})).await?;
    let what = format!("POST {path}/devices");
    let outcomes = async |body: &Value| -> Result<Vec<String>> {
        let answer = place.admin(&what, body).await?;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let devices = answer.body["devices"].as_array().unwrap().clone();
        let word = |device: &Value| match device["reason"]["code"].as_str() {
            Some(code) => code.to_owned(),
            None => device["outcome"].as_str().unwrap().to_owned(),
        };
        Ok(devices.iter().map(word).collect())
    };
    let stranger = "1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f";
    let first = json!({"add": {"include": [ids[0], stranger], "exclude": [ids[1]]}, "remove": [ids[2]]});
    assert_eq!(outcomes(&first).await?, ["added", "notFound", "added", "unchanged"]);
    assert_eq!(
        outcomes(&first).await?,
        ["unchanged", "notFound", "unchanged", "unchanged"]
    );
    let other = json!({"add": {"exclude": [ids[0]]}});
    assert_eq!(outcomes(&other).await?, ["on-other-list"]);
    let moved = json!({"add": {"exclude": [ids[0]]}, "remove": [ids[0]]});
    assert_eq!(outcomes(&moved).await?, ["added"]);
    for (body, found) in [
        (
            json!({"add": {"include": [ids[0]], "exclude": [ids[0]]}}),
            "add.exclude[0]",
        ),
        (json!({"add": {"include": [ids[0], ids[0]]}}), "add.include[1]"),
        (json!({}), "add"),
        (json!({"add": {"include": ["x"]}}), "add.include[0]"),
        (json!({"include": []}), "include"),
    ] {
        assert_eq!(paths(&place.admin(&what, &body).await?), [found], "{body}");
    }

    let listed = async |query: &str| -> Result<Vec<String>> {
        let page = place
            .admin(&format!("GET {path}/devices?{query}"), &Value::Null)
            .await?;
        let devices = page.body["devices"]
            .as_array()
            .unwrap_or_else(|| panic!("{}", page.body))
            .clone();
        Ok(devices
            .iter()
            .map(|device| device["side"].as_str().unwrap().to_owned())
            .collect())
    };
    assert_eq!(outcomes(&json!({"add": {"include": [ids[2]]}})).await?, ["added"]);
    assert_eq!(listed("").await?, ["include", "exclude", "exclude"]);
    assert_eq!(listed("side=include").await?, ["include"]);
    let page = place
        .admin(&format!("GET {path}/devices?limit=1"), &Value::Null)
        .await?;
    let next = page.body["next"].as_str().unwrap();
    assert_eq!(listed(&format!("cursor={next}")).await?, ["exclude", "exclude"]);

    let profile = place.admin(&format!("GET {path}"), &Value::Null).await?;
    assert_eq!(
        (&profile.body["includedDevices"], &profile.body["excludedDevices"]),
        (&json!(1), &json!(2))
    );
    let all = place
        .admin(&format!("PUT {path}/assignment"), &json!({"allDevices": true}))
        .await?;
    assert_eq!(paths(&all), ["allDevices"]);
    let refused = place.admin(&format!("DELETE {path}"), &Value::Null).await?;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert_eq!(
        outcomes(&json!({"remove": ids})).await?,
        ["removed", "removed", "removed"]
    );
    let all = place
        .admin(&format!("PUT {path}/assignment"), &json!({"allDevices": true}))
        .await?;
    assert_eq!(all.status, StatusCode::OK, "{}", all.body);
    assert_eq!(outcomes(&other).await?, ["all-devices"]);
    place.admin(&format!("PUT {path}/assignment"), &json!({})).await?;
    let gone = place.admin(&format!("DELETE {path}"), &Value::Null).await?;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn very_many_devices_are_named_at_once() -> Result<()> {
    let place = Place::with_devices(250, 0).await?;
    let (own, _) = place.devices().await?;
    let ids: Vec<String> = own.iter().map(|device| device.id.to_string()).collect();
    let path = place.made(&json!({"name": "Sales"})).await?;
    let placed = place
        .admin(&format!("POST {path}/devices"), &json!({"add": {"include": ids}}))
        .await?;
    let devices = placed.body["devices"].as_array().unwrap();
    assert!(
        devices.iter().all(|device| device["outcome"] == "added"),
        "{}",
        placed.body
    );
    let profile = place.admin(&format!("GET {path}"), &Value::Null).await?;
    assert_eq!(profile.body["includedDevices"], 250);
    place.assert_sound().await
}
