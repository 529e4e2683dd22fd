//! Uploads in parts.

mod listing;

use rusqlite::{Connection, OptionalExtension, params};
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CompletedPart, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::blobs::{Received, hex};
use super::checksums::{Checksums, set_checksums};
use super::conditions::WriteConditions;
use super::failure::Outcome;
use super::versions::{self, About, NewVersion};
use super::write::about;
use super::{Objects, schema};

pub(super) use listing::{list_parts, list_uploads};

/// Every part but the last has at least this many bytes (Amazon S3 user guide, "multipart upload limits").
const MIN_PART: i64 = 5 * 1024 * 1024;
/// The highest part number (the same source).
const MAX_PARTS: i32 = 10_000;

/// A part that has arrived.
struct Stored {
    number: i32,
    blob: String,
    size: i64,
    md5: [u8; 16],
    modified: i64,
    checksums: Checksums,
}

/// What was said about the object when the upload began. An upload belongs to one key of one bucket.
fn require_upload(connection: &Connection, bucket: &str, key: &str, id: &str) -> Outcome<About> {
    schema::require_bucket(connection, bucket)?;
    let about: Option<String> = connection
        .prepare_cached("SELECT about FROM uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3")?
        .query_row(params![id, bucket, key.as_bytes()], |row| row.get(0))
        .optional()?;
    let about = about.ok_or_else(|| s3_error!(NoSuchUpload, "the upload was completed or aborted, or never was"))?;
    Ok(serde_json::from_str(&about)?)
}

