//! An upload that waits behind others of its tenant does not fail for it.

use journeys::lists::intune;
use journeys::world::{FABRIKAM, Result, World};
use muster_core::upload::UploadState;
use sweep::Occasion;

/// The server is busy with something else for a day.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_a_queue_is_neither_given_up_nor_sent_again() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let key = format!("inbox/intune/-/{tenant}/list.csv");
    let object = world.drop_file_unseen(&key, intune(0..600)).await?;
    world.split_and_forget(&object).await?;
    for look in 0..24 {
        world.wait(4000);
        world.embedded.sweep(Occasion::Schedule).await?;
        let status = world.seen(&object).await?.status;
        assert_eq!(
            (status.state, status.tries < 2),
            (UploadState::Processing, true),
            "look {look}"
        );
    }
    assert_eq!(world.embedded.queue().forget(), 2, "each batch once");
    Ok(())
}

/// Where nobody can look into the queues: while older uploads move, the others wait for them; what stands still with all
/// older ones is given up.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_older_upload_is_given_up_only_when_that_one_stands_still() -> Result<()> {
    let world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let uploads = world.embedded.uploads();
    let mut objects = Vec::new();
    for (name, rows) in [
        ("first", 0..6000),
        ("second", 10_000..10_600),
        ("third", 20_000..20_600),
    ] {
        let key = format!("inbox/intune/-/{tenant}/{name}.csv");
        let object = world.drop_file_unseen(&key, intune(rows)).await?;
        world.split_and_forget(&object).await?;
        objects.push(object);
        world.wait(1);
    }
    let mut sent = 0;
    for batch in 0..10 {
        uploads.batch_done(&objects[0].upload_id(), batch, 500).await?;
        world.wait(4000);
        world.embedded.sweep(Occasion::Schedule).await?;
        sent += world.embedded.queue().forget();
    }
    for object in &objects {
        let status = world.seen(object).await?.status;
        assert_eq!(
            (status.state, status.tries < 2),
            (UploadState::Processing, true),
            "{}",
            object.key
        );
    }
    assert_eq!(sent, 4, "a message may be lost: what waits is sent again once");
    for _ in 0..12 {
        world.wait(4000);
        world.embedded.sweep(Occasion::Schedule).await?;
        world.embedded.queue().forget();
    }
    for object in &objects {
        assert_eq!(
            world.seen(object).await?.status.state,
            UploadState::Failed,
            "{}",
            object.key
        );
    }
    Ok(())
}
