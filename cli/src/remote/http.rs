//! Requests over HTTP and their answers. What can be sent again is, for a while, where the server or the way to it fails.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use muster_local::tls::are_authorities;
use muster_runtime::env::Env;

use crate::failure::Failure;
use crate::output;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take: one that waits for an upload takes 20 seconds by itself.
const ANSWER: Duration = Duration::from_secs(60);
/// How often a request is sent at most.
const TRIES: u32 = 5;
/// How long to wait before the second try where the server does not say; twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause, whatever the server says.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// The longest answer that is kept in memory, in bytes. A page of 1,000 devices has less than 2 MB.
const MAX_ANSWER: usize = 32 << 20;

/// The variable that names a file of authorities, for a server whose own authority this system does not know.
const CA_FILE: &str = "MUSTER_CA_FILE";

/// The authorities that are trusted besides those of the system, as PEM.
#[derive(Debug, Clone, Default)]
pub(super) struct Trust(Option<Vec<u8>>);

impl Trust {
    /// Those that the environment names.
    pub(super) fn of(env: &Env) -> Result<Self, Failure> {
        let Some(path) = env.optional(CA_FILE).map(Path::new) else {
            return Ok(Self::default());
        };
        let pem = std::fs::read(path).map_err(|error| Failure::unreadable(path, &error))?;
        match are_authorities(&pem) {
            true => Ok(Self(Some(pem))),
            false => Err(Failure::new(
                format_args!("{} holds no certificate of an authority", output::path(path)),
                format_args!("Name a file with certificates in PEM in {CA_FILE}, or unset it."),
            )),
        }
    }
}

/// A request that may be sent several times.
pub(super) struct Request<'a> {
    pub(super) method: &'static str,
    pub(super) url: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// JSON.
    pub(super) body: Option<&'a [u8]>,
}

/// An answer, whole.
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Headers,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }
}

/// The way to servers: one with encryption or one without.
pub(super) fn connector(encrypted: bool, trust: &Trust) -> SharedHttpConnector {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).build();
    let builder = Connector::builder().connector_settings(settings);
    if !encrypted {
        return SharedHttpConnector::new(builder.build_http());
    }
    let builder = builder.tls_provider(Provider::Rustls(CryptoMode::Ring));
    let context = trust.0.as_ref().and_then(|pem| {
        let trusted = TrustStore::default().with_pem_certificate(pem.as_slice());
        TlsContext::builder().with_trust_store(trusted).build().ok()
    });
    SharedHttpConnector::new(match context {
        Some(context) => builder.tls_context(context).build(),
        None => builder.build(),
    })
}

