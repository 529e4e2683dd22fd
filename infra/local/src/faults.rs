//! Faults at will, between the SDK and whatever answers it: throttling, errors, lost answers, a dying process; and
//! between a function and the queues that it sends to.

mod partly;
mod queue;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use muster_store::queue::Queue;

use crate::{disk, seam};

pub use queue::{FaultyQueue, QueueFault, QueuePlan};

/// Where a fault may strike: one call of an SDK client, retries included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultPoint {
    /// `dynamodb`, `s3` or `sqs`.
    pub service: &'static str,
    /// The operation by its API name, e.g. `TransactWriteItems`.
    pub operation: String,
    /// The number of the call among all calls and sends through this decorator, from 1.
    pub n: u64,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing: it goes through.
    None,
    /// The service answers with an internal error and does nothing.
    Error500,
    /// The service is asked too much, says so and does nothing.
    Throttle,
    /// The role lacks the permission: the service says so and does nothing.
    Denied,
    /// The disk under the embedded engine fails: the engine says so and does nothing.
    Disk,
    /// The request is lost on its way: nothing is done, the caller sees a time-out.
    TimeoutBefore,
    /// The answer is lost on its way: everything is done, the caller sees a time-out.
    TimeoutAfter,
    /// It goes through after a while.
    Delay(Duration),
    /// A read answers with a part and says what is left, as it may at any time: a batch read with half of the items, a query
    /// with its first page. Any other operation goes through.
    Partly,
    /// The process dies here: this call and every later one fail at once and do nothing. Calls under way may still
    /// do their work, but nobody is left to see their answers: they fail, too.
    Die,
}

/// Decides about each call.
pub type Plan = Arc<dyn Fn(&FaultPoint) -> Fault + Send + Sync>;

/// Injects faults in front of any SDK HTTP client. Clones share the call numbers and the death.
#[derive(Clone)]
pub struct Faulty {
    inner: SharedHttpClient,
    plan: Plan,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    calls: AtomicU64,
    dead: AtomicBool,
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faulty")
            .field("calls", &self.state.calls)
            .field("dead", &self.state.dead)
            .finish_non_exhaustive()
    }
}

impl Faulty {
    /// Puts `plan` in front of `inner`.
    pub fn new(inner: SharedHttpClient, plan: Plan) -> Self {
        Self {
            inner,
            plan,
            state: Arc::default(),
        }
    }

    /// A second client (another service) under the same plan, the same call numbers and the same death.
    pub fn also(&self, inner: SharedHttpClient) -> Self {
        Self { inner, ..self.clone() }
    }

    /// The HTTP client to give to the SDK.
    pub fn http_client(&self) -> SharedHttpClient {
        let (plan, state) = (self.plan.clone(), self.state.clone());
        seam::decorate(self.inner.clone(), move |inner, request| {
            let fault = state.next(&plan, &request);
            let state = state.clone();
            HttpConnectorFuture::new(async move {
                let answer = strike(fault, inner, request).await;
                if state.is_dead() { Err(dead()) } else { answer }
            })
        })
    }

    /// A queue of the same process: its sends have numbers among the calls, and die with them.
    pub fn queue(&self, inner: Arc<dyn Queue>, plan: QueuePlan) -> FaultyQueue {
        FaultyQueue::new(inner, plan, self.state.clone())
    }

    /// Calls and sends so far.
    pub fn calls(&self) -> u64 {
        self.state.calls.load(Ordering::SeqCst)
    }

    /// Has a [`Fault::Die`] struck?
    pub fn is_dead(&self) -> bool {
        self.state.is_dead()
    }
}

impl State {
    fn next(&self, plan: &Plan, request: &HttpRequest) -> Fault {
        let Some(n) = self.number() else {
            return Fault::Die;
        };
        let operation = seam::operation(request);
        let fault = plan(&FaultPoint {
            service: operation.service,
            operation: operation.name,
            n,
        });
        if fault == Fault::Die {
            self.die();
        }
        fault
    }

    /// The number of the next call; the dead make none.
    fn number(&self) -> Option<u64> {
        (!self.is_dead()).then(|| self.calls.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }
}

async fn strike(
    fault: Fault,
    inner: SharedHttpConnector,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let service = seam::operation(&request).service;
    match fault {
        Fault::None => inner.call(request).await,
        Fault::Error500 => error_response(service, 500, "InternalServerError", "InternalError"),
        Fault::Throttle if service == "s3" => error_response(service, 503, "", "SlowDown"),
        Fault::Throttle => error_response(service, 400, "ThrottlingException", ""),
        Fault::Denied if service == "s3" => error_response(service, 403, "", "AccessDenied"),
        Fault::Denied => error_response(service, 400, "AccessDeniedException", ""),
        Fault::Disk => error_response(service, disk::STATUS, "DiskFailing", "DiskFailing"),
        Fault::TimeoutBefore => Err(timeout("the request was lost (injected)")),
        Fault::TimeoutAfter => {
            inner.call(request).await?;
            Err(timeout("the answer was lost (injected)"))
        }
        Fault::Delay(time) => {
            tokio::time::sleep(time).await;
            inner.call(request).await
        }
        Fault::Partly => partly::answer(inner, request).await,
        Fault::Die => Err(dead()),
    }
}

fn dead() -> ConnectorError {
    ConnectorError::other("the process is dead (injected)".into(), None)
}

fn timeout(why: &'static str) -> ConnectorError {
    ConnectorError::timeout(why.into())
}

/// An error in the wire format of its service.
fn error_response(service: &str, status: u16, json: &str, xml: &str) -> Result<HttpResponse, ConnectorError> {
    if service == "s3" {
        let body = format!("<Error><Code>{xml}</Code><Message>injected</Message></Error>");
        return seam::response(status, "application/xml", body);
    }
    seam::json_response(
        status,
        format!(r#"{{"__type":"com.amazonaws.{service}#{json}","message":"injected"}}"#),
    )
}
