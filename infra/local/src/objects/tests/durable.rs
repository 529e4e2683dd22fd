//! What survives: restarts, crashes, and events until they are acknowledged.

use std::time::Duration;

use futures::StreamExt;

use super::*;
use crate::data_dir::DataDir;

fn open(dir: &DataDir) -> (Objects, Client) {
    let objects = Objects::open(dir.objects_db(), dir.blobs(), options(&["inbox/"])).unwrap();
    let client = s3_client(&objects, objects.http_client());
    (objects, client)
}

fn data_dir(scratch: &tempfile::TempDir) -> DataDir {
    DataDir::open(scratch.path(), "test", jiff::Timestamp::UNIX_EPOCH).unwrap()
}

#[tokio::test]
async fn a_restart_keeps_objects_events_and_the_access_key() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = data_dir(&scratch);
    let key = {
        let (objects, client) = open(&dir);
        client.create_bucket().bucket(BUCKET).send().await.unwrap();
        put(&client, "inbox/list.csv", "rows").await;
        objects.credentials().clone()
    };
    let (objects, client) = open(&dir);
    assert_eq!(objects.credentials(), &key);
    assert_eq!(get(&client, "inbox/list.csv").await, "rows");
    assert_eq!(objects.next_events(10).await.unwrap().len(), 1);
    let other = tempfile::tempdir().unwrap();
    assert_ne!(open(&data_dir(&other)).0.credentials().secret_key, key.secret_key);
}

#[tokio::test]
async fn what_a_crash_leaves_between_file_and_row_is_removed_and_the_old_object_stands() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = data_dir(&scratch);
    let upload = {
        let (_, client) = open(&dir);
        client.create_bucket().bucket(BUCKET).send().await.unwrap();
        put(&client, "k", "old").await;
        let upload = client
            .create_multipart_upload()
            .bucket(BUCKET)
            .key("m")
            .send()
            .await
            .unwrap();
        let upload = upload.upload_id().unwrap().to_owned();
        let part = client
            .upload_part()
            .bucket(BUCKET)
            .key("m")
            .upload_id(&upload)
            .part_number(1);
        part.body(ByteStream::from_static(b"part")).send().await.unwrap();
        upload
    };
    // Killed while the body was written, and after its renaming, before the commit.
    std::fs::write(dir.blobs().join("00000000000000000000000000000001.tmp"), "half").unwrap();
    std::fs::write(dir.blobs().join("00000000000000000000000000000002"), "whole").unwrap();
    std::fs::write(dir.blobs().join("notes.txt"), "somebody else's").unwrap();
    let (objects, client) = open(&dir);
    assert_eq!(files(&objects), 3, "the object, the part, and what is not ours");
    assert_eq!(get(&client, "k").await, "old");
    let parts = client
        .list_parts()
        .bucket(BUCKET)
        .key("m")
        .upload_id(&upload)
        .send()
        .await
        .unwrap();
    assert_eq!(parts.parts().len(), 1);
}

