//! Microsoft Graph's wire format over HTTP, as stock scripts and SDKs use it. The samples in `tests/fixtures/graph` are sent
//! as they are.

mod access;
mod batch;
mod devices;
mod errors;
mod events;
mod groups;
mod imports;
mod limits;
mod profiles;
mod settings;

use axum::http::StatusCode;
use journeys::api::{Answer, Api, PUBLIC_URL, Who};
use journeys::lists::{device, hash};
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use muster_core::access::Role;
use muster_core::id::TenantId;
use serde_json::{Value, json};

/// The entity sets, below a version.
const IMPORTS: &str = "deviceManagement/importedWindowsAutopilotDeviceIdentities";
const DEVICES: &str = "deviceManagement/windowsAutopilotDeviceIdentities";

/// The bytes of a sample.
macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!("../../fixtures/graph/", $name)).as_slice()
    };
}
use sample;

/// Two tenants, and an administrator of each.
struct Place {
    world: World,
    api: Api,
    tenant: TenantId,
    other: TenantId,
}

impl Place {
    async fn new() -> Result<Self> {
        let world = World::new().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        let other = world.tenant("Tailspin", TAILSPIN).await?;
        let api = Api::over(&world)?;
        Ok(Self {
            world,
            api,
            tenant,
            other,
        })
    }

    /// Sends bytes as they are, as somebody.
    async fn send_as(&self, who: &Who, what: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
        let token = format!("Bearer {}", self.api.token(who, &self.world)?);
        let mut all = vec![("authorization", token.as_str()), ("content-type", "application/json")];
        all.extend(headers);
        self.api.send(what, &all, body.to_vec()).await
    }

    /// The same as the tenant's administrator.
    async fn send(&self, what: &str, body: &[u8]) -> Result<Answer> {
        self.send_as(&self.administrator(), what, &[], body).await
    }

    async fn get(&self, path: &str) -> Result<Answer> {
        self.send(&format!("GET {path}"), b"").await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(&format!("POST {path}"), &serde_json::to_vec(body)?).await
    }

    async fn delete(&self, path: &str) -> Result<Answer> {
        self.send(&format!("DELETE {path}"), b"").await
    }

    fn administrator(&self) -> Who {
        Who::OfTenant(self.tenant, Role::DeviceAdministrator)
    }

    fn stranger(&self) -> Who {
        Who::OfTenant(self.other, Role::TenantAdministrator)
    }

    /// Posts a device, lets it be worked off, and gives the id of its row.
    async fn posted(&self, who: &Who, n: u64) -> Result<String> {
        let body = serde_json::to_vec(&stock(n))?;
        let answer = self.send_as(who, &format!("POST /beta/{IMPORTS}"), &[], &body).await?;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        self.world.flow.idle().await;
        Ok(id(&answer.body).to_owned())
    }

    /// A device that is registered, by its id.
    async fn registered(&self, n: u64) -> Result<String> {
        let row = self.posted(&self.administrator(), n).await?;
        let seen = self.get(&format!("/beta/{IMPORTS}/{row}")).await?;
        let state = &seen.body["state"];
        assert_eq!(state["deviceImportStatus"], "complete", "{}", seen.body);
        Ok(state["deviceRegistrationId"].as_str().unwrap_or_default().to_owned())
    }

    /// Nothing is wrong with what is stored.
    async fn assert_sound(&self) -> Result<()> {
        let report = self.world.embedded.fsck().check(self.world.now()).await?;
        assert!(report.is_clean(), "{:?}", report.findings);
        Ok(())
    }
}

/// What the stock script sends for a device: every member, whether it says something or not.
fn stock(n: u64) -> Value {
    let device = device(n);
    json!({
        "@odata.type": "#microsoft.graph.importedWindowsAutopilotDeviceIdentity",
        "groupTag": "KIOSK",
        "serialNumber": device.serial,
        "productKey": "",
        "hardwareIdentifier": hash(&device, 1),
        "assignedUserPrincipalName": "",
        "state": {
            "@odata.type": "microsoft.graph.importedWindowsAutopilotDeviceIdentityState",
            "deviceImportStatus": "pending",
            "deviceRegistrationId": "",
            "deviceErrorCode": 0,
            "deviceErrorName": "",
        },
    })
}

fn id(entity: &Value) -> &str {
    entity["id"].as_str().unwrap_or_else(|| panic!("{entity}"))
}

/// A sample answer, with our own address in it.
fn expected(bytes: &[u8]) -> Value {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    serde_json::from_str(&text.replace("https://graph.microsoft.com", PUBLIC_URL)).unwrap()
}

/// Puts into one answer what the other has at this place, since it differs each time.
fn align(one: &mut Value, other: &Value, pointer: &str) {
    let value = other.pointer(pointer).unwrap_or_else(|| panic!("{pointer} of {other}"));
    *one.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value.clone();
}

/// The message of a refusal.
fn message(answer: &Answer) -> &str {
    answer.body["error"]["message"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", answer.body))
}

fn serials(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let rows = answer.body["value"].as_array().unwrap();
    rows.iter()
        .map(|row| row["serialNumber"].as_str().unwrap().to_owned())
        .collect()
}
