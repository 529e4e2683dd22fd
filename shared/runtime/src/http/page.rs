//! Pages of lists, and versions of what is edited.

use axum::http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::{Code, Problem};

/// Which page of a list is asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many are listed at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    pub cursor: Option<String>,
}

/// How many a page lists where nothing is said.
const DEFAULT: u32 = 100;
/// How many a page lists at most.
const MOST: u32 = 1000;

impl PageQuery {
    /// How many are listed at most.
    ///
    /// # Errors
    /// When that is none, or too many.
    pub fn limit(&self) -> Result<usize, Problem> {
        limit(self.limit)
    }
}

/// A limit as it was asked for.
fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    match asked.unwrap_or(DEFAULT) {
        some @ 1..=MOST => Ok(usize::try_from(some).unwrap_or(usize::MAX)),
        _ => Err(Problem::at("query.limit", format!("It is a number from 1 to {MOST}."))),
    }
}

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
    fn a_page_has_one_to_a_thousand() {
        for (asked, expected) in [
            (None, Some(100)),
            (Some(1), Some(1)),
            (Some(1000), Some(1000)),
            (Some(0), None),
            (Some(1001), None),
        ] {
            assert_eq!(limit(asked).ok(), expected, "{asked:?}");
        }
    }
}
