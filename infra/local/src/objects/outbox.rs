//! The outbox: "object created" events, at least once, in the order of the commits.

use muster_core::upload::ObjectVersion;
use rusqlite::{Transaction, params};
use s3s::S3Error;

use super::versions::Version;
use super::{Inner, Objects, keys};

/// An object was created or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEvent {
    /// The event's place in the order of all events; what [`Objects::acknowledge`] takes.
    pub seq: i64,
    /// The bucket.
    pub bucket: String,
    /// The key, as it is (not percent-encoded as in S3's own events).
    pub key: String,
    /// The version that was created.
    pub version: String,
    /// The size of the body in bytes.
    pub size: u64,
    /// The ETag, without quotes.
    pub etag: String,
}

impl Objects {
    /// The oldest events that are not acknowledged yet, at most `limit`. Repeats them until they are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_events(&self, limit: usize) -> Result<Vec<ObjectEvent>, S3Error> {
        self.blocking(move |inner| {
            let database = inner.database();
            let mut statement = database
                .prepare_cached("SELECT seq, bucket, key, version, size, etag FROM outbox ORDER BY seq LIMIT ?1")?;
            let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                Ok(ObjectEvent {
                    seq: row.get(0)?,
                    bucket: row.get(1)?,
                    key: keys::get(row, 2)?,
                    version: row.get(3)?,
                    size: row.get::<_, i64>(4)?.unsigned_abs(),
                    etag: row.get(5)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// How many events are not acknowledged yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting_events(&self) -> Result<u64, S3Error> {
        self.blocking(|inner| {
            let database = inner.database();
            let mut statement = database.prepare_cached("SELECT count(*) FROM outbox")?;
            let count: i64 = statement.query_row([], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
        .await
    }

    /// Whether the event of this version is not acknowledged yet.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn event_waits(&self, object: &ObjectVersion) -> Result<bool, S3Error> {
        let ObjectVersion { bucket, key, version } = object.clone();
        self.blocking(move |inner| {
            Ok(inner
                .database()
                .prepare_cached("SELECT 1 FROM outbox WHERE bucket = ?1 AND key = ?2 AND version = ?3")?
                .exists(params![bucket, key.as_bytes(), version])?)
        })
        .await
    }

    /// Puts the event of this version on the list again. Where it is there still, or the version is gone, nothing is to do.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn repeat_event(&self, object: &ObjectVersion) -> Result<(), S3Error> {
        let ObjectVersion { bucket, key, version } = object.clone();
        self.blocking(move |inner| {
            if !inner.makes_event(&key) {
                return Ok(());
            }
            inner
                .database()
                .prepare_cached(
                    "INSERT INTO outbox (bucket, key, version, size, etag)
                     SELECT bucket, key, version, size, etag FROM versions AS v
                     WHERE bucket = ?1 AND key = ?2 AND version = ?3 AND blob IS NOT NULL AND NOT EXISTS (
                         SELECT 1 FROM outbox AS o
                         WHERE o.bucket = v.bucket AND o.key = v.key AND o.version = v.version
                     )",
                )?
                .execute(params![bucket, key.as_bytes(), version])?;
            inner.arrived.notify_one();
            Ok(())
        })
        .await
    }

    /// Takes one event off the list, for good. An unknown `seq` is nothing to do.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acknowledge(&self, seq: i64) -> Result<(), S3Error> {
        self.blocking(move |inner| {
            inner
                .database()
                .prepare_cached("DELETE FROM outbox WHERE seq = ?1")?
                .execute([seq])?;
            Ok(())
        })
        .await
    }

    /// Waits until an event arrives. An arrival that nobody waited for is remembered, so that one loop of
    /// "[`next_events`](Self::next_events) until empty, then wait" misses none. For one waiter at a time.
    pub async fn notified(&self) {
        self.inner.arrived.notified().await;
    }
}

/// Puts the event of a new version into the transaction that creates it, if its key makes events.
pub(super) fn record(
    inner: &Inner,
    transaction: &Transaction<'_>,
    bucket: &str,
    version: &Version,
) -> rusqlite::Result<()> {
    if inner.makes_event(&version.key) {
        transaction
            .prepare_cached("INSERT INTO outbox (bucket, key, version, size, etag) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                bucket,
                version.key.as_bytes(),
                version.version,
                version.size,
                version.etag
            ])?;
    }
    Ok(())
}
