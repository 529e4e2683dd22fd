//! Objects, against an S3.

#![expect(clippy::unwrap_used, reason = "what the tests share fails by panicking, as they do")]

mod writing;

use std::sync::Arc;

use bytes::Bytes;
use engines::Bucket;
use muster_core::Timestamp;
use muster_core::upload::ObjectVersion;
use muster_local::counting::Counting;
use muster_local::faults::{Fault, FaultPoint, Faulty};
use muster_store::objects::{MAX_IN_MEMORY, Marker, Objects, Reader};
use muster_store::{Connection, Credentials, ErrorKind};

const NOW: &str = "2026-11-21T09:00:00Z";
const TYPE: &str = "text/csv";

/// An S3, the calls that were made, and a bucket in it.
struct World {
    objects: Objects,
    counting: Counting,
    bucket: Bucket,
}

impl World {
    async fn new() -> Self {
        Self::with_faults(|_| Fault::None).await
    }

    async fn with_faults(plan: impl Fn(&FaultPoint) -> Fault + Send + Sync + 'static) -> Self {
        let now: Timestamp = NOW.parse().unwrap();
        let bucket = Bucket::new(Arc::new(move || now)).unwrap();
        let counting = Counting::new(Faulty::new(bucket.http_client(), Arc::new(plan)).http_client());
        let (access_key, secret_key) = bucket.keys();
        let credentials = Credentials {
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
        };
        let connection = Connection::embedded(bucket.http_client(), counting.http_client(), &credentials);
        let objects = Objects::new(&connection, bucket.name());
        if bucket.is_embedded() {
            objects.create().await.unwrap();
        } else {
            versioned(&bucket).await;
        }
        Self {
            objects,
            counting,
            bucket,
        }
    }

    fn calls(&self, operation: &str) -> u64 {
        self.counting.snapshot().get(operation).copied().unwrap_or_default()
    }

    /// Puts an object and says which version it is.
    async fn drop_file(&self, key: &str, body: impl Into<Bytes>) -> ObjectVersion {
        self.objects.put(key, body.into(), TYPE).await.unwrap();
        let version = self.objects.head(key, None).await.unwrap().unwrap().version;
        ObjectVersion {
            bucket: self.objects.bucket().to_owned(),
            key: key.to_owned(),
            version,
        }
    }

    async fn content(&self, key: &str) -> Option<Vec<u8>> {
        let head = self.objects.head(key, None).await.unwrap()?;
        let object = ObjectVersion {
            bucket: self.bucket.name().to_owned(),
            key: key.to_owned(),
            version: head.version,
        };
        let content = rest(self.objects.stream(&object, 0).await.unwrap().unwrap()).await;
        assert_eq!(content.len() as u64, head.size);
        Some(content)
    }
}

/// Makes a bucket that keeps all versions, as the template does; only the embedded one keeps them from the start.
async fn versioned(bucket: &Bucket) {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_s3::types::{BucketVersioningStatus, CreateBucketConfiguration, VersioningConfiguration};
    /// Of the embedded clients.
    const REGION: &str = "embedded";
    let (access_key, secret_key) = bucket.keys();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url("http://embedded.invalid")
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "test"))
        .http_client(bucket.http_client())
        .force_path_style(true);
    let client = aws_sdk_s3::Client::from_conf(config.build());
    let here = CreateBucketConfiguration::builder().location_constraint(REGION.into());
    let request = client.create_bucket().bucket(bucket.name());
    request.create_bucket_configuration(here.build()).send().await.unwrap();
    let status = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled);
    let request = client.put_bucket_versioning().bucket(bucket.name());
    request.versioning_configuration(status.build()).send().await.unwrap();
}

async fn rest(mut reader: Reader) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(chunk) = reader.next_chunk().await.unwrap() {
        all.extend_from_slice(&chunk);
    }
    all
}

/// Bytes that differ from place to place.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

#[tokio::test]
async fn creating_a_bucket_twice_keeps_what_is_in_it() {
    let world = World::new().await;
    world.drop_file("inbox/a.csv", "a").await;
    world.objects.create().await.unwrap();
    assert_eq!(world.content("inbox/a.csv").await.unwrap(), b"a");
}

#[tokio::test]
async fn each_version_is_read_as_it_was_written() {
    let world = World::new().await;
    let first = world.drop_file("inbox/intune/-/contoso/ä b+c.csv", "first").await;
    let second = world.drop_file(&first.key, "second!").await;
    assert_ne!(first.version, second.version);
    for (object, body) in [(&first, "first"), (&second, "second!")] {
        let head = world
            .objects
            .head(&object.key, Some(&object.version))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (head.size, head.version.as_str()),
            (body.len() as u64, object.version.as_str())
        );
        if world.bucket.is_embedded() {
            assert_eq!(head.last_modified, NOW.parse().unwrap());
        }
        assert!(head.etag.starts_with('"'), "{}", head.etag);
        let reader = world.objects.stream(object, 0).await.unwrap().unwrap();
        assert_eq!(rest(reader).await, body.as_bytes());
        let range = world.objects.read_range(object, 1, 4).await.unwrap().unwrap();
        assert_eq!(range, body.as_bytes()[1..4]);
    }
}

