//! What cannot be taken, by the path of what is wrong.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_or_a_decision_is_told_by_its_path() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    let wrong = [
        (json!({ "verbs": [] }), "verbs"),
        (json!({ "verbs": ["register", "own"] }), "verbs[1]"),
        (json!({ "verbs": "register" }), "verbs"),
        (json!({ "channels": [] }), "channels"),
        (json!({ "channels": ["oem-direct"] }), "channels"),
        (json!({ "channels": ["partner-center", "fax"] }), "channels[1]"),
        (json!({ "expiresAt": "tomorrow" }), "expiresAt"),
        (json!({ "expiresAt": "2025-12-31T00:00:00Z" }), "expiresAt"),
        (json!({ "expiresAt": 7 }), "expiresAt"),
        (json!({ "delegatedAdministration": "yes" }), "delegatedAdministration"),
        (json!({ "expiry": null }), "expiry"),
    ];
    for (body, path) in &wrong {
        let answer = stage.request(body.clone()).await?;
        assert_eq!(
            (answer.status.as_u16(), paths(&answer)),
            (400, vec![*path]),
            "{body}: {answer:?}"
        );
    }
    let asked = json!({ "verbs": ["register"], "expiresAt": "2027-01-01T00:00:00Z" });
    assert_eq!(stage.request(asked).await?.status, 201);
    let more = [
        (json!({ "verbs": ["register", "update"] }), "verbs"),
        (json!({ "expiresAt": "2027-01-01T00:00:01Z" }), "expiresAt"),
        (json!({ "delegatedAdministration": true }), "delegatedAdministration"),
    ];
    for (body, path) in wrong.iter().chain(&more) {
        let answer = stage.decide("grant", &[], body.clone()).await?;
        assert_eq!(
            (answer.status.as_u16(), paths(&answer)),
            (400, vec![*path]),
            "{body}: {answer:?}"
        );
    }
    for decision in ["decline", "revoke"] {
        let answer = stage.decide(decision, &[], json!({ "verbs": ["register"] })).await?;
        assert_eq!(
            (answer.status.as_u16(), paths(&answer)),
            (400, vec!["verbs"]),
            "{decision}"
        );
    }
    assert_eq!(stage.changes().await?.len(), 1, "nothing of that was kept");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_json_are_refused() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    let token = format!("Bearer {}", stage.api.token(&stage.agent(), &stage.world)?);
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let what = format!("POST {}", stage.path(""));
    for (body, path) in [
        (&b"{"[..], "body"),
        (b"\0", "body"),
        (b"[]", "body"),
        (b"{} x", "body"),
        (br#"{"verbs":["\ud800"]}"#, "verbs[0]"),
        (br#"{"\u0000":1}"#, "\0"),
    ] {
        let answer = stage.api.send(&what, &headers, body.to_vec()).await?;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(paths(&answer), [path], "{answer:?}");
    }
    let plain = [("authorization", token.as_str()), ("content-type", "text/plain")];
    assert_eq!(stage.api.send(&what, &plain, b"{}".to_vec()).await?.status, 415);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_and_partners_that_are_not_there_are_not_told_apart() -> Result<()> {
    let mut stage = Stage::new(PartnerKind::CspDirect).await?;
    let nowhere = "POST /v1/tenants/2c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21/consents";
    let no_id = "POST /v1/tenants/fabrikam/consents";
    for what in [nowhere, no_id] {
        let answer = stage.ask(&stage.agent(), what, nothing()).await?;
        assert_eq!(refusal(&answer), (404, "not-found"), "{what}");
    }
    stage.partner = "unknown".parse()?;
    let unknown = stage.request(nothing()).await?;
    assert_eq!(refusal(&unknown), (409, "conflict"), "{unknown:?}");
    assert!(unknown.body["remedy"].is_string());
    let stranger = Who::OfTenant(
        "2c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21".parse()?,
        Role::TenantAdministrator,
    );
    let what = format!("POST {}", stage.path("/contoso/grant"));
    assert_eq!(
        refusal(&stage.ask(&stranger, &what, nothing()).await?),
        (404, "not-found")
    );
    let reader = Who::OfTenant(stage.tenant, Role::Reader);
    assert_eq!(
        refusal(&stage.ask(&reader, &what, nothing()).await?),
        (403, "forbidden")
    );
    Ok(())
}
