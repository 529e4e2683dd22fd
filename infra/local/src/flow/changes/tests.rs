//! What is told of uploads that stand still, and how often.

use std::sync::atomic::AtomicI64;

use muster_core::message::ObjectsCreated;
use muster_core::party::Tenant;
use sweep::Occasion;

use super::*;

const LIST: &str = "Device Serial Number,Windows Product ID,Hardware Hash\nA,,B\n";
pub(in crate::flow) const TENANT: &str = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10";
const HOUR: i64 = 3600;

/// State with a tenant and without workers, and its clock in seconds.
pub(in crate::flow) async fn with_a_clock() -> (Embedded, Arc<AtomicI64>) {
    let clock = Arc::new(AtomicI64::new(1_767_225_600));
    let read = Arc::clone(&clock);
    let now = move || Timestamp::from_second(read.load(Ordering::Relaxed)).unwrap();
    let embedded = Embedded::in_memory(Arc::new(now)).await.unwrap();
    let tenant = Tenant::new(TENANT.parse().unwrap(), "Contoso", embedded.now());
    embedded.tenants().create(&tenant).await.unwrap();
    (embedded, clock)
}

/// A server's state.
async fn followed() -> (Embedded, Arc<AtomicI64>) {
    let (embedded, clock) = with_a_clock().await;
    embedded.follow();
    (embedded, clock)
}

/// Puts a list into the inbox and splits it, as the worker does.
pub(in crate::flow) async fn dropped(embedded: &Embedded, key: &str) -> UploadId {
    embedded.objects().put(key, LIST.into(), "text/csv").await.unwrap();
    let event = embedded.bucket.next_events(10).await.unwrap().pop().unwrap();
    let object = ObjectVersion {
        bucket: event.bucket,
        key: event.key,
        version: event.version,
    };
    let body = serde_json::to_string(&ObjectsCreated::of(&object)).unwrap();
    let delivery = Delivery {
        queue: QueueName::Split,
        body: &body,
        receives: 1,
    };
    embedded.deliver(delivery).await;
    embedded.look_behind(delivery).await;
    // A message that comes again tells nothing new.
    embedded.look_behind(delivery).await;
    object.upload_id()
}

fn states(changes: &[Change]) -> Vec<UploadState> {
    let state = |change: &Change| match change {
        Change::Upload(status) => status.state,
        Change::Stray { key, .. } => panic!("{key} is no upload"),
    };
    changes.iter().map(state).collect()
}

#[tokio::test]
async fn an_upload_that_sweep_gives_up_is_told_with_the_command_that_resumes_it() {
    let (embedded, clock) = followed().await;
    let id = dropped(&embedded, "inbox/intune/-/Contoso/a.csv").await;
    embedded.forget_events().await.unwrap();
    assert_eq!(states(&embedded.take_changes()), [UploadState::Processing]);
    assert_eq!(embedded.open_uploads(), std::slice::from_ref(&id));
    for _ in 0..8 {
        clock.fetch_add(2 * HOUR, Ordering::Relaxed);
        // Nobody works: whatever is sent is forgotten.
        embedded.queue().forget();
        embedded.sweep(Occasion::Schedule).await.unwrap();
    }
    let changes = embedded.take_changes();
    assert_eq!(states(&changes), [UploadState::Failed]);
    let Change::Upload(status) = &changes[0] else {
        panic!("{changes:?}");
    };
    let remedy = &status.reason.as_ref().unwrap().remedy;
    assert!(remedy.contains(&format!("muster uploads resume {id}")), "{remedy}");
    assert!(embedded.open_uploads().is_empty());

    embedded.uploads().resume(&id, embedded.now()).await.unwrap();
    embedded.sweep(Occasion::Schedule).await.unwrap();
    assert_eq!(states(&embedded.take_changes()), [UploadState::Processing]);
    let metrics = embedded.metrics(0, None).await.unwrap();
    assert!(
        metrics.contains("muster_uploads_ended_total{state=\"failed\"} 1\n"),
        "{metrics}"
    );
    assert!(metrics.contains("muster_uploads_open 1\n"), "{metrics}");

    for _ in 0..8 {
        clock.fetch_add(2 * HOUR, Ordering::Relaxed);
        // Nobody works: whatever is sent is forgotten.
        embedded.queue().forget();
        embedded.sweep(Occasion::Schedule).await.unwrap();
    }
    let told = states(&embedded.take_changes());
    assert_eq!(told, [UploadState::Failed], "its second end is told, too");
    assert!(embedded.open_uploads().is_empty());
}

#[tokio::test]
async fn an_object_that_is_never_split_is_told_once() {
    let (embedded, clock) = followed().await;
    let key = "inbox/intune/-/Contoso/a.csv";
    embedded.objects().put(key, LIST.into(), "text/csv").await.unwrap();
    embedded.forget_events().await.unwrap();
    for _ in 0..9 {
        clock.fetch_add(2 * HOUR, Ordering::Relaxed);
        // Nobody works: whatever is sent is forgotten.
        embedded.queue().forget();
        embedded.sweep(Occasion::Schedule).await.unwrap();
    }
    let changes = embedded.take_changes();
    let [Change::Stray { key: told, reason }] = changes.as_slice() else {
        panic!("{changes:?}");
    };
    assert_eq!((told.as_str(), reason.code.as_str()), (key, "never-split"));
}

#[tokio::test]
async fn where_nobody_follows_nothing_is_kept() {
    let embedded = Embedded::in_memory(Arc::new(|| Timestamp::UNIX_EPOCH)).await.unwrap();
    dropped(&embedded, "inbox/nowhere").await;
    assert!(embedded.take_changes().is_empty());
}
