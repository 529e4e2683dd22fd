//! TLS on one machine: a certificate for this machine's own names, made at the first start and kept in the data directory,
//! and the authority behind it, which clients are told to trust.
//!
//! The authority's key signs that one certificate and is kept nowhere: whoever gets at the directory can play this server,
//! and no other. A certificate whose time is nearly up is replaced at the next start, and its authority with it.

mod made;
#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::data_dir::{DataDirError, write_private};

/// Key, certificate and authority.
const FILE: &str = "tls.pem";
/// The authority alone, for clients.
const AUTHORITY: &str = "tls-ca.pem";

/// What goes wrong with TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// What it needs cannot be read or kept.
    #[error(transparent)]
    Disk(#[from] DataDirError),
    /// The file holds something else.
    #[error("{} holds no certificate of this server: delete it to have a new one made, whose authority clients must trust anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// This machine gives no random numbers, or what was made cannot be used.
    #[error("a certificate cannot be made: {reason}")]
    Making {
        /// Why.
        reason: String,
    },
}

/// How connections are encrypted. Clones have the same key.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    authority: String,
    path: Option<PathBuf>,
}

impl Tls {
    /// The certificate of a data directory, made if there is none, or if the time of the one that is there is nearly up.
    ///
    /// # Errors
    /// When it cannot be read, made or kept, or is none.
    pub fn open(directory: &Path, now: Timestamp) -> Result<Self, TlsError> {
        let path = directory.join(FILE);
        let kept = match fs::read(&path) {
            Ok(bytes) => Some(String::from_utf8(bytes).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(DataDirError::from_io(&path, "read it", error).into()),
        };
        let until = kept.as_deref().map(made::good_until);
        let text = match (kept, until) {
            (Some(_), Some(None)) => return Err(TlsError::Damaged { path }),
            (Some(text), Some(Some(until))) if made::lasts(until, now) => text,
            _ => {
                let text = made::make(now)?;
                write(&path, &text)?;
                text
            }
        };
        let tls = Self::of(&text).ok_or(TlsError::Damaged { path })?;
        let path = directory.join(AUTHORITY);
        write(&path, &tls.authority)?;
        let path = Some(path);
        Ok(Self { path, ..tls })
    }

    /// A certificate that is kept nowhere.
    ///
    /// # Errors
    /// When this machine gives no random numbers.
    pub fn in_memory(now: Timestamp) -> Result<Self, TlsError> {
        Self::of(&made::make(now)?).ok_or_else(|| failed("what was made is none"))
    }

    /// What the text of the file means. None where it is not one of ours.
    fn of(text: &str) -> Option<Self> {
        let certificates = CertificateDer::pem_slice_iter(text.as_bytes());
        let certificates: Vec<CertificateDer<'static>> = certificates.collect::<Result<_, _>>().ok()?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).ok()?;
        let [own, _] = certificates.as_slice() else {
            return None;
        };
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().ok()?.with_no_client_auth();
        let mut config = config.with_single_cert(vec![own.clone()], key).ok()?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Some(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            authority: made::authority(text)?.to_owned(),
            path: None,
        })
    }

    /// What takes connections.
    pub(crate) const fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// The authority that clients are to trust, as PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The file that holds it, where there is a data directory.
    #[must_use]
    pub fn authority_file(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

/// Whether a text holds certificates of authorities, one at least, all of which can be trusted.
#[must_use]
pub fn are_authorities(pem: &[u8]) -> bool {
    let mut roots = RootCertStore::empty();
    let mut added = CertificateDer::pem_slice_iter(pem).map(|one| one.is_ok_and(|one| roots.add(one).is_ok()));
    added.all(|added| added) && !roots.is_empty()
}

fn write(path: &Path, text: &str) -> Result<(), DataDirError> {
    write_private(path, text.as_bytes()).map_err(|error| DataDirError::from_io(path, "write it", error))
}

fn failed(reason: impl Display) -> TlsError {
    TlsError::Making {
        reason: reason.to_string(),
    }
}
