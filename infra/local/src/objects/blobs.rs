//! Bodies: files named by random ids, written once, never changed.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders, s3_error};
use tokio::sync::mpsc;

use super::failure::{Failure, Outcome, refuse};
use super::{Objects, schema};
use crate::data_dir::DataDirError;

pub(super) use super::checksums::Checksums;

/// Bytes that go to the writing thread at once; four of them wait at most, which bounds the memory of an upload.
const WINDOW: usize = 256 * 1024;

/// The directory of the bodies.
#[derive(Debug, Clone)]
pub(super) struct Blobs {
    dir: PathBuf,
    /// Flush before an answer? An in-memory store need not.
    durable: bool,
}

/// A body on the disk. Until [`settle`](Self::settle) it is removed when dropped.
#[derive(Debug)]
pub(super) struct Blob {
    blobs: Blobs,
    name: String,
    size: u64,
    published: bool,
    settled: bool,
}

/// A body that has arrived whole and as announced.
pub(super) struct Received {
    pub(super) blob: Blob,
    pub(super) md5: [u8; 16],
    pub(super) checksums: Checksums,
}

impl Blobs {
    pub(super) fn open(dir: &Path, durable: bool) -> Result<Self, DataDirError> {
        fs::create_dir_all(dir).map_err(|e| DataDirError::from_io(dir, "create it", e))?;
        Ok(Self {
            dir: dir.to_owned(),
            durable,
        })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Removes what a crash left behind.
    pub(super) fn remove_all_but(&self, named: &HashSet<String>) -> Result<(), DataDirError> {
        let failed = |e| DataDirError::from_io(&self.dir, "tidy it up", e);
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let file = entry.file_name();
            // Files that are not ours are none of our business.
            let Some((file, name)) = file.to_str().and_then(|f| Some((f, blob_name(f)?))) else {
                continue;
            };
            if file != name || !named.contains(name) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Removes a body that no row names any more. If that fails, the next start does it.
    pub(super) fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.dir.join(name));
    }

    /// How long a body is; `None` where it is gone.
    pub(super) fn size(&self, name: &str) -> io::Result<Option<u64>> {
        match fs::metadata(self.dir.join(name)) {
            Ok(file) => Ok(Some(file.len())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn read(&self, name: &str) -> io::Result<File> {
        File::open(self.dir.join(name))
    }

    /// A body for reading, if it is there as its row says.
    pub(super) fn read_whole(&self, name: &str, size: i64) -> Outcome<File> {
        let path = self.dir.join(name);
        let file = match File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(Failure::Body(format!("the file {} is gone", path.display())));
            }
            file => file?,
        };
        let found = file.metadata()?.len();
        if found != size.unsigned_abs() {
            let what = format!("the file {} has {found} bytes instead of {size}", path.display());
            return Err(Failure::Body(what));
        }
        Ok(file)
    }

    /// A second name for a body, so that each can go its own way.
    pub(super) fn duplicate(&self, name: &str, size: i64) -> io::Result<Blob> {
        let mut blob = self.begin();
        blob.size = size.unsigned_abs();
        let (from, to) = (self.dir.join(name), blob.path());
        if fs::hard_link(&from, &to).is_err() {
            // Not every file system has links.
            fs::copy(&from, &to)?;
            if self.durable {
                File::open(&to)?.sync_all()?;
            }
        }
        Ok(blob)
    }

    /// One body out of several.
    pub(super) fn concatenate(&self, names: &[String]) -> io::Result<Blob> {
        let mut blob = self.begin();
        let mut file = File::create_new(blob.path())?;
        for name in names {
            blob.size += io::copy(&mut self.read(name)?, &mut file)?;
        }
        self.flush(&file)?;
        Ok(blob)
    }

    fn begin(&self) -> Blob {
        Blob {
            blobs: self.clone(),
            name: schema::random_id(),
            size: 0,
            published: false,
            settled: false,
        }
    }

    fn flush(&self, file: &File) -> io::Result<()> {
        if self.durable { file.sync_all() } else { Ok(()) }
    }

    /// Writes what comes, hashing as it goes.
    fn write(&self, mut chunks: mpsc::Receiver<Bytes>, mut hasher: ChecksumHasher) -> io::Result<Received> {
        let mut blob = self.begin();
        let mut file = File::create_new(blob.path())?;
        let mut md5 = Md5::new();
        while let Some(chunk) = chunks.blocking_recv() {
            file.write_all(&chunk)?;
            md5.update(&chunk);
            hasher.update(&chunk);
            blob.size += chunk.len() as u64;
        }
        self.flush(&file)?;
        Ok(Received {
            blob,
            md5: md5.finalize(),
            checksums: hasher.finalize().into(),
        })
    }
}

impl Blob {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    fn path(&self) -> PathBuf {
        self.blobs.dir.join(if self.published {
            self.name.clone()
        } else {
            format!("{}.tmp", self.name)
        })
    }

