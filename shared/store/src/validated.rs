//! What validation made of a batch, kept beside the upload: a JSON line for each row.

use bytes::Bytes;
use muster_core::id::UploadId;
use muster_core::record::Checked;

use crate::error::StoreError;
use crate::objects::Objects;

/// Validated batches. Needs `s3:GetObject`, and for `validate-batch` `s3:PutObject`, under `uploads/*`.
#[derive(Clone)]
pub struct ValidatedBatches {
    objects: Objects,
}

const READ: &str = "read a validated batch";

impl ValidatedBatches {
    /// The validated batches in this bucket.
    #[must_use]
    pub const fn new(objects: Objects) -> Self {
        Self { objects }
    }

    /// The rows of a batch in input order; `None` before it is validated.
    ///
    /// # Errors
    /// When the store is out of reach, or what is there cannot be read.
    pub async fn get(&self, upload: &UploadId, number: u32) -> Result<Option<Vec<Checked>>, StoreError> {
        let Some(lines) = self.objects.get_small(&key(upload, number)).await? else {
            return Ok(None);
        };
        lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).map_err(|e| StoreError::corrupt(READ, e)))
            .collect::<Result<Vec<_>, _>>()
            .map(Some)
    }

    /// Writes the rows of a batch unless they are there; gives back those that are there now.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn put(&self, upload: &UploadId, number: u32, rows: Vec<Checked>) -> Result<Vec<Checked>, StoreError> {
        let mut lines = Vec::with_capacity(rows.len() * 512);
        for row in &rows {
            serde_json::to_writer(&mut lines, row).map_err(|e| StoreError::corrupt("write a validated batch", e))?;
            lines.push(b'\n');
        }
        if self
            .objects
            .put_if_absent(&key(upload, number), Bytes::from(lines), "application/x-ndjson")
            .await?
        {
            return Ok(rows);
        }
        Ok(self.get(upload, number).await?.unwrap_or(rows))
    }
}

fn key(upload: &UploadId, number: u32) -> String {
    format!("uploads/{upload}/batches/{number:08}.ndjson")
}
