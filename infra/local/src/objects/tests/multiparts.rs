//! Uploads in parts.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use super::*;

const MIB: usize = 1024 * 1024;

async fn begin(client: &Client, key: &str) -> String {
    let upload = client
        .create_multipart_upload()
        .bucket(BUCKET)
        .key(key)
        .metadata("a", "1")
        .send()
        .await
        .unwrap();
    upload.upload_id().unwrap().to_owned()
}

async fn part(client: &Client, key: &str, id: &str, number: i32, size: usize) -> CompletedPart {
    let body = ByteStream::from(vec![b'0' + number as u8; size]);
    let part = client
        .upload_part()
        .bucket(BUCKET)
        .key(key)
        .upload_id(id)
        .part_number(number)
        .body(body);
    let part = part.send().await.unwrap();
    CompletedPart::builder()
        .part_number(number)
        .e_tag(part.e_tag().unwrap())
        .build()
}

async fn complete(client: &Client, key: &str, id: &str, parts: Vec<CompletedPart>) -> Result<String, String> {
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let done = client
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key(key)
        .upload_id(id)
        .multipart_upload(parts);
    match done.send().await {
        Ok(done) => Ok(done.e_tag().unwrap().to_owned()),
        Err(e) => Err(e.into_service_error().code().unwrap().to_owned()),
    }
}

#[tokio::test]
async fn parts_become_one_object_with_one_event() {
    let (objects, client) = fresh().await;
    let id = begin(&client, "inbox/m").await;
    // Out of order, and one of them twice.
    let third = part(&client, "inbox/m", &id, 3, 10).await;
    part(&client, "inbox/m", &id, 1, 1).await;
    let first = part(&client, "inbox/m", &id, 1, 5 * MIB).await;
    let second = part(&client, "inbox/m", &id, 2, 5 * MIB).await;
    let listed = client
        .list_parts()
        .bucket(BUCKET)
        .key("inbox/m")
        .upload_id(&id)
        .max_parts(2)
        .send()
        .await
        .unwrap();
    assert_eq!(
        listed
            .parts()
            .iter()
            .map(|p| p.part_number().unwrap())
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(
        (listed.is_truncated(), listed.next_part_number_marker()),
        (Some(true), Some("2"))
    );
    let uploads = client
        .list_multipart_uploads()
        .bucket(BUCKET)
        .prefix("inbox/")
        .send()
        .await
        .unwrap();
    assert_eq!(uploads.uploads()[0].upload_id(), Some(id.as_str()));
    assert_eq!(objects.next_events(10).await.unwrap(), []);

    let etag = complete(&client, "inbox/m", &id, vec![first, second, third])
        .await
        .unwrap();
    assert!(etag.ends_with("-3\""), "{etag}");
    let got = client.get_object().bucket(BUCKET).key("inbox/m").send().await.unwrap();
    assert_eq!(
        (got.metadata().unwrap()["a"].as_str(), got.e_tag()),
        ("1", Some(etag.as_str()))
    );
    let body = got.body.collect().await.unwrap().to_vec();
    assert_eq!(body.len(), 10 * MIB + 10);
    assert!(body[..5 * MIB].iter().all(|&b| b == b'1') && body[10 * MIB..].iter().all(|&b| b == b'3'));
    assert_eq!(objects.next_events(10).await.unwrap().len(), 1);
    assert_eq!(files(&objects), 1, "the parts are gone");
    assert_eq!(
        complete(&client, "inbox/m", &id, vec![]).await,
        Err("NoSuchUpload".to_owned())
    );
}

#[tokio::test]
async fn a_completion_that_does_not_fit_is_refused_and_can_be_repeated() {
    let (_, client) = fresh().await;
    let id = begin(&client, "m").await;
    let (small, last) = (
        part(&client, "m", &id, 1, 10).await,
        part(&client, "m", &id, 2, 10).await,
    );
    let code = |code: &str| Err(code.to_owned());
    let wrong = CompletedPart::builder().part_number(2).e_tag("\"0\"").build();
    let absent = CompletedPart::builder().part_number(7).e_tag("\"0\"").build();
    assert_eq!(
        complete(&client, "m", &id, vec![last.clone(), small.clone()]).await,
        code("InvalidPartOrder")
    );
    assert_eq!(
        complete(&client, "m", &id, vec![small, last.clone()]).await,
        code("EntityTooSmall")
    );
    assert_eq!(complete(&client, "m", &id, vec![wrong]).await, code("InvalidPart"));
    assert_eq!(complete(&client, "m", &id, vec![absent]).await, code("InvalidPart"));
    assert_eq!(
        complete(&client, "other", &id, vec![last.clone()]).await,
        code("NoSuchUpload")
    );
    assert!(complete(&client, "m", &id, vec![last]).await.is_ok());
    assert_eq!(get(&client, "m").await, "2".repeat(10));
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let (objects, client) = fresh().await;
    let id = begin(&client, "m").await;
    part(&client, "m", &id, 1, 10).await;
    client
        .abort_multipart_upload()
        .bucket(BUCKET)
        .key("m")
        .upload_id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(files(&objects), 0);
    let late = client
        .upload_part()
        .bucket(BUCKET)
        .key("m")
        .upload_id(&id)
        .part_number(1)
        .body(ByteStream::default());
    assert_eq!(
        late.send().await.unwrap_err().into_service_error().code(),
        Some("NoSuchUpload")
    );
    assert_eq!(files(&objects), 0);
    assert_eq!(
        client
            .list_multipart_uploads()
            .bucket(BUCKET)
            .send()
            .await
            .unwrap()
            .uploads()
            .len(),
        0
    );
}

#[tokio::test]
async fn uploads_are_listed_in_pages_and_with_keys_encoded() {
    let (_, client) = fresh().await;
    let keys = ["a b", "c+ü&", "c+ü&", "d"];
    let mut begun = Vec::new();
    for key in keys {
        begun.push((key.to_owned(), begin(&client, key).await));
    }
    begun.sort();
    let (mut found, mut marker) = (Vec::new(), (None, None));
    loop {
        let page = client
            .list_multipart_uploads()
            .bucket(BUCKET)
            .encoding_type(aws_sdk_s3::types::EncodingType::Url)
            .max_uploads(1)
            .set_key_marker(marker.0)
            .set_upload_id_marker(marker.1)
            .send()
            .await
            .unwrap();
        let decode = |key: &str| urlencoding::decode(key).unwrap().into_owned();
        for upload in page.uploads() {
            found.push((decode(upload.key().unwrap()), upload.upload_id().unwrap().to_owned()));
        }
        if page.is_truncated() != Some(true) {
            break;
        }
        marker = (
            page.next_key_marker().map(decode),
            page.next_upload_id_marker().map(str::to_owned),
        );
    }
    assert_eq!(found, begun);
}
