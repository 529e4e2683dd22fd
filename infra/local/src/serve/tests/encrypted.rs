//! Both listeners with TLS, as real clients speak it.

use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use super::*;
use crate::data_dir::Access;

#[expect(
    clippy::disallowed_methods,
    reason = "certificates are checked against the real time"
)]
async fn encrypted() -> (Embedded, Server) {
    let embedded = Embedded::in_memory(Arc::new(jiff::Timestamp::now)).await.unwrap();
    let tls = Tls::in_memory(jiff::Timestamp::now()).unwrap();
    let ports = Ports { http: 0, s3: 0 };
    let how = How {
        tls: Some(tls),
        ..How::default()
    };
    let server = Server::start_with(&embedded, ports, how, || KEY).await.unwrap();
    (embedded, server)
}

/// An S3 client that trusts this authority alone, and reaches the bucket by this name.
fn client(server: &Server, embedded: &Embedded, host: &str, authority: &str) -> S3 {
    let trusted = TrustStore::empty().with_pem_certificate(authority);
    let context = TlsContext::builder().with_trust_store(trusted).build().unwrap();
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https();
    let credentials = embedded.credentials();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(
            &credentials.access_key,
            &credentials.secret_key,
            None,
            None,
            "test",
        ))
        .endpoint_url(format!("https://{host}:{}", server.s3().port()))
        .force_path_style(true)
        .http_client(http);
    S3::from_conf(config.build())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_trusts_the_authority_is_served_and_nobody_else_goes_on() {
    let (embedded, server) = encrypted().await;
    let authority = server.tls().unwrap().authority().to_owned();
    let key = "uploads/March 1.txt";
    for host in ["127.0.0.1", "localhost"] {
        let s3 = client(&server, &embedded, host, &authority);
        let put = s3.put_object().bucket(BUCKET).key(key);
        put.body(vec![b'x'; 1 << 20].into()).send().await.unwrap();
        let got = s3.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().to_vec().len(), 1 << 20, "{host}");
    }
    #[expect(clippy::disallowed_methods, reason = "another authority of the same time")]
    let other = Tls::in_memory(jiff::Timestamp::now()).unwrap();
    let stranger = client(&server, &embedded, "127.0.0.1", other.authority());
    assert!(stranger.head_object().bucket(BUCKET).key(key).send().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_tls_nothing_is_answered_and_who_stands_still_is_in_nobodys_way() {
    let (embedded, server) = encrypted().await;
    let still = TcpStream::connect(server.http()).await.unwrap();
    for address in [server.http(), server.s3()] {
        let mut plain = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n");
        plain.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The end of the connection may come as an error.
        _ = plain.read_to_end(&mut answer).await;
        assert!(!answer.windows(4).any(|part| part == b"HTTP"), "{answer:?}");
    }
    let credentials = embedded.credentials();
    let access = Access {
        http: server.http().port(),
        s3: server.s3().port(),
        key: KEY.simple().to_string(),
        access_key: credentials.access_key.clone(),
        secret_key: credentials.secret_key.clone(),
        authority: Some(server.tls().unwrap().authority().to_owned()),
    };
    // Other commands of the same user: the table by HTTP, the bucket by S3.
    let beside = Client::connect(&access).await.unwrap();
    assert!(beside.tenants().list(None, 1).await.unwrap().is_empty());
    let objects = beside.objects();
    objects
        .put("uploads/x", b"x".to_vec().into(), "text/csv")
        .await
        .unwrap();
    for authority in [None, Some("hello".to_owned())] {
        let access = Access {
            authority,
            ..access.clone()
        };
        assert!(Client::connect(&access).await.is_none());
    }
    let start = std::time::Instant::now();
    server.stop(Duration::from_secs(20)).await;
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "a handshake that does not come is not waited for"
    );
    drop(still);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_says_of_itself_is_by_https() {
    let (embedded, server) = encrypted().await;
    assert!(
        server.http_url().starts_with("https://127.0.0.1:"),
        "{}",
        server.http_url()
    );
    assert!(server.s3_url().starts_with("https://127.0.0.1:"), "{}", server.s3_url());
    let minute = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let s3 = client(&server, &embedded, "127.0.0.1", server.tls().unwrap().authority());
    let link = s3.get_object().bucket(BUCKET).key("x").presigned(minute).await.unwrap();
    assert!(link.uri().starts_with(&server.s3_url()));
}
