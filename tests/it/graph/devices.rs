//! Registered devices, as clients list, change and delete them.

use std::collections::BTreeSet;

use journeys::api::NOBODY;
use muster_local::faults::Fault;

use super::*;

fn names(entity: &Value) -> BTreeSet<&str> {
    entity.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_has_the_properties_of_the_version_and_never_its_hash() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    let sample = expected(sample!("identities-list.beta.response-200.json"));
    let listed = place.get(&format!("/beta/{DEVICES}?$top=1&$count=true")).await?;
    assert_eq!(listed.body["@odata.context"], sample["@odata.context"]);
    assert_eq!(listed.body["@odata.count"], 1);
    let (told, known) = (&listed.body["value"][0], &sample["value"][0]);
    assert_eq!(names(told), names(known));
    for (name, value) in known.as_object().unwrap() {
        let own = [
            "id",
            "groupTag",
            "serialNumber",
            "manufacturer",
            "model",
            "azureActiveDirectoryDeviceId",
            "azureAdDeviceId",
            "productKey",
        ];
        if !own.contains(&name.as_str()) {
            assert_eq!(&told[name], value, "{name}");
        }
    }
    assert_eq!(told["id"], json!(device));
    let v1 = place.get(&format!("/v1.0/{DEVICES}/{device}")).await?;
    assert_eq!(
        names(&v1.body),
        [
            "@odata.context",
            "addressableUserName",
            "azureActiveDirectoryDeviceId",
            "displayName",
            "enrollmentState",
            "groupTag",
            "id",
            "lastContactedDateTime",
            "managedDeviceId",
            "manufacturer",
            "model",
            "productKey",
            "purchaseOrderIdentifier",
            "resourceName",
            "serialNumber",
            "skuNumber",
            "systemFamily",
            "userPrincipalName",
        ]
        .into()
    );
    let hash = hash(&journeys::lists::device(1), 1);
    assert!(!String::from_utf8_lossy(&listed.bytes).contains(&hash[..100]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_found_as_scripts_ask_for_them() -> Result<()> {
    let place = Place::new().await?;
    let rows: Vec<Value> = (1..=12).map(stock).collect();
    let body = json!({"importedWindowsAutopilotDeviceIdentities": rows});
    place.post(&format!("/beta/{IMPORTS}/import"), &body).await?;
    place.world.flow.idle().await;
    let all: BTreeSet<String> = (1..=12).map(|n| device(n).serial).collect();
    let one = device(5).serial;
    let middle: String = one.chars().skip(1).collect();
    let expect =
        |text: &str| -> BTreeSet<String> { all.iter().filter(|serial| serial.contains(text)).cloned().collect() };
    for (query, expected) in [
        (format!("?$filter=contains(serialNumber,'{one}')"), expect(&one)),
        (format!("?$filter=contains(serialNumber,'{middle}')"), expect(&middle)),
        (format!("?$filter=serialNumber%20eq%20'{one}'"), expect(&one)),
        (
            format!("?%24filter=startswith(serialNumber,'{one}')&$top=9999"),
            expect(&one),
        ),
        (
            "?$filter=groupTag eq 'KIOSK' and not (groupTag eq 'x')".replace(' ', "%20"),
            all.clone(),
        ),
        ("?$filter=groupTag%20eq%20'none'".to_owned(), BTreeSet::new()),
        // The index takes no text of any length.
        (
            format!("?$filter=startswith(serialNumber,'{}')", "x".repeat(2000)),
            BTreeSet::new(),
        ),
        (String::new(), all.clone()),
    ] {
        let listed = place.get(&format!("/beta/{DEVICES}{query}")).await?;
        let found: Vec<String> = serials(&listed);
        assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), expected, "{query}");
        assert_eq!(found.len(), expected.len(), "{query}");
    }
    for top in [1, 5] {
        let (mut path, mut seen) = (
            format!("/beta/{DEVICES}?$top={top}&$filter=contains(serialNumber,'')"),
            Vec::new(),
        );
        loop {
            let page = place.get(&path).await?;
            assert!(serials(&page).len() <= top);
            seen.extend(serials(&page));
            match page.body["@odata.nextLink"].as_str() {
                Some(link) => path = link.strip_prefix(PUBLIC_URL).unwrap().to_owned(),
                None => break,
            }
        }
        assert_eq!(
            (seen.len(), seen.into_iter().collect::<BTreeSet<_>>()),
            (12, all.clone())
        );
    }
    let ordered = place
        .get(&format!(
            "/beta/{DEVICES}?$orderby=serialNumber%20desc&$skip=2&$top=3&$select=serialNumber"
        ))
        .await?;
    let backwards: Vec<String> = all.iter().rev().skip(2).take(3).cloned().collect();
    assert_eq!(serials(&ordered), backwards);
    assert_eq!(names(&ordered.body["value"][0]), ["serialNumber"].into());
    assert_eq!(
        place.get(&format!("/beta/{DEVICES}/$count")).await?.bytes.as_ref(),
        b"12"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_changed_as_the_stock_module_does_it() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    let path = format!("/beta/{DEVICES}/{device}");
    let told = async |name: &str| {
        Ok::<Value, Box<dyn std::error::Error + Send + Sync>>(place.get(&path).await?.body[name].clone())
    };
    let assigned = place
        .send(
            &format!("POST {path}/assignUserToDevice"),
            sample!("assign-user.request.json"),
        )
        .await?;
    assert_eq!(assigned.status, StatusCode::NO_CONTENT, "{}", assigned.body);
    assert_eq!(told("userPrincipalName").await?, "user@contoso.onmicrosoft.com");
    assert_eq!(told("addressableUserName").await?, "Test User");

    let unassigned = place.send(&format!("POST {path}/unassignUserFromDevice"), b"").await?;
    assert_eq!(unassigned.status, StatusCode::NO_CONTENT);
    assert_eq!(
        (told("userPrincipalName").await?, told("addressableUserName").await?),
        (json!(""), json!(""))
    );

    let relaxed = sample!("update-device-properties.request.unquoted-keys.txt");
    let changed = place
        .send(&format!("POST {path}/UpdateDeviceProperties"), relaxed)
        .await?;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.body);
    assert_eq!(told("addressableUserName").await?, "Test User");
    let more = json!({"displayName": "PC-1", "groupTag": ""});
    assert_eq!(
        place
            .post(&format!("{path}/updateDeviceProperties"), &more)
            .await?
            .status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        (told("displayName").await?, told("groupTag").await?),
        (json!("PC-1"), json!(""))
    );

    for (body, word) in [
        (r#"{displayName: "12345"}"#, "displayName"),
        (r#"{displayName: "much-too-long-a-name"}"#, "displayName"),
        (r#"{model: "x"}"#, "model"),
        (r#"{userPrincipalName: "nobody"}"#, "userPrincipalName"),
        (
            r#"{userPrincipalName: "", addressableUserName: "A"}"#,
            "addressableUserName",
        ),
        (r#"{groupTag: 7}"#, "JSON"),
        (r#"{groupTag: "a"b"}"#, "JSON"),
        (r#"{groupTag: "a\"}"#, "JSON"),
    ] {
        let refused = place
            .send(&format!("POST {path}/updateDeviceProperties"), body.as_bytes())
            .await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}: {}", refused.body);
        assert!(message(&refused).contains(word), "{body}: {}", message(&refused));
    }
    let nobody = place.send(&format!("POST {path}/assignUserToDevice"), b"{}").await?;
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST, "{}", nobody.body);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_may_enrol_once_more_and_nothing_is_written() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    let before = place.world.embedded.devices().get(device.parse()?).await?;
    for (version, name, body) in [
        ("beta", "allowNextEnrollment", ""),
        ("v1.0", "AllowNextEnrollment", "{}"),
        ("beta", "microsoft.graph.allowNextEnrollment", " "),
    ] {
        let what = format!("POST /{version}/{DEVICES}/{device}/{name}");
        let done = place.send(&what, body.as_bytes()).await?;
        assert_eq!(done.status, StatusCode::NO_CONTENT, "{what}: {}", done.body);
    }
    assert_eq!(place.world.embedded.devices().get(device.parse()?).await?, before);
    let path = format!("/beta/{DEVICES}/{device}/allowNextEnrollment");
    for (body, word) in [(r#"{"block": false}"#, "block"), ("[]", "object"), ("{", "JSON")] {
        let refused = place.send(&format!("POST {path}"), body.as_bytes()).await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}: {}", refused.body);
        assert!(message(&refused).contains(word), "{body}: {}", message(&refused));
    }
    assert_eq!(
        place.get(&path).await?.status,
        StatusCode::METHOD_NOT_ALLOWED,
        "it is an action"
    );
    place.delete(&format!("/beta/{DEVICES}/{device}")).await?;
    let gone = place.send(&format!("POST {path}"), b"").await?;
    assert_eq!(gone.status, StatusCode::NOT_FOUND, "{}", gone.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_says_what_to_do_instead() -> Result<()> {
    let place = Place::new().await?;
    let body = json!({"serialNumber": device(1).serial, "groupTag": "KIOSK"});
    let refused = place.post(&format!("/v1.0/{DEVICES}"), &body).await?;
    assert_eq!(refused.status, StatusCode::NOT_IMPLEMENTED, "{}", refused.body);
    assert!(
        message(&refused).contains("importedWindowsAutopilotDeviceIdentities"),
        "{}",
        message(&refused)
    );
    assert!(place.world.devices(place.tenant).await?.is_empty());
    let reader = Who::OfTenant(place.tenant, Role::Reader);
    let what = format!("POST /v1.0/{DEVICES}");
    let refused = place.send_as(&reader, &what, &[], b"{}").await?;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_device_is_gone_and_is_not_deleted_twice() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    let path = format!("/beta/{DEVICES}/{device}");
    assert_eq!(place.delete(&path).await?.status, StatusCode::NO_CONTENT);
    assert_eq!(place.get(&path).await?.status, StatusCode::NOT_FOUND);
    let again = place.delete(&path).await?;
    assert_eq!(
        (again.status, &again.body["error"]["code"]),
        (StatusCode::BAD_REQUEST, &json!("BadRequest"))
    );
    let document: Value = serde_json::from_str(message(&again))?;
    let sample = expected(sample!("error-400.intune-wrapped.json"));
    let wrapped: Value = serde_json::from_str(sample["error"]["message"].as_str().unwrap())?;
    assert_eq!(names(&document), names(&wrapped));
    assert_eq!(document["CustomApiErrorPhrase"], "ZtdDeviceAlreadyDeleted");
    // It is free for whoever has it now.
    let row = place.posted(&place.stranger(), 1).await?;
    let what = format!("GET /beta/{IMPORTS}/{row}");
    let seen = place.send_as(&place.stranger(), &what, &[], b"").await?;
    assert_eq!(seen.body["state"]["deviceImportStatus"], "complete", "{}", seen.body);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_deleted_by_their_serial_numbers() -> Result<()> {
    let place = Place::new().await?;
    place
        .send(
            &format!("POST /beta/{IMPORTS}"),
            sample!("imported-create.request.as-sent-by-stock-script.json"),
        )
        .await?;
    place.world.flow.idle().await;
    let known = place.world.devices(place.tenant).await?;
    for version in ["v1.0", "beta"] {
        let path = format!("POST /{version}/{DEVICES}/deleteDevices");
        let answer = place.send(&path, sample!("delete-devices.request.json")).await?;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let mut sample = expected(sample!("delete-devices.response-200.json"));
        if version == "v1.0" {
            sample["value"][0]["deviceRegistrationId"] = json!(known[0].id.to_string());
            assert_eq!(answer.body["value"][0], sample["value"][0]);
        } else {
            let gone = &answer.body["value"][0];
            assert_eq!(
                (&gone["deletionState"], &gone["deviceRegistrationId"]),
                (&json!("failed"), &json!(""))
            );
            assert_eq!(names(gone), names(&sample["value"][1]));
        }
    }
    for body in [
        json!({}),
        json!({"serialNumbers": []}),
        json!({"serialNumbers": [""]}),
        json!({"serialNumbers": vec!["x"; 501]}),
    ] {
        let refused = place.post(&format!("/beta/{DEVICES}/deleteDevices"), &body).await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_serial_number_that_fails_does_not_hide_what_became_of_the_others() -> Result<()> {
    let place = Place::new().await?;
    let mut serials = Vec::new();
    for n in 1..=3 {
        place.registered(n).await?;
        serials.push(device(n).serial);
    }
    // The first transaction goes through, and the store is asked too much from then on.
    let faulty = journeys::by_hand::at_transactions(&place.world.embedded, |n| match n {
        1 => Fault::None,
        _ => Fault::Throttle,
    });
    let api = Api::over_state(&faulty, NOBODY)?;
    let padded = format!(" {} ", serials[0]);
    let sent = json!({"serialNumbers": [serials[0], serials[1], padded, serials[2], "none", serials[0]]});
    let what = format!("POST /beta/{DEVICES}/deleteDevices");
    let answer = api.ask(&place.administrator(), &place.world, &what, &[], &sent).await?;
    let states = |answer: &Answer| -> Vec<String> {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let rows = answer.body["value"].as_array().unwrap().iter();
        rows.map(|row| row["deletionState"].as_str().unwrap().to_owned())
            .collect()
    };
    let told = states(&answer);
    assert_eq!(answer.body["value"][2]["serialNumber"], json!(padded));
    assert_eq!(
        (&told[0], &told[0]),
        (&told[2], &told[5]),
        "named twice, answered alike"
    );
    assert_eq!(told[4], "failed", "nobody has it");
    let of = |state: &str| [0, 1, 3].into_iter().filter(|at| told[*at] == state).count();
    assert_eq!((of("accepted"), of("error")), (1, 2), "{}", answer.body);
    assert_eq!(place.world.devices(place.tenant).await?.len(), 2);
    // What is left goes when it is sent again.
    let again = place.post(&format!("/beta/{DEVICES}/deleteDevices"), &sent).await?;
    let told = states(&again);
    let accepted = [0, 1, 3].into_iter().filter(|at| told[*at] == "accepted").count();
    assert_eq!(accepted, 2, "{}", again.body);
    assert!(place.world.devices(place.tenant).await?.is_empty());
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serial_number_is_found_and_none_that_begins_with_it() -> Result<()> {
    let place = Place::new().await?;
    let devices = place.world.embedded.devices();
    let ids = [place.registered(1).await?, place.registered(2).await?];
    let serial = device(1).serial;
    let found = devices.with_serial(place.tenant, &serial).await?;
    let found: Vec<String> = found.iter().map(|one| one.id.to_string()).collect();
    assert_eq!(found, ids[..1]);
    let part: String = serial.chars().take(serial.chars().count() - 1).collect();
    for (tenant, serial) in [
        (place.tenant, part.as_str()),
        (place.tenant, "none"),
        (place.other, &serial),
    ] {
        assert!(devices.with_serial(tenant, serial).await?.is_empty(), "{serial}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_are_known_however_clients_write_them() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    let upper = device.to_uppercase();
    for path in [
        format!("/beta/devicemanagement/WindowsAutopilotDeviceIdentities/{device}"),
        format!("/beta/{DEVICES}('{device}')"),
        format!("/beta//{DEVICES}/{upper}/"),
        format!("/Beta/{DEVICES}/{device}"),
        format!("//beta/{DEVICES}/{device}"),
        format!("/V1.0/{DEVICES}/{device}"),
        format!("//v1.0//{DEVICES}/{device}"),
    ] {
        let seen = place.get(&path).await?;
        assert_eq!(
            (seen.status, &seen.body["id"]),
            (StatusCode::OK, &json!(device)),
            "{path}: {}",
            seen.body
        );
    }
    Ok(())
}
