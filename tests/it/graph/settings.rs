//! Synchronisation.

use super::*;

const SETTINGS: &str = "/beta/deviceManagement/windowsAutopilotSettings";

#[tokio::test(flavor = "multi_thread")]
async fn a_synchronisation_is_asked_for_once_in_ten_minutes() -> Result<()> {
    let place = Place::new().await?;
    let before = place.get(SETTINGS).await?;
    assert_eq!(
        before.body["lastManualSyncTriggerDateTime"], "0001-01-01T00:00:00Z",
        "{}",
        before.body
    );
    let sync = format!("POST {SETTINGS}/sync");
    assert_eq!(place.send(&sync, b"").await?.status, StatusCode::NO_CONTENT);
    let after = place.get(SETTINGS).await?;
    let mut sample = expected(sample!("sync-settings.response-200.json"));
    for differs in ["/id", "/lastSyncDateTime", "/lastManualSyncTriggerDateTime"] {
        align(&mut sample, &after.body, differs);
    }
    assert_eq!(after.body, sample);
    assert_eq!(after.body["lastManualSyncTriggerDateTime"], "2026-01-01T00:00:00Z");
    place.world.wait(60);
    let refused = place.send(&sync, b"").await?;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.body);
    assert_eq!(refused.headers["retry-after"], "540");
    // Each tenant has its own.
    assert_eq!(
        place.send_as(&place.stranger(), &sync, &[], b"").await?.status,
        StatusCode::NO_CONTENT
    );
    place.world.wait(540);
    assert_eq!(place.send(&sync, b"").await?.status, StatusCode::NO_CONTENT);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synchronisation_is_under_way_while_earlier_uploads_are() -> Result<()> {
    let place = Place::new().await?;
    let key = muster_core::inbox::InboxKey::format("intune", None, FABRIKAM, "list.csv");
    let list = journeys::lists::intune(1..4);
    let object = place.world.drop_file_unseen(&key, list).await?;
    place.world.split_and_forget(&object).await?;
    let sync = format!("POST {SETTINGS}/sync");
    assert_eq!(place.send(&sync, b"").await?.status, StatusCode::NO_CONTENT);
    assert_eq!(place.get(SETTINGS).await?.body["syncStatus"], "inProgress");
    assert_eq!(place.send(&sync, b"").await?.status, StatusCode::CONFLICT);
    place.world.wait(3600);
    assert_eq!(
        place.send(&sync, b"").await?.status,
        StatusCode::CONFLICT,
        "as long as it takes"
    );
    // However many are accepted after it.
    for n in 0..51 {
        let key = muster_core::inbox::InboxKey::format("intune", None, FABRIKAM, &format!("later-{n}.csv"));
        let list = journeys::lists::intune(4..5);
        let later = place.world.drop_file_unseen(&key, list).await?;
        place.world.split_and_forget(&later).await?;
    }
    assert_eq!(place.get(SETTINGS).await?.body["syncStatus"], "inProgress");

    // Whoever sweeps finds the batches again.
    let tenant = place.tenant;
    let world = place.world.restarted(|http| http).await?;
    let api = Api::over(&world)?;
    world.flow.idle().await;
    let seen = api
        .ask(
            &Who::OfTenant(tenant, Role::Reader),
            &world,
            &format!("GET {SETTINGS}"),
            &[],
            &Value::Null,
        )
        .await?;
    assert_eq!(seen.body["syncStatus"], "completed", "{}", seen.body);
    Ok(())
}
