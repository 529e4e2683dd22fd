//! The flow behind two listeners on the loopback interface: S3 for device lists, HTTP for whoever watches the process.

mod listener;
mod metrics;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use muster_runtime::Failure;

use crate::flow::{Embedded, Flow};
use listener::{Listening, Serving};

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
    /// The store.
    #[error(transparent)]
    Store(#[from] Failure),
}

/// A running server. [`Server::stop`] ends it; a server that is dropped ends as a crash would end it.
pub struct Server {
    flow: Flow,
    http: Listening,
    s3: Listening,
    stopping: Arc<AtomicBool>,
}

#[derive(Clone)]
struct Watched {
    embedded: Embedded,
    stopping: Arc<AtomicBool>,
}

impl Server {
    /// Takes the ports, puts on again what an earlier process left behind, and serves.
    ///
    /// # Errors
    /// When a port is taken or the store is out of reach.
    pub async fn start(embedded: &Embedded, ports: Ports) -> Result<Self, ServeError> {
        let http = listener::bind(ports.http).await?;
        let s3 = listener::bind(ports.s3).await?;
        embedded.follow();
        let flow = Flow::start(embedded).await?;
        let stopping = Arc::new(AtomicBool::new(false));
        let watched = Watched {
            embedded: embedded.clone(),
            stopping: Arc::clone(&stopping),
        };
        // The routers of HTTP APIs are merged here.
        let router = Router::new()
            .route("/healthz", get(async || "alive\n"))
            .route("/readyz", get(ready))
            .with_state(watched)
            .merge(metrics::router(embedded));
        Ok(Self {
            flow,
            http: Serving::start(http, router),
            s3: Serving::start(s3, embedded.s3_service()),
            stopping,
        })
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

    /// Takes nothing new, and gives what is in hand at most `limit` to end. The rest is found again at the next start.
    pub async fn stop(self, limit: Duration) {
        self.stopping.store(true, Ordering::SeqCst);
        let ended = async {
            self.s3.stop().await;
            self.flow.close().await;
        };
        // What is cut off here is what a crash would cut off.
        let _ = tokio::time::timeout(limit, ended).await;
        self.flow.stop();
        let _ = tokio::time::timeout(Duration::from_secs(1), self.http.stop()).await;
    }
}

async fn ready(State(watched): State<Watched>) -> (StatusCode, Cow<'static, str>) {
    let not_ready = |why| (StatusCode::SERVICE_UNAVAILABLE, why);
    if watched.stopping.load(Ordering::SeqCst) {
        return not_ready("shutting down\n".into());
    }
    if let Some(trouble) = watched.embedded.trouble() {
        return not_ready(format!("{trouble}\n").into());
    }
    match watched.embedded.uploads().sweep_places().await {
        Ok(_) => (StatusCode::OK, "ready\n".into()),
        Err(error) => {
            tracing::error!(%error, "the store is out of reach");
            not_ready("the store is out of reach\n".into())
        }
    }
}
