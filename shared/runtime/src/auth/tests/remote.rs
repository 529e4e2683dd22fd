//! Keys that are fetched over HTTP, from issuers that answer well, badly, late or not at all.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::*;

/// An issuer on this machine, which answers every request with these bytes.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
    /// How many answers it may give.
    answers: Arc<Semaphore>,
}

impl Server {
    async fn answering(answer: Vec<u8>, answers: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let server = Self {
            url,
            requests: Arc::default(),
            answers: Arc::new(Semaphore::new(answers)),
        };
        let (requests, answers) = (server.requests.clone(), server.answers.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), requests.clone(), answers.clone()));
            }
        });
        server
    }

    async fn of(signer: &Signer, answers: usize) -> Self {
        Self::answering(
            answer("200 OK", &json!({"keys": [signer.public()]}).to_string()),
            answers,
        )
        .await
    }

    fn verifier(&self) -> Verifier {
        verifier(ISSUER, KeySource::url(&self.url).unwrap())
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, answer: Vec<u8>, requests: Arc<AtomicUsize>, answers: Arc<Semaphore>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    assert!(
        request.starts_with(b"GET /keys HTTP/1.1\r\n"),
        "{}",
        String::from_utf8_lossy(&request)
    );
    requests.fetch_add(1, Ordering::SeqCst);
    answers.acquire().await.unwrap().forget();
    // Who is asked may have hung up.
    let _ = stream.write_all(&answer).await;
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Lets others run until the issuer has been asked.
async fn until_asked(server: &Server) {
    while server.requests() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_hundred_requests_at_once_ask_once() {
    let signer = Signer::ec("one");
    let server = Server::of(&signer, 0).await;
    let (verifier, headers) = (server.verifier(), bearing(&signer.sign(&good())));
    let calls = (0..100).map(|_| {
        let (verifier, headers) = (verifier.clone(), headers.clone());
        tokio::spawn(async move { verifier.caller(&headers, noon()).await })
    });
    let calls: Vec<_> = calls.collect();
    until_asked(&server).await;
    server.answers.add_permits(100);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_request_that_is_given_up_leaves_its_fetch_to_the_next() {
    let signer = Signer::ec("one");
    let server = Server::of(&signer, 0).await;
    let (verifier, headers) = (server.verifier(), bearing(&signer.sign(&good())));
    let given_up = tokio::spawn({
        let (verifier, headers) = (verifier.clone(), headers.clone());
        async move { verifier.caller(&headers, noon()).await }
    });
    until_asked(&server).await;
    given_up.abort();
    assert!(given_up.await.unwrap_err().is_cancelled());
    server.answers.add_permits(1);
    verifier.caller(&headers, noon()).await.unwrap();
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn an_issuer_that_answers_badly_gives_no_keys() {
    let signer = Signer::ec("one");
    let keys = json!({"keys": [signer.public()]}).to_string();
    let padded = |length: usize| format!("{keys}{}", " ".repeat(length - keys.len()));
    let good_server = Server::of(&signer, 100).await;
    let elsewhere = format!("302 Found\r\nlocation: {}", good_server.url);
    let limit = 256 * 1024;
    let short = answer("200 OK", &keys);
    for (answer, why) in [
        (answer("404 Not Found", &keys), "it answers with status 404"),
        (answer("500 Internal Server Error", &keys), "it answers with status 500"),
        (answer("204 No Content", ""), "it answers with status 204"),
        (answer(&elsewhere, ""), "it answers with status 302"),
        (
            answer("200 OK", &padded(limit + 1)),
            "its answer is longer than 262144 bytes",
        ),
        (answer("200 OK", "<html>"), "what it gives is no JSON Web Key Set: "),
        (short[..short.len() - 1].to_vec(), ""),
        (b"HTTP/1.1 200 OK\r\n".to_vec(), ""),
        (b"garbage\r\n\r\n".to_vec(), ""),
        (Vec::new(), ""),
    ] {
        let server = Server::answering(answer, 100).await;
        let result = server.verifier().caller(&bearing(&signer.sign(&good())), noon()).await;
        assert!(
            matches!(&result, Err(AuthError::Unavailable(told)) if told.contains(why)),
            "{why}: {result:?}"
        );
        assert_eq!(server.requests(), 1, "{why}");
    }
    assert_eq!(good_server.requests(), 0, "a redirection is not followed");
    let server = Server::answering(answer("200 OK", &padded(limit)), 100).await;
    server
        .verifier()
        .caller(&bearing(&signer.sign(&good())), noon())
        .await
        .unwrap();
}

#[tokio::test]
async fn nobody_listens_there() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let token = Signer::ec("one").sign(&good());
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://{free}/keys");
        let verifier = verifier(ISSUER, KeySource::url(&url).unwrap());
        let result = verifier.caller(&bearing(&token), noon()).await;
        assert!(
            matches!(&result, Err(AuthError::Unavailable(why)) if why.contains(&url)),
            "{result:?}"
        );
    }
}

/// The time of this test runs ahead whenever nothing else is left to do.
#[tokio::test(start_paused = true)]
async fn an_issuer_that_says_nothing_is_waited_for_five_seconds() {
    let signer = Signer::ec("one");
    let server = Server::of(&signer, 0).await;
    let begin = tokio::time::Instant::now();
    let result = server.verifier().caller(&bearing(&signer.sign(&good())), noon()).await;
    let late = "it has not answered within 5 seconds";
    assert!(
        matches!(&result, Err(AuthError::Unavailable(why)) if why.contains(late)),
        "{result:?}"
    );
    assert_eq!(begin.elapsed().as_secs(), 5);
}
