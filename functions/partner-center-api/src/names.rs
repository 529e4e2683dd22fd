//! What devices are called in lists that were read before: whoever waits for a job asks again and again.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use muster_core::id::UploadId;
use muster_service::list::Named;

/// How many lists are remembered, each with as many names as a list has devices: 16.
const LISTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// The names in the lists that were asked for last. A list never changes: an upload is one version of an object.
#[derive(Clone)]
pub(crate) struct Names(Arc<Mutex<LruCache<UploadId, Arc<[Named]>>>>);

impl Names {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(LISTS))))
    }

    pub(crate) fn get(&self, list: &UploadId) -> Option<Arc<[Named]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(list).cloned()
    }

    pub(crate) fn keep(&self, list: UploadId, names: Arc<[Named]>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(list, names);
    }
}
