//! Each fault as the SDK sees it, and what it leaves in the store.

use std::sync::Mutex;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use muster_store::queue::{Outgoing, QueueName};

use super::*;
use crate::counting::Counting;
use crate::dynamodb::DynamoDb;
use crate::dynamodb::tests::{TABLE, client, create_table, item};
use crate::flow::InProcess;
use crate::objects::Objects;
use crate::objects::tests::{options, s3_client};

/// A store, and a client of it on which the next call meets `fault`.
async fn struck_by(fault: Fault) -> (aws_sdk_dynamodb::Client, aws_sdk_dynamodb::Client, Faulty) {
    let database = DynamoDb::in_memory().unwrap();
    let sound = client(database.http_client());
    create_table(&sound).await;
    let plan: Plan = Arc::new(move |point| if point.n == 1 { fault } else { Fault::None });
    let faulty = Faulty::new(database.http_client(), plan);
    (sound, client(faulty.http_client()), faulty)
}

async fn put(client: &aws_sdk_dynamodb::Client) -> Result<(), aws_sdk_dynamodb::Error> {
    client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(item("p", "s")))
        .send()
        .await?;
    Ok(())
}

async fn is_there(client: &aws_sdk_dynamodb::Client) -> bool {
    let got = client
        .get_item()
        .table_name(TABLE)
        .set_key(Some(item("p", "s")))
        .send()
        .await;
    got.unwrap().item().is_some()
}

#[tokio::test]
async fn each_fault_fails_the_call_and_only_a_lost_answer_leaves_a_write() {
    let cases = [
        (Fault::None, None, true),
        (Fault::Error500, Some("InternalServerError"), false),
        (Fault::Throttle, Some("ThrottlingException"), false),
        (Fault::Denied, Some("AccessDeniedException"), false),
        (Fault::TimeoutBefore, Some(""), false),
        (Fault::TimeoutAfter, Some(""), true),
        (Fault::Delay(Duration::from_millis(1)), None, true),
        (Fault::Die, Some(""), false),
    ];
    for (fault, code, written) in cases {
        let (sound, struck, _) = struck_by(fault).await;
        let result = put(&struck).await;
        let seen = result.as_ref().err().map(|e| e.code().unwrap_or_default());
        assert_eq!(seen, code, "{fault:?}: {result:?}");
        assert_eq!(is_there(&sound).await, written, "{fault:?}");
    }
}

#[tokio::test]
async fn the_dead_stay_dead_on_every_service() {
    let (sound, struck, faulty) = struck_by(Fault::Die).await;
    let objects = Objects::in_memory(options(&[])).unwrap();
    let s3 = s3_client(&objects, faulty.also(objects.http_client()).http_client());
    assert!(put(&struck).await.is_err());
    assert!(faulty.is_dead());
    assert!(put(&struck).await.is_err());
    assert!(s3.create_bucket().bucket("bucket").send().await.is_err());
    assert!(!is_there(&sound).await);
    assert_eq!(faulty.calls(), 1, "the dead make no calls");
}

#[tokio::test]
async fn answers_that_were_under_way_are_lost_with_the_process() {
    let database = DynamoDb::in_memory().unwrap();
    let sound = client(database.http_client());
    create_table(&sound).await;
    let plan: Plan = Arc::new(|point| match point.n {
        1 => Fault::Delay(Duration::from_millis(200)),
        _ => Fault::Die,
    });
    let struck = client(Faulty::new(database.http_client(), plan).http_client());
    let (under_way, killing) = tokio::join!(put(&struck), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        put(&struck).await
    });
    assert!(under_way.is_err() && killing.is_err());
    assert!(is_there(&sound).await);
}

