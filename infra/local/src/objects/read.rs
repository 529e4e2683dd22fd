//! Reading objects: GetObject and HeadObject.

use std::io::{Seek, SeekFrom};

use s3s::dto::{
    ChecksumMode, ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, Range, StreamingBlob,
};
use s3s::{S3Result, s3_error};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::checksums::set_checksums;
use super::conditions::{ReadConditions, timestamp};
use super::versions::{self, About, Version};
use super::{Inner, Objects};
use crate::objects::failure::Outcome;

/// Bytes that are read from a body at once.
const WINDOW: usize = 256 * 1024;

pub(super) async fn get(objects: &Objects, input: GetObjectInput) -> S3Result<GetObjectOutput> {
    if input.part_number.is_some() {
        return Err(s3_error!(
            NotImplemented,
            "parts of an object are not kept apart: ask for a range"
        ));
    }
    let conditions = ReadConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    let (bucket, key, id, range) = (input.bucket, input.key, input.version_id, input.range);
    let with_checksums = wants_checksums(input.checksum_mode.as_ref()) && range.is_none();
    let (found, about, file, bytes) = objects
        .blocking(move |inner| {
            let (found, about, mut file) = open(inner, &bucket, &key, id.as_deref(), &conditions)?;
            let size = found.size.unsigned_abs();
            let bytes = match range {
                Some(range) => satisfy(range, size)?,
                None => 0..size,
            };
            file.seek(SeekFrom::Start(bytes.start))?;
            Ok((found, about, file, bytes))
        })
        .await?;
    let length = bytes.end - bytes.start;
    let reader = tokio::fs::File::from_std(file).take(length);
    let mut output = GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        body: Some(StreamingBlob::wrap(ReaderStream::with_capacity(reader, WINDOW))),
        cache_control: about.cache_control,
        content_disposition: about.content_disposition,
        content_encoding: about.content_encoding,
        content_language: about.content_language,
        content_length: Some(i64::try_from(length).unwrap_or(i64::MAX)),
        content_range: range.map(|_| format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, found.size)),
        content_type: about.content_type,
        e_tag: Some(ETag::Strong(found.etag)),
        last_modified: Some(timestamp(found.modified)),
        metadata: Some(about.metadata),
        version_id: Some(found.version),
        ..GetObjectOutput::default()
    };
    if with_checksums {
        set_checksums!(output, &about.checksums);
    }
    Ok(output)
}

pub(super) async fn head(objects: &Objects, input: HeadObjectInput) -> S3Result<HeadObjectOutput> {
    let conditions = ReadConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    let (bucket, key, id) = (input.bucket, input.key, input.version_id);
    let (found, about) = objects
        .blocking(move |inner| {
            let (found, _, about) = versions::find(&inner.database(), &bucket, &key, id.as_deref())?;
            conditions.check(&found.etag, found.modified)?;
            Ok((found, about))
        })
        .await?;
    let mut output = HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: about.cache_control,
        content_disposition: about.content_disposition,
        content_encoding: about.content_encoding,
        content_language: about.content_language,
        content_length: Some(found.size),
        content_type: about.content_type,
        e_tag: Some(ETag::Strong(found.etag)),
        last_modified: Some(timestamp(found.modified)),
        metadata: Some(about.metadata),
        version_id: Some(found.version),
        ..HeadObjectOutput::default()
    };
    if wants_checksums(input.checksum_mode.as_ref()) {
        set_checksums!(output, &about.checksums);
    }
    Ok(output)
}

/// Finds the object and opens its body, both before anybody else can delete it: an open file can be read to its end.
fn open(
    inner: &Inner,
    bucket: &str,
    key: &str,
    id: Option<&str>,
    conditions: &ReadConditions,
) -> Outcome<(Version, About, std::fs::File)> {
    let database = inner.database();
    let (found, blob, about) = versions::find(&database, bucket, key, id)?;
    conditions.check(&found.etag, found.modified)?;
    let file = inner.blobs.read_whole(&blob, found.size)?;
    Ok((found, about, file))
}

fn satisfy(range: Range, size: u64) -> S3Result<std::ops::Range<u64>> {
    match range.check(size) {
        Ok(bytes) if bytes.start < bytes.end => Ok(bytes),
        _ => Err(s3_error!(InvalidRange, "the object has {size} bytes")),
    }
}

fn wants_checksums(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}
