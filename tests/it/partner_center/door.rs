//! Who passes, in which words it is refused, and how paths may be spelt.

use journeys::api::{Answer, Api, Who};
use journeys::world::{FABRIKAM, Result, TAILSPIN};
use muster_core::access::{PARTNER_CENTER, Party, Role, Route};
use muster_core::party::PartnerKind;
use serde_json::{Value, json};

use super::{Place, by_key, code, uuid};

fn path(route: &Route, tenant: &str) -> String {
    let path = route.path.replace("{tenant}", tenant).replace("{batch}", "a");
    let id = "1c9d4c1e-6f5e-8a36-9d3c-0a1b2c3d4e5f";
    let path = path
        .replace("{device}", id)
        .replace("{job}", id)
        .replace("{policy}", id);
    format!("{} {path}", route.method)
}

fn who(role: Role) -> Who {
    match role.party() {
        Party::Tenant => Who::OfTenant(FABRIKAM.parse().unwrap(), role),
        Party::Partner => {
            let partner = if role == Role::Oem { "northwind" } else { "contoso" };
            Who::OfPartner(partner.parse().unwrap(), role)
        }
        Party::Service => Who::Service,
    }
}

#[tokio::test]
async fn every_route_lets_in_whom_the_table_names_and_tells_others_of_no_relationship() -> Result<()> {
    let place = Place::new().await?;
    let northwind = place.world.partner("northwind", PartnerKind::Oem, None).await?;
    place.world.consent(place.tenant, &northwind).await?;
    let ask = async |who: &Who, what: &str| -> Result<Answer> {
        place.api.ask(who, &place.world, what, &[], &Value::Null).await
    };
    for route in PARTNER_CENTER {
        let inside = path(route, FABRIKAM);
        for role in Role::ALL {
            let answer = ask(&who(role), &inside).await?;
            if !route.roles.contains(&role) {
                assert_eq!(code(&answer), (403, 900_150), "{role} on {inside}: {answer:?}");
                continue;
            }
            assert!(answer.acting.is_some(), "{role} on {inside}: {answer:?}");
            if !route.path.contains("{tenant}") {
                continue;
            }
            // Nobody learns which of these is a customer of others, and which is none at all.
            for tenant in [
                TAILSPIN,
                "Tailspin",
                "3c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21",
                "Nobody%20at%20all",
            ] {
                let what = path(route, tenant);
                let hidden = ask(&who(role), &what).await?;
                assert_eq!(code(&hidden), (403, 20_002), "{role} on {what}: {hidden:?}");
                assert!(hidden.acting.is_none(), "{role} on {what}");
            }
        }
        let nobody = place.api.send(&inside, &[], Vec::new()).await?;
        assert_eq!(code(&nobody), (401, 400), "{inside}: {nobody:?}");
        assert!(nobody.headers.contains_key("www-authenticate"), "{inside}");
        let bad = place
            .api
            .send(&inside, &[("authorization", "Bearer x")], Vec::new())
            .await?;
        assert_eq!(code(&bad), (401, 400), "{inside}: {bad:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_not_there_in_the_same_words() -> Result<()> {
    let place = Place::new().await?;
    for (what, expected) in [
        ("GET ~/orders", (404, 1000)),
        ("GET /v1/customers", (404, 1000)),
        ("GET /V1//customers/relationshiprequests/more", (404, 1000)),
        ("GET ~/policies/x", (404, 1000)),
        ("GET ~/deviceBatches/none/devices", (404, 1000)),
    ] {
        assert_eq!(code(&place.get(&what["GET ".len()..]).await?), expected, "{what}");
    }
    for what in ["DELETE ~/deviceBatches", "POST ~/batchJobStatus/x", "GET ~"] {
        let answer = place.ask(what, &Value::Null).await?;
        assert_eq!(code(&answer), (405, 405), "{what}");
    }
    // Beside it, the API's own words stay as they are.
    let native = place.get("/v1/nowhere").await?;
    assert_eq!(
        (native.status.as_u16(), &native.body["code"]),
        (404, &json!("not-found"))
    );
    Ok(())
}

#[tokio::test]
async fn paths_are_spelt_as_clients_spell_them() -> Result<()> {
    let place = Place::new().await?;
    let new = json!({ "batchId": "My Batch", "devices": by_key(0..1) });
    let job = place.job(&place.ask("POST ~/DeviceBatches", &new).await?);
    place.world.flow.idle().await;
    for path in [
        format!("/v1//customers/{FABRIKAM}/batchJobStatus/{job}"),
        format!("/V1/Customers/{}/batchjobstatus/{job}", FABRIKAM.to_uppercase()),
        format!("/v1/customers/Fabrikam/BatchJobStatus/{job}/"),
        format!("//v1///customers/fabriKAM/batchjobstatus/{}", job.to_uppercase()),
    ] {
        let told = place.get(&path).await?;
        assert_eq!(
            (told.status.as_u16(), &told.body["status"]),
            (200, &json!("finished")),
            "{path}: {told:?}"
        );
    }
    let devices = |batch: &str| format!("/v1/customers/FABRIKAM/devicebatches/{batch}/DEVICES");
    assert_eq!(place.get(&devices("My%20Batch")).await?.body["totalCount"], 1);
    // Names of batches keep their letter case.
    assert_eq!(code(&place.get(&devices("my%20batch")).await?), (404, 1000));
    assert_eq!(place.get("/v1/customers/RELATIONSHIPREQUESTS").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn every_answer_can_be_traced() -> Result<()> {
    let place = Place::new().await?;
    let given = [
        ("MS-RequestId", "cb82f7d6-f0d9-44d4-82f9-f6eee6e68390"),
        ("MS-CorrelationId", "772871a9-399b-4f3b-b8c7-38f550e4f22a"),
    ];
    for what in ["GET ~/deviceBatches", "GET ~/nowhere", "POST ~/deviceBatches"] {
        let answer = place.send(what, &given, b"{".to_vec()).await?;
        for (name, value) in given {
            assert_eq!(answer.headers[name], value, "{what}");
        }
        let vector = answer.headers["MS-CV"].to_str()?;
        assert!(vector.len() == 18 && vector.ends_with(".0"), "{what}: {vector}");
        assert!(answer.headers.contains_key("MS-ServerId"), "{what}");
    }
    let made = place.get("~/deviceBatches").await?;
    for name in ["MS-RequestId", "MS-CorrelationId"] {
        assert!(uuid(made.headers[name].to_str()?), "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn without_consent_there_is_no_relationship() -> Result<()> {
    let place = Place::new().await?;
    let new = json!({ "batchId": "a", "devices": by_key(0..1) });
    let adatum = place.world.partner("adatum", PartnerKind::CspDirect, None).await?;
    place.world.request(place.tenant, &adatum, None).await?;
    let asks = Who::OfPartner(adatum, Role::AdminAgent);
    let what = |what: &str| what.replace('~', &format!("/v1/customers/{FABRIKAM}"));
    let all = [
        "POST ~/deviceBatches",
        "GET ~/deviceBatches",
        "GET ~/policies",
        "GET ~/batchJobStatus/x",
    ];
    for route in all {
        let body = if route.starts_with("POST") { &new } else { &Value::Null };
        let pending = place.api.ask(&asks, &place.world, &what(route), &[], body).await?;
        assert_eq!(code(&pending), (403, 20_002), "{route}: {pending:?}");
    }
    place.world.revoke(place.tenant, &place.contoso).await?;
    for route in all {
        let body = if route.starts_with("POST") { &new } else { &Value::Null };
        assert_eq!(code(&place.ask(route, body).await?), (403, 20_002), "{route}");
    }
    assert!(place.world.devices(place.tenant).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_body_is_taken_in_any_letter_case_and_refused_by_its_path() -> Result<()> {
    let place = Place::new().await?;
    let api: &Api = &place.api;
    assert!(!api.token(&place.agent(), &place.world)?.is_empty());
    for (body, path) in [
        ("{", "body: "),
        ("[]", "body: "),
        (r#"{"batchId":7,"devices":[]}"#, "batchId: "),
        (r#"{"BatchId":" ","Devices":[{"ProductKey":"1"}]}"#, "batchId: "),
        (r#"{"batchId":"a/b","devices":[{"productKey":"1"}]}"#, "batchId: "),
        (r#"{"batchId":"..","devices":[{"productKey":"1"}]}"#, "batchId: "),
        (r#"{"batchId":"a%2Fb","devices":[{"productKey":"1"}]}"#, "batchId: "),
        (r#"{"batchId":"a\u0000","devices":[{"productKey":"1"}]}"#, "batchId: "),
        (
            r#"{"batchId":"a","devices":[{"ProductKey":7}]}"#,
            "devices[0].productKey: ",
        ),
        (r#"{"batchId":"a","devices":[["1"]]}"#, "devices[0]: "),
        (
            r#"{"batchId":"a","devices":[{"productKey":"1","policies":[{"key":"o_o_b_e","value":"x"}]}]}"#,
            "devices[0].policies: ",
        ),
        (
            r#"{"batchId":"a","devices":[{"productKey":"a\nb"}]}"#,
            "devices[0].productKey: ",
        ),
        // A script that pastes a serial number in unescaped.
        (r#"{"batchId":"a","devices":[{"serialNumber":"A"B"}]}"#, "body: "),
    ] {
        let answer = place
            .send("POST ~/deviceBatches", &[], body.as_bytes().to_vec())
            .await?;
        assert_eq!(code(&answer), (400, 3000), "{body}: {answer:?}");
        let told = answer.body["data"][0].as_str().unwrap_or_default();
        assert!(told.starts_with(path), "{body}: {told}");
    }
    let long = json!({ "batchId": "a".repeat(129), "devices": by_key(0..1) });
    assert_eq!(code(&place.ask("POST ~/deviceBatches", &long).await?), (400, 3000));
    Ok(())
}