fn parts_behind(connection: &Connection, id: &str, number: i32, limit: usize) -> Outcome<Vec<Stored>> {
    let mut statement = connection.prepare_cached(
        "SELECT number, blob, size, md5, modified, checksums FROM parts
         WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
    )?;
    let mut rows = statement.query(params![id, number, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut parts = Vec::new();
    while let Some(row) = rows.next()? {
        parts.push(Stored {
            number: row.get(0)?,
            blob: row.get(1)?,
            size: row.get(2)?,
            md5: row.get(3)?,
            modified: row.get(4)?,
            checksums: serde_json::from_str(&row.get::<_, String>(5)?)?,
        });
    }
    Ok(parts)
}

pub(super) async fn create(
    objects: &Objects,
    mut input: CreateMultipartUploadInput,
) -> S3Result<CreateMultipartUploadOutput> {
    let about = about!(input);
    objects
        .blocking(move |inner| {
            let (database, id) = (inner.database(), schema::random_id());
            schema::require_bucket(&database, &input.bucket)?;
            database
                .prepare_cached("INSERT INTO uploads VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![
                    id,
                    input.bucket,
                    input.key.as_bytes(),
                    inner.now(),
                    serde_json::to_string(&about)?
                ])?;
            Ok(CreateMultipartUploadOutput {
                bucket: Some(input.bucket),
                key: Some(input.key),
                upload_id: Some(id),
                checksum_algorithm: input.checksum_algorithm,
                ..Default::default()
            })
        })
        .await
}

pub(super) async fn upload_part(objects: &Objects, request: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
    let (input, headers, trailers) = (request.input, request.headers, request.trailing_headers);
    if !(1..=MAX_PARTS).contains(&input.part_number) {
        return Err(s3_error!(InvalidArgument, "a part number is between 1 and {MAX_PARTS}"));
    }
    let (bucket, key, id, number) = (input.bucket, input.key, input.upload_id, input.part_number);
    let Received {
        mut blob,
        md5,
        checksums,
    } = objects.receive(input.body, &headers, trailers).await?;
    let checksums = objects
        .blocking(move |inner| {
            blob.publish()?;
            let mut database = inner.database();
            let transaction = database.transaction()?;
            require_upload(&transaction, &bucket, &key, &id)?;
            let replaced: Option<String> = transaction
                .prepare_cached("SELECT blob FROM parts WHERE upload = ?1 AND number = ?2")?
                .query_row(params![id, number], |row| row.get(0))
                .optional()?;
            let (size, text) = (
                i64::try_from(blob.size()).unwrap_or(i64::MAX),
                serde_json::to_string(&checksums)?,
            );
            transaction
                .prepare_cached("INSERT OR REPLACE INTO parts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
                .execute(params![id, number, blob.name(), size, md5, inner.now(), text])?;
            blob.settle();
            transaction.commit()?;
            if let Some(replaced) = replaced {
                inner.blobs.remove(&replaced);
            }
            Ok(checksums)
        })
        .await?;
    let mut output = UploadPartOutput {
        e_tag: Some(ETag::Strong(hex(&md5))),
        ..Default::default()
    };
    set_checksums!(output, &checksums);
    Ok(output)
}

/// The parts that a client names, in its order, checked against those that arrived.
fn chosen(named: &[CompletedPart], arrived: Vec<Stored>) -> S3Result<Vec<Stored>> {
    let mut arrived: std::collections::BTreeMap<i32, Stored> = arrived.into_iter().map(|p| (p.number, p)).collect();
    let mut parts: Vec<Stored> = Vec::with_capacity(named.len());
    for part in named {
        let number = part.part_number.unwrap_or_default();
        if parts.last().is_some_and(|last| last.number >= number) {
            return Err(s3_error!(InvalidPartOrder, "part {number} is not in ascending order"));
        }
        if parts.last().is_some_and(|last| last.size < MIN_PART) {
            return Err(s3_error!(
                EntityTooSmall,
                "every part but the last has at least {MIN_PART} bytes"
            ));
        }
        let stored = arrived.remove(&number);
        let stored = stored.filter(|s| part.e_tag.as_ref().is_none_or(|tag| tag.value() == hex(&s.md5)));
        parts.push(stored.ok_or_else(|| s3_error!(InvalidPart, "part {number} did not arrive with this ETag"))?);
    }
    if parts.is_empty() {
        return Err(s3_error!(MalformedXML, "at least one part must be named"));
    }
    Ok(parts)
}

pub(super) async fn complete(
    objects: &Objects,
    input: CompleteMultipartUploadInput,
) -> S3Result<CompleteMultipartUploadOutput> {
    let named = input.multipart_upload.and_then(|u| u.parts).unwrap_or_default();
    let conditions = WriteConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
    };
    let (bucket, key, id) = (input.bucket, input.key, input.upload_id);
    objects
        .blocking(move |inner| {
            let (about, arrived) = {
                let database = inner.database();
                let about = require_upload(&database, &bucket, &key, &id)?;
                (about, parts_behind(&database, &id, 0, usize::MAX)?)
            };
            let leftovers: Vec<String> = arrived.iter().map(|p| p.blob.clone()).collect();
            let parts = chosen(&named, arrived)?;
            let mut md5 = Md5::new();
            parts.iter().for_each(|part| md5.update(&part.md5));
            let etag = format!("{}-{}", hex(&md5.finalize()), parts.len());
            let names: Vec<String> = parts.into_iter().map(|p| p.blob).collect();
            let blob = inner.blobs.concatenate(&names)?;
            let new = NewVersion {
                bucket: &bucket,
                key: &key,
                etag,
                about: &about,
                conditions: &conditions,
            };
            let made = versions::create(inner, new, blob, |transaction| {
                // The parts go with their upload; of two completions at once, one finds it gone.
                match transaction.execute("DELETE FROM uploads WHERE id = ?1", [&id])? {
                    0 => Err(s3_error!(NoSuchUpload).into()),
                    _ => Ok(()),
                }
            })?;
            leftovers.iter().for_each(|name| inner.blobs.remove(name));
            Ok(CompleteMultipartUploadOutput {
                location: Some(format!("/{bucket}/{key}")),
                bucket: Some(bucket),
                key: Some(key),
                e_tag: Some(ETag::Strong(made.etag)),
                version_id: Some(made.version),
                ..Default::default()
            })
        })
        .await
}

pub(super) async fn abort(objects: &Objects, input: AbortMultipartUploadInput) -> S3Result<AbortMultipartUploadOutput> {
    objects
        .blocking(move |inner| {
            let database = inner.database();
            require_upload(&database, &input.bucket, &input.key, &input.upload_id)?;
            let parts = parts_behind(&database, &input.upload_id, 0, usize::MAX)?;
            database.execute("DELETE FROM uploads WHERE id = ?1", [&input.upload_id])?;
            parts.iter().for_each(|part| inner.blobs.remove(&part.blob));
            Ok(AbortMultipartUploadOutput::default())
        })
        .await
}
