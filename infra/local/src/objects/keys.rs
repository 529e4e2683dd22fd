//! Keys in the database and in listings.

use rusqlite::Row;
use rusqlite::types::Type;
use s3s::dto::EncodingType;

/// Reads a key column.
pub(super) fn get(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    String::from_utf8(row.get(column)?)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(e)))
}

/// The first byte string behind all keys that begin with `prefix`.
///
/// No byte of UTF-8 is 0xFF: the last byte of a prefix can always be raised, and 0xFF is behind every key.
pub(super) fn end_of(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    match end.last_mut() {
        Some(last) => *last = last.saturating_add(1),
        None => end.push(0xFF),
    }
    end
}

/// The part of `key` that a listing with this delimiter shows instead of it.
pub(super) fn common_prefix<'a>(key: &'a str, prefix: &str, delimiter: Option<&str>) -> Option<&'a str> {
    let delimiter = delimiter.filter(|d| !d.is_empty())?;
    let at = key.strip_prefix(prefix)?.find(delimiter)?;
    key.get(..prefix.len() + at + delimiter.len())
}

/// Text of a listing as its asker wants it: XML cannot carry every character.
pub(super) fn encode(text: String, encoding: Option<&EncodingType>) -> String {
    match encoding {
        Some(encoding) if encoding.as_str() == EncodingType::URL => urlencoding::encode(&text).into_owned(),
        _ => text,
    }
}
