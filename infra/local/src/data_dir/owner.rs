//! Who owns a data directory, as other processes are told: `muster.owner`, for the eyes of one user.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::DataDirError;
use super::private::write_private;

pub(super) const FILE: &str = "muster.owner";

/// Who owns a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The process id.
    pub pid: u32,
    /// The command that the process runs, as its user would type it.
    pub command: String,
    /// When the process took the directory.
    pub since: Timestamp,
    /// How far it is, where it is a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Stage>,
}

/// How far a server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "stage")]
pub enum Stage {
    /// It does not listen yet.
    Starting,
    /// It listens, and other commands may speak to it.
    Serving(Access),
    /// It takes nothing new.
    Stopping,
}

/// How commands of the same user reach a server. [`Debug`](std::fmt::Debug) leaves the secrets out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// The port for HTTP on 127.0.0.1.
    pub http: u16,
    /// The port for S3 on 127.0.0.1.
    pub s3: u16,
    /// The key that commands show. It lasts as long as the process.
    pub key: String,
    /// The access key id of the bucket.
    pub access_key: String,
    /// The secret access key of the bucket.
    pub secret_key: String,
    /// The authority of its certificate, as PEM, where it speaks TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access")
            .field("http", &self.http)
            .field("s3", &self.s3)
            .finish_non_exhaustive()
    }
}

impl Owner {
    /// Replaces the file in one step, so that nobody reads half of it.
    pub(super) fn write(&self, directory: &Path) -> Result<(), DataDirError> {
        let target = directory.join(FILE);
        let failed = |error| DataDirError::from_io(&target, "write it", error);
        let text = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
        write_private(&target, &text).map_err(failed)
    }

    /// Who the file names, if it can be read.
    pub(super) fn read(directory: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(directory.join(FILE)).ok()?).ok()
    }
}
