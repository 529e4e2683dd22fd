//! How much a source may ask.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use muster_runtime::http::{Code, Problem, Source};
use muster_store::rates::{Limit, RateSource};

use crate::Api;

/// How many requests of one source are answered in a minute: 300 devices behind one address can boot in it, and whoever
/// tries serial numbers gets through no more of them.
pub(crate) const A_MINUTE: u64 = 600;

/// Lets a request pass, unless its source asks too much. It stands before whatever reads the body.
pub(crate) async fn stand(
    State(api): State<Api>,
    source: Source,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    count(&api, &source).await?;
    Ok(next.run(request).await)
}

async fn count(api: &Api, source: &Source) -> Result<(), Problem> {
    let source = RateSource::of("deployment", source.address());
    let limit = Limit {
        requests: A_MINUTE,
        seconds: 60,
    };
    let counted = api.function.rates.count(&source, limit, (api.clock)()).await?;
    counted.map_err(|seconds| {
        let detail = format!("More than {A_MINUTE} requests came from there within a minute.");
        Problem::new(Code::TooManyRequests, detail)
            .remedy(format!("Try again in {seconds} seconds."))
            .retry_after(seconds)
    })
}
