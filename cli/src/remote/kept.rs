//! Tokens that are kept for servers, in a file that only this user can read.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use muster_local::data_dir::write_private;
use muster_runtime::env::Env;
use serde::{Deserialize, Serialize};

use super::address::Address;
use crate::failure::Failure;
use crate::output;

/// The tokens.
const FILE: &str = "servers.json";
/// Locked by whoever changes them.
const LOCK: &str = "servers.lock";

/// The tokens that are kept.
pub(crate) struct Kept {
    directory: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Servers {
    servers: BTreeMap<String, Server>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Server {
    token: String,
}

impl Kept {
    /// Where the environment says that settings are kept.
    pub(crate) fn of(env: &Env) -> Result<Self, Failure> {
        let directory = super::directory(env, "XDG_CONFIG_HOME", ".config").ok_or_else(|| {
            Failure::new(
                "there is no place to keep tokens in: neither XDG_CONFIG_HOME nor HOME is set",
                "Set one of them, or give the token in MUSTER_TOKEN.",
            )
        })?;
        Ok(Self { directory })
    }

    /// The file.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.join(FILE)
    }

    /// The token that is kept for a server.
    pub(crate) fn token(&self, server: &Address) -> Result<Option<String>, Failure> {
        let mut all = self.read()?;
        Ok(all.servers.remove(server.as_str()).map(|server| server.token))
    }

    /// Keeps a token in the place of any that was kept for the server.
    pub(crate) fn keep(&self, server: &Address, token: &str) -> Result<(), Failure> {
        self.change(|all| {
            let token = token.to_owned();
            all.servers.insert(server.as_str().to_owned(), Server { token });
            true
        })?;
        Ok(())
    }

    /// Forgets the token of a server; whether there was one.
    pub(crate) fn forget(&self, server: &Address) -> Result<bool, Failure> {
        if !self.path().exists() {
            return Ok(false);
        }
        self.change(|all| all.servers.remove(server.as_str()).is_some())
    }

    /// Changes the file where `change` says that it did; gives what it says.
    fn change(&self, change: impl FnOnce(&mut Servers) -> bool) -> Result<bool, Failure> {
        let unwritable = |path: &Path, error: io::Error| Failure::unwritable(path, &error);
        create_private(&self.directory).map_err(|error| unwritable(&self.directory, error))?;
        let lock_path = self.directory.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path);
        let lock = lock.and_then(|lock| lock.lock().map(|()| lock));
        let _lock = lock.map_err(|error| unwritable(&lock_path, error))?;
        let mut all = self.read()?;
        let changed = change(&mut all);
        if changed {
            let path = self.path();
            let text = serde_json::to_vec_pretty(&all).map_err(|error| unwritable(&path, error.into()))?;
            write_private(&path, &text).map_err(|error| unwritable(&path, error))?;
        }
        Ok(changed)
    }

    fn read(&self) -> Result<Servers, Failure> {
        let path = self.path();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Servers::default()),
            Err(error) => return Err(Failure::unreadable(&path, &error)),
        };
        if is_open_to_others(&path) {
            let shown = output::path(&path);
            return Err(Failure::new(
                format_args!("other users can read the tokens in {shown}"),
                format_args!("Close it: chmod 600 {}", output::quoted_path(&path)),
            ));
        }
        serde_json::from_slice(&text).map_err(|_| {
            Failure::new(
                format_args!("{} holds no tokens of `muster login`", output::path(&path)),
                "Remove it, and log in again.",
            )
        })
    }
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o077 != 0)
}

/// Where there are no modes, the directory's own rights decide.
#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

/// Makes a directory that is for this user alone, unless it is there.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(scratch: &Path) -> Kept {
        Kept::of(&Env::from([("XDG_CONFIG_HOME", scratch.to_str().unwrap())])).unwrap()
    }

    #[test]
    fn each_server_has_a_token_of_its_own() {
        let scratch = tempfile::tempdir().unwrap();
        let kept = kept(scratch.path());
        let servers = ["https://a.example", "https://b.example"].map(|url| url.parse::<Address>().unwrap());
        let [a, b] = &servers;
        assert_eq!(kept.token(a).unwrap(), None);
        assert!(!kept.forget(a).unwrap());
        kept.keep(a, "one").unwrap();
        kept.keep(b, "two").unwrap();
        kept.keep(a, "three").unwrap();
        assert_eq!(kept.token(a).unwrap().as_deref(), Some("three"));
        assert!(kept.forget(a).unwrap());
        assert!(!kept.forget(a).unwrap());
        assert_eq!(kept.token(a).unwrap(), None);
        assert_eq!(kept.token(b).unwrap().as_deref(), Some("two"));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_alone_or_not_used() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let scratch = tempfile::tempdir().unwrap();
        let kept = kept(scratch.path());
        let server = "https://a.example".parse().unwrap();
        kept.keep(&server, "secret").unwrap();
        assert_eq!(fs::metadata(kept.path()).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&kept.directory).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(kept.path(), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(kept.token(&server).is_err());
        assert!(kept.keep(&server, "other").is_err());
    }

    #[test]
    fn what_is_no_such_file_is_told() {
        let scratch = tempfile::tempdir().unwrap();
        let kept = kept(scratch.path());
        kept.keep(&"https://a.example".parse().unwrap(), "secret").unwrap();
        write_private(&kept.path(), b"[]").unwrap();
        assert!(kept.token(&"https://a.example".parse().unwrap()).is_err());
        assert!(Kept::of(&Env::default()).is_err());
    }
}
