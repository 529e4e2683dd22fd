//! Conditional writes, files and writers.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[tokio::test]
async fn of_two_conditional_writes_one_wins() {
    let world = World::new().await;
    let put = |body: &'static str| {
        world
            .objects
            .put_if_absent("uploads/u/batches/0.ndjson", body.into(), TYPE)
    };
    let (first, second) = tokio::join!(put("first"), put("second"));
    assert_ne!(first.unwrap(), second.unwrap());
    let stands = world.content("uploads/u/batches/0.ndjson").await;
    assert!(!put("third").await.unwrap());
    assert_eq!(world.content("uploads/u/batches/0.ndjson").await, stands);
}

#[tokio::test(start_paused = true)]
async fn a_conditional_write_whose_answer_was_lost_is_reported_as_written_before() {
    let struck = AtomicBool::new(false);
    let first_put = move |point: &FaultPoint| {
        if point.operation == "PutObject" && !struck.swap(true, Ordering::SeqCst) {
            Fault::TimeoutAfter
        } else {
            Fault::None
        }
    };
    let world = World::with_faults(first_put).await;
    assert!(!world.objects.put_if_absent("a", "body".into(), TYPE).await.unwrap());
    assert_eq!(world.content("a").await.unwrap(), b"body");
}

#[tokio::test]
async fn a_file_becomes_an_object_with_its_metadata() {
    let world = World::new().await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&pattern(70_000)).unwrap();
    let metadata = BTreeMap::from([("muster-strict".to_owned(), "true".to_owned())]);
    let object = world
        .objects
        .put_file("inbox/a.csv", file.path(), TYPE, &metadata)
        .await
        .unwrap();
    let head = world
        .objects
        .head("inbox/a.csv", Some(&object.version))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((head.metadata, head.version), (metadata, object.version));
    assert_eq!(world.content("inbox/a.csv").await.unwrap(), pattern(70_000));
    assert_eq!(world.calls("CreateMultipartUpload"), 0);
}

#[tokio::test]
async fn a_long_file_goes_in_parts_and_is_the_same() {
    let world = World::new().await;
    let size = (64 << 20) + 12_345;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&pattern(size)).unwrap();
    let metadata = BTreeMap::from([("muster-on-conflict".to_owned(), "keep".to_owned())]);
    let object = world
        .objects
        .put_file("inbox/a.csv", file.path(), TYPE, &metadata)
        .await
        .unwrap();
    let head = world
        .objects
        .head("inbox/a.csv", Some(&object.version))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((head.size, head.metadata), (size as u64, metadata));
    assert_eq!(world.calls("UploadPart"), 5);
    assert!(world.content("inbox/a.csv").await.unwrap() == pattern(size));
}

#[tokio::test]
async fn a_file_that_is_missing_is_named() {
    let world = World::new().await;
    let missing = std::path::Path::new("/nowhere/list.csv");
    let error = world
        .objects
        .put_file("inbox/a.csv", missing, TYPE, &BTreeMap::new())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("`/nowhere/list.csv` cannot be read"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn parts_that_cannot_be_sent_are_removed() {
    let world = World::with_faults(|point| match point.operation.as_str() {
        "UploadPart" => Fault::Error500,
        _ => Fault::None,
    })
    .await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.as_file_mut().set_len((64 << 20) + 1).unwrap();
    let error = world
        .objects
        .put_file("inbox/a.csv", file.path(), TYPE, &BTreeMap::new())
        .await
        .unwrap_err();
    assert!(error.is_transient());
    assert_eq!(world.calls("AbortMultipartUpload"), 1);
    assert_eq!(world.content("inbox/a.csv").await, None);

    let mut writer = world.objects.writer("uploads/u/report.csv", TYPE);
    assert!(writer.write(&vec![0; 9 << 20]).await.unwrap_err().is_transient());
    assert_eq!(world.calls("AbortMultipartUpload"), 2);
    assert_eq!(writer.write(b"more").await.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(writer.finish().await.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(world.content("uploads/u/report.csv").await, None);
}

#[tokio::test]
async fn a_writer_makes_the_same_object_whatever_the_size_of_its_pieces() {
    let world = World::new().await;
    let part = 8 << 20;
    // Length of the object, length of the pieces, parts that are expected.
    let cases = [
        (0, 1, 0),
        (5, 1, 0),
        (100_000, 999, 0),
        (part, part, 1),
        (part + 1, 100_000, 2),
        (3 * part + 7, 5 << 20, 4),
    ];
    for (at, (length, piece, parts)) in cases.into_iter().enumerate() {
        let key = format!("uploads/{at}/report.csv");
        let (body, before) = (pattern(length), world.calls("UploadPart"));
        let mut writer = world.objects.writer(&key, TYPE);
        for piece in body.chunks(piece) {
            writer.write(piece).await.unwrap();
        }
        assert_eq!(world.content(&key).await, None, "nothing is seen of it before its end");
        writer.finish().await.unwrap();
        assert!(world.content(&key).await.unwrap() == body, "case {at}");
        assert_eq!(world.calls("UploadPart") - before, parts, "case {at}");
    }
}

#[tokio::test]
async fn an_aborted_writer_leaves_nothing() {
    let world = World::new().await;
    for length in [10, 9 << 20] {
        let mut writer = world.objects.writer("uploads/u/report.csv", TYPE);
        writer.write(&pattern(length)).await.unwrap();
        writer.abort().await;
    }
    assert_eq!(world.calls("AbortMultipartUpload"), 1);
    assert_eq!(world.content("uploads/u/report.csv").await, None);
}

#[tokio::test]
async fn what_a_writer_left_that_died_is_listed_in_pages_and_can_be_removed() {
    let world = World::new().await;
    let keys = ["inbox/a+b ü&.csv", "inbox/a+b ü&.csv", "uploads/u/report.csv"];
    for key in keys {
        let mut writer = world.objects.writer(key, TYPE);
        writer.write(&pattern(9 << 20)).await.unwrap();
    }
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let page = world.objects.list_unfinished(from.as_ref(), 1).await.unwrap();
        assert!(page.uploads.len() <= 1);
        found.extend(page.uploads);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(found.iter().map(|upload| &*upload.key).collect::<Vec<_>>(), keys);
    for upload in &found {
        world.objects.abort_unfinished(upload).await.unwrap();
        // Perhaps by this very call, whose first answer was lost.
        world.objects.abort_unfinished(upload).await.unwrap();
    }
    let left = world.objects.list_unfinished(None, 1000).await.unwrap();
    assert_eq!((left.uploads, left.next), (vec![], None));
}
