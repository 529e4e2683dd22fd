//! As many profiles as a tenant may have.

use muster_core::profile::MAX_PROFILES;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_350_profiles_and_no_more_over_http() -> Result<()> {
    let place = Place::with_devices(1, 1).await?;
    let made = place.agent("POST /profiles", &json!({"name": "Partner's"})).await?;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let mut last = String::new();
    for n in 1..MAX_PROFILES {
        // As long as names may be.
        let name = format!("{n:03}{}", "x".repeat(197));
        last = place.made(&json!({"name": name})).await?;
    }
    for answer in [
        place.admin("POST /profiles", &json!({"name": "One more"})).await?,
        place.agent("POST /profiles", &json!({"name": "One more"})).await?,
    ] {
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("350 profiles at most"), "{detail}");
    }
    let page = place.admin("GET /profiles?limit=1000", &Value::Null).await?;
    assert_eq!(page.body["profiles"].as_array().map(Vec::len), Some(MAX_PROFILES));
    // The last of them can still be assigned, and is what a device gets.
    let assigned = place
        .admin(&format!("PUT {last}/assignment"), &json!({"allDevices": true}))
        .await?;
    assert_eq!(assigned.status, StatusCode::OK, "{}", assigned.body);
    let (own, _) = place.devices().await?;
    let told = place
        .admin(&format!("GET /devices/{}/profile", own[0].id), &Value::Null)
        .await?;
    assert_eq!(
        format!("/profiles/{}", told.body["profile"]["id"].as_str().unwrap_or_default()),
        last
    );
    assert_eq!(told.body["considered"].as_array().map(Vec::len), Some(MAX_PROFILES));
    // Where one goes, one comes.
    place.admin(&format!("PUT {last}/assignment"), &json!({})).await?;
    let gone = place.admin(&format!("DELETE {last}"), &Value::Null).await?;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
    place.made(&json!({"name": "One more"})).await?;
    place.assert_sound().await
}
