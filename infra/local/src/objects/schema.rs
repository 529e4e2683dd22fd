//! The tables of the metadata database, and what is made once at the first start.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::Credentials;

/// Keys are BLOBs: they compare by UTF-8 bytes, as S3 lists them, and may hold any character.
/// A version without a blob is a delete marker. `seq` orders the versions of a key, the newest last.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, created INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS versions (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        bucket TEXT NOT NULL REFERENCES buckets (name),
        key BLOB NOT NULL,
        version TEXT NOT NULL,
        latest INTEGER NOT NULL,
        blob TEXT,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        modified INTEGER NOT NULL,
        about TEXT NOT NULL
    );
    CREATE UNIQUE INDEX IF NOT EXISTS versions_by_key ON versions (bucket, key, seq DESC);
    CREATE UNIQUE INDEX IF NOT EXISTS current_versions ON versions (bucket, key) WHERE latest = 1;
    CREATE TABLE IF NOT EXISTS uploads (
        id TEXT PRIMARY KEY,
        bucket TEXT NOT NULL REFERENCES buckets (name),
        key BLOB NOT NULL,
        started INTEGER NOT NULL,
        about TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS parts (
        upload TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        blob TEXT NOT NULL,
        size INTEGER NOT NULL,
        md5 BLOB NOT NULL,
        modified INTEGER NOT NULL,
        checksums TEXT NOT NULL,
        PRIMARY KEY (upload, number)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        bucket TEXT NOT NULL,
        key BLOB NOT NULL,
        version TEXT NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL
    );
    INSERT OR IGNORE INTO meta VALUES ('schema', '1');
";

/// Sets the connection up and creates what is missing.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    // FULL: an answered write survives a power cut, not only a killed process.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.commit()
}

/// The access key, made if there is none yet.
pub(super) fn credentials(connection: &Connection) -> rusqlite::Result<Credentials> {
    let get = |name: &str, fresh: String| -> rusqlite::Result<String> {
        connection.execute("INSERT OR IGNORE INTO meta VALUES (?1, ?2)", params![name, fresh])?;
        connection.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
    };
    let mut access_key = random_id().to_uppercase();
    access_key.truncate(16);
    Ok(Credentials {
        access_key: get("access_key", format!("MSTR{access_key}"))?,
        secret_key: get("secret_key", format!("{}{}", random_id(), random_id()))?,
    })
}

/// The blobs that some row needs.
pub(super) fn named_blobs(connection: &Connection) -> rusqlite::Result<HashSet<String>> {
    let mut statement =
        connection.prepare("SELECT blob FROM versions WHERE blob IS NOT NULL UNION ALL SELECT blob FROM parts")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Refuses a bucket that does not exist.
pub(super) fn require_bucket(connection: &Connection, bucket: &str) -> super::Outcome<()> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM buckets WHERE name = ?1")?;
    match statement.query_row([bucket], |_| Ok(())).optional()? {
        Some(()) => Ok(()),
        None => Err(s3s::s3_error!(NoSuchBucket, "the bucket {bucket} does not exist").into()),
    }
}

/// 32 hexadecimal digits: a version, a blob, an upload, a secret.
#[expect(
    clippy::disallowed_methods,
    reason = "S3 makes these names up itself; nothing in the product derives from them"
)]
pub(super) fn random_id() -> String {
    Uuid::new_v4().simple().to_string()
}
