//! Requests that may be sent again: the header `Idempotency-Key`.

use std::future::Future;

use axum::http::HeaderMap;
use muster_runtime::http::{Acting, Problem};
use muster_service::idempotent::Repeats;
use muster_store::idempotency::Seed;
use serde::Serialize;

use crate::Api;

pub(crate) use muster_service::idempotent::Answer;

/// The header with the client's key.
const HEADER: &str = "Idempotency-Key";

/// Whether the client gives its request a key.
pub(crate) fn has_key(headers: &HeaderMap) -> bool {
    headers.contains_key(HEADER)
}

/// Carries a request out once for each key of its caller ([`Repeats::once`]).
pub(crate) async fn idempotent<F, Fut>(
    api: &Api,
    acting: &Acting,
    headers: &HeaderMap,
    path: &str,
    body: &impl Serialize,
    run: F,
) -> Result<Answer, Problem>
where
    F: FnOnce(Seed) -> Fut + Send,
    Fut: Future<Output = Result<Answer, Problem>> + Send,
{
    let repeats = Repeats {
        store: &api.function.idempotency,
        new_id: &api.function.new_id,
        now: api.guard.now(),
        header: HEADER,
    };
    repeats.once(acting, headers, path, body, run).await
}
