//! How far uploads are, and how long it takes to say so of many.

use std::net::SocketAddr;
use std::sync::Arc;

use muster_core::channel::Channel;
use muster_core::grant::{GrantPin, Verb};
use muster_core::inbox::UploadOptions;
use muster_core::party::Registrant;
use muster_core::upload::{ObjectVersion, Upload};
use muster_local::faults::{FaultPoint, Faulty};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_under_way_says_when_it_will_be_done() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let api = Api::over(&world)?;
    let admin = Who::OfTenant(tenant, Role::DeviceAdministrator);
    let by_hand = ByHand::validated(&world, "intune", None, tenant, intune(0..600)).await?;
    world.wait(10);
    by_hand.register(&world.embedded, 0).await?;
    let what = format!("GET /v1/tenants/{tenant}/uploads");
    let shown = api.ask(&admin, &world, &what, &[], &Value::Null).await?.body;
    let upload = &shown["uploads"][0];
    assert_eq!(
        (&upload["state"], &upload["rows"], &upload["rowsDone"], &upload["rate"]),
        (&json!("processing"), &json!(600), &json!(500), &json!(50.0)),
        "{shown}"
    );
    assert_eq!(upload["estimatedEnd"], "2026-01-01T00:00:12Z");
    by_hand.register(&world.embedded, 1).await?;
    by_hand.finished().await?;
    let shown = api.ask(&admin, &world, &what, &[], &Value::Null).await?.body;
    let upload = &shown["uploads"][0];
    assert_eq!(
        (&upload["state"], upload.get("estimatedEnd")),
        (&json!("finished"), None),
        "{shown}"
    );
    Ok(())
}

/// A store that takes its time for each question.
#[tokio::test(start_paused = true)]
async fn how_far_many_uploads_are_is_not_asked_for_one_after_the_other() -> Result<()> {
    const UPLOADS: u32 = 48;
    const EACH: Duration = Duration::from_millis(50);
    let world = World::on_paused_clock().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    for n in 0..UPLOADS {
        let object = ObjectVersion {
            bucket: "b".to_owned(),
            key: format!("inbox/intune/-/{tenant}/{n}.csv"),
            version: "1".to_owned(),
        };
        let upload = Upload {
            id: object.upload_id(),
            object,
            size: 1,
            tenant,
            registrant: Registrant::Tenant,
            channel: Channel::Intune,
            options: UploadOptions::default(),
            require_catalogue: false,
            manufacturers: std::collections::BTreeSet::new(),
            grant: GrantPin {
                tenant,
                registrant: Registrant::Tenant,
                generation: 1,
                verbs: vec![Verb::Register],
            },
            created_at: world.now(),
        };
        world.embedded.uploads().accept(&upload, "{}", &[], world.now()).await?;
    }
    let slow = world.embedded.again(|client| {
        let plan = |point: &FaultPoint| match &*point.operation {
            "Query" => Fault::Delay(EACH),
            _ => Fault::None,
        };
        Faulty::new(client, Arc::new(plan)).http_client()
    });
    let api = Api::over_state(&slow, SocketAddr::from(([127, 0, 0, 1], 9)))?;
    let admin = Who::OfTenant(tenant, Role::DeviceAdministrator);
    let what = format!("GET /v1/tenants/{tenant}/uploads?limit=1000");
    let start = tokio::time::Instant::now();
    let shown = api.ask(&admin, &world, &what, &[], &Value::Null).await?.body;
    let took = start.elapsed();
    assert_eq!(shown["uploads"].as_array().map(Vec::len), Some(48), "{shown}");
    assert!(took < EACH * UPLOADS / 4, "{took:?}");
    Ok(())
}
