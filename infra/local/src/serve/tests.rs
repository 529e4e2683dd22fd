//! The listeners as the real SDK sees them, over the socket.

mod commands;
mod encrypted;

use aws_sdk_s3::Client as S3;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use muster_store::queue::{Outgoing, Queue as _, QueueName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::data_dir::{DataDir, DataDirError};
use crate::flow::{BUCKET, Change};

const KEY: Uuid = Uuid::from_u128(0x1234_5678_9abc_def0);

#[expect(clippy::disallowed_methods, reason = "signatures are checked against the real time")]
async fn serving() -> (Embedded, Server) {
    let embedded = Embedded::in_memory(Arc::new(jiff::Timestamp::now)).await.unwrap();
    let server = Server::start(&embedded, Ports { http: 0, s3: 0 }, || KEY)
        .await
        .unwrap();
    (embedded, server)
}

fn client(server: &Server, secret: &str, embedded: &Embedded) -> S3 {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let key = &embedded.credentials().access_key;
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(key, secret, None, None, "test"))
        .endpoint_url(format!("http://{}", server.s3()))
        .force_path_style(true)
        .http_client(http);
    S3::from_conf(config.build())
}

/// The answer to a request without a body, head and all.
async fn get(address: SocketAddr, target: &str) -> String {
    ask(address, target, &format!("Host: {address}")).await
}

