//! Conditional requests: `If-Match`, `If-None-Match` and the two about time.

use jiff::Timestamp as Instant;
use s3s::dto::{ETagCondition, Timestamp};
use s3s::{S3Error, S3Result, s3_error};

/// When an object was changed, as S3 says it.
pub(super) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from(std::time::SystemTime::from(
        Instant::from_millisecond(millis).unwrap_or_default(),
    ))
}

/// Under which conditions an object may be read.
#[derive(Debug, Default)]
pub(super) struct ReadConditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl ReadConditions {
    /// Decides in the order of RFC 9110, 13.2.2: a condition on the ETag outranks its fellow on the time.
    pub(super) fn check(&self, etag: &str, modified: i64) -> S3Result<()> {
        // Dates in headers know no fractions of a second.
        let modified = timestamp(modified.div_euclid(1000) * 1000);
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) if !matches(condition, etag) => return Err(failed()),
            (None, Some(since)) if modified > *since => return Err(failed()),
            _ => {}
        }
        match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) if matches(condition, etag) => Err(s3_error!(NotModified)),
            (None, Some(since)) if modified <= *since => Err(s3_error!(NotModified)),
            _ => Ok(()),
        }
    }
}

/// Under which conditions an object may be written.
#[derive(Debug, Default)]
pub(super) struct WriteConditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
}

impl WriteConditions {
    /// Decides against the current object, if there is one. Call it inside the transaction that writes.
    pub(super) fn check(&self, current: Option<&str>) -> S3Result<()> {
        match &self.if_none_match {
            Some(ETagCondition::Any) if current.is_some() => return Err(failed()),
            Some(ETagCondition::ETag(_)) => {
                return Err(s3_error!(NotImplemented, "a write takes no If-None-Match other than *"));
            }
            _ => {}
        }
        match (&self.if_match, current) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(s3_error!(NoSuchKey, "there is no object to match")),
            (Some(condition), Some(etag)) if matches(condition, etag) => Ok(()),
            (Some(_), Some(_)) => Err(failed()),
        }
    }
}

fn matches(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.value() == etag,
    }
}

fn failed() -> S3Error {
    s3_error!(
        PreconditionFailed,
        "at least one of the conditions of the request does not hold"
    )
}
