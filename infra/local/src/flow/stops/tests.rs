//! What stopped is told of its own upload alone, and goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use muster_core::Timestamp;
use muster_core::message::{FinishMessage, ObjectsCreated};
use muster_core::party::Tenant;
use muster_runtime::Delivery;
use muster_store::queue::{Outgoing, Queue as _};
use tokio::task::JoinSet;

use super::*;
use crate::faults::{Fault, FaultPoint, Faulty};
use crate::flow::Flow;
use crate::objects::tests::s3_client;

const LIST: &str = "Device Serial Number,Windows Product ID,Hardware Hash\nA,,B\n";
const TENANT: &str = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10";

/// The state with a list in the inbox, and its object.
async fn dropped() -> (Embedded, ObjectVersion) {
    let now = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
    let embedded = Embedded::in_memory(Arc::new(move || now)).await.unwrap();
    let tenant = Tenant::new(TENANT.parse().unwrap(), "Contoso", now);
    embedded.tenants().create(&tenant).await.unwrap();
    let key = "inbox/intune/-/Contoso/a.csv";
    embedded.objects().put(key, LIST.into(), "text/csv").await.unwrap();
    let event = embedded.bucket.next_events(1).await.unwrap().pop().unwrap();
    let object = ObjectVersion {
        bucket: event.bucket,
        key: event.key,
        version: event.version,
    };
    (embedded, object)
}

/// Splits it, and its process dies.
async fn split(embedded: &Embedded, object: &ObjectVersion) {
    let body = serde_json::to_string(&ObjectsCreated::of(object)).unwrap();
    let delivery = Delivery {
        queue: QueueName::Split,
        body: &body,
        receives: 1,
    };
    embedded.deliver(delivery).await;
    embedded.forget_events().await.unwrap();
}

/// What a process may not do for a while, and whether the list is split before: so the split fails before anything is
/// stored or behind that, or a batch fails.
const STAGES: [(&str, bool); 3] = [("GetObject", false), ("TransactWriteItems", false), ("GetObject", true)];

async fn fails_and_goes_on((denied, split_before): (&'static str, bool), in_another_process: bool) {
    let what = format!("{denied}, split before: {split_before}, in another process: {in_another_process}");
    let (embedded, object) = dropped().await;
    let id = object.upload_id();
    if split_before {
        split(&embedded, &object).await;
    }
    let lacking = Arc::new(AtomicBool::new(true));
    let still = Arc::clone(&lacking);
    let failing = embedded.again(|client| {
        let still = Arc::clone(&still);
        let plan = move |at: &FaultPoint| match still.load(Ordering::Relaxed) && at.operation == denied {
            true => Fault::Denied,
            false => Fault::None,
        };
        Faulty::new(client, Arc::new(plan)).http_client()
    });
    let mut flow = Flow::start(&failing).await.unwrap();
    flow.idle().await;
    let why = failing
        .stopped(&id)
        .unwrap_or_else(|| panic!("{what}: it did not stop"));
    assert!(why.starts_with("failed 5 times"), "{what}: {why}");
    let status = embedded.uploads().get(&id).await.unwrap();
    let total = status.as_ref().map(|status| status.total);
    assert_eq!(
        total.is_some(),
        denied == "TransactWriteItems" || split_before,
        "{what}"
    );
    assert_eq!(total.flatten().is_some(), split_before, "{what}");

    lacking.store(false, Ordering::Relaxed);
    let mut next = failing;
    if in_another_process {
        flow.stop();
        next = embedded.again(|client| client);
        for _ in 0..2 {
            next.go_on(&object).await.unwrap();
        }
        assert_eq!(
            next.bucket.waiting_events().await.unwrap(),
            u64::from(!split_before),
            "{what}"
        );
        flow = Flow::start(&next).await.unwrap();
    } else {
        next.go_on(&object).await.unwrap();
    }
    flow.idle().await;
    let status = embedded.uploads().get(&id).await.unwrap().unwrap();
    assert!(status.state.is_final(), "{what}: {status:?}");
    assert_eq!(status.tries, 0, "{what}");
    assert_eq!(next.stopped(&id), None, "{what}");
    next.go_on(&object).await.unwrap();
    assert_eq!(
        next.bucket.waiting_events().await.unwrap(),
        0,
        "{what}: nothing is left to do"
    );
}

#[tokio::test]
async fn what_failed_five_times_goes_on() {
    let mut cases = JoinSet::new();
    for stage in STAGES {
        for in_another_process in [false, true] {
            cases.spawn(fails_and_goes_on(stage, in_another_process));
        }
    }
    cases.join_all().await;
}

#[tokio::test]
async fn the_event_of_an_object_that_is_gone_does_not_come_again() {
    let (embedded, object) = dropped().await;
    embedded.forget_events().await.unwrap();
    let gone = ObjectVersion {
        version: "0".repeat(32),
        ..object
    };
    embedded.go_on(&gone).await.unwrap();
    assert_eq!(embedded.bucket.waiting_events().await.unwrap(), 0);
}

#[tokio::test]
async fn a_file_that_was_removed_before_it_was_read_is_waited_for_by_nobody() {
    let (embedded, object) = dropped().await;
    let s3 = s3_client(&embedded.bucket, embedded.bucket.http_client());
    let delete = s3.delete_object().bucket(&object.bucket).key(&object.key);
    delete.version_id(&object.version).send().await.unwrap();
    Flow::work(&embedded).idle().await;
    let told = embedded.stopped(&object.upload_id());
    assert_eq!(told.as_deref(), Some("its file was removed before it was read"));
}

#[tokio::test]
async fn the_reason_is_that_of_the_upload_and_gone_when_sweep_sends_for_it() {
    let (embedded, _) = dropped().await;
    let message = |version: &str| FinishMessage {
        upload: UploadId::of_object("b", "k", version),
        tenant: TENANT.parse().unwrap(),
    };
    let body = |message: &FinishMessage| Outgoing::json(message, None).unwrap().body;
    let (one, other, third) = (message("1"), message("2"), message("3"));
    for (message, reason) in [(&one, "why"), (&other, "why not"), (&one, "why again")] {
        let put_aside = embedded
            .queue
            .dead_letter(QueueName::Finish, body(message), reason.to_owned());
        put_aside.await.unwrap();
    }
    let unread = embedded
        .queue
        .dead_letter(QueueName::Finish, "{".to_owned(), "unread".to_owned());
    unread.await.unwrap();
    let told = |message: &FinishMessage| embedded.stopped(&message.upload);
    assert_eq!(told(&one).as_deref(), Some("why again"));
    assert_eq!(told(&other).as_deref(), Some("why not"));
    assert_eq!(told(&third), None);

    // A batch of it that goes on its way does not say that the one that was put aside does.
    let sent = Outgoing::json(&one, None).unwrap();
    embedded
        .queue
        .send(QueueName::Finish, vec![sent.clone()])
        .await
        .unwrap();
    assert!(told(&one).is_some());
    embedded.counted().send(QueueName::Finish, vec![sent]).await.unwrap();
    assert_eq!((told(&one), told(&other).as_deref()), (None, Some("why not")));
}
