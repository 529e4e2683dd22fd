//! The embedded S3 as the real SDK sees it.

mod conditional;
mod durable;
mod listings;
mod multiparts;
mod plain;

use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::primitives::ByteStream;

use super::*;

pub(crate) const BUCKET: &str = "uploads";

/// A clock that goes on a second at each look.
pub(crate) fn options(event_prefixes: &[&str]) -> Options {
    let seconds = AtomicI64::new(1_767_355_200);
    let clock = move || jiff::Timestamp::from_second(seconds.fetch_add(1, Ordering::SeqCst)).unwrap();
    Options {
        event_prefixes: event_prefixes.iter().map(|p| (*p).to_owned()).collect(),
        clock: Arc::new(clock),
        version_ids: random_ids(),
    }
}

/// A client without retries.
pub(crate) fn s3_client(objects: &Objects, http: SharedHttpClient) -> Client {
    let Credentials { access_key, secret_key } = objects.credentials();
    let credentials = aws_sdk_s3::config::Credentials::new(access_key, secret_key, None, None, "test");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(credentials)
        .endpoint_url("http://s3.invalid")
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .http_client(http)
        .build();
    Client::from_conf(config)
}

/// A store with the bucket, and a client of it.
async fn fresh() -> (Objects, Client) {
    let objects = Objects::in_memory(options(&["inbox/"])).unwrap();
    let client = s3_client(&objects, objects.http_client());
    client.create_bucket().bucket(BUCKET).send().await.unwrap();
    (objects, client)
}

/// Puts an object and gives its version.
async fn put(client: &Client, key: &str, body: &str) -> String {
    let body = ByteStream::from(body.as_bytes().to_vec());
    let put = client
        .put_object()
        .bucket(BUCKET)
        .key(key)
        .body(body)
        .send()
        .await
        .unwrap();
    put.version_id().unwrap().to_owned()
}

async fn get(client: &Client, key: &str) -> String {
    let got = client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
    String::from_utf8(got.body.collect().await.unwrap().to_vec()).unwrap()
}

/// The files in the directory of the bodies.
fn files(objects: &Objects) -> usize {
    std::fs::read_dir(objects.inner.blobs.dir()).unwrap().count()
}
