//! How far uploads are, and the batches that they were handed in for.

use std::collections::{BTreeSet, HashMap};

use futures::{StreamExt as _, stream};
use muster_core::Timestamp;
use muster_core::id::UploadId;
use muster_core::outcome::Outcome;
use muster_core::upload::UploadState;
use muster_runtime::http::Problem;
use muster_store::StoreError;
use muster_store::device_batches::{DeviceBatch, DeviceBatchPage, DeviceBatches, Ended};
use muster_store::uploads::{UploadStatus, Uploads};

use crate::Api;
use crate::model::Status;

/// How many uploads are read for a page of batches, unless its first batch has more of them.
const MAX_READ: usize = 1000;
/// Of how many batches it is kept for a page at most: whoever lists them waits for it.
const MAX_KEPT: usize = 25;
/// Of how many batches it is kept at once what came of their uploads.
const AT_ONCE: usize = 8;

/// How far a batch is, and how many rows of its lists were registered.
pub(crate) struct Progress {
    pub(crate) status: Status,
    pub(crate) devices: u64,
}

/// How far the batches of a page are, in order. The page is cut where it would take too many reads; what has ended is kept,
/// so that nobody reads it again.
pub(crate) async fn of_page(api: &Api, page: &mut DeviceBatchPage) -> Result<Vec<Progress>, Problem> {
    cut(page);
    let read = Read::of(&api.function.uploads, &page.batches, api.guard.now()).await?;
    keep(&api.function.device_batches, &read, &page.batches).await;
    Ok(page.batches.iter().map(|batch| read.progress(batch)).collect())
}

/// Leaves the batches whose uploads are read together.
fn cut(page: &mut DeviceBatchPage) {
    let mut uploads = 0_usize;
    let reads = |batch: &DeviceBatch| {
        uploads += batch.open().len();
        uploads <= MAX_READ
    };
    let fit = page.batches.iter().map(reads).take_while(|fits| *fits).count().max(1);
    if fit < page.batches.len() {
        page.batches.truncate(fit);
        page.next = page.batches.last().map(|batch| batch.id.clone());
    }
}

/// Keeps with each batch what came of those of its uploads that have ended since.
async fn keep(batches: &DeviceBatches, read: &Read, page: &[DeviceBatch]) {
    let mut news = Vec::new();
    for batch in page {
        let ended = read.ended(batch);
        if ended != batch.ended && news.len() < MAX_KEPT {
            news.push((batch.clone(), ended));
        }
    }
    let kept = stream::iter(news).map(|(batch, ended)| async move { batches.keep_ended(&batch, ended).await });
    let mut kept = kept.buffer_unordered(AT_ONCE);
    while let Some(kept) = kept.next().await {
        if let Err(error) = kept {
            // It is read again the next time, and then kept.
            tracing::warn!(%error, "what came of a device batch could not be kept");
        }
    }
}

/// The uploads of some batches of which it is not kept what came of them.
struct Read {
    known: HashMap<UploadId, UploadStatus>,
    /// Those that nobody tries to split any more.
    given_up: BTreeSet<UploadId>,
    /// When they were read.
    now: Timestamp,
}

impl Read {
    async fn of(uploads: &Uploads, batches: &[DeviceBatch], now: Timestamp) -> Result<Self, StoreError> {
        let open: BTreeSet<UploadId> = batches.iter().flat_map(DeviceBatch::open).cloned().collect();
        let open: Vec<UploadId> = open.into_iter().collect();
        let known = uploads.get_many(&open).await?;
        let known: HashMap<UploadId, UploadStatus> =
            known.into_iter().map(|status| (status.id.clone(), status)).collect();
        let unknown: Vec<UploadId> = open.into_iter().filter(|id| !known.contains_key(id)).collect();
        let given_up = uploads.given_up_unsplit(&unknown).await?;
        Ok(Self { known, given_up, now })
    }

    fn status(&self, id: &UploadId) -> Status {
        match self.known.get(id) {
            Some(status) => status_of(status),
            // It has ended, as its job says.
            None if self.given_up.contains(id) => Status::FinishedWithErrors,
            None => Status::Queued,
        }
    }

    /// What came of the oldest uploads of a batch that stay as they are.
    fn ended(&self, batch: &DeviceBatch) -> Ended {
        let known = batch.open().iter().map_while(|id| self.known.get(id));
        let lasting = known.take_while(|status| status.is_lasting(self.now));
        lasting.fold(batch.ended, |ended, status| Ended {
            uploads: ended.uploads + 1,
            devices: ended.devices + registered(status),
            failed: ended.failed || status_of(status) != Status::Finished,
        })
    }

    fn progress(&self, batch: &DeviceBatch) -> Progress {
        let kept = match batch.ended {
            Ended { uploads: 0, .. } => None,
            Ended { failed: true, .. } => Some(Status::FinishedWithErrors),
            Ended { failed: false, .. } => Some(Status::Finished),
        };
        let open = batch.open().iter().map(|id| self.status(id));
        let known = batch.open().iter().filter_map(|id| self.known.get(id));
        Progress {
            status: united(kept.into_iter().chain(open).collect()),
            devices: batch.ended.devices + known.map(registered).sum::<u64>(),
        }
    }
}

/// How many rows of an upload were registered.
fn registered(status: &UploadStatus) -> u64 {
    let counts = status.counts.iter().filter(|(outcome, _)| outcome.is_success());
    counts.map(|(_, count)| *count).sum()
}

