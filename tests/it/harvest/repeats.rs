//! Pages that come again, at once or late, with a key or without.

use journeys::lists::device;
use journeys::world::Result;
use serde_json::json;

use super::{Farm, for_all, managed, reasons};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_page_again_registers_nothing_twice() -> Result<()> {
    let farm = Farm::new().await?;
    farm.converting("Everybody", for_all()).await?;
    let devices: Vec<_> = (0..6).map(|n| managed(&device(n))).collect();
    let page = json!({ "devices": devices });
    let (mdm, what) = (farm.mdm(), "POST /harvests?wait=20");

    // Twice at the same moment: the second may be taken, too, and finds what the first one made.
    let (one, two) = tokio::join!(farm.ask(&mdm, what, &[], &page), farm.ask(&mdm, what, &[], &page));
    for answer in [one?, two?] {
        assert!(answer.status.is_success(), "{}", answer.body);
        let state = &answer.body["upload"]["state"];
        assert!(state.is_null() || state == "finished", "{}", answer.body);
    }
    farm.world.flow.idle().await;
    let registered = farm.world.devices(farm.tenant).await?;
    assert_eq!(registered.len(), 6);

    let late = farm.report(&devices).await?;
    assert_eq!(
        (late.status.as_u16(), &late.body["skipped"]),
        (200, &json!({"already-registered": 6}))
    );
    assert_eq!(farm.world.devices(farm.tenant).await?, registered);
    farm.check().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_a_key_is_answered_as_before_and_another_page_under_it_is_refused() -> Result<()> {
    let farm = Farm::new().await?;
    farm.converting("Everybody", for_all()).await?;
    let page = json!({ "devices": [managed(&device(1)), managed(&device(2))] });
    let (mdm, what, key) = (farm.mdm(), "POST /harvests?wait=20", [("idempotency-key", "k")]);
    let first = farm.ask(&mdm, what, &key, &page).await?;
    assert_eq!((first.status.as_u16(), reasons(&first)), (202, vec![None, None]));
    farm.world.flow.idle().await;
    let again = farm.ask(&mdm, what, &key, &page).await?;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.headers["location"], first.headers["location"]);
    let other = json!({ "devices": [managed(&device(3))] });
    assert_eq!(farm.ask(&mdm, what, &key, &other).await?.status, 422);
    assert_eq!(farm.world.devices(farm.tenant).await?.len(), 2);
    farm.check().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_released_between_two_reports_is_registered_anew() -> Result<()> {
    let farm = Farm::new().await?;
    farm.converting("Everybody", for_all()).await?;
    farm.report(&[managed(&device(1))]).await?;
    let first = farm.one_device().await?;
    farm.world.release(first.id, farm.tenant).await?;
    let answer = farm.report(&[managed(&device(1))]).await?;
    assert_eq!(
        reasons(&answer),
        [None],
        "the MDM service still has it: {}",
        answer.body
    );
    let second = farm.one_device().await?;
    assert_ne!(first.id, second.id);
    farm.check().await
}
