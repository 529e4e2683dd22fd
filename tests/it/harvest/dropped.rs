//! Lists for the channel `automatic` that did not come of a report.

use journeys::lists::intune;
use muster_core::id::AnnouncementId;
use muster_core::inbox::InboxKey;
use muster_core::upload::ObjectVersion;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_dropped_by_hand_goes_past_no_profile() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let objects = world.embedded.objects();
    let by_hand = |name: &str| InboxKey::format("automatic", None, &tenant.to_string(), name);
    let made_up = format!("{}~list.csv", AnnouncementId::of_seed([9; 16]));
    let dropped = |key: String, body: Vec<u8>| {
        let objects = objects.clone();
        async move {
            objects.put(&key, body.into(), "text/csv").await?;
            let head = objects.head(&key, None).await?.ok_or("the object")?;
            let bucket = objects.bucket().to_owned();
            let version = head.version;
            Result::Ok(ObjectVersion { bucket, key, version })
        }
    };
    let mut refused = Vec::new();
    for key in [by_hand("list.csv"), by_hand(&made_up)] {
        refused.push(dropped(key, intune(0..3)).await?);
    }
    // A report's own list is taken, and another version of it is not.
    let taken = world.drop_file(&by_hand("harvest.csv"), intune(3..5), &[]).await?;
    world.flow.idle().await;
    assert_eq!(world.seen(&taken).await?.counts.get("registered"), Some(&2));
    refused.push(dropped(taken.key.clone(), intune(5..8)).await?);
    world.flow.idle().await;
    for object in refused {
        let reason = world.seen(&object).await?.status.reason.ok_or("it was accepted")?;
        assert_eq!(reason.code, "not-harvested", "{}", object.key);
        assert!(reason.remedy.contains("muster harvest"), "{reason:?}");
    }
    assert_eq!(world.devices(tenant).await?.len(), 2);
    assert!(world.embedded.fsck().check(world.now()).await?.is_clean());
    Ok(())
}