/// How far an upload is.
pub(crate) fn status_of(status: &UploadStatus) -> Status {
    let failed = |(outcome, count): (&Outcome, &u64)| *count > 0 && fails(*outcome);
    match status.state {
        UploadState::Processing => Status::Processing,
        UploadState::Finished if !status.counts.iter().any(failed) => Status::Finished,
        _ => Status::FinishedWithErrors,
    }
}

/// Whether these clients are told of an error: that the tenant has the device already is one to them.
pub(crate) fn fails(outcome: Outcome) -> bool {
    !outcome.is_success() || outcome.entry().code_name.is_some()
}

/// How far several uploads are, taken together.
fn united(statuses: Vec<Status>) -> Status {
    let any = |status| statuses.contains(&status);
    if statuses.is_empty() {
        Status::Unknown
    } else if any(Status::Processing) || (any(Status::Queued) && statuses.iter().any(|one| *one != Status::Queued)) {
        Status::Processing
    } else {
        statuses.into_iter().max().unwrap_or(Status::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use muster_core::id::AnnouncementId;

    use super::*;

    #[test]
    fn a_batch_is_as_far_as_its_uploads_and_never_better_than_one_of_them() {
        use Status::{Finished, FinishedWithErrors, Processing, Queued, Unknown};
        for (statuses, expected) in [
            (vec![], Unknown),
            (vec![Queued], Queued),
            (vec![Queued, Finished], Processing),
            (vec![FinishedWithErrors, Processing], Processing),
            (vec![Finished, FinishedWithErrors, Finished], FinishedWithErrors),
            (vec![Finished, Finished], Finished),
        ] {
            assert_eq!(united(statuses.clone()), expected, "{statuses:?}");
        }
    }

    /// A page of batches with so many uploads each, of which so many have ended.
    fn page(batches: &[(usize, usize)]) -> DeviceBatchPage {
        let batch = |(n, (uploads, ended)): (usize, &(usize, usize))| DeviceBatch {
            id: n.to_string(),
            tenant: "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap(),
            partner: "contoso".parse().unwrap(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
            first: AnnouncementId::of_seed([7; 16]),
            uploads: (0..*uploads)
                .map(|at| UploadId::of_object("b", &n.to_string(), &at.to_string()))
                .collect(),
            ended: Ended {
                uploads: *ended,
                ..Ended::default()
            },
        };
        DeviceBatchPage {
            batches: batches.iter().enumerate().map(batch).collect(),
            next: Some("z".to_owned()),
        }
    }

    /// An upload in this state, with as many rows registered as it says, and one that was known.
    fn upload(id: &UploadId, state: &str, registered: u64) -> UploadStatus {
        let object = serde_json::json!({ "bucket": "b", "key": "k", "version": "1" });
        let counts = serde_json::json!({ "registered": registered });
        serde_json::from_value(serde_json::json!({
            "id": id, "object": object, "size": 1, "createdAt": "2026-01-01T00:00:00Z", "state": state, "counts": counts,
        }))
        .unwrap()
    }

    #[test]
    fn what_can_go_on_is_not_kept_nor_what_is_behind_it() {
        let batch = page(&[(4, 0)]).batches.remove(0);
        let read = |states: [&str; 4], now: Timestamp| {
            let known = batch.uploads.iter().zip(states).filter(|(_, state)| !state.is_empty());
            Read {
                known: known
                    .map(|(id, state)| (id.clone(), upload(id, state, u64::from(state == "finished"))))
                    .collect(),
                given_up: BTreeSet::new(),
                now,
            }
        };
        let young: Timestamp = "2026-01-29T00:00:00Z".parse().unwrap();
        let old: Timestamp = "2026-01-31T00:00:00Z".parse().unwrap();
        // What was given up long ago cannot be taken up again.
        let kept = read(["finished", "failed", "finished", "processing"], old).ended(&batch);
        assert_eq!((kept.uploads, kept.devices, kept.failed), (3, 2, true));
        for (states, ended, status, devices) in [
            (
                ["finished", "finished", "", "finished"],
                (2, 2, false),
                Status::Processing,
                3,
            ),
            (
                ["finished", "failed", "finished", "finished"],
                (1, 1, false),
                Status::FinishedWithErrors,
                3,
            ),
            (
                ["finished", "processing", "finished", "finished"],
                (1, 1, false),
                Status::Processing,
                3,
            ),
            (
                ["finished", "cancelled", "refused", "processing"],
                (3, 1, true),
                Status::Processing,
                1,
            ),
            (["finished"; 4], (4, 4, false), Status::Finished, 4),
        ] {
            let read = read(states, young);
            let (uploads, registered, failed) = ended;
            let kept = read.ended(&batch);
            assert_eq!(
                kept,
                Ended {
                    uploads,
                    devices: registered,
                    failed
                },
                "{states:?}"
            );
            // What is kept changes nothing of what is told.
            for ended in [Ended::default(), kept] {
                let batch = DeviceBatch { ended, ..batch.clone() };
                let told = read.progress(&batch);
                assert_eq!((told.status, told.devices), (status, devices), "{states:?}");
            }
        }
    }

    #[test]
    fn a_page_has_as_many_batches_as_can_be_read_together_and_one_at_least() {
        for (batches, left, next) in [
            (vec![], 0, "z"),
            (vec![(200, 0); 5], 5, "z"),
            (vec![(200, 0); 6], 5, "4"),
            (vec![(200, 200); 100], 100, "z"),
            (vec![(2000, 0), (1, 0)], 1, "0"),
            (vec![(900, 0), (200, 100), (1, 1), (1, 0)], 3, "2"),
        ] {
            let mut page = page(&batches);
            cut(&mut page);
            assert_eq!(
                (page.batches.len(), page.next.as_deref()),
                (left, Some(next)),
                "{batches:?}"
            );
        }
    }
}
