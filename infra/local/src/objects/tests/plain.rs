//! Put, get, head, delete and copy.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, MetadataDirective};

use super::*;

#[tokio::test]
async fn an_object_comes_back_with_all_that_was_said_about_it() {
    let (_, client) = fresh().await;
    let put = client
        .put_object()
        .bucket(BUCKET)
        .key("k")
        .body(ByteStream::from_static(b"0123456789"));
    let put = put
        .content_type("text/csv")
        .metadata("principal", "Contoso")
        .cache_control("no-store");
    let put = put.send().await.unwrap();
    assert_eq!(put.e_tag(), Some("\"781e5e245d69b566979b86e28d23f2c7\""));
    let got = client.get_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert_eq!(got.content_type(), Some("text/csv"));
    assert_eq!(got.cache_control(), Some("no-store"));
    assert_eq!(got.metadata().unwrap()["principal"], "Contoso");
    assert_eq!((got.e_tag(), got.version_id()), (put.e_tag(), put.version_id()));
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"0123456789");
    let head = client.head_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert_eq!((head.content_length(), head.e_tag()), (Some(10), put.e_tag()));
    assert_eq!(head.last_modified().unwrap().secs() / 1000, 1_767_355);
}

#[tokio::test]
async fn ranges_are_cut_out_of_the_body() {
    let (_, client) = fresh().await;
    put(&client, "k", "0123456789").await;
    put(&client, "empty", "").await;
    let range = async |key: &str, range: &str| {
        let got = client.get_object().bucket(BUCKET).key(key).range(range).send().await;
        match got {
            Ok(got) => {
                let of = got.content_range().unwrap().to_owned();
                Ok((
                    of,
                    String::from_utf8(got.body.collect().await.unwrap().to_vec()).unwrap(),
                ))
            }
            Err(e) => Err(e.into_service_error().code().unwrap().to_owned()),
        }
    };
    let found = |of: &str, text: &str| Ok((of.to_owned(), text.to_owned()));
    assert_eq!(range("k", "bytes=3-5").await, found("bytes 3-5/10", "345"));
    assert_eq!(range("k", "bytes=8-99").await, found("bytes 8-9/10", "89"));
    assert_eq!(range("k", "bytes=7-").await, found("bytes 7-9/10", "789"));
    assert_eq!(range("k", "bytes=-2").await, found("bytes 8-9/10", "89"));
    assert_eq!(range("k", "bytes=10-").await, Err("InvalidRange".to_owned()));
    assert_eq!(range("empty", "bytes=-1").await, Err("InvalidRange".to_owned()));
    assert_eq!(get(&client, "empty").await, "");
}

#[tokio::test]
async fn keys_are_data_and_never_file_names() {
    let (objects, client) = fresh().await;
    client.create_bucket().bucket("other").send().await.unwrap();
    let long = "ü".repeat(512);
    let segment = "x".repeat(700);
    let keys = [
        "x",
        "x/y",
        "x/",
        "../other/planted",
        "/",
        "a//b",
        "a b+c%d&e=ü",
        ".",
        "..",
        &long,
        &segment,
    ];
    for key in keys {
        put(&client, key, key).await;
    }
    for key in keys {
        assert_eq!(get(&client, key).await, key);
    }
    let planted = client.list_objects_v2().bucket("other").send().await.unwrap();
    assert_eq!(planted.contents().len(), 0);
    let error = client
        .put_object()
        .bucket(BUCKET)
        .key("x".repeat(1025))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.into_service_error().code(), Some("KeyTooLongError"));
    assert_eq!(files(&objects), keys.len());
}

