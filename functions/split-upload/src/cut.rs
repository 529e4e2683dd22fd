//! Cuts an accepted upload. Cuts are stored before they are sent, so that a second split, even by a newer version of
//! this code, sends the same batches.

use manifest::{Cut, CutLimits, Cutter, Dialect};
use muster_core::Timestamp;
use muster_core::message::BatchMessage;
use muster_core::upload::{Batch, MAX_BATCH_BYTES, Upload};
use muster_runtime::Failure;
use muster_runtime::handover::hand_over;
use muster_store::queue::{Outgoing, QueueName};
use muster_store::uploads::{PutCuts, UploadStatus};

use crate::SplitUpload;
use crate::accept::reason;

/// How many cuts one item holds at most. The first items hold fewer, so that work starts at once.
const CUTS_PER_ITEM: usize = 64;

/// What has been cut and not stored yet, and where the next batch goes.
struct Pending {
    cuts: Vec<Batch>,
    stored: u32,
    flush_at: usize,
    last: Option<Batch>,
}

impl SplitUpload<'_> {
    pub(crate) async fn cut(&self, upload: &Upload, status: &UploadStatus, now: Timestamp) -> Result<(), Failure> {
        let dialect = status.dialect.as_deref().unwrap_or_default();
        let dialect: Dialect =
            serde_json::from_str(dialect).map_err(|e| Failure::Poison(format!("the upload's dialect: {e}")))?;
        let mut pending = self.send_stored(upload, status.total).await?;
        if status.total.is_none() {
            let limit = upload.channel.policy().max_devices;
            let limits = CutLimits {
                max_rows: limit,
                max_bytes: MAX_BATCH_BYTES,
            };
            let strict = upload.options.strict && pending.stored == 0;
            if !self
                .cut_rest(upload, &dialect, limits, strict, &mut pending, now)
                .await?
            {
                return Ok(());
            }
        }
        let rows = pending
            .last
            .map_or(0, |batch| batch.first_row + u64::from(batch.rows) - 1);
        if self
            .uploads
            .set_total(&upload.id, pending.stored, rows)
            .await?
            .upload_complete
        {
            hand_over(self.queue, &upload.id, upload.tenant, pending.stored <= 1).await?;
        }
        Ok(())
    }

    /// Sends what an earlier split stored.
    async fn send_stored(&self, upload: &Upload, total: Option<u32>) -> Result<Pending, Failure> {
        let mut pending = Pending {
            cuts: Vec::new(),
            stored: 0,
            flush_at: 1,
            last: None,
        };
        for (first, batches) in self.uploads.cuts(&upload.id).await? {
            self.send(upload, first, &batches, total == Some(1)).await?;
            pending.stored = first + u32::try_from(batches.len()).unwrap_or(u32::MAX);
            pending.last = batches.last().copied().or(pending.last);
        }
        Ok(pending)
    }

    /// Cuts from the end of the last stored cut to the end of the file. `false` where there is nothing more to do here:
    /// a strict upload was refused, or another worker splits this upload.
    async fn cut_rest(
        &self,
        upload: &Upload,
        dialect: &Dialect,
        limits: CutLimits,
        strict: bool,
        pending: &mut Pending,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let (mut cutter, offset) = match pending.last {
            None => (Cutter::new(dialect, limits), 0),
            Some(last) => {
                let row = last.first_row + u64::from(last.rows);
                (
                    Cutter::resume(dialect, limits, last.next_start, last.next_line, row),
                    last.next_start,
                )
            }
        };
        let gone = || Failure::Poison("the uploaded file is gone".to_owned());
        let mut reader = self.objects.stream(&upload.object, offset).await?.ok_or_else(gone)?;
        let mut cuts = Vec::new();
        while let Some(window) = reader.next_chunk().await? {
            cutter.push(&window, &mut cuts);
            pending.cuts.extend(cuts.drain(..).map(batch_of));
            if strict {
                if self.too_long(upload, limits, pending, now).await? {
                    return Ok(false);
                }
            } else if pending.cuts.len() > pending.flush_at {
                // The last cut is kept back until another follows: whether it is the only one decides about the queue.
                if !self.flush(upload, pending, true).await? {
                    return Ok(false);
                }
            }
        }
        cutter.finish(&mut cuts);
        pending.cuts.extend(cuts.drain(..).map(batch_of));
        if strict && self.too_long(upload, limits, pending, now).await? {
            return Ok(false);
        }
        self.flush(upload, pending, false).await
    }

    /// Refuses a strict upload that has more rows than the channel takes at once; nothing of it was sent yet.
    async fn too_long(
        &self,
        upload: &Upload,
        limits: CutLimits,
        pending: &Pending,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let rows: u64 = pending.cuts.iter().map(|cut| u64::from(cut.rows)).sum();
        if rows <= u64::from(limits.max_rows) {
            return Ok(false);
        }
        let detail = format!(
            "the file has more than {} rows, which is what {} takes at once",
            limits.max_rows, upload.channel
        );
        let reason = reason(
            "too-many-rows",
            &detail,
            "Split the file, or upload it without `strict`: longer files are cut by themselves.",
        );
        self.uploads.refuse_later(&upload.id, &reason, now).await?;
        Ok(true)
    }

    /// Stores and sends what is pending, but for the last cut where `keep_last`. `false` where another worker was faster
    /// (it goes on, and should it die, sweep finds the upload) or the upload is not open any more.
    async fn flush(&self, upload: &Upload, pending: &mut Pending, keep_last: bool) -> Result<bool, Failure> {
        let kept = usize::from(keep_last);
        while pending.cuts.len() > kept {
            let take = (pending.cuts.len() - kept).min(CUTS_PER_ITEM);
            let only = !keep_last && pending.stored == 0 && pending.cuts.len() == 1;
            let rest = pending.cuts.split_off(take);
            let chunk = std::mem::replace(&mut pending.cuts, rest);
            match self.uploads.put_cuts(&upload.id, pending.stored, &chunk).await? {
                PutCuts::Stored => {}
                PutCuts::Other(_) | PutCuts::Closed => return Ok(false),
            }
            self.send(upload, pending.stored, &chunk, only).await?;
            pending.stored += u32::try_from(chunk.len()).unwrap_or(u32::MAX);
            pending.last = chunk.last().copied();
            pending.flush_at = (pending.flush_at * 2).min(CUTS_PER_ITEM);
        }
        Ok(true)
    }

    async fn send(&self, upload: &Upload, first: u32, batches: &[Batch], express: bool) -> Result<(), Failure> {
        let tenant = upload.tenant.to_string();
        let message = |(number, batch): (u32, &Batch)| {
            let message = BatchMessage {
                upload: upload.id.clone(),
                tenant: upload.tenant,
                number,
                object: upload.object.clone(),
                batch: *batch,
                express,
            };
            Outgoing::json(&message, Some(&tenant))
        };
        let messages = (first..).zip(batches).map(message).collect::<Result<Vec<_>, _>>()?;
        let queue = if express {
            QueueName::ValidateExpress
        } else {
            QueueName::Validate
        };
        Ok(self.queue.send(queue, messages).await?)
    }
}

const fn batch_of(cut: Cut) -> Batch {
    let Cut {
        start,
        end,
        first_line,
        first_row,
        rows,
        next_start,
        next_line,
    } = cut;
    Batch {
        start,
        end,
        first_line,
        first_row,
        rows,
        next_start,
        next_line,
    }
}
