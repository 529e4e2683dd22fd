//! What becomes of messages.

use std::sync::Mutex;

use muster_store::queue::{Outgoing, Queue, QueueName, Sending};
use muster_store::{ErrorKind, StoreError};

use super::*;

/// A queue that keeps what is put aside, or refuses to.
#[derive(Default)]
struct Aside {
    letters: Mutex<Vec<(String, String)>>,
    broken: bool,
}

impl Queue for Aside {
    fn send(&self, _: QueueName, _: Vec<Outgoing>) -> Sending<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn dead_letter(&self, _: QueueName, body: String, reason: String) -> Sending<'_> {
        let answer = if self.broken {
            Err(StoreError::new(ErrorKind::Transient, "put aside", "out of reach"))
        } else {
            self.letters.lock().unwrap().push((body, reason));
            Ok(())
        };
        Box::pin(std::future::ready(answer))
    }
}

async fn run(queue: &Aside, body: &str, receives: u32, answer: Result<(), Failure>) -> Verdict {
    let delivery = Delivery {
        queue: QueueName::Validate,
        body,
        receives,
    };
    deliver(delivery, queue, |_: u32| std::future::ready(answer)).await
}

#[tokio::test]
async fn a_message_is_done_tried_again_or_put_aside_with_its_reason() {
    let retry = || Err(Failure::Retry("busy".to_owned()));
    let poison = || Err(Failure::Poison("no such upload".to_owned()));
    let malformed = "the message cannot be read: expected value at line 1 column 1";
    for (body, receives, answer, verdict, reason) in [
        ("1", 1, Ok(()), Verdict::Done, None),
        ("1", 1, retry(), Verdict::Again, None),
        ("1", MAX_RECEIVES - 1, retry(), Verdict::Again, None),
        (
            "1",
            MAX_RECEIVES,
            retry(),
            Verdict::Done,
            Some("failed 5 times; the last time: busy"),
        ),
        ("1", 1, poison(), Verdict::Done, Some("no such upload")),
        ("x", 1, Ok(()), Verdict::Done, Some(malformed)),
    ] {
        let queue = Aside::default();
        assert_eq!(run(&queue, body, receives, answer).await, verdict, "{body} {receives}");
        let letters = queue.letters.into_inner().unwrap();
        let expected: Vec<_> = reason
            .map(|reason| (body.to_owned(), reason.to_owned()))
            .into_iter()
            .collect();
        assert_eq!(letters, expected, "{body} {receives}");
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_put_aside_is_not_lost() {
    let queue = Aside {
        broken: true,
        ..Aside::default()
    };
    assert_eq!(run(&queue, "x", 9, Ok(())).await, Verdict::Again);
}

#[test]
fn only_stored_data_that_cannot_be_read_is_poison() {
    let failure = |kind| Failure::from(StoreError::new(kind, "read", "why"));
    assert!(matches!(failure(ErrorKind::Corrupt), Failure::Poison(_)));
    for kind in [ErrorKind::Transient, ErrorKind::Rejected, ErrorKind::Denied] {
        assert!(matches!(failure(kind), Failure::Retry(_)), "{kind:?}");
    }
}

/// One bad message of a batch fails alone, and by its id.
#[tokio::test]
async fn of_a_batch_only_what_failed_is_delivered_again() {
    let event = serde_json::from_str(include_str!("../../tests/fixtures/three-messages.json")).unwrap();
    let queue = Aside::default();
    let handle = async |n: u32| {
        if n == 2 {
            Err(Failure::Retry("busy".to_owned()))
        } else {
            Ok(())
        }
    };
    let response = crate::lambda::each_message(QueueName::Validate, &queue, event, &handle).await;
    let failed: Vec<&str> = response
        .batch_item_failures
        .iter()
        .map(|f| f.item_identifier.as_str())
        .collect();
    assert_eq!(failed, ["id-2"]);
    let letters = queue.letters.into_inner().unwrap();
    assert_eq!(
        letters[0].0, "not a number",
        "what cannot be read is put aside and not delivered again"
    );
}

#[tokio::test]
async fn a_panic_is_tried_again_and_then_put_aside() {
    let queue = Aside::default();
    for (receives, verdict) in [(1, Verdict::Again), (MAX_RECEIVES, Verdict::Done)] {
        let delivery = Delivery {
            queue: QueueName::Validate,
            body: "1",
            receives,
        };
        let handled = deliver(delivery, &queue, |_: u32| -> std::future::Ready<_> { panic!("a bug") });
        assert_eq!(handled.await, verdict, "{receives}");
    }
    let reason = "failed 5 times; the last time: the function panicked; its log says where";
    assert_eq!(
        queue.letters.into_inner().unwrap(),
        [("1".to_owned(), reason.to_owned())]
    );
}