#[tokio::test]
async fn what_is_missing_is_none_and_not_an_error() {
    let world = World::new().await;
    let object = world.drop_file("inbox/a.csv", "abc").await;
    world.objects.delete(&object.key).await.unwrap();
    assert_eq!(world.objects.head("inbox/a.csv", None).await.unwrap(), None);
    assert_eq!(world.objects.get_small("inbox/a.csv").await.unwrap(), None);
    assert!(
        world
            .objects
            .head("inbox/a.csv", Some(&object.version))
            .await
            .unwrap()
            .is_some(),
        "the version stays"
    );
    let gone = ObjectVersion {
        key: "inbox/b.csv".to_owned(),
        ..object
    };
    assert_eq!(world.objects.head("inbox/b.csv", None).await.unwrap(), None);
    assert_eq!(
        world.objects.head("inbox/b.csv", Some(&gone.version)).await.unwrap(),
        None
    );
    assert_eq!(world.objects.read_range(&gone, 0, 1).await.unwrap(), None);
    assert!(world.objects.stream(&gone, 0).await.unwrap().is_none());
    world.objects.delete("inbox/b.csv").await.unwrap();
}

#[tokio::test]
async fn a_bucket_that_is_missing_is_an_error() {
    let world = World::new().await;
    let nowhere = ObjectVersion {
        bucket: "nowhere".to_owned(),
        key: "a".to_owned(),
        version: "1".to_owned(),
    };
    assert_eq!(
        world.objects.read_range(&nowhere, 0, 1).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
}

#[tokio::test]
async fn a_stream_begins_where_it_is_told() {
    let world = World::new().await;
    let body = pattern(300_000);
    let object = world.drop_file("inbox/a.csv", body.clone()).await;
    for start in [0, 1, 123_456, 299_999, 300_000, 300_001] {
        let reader = world.objects.stream(&object, start as u64).await.unwrap().unwrap();
        assert_eq!(
            rest(reader).await,
            body.get(start..).unwrap_or_default(),
            "from {start}"
        );
    }
    let empty = world.drop_file("inbox/empty.csv", "").await;
    assert!(
        rest(world.objects.stream(&empty, 0).await.unwrap().unwrap())
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_range_is_given_whole_or_not_at_all() {
    let world = World::new().await;
    let object = world.drop_file("inbox/a.csv", pattern(1000)).await;
    assert_eq!(
        world.objects.read_range(&object, 990, 1000).await.unwrap().unwrap(),
        pattern(1000)[990..]
    );
    assert!(
        world
            .objects
            .read_range(&object, 7, 7)
            .await
            .unwrap()
            .unwrap()
            .is_empty()
    );
    for (start, end) in [(990, 1001), (1000, 1001), (0, MAX_IN_MEMORY + 1)] {
        let error = world.objects.read_range(&object, start, end).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{start}..{end}: {error}");
    }
}

#[tokio::test]
async fn a_small_object_is_read_whole_and_a_big_one_refused() {
    let world = World::new().await;
    world.drop_file("uploads/u/summary.json", "{}").await;
    assert_eq!(
        world
            .objects
            .get_small("uploads/u/summary.json")
            .await
            .unwrap()
            .unwrap(),
        "{}"
    );
    world.drop_file("big", vec![0_u8; MAX_IN_MEMORY as usize + 1]).await;
    let error = world.objects.get_small("big").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn versions_are_listed_page_by_page_without_gap_or_repetition() {
    let world = World::new().await;
    let mut expected = Vec::new();
    // The emulator names no key that XML cannot hold: it does not know `encoding-type` of a list of versions.
    let control = world.bucket.is_embedded().then_some("inbox/control\u{1}.csv");
    for key in ["inbox/a b.csv", "inbox/a+b.csv", "inbox/ü%20.csv"]
        .into_iter()
        .chain(control)
    {
        for body in ["1", "22"] {
            expected.push((
                key.to_owned(),
                world.drop_file(key, body).await.version,
                body.len() as u64,
            ));
        }
    }
    world.drop_file("inbox/deleted.csv", "").await;
    world.objects.delete("inbox/deleted.csv").await.unwrap();
    world.drop_file("uploads/other", "").await;

    for size in [1, 2, 3, 100] {
        let (mut seen, mut from): (Vec<_>, Option<Marker>) = (Vec::new(), None);
        loop {
            let page = world
                .objects
                .list_versions("inbox/", from.as_ref(), size)
                .await
                .unwrap();
            assert!(page.versions.len() <= size);
            seen.extend(page.versions.into_iter().map(|v| (v.key, v.version, v.size)));
            let Some(next) = page.next else { break };
            // A marker is kept in the table between runs.
            from = Some(serde_json::from_str(&serde_json::to_string(&next).unwrap()).unwrap());
        }
        seen.retain(|(key, ..)| key != "inbox/deleted.csv");
        assert!(
            seen.chunks(2).all(|two| two[0].2 == 2 && two[1].2 == 1),
            "the newest version comes first"
        );
        seen.sort();
        let mut expected = expected.clone();
        expected.sort();
        assert_eq!(seen, expected, "pages of {size}");
    }
}
