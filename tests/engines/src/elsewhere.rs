//! An HTTP client that takes the SDK's requests to another address.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::http::{
    HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use http::uri::Scheme;
use http_body_util::BodyExt as _;
use tokio::runtime::Runtime;

use crate::{Error, log, test, variable};

/// The address that all requests go to.
pub(crate) struct Elsewhere {
    authority: String,
}

impl Elsewhere {
    /// What the environment names, if it names any.
    pub(crate) fn of_environment() -> Result<Option<Self>, Error> {
        let Some(endpoint) = variable("MUSTER_TEST_ENDPOINT") else {
            return Ok(None);
        };
        let uri: Option<Uri> = endpoint.parse().ok();
        let authority = uri.filter(|uri| uri.scheme() == Some(&Scheme::HTTP));
        match authority.as_ref().and_then(Uri::authority) {
            Some(authority) => Ok(Some(Self {
                authority: authority.to_string(),
            })),
            None => Err(Error::Environment(format!(
                "MUSTER_TEST_ENDPOINT is `{endpoint}` and should be like http://127.0.0.1:4566"
            ))),
        }
    }

    /// A client of it.
    pub(crate) fn http_client(&self) -> SharedHttpClient {
        let authority = self.authority.clone();
        let answered = std::sync::Arc::new(AtomicBool::new(false));
        let test = test();
        http_client_fn(move |settings, components| {
            SharedHttpConnector::new(Connector {
                authority: authority.clone(),
                inner: plain().http_connector(settings, components),
                test: test.clone(),
                answered: answered.clone(),
            })
        })
    }
}

/// One client for the whole process, for its connections live longer than a test's runtime.
fn plain() -> SharedHttpClient {
    static CLIENT: OnceLock<SharedHttpClient> = OnceLock::new();
    CLIENT.get_or_init(|| Builder::new().build_http()).clone()
}

/// The runtime of those connections. With it, waiting for an answer is a blocking task to the test's own runtime, which
/// does not let a paused clock run meanwhile.
fn runtime() -> Result<&'static Runtime, ConnectorError> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let make = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().ok()
    };
    let runtime = RUNTIME.get_or_init(make).as_ref();
    runtime.ok_or_else(|| ConnectorError::other("no runtime".into(), None))
}

#[derive(Clone)]
struct Connector {
    authority: String,
    inner: SharedHttpConnector,
    test: String,
    answered: std::sync::Arc<AtomicBool>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector")
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move {
            let call = tokio::task::spawn_blocking(move || runtime()?.block_on(connector.answer(request)));
            call.await.map_err(|error| ConnectorError::other(error.into(), None))?
        })
    }
}

impl Connector {
    /// The whole answer, body included: nothing of it is read later, under another runtime.
    async fn answer(&self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let user = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::user(error);
        let uri: Uri = request
            .uri()
            .parse()
            .map_err(|e: http::uri::InvalidUri| user(e.into()))?;
        // What was signed.
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        request.headers_mut().insert("host", host);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        request
            .set_uri(format!("http://{}{path}", self.authority))
            .map_err(|e| user(e.into()))?;
        let response = self.inner.call(request).await?;
        if !self.answered.swap(true, Ordering::SeqCst) {
            log(&self.test).map_err(|error| user(format!("{error:?}").into()))?;
        }
        let response = response
            .try_into_http1x()
            .map_err(|e| ConnectorError::other(e.into(), None))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(ConnectorError::io)?.to_bytes();
        let response = http::Response::from_parts(parts, SdkBody::from(body));
        HttpResponse::try_from(response).map_err(|e| ConnectorError::other(e.into(), None))
    }
}
