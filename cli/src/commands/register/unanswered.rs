//! A note that somebody waits to be told what became of a file. It is written before the file is put in the bucket, or
//! announced to a server, and removed when the result was told, so it outlives a run that was killed in between.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::output;

/// The directory of the notes.
const DIRECTORY: &str = "unanswered";

/// A note: one for each file, place and options, whoever works on it.
pub(super) struct Unanswered {
    path: PathBuf,
}

impl Unanswered {
    /// The note about a file of this metadata in this place, written or not.
    pub(super) fn of(directory: &Path, place: &[&str], metadata: &BTreeMap<String, String>) -> Self {
        let mut sha = Sha256::new();
        for part in place
            .iter()
            .copied()
            .chain(metadata.iter().flat_map(|(name, value)| [&**name, &**value]))
        {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
        let name: String = sha
            .finalize()
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            path: directory.join(DIRECTORY).join(name),
        }
    }

    /// Whether a run put this version in the bucket and nobody was told what became of it.
    pub(super) fn tells_of(&self, version: &str) -> bool {
        // Where the version is the one before, that run never came to put its own.
        self.read().is_some_and(|before| before != version)
    }

    /// What it says, where it is written.
    pub(super) fn read(&self) -> Option<String> {
        fs::read_to_string(&self.path).ok()
    }

    /// Writes the note: of a file in the bucket the newest version of the key, or nothing; of one that is announced the
    /// idempotency key.
    pub(super) fn write(&self, text: &str) -> Result<(), Failure> {
        let unwritable = |error: io::Error| Failure::unwritable(&self.path, &error);
        let directory = self.path.parent().unwrap_or(&self.path);
        fs::create_dir_all(directory).map_err(unwritable)?;
        let mut file = NamedTempFile::new_in(directory).map_err(unwritable)?;
        file.write_all(text.as_bytes()).map_err(unwritable)?;
        file.persist(&self.path).map_err(|error| unwritable(error.error))?;
        Ok(())
    }

    /// The result was told.
    pub(super) fn remove(&self) {
        match fs::remove_file(&self.path) {
            // Another run that waited for the same upload told it, too.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // If it stays, the same command tells the same result once more.
            Err(error) => output::remark(format_args!("{} cannot be removed: {error}", output::path(&self.path))),
            Ok(()) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_of_versions_that_came_after_it() {
        let scratch = tempfile::tempdir().unwrap();
        let options = |tag: &str| BTreeMap::from([("group-tag".to_owned(), tag.to_owned())]);
        let note = Unanswered::of(scratch.path(), &["inbox/a.csv"], &options("A"));
        assert!(!note.tells_of("2"), "nothing is written yet");
        note.write("1").unwrap();
        assert!(note.tells_of("2"));
        assert!(!note.tells_of("1"), "the file was never put");
        for other in [
            Unanswered::of(scratch.path(), &["inbox/a.csv"], &options("B")),
            Unanswered::of(scratch.path(), &["inbox/b.csv"], &options("A")),
        ] {
            assert!(!other.tells_of("2"));
        }
        note.remove();
        note.remove();
        assert!(!note.tells_of("2"));
    }
}
