//! Writing objects: PutObject, CopyObject, DeleteObject and DeleteObjects.

use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, Error, MetadataDirective, ObjectIdentifier,
    PutObjectInput, PutObjectOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::blobs::{Received, hex};
use super::checksums::set_checksums;
use super::conditions::{ReadConditions, WriteConditions, timestamp};
use super::versions::{self, About, Deleted, NewVersion};
use super::{Objects, buckets};

/// What S3 calls a body that nobody described.
pub(in crate::objects) const UNKNOWN_TYPE: &str = "binary/octet-stream";

/// Reads what a request says about its object; the same headers serve three operations.
macro_rules! about {
    ($input:expr) => {
        About {
            content_type: Some(
                $input
                    .content_type
                    .take()
                    .unwrap_or_else(|| $crate::objects::write::UNKNOWN_TYPE.to_owned()),
            ),
            content_encoding: $input.content_encoding.take(),
            content_disposition: $input.content_disposition.take(),
            content_language: $input.content_language.take(),
            cache_control: $input.cache_control.take(),
            metadata: $input.metadata.take().unwrap_or_default(),
            checksums: Default::default(),
        }
    };
}
pub(super) use about;

pub(super) async fn put(objects: &Objects, request: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
    let (mut input, headers, trailers) = (request.input, request.headers, request.trailing_headers);
    // Before 4 GB travel for nothing; the transaction looks again.
    buckets::require(objects, input.bucket.clone()).await?;
    let mut about = about!(input);
    let conditions = WriteConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
    };
    let Received { blob, md5, checksums } = objects.receive(input.body, &headers, trailers).await?;
    about.checksums = checksums;
    let (bucket, key) = (input.bucket, input.key);
    let (made, about) = objects
        .blocking(move |inner| {
            let new = NewVersion {
                bucket: &bucket,
                key: &key,
                etag: hex(&md5),
                about: &about,
                conditions: &conditions,
            };
            let made = versions::create(inner, new, blob, |_| Ok(()))?;
            Ok((made, about))
        })
        .await?;
    let mut output = PutObjectOutput {
        e_tag: Some(ETag::Strong(made.etag)),
        version_id: Some(made.version),
        ..PutObjectOutput::default()
    };
    set_checksums!(output, &about.checksums);
    Ok(output)
}

pub(super) async fn copy(objects: &Objects, mut input: CopyObjectInput) -> S3Result<CopyObjectOutput> {
    let CopySource::Bucket {
        bucket: from_bucket,
        key: from_key,
        version_id: from_version,
    } = input.copy_source
    else {
        return Err(s3_error!(
            NotImplemented,
            "there are no access points here: copy from bucket/key"
        ));
    };
    let replaced = input
        .metadata_directive
        .as_ref()
        .is_some_and(|d| d.as_str() == MetadataDirective::REPLACE);
    let replacement = replaced.then(|| about!(input));
    let conditions = ReadConditions {
        if_match: input.copy_source_if_match,
        if_none_match: input.copy_source_if_none_match,
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let (bucket, key) = (input.bucket, input.key);
    let (source, made, about) = objects
        .blocking(move |inner| {
            // The lock keeps the source from being deleted before the copy has its own name for the body.
            let (source, about, blob) = {
                let database = inner.database();
                let (source, blob, about) =
                    versions::find(&database, &from_bucket, &from_key, from_version.as_deref())?;
                conditions
                    .check(&source.etag, source.modified)
                    .map_err(|_| s3_error!(PreconditionFailed))?;
                let blob = inner.blobs.duplicate(&blob, source.size)?;
                (source, about, blob)
            };
            let about = match replacement {
                Some(new) => About {
                    checksums: about.checksums,
                    ..new
                },
                None => about,
            };
            let always = WriteConditions::default();
            let etag = source.etag.clone();
            let new = NewVersion {
                bucket: &bucket,
                key: &key,
                etag,
                about: &about,
                conditions: &always,
            };
            let made = versions::create(inner, new, blob, |_| Ok(()))?;
            Ok((source, made, about))
        })
        .await?;
    let mut result = CopyObjectResult {
        e_tag: Some(ETag::Strong(made.etag)),
        last_modified: Some(timestamp(made.modified)),
        ..CopyObjectResult::default()
    };
    set_checksums!(result, &about.checksums);
    Ok(CopyObjectOutput {
        copy_object_result: Some(result),
        copy_source_version_id: Some(source.version),
        version_id: Some(made.version),
        ..CopyObjectOutput::default()
    })
}

pub(super) async fn delete(objects: &Objects, input: DeleteObjectInput) -> S3Result<DeleteObjectOutput> {
    if input.if_match_last_modified_time.is_some() || input.if_match_size.is_some() {
        return Err(s3_error!(
            NotImplemented,
            "a delete takes no condition other than If-Match"
        ));
    }
    let conditions = WriteConditions {
        if_match: input.if_match,
        if_none_match: None,
    };
    let (bucket, key, id) = (input.bucket, input.key, input.version_id);
    let deleted = objects
        .blocking(move |inner| versions::delete(inner, &bucket, &key, id.as_deref(), &conditions))
        .await?;
    Ok(DeleteObjectOutput {
        delete_marker: deleted.marker.then_some(true),
        version_id: Some(deleted.version),
        ..DeleteObjectOutput::default()
    })
}

pub(super) async fn delete_many(objects: &Objects, input: DeleteObjectsInput) -> S3Result<DeleteObjectsOutput> {
    if input.delete.objects.len() > 1000 {
        return Err(s3_error!(MalformedXML, "at most 1000 keys go at once"));
    }
    let quiet = input.delete.quiet.unwrap_or_default();
    let bucket = input.bucket;
    buckets::require(objects, bucket.clone()).await?;
    objects
        .blocking(move |inner| {
            let (mut deleted, mut errors) = (Vec::new(), Vec::new());
            for ObjectIdentifier {
                key, version_id, e_tag, ..
            } in input.delete.objects
            {
                let conditions = WriteConditions {
                    if_match: e_tag.map(s3s::dto::ETagCondition::ETag),
                    if_none_match: None,
                };
                match versions::delete(inner, &bucket, &key, version_id.as_deref(), &conditions) {
                    Ok(done) if !quiet => deleted.push(receipt(key, version_id, done)),
                    Ok(_) => {}
                    Err(e) => errors.push(complaint(key, version_id, &inner.error(e))),
                }
            }
            Ok(DeleteObjectsOutput {
                deleted: Some(deleted),
                errors: Some(errors),
                ..Default::default()
            })
        })
        .await
}

fn receipt(key: String, version_id: Option<String>, done: Deleted) -> DeletedObject {
    DeletedObject {
        key: Some(key),
        version_id,
        delete_marker: done.marker.then_some(true),
        delete_marker_version_id: done.marker.then_some(done.version),
    }
}

fn complaint(key: String, version_id: Option<String>, error: &S3Error) -> Error {
    let code: &S3ErrorCode = error.code();
    Error {
        key: Some(key),
        version_id,
        code: Some(code.as_str().to_owned()),
        message: error.message().map(str::to_owned),
    }
}
