//! A running server as another process of the same user sees it.

use std::error::Error;
use std::fmt::Display;
use std::ops::Deref;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use muster_core::id::UploadId;
use muster_core::upload::ObjectVersion;
use muster_runtime::Failure;
use muster_store::fsck::{Code, Finding};
use muster_store::objects::Objects;
use muster_store::{Connection, Credentials, Endpoint, Registry, Table};
use serde::Deserialize;

use super::commands::{DOOR, DYNAMODB, FILES, GO_ON, KEY, STOPPED, SWEEP};
use super::watch::{PATIENCE, Patience, Watch};
use crate::data_dir::Access;
use crate::flow::{BUCKET, TABLE};
use crate::seam;
use crate::tls::are_authorities;

/// How long a server may take to say that it is the one.
const KNOCK: Duration = Duration::from_secs(2);

/// The registry behind a running server. All goes through the same adapter as in the server itself: its table through
/// the HTTP listener, its bucket through the S3 listener.
#[derive(Clone)]
pub struct Client {
    registry: Registry,
    http: SharedHttpConnector,
    address: String,
}

impl Deref for Client {
    type Target = Registry;

    fn deref(&self) -> &Registry {
        &self.registry
    }
}

impl Client {
    /// The server that is reached so; none when nobody listens there, or somebody else.
    pub async fn connect(access: &Access) -> Option<Self> {
        Self::connect_with(access, PATIENCE).await
    }

    /// The same with this patience once it is reached.
    pub(super) async fn connect_with(access: &Access, patience: Patience) -> Option<Self> {
        let plain = connector(access.authority.as_deref())?;
        let scheme = if access.authority.is_some() { "https" } else { "http" };
        let (with_key, key) = (plain.clone(), access.key.clone());
        let with_key = seam::connector(move |mut request: HttpRequest| {
            request.headers_mut().insert(KEY, key.clone());
            with_key.call(request)
        });
        let address = format!("{scheme}://127.0.0.1:{}", access.http);
        let watch = Watch {
            http: with_key.clone(),
            door: format!("{address}{DOOR}"),
            patience,
        };
        let (http, s3) = (watch.over(with_key), watch.over(plain));
        let dynamodb = Endpoint {
            url: format!("{address}{DYNAMODB}"),
            http: client_of(http.clone()),
        };
        let s3 = Endpoint {
            url: format!("{scheme}://127.0.0.1:{}", access.s3),
            http: client_of(s3),
        };
        let credentials = Credentials {
            access_key: access.access_key.clone(),
            secret_key: access.secret_key.clone(),
        };
        let connection = Connection::local(dynamodb, s3, &credentials);
        let client = Self {
            registry: Registry::new(Table::new(&connection, TABLE), Objects::new(&connection, BUCKET)),
            http,
            address,
        };
        let knock = tokio::time::timeout(KNOCK, client.ask("GET", DOOR)).await;
        knock.is_ok_and(|answer| answer.is_ok()).then_some(client)
    }

    /// What keeps the server from its work, such as a full disk: what, a colon, and what to do.
    pub async fn trouble(&self) -> Option<String> {
        let text = self.ask("GET", DOOR).await.ok()?;
        Some(String::from_utf8_lossy(&text).into_owned()).filter(|text| !text.is_empty())
    }

    /// As [`Embedded::check_files`](crate::flow::Embedded::check_files), which the server does.
    ///
    /// # Errors
    /// When it does not answer, or could not.
    pub async fn check_files(&self) -> Result<Vec<Finding>, Failure> {
        #[derive(Deserialize)]
        struct Told {
            code: String,
            place: String,
            detail: String,
        }
        let told = self.ask("GET", FILES).await?;
        let told: Vec<Told> = serde_json::from_slice(&told).map_err(|error| self.failed(&error))?;
        let finding = |told: Told| {
            let code = Code::ALL.iter().find(|code| code.name() == told.code);
            let code =
                code.ok_or_else(|| self.failed(&format!("it finds `{}`, which is not known here", told.code)))?;
            Ok(Finding::new(*code, told.place, told.detail))
        };
        told.into_iter().map(finding).collect()
    }

    /// Has the server look at once for what is due.
    ///
    /// # Errors
    /// When it does not answer, or could not.
    pub async fn sweep(&self) -> Result<(), Failure> {
        self.ask("POST", SWEEP).await.map(|_| ())
    }

    /// As [`Embedded::stopped`](crate::flow::Embedded::stopped), of the server.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn stopped(&self, id: &UploadId) -> Result<Option<String>, Failure> {
        let why = self.ask("GET", &format!("{STOPPED}/{id}")).await?;
        Ok(Some(String::from_utf8_lossy(&why).into_owned()).filter(|why| !why.is_empty()))
    }

    /// As [`Embedded::go_on`](crate::flow::Embedded::go_on), which the server does.
    ///
    /// # Errors
    /// When it does not answer, or could not.
    pub async fn go_on(&self, object: &ObjectVersion) -> Result<(), Failure> {
        let body = serde_json::to_vec(object).map_err(|error| self.failed(&error))?;
        self.send("POST", GO_ON, body.into()).await.map(|_| ())
    }

    async fn ask(&self, method: &'static str, path: &str) -> Result<Bytes, Failure> {
        self.send(method, path, SdkBody::empty()).await
    }

    /// The body of the answer.
    async fn send(&self, method: &'static str, path: &str, body: SdkBody) -> Result<Bytes, Failure> {
        let mut request = HttpRequest::new(body);
        request.set_method(method).map_err(|error| self.failed(&error))?;
        let uri = format!("{}{path}", self.address);
        request.set_uri(uri).map_err(|error| self.failed(&error))?;
        let answer = self.http.call(request).await;
        let answer = answer.map_err(|error| self.failed(&cause(&error)))?;
        let status = answer.status();
        let body = ByteStream::new(answer.into_body()).collect().await;
        let body = body.map_err(|error| self.failed(&cause(&error)))?.into_bytes();
        match status.is_success() {
            true => Ok(body),
            false => Err(self.failed(&format!("HTTP {} {}", status.as_u16(), String::from_utf8_lossy(&body)))),
        }
    }

    fn failed(&self, why: &dyn Display) -> Failure {
        Failure::Retry(format!("the server at {}: {why}", self.address))
    }
}

/// What requests go out through; none where the authority is none, which would end the process further down.
fn connector(authority: Option<&str>) -> Option<SharedHttpConnector> {
    let Some(authority) = authority else {
        return Some(SharedHttpConnector::new(Connector::builder().build_http()));
    };
    if !are_authorities(authority.as_bytes()) {
        return None;
    }
    let trusted = TrustStore::empty().with_pem_certificate(authority);
    let context = TlsContext::builder().with_trust_store(trusted).build().ok()?;
    let builder = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring));
    Some(SharedHttpConnector::new(builder.tls_context(context).build()))
}

fn client_of(connector: SharedHttpConnector) -> SharedHttpClient {
    seam::client(move |request| connector.call(request))
}

/// What is behind an error: its own words say only in which part of the way it came up.
fn cause(error: &(dyn Error + 'static)) -> String {
    let last = std::iter::successors(Some(error), |&error| error.source()).last();
    last.unwrap_or(error).to_string()
}
