//! Versions of objects: the rows, and the transactions that make, find and remove them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use s3s::{S3Error, s3_error};
use serde::{Deserialize, Serialize};

use super::blobs::{Blob, Checksums};
use super::conditions::WriteConditions;
use super::failure::Outcome;
use super::{Inner, keys, outbox, schema};

/// One version of an object, or a delete marker.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) seq: i64,
    pub(super) key: String,
    pub(super) version: String,
    /// `None`: a delete marker.
    pub(super) blob: Option<String>,
    /// Bytes.
    pub(super) size: i64,
    pub(super) etag: String,
    /// Milliseconds since 1970.
    pub(super) modified: i64,
    pub(super) latest: bool,
}

/// What a client says about an object and gets back with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct About {
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) metadata: HashMap<String, String>,
    pub(super) checksums: Checksums,
}

/// The columns of [`Version`], in the order of [`version`].
pub(super) const COLUMNS: &str = "seq, key, version, blob, size, etag, modified, latest";

/// Reads a row of [`COLUMNS`].
pub(super) fn version(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        seq: row.get(0)?,
        key: keys::get(row, 1)?,
        version: row.get(2)?,
        blob: row.get(3)?,
        size: row.get(4)?,
        etag: row.get(5)?,
        modified: row.get(6)?,
        latest: row.get(7)?,
    })
}

/// The current row of a key, which may be a delete marker.
fn current(connection: &Connection, bucket: &str, key: &str) -> rusqlite::Result<Option<Version>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM versions WHERE bucket = ?1 AND key = ?2 AND latest = 1"
        ))?
        .query_row(params![bucket, key.as_bytes()], version)
        .optional()
}

fn exact(connection: &Connection, bucket: &str, key: &str, id: &str) -> rusqlite::Result<Option<Version>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM versions WHERE bucket = ?1 AND key = ?2 AND version = ?3"
        ))?
        .query_row(params![bucket, key.as_bytes(), id], version)
        .optional()
}

/// The object to read: the named version, or the current one.
pub(super) fn find(
    connection: &Connection,
    bucket: &str,
    key: &str,
    id: Option<&str>,
) -> Outcome<(Version, String, About)> {
    schema::require_bucket(connection, bucket)?;
    let found = match id {
        Some(id) => exact(connection, bucket, key, id)?.ok_or_else(|| s3_error!(NoSuchVersion))?,
        None => current(connection, bucket, key)?.ok_or_else(|| s3_error!(NoSuchKey))?,
    };
    let Some(blob) = found.blob.clone() else {
        return Err(deleted(&found, id).into());
    };
    let about: String = connection
        .prepare_cached("SELECT about FROM versions WHERE seq = ?1")?
        .query_row([found.seq], |row| row.get(0))?;
    Ok((found, blob, serde_json::from_str(&about)?))
}

/// The answer to reading a delete marker.
fn deleted(marker: &Version, id: Option<&str>) -> S3Error {
    let mut error = if id.is_some() {
        s3_error!(MethodNotAllowed)
    } else {
        s3_error!(NoSuchKey)
    };
    let mut headers = http::HeaderMap::new();
    headers.insert("x-amz-delete-marker", http::HeaderValue::from_static("true"));
    if let Ok(value) = http::HeaderValue::from_str(&marker.version) {
        headers.insert("x-amz-version-id", value);
    }
    error.set_headers(headers);
    error
}

/// A body that is on the disk and wants to become the current version of a key.
pub(super) struct NewVersion<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) etag: String,
    pub(super) about: &'a About,
    pub(super) conditions: &'a WriteConditions,
}

/// Makes `blob` the current version, with its event; `and` may do more in the same transaction.
pub(super) fn create(
    inner: &Inner,
    new: NewVersion<'_>,
    mut blob: Blob,
    and: impl FnOnce(&Transaction<'_>) -> Outcome<()>,
) -> Outcome<Version> {
    blob.publish()?;
    let NewVersion {
        bucket,
        key,
        etag,
        about,
        conditions,
    } = new;
    let mut database = inner.database();
    let transaction = database.transaction()?;
    schema::require_bucket(&transaction, bucket)?;
    let present = current(&transaction, bucket, key)?.filter(|v| v.blob.is_some());
    conditions.check(present.as_ref().map(|v| v.etag.as_str()))?;
    let made = insert(inner, &transaction, bucket, key, Some((&blob, etag)), about)?;
    outbox::record(inner, &transaction, bucket, &made)?;
    and(&transaction)?;
    // From here on the file stays: a commit that reports a fault may have happened all the same.
    blob.settle();
    transaction.commit()?;
    inner.arrived.notify_one();
    Ok(made)
}

fn insert(
    inner: &Inner,
    transaction: &Transaction<'_>,
    bucket: &str,
    key: &str,
    body: Option<(&Blob, String)>,
    about: &About,
) -> Outcome<Version> {
    transaction
        .prepare_cached("UPDATE versions SET latest = 0 WHERE bucket = ?1 AND key = ?2 AND latest = 1")?
        .execute(params![bucket, key.as_bytes()])?;
    let (blob, size, etag) = match body {
        Some((blob, etag)) => (
            Some(blob.name().to_owned()),
            i64::try_from(blob.size()).unwrap_or(i64::MAX),
            etag,
        ),
        None => (None, 0, String::new()),
    };
    let (id, modified) = ((inner.options.version_ids)(key), inner.now());
    transaction
        .prepare_cached(
            "INSERT INTO versions (bucket, key, version, latest, blob, size, etag, modified, about)
             VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            bucket,
            key.as_bytes(),
            id,
            blob,
            size,
            etag,
            modified,
            serde_json::to_string(about)?
        ])?;
    let seq = transaction.last_insert_rowid();
    Ok(Version {
        seq,
        key: key.to_owned(),
        version: id,
        blob,
        size,
        etag,
        modified,
        latest: true,
    })
}

/// What a delete did: the version or marker that it named, and whether that is a marker.
pub(super) struct Deleted {
    pub(super) version: String,
    pub(super) marker: bool,
}

/// Deletes one version for good, or puts a delete marker on the key.
pub(super) fn delete(
    inner: &Inner,
    bucket: &str,
    key: &str,
    id: Option<&str>,
    conditions: &WriteConditions,
) -> Outcome<Deleted> {
    let mut database = inner.database();
    let transaction = database.transaction()?;
    schema::require_bucket(&transaction, bucket)?;
    let Some(id) = id else {
        let present = current(&transaction, bucket, key)?.filter(|v| v.blob.is_some());
        conditions.check(present.as_ref().map(|v| v.etag.as_str()))?;
        let marker = insert(inner, &transaction, bucket, key, None, &About::default())?;
        transaction.commit()?;
        return Ok(Deleted {
            version: marker.version,
            marker: true,
        });
    };
    let Some(gone) = exact(&transaction, bucket, key, id)? else {
        return Ok(Deleted {
            version: id.to_owned(),
            marker: false,
        });
    };
    transaction
        .prepare_cached("DELETE FROM versions WHERE seq = ?1")?
        .execute([gone.seq])?;
    if gone.latest {
        transaction
            .prepare_cached(
                "UPDATE versions SET latest = 1
                 WHERE seq = (SELECT max(seq) FROM versions WHERE bucket = ?1 AND key = ?2)",
            )?
            .execute(params![bucket, key.as_bytes()])?;
    }
    transaction.commit()?;
    if let Some(blob) = &gone.blob {
        inner.blobs.remove(blob);
    }
    Ok(Deleted {
        version: gone.version,
        marker: gone.blob.is_none(),
    })
}