/// The same with these lines in the head.
async fn ask(address: SocketAddr, target: &str, lines: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\n{lines}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_s3_client_puts_reads_and_lists() {
    let (embedded, server) = serving().await;
    let s3 = client(&server, &embedded.credentials().secret_key, &embedded);
    let key = "uploads/März 1.txt";
    let put = s3
        .put_object()
        .bucket(BUCKET)
        .key(key)
        .metadata("muster-group-tag", "A");
    put.body(ByteStream::from_static(b"0123456789")).send().await.unwrap();
    let head = s3.head_object().bucket(BUCKET).key(key).send().await.unwrap();
    assert_eq!(head.metadata().unwrap()["muster-group-tag"], "A");
    let range = s3
        .get_object()
        .bucket(BUCKET)
        .key(key)
        .range("bytes=2-4")
        .send()
        .await
        .unwrap();
    assert_eq!(range.body.collect().await.unwrap().to_vec(), b"234");
    let list = s3
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix("uploads/")
        .send()
        .await
        .unwrap();
    assert_eq!(list.contents()[0].key(), Some(key));

    let key = "uploads/large";
    let begun = s3
        .create_multipart_upload()
        .bucket(BUCKET)
        .key(key)
        .send()
        .await
        .unwrap();
    let id = begun.upload_id().unwrap();
    let mut parts = CompletedMultipartUpload::builder();
    for (number, size) in [(1, 5 << 20), (2, 3)] {
        let part = s3
            .upload_part()
            .bucket(BUCKET)
            .key(key)
            .upload_id(id)
            .part_number(number);
        let part = part.body(vec![b'x'; size].into()).send().await.unwrap();
        let etag = part.e_tag().unwrap();
        parts = parts.parts(CompletedPart::builder().part_number(number).e_tag(etag).build());
    }
    let complete = s3.complete_multipart_upload().bucket(BUCKET).key(key).upload_id(id);
    complete.multipart_upload(parts.build()).send().await.unwrap();
    let head = s3.head_object().bucket(BUCKET).key(key).send().await.unwrap();
    assert_eq!(head.content_length(), Some((5 << 20) + 3));

    let minute = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let link = s3
        .get_object()
        .bucket(BUCKET)
        .key("uploads/März 1.txt")
        .presigned(minute)
        .await
        .unwrap();
    let target = link.uri().split_once(&server.s3().to_string()).unwrap().1;
    assert!(get(server.s3(), target).await.ends_with("0123456789"));
    let tampered = get(server.s3(), &target.replace("Expires=60", "Expires=61")).await;
    assert!(tampered.starts_with("HTTP/1.1 403"), "{target}: {tampered}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_key_nothing_is_answered() {
    let (embedded, server) = serving().await;
    let s3 = client(&server, "wrong", &embedded);
    let put = s3
        .put_object()
        .bucket(BUCKET)
        .key("inbox/x")
        .body(ByteStream::from_static(b"x"));
    let error = put.send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    assert!(get(server.s3(), "/muster").await.starts_with("HTTP/1.1 403"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_says_that_it_lives_and_refuses_a_port_that_is_taken() {
    let (embedded, server) = serving().await;
    assert!(get(server.http(), "/healthz").await.ends_with("alive\n"));
    assert!(get(server.http(), "/readyz").await.ends_with("ready\n"));
    let metrics = get(server.http(), "/metrics").await;
    assert!(metrics.contains("text/plain; version=0.0.4"), "{metrics}");
    assert!(
        metrics.contains("\nmuster_queue_messages{queue=\"split\"} 0\n"),
        "{metrics}"
    );
    let (http, s3) = (server.http(), server.s3().port());
    let taken = Server::start(&embedded, Ports { http: 0, s3 }, || KEY)
        .await
        .err()
        .unwrap();
    assert!(matches!(taken, ServeError::Port { port, .. } if port == s3), "{taken}");
    server.stop(Duration::from_secs(10)).await;
    assert!(TcpStream::connect(http).await.is_err());
}

#[expect(clippy::disallowed_methods, reason = "signatures are checked against the real time")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_says_that_it_is_one() {
    let embedded = Embedded::in_memory(Arc::new(jiff::Timestamp::now)).await.unwrap();
    let embedded = embedded.as_sandbox();
    let server = Server::start(&embedded, Ports { http: 0, s3: 0 }, || KEY)
        .await
        .unwrap();
    assert!(get(server.http(), "/healthz").await.ends_with("\nalive, a sandbox\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_and_no_name_that_leads_here_is_answered() {
    let (_embedded, server) = serving().await;
    let address = server.http();
    for target in ["/healthz", "/readyz", "/metrics", "/_muster", "/nothing"] {
        for lines in [
            "Host: muster.example".to_owned(),
            format!("Host: {address}\r\nOrigin: null"),
        ] {
            let answer = ask(address, target, &lines).await;
            assert!(answer.starts_with("HTTP/1.1 403 "), "{target} {lines}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_of_an_upload_can_be_asked_for() {
    let (embedded, server) = serving().await;
    let s3 = client(&server, &embedded.credentials().secret_key, &embedded);
    let keys = ["inbox/intune/-/Nobody/a.csv", "inbox/nowhere"];
    for key in keys {
        let put = s3.put_object().bucket(BUCKET).key(key);
        put.body(ByteStream::from_static(b"x")).send().await.unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < keys.len() {
        seen.push(match embedded.next_change().await {
            Change::Upload(status) => (status.object.key, Some(status.state)),
            Change::Stray { key, .. } => (key, None),
        });
    }
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    let refused = Some(muster_core::upload::UploadState::Refused);
    assert_eq!(seen, [(keys[0].to_owned(), refused), (keys[1].to_owned(), None)]);
    server.flow.idle().await;
    assert!(!server.is_broken());
    assert!(embedded.take_changes().is_empty());
}

/// A request whose body does not come takes all the time that there is to stop. Meanwhile nothing new is begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_request_comes_to_its_end_no_worker_begins_anything() {
    const LIMIT: Duration = Duration::from_secs(1);
    let (embedded, server) = serving().await;
    let s3 = client(&server, &embedded.credentials().secret_key, &embedded);
    let minute = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let put = s3.put_object().bucket(BUCKET).key("inbox/intune/-/Nobody/half.csv");
    let link = put.presigned(minute).await.unwrap();
    let target = link.uri().split_once(&server.s3().to_string()).unwrap().1;
    let mut half = TcpStream::connect(server.s3()).await.unwrap();
    let head = format!(
        "PUT {target} HTTP/1.1\r\nHost: {}\r\nContent-Length: 9\r\n\r\nhalf",
        server.s3()
    );
    half.write_all(head.as_bytes()).await.unwrap();
    // Answered behind it, so that it has surely arrived.
    assert!(get(server.s3(), "/muster").await.starts_with("HTTP/1.1 403"));

    let (start, stopping) = (std::time::Instant::now(), Arc::clone(&server.stopping));
    let stop = tokio::spawn(server.stop(LIMIT));
    while !stopping.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(LIMIT / 4).await;
    let list = b"x".to_vec();
    let key = "inbox/intune/-/Nobody/late.csv";
    embedded.objects().put(key, list.into(), "text/csv").await.unwrap();
    stop.await.unwrap();
    assert!(start.elapsed() >= LIMIT, "the request did not last");
    assert!(
        embedded.take_changes().is_empty(),
        "what came late is left for the next start"
    );
    drop(half);
}

#[expect(clippy::disallowed_methods, reason = "signatures are checked against the real time")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_panics_is_noticed() {
    let broken = Arc::new(AtomicBool::new(false));
    let clock = Arc::clone(&broken);
    let clock = Arc::new(move || {
        assert!(!clock.load(Ordering::SeqCst), "as told");
        jiff::Timestamp::now()
    });
    let embedded = Embedded::in_memory(clock).await.unwrap();
    let server = Server::start(&embedded, Ports { http: 0, s3: 0 }, || KEY)
        .await
        .unwrap();
    assert!(!server.is_broken());
    broken.store(true, Ordering::SeqCst);
    let message = Outgoing {
        body: "{}".to_owned(),
        group: None,
    };
    let sent = embedded.queue().send(QueueName::Validate, vec![message]).await;
    sent.unwrap();
    let start = std::time::Instant::now();
    while !server.is_broken() {
        assert!(start.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    broken.store(false, Ordering::SeqCst);
    server.stop(Duration::from_secs(10)).await;
}

#[expect(clippy::disallowed_methods, reason = "signatures are checked against the real time")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_in_trouble_is_told_holds_the_work_and_is_forgotten_when_it_takes_files_again() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = DataDir::open(scratch.path(), "muster serve", jiff::Timestamp::now()).unwrap();
    let embedded = Embedded::open(directory, Arc::new(jiff::Timestamp::now)).await.unwrap();
    let server = Server::start(&embedded, Ports { http: 0, s3: 0 }, || KEY)
        .await
        .unwrap();
    let path = scratch.path().join("registry.db");
    let said = "the disk of the data directory is full: free some space";
    embedded.note_trouble(DataDirError::Full { path });

    let s3 = client(&server, &embedded.credentials().secret_key, &embedded);
    let put = s3.put_object().bucket(BUCKET).key("inbox/intune/-/Nobody/a.csv");
    put.body(ByteStream::from_static(b"x")).send().await.unwrap();
    let ready = get(server.http(), "/readyz").await;
    assert!(
        ready.starts_with("HTTP/1.1 503 ") && ready.ends_with(&format!("\n{said}\n")),
        "{ready}"
    );
    assert!(get(server.http(), "/healthz").await.ends_with("alive\n"));
    assert!(embedded.take_changes().is_empty(), "nothing is worked on");

    let start = std::time::Instant::now();
    while !get(server.http(), "/readyz").await.ends_with("\nready\n") {
        assert!(start.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.flow.idle().await;
    assert_eq!(embedded.take_changes().len(), 1, "the work goes on by itself");

    let (path, reason) = (scratch.path().join("registry.db"), "malformed".to_owned());
    embedded.note_trouble(DataDirError::Damaged { path, reason });
    let put = s3.put_object().bucket(BUCKET).key("inbox/intune/-/Nobody/b.csv");
    put.body(ByteStream::from_static(b"x")).send().await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(
        get(server.http(), "/readyz").await.starts_with("HTTP/1.1 503 "),
        "a file that can be written mends no database"
    );
    let start = std::time::Instant::now();
    server.stop(Duration::from_secs(20)).await;
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "what waits for the disk is left for the next start"
    );
}
