//! Deployment profiles, as clients of Graph make, change and assign them.

use super::*;

const PROFILES: &str = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles";

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_made_changed_assigned_and_deleted() -> Result<()> {
    let place = Place::new().await?;
    let made = place
        .send(&format!("POST {PROFILES}"), sample!("profile-create.beta.request.json"))
        .await?;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let sent = expected(sample!("profile-create.beta.request.json"));
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&made.body[name], value, "{name}");
    }
    assert_eq!(made.body["outOfBoxExperienceSettings"]["hideEULA"], true);
    assert_eq!(made.body["extractHardwareHash"], true);
    let path = format!("{PROFILES}/{}", id(&made.body));

    // The whole object comes back, with one member changed: of before, or of now.
    let mut whole = place.get(&path).await?.body;
    whole["outOfBoxExperienceSettings"]["hideEULA"] = json!(false);
    whole["locale"] = json!("de-DE");
    whole["displayName"] = json!("Users");
    let changed = place
        .send(&format!("PATCH {path}"), &serde_json::to_vec(&whole)?)
        .await?;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_eq!(changed.body["outOfBoxExperienceSetting"]["eulaHidden"], false);
    assert_eq!(
        (&changed.body["language"], &changed.body["displayName"]),
        (&json!("de-DE"), &json!("Users"))
    );
    let listed = place
        .get(&format!("{PROFILES}?$select=displayName&$orderby=displayName"))
        .await?;
    assert_eq!(listed.body["value"][0]["displayName"], "Users", "{}", listed.body);

    let device = place.registered(1).await?;
    let assignment = json!({"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}});
    let assigned = place.post(&format!("{path}/assignments"), &assignment).await?;
    assert_eq!(assigned.status, StatusCode::CREATED, "{}", assigned.body);
    let own = id(&assigned.body).to_owned();
    assert!(own.starts_with(id(&made.body)) && own.ends_with("_0"), "{own}");
    assert_eq!(
        place.get(&format!("{path}/assignments")).await?.body["value"][0]["id"],
        json!(own)
    );
    // As CIPP asks for them.
    let listed = place.get(&format!("{PROFILES}?$expand=assignments")).await?;
    let told = &listed.body["value"][0];
    assert_eq!(told["assignments"][0]["id"], json!(own), "{}", listed.body);
    let one = place.get(&format!("{path}?$expand=Assignments&$select=id")).await?;
    assert_eq!(one.body["assignments"], told["assignments"], "{}", one.body);
    assert_eq!(one.body.get("displayName"), None, "{}", one.body);
    assert_eq!(place.get(&path).await?.body.get("assignments"), None);
    assert_eq!(
        place.get(&format!("{path}/assignments/{own}")).await?.status,
        StatusCode::OK
    );
    let seen = place
        .get(&format!(
            "/beta/{DEVICES}/{device}?$expand=deploymentProfile,intendedDeploymentProfile"
        ))
        .await?;
    assert_eq!(
        seen.body["deploymentProfileAssignmentStatus"], "assignedUnkownSyncState",
        "{}",
        seen.body
    );
    assert_eq!(seen.body["deploymentProfile"]["displayName"], "Users");
    assert_eq!(seen.body["intendedDeploymentProfile"], seen.body["deploymentProfile"]);
    for path in ["deploymentProfile", "IntendedDeploymentProfile"] {
        let chosen = place
            .get(&format!("/beta/{DEVICES}/{device}/{path}?$select=id,displayName"))
            .await?;
        assert_eq!(chosen.status, StatusCode::OK, "{}", chosen.body);
        for name in ["id", "displayName"] {
            assert_eq!(chosen.body[name], seen.body["deploymentProfile"][name], "{path}");
        }
        assert_eq!(chosen.body.get("description"), None, "{path}");
    }
    let expanded = place
        .get(&format!("/v1.0/{DEVICES}/{device}?$expand=deploymentProfile"))
        .await?;
    assert_eq!(expanded.status, StatusCode::BAD_REQUEST, "{}", expanded.body);
    let having = place.get(&format!("{path}/assignedDevices")).await?;
    assert_eq!(having.body["value"][0]["id"], json!(device), "{}", having.body);

    assert_eq!(place.delete(&path).await?.status, StatusCode::CONFLICT);
    assert_eq!(
        place.delete(&format!("{path}/assignments/{own}")).await?.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        place.delete(&format!("{path}/assignments/{own}")).await?.status,
        StatusCode::NOT_FOUND
    );
    let none = place
        .get(&format!("/beta/{DEVICES}/{device}/deploymentProfile"))
        .await?;
    assert_eq!(none.status, StatusCode::NO_CONTENT, "{}", none.body);
    assert_eq!(
        place.get(&format!("{path}/assignedDevices")).await?.body["value"],
        json!([])
    );
    assert_eq!(place.delete(&path).await?.status, StatusCode::NO_CONTENT);
    assert_eq!(place.get(&path).await?.status, StatusCode::NOT_FOUND);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_assigned_by_their_ids() -> Result<()> {
    let place = Place::new().await?;
    let made = place
        .send(&format!("POST {PROFILES}"), sample!("profile-create.beta.request.json"))
        .await?;
    let path = format!("{PROFILES}/{}", id(&made.body));
    let device = place.registered(1).await?;
    let named = place
        .post(&format!("{path}/assign"), &json!({"deviceIds": [device, device]}))
        .await?;
    assert_eq!(named.status, StatusCode::NO_CONTENT, "{}", named.body);
    let seen = place
        .get(&format!("/beta/{DEVICES}?$select=id,deploymentProfileAssignmentStatus"))
        .await?;
    assert_eq!(
        seen.body["value"][0]["deploymentProfileAssignmentStatus"],
        "assignedUnkownSyncState"
    );
    for (ids, word) in [
        (json!([]), "1 to 1000"),
        (json!(["x"]), "deviceIds[0]"),
        (json!([device, "3c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21"]), "deviceIds[1]"),
        (json!(7), "array of texts"),
    ] {
        let refused = place
            .post(&format!("{path}/assign"), &json!({"deviceIds": ids}))
            .await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
        assert!(message(&refused).contains(word), "{word}: {}", message(&refused));
    }
    // A profile that nothing has is looked for among all devices, and the list says so.
    let rare = place.post(PROFILES, &json!({"displayName": "Nobody's"})).await?;
    let page = place
        .world
        .embedded
        .profiles()
        .assigned(place.tenant, id(&rare.body).parse()?, false, None, 10)
        .await?;
    assert_eq!((page.devices.len(), page.judged, page.next), (0, 1, None));
    // All that fail are told, and of others only where there are some.
    let nothing = "3c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21";
    let other = place.registered(2).await?;
    for (ids, failed, others) in [
        (json!([nothing]), &[0][..], false),
        (
            json!([nothing, other, "4c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21", nothing]),
            &[0, 2, 3],
            true,
        ),
        (json!(["x", other, "y"]), &[0, 2], false),
    ] {
        let refused = place
            .post(&format!("{path}/assign"), &json!({"deviceIds": ids}))
            .await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
        let told = message(&refused);
        for at in 0..4 {
            assert_eq!(
                told.contains(&format!("deviceIds[{at}]")),
                failed.contains(&at),
                "{at}: {told}"
            );
        }
        assert_eq!(told.contains("have it now"), others, "{told}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_contradicts_itself_is_told_by_graphs_names() -> Result<()> {
    let place = Place::new().await?;
    for (body, word) in [
        (json!({}), "displayName"),
        (json!({"displayName": "x".repeat(201)}), "displayName"),
        (json!({"displayName": "a", "locale": "nowhere at all"}), "locale"),
        (
            json!({"displayName": "a", "deviceNameTemplate": "much-too-long-for-a-name"}),
            "deviceNameTemplate",
        ),
        (json!({"displayName": "a", "deviceType": "toaster"}), "deviceType"),
        (
            json!({"displayName": "a", "@odata.type": "#microsoft.graph.group"}),
            "@odata.type",
        ),
        (json!({"displayName": "a", "displayname": "b"}), "displayname"),
        (
            json!({"displayName": "a", "preprovisioningAllowed": "yes"}),
            "preprovisioningAllowed",
        ),
        (
            json!({"displayName": "a", "outOfBoxExperienceSetting": {"eula": true}}),
            "outOfBoxExperienceSetting.eula",
        ),
        (
            json!({"displayName": "a", "outOfBoxExperienceSetting": {"deviceUsageType": "shared", "userType": "standard"}}),
            "outOfBoxExperienceSetting.userType",
        ),
        (
            json!({"displayName": "a", "enrollmentStatusScreenSettings": {"installProgressTimeoutInMinutes": "60"}}),
            "enrollmentStatusScreenSettings.installProgressTimeoutInMinutes",
        ),
    ] {
        let refused = place.post(PROFILES, &body).await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}: {}", refused.body);
        assert!(message(&refused).contains(word), "{body}: {}", message(&refused));
    }
    let shared = json!({"displayName": "Kiosk", "outOfBoxExperienceSetting": {"deviceUsageType": "shared"}});
    let made = place.post(PROFILES, &shared).await?;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.body["outOfBoxExperienceSetting"]["userType"], Value::Null);
    assert_eq!(
        place.post(PROFILES, &shared).await?.status,
        StatusCode::CONFLICT,
        "the name is taken"
    );
    let path = format!("{PROFILES}/{}", id(&made.body));
    // Another tenant sees none of it.
    let stranger = place
        .send_as(&place.stranger(), &format!("GET {path}"), &[], b"")
        .await?;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    Ok(())
}
