//! Files that are there and were never split.

use journeys::world::{Result, World};
use muster_core::upload::ObjectVersion;

use super::*;

/// A file that came as JSON, which nobody splits, and which sweep gave up.
async fn given_up(world: &World, api: &Api, tenant: TenantId, admin: &Who, n: u64) -> Result<(String, ObjectVersion)> {
    let what = format!("POST /v1/tenants/{tenant}/devices");
    let taken = api.ask(admin, world, &what, &[], &inline(&[by_hash(n)])).await?;
    assert_eq!(taken.body["state"], "processing", "{}", taken.body);
    let id = id_of(&taken.body).to_owned();
    world.embedded.queue().forget();
    world.embedded.forget_events().await?;
    let announced = world.embedded.announcements().get(&id.parse()?).await?;
    let object = announced.and_then(|announced| announced.object).ok_or("no object")?;
    let reason = Reason {
        code: "never-split".to_owned(),
        detail: "it was never split, though it was sent again 5 times".to_owned(),
        remedy: "Look into the dead letters.".to_owned(),
    };
    let uploads = world.embedded.uploads();
    uploads.record_unsplit(&object, 5, None, &reason, world.now()).await?;
    Ok((format!("/v1/tenants/{tenant}/uploads/{id}"), object))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_never_split_is_shown_as_failed_and_resumed() -> Result<()> {
    let world = World::new().await?;
    world.flow.stop();
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let api = Api::over(&world)?;
    let admin = Who::OfTenant(tenant, Role::DeviceAdministrator);
    let (path, object) = given_up(&world, &api, tenant, &admin, 1).await?;
    let ask = async |api: &Api, world: &World, what: &str| {
        let body = if what.starts_with("GET") {
            Value::Null
        } else {
            json!({})
        };
        api.ask(&admin, world, what, &[], &body).await
    };
    // Nobody waits for it in vain.
    let start = std::time::Instant::now();
    let shown = ask(&api, &world, &format!("GET {path}?wait=20")).await?.body;
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(
        (&shown["state"], &shown["reason"]["code"]),
        (&json!("failed"), &json!("never-split")),
        "{shown}"
    );
    // Whoever sent it has no dead letters.
    assert!(
        shown["reason"]["remedy"]
            .as_str()
            .is_some_and(|remedy| remedy.starts_with("Resume"))
    );
    for _ in 0..2 {
        let resumed = ask(&api, &world, &format!("POST {path}/resume")).await?;
        assert_eq!(
            (resumed.status.as_u16(), &resumed.body["state"]),
            (202, &json!("processing")),
            "{}",
            resumed.body
        );
    }
    let world = world.restarted(|client| client).await?;
    let api = Api::over(&world)?;
    world.wait(60);
    world.embedded.sweep(Occasion::Schedule).await?;
    world.flow.idle().await;
    let ended = ask(&api, &world, &format!("GET {path}")).await?.body;
    assert_eq!(
        (&ended["state"], &ended["rowsDone"]),
        (&json!("finished"), &json!(1)),
        "{ended}"
    );
    assert_eq!(world.seen(&object).await?.status.state, UploadState::Finished);
    let again = ask(&api, &world, &format!("POST {path}/resume")).await?;
    assert_eq!(again.status, 409);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_never_split_is_called_off() -> Result<()> {
    let world = World::new().await?;
    world.flow.stop();
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let api = Api::over(&world)?;
    let admin = Who::OfTenant(tenant, Role::DeviceAdministrator);
    let (path, _) = given_up(&world, &api, tenant, &admin, 1).await?;
    for act in ["cancel", "resume"] {
        let answer = api
            .ask(&admin, &world, &format!("POST {path}/{act}"), &[], &json!({}))
            .await?;
        let expected = if act == "cancel" { 200 } else { 409 };
        assert_eq!(answer.status, expected, "{act}: {}", answer.body);
    }
    let shown = api
        .ask(&admin, &world, &format!("GET {path}"), &[], &Value::Null)
        .await?;
    assert_eq!(shown.body["state"], "cancelled", "{}", shown.body);
    let report = world.embedded.fsck().check(world.now()).await?;
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    Ok(())
}
