//! Every way in that takes rows comes to what their serial numbers ask for; what takes no rows does not.

use hardware_hash::generate::SyntheticDevice;
use journeys::api::{Api, Who};
use journeys::lists::{Row, device, hash};
use journeys::world::{Result, World};
use muster_core::access::Role;
use muster_local::sandbox::tenant_id;
use serde_json::{Value, json};

/// Endings, each with the published number and name of what it asks for.
const ASKED: [(&str, Option<u64>, &str); 5] = [
    ("806", Some(806), "ZtdDeviceAlreadyAssigned"),
    ("808", Some(808), "ZtdDeviceAssignedToOtherTenant"),
    ("802", Some(802), "InvalidZtdHardwareHash"),
    ("Duplicated", None, "ZtdDeviceDuplicated"),
    ("consentRevoked", None, "consentRevoked"),
];

/// A device whose serial number has an ending.
fn ending(n: u64, ending: &str) -> SyntheticDevice {
    let mut device = device(n);
    device.serial = format!("W{n}-{ending}");
    device
}

/// A sandbox and its functions.
struct Place {
    world: World,
    api: Api,
}

impl Place {
    async fn new() -> Result<Self> {
        let world = World::sandbox().await?;
        let api = Api::over(&world)?;
        Ok(Self { world, api })
    }

    async fn ask(&self, who: &Who, what: &str, body: &Value) -> Result<Value> {
        let what = what.replace('~', &tenant_id("Contoso").to_string());
        let answer = self.api.ask(who, &self.world, &what, &[], body).await?;
        self.world.flow.idle().await;
        assert!(answer.status.is_success(), "{what}: {answer:?}");
        Ok(match answer.headers.get("location") {
            Some(location) if answer.bytes.is_empty() => json!(location.to_str()?),
            _ => answer.body,
        })
    }

    async fn devices(&self) -> Result<usize> {
        Ok(self.world.devices(tenant_id("Contoso")).await?.len())
    }
}

fn administrator() -> Who {
    Who::OfTenant(tenant_id("Contoso"), Role::DeviceAdministrator)
}

fn agent() -> Result<Who> {
    Ok(Who::OfPartner("northwind".parse()?, Role::AdminAgent))
}

