//! Where an issuer's keys come from.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;
use axum::http::Uri;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

/// The longest document that is read, in bytes. Entra's has about 20 KB.
const MAX_DOCUMENT: usize = 256 * 1024;

/// How long an issuer may take to answer whole.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives an issuer's JSON Web Key Set as JSON.
#[derive(Clone)]
pub struct KeySource(Kind);

#[derive(Clone)]
enum Kind {
    Remote(Arc<Remote>),
    Given(Arc<dyn Fn() -> Vec<u8> + Send + Sync>),
}

struct Remote {
    url: String,
    tls: bool,
    /// Made at the first fetch: it reads the certificates that this machine trusts.
    http: OnceLock<SharedHttpConnector>,
}

impl KeySource {
    /// A document that is fetched from this URL: by HTTPS, or by HTTP from this machine itself.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn url(url: &str) -> Result<Self, &'static str> {
        let parsed: Uri = url.parse().map_err(|_| "it is no URL")?;
        let local = parsed
            .host()
            .is_some_and(|host| matches!(host, "127.0.0.1" | "[::1]" | "localhost"));
        let tls = match parsed.scheme_str() {
            Some("https") => true,
            Some("http") if local => false,
            _ => return Err("the keys are fetched by https, or from this machine"),
        };
        Ok(Self(Kind::Remote(Arc::new(Remote {
            url: url.to_owned(),
            tls,
            http: OnceLock::new(),
        }))))
    }

    /// A document that this process has: of an issuer of its own.
    pub fn given(document: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self(Kind::Given(Arc::new(document)))
    }

    /// The document as it is now, or in words why it cannot be had.
    pub(super) fn fetch(&self) -> BoxFuture<'static, Result<Vec<u8>, String>> {
        match &self.0 {
            Kind::Given(document) => ready(Ok(document())).boxed(),
            Kind::Remote(remote) => {
                let remote = remote.clone();
                async move {
                    let answer = tokio::time::timeout(PATIENCE, remote.fetch()).await;
                    let late = || Err(format!("it has not answered within {} seconds", PATIENCE.as_secs()));
                    let answer = answer.unwrap_or_else(|_| late());
                    answer.map_err(|why| format!("{}: {why}", remote.url))
                }
                .boxed()
            }
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Remote(remote) => write!(f, "KeySource({})", remote.url),
            Kind::Given(_) => f.write_str("KeySource(given)"),
        }
    }
}

impl Remote {
    async fn fetch(&self) -> Result<Vec<u8>, String> {
        let mut request = HttpRequest::get(&self.url).map_err(|error| cause(&error))?;
        request.headers_mut().insert("accept", "application/json");
        request.headers_mut().insert("user-agent", "muster");
        let http = self.http.get_or_init(|| connector(self.tls));
        let answer = http.call(request).await.map_err(|error| cause(&error))?;
        // A redirection could lead anywhere, and is not followed.
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(format!("it answers with status {status}"));
        }
        let (mut body, mut document) = (ByteStream::new(answer.into_body()), Vec::new());
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| cause(&error))?;
            if document.len() + chunk.len() > MAX_DOCUMENT {
                return Err(format!("its answer is longer than {MAX_DOCUMENT} bytes"));
            }
            document.extend_from_slice(&chunk);
        }
        Ok(document)
    }
}

fn connector(tls: bool) -> SharedHttpConnector {
    let builder = Connector::builder();
    SharedHttpConnector::new(if tls {
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    } else {
        builder.build_http()
    })
}

/// What is behind an error: its own words say only in which part of the way it came up.
fn cause(error: &(dyn Error + 'static)) -> String {
    let last = std::iter::successors(Some(error), |&error| error.source()).last();
    last.unwrap_or(error).to_string()
}
