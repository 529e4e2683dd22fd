//! Files to read. What cannot be read twice (a pipe, stdin) is kept in a temporary file, which nobody else can see.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A file of which any part can be read.
pub(crate) struct Input {
    file: File,
    path: PathBuf,
    size: u64,
}

impl Input {
    /// Opens a file; `-` is stdin.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let shown = if is_stdin(path) {
            PathBuf::from("stdin")
        } else {
            path.to_owned()
        };
        Self::try_open(path, &shown).map_err(|error| Failure::unreadable(&shown, &error))
    }

    fn try_open(path: &Path, shown: &Path) -> io::Result<Self> {
        let (file, size) = if is_stdin(path) {
            spooled(io::stdin().lock())?
        } else {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            match metadata.is_file() {
                true => (file, metadata.len()),
                false if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
                false => spooled(file)?,
            }
        };
        Ok(Self {
            file,
            path: shown.to_owned(),
            size,
        })
    }

    /// What people call it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Reads from `offset` until `buffer` is full or the file ends; `buffer` is cut to what was read.
    pub(crate) fn read_at(&mut self, offset: u64, length: usize, buffer: &mut Vec<u8>) -> Result<(), Failure> {
        buffer.clear();
        let read = self
            .file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| (&mut self.file).take(length as u64).read_to_end(buffer));
        read.map(|_| ())
            .map_err(|error| Failure::unreadable(&self.path, &error))
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn spooled(mut from: impl Read) -> io::Result<(File, u64)> {
    let mut file = tempfile::tempfile()?;
    let size = io::copy(&mut from, &mut file)?;
    Ok((file, size))
}