/// What a job says of its devices: number, name, and whether it names a device.
fn of_job(job: &Value) -> Vec<(Option<u64>, &str, bool)> {
    let devices = job["devicesStatus"].as_array().into_iter().flatten();
    let told = devices.map(|device| {
        (
            device["errorCode"].as_str().and_then(|code| code.parse().ok()),
            device["errorDescription"].as_str().unwrap_or_default(),
            device["deviceId"].is_string(),
        )
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn muster_s_own_calls_take_rows() -> Result<()> {
    let place = Place::new().await?;
    for (n, (word, number, name)) in (0..).zip(ASKED) {
        let device = ending(n, word);
        let body = json!({ "devices": [{ "hardwareHash": hash(&device, 1) }] });
        let upload = place
            .ask(&administrator(), "POST /v1/tenants/~/devices?wait=20", &body)
            .await?;
        let id = upload["id"].as_str().ok_or("no upload")?;
        let rows = format!("GET /v1/tenants/~/uploads/{id}/rows");
        let rows = place.ask(&administrator(), &rows, &Value::Null).await?;
        let row = &rows["rows"][0];
        assert_eq!(row["code"].as_u64(), number, "{word}: {rows}");
        let told = row["codeName"].as_str().or(row["outcome"].as_str());
        assert_eq!(told, Some(name), "{word}: {rows}");
        assert!(row["device"].is_null(), "{word}: {rows}");
    }
    assert_eq!(place.devices().await?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_facades_take_rows_one_by_one_and_many_at_once() -> Result<()> {
    let place = Place::new().await?;
    let imports = "deviceManagement/importedWindowsAutopilotDeviceIdentities";
    let import = |n: u64, word: &str| json!({ "hardwareIdentifier": hash(&ending(n, word), 1) });
    let sent = |n: u64, word: &str| {
        let row = Row::of_tuple(&ending(n, word));
        json!({ "serialNumber": row.serial, "oemManufacturerName": row.manufacturer, "modelName": row.model })
    };
    let state = async |id: &Value| -> Result<Value> {
        let what = format!("GET /beta/{imports}/{}", id.as_str().ok_or("no id")?);
        Ok(place.ask(&administrator(), &what, &Value::Null).await?["state"].clone())
    };
    let failed = |number: Option<u64>, name: &str| {
        json!({
            "deviceImportStatus": "error", "deviceRegistrationId": "",
            "deviceErrorCode": number.unwrap_or_default(), "deviceErrorName": name,
        })
    };
    let new = json!({ "batchId": "a", "devices": [sent(99, "1")] });
    place.ask(&agent()?, "POST /v1/customers/~/deviceBatches", &new).await?;
    for (n, (word, number, name)) in (100..).zip(ASKED) {
        let row = place
            .ask(&administrator(), &format!("POST /beta/{imports}"), &import(n, word))
            .await?;
        assert_eq!(state(&row["id"]).await?, failed(number, name), "{word}");

        let path = "POST /v1/customers/~/deviceBatches/a/devices";
        let job = place.ask(&agent()?, path, &json!([sent(n, word)])).await?;
        let job = format!("GET /v1{}", job.as_str().ok_or("no job")?);
        let job = place.ask(&agent()?, &job, &Value::Null).await?;
        assert_eq!(of_job(&job), [(number, name, false)], "{word}: {job}");
    }
    let rows: Vec<Value> = (200..).zip(ASKED).map(|(n, (word, ..))| import(n, word)).collect();
    let body = json!({ "importedWindowsAutopilotDeviceIdentities": rows });
    let rows = place
        .ask(&administrator(), &format!("POST /beta/{imports}/import"), &body)
        .await?;
    for (row, (word, number, name)) in rows["value"].as_array().into_iter().flatten().zip(ASKED) {
        assert_eq!(state(&row["id"]).await?, failed(number, name), "{word}");
    }
    assert_eq!(place.devices().await?, 1, "the plain one");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_comes_again_says_which_device_it_is() -> Result<()> {
    let place = Place::new().await?;
    let row = Row::of_tuple(&ending(1, "plain"));
    let devices =
        json!([{ "serialNumber": row.serial, "oemManufacturerName": row.manufacturer, "modelName": row.model }]);
    let new = json!({ "batchId": "a", "devices": devices });
    let job = async |what: &str, body: &Value| -> Result<Value> {
        let job = place.ask(&agent()?, what, body).await?;
        let job = format!("GET /v1{}", job.as_str().ok_or("no job")?);
        place.ask(&agent()?, &job, &Value::Null).await
    };
    let first = job("POST /v1/customers/~/deviceBatches", &new).await?;
    let again = job("POST /v1/customers/~/deviceBatches/a/devices", &devices).await?;
    assert_eq!(of_job(&first), [(None, "", true)], "{first}");
    assert_eq!(
        of_job(&again),
        [(Some(806), "ZtdDeviceAlreadyAssigned", true)],
        "{again}"
    );
    assert_eq!(
        first["devicesStatus"][0]["deviceId"], again["devicesStatus"][0]["deviceId"],
        "{again}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_catalogue_ask_too() -> Result<()> {
    let place = Place::new().await?;
    let oem = Who::OfPartner("proseware".parse()?, Role::Oem);
    for (n, (word, number, name)) in (300..).zip(ASKED) {
        let entry = json!({ "hardwareHash": hash(&ending(n, word), 1) });
        let what = "POST /v1/partners/proseware/catalogue/entries?wait=20";
        let upload = place.ask(&oem, what, &json!({ "devices": [entry] })).await?;
        let id = upload["id"].as_str().ok_or("no upload")?;
        let status = place.world.embedded.uploads().get(&id.parse()?).await?;
        let counts = status.ok_or("no upload")?.counts;
        let told = counts.keys().map(|outcome| {
            let entry = outcome.entry();
            (entry.code.map(u64::from), entry.code_name.unwrap_or(outcome.name()))
        });
        assert_eq!(told.collect::<Vec<_>>(), [(number, name)], "{word}: {upload}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_looked_up_is_answered_as_it_is() -> Result<()> {
    let place = Place::new().await?;
    let plain = ending(1, "plain");
    let body = json!({ "devices": [{ "hardwareHash": hash(&plain, 1) }] });
    let register = "POST /v1/tenants/~/devices?wait=20";
    place.ask(&administrator(), register, &body).await?;
    let find = "POST /v1/tenants/~/devices/find";
    for (device, known) in [(plain, true), (ending(2, "806"), false), (ending(3, "808"), false)] {
        let body = json!({ "hardwareHash": hash(&device, 1) });
        let found = place.ask(&administrator(), find, &body).await?;
        assert_eq!(found["device"].is_object(), known, "{}: {found}", device.serial);
    }
    Ok(())
}
