//! Several requests in one.

use super::*;

fn request(id: &str, method: &str, url: &str, after: &[&str]) -> Value {
    json!({"id": id, "method": method, "url": url, "dependsOn": after})
}

/// The answers by id and status.
fn statuses(answer: &Answer) -> Vec<(&str, u64)> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let responses = answer.body["responses"].as_array().unwrap();
    let pairs = responses
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["status"].as_u64().unwrap()));
    pairs.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_deletes_a_device_in_a_batch() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    let sent = String::from_utf8(sample!("batch-delete.request.json").to_vec())?;
    let sent = sent.replace("9d8c7b6a-5f4e-4d3c-9b2a-1f0e9d8c7b6a", &device);
    let answer = place.send("POST /beta/$batch", sent.as_bytes()).await?;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body, expected(sample!("batch-delete.response-200.json")));
    let again = place.send("POST /beta/%24batch", sent.as_bytes()).await?;
    assert_eq!(statuses(&again), [("SYN-0001-ABCD", 400)]);
    let message = again.body["responses"][0]["body"]["error"]["message"].as_str().unwrap();
    assert!(message.contains("ZtdDeviceAlreadyDeleted"), "{message}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_of_a_batch_is_answered_by_itself() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    let (list, one) = (
        format!("/{DEVICES}?$filter=serialNumber eq 'x\\y'"),
        format!("{DEVICES}/{device}"),
    );
    let mut change = request(
        "change",
        "post",
        &format!("/{DEVICES}/{device}/updateDeviceProperties"),
        &["list"],
    );
    change["body"] = json!({"groupTag": "NEW"});
    let body = json!({"requests": [
        request("after all", "GET", &one, &["CHANGE"]),
        change,
        request("list", "GET", &list, &[]),
        request("nowhere", "GET", "/deviceManagement/nothing", &[]),
        request("hangs on nowhere", "GET", &one, &["nowhere"]),
        request("hangs on that", "GET", &one, &["hangs on nowhere"]),
        request("absolute", "GET", "https://graph.microsoft.com/v1.0/me", &[]),
        request("elsewhere", "GET", "//example.com/x", &[]),
        request("foreign", "GET", "/users/ada@contoso.com", &[]),
        request("batch", "POST", "/$batch", &[]),
        request("odd \"id\" \\ ü", "NO METHOD", &one, &[]),
        request("wrong", "GET", &format!("/{DEVICES}?$top=-1"), &[]),
    ]});
    let answer = place.post("/v1.0/$batch", &body).await?;
    assert_eq!(
        statuses(&answer),
        [
            ("after all", 200),
            ("change", 204),
            ("list", 200),
            ("nowhere", 404),
            ("hangs on nowhere", 424),
            ("hangs on that", 424),
            ("absolute", 400),
            ("elsewhere", 400),
            ("foreign", 404),
            ("batch", 404),
            ("odd \"id\" \\ ü", 400),
            ("wrong", 400),
        ]
    );
    let responses = &answer.body["responses"];
    assert_eq!(responses[0]["body"]["groupTag"], "NEW", "{}", responses[0]);
    assert_eq!(responses[2]["body"]["value"], json!([]));
    for failed in [3, 4, 6, 8, 11] {
        assert!(
            responses[failed]["body"]["error"]["code"].is_string(),
            "{}",
            responses[failed]
        );
        let inner = responses[failed]["body"]["error"]["innerError"].as_object().unwrap();
        let names: Vec<&str> = inner.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["client-request-id", "date", "request-id"],
            "{}",
            responses[failed]
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_a_batch_may_begin_with_a_version() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    let of = |version: &str| request(version, "GET", &format!("{version}/{DEVICES}/{device}"), &[]);
    let mut change = request(
        "change",
        "POST",
        &format!("/v1.0/{DEVICES}/{device}/updateDeviceProperties"),
        &[],
    );
    change["body"] = json!({"groupTag": "NEW"});
    let body = json!({"requests": [
        of("/v1.0"),
        of("/beta"),
        of("V1.0"),
        of("//beta"),
        of("/v2.0"),
        of("/beta/v1.0"),
        of("https://muster.example/v1.0"),
        change,
    ]});
    let answer = place.post("/v1.0/$batch", &body).await?;
    assert_eq!(
        statuses(&answer),
        [
            ("/v1.0", 200),
            ("/beta", 200),
            ("V1.0", 200),
            ("//beta", 400),
            ("/v2.0", 404),
            ("/beta/v1.0", 404),
            ("https://muster.example/v1.0", 400),
            ("change", 204),
        ]
    );
    let told = |at: usize| answer.body["responses"][at]["body"].as_object().unwrap();
    assert!(!told(0).contains_key("remediationState") && told(1).contains_key("remediationState"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_answers_are_too_long_stops_before_it_does_more() -> Result<()> {
    let place = Place::new().await?;
    place.world.flow.stop();
    let long = |n: usize| {
        json!({
            "serialNumber": format!("{n:0>128}"),
            "groupTag": "x".repeat(128),
        })
    };
    let rows: Vec<Value> = (0..500).map(long).collect();
    let all = format!("/beta/{IMPORTS}");
    let body = json!({"importedWindowsAutopilotDeviceIdentities": rows});
    let taken = place.post(&format!("{all}/import"), &body).await?;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.body);
    let row = format!("{all}/{}", id(&taken.body["value"][0]));
    let mut requests: Vec<Value> = (0..19)
        .map(|n| request(&n.to_string(), "GET", &format!("/{IMPORTS}"), &[]))
        .collect();
    requests.push(request("delete", "DELETE", row.strip_prefix("/beta").unwrap(), &[]));
    let answer = place.post("/beta/$batch", &json!({"requests": requests})).await?;
    let told = statuses(&answer);
    assert!(answer.bytes.len() < 5 << 20, "{}", answer.bytes.len());
    assert!(answer.bytes.len() > 3 << 20, "{}", answer.bytes.len());
    assert_eq!((told[0], told[18]), (("0", 200), ("18", 507)));
    assert_eq!(told[19], ("delete", 507));
    assert_eq!(place.get(&row).await?.status, StatusCode::OK, "it was not carried out");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_none_is_refused_whole() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    let delete = request("d", "DELETE", &format!("/{DEVICES}/{device}"), &[]);
    let many: Vec<Value> = (0..21).map(|n| request(&n.to_string(), "GET", "/x", &[])).collect();
    let mut waits = delete.clone();
    waits["dependsOn"] = json!(["e"]);
    for (requests, word) in [
        (json!(many), "20 are taken"),
        (json!([delete, request("D", "GET", "/x", &[])]), "letter case"),
        (json!([delete, request("e", "GET", "/x", &["f"])]), "dependsOn"),
        (json!([waits, request("e", "GET", "/x", &["d"])]), "circle"),
    ] {
        let answer = place.post("/beta/$batch", &json!({"requests": requests})).await?;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
        assert!(message(&answer).contains(word), "{}", message(&answer));
    }
    assert_eq!(
        place.get(&format!("/beta/{DEVICES}/{device}")).await?.status,
        StatusCode::OK,
        "nothing was carried out"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_farther_in_a_batch_than_alone() -> Result<()> {
    let place = Place::new().await?;
    let device = place.registered(1).await?;
    let body = json!({"requests": [
        request("see", "GET", &format!("/{DEVICES}/{device}"), &[]),
        request("delete", "DELETE", &format!("/{DEVICES}/{device}"), &[]),
    ]});
    let body = serde_json::to_vec(&body)?;
    let reader = Who::OfTenant(place.tenant, Role::Reader);
    let answer = place.send_as(&reader, "POST /beta/$batch", &[], &body).await?;
    assert_eq!(statuses(&answer), [("see", 200), ("delete", 403)]);
    let answer = place
        .send_as(&place.stranger(), "POST /beta/$batch", &[], &body)
        .await?;
    assert_eq!(statuses(&answer), [("see", 404), ("delete", 404)]);
    let nobody = place
        .api
        .send("POST /beta/$batch", &[("content-type", "application/json")], body)
        .await?;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    Ok(())
}
