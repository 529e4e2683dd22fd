//! Waits for the end of an upload, with a progress bar.

use std::time::Duration;

use indicatif::ProgressBar;
use muster_core::id::UploadId;
use muster_local::flow::{Embedded, Flow};
use muster_store::uploads::UploadStatus;

use crate::failure::Failure;
use crate::progress;

/// How often the state is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The upload in its final state.
pub(crate) async fn until_final(embedded: &Embedded, flow: &Flow, id: &UploadId) -> Result<UploadStatus, Failure> {
    let uploads = embedded.uploads();
    let bar = progress::waiting("reading the list");
    let mut rows = None;
    loop {
        let idle = tokio::time::timeout(LOOK, flow.idle()).await.is_ok();
        if let Some(status) = uploads.get(id).await?.filter(|status| status.state.is_final()) {
            bar.finish_and_clear();
            rows.inspect(ProgressBar::finish_and_clear);
            return Ok(status);
        }
        if let Some(trouble) = embedded.trouble() {
            return Err(Failure::from(&*trouble));
        }
        if idle {
            return Err(stopped(embedded, id));
        }
        if bar.is_hidden() {
            continue;
        }
        let Some(now) = uploads.progress(id).await? else {
            continue;
        };
        if let Some(all) = now.rows {
            bar.finish_and_clear();
            rows.get_or_insert_with(|| progress::of_uploaded_rows(all))
                .set_position(now.rows_done);
        }
    }
}

/// Nothing moves any more, and the upload has no end.
fn stopped(embedded: &Embedded, id: &UploadId) -> Failure {
    let why = embedded
        .queue()
        .dead_letters()
        .pop()
        .map(|letter| format!(": {}", letter.reason))
        .unwrap_or_default();
    Failure::new(
        format_args!("the upload {id} stopped{why}"),
        "Run the same command again: it goes on where it stopped.",
    )
}
