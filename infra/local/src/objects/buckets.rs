//! Buckets.

use rusqlite::params;
use s3s::dto::{Bucket, CreateBucketOutput, ListBucketsOutput};
use s3s::{S3Result, s3_error};

use super::conditions::timestamp;
use super::{Objects, schema};

pub(super) async fn create(objects: &Objects, bucket: String) -> S3Result<CreateBucketOutput> {
    objects
        .blocking(move |inner| {
            let new = inner
                .database()
                .prepare_cached("INSERT OR IGNORE INTO buckets VALUES (?1, ?2)")?
                .execute(params![bucket, inner.now()])?;
            if new == 0 {
                return Err(s3_error!(BucketAlreadyOwnedByYou, "the bucket {bucket} exists already").into());
            }
            Ok(CreateBucketOutput {
                location: Some(format!("/{bucket}")),
            })
        })
        .await
}

pub(super) async fn require(objects: &Objects, bucket: String) -> S3Result<()> {
    objects
        .blocking(move |inner| schema::require_bucket(&inner.database(), &bucket))
        .await
}

pub(super) async fn list(objects: &Objects) -> S3Result<ListBucketsOutput> {
    objects
        .blocking(|inner| {
            let database = inner.database();
            let mut statement = database.prepare_cached("SELECT name, created FROM buckets ORDER BY name")?;
            let buckets = statement.query_map([], |row| {
                let (name, created) = (row.get(0)?, Some(timestamp(row.get(1)?)));
                Ok(Bucket {
                    name: Some(name),
                    creation_date: created,
                    ..Bucket::default()
                })
            })?;
            Ok(ListBucketsOutput {
                buckets: Some(buckets.collect::<Result<_, _>>()?),
                ..ListBucketsOutput::default()
            })
        })
        .await
}
