//! Whether the files behind the bucket are as its database says. Bodies that no row names are removed when the store is
//! opened, so only the other way is to be looked at.

use std::path::Path;

use muster_core::upload::ObjectVersion;
use muster_store::fsck::{Code, Finding};
use muster_store::reports::PREFIX as REPORTS;
use rusqlite::{Connection, ErrorCode, OpenFlags, params};

use super::blobs::Blobs;
use super::{Objects, keys};
use crate::data_dir::DataDirError;

/// How many rows are read at once.
const PAGE: i64 = 1000;

/// A row that names a body.
struct Named {
    place: String,
    blob: String,
    size: i64,
}

impl Objects {
    /// Checks the database, and if it is sound each row that names a body.
    ///
    /// # Errors
    /// When they cannot be read at all.
    pub(crate) async fn check(&self) -> Result<Vec<Finding>, DataDirError> {
        let inner = self.inner.clone();
        let checked = tokio::task::spawn_blocking(move || {
            let failed = |e| DataDirError::from_sqlite(&inner.path, &e);
            if let Some(what) = quick_check(&inner.path).map_err(failed)? {
                return Ok(vec![damaged("objects.db", what)]);
            }
            let mut findings = Vec::new();
            let mut behind = 0;
            loop {
                // Held while the files are looked at: a row and its body go together.
                let database = inner.database();
                let (named, last) = versions_behind(&database, behind).map_err(failed)?;
                findings.extend(named.into_iter().filter_map(|row| against_file(&inner.blobs, row)));
                drop(database);
                match last {
                    Some(last) => behind = last,
                    None => break,
                }
            }
            let database = inner.database();
            let parts = parts(&database).map_err(failed)?;
            findings.extend(parts.into_iter().filter_map(|row| against_file(&inner.blobs, row)));
            Ok(findings)
        });
        checked.await.unwrap_or_else(|e| {
            Err(DataDirError::Database {
                path: self.inner.path.clone(),
                reason: e.to_string(),
            })
        })
    }
}

/// What SQLite finds wrong with the structure of a database; `None`: nothing. It reads all of it, so it has a connection of
/// its own: nobody waits for it.
pub(crate) fn quick_check(path: &Path) -> rusqlite::Result<Option<String>> {
    let word = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|database| database.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)));
    match word {
        // The first line only names the database.
        Ok(word) => Ok((word != "ok").then(|| word.lines().last().unwrap_or_default().to_owned())),
        Err(e)
            if matches!(
                e.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ) =>
        {
            Ok(Some(e.to_string()))
        }
        Err(e) => Err(e),
    }
}

/// A database that is damaged.
pub(crate) fn damaged(file: &str, what: impl Into<String>) -> Finding {
    Finding::new(Code::DatabaseDamaged, format!("database {file}"), what)
}

/// A page of the object versions behind one, and the last of them unless the page is the last.
fn versions_behind(database: &Connection, behind: i64) -> rusqlite::Result<(Vec<Named>, Option<i64>)> {
    let mut statement = database.prepare_cached(
        "SELECT seq, bucket, key, version, blob, size FROM versions
         WHERE blob IS NOT NULL AND seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut rows = statement.query(params![behind, PAGE])?;
    let (mut named, mut last) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        last = Some(row.get(0)?);
        named.push(Named {
            place: place(row.get(1)?, keys::get(row, 2)?, row.get(3)?),
            blob: row.get(4)?,
            size: row.get(5)?,
        });
    }
    Ok((named, last))
}

/// What an object is called. The key of a list is somebody's file name.
fn place(bucket: String, key: String, version: String) -> String {
    if key.starts_with(REPORTS) {
        return format!("object {key}");
    }
    format!(
        "the file of upload {}",
        ObjectVersion { bucket, key, version }.upload_id()
    )
}

fn parts(database: &Connection) -> rusqlite::Result<Vec<Named>> {
    let mut statement = database.prepare("SELECT upload, number, blob, size FROM parts")?;
    let rows = statement.query_map([], |row| {
        Ok(Named {
            place: format!(
                "part {} of multipart upload {}",
                row.get::<_, i64>(1)?,
                row.get::<_, String>(0)?
            ),
            blob: row.get(2)?,
            size: row.get(3)?,
        })
    })?;
    rows.collect()
}

fn against_file(blobs: &Blobs, row: Named) -> Option<Finding> {
    let Named { place, blob, size } = row;
    let found = blobs.size(&blob);
    match found {
        Ok(Some(found)) if found == size.unsigned_abs() => None,
        Ok(Some(found)) => {
            let detail = format!("its body blobs/{blob} has {found} bytes, and had {size}");
            Some(Finding::new(Code::BodyDamaged, place, detail))
        }
        Ok(None) => Some(Finding::new(
            Code::BodyMissing,
            place,
            format!("its body blobs/{blob} is gone"),
        )),
        Err(error) => Some(Finding::new(
            Code::BodyDamaged,
            place,
            format!("its body blobs/{blob} cannot be looked at: {error}"),
        )),
    }
}
