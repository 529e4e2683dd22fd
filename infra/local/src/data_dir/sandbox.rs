//! The mark of a sandbox. It is set before anything else is in the directory, and never taken away: no registry becomes a
//! sandbox, and no sandbox a registry.

use std::fs;

use serde::{Deserialize, Serialize};

use super::private::write_private;
use super::{DataDir, DataDirError, LOCK, owner};

const FILE: &str = "sandbox.json";

#[derive(Serialize, Deserialize)]
struct Mark {
    /// Whether everybody is there whom a sandbox begins with.
    complete: bool,
}

impl DataDir {
    /// Makes the directory a sandbox, unless it is one.
    ///
    /// # Errors
    /// [`DataDirError::NoSandbox`] when it holds anything, otherwise what is wrong with the file.
    pub fn make_sandbox(&self) -> Result<(), DataDirError> {
        if self.is_sandbox() {
            return Ok(());
        }
        let failed = |error| DataDirError::from_io(&self.path, "see what is in it", error);
        let mut foreign = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            // What was to be written when a process was killed ends so.
            let base = name.strip_suffix(".new").unwrap_or(&name);
            foreign.extend((![LOCK, owner::FILE, FILE].contains(&base)).then_some(name));
        }
        match foreign.into_iter().min() {
            None => self.mark(false),
            Some(holds) => Err(DataDirError::NoSandbox {
                path: self.path.clone(),
                holds,
            }),
        }
    }

    /// Whether it is a sandbox.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.path.join(FILE).exists()
    }

    /// Whether it is a sandbox in which everybody is there whom one begins with. What cannot be read says no: to make them
    /// known again harms nothing.
    pub(crate) fn is_complete_sandbox(&self) -> bool {
        let mark = fs::read(self.path.join(FILE)).ok();
        mark.and_then(|text| serde_json::from_slice(&text).ok())
            .is_some_and(|Mark { complete }| complete)
    }

    /// Notes that they are there.
    pub(crate) fn complete_sandbox(&self) -> Result<(), DataDirError> {
        self.mark(true)
    }

    fn mark(&self, complete: bool) -> Result<(), DataDirError> {
        let path = self.path.join(FILE);
        let failed = |error| DataDirError::from_io(&path, "write it", error);
        let text = serde_json::to_vec(&Mark { complete }).map_err(|error| failed(error.into()))?;
        write_private(&path, &text).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &std::path::Path) -> DataDir {
        DataDir::open(path, "muster serve", jiff::Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_directory_with_anything_in_it_becomes_no_sandbox() {
        for name in ["registry.db", "issuer.key", "aws.env", "blobs", "notes.txt"] {
            let scratch = tempfile::tempdir().unwrap();
            let directory = open(scratch.path());
            fs::write(scratch.path().join(name), "").unwrap();
            let error = directory.make_sandbox().unwrap_err().to_string();
            assert!(error.contains(&format!(" holds {name}, ")), "{error}");
            assert!(!directory.is_sandbox());
        }
    }

    #[test]
    fn a_new_directory_becomes_one_and_stays_one() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = open(scratch.path());
        // Of a start that was killed.
        fs::write(scratch.path().join("sandbox.json.new"), "").unwrap();
        assert!(!directory.is_sandbox() && !directory.is_complete_sandbox());
        directory.make_sandbox().unwrap();
        assert!(directory.is_sandbox() && !directory.is_complete_sandbox());
        directory.complete_sandbox().unwrap();
        fs::write(scratch.path().join("registry.db"), "").unwrap();
        drop(directory);
        let directory = open(scratch.path());
        directory.make_sandbox().unwrap();
        assert!(directory.is_sandbox() && directory.is_complete_sandbox());
    }
}
