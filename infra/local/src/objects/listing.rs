//! Listings: ListObjects in both versions, and ListObjectVersions.

use rusqlite::{Connection, params};
use s3s::dto::{
    CommonPrefix, DeleteMarkerEntry, ETag, EncodingType, ListObjectVersionsInput, ListObjectVersionsOutput,
    ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object, ObjectVersion,
};
use s3s::{S3Result, s3_error};

use super::conditions::timestamp;
use super::failure::Outcome;
use super::keys::{common_prefix, encode, end_of};
use super::versions::{self, Version};
use super::{Objects, schema};

/// What a listing is about.
struct Asked {
    bucket: String,
    prefix: String,
    delimiter: Option<String>,
    /// Most entries on a page, common prefixes included.
    max: usize,
    /// All versions and markers, or current objects only?
    all_versions: bool,
}

/// A place in the order of a listing (keys ascending, of one key the newest version first): strictly before what
/// comes next.
struct Cursor {
    key: Vec<u8>,
    seq: i64,
}

impl Cursor {
    /// Before everything that begins with these bytes or comes behind them.
    fn before(key: Vec<u8>) -> Self {
        Self { key, seq: i64::MAX }
    }

    /// Behind every version of a key or, if it is one of the listing's common prefixes, behind all that it stands for.
    fn behind(marker: &str, asked: &Asked) -> Self {
        if common_prefix(marker, &asked.prefix, asked.delimiter.as_deref()) == Some(marker) {
            return Self::before(end_of(marker));
        }
        Self {
            key: marker.as_bytes().to_vec(),
            seq: i64::MIN,
        }
    }
}

/// One page of a listing.
#[derive(Default)]
struct Page {
    versions: Vec<Version>,
    prefixes: Vec<String>,
    /// The last key or prefix of this page, and the version's `seq`, if there is another page.
    next: Option<(String, i64)>,
}

/// Reads one page. Keys behind a common prefix are skipped, not read: the work grows with the page.
fn page(connection: &Connection, asked: &Asked, start: Cursor) -> Outcome<Page> {
    schema::require_bucket(connection, &asked.bucket)?;
    let (only, order) = if asked.all_versions {
        ("", "key, seq DESC")
    } else {
        ("AND latest = 1 AND blob IS NOT NULL", "key")
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM versions
         WHERE bucket = ?1 AND key >= ?2 AND key < ?3 AND (key > ?2 OR seq < ?4) {only} ORDER BY {order}",
        versions::COLUMNS
    ))?;
    let (mut page, end, mut last) = (Page::default(), end_of(&asked.prefix), None);
    let mut cursor = if start.key.as_slice() < asked.prefix.as_bytes() {
        Cursor::before(asked.prefix.clone().into_bytes())
    } else {
        start
    };
    if asked.max == 0 {
        return Ok(page);
    }
    'behind_prefix: loop {
        let mut rows = statement.query(params![asked.bucket, cursor.key, end, cursor.seq])?;
        while let Some(row) = rows.next()? {
            if page.versions.len() + page.prefixes.len() == asked.max {
                page.next = last;
                return Ok(page);
            }
            let found = versions::version(row)?;
            if let Some(prefix) = common_prefix(&found.key, &asked.prefix, asked.delimiter.as_deref()) {
                cursor = Cursor::before(end_of(prefix));
                last = Some((prefix.to_owned(), found.seq));
                page.prefixes.push(prefix.to_owned());
                continue 'behind_prefix;
            }
            last = Some((found.key.clone(), found.seq));
            page.versions.push(found);
        }
        return Ok(page);
    }
}

/// The page size that a request asks for.
pub(super) fn page_size(asked: Option<i32>) -> S3Result<usize> {
    match usize::try_from(asked.unwrap_or(1000)) {
        Ok(size) => Ok(size.min(1000)),
        Err(_) => Err(s3_error!(InvalidArgument, "a page size is not negative")),
    }
}

fn prefixes(found: Vec<String>, encoding: Option<&EncodingType>) -> Vec<CommonPrefix> {
    found
        .into_iter()
        .map(|p| CommonPrefix {
            prefix: Some(encode(p, encoding)),
        })
        .collect()
}

fn object(version: Version, encoding: Option<&EncodingType>) -> Object {
    Object {
        key: Some(encode(version.key, encoding)),
        e_tag: Some(ETag::Strong(version.etag)),
        last_modified: Some(timestamp(version.modified)),
        size: Some(version.size),
        ..Object::default()
    }
}

pub(super) async fn objects(store: &Objects, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
    let asked = Asked {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        max: page_size(input.max_keys)?,
        all_versions: false,
    };
    let marker = match &input.continuation_token {
        Some(token) => Some(from_token(token)?),
        None => input.start_after.clone(),
    };
    let start = marker.map_or_else(|| Cursor::before(Vec::new()), |m| Cursor::behind(&m, &asked));
    let max = asked.max;
    let found = store
        .blocking(move |inner| page(&inner.database(), &asked, start))
        .await?;
    let encoding = input.encoding_type.as_ref();
    let count = found.versions.len() + found.prefixes.len();
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: input.prefix.map(|p| encode(p, encoding)),
        delimiter: input.delimiter.map(|d| encode(d, encoding)),
        start_after: input.start_after.map(|s| encode(s, encoding)),
        max_keys: i32::try_from(max).ok(),
        key_count: i32::try_from(count).ok(),
        continuation_token: input.continuation_token,
        is_truncated: Some(found.next.is_some()),
        next_continuation_token: found
            .next
            .map(|(marker, _)| base64_simd::URL_SAFE_NO_PAD.encode_to_string(marker)),
        contents: Some(found.versions.into_iter().map(|v| object(v, encoding)).collect()),
        common_prefixes: Some(prefixes(found.prefixes, encoding)),
        encoding_type: input.encoding_type.clone(),
        ..ListObjectsV2Output::default()
    })
}

