//! Partner Center's clients: what they send is taken as it is, and what they are answered has the shape that they read.

mod batches;
mod door;
mod jobs;
mod policies;
mod portal;
mod reads;
mod relationship;
mod repeats;

use journeys::api::{Answer, Api, Who};
use journeys::lists::{Row, device};
use journeys::world::{FABRIKAM, Result, TAILSPIN, World};
use muster_core::access::Role;
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::PartnerKind;
use serde_json::{Value, json};

/// A request that was published as a sample.
macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!("../../fixtures/partner-center/", $name)).to_vec()
    };
}
use sample;

/// Two tenants, and a reseller that one of them gave its consent.
struct Place {
    world: World,
    api: Api,
    tenant: TenantId,
    contoso: PartnerId,
}

impl Place {
    async fn new() -> Result<Self> {
        Self::over(World::new().await?).await
    }

    async fn over(world: World) -> Result<Self> {
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        world.tenant("Tailspin", TAILSPIN).await?;
        let contoso = world.partner("contoso", PartnerKind::CspDirect, None).await?;
        world.consent(tenant, &contoso).await?;
        let api = Api::over(&world)?;
        Ok(Self {
            world,
            api,
            tenant,
            contoso,
        })
    }

    fn agent(&self) -> Who {
        Who::OfPartner(self.contoso.clone(), Role::AdminAgent)
    }

    /// Sends bytes as the reseller's admin agent; `~` in the path stands for the customer.
    async fn send(&self, what: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer> {
        let token = format!("Bearer {}", self.api.token(&self.agent(), &self.world)?);
        let mut all = vec![("authorization", token.as_str()), ("content-type", "application/json")];
        all.extend(headers);
        let what = what.replace('~', &format!("/v1/customers/{}", self.tenant));
        self.api.send(&what, &all, body).await
    }

    async fn ask(&self, what: &str, body: &Value) -> Result<Answer> {
        let body = match body {
            Value::Null => Vec::new(),
            body => serde_json::to_vec(body)?,
        };
        self.send(what, &[], body).await
    }

    async fn get(&self, what: &str) -> Result<Answer> {
        self.ask(&format!("GET {what}"), &Value::Null).await
    }

    /// The job of a request that was taken, by the place where scripts look for it.
    fn job(&self, answer: &Answer) -> String {
        assert_eq!(answer.status, 202, "{answer:?}");
        assert!(answer.bytes.is_empty(), "{answer:?}");
        let location = answer.headers["location"].to_str().unwrap();
        let parts: Vec<&str> = location.split('/').collect();
        assert_eq!(parts[..4], ["", "customers", FABRIKAM, "batchJobStatus"], "{location}");
        assert!(uuid(parts[4]), "{location}");
        assert_eq!(parts.len(), 5, "{location}");
        parts[4].to_owned()
    }

    /// What became of a job, once everything is worked off.
    async fn done(&self, answer: &Answer) -> Result<Value> {
        let job = self.job(answer);
        self.world.flow.idle().await;
        let told = self.get(&format!("~/batchJobStatus/{job}")).await?;
        assert_eq!(told.status, 200, "{told:?}");
        assert_eq!(told.body["batchTrackingId"], job.as_str());
        Ok(told.body)
    }

    /// Makes a batch of these devices, and tells what became of it.
    async fn batch(&self, id: &str, devices: Value) -> Result<Value> {
        let new = json!({ "batchId": id, "devices": devices });
        let made = self.ask("POST ~/deviceBatches", &new).await?;
        self.done(&made).await
    }

    /// Nothing is wrong with what is stored.
    async fn assert_sound(&self) -> Result<()> {
        let report = self.world.embedded.fsck().check(self.world.now()).await?;
        assert!(report.is_clean(), "{:?}", report.findings);
        Ok(())
    }
}

fn uuid(text: &str) -> bool {
    text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// A device as these clients send it, by this row of a list.
fn sent(row: &Row) -> Value {
    json!({
        "serialNumber": row.serial, "productKey": row.product_id, "hardwareHash": row.hash,
        "oemManufacturerName": row.manufacturer, "modelName": row.model,
    })
}

/// Devices by their PKIDs.
fn by_key(range: std::ops::Range<u64>) -> Value {
    range.map(|n| sent(&Row::of_pkid(&device(n)))).collect()
}

/// The number of an error, after a look at its shape.
fn code(answer: &Answer) -> (u16, i64) {
    let body = answer.body.as_object().unwrap_or_else(|| panic!("{answer:?}"));
    let members: Vec<&str> = body.keys().map(String::as_str).collect();
    assert_eq!(members.len(), 4, "{answer:?}");
    assert!(
        body["description"].as_str().is_some_and(|text| !text.is_empty()),
        "{answer:?}"
    );
    assert!(body["data"].is_array() && body["source"].is_string(), "{answer:?}");
    assert_eq!(
        answer.headers["content-type"], "application/json; charset=utf-8",
        "{answer:?}"
    );
    (answer.status.as_u16(), body["code"].as_i64().unwrap())
}
