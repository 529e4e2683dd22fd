//! What no profile can say, over HTTP: each contradiction by its path.

use super::*;

/// A profile with this in it, whose user-driven or self-deploying form is otherwise in order.
fn with(base: &str, more: &Value) -> Value {
    let mut body = match base {
        "kiosk" => json!({"name": "Kiosk", "mode": "selfDeploying"}),
        "holo" => json!({"name": "Holo", "mode": "selfDeploying", "deviceType": "holoLens"}),
        _ => json!({"name": "Sales"}),
    };
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn each_contradiction_of_settings_is_refused_by_its_path() -> Result<()> {
    let place = Place::new().await?;
    let page = "enrollmentStatusPage";
    for (base, more, expected) in [
        ("kiosk", json!({"join": "hybrid"}), vec!["join"]),
        (
            "kiosk",
            json!({"outOfBoxExperience": {"userType": "standard"}}),
            vec!["outOfBoxExperience.userType"],
        ),
        (
            "kiosk",
            json!({"preprovisioningAllowed": true}),
            vec!["preprovisioningAllowed"],
        ),
        (
            "sales",
            json!({"outOfBoxExperience": {"userType": null}}),
            vec!["outOfBoxExperience.userType"],
        ),
        (
            "sales",
            json!({"skipConnectivityCheck": true}),
            vec!["skipConnectivityCheck"],
        ),
        (
            "sales",
            json!({"join": "hybrid", "deviceNameTemplate": "PC-%SERIAL%"}),
            vec!["deviceNameTemplate"],
        ),
        (
            "sales",
            json!({"outOfBoxExperience": {"keyboardPageSkipped": true}}),
            vec!["outOfBoxExperience.keyboardPageSkipped"],
        ),
        (
            "holo",
            json!({"convertTargetedDevices": true}),
            vec!["convertTargetedDevices"],
        ),
        ("holo", json!({"mode": "userDriven"}), vec!["mode"]),
        ("holo", json!({"join": "hybrid"}), vec!["join", "join"]),
        ("holo", json!({"isDefault": true}), vec!["isDefault"]),
        ("kiosk", json!({"deviceType": "virtualMachine"}), vec!["mode"]),
        (
            "sales",
            json!({"deviceType": "virtualMachine", "preprovisioningAllowed": true}),
            vec!["preprovisioningAllowed"],
        ),
        (
            "sales",
            json!({page: {"hideInstallationProgress": true, "allowDeviceUseBeforeProfileAndAppInstallComplete": false}}),
            vec!["enrollmentStatusPage.allowDeviceUseBeforeProfileAndAppInstallComplete"],
        ),
        (
            "sales",
            json!({page: {"installProgressTimeoutInMinutes": 0}}),
            vec!["enrollmentStatusPage.installProgressTimeoutInMinutes"],
        ),
        ("sales", json!({"roleScopeTagIds": [" "]}), vec!["roleScopeTagIds"]),
        (
            "sales",
            json!({"channel": "m365-business", "roleScopeTagIds": ["0"]}),
            vec!["roleScopeTagIds"],
        ),
        (
            "sales",
            json!({"assignment": {"includeGroupTags": ["Lab", "Sales"], "excludeGroupTags": ["Lab"]}}),
            vec!["assignment.excludeGroupTags"],
        ),
        (
            "sales",
            json!({"assignment": {"allDevices": true, "excludeGroupTags": ["Lab"]}}),
            vec!["assignment.excludeGroupTags"],
        ),
    ] {
        let answer = place.admin("POST /profiles", &with(base, &more)).await?;
        assert_eq!(paths(&answer), expected, "{base} {more}");
        let errors = answer.body["errors"].as_array().ok_or("errors")?;
        assert!(
            errors
                .iter()
                .all(|error| error["detail"].as_str().is_some_and(|detail| detail.ends_with('.')))
        );
    }
    // Nothing of it was written, and each base is in order.
    for base in ["sales", "kiosk", "holo"] {
        place.made(&with(base, &json!({}))).await?;
    }
    let page = place.admin("GET /profiles", &Value::Null).await?;
    assert_eq!(page.body["profiles"].as_array().map(Vec::len), Some(3), "{}", page.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_of_illegal_and_of_over_long_names_are_refused_with_the_reason() -> Result<()> {
    let place = Place::new().await?;
    let path = place.made(&json!({"name": "Sales"})).await?;
    for (template, word) in [
        ("my pc", "letters, digits and hyphens"),
        ("PC_1", "letters, digits and hyphens"),
        ("Büro-1", "letters, digits and hyphens"),
        ("ABCDEFGHIJKLMNOP", "names of 16 characters"),
        ("ABCDEFGHIJ%RAND:6%", "names of 16 characters"),
        ("ABCDEFGHIJKLMNO%SERIAL%", "leaves nothing of the serial number"),
        ("%SERIAL%-%SERIAL%", "more than once"),
        ("12345", "digits only"),
        ("%RAND:5%", "digits only"),
        ("x%RAND:0%", "no number of digits from 1 to 15"),
        ("x%RAND:16%", "no number of digits from 1 to 15"),
        ("%MODEL%", "is no macro"),
        ("100%", "begins no macro"),
    ] {
        let body = json!({"name": "Other", "deviceNameTemplate": template});
        for answer in [
            place.admin("POST /profiles", &body).await?,
            place
                .admin(&format!("PATCH {path}"), &json!({"deviceNameTemplate": template}))
                .await?,
        ] {
            assert_eq!(paths(&answer), ["deviceNameTemplate"], "{template}");
            let detail = answer.body["errors"][0]["detail"].as_str().unwrap_or_default();
            assert!(detail.contains(word), "{template}: {detail}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_includes_and_excludes_the_same_is_refused_whichever_comes_first() -> Result<()> {
    let place = Place::with_devices(1, 0).await?;
    let (own, _) = place.devices().await?;
    let (path, device) = (place.made(&json!({"name": "Sales"})).await?, own[0].id);
    let (assign, devices) = (format!("PUT {path}/assignment"), format!("POST {path}/devices"));
    let outcome = async |body: Value| -> Result<Value> {
        let answer = place.admin(&devices, &body).await?;
        Ok(answer.body["devices"][0]["reason"]["code"].clone())
    };
    let both = json!({"add": {"include": [device], "exclude": [device]}});
    assert_eq!(paths(&place.admin(&devices, &both).await?), ["add.exclude[0]"]);
    // By name: the other list of the two.
    assert_eq!(outcome(json!({"add": {"include": [device]}})).await?, Value::Null);
    assert_eq!(outcome(json!({"add": {"exclude": [device]}})).await?, "on-other-list");
    // All devices but one, and one where it is for all devices.
    assert_eq!(
        outcome(json!({"add": {"exclude": [device]}, "remove": [device]})).await?,
        Value::Null
    );
    let all = json!({"allDevices": true});
    assert_eq!(paths(&place.admin(&assign, &all).await?), ["allDevices"]);
    assert_eq!(outcome(json!({"remove": [device]})).await?, Value::Null);
    assert_eq!(place.admin(&assign, &all).await?.status, StatusCode::OK);
    assert_eq!(outcome(json!({"add": {"exclude": [device]}})).await?, "all-devices");
    // Two profiles that each exclude what the other includes are no circle: each is judged by itself.
    let lab = json!({"includeGroupTags": ["Lab"], "excludeGroupTags": ["Sales"]});
    let other = json!({"name": "Lab", "assignment": {"includeGroupTags": ["Sales"], "excludeGroupTags": ["Lab"]}});
    assert_eq!(place.admin(&assign, &lab).await?.status, StatusCode::OK);
    place.made(&other).await?;
    place.assert_sound().await
}
