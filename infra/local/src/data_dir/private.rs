//! Who may read what: everything in a data directory is for one user.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use super::DataDirError;

/// Files that tell a data directory from others, also one that was killed at its first start or put back from a backup.
#[cfg(unix)]
const OURS: [&str; 5] = [
    super::LOCK,
    "muster.owner",
    "objects.db",
    "registry.db",
    "registry.db.new",
];

/// Replaces a file in one step by one that only this user can read, so that nobody reads half of it.
///
/// # Errors
/// When the file system refuses.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    // What a killed process left may have another mode.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = File::options();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&new)?.write_all(content)?;
    fs::rename(&new, path)
}

/// Closes a directory to all users but its owner, and says whether it was open. One that holds what is not ours is left
/// as it is: it may be meant for others.
#[cfg(unix)]
pub(super) fn close_to_others(path: &Path) -> Result<bool, DataDirError> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    const STICKY: u32 = 0o1000;
    let failed = |error| DataDirError::from_io(path, "see who may read it", error);
    let mode = || Ok(fs::metadata(path).map_err(failed)?.mode());
    let before = mode()?;
    if before & 0o077 == 0 {
        return Ok(false);
    }
    let open = || DataDirError::OpenToOthers { path: path.to_owned() };
    let ours = OURS.iter().any(|name| path.join(name).exists()) || fs::read_dir(path).map_err(failed)?.next().is_none();
    if !ours || before & STICKY != 0 {
        return Err(open());
    }
    match fs::set_permissions(path, fs::Permissions::from_mode(0o700)) {
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => return Err(failed(error)),
        Err(_) => return Err(open()),
        Ok(()) => {}
    }
    // Some file systems have no modes, and change none.
    match mode()? & 0o077 {
        0 => Ok(true),
        _ => Err(open()),
    }
}

/// Where there are no modes, the directory's own rights decide.
#[cfg(not(unix))]
pub(super) fn close_to_others(_: &Path) -> Result<bool, DataDirError> {
    Ok(false)
}
