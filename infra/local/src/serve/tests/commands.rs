//! The door for other commands: the same registry through it, and nobody else in.

use muster_core::message::ObjectsCreated;
use muster_core::party::Tenant;
use muster_core::upload::ObjectVersion;

use super::*;
use crate::data_dir::Access;
use crate::serve::watch::Patience;

fn access(embedded: &Embedded, server: &Server) -> Access {
    let credentials = embedded.credentials();
    Access {
        http: server.http().port(),
        s3: server.s3().port(),
        key: KEY.simple().to_string(),
        access_key: credentials.access_key.clone(),
        secret_key: credentials.secret_key.clone(),
        authority: None,
    }
}

fn tenant(name: &str) -> Tenant {
    let id = muster_core::id::TenantId::new(Uuid::from_u128(7));
    Tenant::new(id, name, jiff::Timestamp::UNIX_EPOCH)
}

/// The status of a request with these lines in its head and this body.
async fn status(address: SocketAddr, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!("{head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_sees_and_changes_the_same_registry() {
    let (embedded, server) = serving().await;
    let client = Client::connect(&access(&embedded, &server)).await.unwrap();
    client.tenants().create(&tenant("Contoso")).await.unwrap();
    assert_eq!(
        embedded.tenants().by_name("contoso").await.unwrap(),
        client.tenants().by_name("CONTOSO").await.unwrap()
    );
    client.sweep().await.unwrap();
    assert_eq!(client.trouble().await, None);

    // More than one request takes, so in parts.
    let scratch = tempfile::NamedTempFile::new().unwrap();
    scratch.as_file().set_len((64 << 20) + 1).unwrap();
    let (key, metadata) = (
        "uploads/März 1.txt",
        [("muster-strict".to_owned(), "true".to_owned())].into(),
    );
    let objects = client.objects();
    let put = objects.put_file(key, scratch.path(), "text/csv", &metadata);
    let object = put.await.unwrap();
    let head = embedded
        .objects()
        .head(key, Some(&object.version))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((head.size, head.metadata), ((64 << 20) + 1, metadata));
    let range = objects.read_range(&object, 5, 8).await.unwrap().unwrap();
    assert_eq!(range.as_ref(), [0; 3]);
    assert!(
        client
            .fsck()
            .check(jiff::Timestamp::UNIX_EPOCH)
            .await
            .unwrap()
            .is_clean()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_the_server_from_its_work_is_told() {
    let (embedded, server) = serving().await;
    let path = "registry.db".into();
    embedded.note_trouble(DataDirError::Full { path });
    let client = Client::connect(&access(&embedded, &server)).await.unwrap();
    let said = "the disk that holds registry.db is full: free some space and try again";
    assert_eq!(client.trouble().await.as_deref(), Some(said));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stopped_is_told_and_put_on_again() {
    let (embedded, server) = serving().await;
    let client = Client::connect(&access(&embedded, &server)).await.unwrap();
    // Of nothing that the server's own workers could find.
    let object = ObjectVersion {
        bucket: BUCKET.to_owned(),
        key: "inbox/intune/-/Contoso/März.csv".to_owned(),
        version: "1".to_owned(),
    };
    let id = object.upload_id();
    assert_eq!(client.stopped(&id).await.unwrap(), None);
    let body = serde_json::to_string(&ObjectsCreated::of(&object)).unwrap();
    let put_aside = embedded
        .queue()
        .dead_letter(QueueName::Split, body, "März is over".to_owned());
    put_aside.await.unwrap();
    assert_eq!(client.stopped(&id).await.unwrap().as_deref(), Some("März is over"));
    client.go_on(&object).await.unwrap();
    assert_eq!(client.stopped(&id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_let_in_without_the_key_and_no_page_with_it() {
    let (embedded, server) = serving().await;
    let access = access(&embedded, &server);
    let wrong = Access {
        key: "0".repeat(access.key.len()),
        ..access.clone()
    };
    assert!(Client::connect(&wrong).await.is_none());
    let (http, key) = (server.http(), format!("\r\nX-Muster-Key: {}", access.key));
    let list = "\r\nX-Amz-Target: DynamoDB_20120810.ListTables";
    for (lines, expected) in [
        (format!("\r\nHost: {http}{key}{list}"), "200"),
        (format!("\r\nHost: {http}{key}"), "400"),
        (format!("\r\nHost: {http}{list}"), "403"),
        (format!("\r\nHost: {http}{key}{list}\r\nOrigin: http://{http}"), "403"),
        (format!("\r\nHost: muster.example{key}{list}"), "403"),
    ] {
        let head = format!("POST /_muster/dynamodb/ HTTP/1.1{lines}");
        assert_eq!(status(http, &head, "{}").await, expected, "{lines}");
    }
    let preflight = format!("OPTIONS /_muster/dynamodb/ HTTP/1.1\r\nHost: {http}\r\nOrigin: http://muster.example");
    assert_eq!(status(http, &preflight, "").await, "403");
    let sweep = format!("POST /_muster/sweep HTTP/1.1\r\nHost: {http}");
    assert_eq!(status(http, &sweep, "").await, "403");

    server.stop(Duration::from_secs(10)).await;
    assert!(Client::connect(&access).await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_too_long_is_not_taken() {
    let (embedded, server) = serving().await;
    let (http, key) = (server.http(), access(&embedded, &server).key);
    let head = format!(
        "POST /_muster/dynamodb/ HTTP/1.1\r\nHost: {http}\r\nX-Muster-Key: {key}\r\nX-Amz-Target: x.ListTables"
    );
    assert_eq!(status(http, &head, &" ".repeat((16 << 20) + 1)).await, "413");
}

/// As when it is suspended: its machine takes connections for it, and nobody answers.
#[test]
fn a_server_that_stands_still_is_not_waited_for() {
    let (give, take) = std::sync::mpsc::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let still = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let (embedded, server) = serving().await;
            let (stand, stood) = tokio::sync::oneshot::channel::<()>();
            give.send((access(&embedded, &server), stand)).unwrap();
            stood.await.unwrap();
            ended.recv().unwrap();
        });
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let (access, stand) = take.recv().unwrap();
        let patience = Patience {
            every: Duration::from_millis(100),
            knock: Duration::from_secs(1),
        };
        let client = Client::connect_with(&access, patience).await.unwrap();
        assert!(client.tenants().list(None, 1).await.unwrap().is_empty());
        stand.send(()).unwrap();
        let said = "it stands still: for 1 seconds it has not answered";
        let error = client.tenants().list(None, 1).await.unwrap_err();
        assert!(error.to_string().ends_with(said), "{error}");
        let error = client.objects().head("uploads/x", None).await.unwrap_err();
        assert!(error.to_string().ends_with(said), "{error}");
        let error = client.check_files().await.unwrap_err();
        assert!(error.to_string().ends_with(said), "{error}");
        assert_eq!(client.trouble().await, None);
    });
    end.send(()).unwrap();
    still.join().unwrap();
}
