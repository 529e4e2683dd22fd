//! A listener on the loopback interface: bounded connections, and time-outs against clients that stand still.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use muster_runtime::http::Peer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::ServeError;
use crate::flow::Alarm;
use crate::tls::Tls;

/// Connections at once; more wait until one ends.
const CONNECTIONS: usize = 256;
/// How long a client may take for the head of a request, or stay without one.
const HEAD: Duration = Duration::from_secs(60);
/// How long a client may take to agree on how to encrypt.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a client may send nothing of what it is waited for; while it is answered, nothing is.
const READ: Duration = Duration::from_secs(300);
/// How long a client may take nothing of an answer.
const WRITE: Duration = Duration::from_secs(60);
/// What is kept of a connection in memory, in bytes.
const BUFFER: usize = 256 << 10;

/// Takes a port on the loopback interface.
pub(super) async fn bind(port: u16) -> Result<TcpListener, ServeError> {
    let failed = |source| ServeError::Port { port, source };
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)
}

/// A service behind a port.
pub(super) struct Listening {
    address: SocketAddr,
    stop: CancellationToken,
    task: tokio::sync::Mutex<tokio::task::JoinHandle<()>>,
}

impl Listening {
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new connection and no new request, and waits for those under way.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        let _ = (&mut *self.task.lock().await).await;
    }
}

/// A service for each connection, until it is told to stop.
#[derive(Clone)]
pub(super) struct Serving<S> {
    service: S,
    stop: CancellationToken,
    read: Duration,
    tls: Option<Tls>,
}

impl<S, B> Serving<S>
where
    S: tower_service::Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Puts a service behind a port, encrypted or not. The alarm rings where it is not served any more.
    pub(super) fn start(listener: TcpListener, service: S, alarm: &Alarm, tls: Option<Tls>) -> Listening {
        Self::start_with(listener, service, alarm, READ, tls)
    }

    fn start_with(listener: TcpListener, service: S, alarm: &Alarm, read: Duration, tls: Option<Tls>) -> Listening {
        let address = listener
            .local_addr()
            .unwrap_or_else(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let stop = CancellationToken::new();
        let serving = Self {
            service,
            stop: stop.clone(),
            read,
            tls,
        };
        let task = tokio::spawn(alarm.clone().guard(stop.clone(), serving.accept(listener)));
        Listening {
            address,
            stop,
            task: tokio::sync::Mutex::new(task),
        }
    }

    async fn accept(self, listener: TcpListener) {
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let next = async {
                let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
                Some((listener.accept().await, permit))
            };
            let (stream, peer, permit) = tokio::select! {
                () = self.stop.cancelled() => break,
                next = next => match next {
                    Some((Ok((stream, peer)), permit)) => (stream, peer, permit),
                    Some((Err(error), _)) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                    None => break,
                },
            };
            let serving = self.clone();
            connections.spawn(async move {
                serving.connection(stream, Peer(peer.ip())).await;
                drop(permit);
            });
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }

    async fn connection(self, stream: TcpStream, peer: Peer) {
        // Small answers go at once; without it they only come later.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_read_timeout(Some(self.read));
        stream.set_write_timeout(Some(WRITE));
        let stream = Box::pin(stream);
        let Some(tls) = &self.tls else {
            return self.answer(stream, peer).await;
        };
        let handshake = tokio::time::timeout(HANDSHAKE, tls.acceptor().accept(stream));
        match self.stop.run_until_cancelled(handshake).await {
            Some(Ok(Ok(stream))) => self.answer(stream, peer).await,
            Some(Ok(Err(error))) => {
                tracing::debug!(%error, "a client and the server could not agree on how to encrypt")
            }
            Some(Err(_)) | None => {}
        }
    }

    /// Answers requests until the connection ends.
    async fn answer(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: Peer) {
        let service = self.service.map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(BUFFER)
            // Else it reads while it answers, to see the client go, and the time for reading runs.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Bytes;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);

    /// What is answered to this request, whose connection then stays open.
    async fn answer(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        _ = stream.read_to_string(&mut answer).await;
        answer
    }

    #[tokio::test]
    async fn a_long_answer_is_given_and_a_body_that_does_not_come_is_not_waited_for() {
        let slow = async |_: Bytes| {
            tokio::time::sleep(SHORT * 10).await;
            "at last"
        };
        let router = Router::new().route("/", post(slow));
        let listening = Serving::start_with(bind(0).await.unwrap(), router, &Alarm::default(), SHORT, None);
        let whole = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
        let answered = answer(listening.address(), whole).await;
        assert!(answered.ends_with("\r\n\r\nat last"), "{answered}");
        let half = answer(listening.address(), &whole.replace("body", "bo")).await;
        assert!(!half.contains("at last"), "{half}");
        listening.stop().await;
    }
}