#[tokio::test]
async fn what_is_missing_is_said_in_the_words_of_s3() {
    let (_, client) = fresh().await;
    assert!(
        client
            .get_object()
            .bucket(BUCKET)
            .key("k")
            .send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_no_such_key()
    );
    assert!(
        client
            .head_object()
            .bucket(BUCKET)
            .key("k")
            .send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_not_found()
    );
    assert!(
        client
            .head_bucket()
            .bucket("nowhere")
            .send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_not_found()
    );
    let put = client
        .put_object()
        .bucket("nowhere")
        .key("k")
        .body(ByteStream::from_static(b"x"))
        .send()
        .await;
    assert_eq!(put.unwrap_err().into_service_error().code(), Some("NoSuchBucket"));
    let list = client
        .list_objects_v2()
        .bucket("nowhere")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(list.is_no_such_bucket());
    let twice = client
        .create_bucket()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(twice.is_bucket_already_owned_by_you());
}

#[tokio::test]
async fn a_body_that_is_not_what_was_announced_leaves_the_old_object() {
    let (objects, client) = fresh().await;
    let old = put(&client, "k", "old").await;
    let new = || {
        client
            .put_object()
            .bucket(BUCKET)
            .key("k")
            .body(ByteStream::from_static(b"new"))
    };
    let of_other = "XrY7u+Ae7tCTyyK7j1rNww==";
    let cases = [
        (new().content_md5(of_other), "BadDigest"),
        (new().content_md5("bm90IGFuIE1ENQ=="), "InvalidDigest"),
        (new().checksum_crc32("AAAAAA=="), "BadDigest"),
        (
            new().checksum_sha256("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
            "BadDigest",
        ),
    ];
    for (request, code) in cases {
        assert_eq!(
            request.send().await.unwrap_err().into_service_error().code(),
            Some(code)
        );
    }
    assert_eq!(get(&client, "k").await, "old");
    assert_eq!(
        client
            .head_object()
            .bucket(BUCKET)
            .key("k")
            .send()
            .await
            .unwrap()
            .version_id(),
        Some(old.as_str())
    );
    assert_eq!(files(&objects), 1, "refused bodies are removed");
}

#[tokio::test]
async fn checksums_of_every_algorithm_are_verified_kept_and_given_back() {
    let (_, client) = fresh().await;
    let algorithms = [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ];
    for algorithm in algorithms {
        let body = ByteStream::from_static(b"body");
        let put = client
            .put_object()
            .bucket(BUCKET)
            .key("k")
            .checksum_algorithm(algorithm.clone())
            .body(body);
        put.send().await.unwrap();
        let got = client
            .get_object()
            .bucket(BUCKET)
            .key("k")
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .unwrap();
        let sums = [
            got.checksum_crc32(),
            got.checksum_crc32_c(),
            got.checksum_crc64_nvme(),
            got.checksum_sha1(),
            got.checksum_sha256(),
        ];
        assert_eq!(sums.iter().flatten().count(), 1, "{algorithm:?}");
        // The SDK compares while it reads.
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"body");
    }
}

#[tokio::test]
async fn another_secret_or_none_is_refused() {
    let (objects, _) = fresh().await;
    let wrong = aws_sdk_s3::config::Credentials::new(&objects.credentials().access_key, "wrong", None, None, "test");
    let config = s3_client(&objects, objects.http_client())
        .config()
        .to_builder()
        .credentials_provider(wrong)
        .build();
    let error = Client::from_conf(config).list_buckets().send().await.unwrap_err();
    assert_eq!(error.into_service_error().code(), Some("SignatureDoesNotMatch"));
    assert!(!format!("{:?}", objects.credentials()).contains(&objects.credentials().secret_key));
}

