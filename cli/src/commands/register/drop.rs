//! Puts the file in the bucket, or finds that an earlier run did.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use muster_core::id::UploadId;
use muster_core::inbox::UploadOptions;
use muster_core::upload::ObjectVersion;
use muster_store::Registry;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::unanswered::Unanswered;
use crate::failure::Failure;
use crate::here::Here;

/// How much is read at once.
const WINDOW: usize = 1 << 20;

/// The file that a person named, and its digest.
pub(super) struct Source {
    path: PathBuf,
    name: String,
    sha256: String,
    /// What came through a pipe is kept as long as this lives.
    _spooled: Option<NamedTempFile>,
}

impl Source {
    /// Reads the file once, for its digest.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let unreadable = |error: io::Error| Failure::unreadable(path, &error);
        let stdin = path.as_os_str() == "-";
        let spooled = match stdin || is_pipe(path).map_err(unreadable)? {
            true => Some(spool(path, stdin).map_err(unreadable)?),
            false => None,
        };
        let read_from = spooled.as_ref().map_or(path, NamedTempFile::path);
        let sha256 = digest(read_from).map_err(unreadable)?;
        let name = if stdin {
            "stdin".to_owned()
        } else {
            path.file_name().unwrap_or_default().to_string_lossy().into_owned()
        };
        Ok(Self {
            path: read_from.to_owned(),
            name: with_ending(name),
            sha256,
            _spooled: spooled,
        })
    }

    /// Where it can be read, whatever it came from.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The name that the object gets.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// In hexadecimal.
    pub(super) fn sha256(&self) -> &str {
        &self.sha256
    }
}

fn is_pipe(path: &Path) -> io::Result<bool> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        Ok(!metadata.is_file())
    }
}

fn spool(path: &Path, stdin: bool) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    match stdin {
        true => io::copy(&mut io::stdin().lock(), &mut file)?,
        false => io::copy(&mut File::open(path)?, &mut file)?,
    };
    file.flush()?;
    Ok(file)
}

fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let (mut sha, mut window) = (Sha256::new(), vec![0; WINDOW]);
    loop {
        match file.read(&mut window) {
            Ok(0) => return Ok(sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            Ok(read) => sha.update(window.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Keys of uploads end in `.csv`.
fn with_ending(name: String) -> String {
    let has = name.len() > 4
        && name
            .get(name.len() - 4..)
            .is_some_and(|ending| ending.eq_ignore_ascii_case(".csv"));
    if has { name } else { format!("{name}.csv") }
}

/// A file in the bucket.
pub(super) struct Dropped {
    /// The upload that it is.
    pub(super) id: UploadId,
    /// Whether an earlier run put it there and never answered.
    pub(super) resumed: bool,
    unanswered: Unanswered,
}

impl Dropped {
    /// Puts the file in the bucket. Where the newest version of the key is the same file with the same options, and its
    /// upload is under way or its result was never told, that one is meant.
    pub(super) async fn put(here: &Here, key: &str, source: &Source, options: &UploadOptions) -> Result<Self, Failure> {
        let metadata: BTreeMap<String, String> = options.to_metadata().into_iter().collect();
        let unanswered = Unanswered::of(&here.directory, &[key], &metadata);
        let objects = here.objects();
        let newest = objects.head(key, None).await?;
        if let Some(head) = newest.as_ref().filter(|head| head.metadata == metadata) {
            let object = object(here, key, &head.version);
            let id = object.upload_id();
            if under_way(here, &id).await? || unanswered.tells_of(&head.version) {
                // What stopped is gone on with: sweep would do so some day, and then register what was released meanwhile.
                here.go_on(&object).await?;
                return Ok(Self {
                    id,
                    resumed: true,
                    unanswered,
                });
            }
        }
        // Before the file is there, for a server works on it at once: no upload ends without this note.
        unanswered.write(newest.as_ref().map_or("", |head| &head.version))?;
        let object = objects.put_file(key, &source.path, "text/csv", &metadata).await?;
        Ok(Self {
            id: object.upload_id(),
            resumed: false,
            unanswered,
        })
    }

    /// The result was told.
    pub(super) fn answered(&self) {
        self.unanswered.remove();
    }
}

fn object(registry: &Registry, key: &str, version: &str) -> ObjectVersion {
    ObjectVersion {
        bucket: registry.objects().bucket().to_owned(),
        key: key.to_owned(),
        version: version.to_owned(),
    }
}

async fn under_way(registry: &Registry, id: &UploadId) -> Result<bool, Failure> {
    let status = registry.uploads().get(id).await?;
    Ok(status.is_none_or(|status| !status.state.is_final()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_ends_in_csv() {
        for (name, expected) in [
            ("a.csv", "a.csv"),
            ("a.CSV", "a.CSV"),
            ("a.txt", "a.txt.csv"),
            (".csv", ".csv.csv"),
            ("ä", "ä.csv"),
        ] {
            assert_eq!(with_ending(name.to_owned()), expected);
        }
    }
}