#[tokio::test]
async fn a_caller_that_gives_up_leaves_nothing() {
    let (objects, client) = fresh().await;
    let endless = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(bytes::Bytes::from_static(&[b'x'; 65536])));
    let service = objects.clone();
    let receiving = tokio::spawn(async move {
        let body = s3s::dto::StreamingBlob::wrap(endless.then(|chunk| async {
            tokio::task::yield_now().await;
            chunk
        }));
        service
            .receive(Some(body), &http::HeaderMap::new(), None)
            .await
            .map(|_| ())
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(files(&objects), 1, "a body is on its way");
    receiving.abort();
    for _ in 0..100 {
        if files(&objects) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(files(&objects), 0);
    assert_eq!(
        client
            .list_objects_v2()
            .bucket(BUCKET)
            .send()
            .await
            .unwrap()
            .contents()
            .len(),
        0
    );
}

#[tokio::test]
async fn events_come_in_order_and_again_until_they_are_acknowledged() {
    let (objects, client) = fresh().await;
    let first = put(&client, "inbox/a ü+%", "12345").await;
    put(&client, "reports/own", "no event").await;
    put(&client, "inbox/b", "1").await;
    let copy = client
        .copy_object()
        .bucket(BUCKET)
        .key("inbox/c")
        .copy_source(format!("{BUCKET}/reports/own"));
    copy.send().await.unwrap();
    client
        .delete_object()
        .bucket(BUCKET)
        .key("inbox/b")
        .send()
        .await
        .unwrap();
    let refused = client
        .put_object()
        .bucket(BUCKET)
        .key("inbox/a ü+%")
        .if_none_match("*")
        .send()
        .await;
    assert!(refused.is_err());

    let keys = async |limit| {
        objects
            .next_events(limit)
            .await
            .unwrap()
            .into_iter()
            .map(|e| e.key)
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(10).await, ["inbox/a ü+%", "inbox/b", "inbox/c"]);
    assert_eq!(keys(2).await, ["inbox/a ü+%", "inbox/b"]);
    let event = objects.next_events(1).await.unwrap().remove(0);
    assert_eq!((event.bucket.as_str(), &event.version, event.size), (BUCKET, &first, 5));
    assert_eq!(event.etag, "827ccb0eea8a706c4c34a16891f84e7b");
    let second = objects.next_events(2).await.unwrap().remove(1);
    objects.acknowledge(second.seq).await.unwrap();
    objects.acknowledge(second.seq).await.unwrap();
    assert_eq!(keys(10).await, ["inbox/a ü+%", "inbox/c"]);
    objects.acknowledge(event.seq).await.unwrap();
    put(&client, "inbox/a ü+%", "again").await;
    assert_eq!(
        keys(10).await,
        ["inbox/c", "inbox/a ü+%"],
        "another version is another event"
    );
}

#[tokio::test]
async fn whoever_waits_is_woken_also_by_what_came_before() {
    let (objects, client) = fresh().await;
    put(&client, "inbox/a", "1").await;
    tokio::time::timeout(Duration::from_secs(5), objects.notified())
        .await
        .unwrap();
    let waiting = tokio::spawn({
        let objects = objects.clone();
        async move { objects.notified().await }
    });
    tokio::task::yield_now().await;
    put(&client, "inbox/b", "1").await;
    tokio::time::timeout(Duration::from_secs(5), waiting)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_large_file_is_streamed_in_and_out() {
    const SIZE: usize = 64 * 1024 * 1024 + 17;
    let (_, client) = fresh().await;
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("large");
    let content: Vec<u8> = (0..SIZE).map(|i| (i / 4096) as u8).collect();
    std::fs::write(&path, &content).unwrap();
    let body = ByteStream::from_path(&path).await.unwrap();
    let done = client
        .put_object()
        .bucket(BUCKET)
        .key("large")
        .body(body)
        .send()
        .await
        .unwrap();
    assert!(
        done.checksum_crc32().is_some(),
        "the SDK sends its checksum behind the body"
    );
    let mut got = client
        .get_object()
        .bucket(BUCKET)
        .key("large")
        .send()
        .await
        .unwrap()
        .body;
    let (mut at, mut largest) = (0, 0);
    while let Some(chunk) = got.try_next().await.unwrap() {
        assert_eq!(chunk, content[at..at + chunk.len()]);
        (at, largest) = (at + chunk.len(), largest.max(chunk.len()));
    }
    assert_eq!(at, SIZE);
    assert!(largest <= 1024 * 1024, "{largest} bytes at once");
}

#[tokio::test]
async fn a_body_that_is_gone_or_cut_short_is_named_and_never_read_as_something_else() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = data_dir(&scratch);
    let (objects, client) = open(&dir);
    client.create_bucket().bucket(BUCKET).send().await.unwrap();
    put(&client, "k", "whole").await;
    let body = std::fs::read_dir(dir.blobs()).unwrap().next().unwrap().unwrap().path();
    let refusal = async || {
        let error = client.get_object().bucket(BUCKET).key("k").send().await.unwrap_err();
        let meta = error.into_service_error().meta().clone();
        (meta.code().unwrap().to_owned(), meta.message().unwrap().to_owned())
    };
    let remedy = "put a backup of the whole data directory in its place";
    std::fs::write(&body, "who").unwrap();
    let cut = format!("the file {} has 3 bytes instead of 5: {remedy}", body.display());
    assert_eq!(refusal().await, ("BodyDamaged".to_owned(), cut));
    std::fs::remove_file(&body).unwrap();
    let gone = format!("the file {} is gone: {remedy}", body.display());
    assert_eq!(refusal().await, ("BodyDamaged".to_owned(), gone));
    assert!(objects.disk().trouble().is_none(), "other objects can be read");
    std::fs::write(&body, "whole").unwrap();
    assert_eq!(get(&client, "k").await, "whole");
}
