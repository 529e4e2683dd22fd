//! The key of the development issuer: an ECDSA key on P-256, in PKCS#8 as PEM, in a file of its own.

use std::fmt::Display;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use p256::SecretKey;
use p256::elliptic_curve::Generate as _;
use p256::elliptic_curve::zeroize::Zeroizing;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};

use super::IssuerError;
use crate::data_dir::{DataDirError, write_private};

/// The key.
const FILE: &str = "issuer.key";
/// Locked by whoever makes it. It stays, so that there is never more than one to lock.
const LOCK: &str = "issuer.key.lock";
/// The key until it is whole and on the disk.
const UNFINISHED: &str = "issuer.key.unfinished";

/// The PEM text, without a second copy in memory that is not wiped.
pub(super) type Pem = Zeroizing<Vec<u8>>;

/// The file of the key and what is in it; made if there is none.
pub(super) fn open(directory: &Path) -> Result<(PathBuf, Pem), IssuerError> {
    let path = directory.join(FILE);
    let pem = match read(&path)? {
        Some(pem) => pem,
        None => make(directory, &path)?,
    };
    Ok((path, pem))
}

fn read(path: &Path) -> Result<Option<Pem>, DataDirError> {
    match fs::read(path) {
        Ok(pem) => Ok(Some(Pem::new(pem))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DataDirError::from_io(path, "read it", error)),
    }
}

/// Makes the key, unless another process has made it by now. The file appears whole or not at all, and only once.
fn make(directory: &Path, path: &Path) -> Result<Pem, IssuerError> {
    let (lock_path, unfinished) = (directory.join(LOCK), directory.join(UNFINISHED));
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path);
    let lock = lock.map_err(|error| DataDirError::from_io(&lock_path, "open it", error))?;
    lock.lock()
        .map_err(|error| DataDirError::from_io(&lock_path, "lock it", error))?;
    if let Some(pem) = read(path)? {
        return Ok(pem);
    }
    let pem = generate()?;
    let kept = write_private(&unfinished, &pem)
        .and_then(|()| File::options().write(true).open(&unfinished)?.sync_all())
        .and_then(|()| fs::rename(&unfinished, path));
    kept.map_err(|error| DataDirError::from_io(path, "write it", error))?;
    Ok(pem)
}

/// A new key.
pub(super) fn generate() -> Result<Pem, IssuerError> {
    let key = SecretKey::try_generate().map_err(|error| failed("make a key", error))?;
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|error| failed("make a key", error))?;
    Ok(Pem::new(pem.as_bytes().to_vec()))
}

/// The key without its armour. None where the text is no key.
pub(super) fn der(pem: &[u8]) -> Option<Vec<u8>> {
    let key = SecretKey::from_pkcs8_pem(str::from_utf8(pem).ok()?).ok()?;
    Some(key.to_pkcs8_der().ok()?.as_bytes().to_vec())
}

pub(super) fn failed(action: &'static str, reason: impl Display) -> IssuerError {
    IssuerError::Key {
        action,
        reason: reason.to_string(),
    }
}
