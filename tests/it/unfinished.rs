//! The search for multipart uploads that nobody ended takes its time, and some of them cannot be removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use journeys::world::{Result, World};
use muster_local::faults::{Fault, FaultPoint, Faulty};
use sweep::Occasion;

/// How many there are.
const UPLOADS: usize = 6;

/// Time is up before all are looked at. The run says what it could not remove; the next one goes on behind that, and
/// comes back to it later.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_removed_stands_before_no_other() -> Result<()> {
    let world = World::on_paused_clock().await?;
    let objects = world.embedded.objects();
    let keys: Vec<String> = (0..UPLOADS).map(|n| format!("inbox/{n}.csv")).collect();
    for key in &keys {
        // The first part goes out, and then the writer dies.
        objects.writer(key, "text/csv").write(&vec![b'x'; 9 << 20]).await?;
    }
    let left = async || -> Result<Vec<String>> {
        let page = objects.list_unfinished(None, 1000).await?;
        Ok(page.uploads.into_iter().map(|upload| upload.key).collect())
    };
    world.wait(8 * 24 * 3600);
    let refused = Arc::new(AtomicBool::new(true));
    let slow = world.embedded.again(|client| {
        let refused = Arc::clone(&refused);
        let failing = move |point: &FaultPoint| match &*point.operation {
            "AbortMultipartUpload" if refused.load(Ordering::Relaxed) => Fault::Error500,
            _ => Fault::None,
        };
        let slow = |point: &FaultPoint| match &*point.operation {
            "AbortMultipartUpload" => Fault::Delay(Duration::from_secs(5)),
            _ => Fault::None,
        };
        let failing = Faulty::new(client, Arc::new(failing)).http_client();
        Faulty::new(failing, Arc::new(slow)).http_client()
    });
    // Each is tried three times, so there is time for three.
    let told = slow.sweep(Occasion::Schedule).await;
    assert!(
        told.is_err_and(|failure| failure.to_string().contains('3')),
        "three stay"
    );
    assert_eq!(left().await?, keys);

    refused.store(false, Ordering::Relaxed);
    for expected in [&keys[..3], &[]] {
        slow.sweep(Occasion::Schedule).await?;
        assert_eq!(left().await?, expected);
    }
    Ok(())
}
