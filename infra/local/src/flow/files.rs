//! What only the files of a data directory show.

use muster_store::fsck::Finding;

use super::Embedded;
use crate::data_dir::DataDirError;
use crate::objects::check::{damaged, quick_check};

impl Embedded {
    /// Holds the files against what the databases say, and the databases against themselves. Where a database is damaged,
    /// what is in it is not to be believed.
    ///
    /// # Errors
    /// When they cannot be read at all.
    pub async fn check_files(&self) -> Result<Vec<Finding>, DataDirError> {
        let mut findings: Vec<Finding> = self.check_registry().await?.into_iter().collect();
        findings.extend(self.bucket.check().await?);
        Ok(findings)
    }

    async fn check_registry(&self) -> Result<Option<Finding>, DataDirError> {
        let Some(path) = self.directory.as_ref().map(|directory| directory.registry_db()) else {
            return Ok(None);
        };
        let checked = tokio::task::spawn_blocking(move || {
            let what = quick_check(&path).map_err(|e| DataDirError::from_sqlite(&path, &e))?;
            Ok(what.map(|what| damaged("registry.db", what)))
        });
        checked.await.unwrap_or_else(|e| {
            Err(DataDirError::Database {
                path: "registry.db".into(),
                reason: e.to_string(),
            })
        })
    }
}
