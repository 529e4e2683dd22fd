//! `/metrics`, for Prometheus.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use prometheus_client::encoding::prometheus_text;

use crate::flow::Embedded;

/// Answers what was counted since now, the start of the server.
pub(super) fn router(embedded: &Embedded) -> Router {
    let watched = Watched {
        embedded: embedded.clone(),
        started: embedded.now().as_second(),
    };
    Router::new().route("/metrics", get(metrics)).with_state(watched)
}

#[derive(Clone)]
struct Watched {
    embedded: Embedded,
    started: i64,
}

async fn metrics(State(watched): State<Watched>) -> Response {
    let Watched { embedded, started } = watched;
    let resident = tokio::fs::read_to_string("/proc/self/status").await.ok();
    let resident = resident.as_deref().and_then(resident_memory);
    match embedded.metrics(started, resident).await {
        Ok(text) => ([(CONTENT_TYPE, prometheus_text::CONTENT_TYPE)], text).into_response(),
        Err(failure) => {
            tracing::error!(%failure, "the metrics cannot be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the store is out of reach\n").into_response()
        }
    }
}

/// The memory of a process in bytes, from what Linux tells of it.
fn resident_memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_says_how_much_memory_a_process_has() {
        let status = "Name:\tmuster\nVmPeak:\t  9 kB\nVmRSS:\t   4096 kB\n";
        assert_eq!(resident_memory(status), Some(4 << 20));
        assert_eq!(resident_memory("VmRSS:\tmuch\n"), None);
    }
}
