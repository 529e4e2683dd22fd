//! Throttling at the rates that Microsoft documents for enrolment resources of Intune (Microsoft Learn, "Microsoft Graph
//! service-specific throttling limits").

use std::str::FromStr;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use futures::future::try_join_all;
use muster_runtime::http::{Acting, Code, Problem};
use muster_store::rates::{Limit, RateSource};

use crate::Api;
use crate::fault::Refusal;

/// Whether requests are turned away that are more than Microsoft's service answers. Muster needs no such limits; whoever
/// tests a client wants to see them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Throttling {
    /// No request is counted.
    #[default]
    Off,
    /// As documented.
    Documented,
}

/// A word that is none of [`Throttling`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `off` nor `documented`")]
pub struct UnknownThrottling(String);

impl FromStr for Throttling {
    type Err = UnknownThrottling;

    fn from_str(word: &str) -> Result<Self, UnknownThrottling> {
        match word {
            "off" => Ok(Self::Off),
            "documented" => Ok(Self::Documented),
            other => Err(UnknownThrottling(other.to_owned())),
        }
    }
}

const fn within_20_seconds(requests: u64) -> Limit {
    Limit { requests, seconds: 20 }
}

/// Changes of a tenant, whoever makes them; of one caller.
const CHANGES: (Limit, Limit) = (within_20_seconds(200), within_20_seconds(100));
/// All requests, likewise.
const ALL: (Limit, Limit) = (within_20_seconds(2000), within_20_seconds(1000));

/// Lets a request pass, unless it is one too many.
pub(crate) async fn stand(State(api): State<Api>, request: Request, next: Next) -> Result<Response, Refusal> {
    if api.function.throttling == Throttling::Documented
        && let Some(acting) = request.extensions().get::<Acting>()
    {
        let changes = !matches!(request.method(), &Method::GET | &Method::HEAD);
        count(&api, acting, changes).await?;
    }
    Ok(next.run(request).await)
}

async fn count(api: &Api, acting: &Acting, changes: bool) -> Result<(), Refusal> {
    let caller = acting.caller();
    let tenant = caller.tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
    let now = api.guard.now();
    let rates = &api.function.rates;
    let limits = limits(&tenant, &caller.subject, changes);
    let counting = limits.iter().map(|(source, limit)| rates.count(source, *limit, now));
    let longest = try_join_all(counting).await?.into_iter().filter_map(Result::err).max();
    match longest {
        None => Ok(()),
        Some(seconds) => Err(Problem::new(Code::TooManyRequests, "Too many requests")
            .retry_after(seconds)
            .into()),
    }
}

/// What a request counts for, and how many of it are answered.
fn limits(tenant: &str, caller: &str, changes: bool) -> Vec<(RateSource, Limit)> {
    let names = [tenant, caller];
    let (whole, own) = (names.split_at(1).0, names.as_slice());
    let mut limits = vec![
        (RateSource::named("graph", whole), ALL.0),
        (RateSource::named("graph", own), ALL.1),
    ];
    if changes {
        limits.push((RateSource::named("graph change", whole), CHANGES.0));
        limits.push((RateSource::named("graph change", own), CHANGES.1));
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_count_for_their_caller_and_their_tenant_as_documented() {
        let numbers = |changes| {
            let limits = limits("t", "c", changes);
            limits
                .iter()
                .map(|(_, limit)| (limit.requests, limit.seconds))
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers(false), [(2000, 20), (1000, 20)]);
        assert_eq!(numbers(true), [(2000, 20), (1000, 20), (200, 20), (100, 20)]);
        // What is counted is one thing each, and another caller's own numbers are others.
        let (one, other) = (limits("t", "c", true), limits("t", "d", true));
        let same: Vec<bool> = one.iter().zip(&other).map(|(one, other)| one.0 == other.0).collect();
        assert_eq!(same, [true, false, true, false]);
        for (at, (source, _)) in one.iter().enumerate() {
            assert!(one.iter().skip(at + 1).all(|(next, _)| next != source));
        }
    }

    #[test]
    fn a_word_that_is_none_is_told() {
        assert_eq!("off".parse(), Ok(Throttling::Off));
        assert_eq!("documented".parse(), Ok(Throttling::Documented));
        for word in ["on", "Documented", ""] {
            let refused = word.parse::<Throttling>().unwrap_err().to_string();
            assert_eq!(refused, format!("`{word}` is neither `off` nor `documented`"));
        }
    }
}