fn from_token(token: &str) -> S3Result<String> {
    let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(token.as_bytes()).ok();
    let text = bytes.and_then(|b| String::from_utf8(b).ok());
    text.ok_or_else(|| s3_error!(InvalidArgument, "the continuation token is not one of ours"))
}

/// The older form, which many tools still use.
pub(super) async fn objects_v1(store: &Objects, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
    let asked = Asked {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        max: page_size(input.max_keys)?,
        all_versions: false,
    };
    let start = input
        .marker
        .as_ref()
        .map_or_else(|| Cursor::before(Vec::new()), |marker| Cursor::behind(marker, &asked));
    let max = asked.max;
    let found = store
        .blocking(move |inner| page(&inner.database(), &asked, start))
        .await?;
    let encoding = input.encoding_type.as_ref();
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: input.prefix.map(|p| encode(p, encoding)),
        delimiter: input.delimiter.map(|d| encode(d, encoding)),
        marker: input.marker.map(|m| encode(m, encoding)),
        max_keys: i32::try_from(max).ok(),
        is_truncated: Some(found.next.is_some()),
        next_marker: found.next.map(|(marker, _)| encode(marker, encoding)),
        contents: Some(found.versions.into_iter().map(|v| object(v, encoding)).collect()),
        common_prefixes: Some(prefixes(found.prefixes, encoding)),
        encoding_type: input.encoding_type.clone(),
        ..ListObjectsOutput::default()
    })
}

pub(super) async fn object_versions(
    store: &Objects,
    input: ListObjectVersionsInput,
) -> S3Result<ListObjectVersionsOutput> {
    let asked = Asked {
        bucket: input.bucket.clone(),
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        max: page_size(input.max_keys)?,
        all_versions: true,
    };
    let start = match (&input.key_marker, &input.version_id_marker) {
        (Some(key), Some(version)) => Cursor {
            key: key.clone().into_bytes(),
            seq: from_version_marker(version)?,
        },
        (Some(key), None) => Cursor::behind(key, &asked),
        (None, _) => Cursor::before(Vec::new()),
    };
    let (max, grouped) = (asked.max, asked.delimiter.clone());
    let found = store
        .blocking(move |inner| page(&inner.database(), &asked, start))
        .await?;
    let encoding = input.encoding_type.as_ref();
    let prefix = input.prefix.clone().unwrap_or_default();
    let (next_key, next_version) = match found.next {
        // Behind a common prefix a version says nothing.
        Some((marker, _)) if common_prefix(&marker, &prefix, grouped.as_deref()) == Some(marker.as_str()) => {
            (Some(marker), None)
        }
        Some((marker, seq)) => (Some(marker), Some(format!("{seq}"))),
        None => (None, None),
    };
    let (objects, markers): (Vec<_>, Vec<_>) = found.versions.into_iter().partition(|v| v.blob.is_some());
    Ok(ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: input.prefix.map(|p| encode(p, encoding)),
        delimiter: input.delimiter.map(|d| encode(d, encoding)),
        key_marker: input.key_marker.map(|k| encode(k, encoding)),
        version_id_marker: input.version_id_marker,
        max_keys: i32::try_from(max).ok(),
        is_truncated: Some(next_key.is_some()),
        next_key_marker: next_key.map(|k| encode(k, encoding)),
        next_version_id_marker: next_version,
        versions: Some(objects.into_iter().map(|v| object_version(v, encoding)).collect()),
        delete_markers: Some(markers.into_iter().map(|v| delete_marker(v, encoding)).collect()),
        common_prefixes: Some(prefixes(found.prefixes, encoding)),
        encoding_type: input.encoding_type.clone(),
        ..ListObjectVersionsOutput::default()
    })
}

/// A marker is a place, not a version: the version may be deleted while a client goes through the pages.
fn from_version_marker(marker: &str) -> S3Result<i64> {
    marker
        .parse()
        .map_err(|_| s3_error!(InvalidArgument, "use the NextVersionIdMarker of the page before"))
}

fn object_version(version: Version, encoding: Option<&EncodingType>) -> ObjectVersion {
    ObjectVersion {
        key: Some(encode(version.key, encoding)),
        e_tag: Some(ETag::Strong(version.etag)),
        is_latest: Some(version.latest),
        last_modified: Some(timestamp(version.modified)),
        size: Some(version.size),
        version_id: Some(version.version),
        ..ObjectVersion::default()
    }
}

fn delete_marker(version: Version, encoding: Option<&EncodingType>) -> DeleteMarkerEntry {
    DeleteMarkerEntry {
        key: Some(encode(version.key, encoding)),
        is_latest: Some(version.latest),
        last_modified: Some(timestamp(version.modified)),
        version_id: Some(version.version),
        ..DeleteMarkerEntry::default()
    }
}
