//! The flow behind two listeners on the loopback interface: S3 for device lists, HTTP for whoever watches the process.

mod api;
mod client;
mod commands;
mod listener;
mod metrics;
mod origin;
#[cfg(test)]
mod tests;
mod watch;

use std::borrow::Cow;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::get;
use muster_runtime::Failure;
use muster_runtime::http::around;
use uuid::Uuid;

use crate::data_dir::{Access, DataDirError, Stage};
use crate::flow::{Embedded, Flow};
use crate::issuer::{DevIssuer, IssuerError};
use crate::tls::Tls;
pub use api::{Outside, apis};
pub use client::Client;
pub use graph_api::Throttling;
use listener::{Listening, Serving};

/// How to serve.
#[derive(Default)]
pub struct How {
    /// The certificate by which connections to both listeners are encrypted.
    pub tls: Option<Tls>,
    /// The rates of Graph's wire format.
    pub throttling: Throttling,
}

/// The ports to listen on; 0 is any free one.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// For HTTP.
    pub http: u16,
    /// For S3.
    pub s3: u16,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A port that another process has, or that this user may not take.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Port {
        /// The port.
        port: u16,
        /// What the operating system says.
        source: io::Error,
    },
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The development issuer.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The store.
    #[error(transparent)]
    Store(#[from] Failure),
}

/// A running server. [`Server::stop`] ends it; a server that is dropped ends as a crash would end it.
pub struct Server {
    embedded: Embedded,
    flow: Flow,
    http: Listening,
    s3: Listening,
    stopping: Arc<AtomicBool>,
    tls: Option<Tls>,
}

#[derive(Clone)]
struct Watched {
    embedded: Embedded,
    stopping: Arc<AtomicBool>,
}

impl Server {
    /// Takes the ports, puts on again what an earlier process left behind, serves, and tells other processes of the same
    /// user how to reach it. `new_id` makes ids that nobody can guess: one of them lets their commands in, and each start
    /// takes another one; requests that bring none get theirs.
    ///
    /// # Errors
    /// When a port is taken, the store is out of reach, or the data directory cannot be written.
    pub async fn start(embedded: &Embedded, ports: Ports, new_id: fn() -> Uuid) -> Result<Self, ServeError> {
        Self::start_with(embedded, ports, How::default(), new_id).await
    }

    /// The same, otherwise than by default.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(
        embedded: &Embedded,
        ports: Ports,
        how: How,
        new_id: fn() -> Uuid,
    ) -> Result<Self, ServeError> {
        let How { tls, throttling } = how;
        let key = new_id().simple().to_string();
        let issuer = match embedded.directory() {
            Some(directory) => DevIssuer::open(directory)?,
            None => DevIssuer::in_memory()?,
        };
        let http = listener::bind(ports.http).await?;
        let s3 = listener::bind(ports.s3).await?;
        embedded.follow();
        let flow = Flow::start(embedded).await?;
        let stopping = Arc::new(AtomicBool::new(false));
        let watched = Watched {
            embedded: embedded.clone(),
            stopping: Arc::clone(&stopping),
        };
        let s3_port = s3.local_addr().map(|address| address.port()).unwrap_or(ports.s3);
        let http_port = http.local_addr().map(|address| address.port()).unwrap_or(ports.http);
        let url = |port: u16| format!("{}://{}:{port}", scheme(tls.as_ref()), Ipv4Addr::LOCALHOST);
        let outside = Outside {
            s3_url: url(s3_port),
            public_url: url(http_port),
            new_id: Arc::new(new_id),
            throttling,
        };
        let (apis, _) = apis(embedded, issuer.verifier(), &outside);
        let router = Router::new()
            .route("/healthz", get(alive))
            .route("/readyz", get(ready))
            .with_state(watched)
            .merge(metrics::router(embedded))
            .merge(commands::router(embedded, &key))
            .merge(around(apis, Arc::new(new_id)))
            .layer(middleware::from_fn(origin::guard));
        let alarm = flow.alarm();
        let server = Self {
            embedded: embedded.clone(),
            http: Serving::start(http, router, alarm, tls.clone()),
            s3: Serving::start(s3, embedded.s3_service(), alarm, tls.clone()),
            flow,
            stopping,
            tls,
        };
        let credentials = embedded.credentials();
        embedded.announce(Stage::Serving(Access {
            http: server.http().port(),
            s3: server.s3().port(),
            key,
            access_key: credentials.access_key.clone(),
            secret_key: credentials.secret_key.clone(),
            authority: server.tls.as_ref().map(|tls| tls.authority().to_owned()),
        }))?;
        Ok(server)
    }

    /// Where HTTP is served.
    #[must_use]
    pub const fn http(&self) -> SocketAddr {
        self.http.address()
    }

    /// Where S3 is served.
    #[must_use]
    pub const fn s3(&self) -> SocketAddr {
        self.s3.address()
    }

    /// Where HTTP is served, as a URL.
    #[must_use]
    pub fn http_url(&self) -> String {
        format!("{}://{}", scheme(self.tls.as_ref()), self.http())
    }

    /// Where S3 is served, as a URL.
    #[must_use]
    pub fn s3_url(&self) -> String {
        format!("{}://{}", scheme(self.tls.as_ref()), self.s3())
    }

    /// How connections are encrypted, if they are.
    #[must_use]
    pub const fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// Whether a part of it ended by a fault of the program. It is to be stopped then: only a new start does all that there
    /// is to do.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.flow.is_broken()
    }

    /// Takes nothing new, and gives what is in hand at most `limit` to end. The rest is found again at the next start.
    pub async fn stop(self, limit: Duration) {
        self.stopping.store(true, Ordering::SeqCst);
        if let Err(error) = self.embedded.announce(Stage::Stopping) {
            tracing::warn!(%error, "other commands cannot be told that the server stops");
        }
        let ended = async { tokio::join!(self.s3.stop(), self.flow.close()) };
        // What is cut off here is what a crash would cut off.
        let _ = tokio::time::timeout(limit, ended).await;
        self.flow.stop();
        let _ = tokio::time::timeout(Duration::from_secs(1), self.http.stop()).await;
    }
}

const fn scheme(tls: Option<&Tls>) -> &'static str {
    if tls.is_some() { "https" } else { "http" }
}

async fn alive(State(watched): State<Watched>) -> &'static str {
    if watched.embedded.is_sandbox() {
        "alive, a sandbox\n"
    } else {
        "alive\n"
    }
}

async fn ready(State(watched): State<Watched>) -> (StatusCode, Cow<'static, str>) {
    let not_ready = |why| (StatusCode::SERVICE_UNAVAILABLE, why);
    if watched.stopping.load(Ordering::SeqCst) {
        return not_ready("shutting down\n".into());
    }
    if let Some(trouble) = watched.embedded.trouble() {
        return not_ready(format!("{}\n", trouble.in_short()).into());
    }
    match watched.embedded.uploads().sweep_places().await {
        Ok(_) => (StatusCode::OK, "ready\n".into()),
        Err(error) => {
            tracing::error!(%error, "the store is out of reach");
            not_ready("the store is out of reach\n".into())
        }
    }
}
