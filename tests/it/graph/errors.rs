//! Refusals: their shape, their words, and what they do not say.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_that_is_no_base64_is_told_in_graphs_own_words() -> Result<()> {
    let place = Place::new().await?;
    let mut sent = stock(1);
    sent["hardwareIdentifier"] = json!("[DEVICEHASH]");
    let what = format!("POST /beta/{IMPORTS}");
    let named = [
        ("client-request-id", "11111111-1111-1111-1111-111111111111"),
        ("request-id", "11111111-1111-1111-1111-111111111111"),
    ];
    let body = serde_json::to_vec(&sent)?;
    let refused = place.send_as(&place.administrator(), &what, &named, &body).await?;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let mut sample = expected(sample!("error-400.bad-base64.json"));
    sample["error"]["innerError"]["date"] = json!("2026-01-01T00:00:00");
    assert_eq!(refused.body, sample);
    assert_eq!(refused.headers["client-request-id"], named[0].1);
    assert_eq!(refused.headers["request-id"], named[1].1);
    assert_eq!(refused.headers["content-type"], "application/json; charset=utf-8");
    let mut control = stock(1);
    control["hardwareIdentifier"] = json!("[DEVICE\u{1}HASH]\r\n");
    let refused = place.post(&format!("/beta/{IMPORTS}"), &control).await?;
    assert_eq!(refused.body["error"]["code"], "RequestBodyRead", "{}", refused.body);
    assert!(message(&refused).contains("'[DEVICE HASH]"), "{}", message(&refused));
    let array = json!({"importedWindowsAutopilotDeviceIdentities": [stock(2), sent]});
    let refused = place.post(&format!("/v1.0/{IMPORTS}/import"), &array).await?;
    assert_eq!(refused.body["error"]["code"], "RequestBodyRead", "{}", refused.body);
    place.world.flow.idle().await;
    assert!(place.world.devices(place.tenant).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serial_number_that_was_pasted_without_escapes_is_refused_clearly() -> Result<()> {
    let place = Place::new().await?;
    for serial in ["7\"X", "7\\X", "7\\"] {
        let body = String::from_utf8(sample!("imported-create.request.as-sent-by-stock-script.json").to_vec())?;
        let body = body.replace("SYN-0001-ABCD", serial);
        let refused = place.send(&format!("POST /beta/{IMPORTS}"), body.as_bytes()).await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{serial}");
        let message = message(&refused);
        assert!(
            message.contains("no JSON") && message.contains("quotation mark or a backslash"),
            "{message}"
        );
        assert!(!message.contains("T0Gy"), "a hash is never told back");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_query_has_wrong_is_told_with_its_place() -> Result<()> {
    let place = Place::new().await?;
    for set in [IMPORTS, DEVICES] {
        for (query, word) in [
            ("$filter=serialNumber%20is%20'x'", "$filter: Position 14"),
            ("$filter=contains(serialNumber,'x", "$filter: Position 23"),
            ("$filter=hash%20eq%20'x'", "no property `hash`"),
            ("$top=-1", "$top: It is a whole number from 0 to 10000"),
            ("$top=10001", "$top"),
            ("$skip=x", "$skip"),
            ("$select=hash", "$select"),
            ("$orderby=hash", "$orderby"),
            ("$expand=hash", "$expand"),
            ("$count=1", "$count"),
            ("$search=x", "$search"),
            ("$skiptoken=x", "$skiptoken"),
        ] {
            let refused = place.get(&format!("/beta/{set}?{query}")).await?;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{query}: {}", refused.body);
            assert!(message(&refused).contains(word), "{query}: {}", message(&refused));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_tenants_does_not_exist() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    let listed = place.get(&format!("/beta/{IMPORTS}")).await?;
    let row = id(&listed.body["value"][0]).to_owned();
    let nothing = "3c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21";
    let profiles = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles";
    let made = place.post(profiles, &json!({"displayName": "Users"})).await?;
    let profile = id(&made.body).to_owned();
    let assignment = json!({"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}});
    let assigned = place
        .post(&format!("{profiles}/{profile}/assignments"), &assignment)
        .await?;
    let own = id(&assigned.body).to_owned();
    let of_profile = |method: &'static str, rest: &str| {
        (
            method,
            format!("{profiles}/{profile}{rest}"),
            format!("{profiles}/{nothing}{rest}"),
        )
    };
    for (method, path, none) in [
        of_profile("GET", ""),
        of_profile("PATCH", ""),
        of_profile("DELETE", ""),
        of_profile("POST", "/assign"),
        of_profile("GET", "/assignments"),
        of_profile("POST", "/assignments"),
        of_profile("GET", &format!("/assignments/{own}")),
        of_profile("DELETE", &format!("/assignments/{own}")),
        of_profile("GET", "/assignedDevices"),
        (
            "POST",
            format!("/beta/{DEVICES}/{device}/updateDeviceProperties"),
            format!("/beta/{DEVICES}/{nothing}/updateDeviceProperties"),
        ),
        (
            "POST",
            format!("/beta/{DEVICES}/{device}/assignUserToDevice"),
            format!("/beta/{DEVICES}/{nothing}/assignUserToDevice"),
        ),
        (
            "POST",
            format!("/beta/{DEVICES}/{device}/allowNextEnrollment"),
            format!("/beta/{DEVICES}/{nothing}/allowNextEnrollment"),
        ),
        (
            "GET",
            format!("/beta/{DEVICES}/{device}/deploymentProfile"),
            format!("/beta/{DEVICES}/{nothing}/deploymentProfile"),
        ),
        (
            "GET",
            format!("/beta/{DEVICES}/{device}"),
            format!("/beta/{DEVICES}/{nothing}"),
        ),
        (
            "DELETE",
            format!("/beta/{DEVICES}/{device}"),
            format!("/beta/{DEVICES}/{nothing}"),
        ),
        (
            "POST",
            format!("/beta/{DEVICES}/{device}/unassignUserFromDevice"),
            format!("/beta/{DEVICES}/{nothing}/unassignUserFromDevice"),
        ),
        (
            "GET",
            format!("/beta/{IMPORTS}/{row}"),
            format!("/beta/{IMPORTS}/{nothing}"),
        ),
        (
            "DELETE",
            format!("/beta/{IMPORTS}/{row}"),
            format!("/beta/{IMPORTS}/{nothing}"),
        ),
    ] {
        let body = match path.rsplit('/').next() {
            Some("updateDeviceProperties") => json!({"groupTag": "TAKEN"}),
            Some("assignUserToDevice") => json!({"userPrincipalName": "ada@contoso.com"}),
            Some("allowNextEnrollment") => json!({}),
            Some("assign") => json!({"deviceIds": [nothing]}),
            Some("assignments") => assignment.clone(),
            _ => json!({"displayName": "Taken"}),
        };
        let body = match method {
            "POST" | "PATCH" => serde_json::to_vec(&body)?,
            _ => Vec::new(),
        };
        let hidden = place
            .send_as(&place.stranger(), &format!("{method} {path}"), &[], &body)
            .await?;
        let absent = place
            .send_as(&place.stranger(), &format!("{method} {none}"), &[], &body)
            .await?;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{method} {path}: {}", hidden.body);
        assert_eq!(hidden.bytes, absent.bytes, "{method} {path}");
        assert_eq!(hidden.body["error"]["code"], "ResourceNotFound");
    }
    // A serial number of another tenant's is one that nobody has.
    let what = format!("POST /beta/{DEVICES}/deleteDevices");
    let body = json!({"serialNumbers": [journeys::lists::device(1).serial, "NOBODYS"]});
    let answer = place
        .send_as(&place.stranger(), &what, &[], &serde_json::to_vec(&body)?)
        .await?;
    let mut rows = answer.body["value"].clone();
    for row in rows.as_array_mut().unwrap() {
        row["serialNumber"] = json!("");
    }
    assert_eq!((&rows[0], &rows[0]["deletionState"]), (&rows[1], &json!("failed")));
    let seen = place.get(&format!("/beta/{DEVICES}/{device}")).await?;
    assert_eq!(
        (seen.status, &seen.body["groupTag"]),
        (StatusCode::OK, &json!("KIOSK")),
        "nothing of it was done"
    );
    let seen = place.get(&format!("{profiles}/{profile}/assignments")).await?;
    assert_eq!(seen.body["value"][0]["id"], json!(own), "{}", seen.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_one_shape_wherever_they_come_from() -> Result<()> {
    let place = Place::new().await?;
    let large = vec![b' '; muster_runtime::http::MAX_BODY + 1];
    let cases: [(&str, &[u8], u16, &str); 9] = [
        ("GET /beta/deviceManagement/nothing", b"", 404, "ResourceNotFound"),
        ("GET /v1.0/me", b"", 404, "ResourceNotFound"),
        (&format!("PUT /beta/{DEVICES}"), b"", 405, "MethodNotAllowed"),
        (&format!("GET /beta/{DEVICES}/no-guid"), b"", 404, "ResourceNotFound"),
        (&format!("POST /beta/{IMPORTS}"), b"[]", 400, "BadRequest"),
        (&format!("POST /v1.0/{DEVICES}"), b"{}", 501, "NotImplemented"),
        (
            &format!("POST /beta/{DEVICES}/no-guid/AssignResourceAccountToDevice"),
            b"",
            501,
            "NotImplemented",
        ),
        (
            &format!("POST /beta/{DEVICES}/no-guid/unassignResourceAccountFromDevice"),
            b"",
            501,
            "NotImplemented",
        ),
        (&format!("POST /beta/{IMPORTS}"), &large, 413, "RequestEntityTooLarge"),
    ];
    for (what, body, status, code) in cases {
        let refused = place.send(what, body).await?;
        let error = &refused.body["error"];
        assert_eq!(
            (refused.status.as_u16(), &error["code"]),
            (status, &json!(code)),
            "{what}: {}",
            refused.body
        );
        let inner = error["innerError"].as_object().unwrap();
        let names: Vec<&str> = inner.keys().map(String::as_str).collect();
        assert_eq!(names, ["client-request-id", "date", "request-id"], "{what}");
        assert_eq!(inner["request-id"], refused.headers["request-id"].to_str()?);
    }
    Ok(())
}
