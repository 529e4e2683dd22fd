//! Waits for the end of an upload, with a progress bar.

use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::ProgressBar;
use muster_core::id::UploadId;
use muster_local::flow::{Embedded, Flow};
use muster_local::serve::Client;
use muster_store::uploads::{UploadStatus, Uploads};
use muster_store::{Registry, StoreError};

use crate::failure::Failure;
use crate::here::{Held, Here};
use crate::{output, progress, signals};

/// How often the state is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// After how many of these looks a server is asked what keeps it from its work, and why the upload stopped.
const LOOKS: u32 = 10;

/// The upload in its final state: this process works on it, or the server does.
pub(crate) async fn until_final(here: &Here, id: &UploadId) -> Result<UploadStatus, Failure> {
    let mut shown = Shown::new(here, id);
    match &here.held {
        Held::ByThis(embedded) => work(embedded, &mut shown).await,
        Held::ByServer(server) => follow(here, server, &mut shown).await,
    }
}

/// Works until the upload is final.
async fn work(embedded: &Embedded, shown: &mut Shown<'_>) -> Result<UploadStatus, Failure> {
    let flow = Flow::start(embedded).await;
    let flow = flow.map_err(|error| Failure::of_disk_or(embedded, error))?;
    loop {
        let idle = tokio::time::timeout(LOOK, flow.idle()).await.is_ok();
        if let Some(status) = shown.look().await? {
            return Ok(status);
        }
        if let Some(trouble) = embedded.trouble() {
            return Err(Failure::from(&*trouble));
        }
        if flow.is_broken() {
            return Err(Failure::new(
                "a part of this command ended by a fault of the program; what is printed above says where",
                "Run the same command again: it goes on where it stopped.",
            ));
        }
        if idle {
            return Err(stopped(shown.id, embedded.stopped(shown.id)));
        }
    }
}

/// Looks on until the server is done with the upload, or this process is told to stop.
async fn follow(here: &Here, server: &Client, shown: &mut Shown<'_>) -> Result<UploadStatus, Failure> {
    let (id, told) = (shown.id, signals::told_to_stop()?);
    let told = async {
        while !told.load(Ordering::SeqCst) {
            tokio::time::sleep(LOOK).await;
        }
    };
    let ended = async {
        loop {
            for _ in 0..LOOKS {
                match shown.look().await {
                    Ok(Some(status)) => return Ok(status),
                    Ok(None) => tokio::time::sleep(LOOK).await,
                    Err(error) => return Err(lost(id, &error)),
                }
            }
            if let Some(trouble) = server.trouble().await {
                return Err(Failure::with_remedy_behind_colon(&trouble));
            }
            // Where the server is gone, the next look says so.
            if let Ok(Some(why)) = server.stopped(id).await {
                return Err(stopped(id, Some(why)));
            }
        }
    };
    tokio::select! {
        ended = ended => ended,
        () = told => Err(Failure::new(
            format_args!("this command was stopped; the server goes on with the upload {id}"),
            format_args!(
                "See how it stands: muster uploads show {id} --data-dir {}",
                output::quoted_path(&here.directory)
            ),
        )),
    }
}

/// What is shown of an upload.
struct Shown<'a> {
    id: &'a UploadId,
    uploads: Uploads,
    reading: ProgressBar,
    rows: Option<ProgressBar>,
}

impl<'a> Shown<'a> {
    fn new(registry: &Registry, id: &'a UploadId) -> Self {
        Self {
            id,
            uploads: registry.uploads(),
            reading: progress::waiting("reading the list"),
            rows: None,
        }
    }

    /// Shows how far the upload is; gives it when it is final.
    async fn look(&mut self) -> Result<Option<UploadStatus>, StoreError> {
        let status = self.uploads.get(self.id).await?;
        if let Some(status) = status.filter(|status| status.state.is_final()) {
            return Ok(Some(status));
        }
        if self.reading.is_hidden() {
            return Ok(None);
        }
        let progress = self.uploads.progress(self.id).await?.unwrap_or_default();
        if let Some(all) = progress.rows {
            self.reading.finish_and_clear();
            self.rows
                .get_or_insert_with(|| progress::of_uploaded_rows(all))
                .set_position(progress.rows_done);
        }
        Ok(None)
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.reading.finish_and_clear();
        self.rows.iter().for_each(ProgressBar::finish_and_clear);
    }
}

/// Nobody works on the upload any more, and it has no end.
fn stopped(id: &UploadId, why: Option<String>) -> Failure {
    match why {
        Some(why) => Failure::new(
            format_args!("the upload {id} stopped: {why}"),
            "Mend the cause and run the same command again: it goes on where it stopped.",
        ),
        None => Failure::new(
            format_args!("the upload {id} stopped"),
            "Run the same command again: it goes on where it stopped.",
        ),
    }
}

/// The server does not answer any more.
fn lost(id: &UploadId, error: &StoreError) -> Failure {
    Failure::new(
        format_args!("the server does not say any more how the upload {id} stands: {error}"),
        "If it was stopped, the upload goes on when it is started again. The same command tells what became of it.",
    )
}
