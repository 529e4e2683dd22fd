//! What a serial number asks for, as clients of Microsoft Graph and Partner Center see it.

use journeys::api::{Answer, Api, Who};
use journeys::lists::{Row, device};
use journeys::world::{Result, World};
use muster_core::access::Role;
use muster_core::outcome::Outcome;
use muster_local::sandbox::tenant_id;
use serde_json::{Value, json};

use super::{northwind, rows};

const IMPORTS: &str = "/beta/deviceManagement/importedWindowsAutopilotDeviceIdentities";

async fn ask(world: &World, api: &Api, who: &Who, what: &str, body: &Value) -> Result<Answer> {
    let answer = api.ask(who, world, what, &[], body).await?;
    assert!(answer.status.is_success(), "{what}: {answer:?}");
    Ok(answer)
}

/// The published name of an outcome, and Muster's own where there is none.
fn name(outcome: Outcome) -> &'static str {
    outcome.entry().code_name.unwrap_or(outcome.name())
}

#[tokio::test(flavor = "multi_thread")]
async fn graph_tells_each_outcome_by_number_and_name() -> Result<()> {
    let world = World::sandbox().await?;
    let api = Api::over(&world)?;
    let who = Who::OfTenant(tenant_id("Contoso"), Role::DeviceAdministrator);
    let (rows, asked) = rows(true);
    let sent = rows
        .iter()
        .map(|row| json!({ "serialNumber": row.serial, "hardwareIdentifier": row.hash }));
    // The first one by itself, as scripts send them.
    let (first, rest): (Vec<Value>, Vec<Value>) = (sent.clone().take(1).collect(), sent.skip(1).collect());
    let one = ask(&world, &api, &who, &format!("POST {IMPORTS}"), &first[0]).await?;
    let list = json!({ "importedWindowsAutopilotDeviceIdentities": rest });
    let many = ask(&world, &api, &who, &format!("POST {IMPORTS}/import"), &list).await?;
    world.flow.idle().await;

    let made = std::iter::once(&one.body).chain(many.body["value"].as_array().into_iter().flatten());
    let mut seen = 0;
    for (at, (row, made)) in rows.iter().zip(made).enumerate() {
        let id = made["id"].as_str().ok_or("no id")?;
        let told = ask(&world, &api, &who, &format!("GET {IMPORTS}/{id}"), &Value::Null).await?;
        assert_eq!(told.body["serialNumber"], row.serial.as_str());
        let state = &told.body["state"];
        let state = (
            &state["deviceImportStatus"],
            &state["deviceErrorCode"],
            &state["deviceErrorName"],
        );
        let expected = asked.get(at).map_or(("complete", 0, ""), |outcome| {
            ("error", outcome.entry().code.unwrap_or(0), name(*outcome))
        });
        let expected = (&json!(expected.0), &json!(expected.1), &json!(expected.2));
        assert_eq!(state, expected, "{}", row.serial);
        seen += 1;
    }
    assert_eq!(seen, asked.len() + 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn partner_center_tells_each_outcome_by_number_and_name() -> Result<()> {
    let world = World::sandbox().await?;
    let api = Api::over(&world)?;
    let who = Who::OfPartner(northwind()?, Role::AdminAgent);
    let customer = format!("/v1/customers/{}", tenant_id("Contoso"));
    for by_hash in [false, true] {
        let (rows, asked) = rows(by_hash);
        let sent = |row: &Row| {
            json!({
                "serialNumber": row.serial, "hardwareHash": row.hash,
                "oemManufacturerName": row.manufacturer, "modelName": row.model,
            })
        };
        let mut devices: Vec<Value> = rows.iter().map(sent).collect();
        // A device without a serial number asks for nothing; it is none of those above.
        devices.push(json!({ "productKey": device(1_000 + u64::from(by_hash)).pkid }));
        let batch = json!({ "batchId": format!("hashes: {by_hash}"), "devices": devices });
        let taken = ask(&world, &api, &who, &format!("POST {customer}/deviceBatches"), &batch).await?;
        world.flow.idle().await;

        let location = taken.headers["location"].to_str()?;
        let job = ask(&world, &api, &who, &format!("GET /v1{location}"), &Value::Null).await?;
        assert_eq!(job.body["status"], "finished_with_errors");
        let told = job.body["devicesStatus"].as_array().ok_or("no devices")?;
        assert_eq!(told.len(), asked.len() + 2);
        for (told, outcome) in told.iter().zip(asked.iter().map(Some).chain([None, None])) {
            let status = outcome.map_or("finished", |_| "finished_with_errors");
            assert_eq!(told["status"], status, "{told}");
            // What is not there is absent, and not null.
            let code = outcome.and_then(|outcome| outcome.entry().code);
            let code = code.map(|code| json!(code.to_string()));
            assert_eq!(told.get("errorCode"), code.as_ref(), "{told}");
            let name = outcome.map(|outcome| json!(name(*outcome)));
            assert_eq!(told.get("errorDescription"), name.as_ref(), "{told}");
        }
    }
    Ok(())
}