/// The answer to a request, or in words why there is none. Where the server is busy, or nothing comes back, the request is
/// sent again: it is to be one that a repeat does no harm to.
pub(super) async fn ask(http: &SharedHttpConnector, request: &Request<'_>) -> Result<Answer, String> {
    let mut pause = FIRST_PAUSE;
    for left in (0..TRIES).rev() {
        let answer = tokio::time::timeout(ANSWER, once(http, request)).await;
        let late = || Err(format!("no answer came within {} seconds", ANSWER.as_secs()));
        let answer = answer.unwrap_or_else(|_| late());
        let wait = match &answer {
            Ok(answer) if is_busy(answer.status) => retry_after(answer).unwrap_or(pause),
            Ok(_) => return answer,
            Err(_) => pause,
        };
        if left == 0 {
            return answer;
        }
        tokio::time::sleep(wait.min(LONGEST_PAUSE)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Err("it was not asked".to_owned())
}

/// Whether the same request may be answered otherwise in a moment: too many requests, or a server that cannot now.
pub(super) const fn is_busy(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// The seconds that the server asks to wait; a date is nothing that servers of Muster send.
fn retry_after(answer: &Answer) -> Option<Duration> {
    answer
        .header("retry-after")?
        .trim()
        .parse()
        .ok()
        .map(Duration::from_secs)
}

async fn once(http: &SharedHttpConnector, request: &Request<'_>) -> Result<Answer, String> {
    let body = request
        .body
        .map_or_else(SdkBody::empty, |body| SdkBody::from(body.to_vec()));
    let answer = send(http, request.method, request.url, request.headers.iter().copied(), body).await?;
    whole(answer).await
}

/// Sends a request once; the answer's body is still to be read.
pub(super) async fn send<'h>(
    http: &SharedHttpConnector,
    method: &str,
    url: &str,
    headers: impl Iterator<Item = (&'h str, &'h str)>,
    body: SdkBody,
) -> Result<HttpResponse, String> {
    let mut request = HttpRequest::new(body);
    request.set_method(method).map_err(|error| cause(&error))?;
    request.set_uri(url).map_err(|error| cause(&error))?;
    let sent = request.headers_mut();
    sent.insert("user-agent", concat!("muster/", env!("CARGO_PKG_VERSION")));
    for (name, value) in headers {
        sent.try_insert(name.to_owned(), value.to_owned())
            .map_err(|error| cause(&error))?;
    }
    http.call(request).await.map_err(|error| cause(&error))
}

/// Reads an answer to its end.
pub(super) async fn whole(answer: HttpResponse) -> Result<Answer, String> {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let (mut stream, mut body) = (ByteStream::new(answer.into_body()), Vec::new());
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| cause(&error))?;
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(format!("its answer is longer than {MAX_ANSWER} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body })
}

/// What is behind an error: its own words say only in which part of the way it came up.
pub(super) fn cause(error: &(dyn Error + 'static)) -> String {
    let last = std::iter::successors(Some(error), |&error| error.source()).last();
    last.unwrap_or(error).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers each connection with the next of these, and the last one again and again; an empty one is a
    /// connection that ends without an answer. Its URL, and how often it was asked.
    async fn server(answers: &'static [&'static str]) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let at = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
                let _ = stream.write_all(answers[at].as_bytes()).await;
            }
        });
        (url, asked)
    }

    const BUSY: &str = "HTTP/1.1 503 x\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    const THROTTLED: &str = "HTTP/1.1 429 x\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    const FINE: &str = "HTTP/1.1 200 x\r\nrequest-id: r-1\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    const WRONG: &str = "HTTP/1.1 409 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

    async fn ask_at(url: &str) -> Result<Answer, String> {
        let request = Request {
            method: "POST",
            url,
            headers: &[("content-type", "application/json")],
            body: Some(b"{}"),
        };
        ask(&connector(false, &Trust::default()), &request).await
    }

    #[tokio::test]
    async fn a_busy_server_is_asked_again_and_another_answer_is_taken() {
        let (url, asked) = server(&[BUSY, "", THROTTLED, FINE]).await;
        let answer = ask_at(&url).await.unwrap();
        assert_eq!((answer.status, answer.header("request-id")), (200, Some("r-1")));
        assert_eq!(asked.load(Ordering::SeqCst), 4);
        let (url, asked) = server(&[WRONG, FINE]).await;
        assert_eq!(ask_at(&url).await.unwrap().status, 409);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "what is refused stays refused");
    }

    #[tokio::test]
    async fn a_server_that_stays_busy_is_asked_so_often_and_no_more() {
        let (url, asked) = server(&[BUSY]).await;
        assert_eq!(ask_at(&url).await.unwrap().status, 503);
        assert_eq!(asked.load(Ordering::SeqCst), TRIES as usize);
    }

    #[tokio::test]
    async fn where_nobody_speaks_tls_that_is_told() {
        let (url, _) = server(&[FINE]).await;
        let request = Request {
            method: "GET",
            url: &url.replace("http:", "https:"),
            headers: &[],
            body: None,
        };
        assert!(once(&connector(true, &Trust::default()), &request).await.is_err());
    }

    #[test]
    fn only_seconds_are_waited_for() {
        let answer = |value: &str| {
            let mut headers = Headers::new();
            headers.insert("retry-after", value.to_owned());
            Answer {
                status: 503,
                headers,
                body: Vec::new(),
            }
        };
        assert_eq!(retry_after(&answer(" 3 ")), Some(Duration::from_secs(3)));
        assert_eq!(retry_after(&answer("Wed, 21 Oct 2026 07:28:00 GMT")), None);
        assert_eq!(retry_after(&answer("-1")), None);
    }
}
