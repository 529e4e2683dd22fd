//! Listings of parts and of uploads under way.

use rusqlite::params;
use s3s::dto::{
    ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload, Part,
};
use s3s::{S3Result, s3_error};

use super::{Stored, parts_behind, require_upload};
use crate::objects::blobs::hex;
use crate::objects::checksums::set_checksums;
use crate::objects::conditions::timestamp;
use crate::objects::listing::page_size;
use crate::objects::{Objects, keys, schema};

pub(in crate::objects) async fn list_parts(objects: &Objects, input: ListPartsInput) -> S3Result<ListPartsOutput> {
    let max = page_size(input.max_parts)?;
    objects
        .blocking(move |inner| {
            let database = inner.database();
            require_upload(&database, &input.bucket, &input.key, &input.upload_id)?;
            let behind = input.part_number_marker.unwrap_or_default();
            let mut found = parts_behind(&database, &input.upload_id, behind, max + 1)?;
            let truncated = max > 0 && found.len() > max;
            found.truncate(max);
            Ok(ListPartsOutput {
                bucket: Some(input.bucket),
                key: Some(input.key),
                upload_id: Some(input.upload_id),
                max_parts: i32::try_from(max).ok(),
                part_number_marker: input.part_number_marker,
                is_truncated: Some(truncated),
                next_part_number_marker: found.last().filter(|_| truncated).map(|p| p.number),
                parts: Some(found.into_iter().map(part).collect()),
                ..Default::default()
            })
        })
        .await
}

fn part(stored: Stored) -> Part {
    let mut part = Part {
        part_number: Some(stored.number),
        e_tag: Some(ETag::Strong(hex(&stored.md5))),
        last_modified: Some(timestamp(stored.modified)),
        size: Some(stored.size),
        ..Part::default()
    };
    set_checksums!(part, &stored.checksums);
    part
}

pub(in crate::objects) async fn list_uploads(
    objects: &Objects,
    input: ListMultipartUploadsInput,
) -> S3Result<ListMultipartUploadsOutput> {
    if input.delimiter.is_some() {
        return Err(s3_error!(
            NotImplemented,
            "uploads are listed by prefix, without a delimiter"
        ));
    }
    let max = page_size(input.max_uploads)?;
    objects
        .blocking(move |inner| {
            let encode = |text: String| keys::encode(text, input.encoding_type.as_ref());
            let database = inner.database();
            schema::require_bucket(&database, &input.bucket)?;
            let prefix = input.prefix.clone().unwrap_or_default();
            let mut statement = database.prepare_cached(
                "SELECT id, key, started FROM uploads
                 WHERE bucket = ?1 AND key >= ?2 AND key < ?3 AND (key > ?4 OR (key = ?4 AND id > ?5))
                 ORDER BY key, id LIMIT ?6",
            )?;
            // Without an upload's id the marker stands for all uploads of its key.
            let after_id = match (&input.key_marker, &input.upload_id_marker) {
                (Some(_), None) => "~",
                (_, id) => id.as_deref().unwrap_or_default(),
            };
            let after_key = input.key_marker.clone().unwrap_or_default().into_bytes();
            let limit = i64::try_from(max + 1).unwrap_or(i64::MAX);
            let rows = statement.query_map(
                params![
                    input.bucket,
                    prefix.as_bytes(),
                    keys::end_of(&prefix),
                    after_key,
                    after_id,
                    limit
                ],
                |row| {
                    Ok(MultipartUpload {
                        upload_id: row.get(0)?,
                        key: Some(keys::get(row, 1)?),
                        initiated: Some(timestamp(row.get(2)?)),
                        ..Default::default()
                    })
                },
            )?;
            let mut found: Vec<MultipartUpload> = rows.collect::<Result<_, _>>()?;
            let truncated = max > 0 && found.len() > max;
            found.truncate(max);
            for upload in &mut found {
                upload.key = upload.key.take().map(encode);
            }
            let last = found.last().filter(|_| truncated);
            Ok(ListMultipartUploadsOutput {
                bucket: Some(input.bucket),
                prefix: input.prefix.map(encode),
                key_marker: input.key_marker.map(encode),
                upload_id_marker: input.upload_id_marker,
                max_uploads: i32::try_from(max).ok(),
                is_truncated: Some(truncated),
                next_key_marker: last.and_then(|u| u.key.clone()),
                next_upload_id_marker: last.and_then(|u| u.upload_id.clone()),
                uploads: Some(found),
                encoding_type: input.encoding_type.clone(),
                ..Default::default()
            })
        })
        .await
}
