//! Multipart uploads that nobody ended: of clients that went away, and of reports whose writer died.

use jiff::ToSpan as _;
use muster_core::Timestamp;
use muster_core::inbox::PREFIX;
use muster_runtime::Failure;
use muster_store::objects::Marker;
use muster_store::reports::PREFIX as REPORTS;
use tokio::time::Instant;
use tracing::{error, info};

use crate::Sweep;

/// How many multipart uploads one sweep looks at.
const PAGE: usize = 1000;

/// How long a multipart upload may take, in hours: a week, as in the template's lifecycle rule.
const KEPT: i64 = 7 * 24;

impl Sweep<'_> {
    /// Aborts what is too old, from `place` on, and moves it on by a page.
    pub(crate) async fn abort_unfinished(
        &self,
        place: &mut Option<Marker>,
        now: Timestamp,
        until: Instant,
    ) -> Result<(), Failure> {
        let page = self.objects.list_unfinished(place.as_ref(), PAGE).await?;
        let old = now.checked_sub(KEPT.hours()).unwrap_or(now);
        let ours = |key: &str| key.starts_with(PREFIX) || key.starts_with(REPORTS);
        let (mut aborted, mut failed, mut next) = (0, 0, page.next);
        let mut looked_at = place.clone();
        for upload in page.uploads.iter().filter(|u| u.begun_at < old && ours(&u.key)) {
            if Instant::now() >= until {
                // The next run goes on here: what cannot be removed must not stand before the others.
                next = looked_at;
                break;
            }
            match self.objects.abort_unfinished(upload).await {
                Ok(()) => aborted += 1,
                Err(error) => {
                    error!(%error, "a multipart upload that nobody ended stays for now");
                    failed += 1;
                }
            }
            looked_at = Some(upload.place());
        }
        *place = next;
        if aborted > 0 {
            info!(aborted, "multipart uploads that nobody ended are removed");
        }
        if failed > 0 {
            return Err(Failure::Retry(format!(
                "{failed} multipart uploads that nobody ended could not be removed"
            )));
        }
        Ok(())
    }
}
