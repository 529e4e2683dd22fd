//! Objects in the inbox that no event told of: sent again a few times, then told, and written no more often than they
//! change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use journeys::lists::intune;
use journeys::world::{FABRIKAM, Result, World};
use muster_local::faults::{Fault, FaultPoint, Faulty};
use muster_local::flow::Flow;
use sweep::Occasion;

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_cannot_be_split_is_sent_a_few_times_and_then_told() -> Result<()> {
    let mut world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let key = format!("inbox/intune/-/{tenant}/list.csv");
    let object = world.drop_file_unseen(&key, intune(0..3)).await?;
    world.embedded.forget_events().await?;
    let uploads = world.embedded.uploads();
    // Nobody works: whatever is sent is forgotten.
    let mut sent = Vec::new();
    for minute in 1..=240 {
        world.wait(60);
        world.embedded.sweep(Occasion::Schedule).await?;
        if world.embedded.queue().forget() > 0 {
            sent.push(minute);
            assert_eq!(
                uploads.strays(1).await?,
                [],
                "it is tried still, after {minute} minutes"
            );
        }
    }
    assert_eq!(sent, [6, 10, 18, 34, 66]);
    let strays = uploads.strays(10).await?;
    let [stray] = strays.as_slice() else {
        return Err(format!("{strays:?}").into());
    };
    let id = object.upload_id();
    assert_eq!(
        (&stray.key, stray.reason.code.as_str(), stray.reason.detail.as_str()),
        (
            &key,
            "never-split",
            "it was never split, though it was sent again 5 times"
        )
    );
    assert!(stray.reason.remedy.ends_with(&format!("`muster uploads resume {id}`.")));

    assert!(uploads.resume(&id, world.now()).await?);
    world.flow = Flow::start(&world.embedded).await?;
    world.flow.idle().await;
    assert_eq!(world.seen(&object).await?.counts.get("registered"), Some(&3));
    world.wait(150);
    world.embedded.sweep(Occasion::Schedule).await?;
    assert_eq!(uploads.strays(10).await?, []);
    assert_eq!(uploads.due(jiff::Timestamp::MAX, 10).await?, []);
    assert_eq!(world.embedded.fsck().check(world.now()).await?.findings, []);
    Ok(())
}

/// Sweep looks at the inbox every minute, for years.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_of_the_inbox_is_not_written_again() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    for key in ["inbox/list.csv".to_owned(), format!("inbox/intune/-/{tenant}/list.csv")] {
        world.drop_file_unseen(&key, intune(0..3)).await?;
    }
    world.embedded.forget_events().await?;
    let writes = Arc::new(AtomicU64::new(0));
    let process = world.embedded.again(|client| {
        let writes = Arc::clone(&writes);
        let plan = move |point: &FaultPoint| {
            let writing = matches!(&*point.operation, "PutItem" | "UpdateItem");
            writes.fetch_add(u64::from(writing), Ordering::Relaxed);
            Fault::None
        };
        Faulty::new(client, Arc::new(plan)).http_client()
    });
    for _ in 0..8 {
        world.wait(8000);
        process.sweep(Occasion::Schedule).await?;
        process.queue().forget();
    }
    // The stray, five tries, and the end of them.
    assert_eq!(writes.load(Ordering::Relaxed), 7);
    assert_eq!(world.embedded.uploads().strays(10).await?.len(), 2);
    Ok(())
}