    /// Gives the file its final name.
    pub(super) fn publish(&mut self) -> io::Result<()> {
        fs::rename(self.path(), self.blobs.dir.join(&self.name))?;
        self.published = true;
        if self.blobs.durable {
            // The name itself must survive a power cut, too.
            File::open(&self.blobs.dir)?.sync_all()?;
        }
        Ok(())
    }

    /// A row names the file, or is about to.
    pub(super) fn settle(&mut self) {
        self.settled = true;
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        if !self.settled {
            let _ = fs::remove_file(self.path());
        }
    }
}

impl Objects {
    /// Takes a body in and verifies everything that the request announced about it. No row names it yet.
    pub(super) async fn receive(
        &self,
        body: Option<StreamingBlob>,
        headers: &HeaderMap,
        trailers: Option<TrailingHeaders>,
    ) -> S3Result<Received> {
        let announced = Checksums::announced(headers);
        let hasher = Checksums::hasher(headers);
        let (sender, chunks) = mpsc::channel(4);
        let blobs = self.inner.blobs.clone();
        let writer = tokio::task::spawn_blocking(move || blobs.write(chunks, hasher));
        if let Some(body) = body {
            forward(body, &sender).await?;
        }
        drop(sender);
        let received = match writer.await {
            Ok(received) => received.map_err(|e| self.inner.error(Failure::Io(e)))?,
            Err(e) => return Err(S3Error::internal_error(e)),
        };
        check_length(received.blob.size, headers)?;
        check_md5(&received.md5, headers)?;
        announced.check(&received.checksums)?;
        if let Some(named) = headers.get("x-amz-trailer") {
            let found = trailers.and_then(|t| t.read(Checksums::announced)).unwrap_or_default();
            if found == Checksums::default() {
                return Err(s3_error!(
                    InvalidRequest,
                    "the trailer {named:?} was announced and did not come"
                ));
            }
            found.check(&received.checksums)?;
        }
        Ok(received)
    }
}

/// Hands a body to the writing thread in windows: a client may send it in very small pieces.
async fn forward(mut body: StreamingBlob, sender: &mpsc::Sender<Bytes>) -> S3Result<()> {
    let mut window = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|e| {
            refuse(
                S3ErrorCode::IncompleteBody,
                format!("the body did not arrive as announced: {e}"),
            )
        })?;
        window.extend_from_slice(&chunk);
        if window.len() >= WINDOW && sender.send(window.split().freeze()).await.is_err() {
            // The writer has given up; its own error says why.
            return Ok(());
        }
    }
    if !window.is_empty() {
        let _ = sender.send(window.freeze()).await;
    }
    Ok(())
}

fn check_length(size: u64, headers: &HeaderMap) -> S3Result<()> {
    let length = headers
        .get("x-amz-decoded-content-length")
        .or_else(|| headers.get("content-length"));
    let announced = length.and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    match announced {
        Some(announced) if announced != size => Err(s3_error!(
            IncompleteBody,
            "{announced} bytes were announced, {size} came"
        )),
        _ => Ok(()),
    }
}

fn check_md5(md5: &[u8; 16], headers: &HeaderMap) -> S3Result<()> {
    let Some(announced) = headers.get("content-md5") else {
        return Ok(());
    };
    match base64_simd::STANDARD.decode_to_vec(announced.as_bytes()) {
        Ok(announced) if announced == md5 => Ok(()),
        Ok(announced) if announced.len() == md5.len() => Err(s3_error!(
            BadDigest,
            "the Content-MD5 is not the MD5 of the body that came"
        )),
        _ => Err(s3_error!(InvalidDigest, "the Content-MD5 is no MD5 in base64")),
    }
}

/// The blob whose file, finished or not, has this name.
fn blob_name(file: &str) -> Option<&str> {
    let name = file.strip_suffix(".tmp").unwrap_or(file);
    (name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit())).then_some(name)
}

/// Lower-case hexadecimal digits, as in an ETag.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
