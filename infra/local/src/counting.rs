//! Counts the calls of an SDK client by operation: what budgets and tests ask.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpClient};

use crate::seam;

/// A counter in front of any SDK HTTP client. Clones share the counts. Retries of the SDK count as calls.
#[derive(Debug, Clone)]
pub struct Counting {
    inner: SharedHttpClient,
    counts: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Counting {
    /// Puts a counter in front of `inner`.
    pub fn new(inner: SharedHttpClient) -> Self {
        Self {
            inner,
            counts: Arc::default(),
        }
    }

    /// The HTTP client to give to the SDK.
    pub fn http_client(&self) -> SharedHttpClient {
        let counts = self.counts.clone();
        seam::decorate(self.inner.clone(), move |inner, request| {
            let name = seam::operation(&request).name;
            *counts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(name)
                .or_default() += 1;
            inner.call(request)
        })
    }

    /// Calls so far, by the operation's API name.
    pub fn snapshot(&self) -> BTreeMap<String, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
