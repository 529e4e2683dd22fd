//! The life of a consent.

use jiff::ToSpan as _;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_is_asked_for_given_in_part_and_taken_back() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    let end = (stage.world.now() + 1000.hours()).to_string();
    let asked = stage
        .request(json!({ "expiresAt": end, "delegatedAdministration": true }))
        .await?;
    assert_eq!(asked.status, 201, "{asked:?}");
    let path = stage.path("/contoso");
    assert_eq!(asked.headers["location"], path.as_str());
    assert_eq!(asked.headers["etag"], "\"1\"");
    assert_eq!(asked.body["link"], format!("https://muster.example{path}"));
    assert_eq!(asked.body["state"], "requested");
    assert_eq!(asked.body["channels"], json!(["partner-center"]));
    assert_eq!(asked.body["kind"], "csp-direct");

    let seen = stage
        .ask(&stage.approver(), &format!("GET {path}"), Value::Null)
        .await?;
    assert_eq!(
        (seen.status.as_u16(), &seen.body["requestedBy"]),
        (200, &json!("test admin-agent"))
    );
    assert_eq!(seen.body["verbs"], json!(["register", "update", "release"]));

    let part = json!({ "verbs": ["release", "register"], "delegatedAdministration": false });
    let agent = [
        ("if-match", "\"1\""),
        ("user-agent", "curl/8"),
        ("x-forwarded-for", "203.0.113.9"),
    ];
    let given = stage.decide("grant", &agent, part.clone()).await?;
    assert_eq!(given.status, 200, "{given:?}");
    assert_eq!(given.body["state"], "granted");
    assert_eq!(given.body["verbs"], json!(["register", "release"]));
    assert_eq!(given.body["delegatedAdministration"], false);
    assert_eq!(given.body["expiresAt"], end.as_str());
    assert_eq!(given.headers["etag"], format!("\"{}\"", given.body["version"]).as_str());

    let told = stage.ask(&stage.agent(), &format!("GET {path}"), Value::Null).await?;
    assert_eq!(told.body["state"], "granted");
    assert!(told.body["decidedAt"].is_string());
    assert!(told.body["decidedBy"].is_null(), "who decided is the tenant's business");

    let revoked = stage.decide("revoke", &[], nothing()).await?;
    assert_eq!(
        (revoked.status.as_u16(), &revoked.body["state"]),
        (200, &json!("revoked"))
    );

    let changes = stage.changes().await?;
    let what: Vec<_> = changes.iter().filter_map(|change| change["what"].as_str()).collect();
    assert_eq!(what, ["revoked", "granted", "requested"]);
    let [_, granted, requested] = changes.as_slice() else {
        return Err("three changes".into());
    };
    assert_eq!(requested["old"], Value::Null);
    assert_eq!(
        requested["by"],
        json!({
            "subject": "test admin-agent", "party": "partner", "roles": ["admin-agent"], "partner": "contoso",
        })
    );
    assert_eq!(
        granted["by"],
        json!({
            "subject": "test consent-approver", "party": "tenant", "roles": ["consent-approver"], "tenant": FABRIKAM,
            "userAgent": "curl/8",
        }),
        "no header says where a request comes from"
    );
    assert_eq!(
        (&granted["old"]["state"], &granted["new"]["state"]),
        (&json!("requested"), &json!("granted"))
    );
    assert_eq!(granted["old"]["verbs"], json!(["register", "update", "release"]));
    assert_eq!(granted["new"]["verbs"], json!(["register", "release"]));
    assert_eq!(granted["old"]["delegatedAdministration"], true);
    assert_eq!(granted["new"]["delegatedAdministration"], false);
    assert_eq!(granted["at"], "2026-01-01T00:00:00Z");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn repeats_change_nothing() -> Result<()> {
    let stage = Stage::new(PartnerKind::Oem).await?;
    let first = stage.request(nothing()).await?;
    let again = stage.request(json!({ "channels": ["oem-direct"] })).await?;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(first.body, again.body);

    let part = json!({ "verbs": ["register"] });
    let seen = [("if-match", "\"1\"")];
    let given = stage.decide("grant", &seen, part.clone()).await?;
    let again = stage.decide("grant", &seen, part).await?;
    assert_eq!((given.status.as_u16(), again.status.as_u16()), (200, 200), "{again:?}");
    assert_eq!(given.body, again.body);
    for other in [nothing(), json!({ "verbs": ["register", "update"] })] {
        let refused = stage.decide("grant", &[], other).await?;
        assert_eq!(refusal(&refused), (409, "consent-already-granted"));
    }

    let revoked = stage.decide("revoke", &[("if-match", "\"3\"")], nothing()).await?;
    let again = stage.decide("revoke", &[("if-match", "\"3\"")], nothing()).await?;
    assert_eq!((revoked.status.as_u16(), again.status.as_u16()), (200, 200));
    assert_eq!(revoked.body, again.body);

    assert_eq!(stage.request(nothing()).await?.status, 201);
    let declined = stage.decide("decline", &[], nothing()).await?;
    let again = stage.decide("decline", &[], nothing()).await?;
    assert_eq!(
        (declined.status.as_u16(), &declined.body["state"]),
        (200, &json!("declined"))
    );
    assert_eq!(declined.body, again.body);
    let what: Vec<Value> = stage
        .changes()
        .await?
        .into_iter()
        .map(|change| change["what"].clone())
        .collect();
    assert_eq!(what, ["declined", "requested", "revoked", "granted", "requested"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_thinks_better_of_it_and_the_partner_of_what_it_asked_for() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    stage.request(nothing()).await?;
    let less = stage.request(json!({ "verbs": ["register"] })).await?;
    assert_eq!((less.status.as_u16(), &less.body["verbs"]), (201, &json!(["register"])));
    stage.decide("decline", &[], nothing()).await?;
    let given = stage.decide("grant", &[], nothing()).await?;
    assert_eq!(
        (&given.body["state"], &given.body["verbs"]),
        (&json!("granted"), &json!(["register"]))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_state_does_not_allow_is_a_conflict_that_says_why() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    for decision in ["grant", "decline", "revoke"] {
        let unknown = stage.decide(decision, &[], nothing()).await?;
        assert_eq!(refusal(&unknown), (404, "not-found"), "{decision}");
    }
    stage.request(nothing()).await?;
    let early = stage.decide("revoke", &[], nothing()).await?;
    assert_eq!(refusal(&early), (409, "consent-not-granted"));
    stage.decide("grant", &[], nothing()).await?;
    assert_eq!(
        refusal(&stage.request(nothing()).await?),
        (409, "consent-already-granted")
    );
    let late = stage.decide("decline", &[], nothing()).await?;
    assert_eq!(refusal(&late), (409, "consent-already-granted"));
    assert!(late.body["remedy"].is_string(), "{late:?}");
    stage.decide("revoke", &[], nothing()).await?;
    for decision in ["grant", "decline"] {
        let refused = stage.decide(decision, &[], nothing()).await?;
        assert_eq!(refusal(&refused), (409, "consent-not-requested"), "{decision}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_ends_by_itself() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    let now = stage.world.now();
    stage
        .request(json!({ "expiresAt": (now + 1.hour()).to_string() }))
        .await?;
    let end = json!({ "expiresAt": (now + 30.minutes()).to_string() });
    assert_eq!(stage.decide("grant", &[], end.clone()).await?.status, 200);
    stage.world.wait(1800);
    let refused = stage.decide("grant", &[], end).await?;
    assert_eq!(refusal(&refused), (409, "consent-not-requested"), "it has ended");
    let (until, later) = ((now + 2.hours()).to_string(), (now + 3.hours()).to_string());
    assert_eq!(stage.request(json!({ "expiresAt": until })).await?.status, 201);
    let too_late = stage.decide("grant", &[], json!({ "expiresAt": later })).await?;
    assert_eq!((too_late.status.as_u16(), paths(&too_late)), (400, vec!["expiresAt"]));
    stage.world.wait(7200);
    let over = stage.decide("grant", &[], nothing()).await?;
    assert_eq!(refusal(&over), (409, "consent-expired"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_about_another_version_is_not_made() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    stage.request(nothing()).await?;
    stage.request(json!({ "verbs": ["register"] })).await?;
    for decision in ["grant", "decline", "revoke"] {
        let stale = stage.decide(decision, &[("if-match", "\"1\"")], nothing()).await?;
        assert_eq!(refusal(&stale), (412, "precondition-failed"), "{decision}");
    }
    assert_eq!(stage.changes().await?.len(), 2);
    let fresh = stage
        .decide("grant", &[("if-match", "\"1\", \"2\"")], nothing())
        .await?;
    assert_eq!(fresh.status, 200);
    assert_eq!(
        stage.decide("revoke", &[("if-match", "*")], nothing()).await?.status,
        200
    );
    Ok(())
}