#[tokio::test]
async fn faults_of_s3_are_in_its_own_words() {
    let objects = Objects::in_memory(options(&[])).unwrap();
    for (fault, code) in [
        (Fault::Error500, "InternalError"),
        (Fault::Throttle, "SlowDown"),
        (Fault::Denied, "AccessDenied"),
    ] {
        let faulty = Faulty::new(objects.http_client(), Arc::new(move |_| fault));
        let error = s3_client(&objects, faulty.http_client())
            .list_buckets()
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.into_service_error().code(), Some(code));
    }
}

#[tokio::test]
async fn every_operation_is_known_by_its_name() {
    let objects = Objects::in_memory(options(&[])).unwrap();
    let counting = Counting::new(objects.http_client());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = seen.clone();
    let plan: Plan = Arc::new(move |point| {
        record.lock().unwrap().push(point.operation.clone());
        Fault::None
    });
    let s3 = s3_client(&objects, Faulty::new(counting.http_client(), plan).http_client());
    // Refused or not, each call has its name.
    macro_rules! call {
        ($($operation:ident($($set:ident: $value:expr),*)),* $(,)?) => {
            $(let _ = s3.$operation()$(.$set($value))*.send().await;)*
        };
    }
    let named = aws_sdk_s3::types::Delete::builder()
        .objects(aws_sdk_s3::types::ObjectIdentifier::builder().key("k").build().unwrap())
        .build()
        .unwrap();
    call! {
        create_bucket(bucket: "bucket"), head_bucket(bucket: "bucket"), list_buckets(),
        get_bucket_location(bucket: "bucket"), get_bucket_versioning(bucket: "bucket"),
        put_object(bucket: "bucket", key: "a/b"), get_object(bucket: "bucket", key: "a/b"),
        head_object(bucket: "bucket", key: "a/b"), copy_object(bucket: "bucket", key: "c", copy_source: "bucket/a/b"),
        delete_object(bucket: "bucket", key: "c"), delete_objects(bucket: "bucket", delete: named),
        list_objects_v2(bucket: "bucket"), list_object_versions(bucket: "bucket"),
        create_multipart_upload(bucket: "bucket", key: "m"), list_multipart_uploads(bucket: "bucket"),
        upload_part(bucket: "bucket", key: "m", upload_id: "u", part_number: 1),
        list_parts(bucket: "bucket", key: "m", upload_id: "u"),
        complete_multipart_upload(bucket: "bucket", key: "m", upload_id: "u"),
        abort_multipart_upload(bucket: "bucket", key: "m", upload_id: "u"),
    }
    let expected = [
        "CreateBucket",
        "HeadBucket",
        "ListBuckets",
        "GetBucketLocation",
        "GetBucketVersioning",
        "PutObject",
        "GetObject",
        "HeadObject",
        "CopyObject",
        "DeleteObject",
        "DeleteObjects",
        "ListObjectsV2",
        "ListObjectVersions",
        "CreateMultipartUpload",
        "ListMultipartUploads",
        "UploadPart",
        "ListParts",
        "CompleteMultipartUpload",
        "AbortMultipartUpload",
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
    assert!(counting.snapshot().values().all(|&count| count == 1));
    assert_eq!(counting.snapshot().len(), expected.len());
}

/// What a queue got of the messages 1, 2 and 3, and whether their sender was told that it worked.
async fn sent_with(fault: QueueFault, wait: Duration) -> (String, bool) {
    let database = DynamoDb::in_memory().unwrap();
    let faulty = Faulty::new(database.http_client(), Arc::new(|_| Fault::None));
    let inner = Arc::new(InProcess::default());
    let queue = faulty.queue(
        inner.clone(),
        Arc::new(move |_, n| if n == 1 { fault } else { QueueFault::None }),
    );
    let messages = ["1", "2", "3"]
        .map(|body| Outgoing {
            body: body.to_owned(),
            group: None,
        })
        .to_vec();
    let told = queue.send(QueueName::Events, messages).await.is_ok();
    tokio::time::sleep(wait).await;
    (inner.events().concat(), told)
}

#[tokio::test(start_paused = true)]
async fn each_fault_of_a_queue_does_what_it_says() {
    let minute = Duration::from_secs(60);
    let cases = [
        (QueueFault::None, "123", true),
        (QueueFault::FailBefore, "", false),
        (QueueFault::FailHalfway, "1", false),
        (QueueFault::FailAfter, "123", false),
        (QueueFault::Twice, "123123", true),
        (QueueFault::Backwards, "321", true),
        (QueueFault::Later(minute), "", true),
        (QueueFault::Lost, "", true),
        (QueueFault::Die, "", false),
    ];
    for (fault, got, told) in cases {
        assert_eq!(
            sent_with(fault, Duration::ZERO).await,
            (got.to_owned(), told),
            "{fault:?}"
        );
    }
    let late = sent_with(QueueFault::Later(minute), Duration::from_secs(61)).await;
    assert_eq!(late, ("123".to_owned(), true));
}

#[tokio::test]
async fn a_process_that_dies_at_a_send_makes_no_call_and_one_that_dies_at_a_call_sends_nothing() {
    for dies_at_send in [true, false] {
        let database = DynamoDb::in_memory().unwrap();
        create_table(&client(database.http_client())).await;
        let plan: Plan = Arc::new(move |_| if dies_at_send { Fault::None } else { Fault::Die });
        let faulty = Faulty::new(database.http_client(), plan);
        let struck = client(faulty.http_client());
        let inner = Arc::new(InProcess::default());
        let queue = faulty.queue(inner.clone(), Arc::new(|_, _| QueueFault::Die));
        let message = || {
            vec![Outgoing {
                body: "1".to_owned(),
                group: None,
            }]
        };
        if !dies_at_send {
            assert!(put(&struck).await.is_err());
        }
        assert!(queue.send(QueueName::Events, message()).await.is_err());
        assert!(faulty.is_dead() && inner.events().is_empty());
        assert!(put(&struck).await.is_err());
        let letter = queue
            .dead_letter(QueueName::Split, "1".to_owned(), "why".to_owned())
            .await;
        assert!(letter.is_err() && inner.dead_letters().is_empty());
        assert_eq!(faulty.calls(), 1);
    }
}

#[tokio::test]
async fn a_read_that_answers_in_part_says_what_is_left() {
    let database = DynamoDb::in_memory().unwrap();
    let sound = client(database.http_client());
    create_table(&sound).await;
    let sorts = ["a", "b", "c", "d", "e"];
    for sort in sorts {
        let put = sound.put_item().table_name(TABLE).set_item(Some(item("p", sort)));
        put.send().await.unwrap();
    }
    let faulty = client(Faulty::new(database.http_client(), Arc::new(|_| Fault::Partly)).http_client());
    let keys = aws_sdk_dynamodb::types::KeysAndAttributes::builder()
        .set_keys(Some(sorts.map(|sort| item("p", sort)).to_vec()))
        .consistent_read(true);
    let read = faulty.batch_get_item().request_items(TABLE, keys.build().unwrap());
    let answer = read.send().await.unwrap();
    assert_eq!(answer.responses().unwrap()[TABLE].len(), 3);
    let left = &answer.unprocessed_keys().unwrap()[TABLE];
    assert_eq!(left.keys(), [item("p", "d"), item("p", "e")]);
    assert_eq!(left.consistent_read(), Some(true));

    let query = || {
        let query = faulty.query().table_name(TABLE).key_condition_expression("pk = :pk");
        query.expression_attribute_values(":pk", crate::dynamodb::tests::s("p"))
    };
    let first = query().send().await.unwrap();
    assert_eq!((first.count(), first.last_evaluated_key()), (1, Some(&item("p", "a"))));
    assert_eq!(
        query().limit(4).send().await.unwrap().count(),
        4,
        "who asks for a page gets it"
    );
    put(&faulty).await.unwrap();
}
