//! Conditions on reading and writing.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::DateTime;

use super::*;

fn body() -> ByteStream {
    ByteStream::from_static(b"new")
}

#[tokio::test]
async fn a_put_can_demand_that_there_is_none_or_a_certain_one() {
    let (_, client) = fresh().await;
    let put = || client.put_object().bucket(BUCKET).key("k").body(body());
    let code =
        async |request: aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder| match request.send().await
        {
            Ok(_) => None,
            Err(e) => Some((
                e.raw_response().unwrap().status().as_u16(),
                e.code().unwrap().to_owned(),
            )),
        };
    let failed = Some((412, "PreconditionFailed".to_owned()));
    assert_eq!(code(put().if_match("\"0\"")).await, Some((404, "NoSuchKey".to_owned())));
    assert_eq!(code(put().if_none_match("*")).await, None);
    assert_eq!(code(put().if_none_match("*")).await, failed);
    assert_eq!(code(put().if_match("\"0\"")).await, failed);
    let etag = client
        .head_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .unwrap()
        .e_tag()
        .unwrap()
        .to_owned();
    assert_eq!(code(put().if_match(etag)).await, None);
    // A delete marker is nothing.
    client.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert_eq!(code(put().if_none_match("*")).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_puts_that_demand_to_be_first_one_is() {
    let (objects, client) = fresh().await;
    let puts = (0..20).map(|_| {
        let put = client
            .put_object()
            .bucket(BUCKET)
            .key("k")
            .if_none_match("*")
            .body(body());
        tokio::spawn(async move { put.send().await.is_ok() })
    });
    let mut first = 0;
    for put in puts.collect::<Vec<_>>() {
        first += usize::from(put.await.unwrap());
    }
    assert_eq!((first, files(&objects)), (1, 1));
}

#[tokio::test]
async fn a_get_can_demand_a_certain_one_or_a_change() {
    let (_, client) = fresh().await;
    put(&client, "k", "old").await;
    let head = client.head_object().bucket(BUCKET).key("k").send().await.unwrap();
    let (etag, then) = (head.e_tag().unwrap(), *head.last_modified().unwrap());
    let (before, after) = (
        DateTime::from_secs(then.secs() - 1),
        DateTime::from_secs(then.secs() + 1),
    );
    let get = || client.get_object().bucket(BUCKET).key("k");
    let cases = [
        (get().if_match(etag), 200),
        (get().if_match("\"0\""), 412),
        (get().if_none_match("\"0\""), 200),
        (get().if_none_match(etag), 304),
        (get().if_modified_since(before), 200),
        (get().if_modified_since(then), 304),
        (get().if_unmodified_since(after), 200),
        (get().if_unmodified_since(before), 412),
        (get().if_match(etag).if_unmodified_since(before), 200),
        (get().if_none_match("\"0\"").if_modified_since(after), 200),
    ];
    for (i, (request, status)) in cases.into_iter().enumerate() {
        let seen = match request.send().await {
            Ok(_) => 200,
            Err(e) => e.raw_response().unwrap().status().as_u16(),
        };
        assert_eq!(seen, status, "case {i}");
    }
}