#[tokio::test]
async fn a_version_outlives_overwriting_and_deleting() {
    let (objects, client) = fresh().await;
    let (first, second) = (put(&client, "k", "first").await, put(&client, "k", "second").await);
    let deleted = client.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert_eq!(deleted.delete_marker(), Some(true));
    let error = client.get_object().bucket(BUCKET).key("k").send().await.unwrap_err();
    assert_eq!(
        error.raw_response().unwrap().headers().get("x-amz-delete-marker"),
        Some("true")
    );
    assert!(error.into_service_error().is_no_such_key());
    let marker = deleted.version_id().unwrap();
    let of_marker = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .version_id(marker)
        .send()
        .await
        .unwrap_err();
    assert_eq!(of_marker.into_service_error().code(), Some("MethodNotAllowed"));
    let got = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .version_id(&first)
        .send()
        .await
        .unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"first");

    client
        .delete_object()
        .bucket(BUCKET)
        .key("k")
        .version_id(marker)
        .send()
        .await
        .unwrap();
    assert_eq!(get(&client, "k").await, "second");
    client
        .delete_object()
        .bucket(BUCKET)
        .key("k")
        .version_id(&second)
        .send()
        .await
        .unwrap();
    assert_eq!(get(&client, "k").await, "first");
    assert_eq!(files(&objects), 1, "a deleted version takes its body along");
    let gone = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .version_id(&second)
        .send()
        .await
        .unwrap_err();
    assert_eq!(gone.into_service_error().code(), Some("NoSuchVersion"));
    let never = client
        .delete_object()
        .bucket(BUCKET)
        .key("k")
        .version_id("never")
        .send()
        .await
        .unwrap();
    assert_eq!(never.delete_marker(), None);
}

#[tokio::test]
async fn many_keys_are_deleted_at_once() {
    let (_, client) = fresh().await;
    put(&client, "a", "1").await;
    let id = |key| aws_sdk_s3::types::ObjectIdentifier::builder().key(key).build().unwrap();
    let delete = aws_sdk_s3::types::Delete::builder()
        .objects(id("a"))
        .objects(id("never"))
        .build()
        .unwrap();
    let done = client
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete)
        .send()
        .await
        .unwrap();
    assert_eq!((done.deleted().len(), done.errors().len()), (2, 0));
    assert!(client.head_object().bucket(BUCKET).key("a").send().await.is_err());
}

#[tokio::test]
async fn a_copy_stands_on_its_own() {
    let (_, client) = fresh().await;
    let source = client
        .put_object()
        .bucket(BUCKET)
        .key("from ü")
        .body(ByteStream::from_static(b"body"));
    let source = source.content_type("text/csv").metadata("a", "1").send().await.unwrap();
    put(&client, "from ü", "newer").await;
    let from = format!("{BUCKET}/from%20%C3%BC?versionId={}", source.version_id().unwrap());
    let copy = client
        .copy_object()
        .bucket(BUCKET)
        .key("kept")
        .copy_source(&from)
        .send()
        .await
        .unwrap();
    assert_eq!(copy.copy_object_result().unwrap().e_tag(), source.e_tag());
    assert_eq!(copy.copy_source_version_id(), source.version_id());
    let replaced = client.copy_object().bucket(BUCKET).key("replaced").copy_source(&from);
    let replaced = replaced
        .metadata_directive(MetadataDirective::Replace)
        .metadata("b", "2");
    replaced.send().await.unwrap();
    let delete = client
        .delete_object()
        .bucket(BUCKET)
        .key("from ü")
        .version_id(source.version_id().unwrap());
    delete.send().await.unwrap();
    assert_eq!(get(&client, "kept").await, "body");
    let head = async |key: &str| client.head_object().bucket(BUCKET).key(key).send().await.unwrap();
    assert_eq!(head("kept").await.metadata().unwrap()["a"], "1");
    assert_eq!(head("kept").await.content_type(), Some("text/csv"));
    assert_eq!(
        head("replaced").await.metadata().unwrap().keys().collect::<Vec<_>>(),
        ["b"]
    );
    let gone = client
        .copy_object()
        .bucket(BUCKET)
        .key("x")
        .copy_source(&from)
        .send()
        .await
        .unwrap_err();
    assert_eq!(gone.into_service_error().code(), Some("NoSuchVersion"));
}
