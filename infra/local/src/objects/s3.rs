//! The operations of the protocol that we offer. All others answer "NotImplemented".

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, BucketVersioningStatus, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput, CreateBucketOutput,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, GetBucketLocationInput, GetBucketLocationOutput, GetBucketVersioningInput,
    GetBucketVersioningOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
    HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput,
    ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput, PutObjectOutput, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};

use super::{Objects, buckets, listing, multipart, read, write};

/// `operation: Input => Output = call` becomes the trait's method.
macro_rules! operations {
    ($($name:ident: $input:ty => $output:ty = |$objects:ident, $request:ident| $call:expr;)*) => {
        #[async_trait::async_trait]
        impl S3 for Objects {
            $(async fn $name(&self, $request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                let $objects = self;
                Ok(S3Response::new($call))
            })*
        }
    };
}

operations! {
    create_bucket: CreateBucketInput => CreateBucketOutput = |o, r| buckets::create(o, r.input.bucket).await?;
    head_bucket: HeadBucketInput => HeadBucketOutput = |o, r| {
        buckets::require(o, r.input.bucket).await?;
        HeadBucketOutput::default()
    };
    list_buckets: ListBucketsInput => ListBucketsOutput = |o, _r| buckets::list(o).await?;
    get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput = |o, r| {
        buckets::require(o, r.input.bucket).await?;
        GetBucketLocationOutput::default()
    };
    get_bucket_versioning: GetBucketVersioningInput => GetBucketVersioningOutput = |o, r| {
        buckets::require(o, r.input.bucket).await?;
        let status = BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED);
        GetBucketVersioningOutput { status: Some(status), ..Default::default() }
    };

    put_object: PutObjectInput => PutObjectOutput = |o, r| write::put(o, r).await?;
    copy_object: CopyObjectInput => CopyObjectOutput = |o, r| write::copy(o, r.input).await?;
    delete_object: DeleteObjectInput => DeleteObjectOutput = |o, r| write::delete(o, r.input).await?;
    delete_objects: DeleteObjectsInput => DeleteObjectsOutput = |o, r| write::delete_many(o, r.input).await?;
    get_object: GetObjectInput => GetObjectOutput = |o, r| read::get(o, r.input).await?;
    head_object: HeadObjectInput => HeadObjectOutput = |o, r| read::head(o, r.input).await?;

    list_objects: ListObjectsInput => ListObjectsOutput = |o, r| listing::objects_v1(o, r.input).await?;
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output = |o, r| listing::objects(o, r.input).await?;
    list_object_versions: ListObjectVersionsInput => ListObjectVersionsOutput = |o, r| {
        listing::object_versions(o, r.input).await?
    };

    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput = |o, r| {
        multipart::create(o, r.input).await?
    };
    upload_part: UploadPartInput => UploadPartOutput = |o, r| multipart::upload_part(o, r).await?;
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput = |o, r| {
        multipart::complete(o, r.input).await?
    };
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput = |o, r| {
        multipart::abort(o, r.input).await?
    };
    list_parts: ListPartsInput => ListPartsOutput = |o, r| multipart::list_parts(o, r.input).await?;
    list_multipart_uploads: ListMultipartUploadsInput => ListMultipartUploadsOutput = |o, r| {
        multipart::list_uploads(o, r.input).await?
    };
}
