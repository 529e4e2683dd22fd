//! Entity tags (RFC 9110, section 8.8.3): of versions of what is edited, and of what changes by itself.

use axum::http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::problem::{Code, Problem};

/// The header `ETag` of a version.
#[must_use]
pub fn etag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// Holds the header `If-Match` against a version (RFC 9110, section 13.1.1). Without the header anything goes.
///
/// # Errors
/// When none of the entity tags that it names is the version's.
pub fn if_match(headers: &HeaderMap, version: u64) -> Result<(), Problem> {
    let mut named = headers.get_all(header::IF_MATCH).iter().peekable();
    if named.peek().is_none() {
        return Ok(());
    }
    let own = format!("\"{version}\"");
    let matches = named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| matches!(tag.trim(), "*") || tag.trim() == own);
    if matches {
        return Ok(());
    }
    Err(Problem::new(
        Code::PreconditionFailed,
        format!("It stands at version {version}, and the header If-Match names another one."),
    )
    .remedy("Read it again, and decide anew."))
}

/// The header `ETag` of what has no version: a digest of what is shown of it. It is weak, since the caller leaves out what
/// differs from one moment to the next without being news.
///
/// # Errors
/// When it cannot be written.
pub fn weak_etag(shown: &impl Serialize) -> Result<HeaderValue, Problem> {
    let failed = || Problem::new(Code::Internal, "The answer could not be written.");
    let shown = serde_json::to_vec(shown).map_err(|e| failed().caused_by(e))?;
    let digest: String = Sha256::digest(shown)
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    HeaderValue::from_str(&format!("W/\"{digest}\"")).map_err(|e| failed().caused_by(e))
}

/// Whether the header `If-None-Match` names this entity tag; none where the header is absent. Tags are compared weakly (RFC
/// 9110, section 13.1.2).
#[must_use]
pub fn if_none_match(headers: &HeaderMap, etag: &HeaderValue) -> Option<bool> {
    let mut named = headers.get_all(header::IF_NONE_MATCH).iter().peekable();
    named.peek()?;
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let own = etag.to_str().map(opaque).unwrap_or_default();
    let mut tags = named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    Some(tags.any(|tag| tag.trim() == "*" || opaque(tag) == own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_takes_its_own_version_and_any() {
        for (header, expected) in [
            (None, true),
            (Some("\"7\""), true),
            (Some("\"6\", \"7\""), true),
            (Some("*"), true),
            (Some("\"6\""), false),
            (Some("7"), false),
            (Some("W/\"7\""), false),
            (Some(""), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(header::IF_MATCH, header.parse().unwrap());
            }
            assert_eq!(if_match(&headers, 7).is_ok(), expected, "{header:?}");
        }
        assert_eq!(etag(7), "\"7\"");
    }

    #[test]
    fn if_none_match_takes_strong_tags_for_weak_ones() {
        let etag = weak_etag(&[1, 2]).unwrap();
        let own = etag.to_str().unwrap();
        assert!(own.starts_with("W/\"") && own.ends_with('"'), "{own}");
        assert_eq!(etag, weak_etag(&[1, 2]).unwrap());
        assert_ne!(etag, weak_etag(&[2, 1]).unwrap());
        let strong = own.trim_start_matches("W/");
        for (header, expected) in [
            (None, None),
            (Some(own.to_owned()), Some(true)),
            (Some(strong.to_owned()), Some(true)),
            (Some(format!("\"a\", {own}")), Some(true)),
            (Some("*".to_owned()), Some(true)),
            (Some("\"a\"".to_owned()), Some(false)),
            (Some(own.trim_end_matches('"').to_owned()), Some(false)),
            (Some(String::new()), Some(false)),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = &header {
                headers.insert(header::IF_NONE_MATCH, header.parse().unwrap());
            }
            assert_eq!(if_none_match(&headers, &etag), expected, "{header:?}");
        }
    }
}
