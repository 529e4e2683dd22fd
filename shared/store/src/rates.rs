//! How often a source asks: a counter for each source and stretch of time, which the store forgets soon.

use std::net::{IpAddr, Ipv6Addr};

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::error::StoreError;
use crate::item::read;
use crate::keys;
use crate::table::{Condition, TABLE_SCHEMA_VERSION, Table};

/// How long a counter is kept after its stretch of time, in seconds.
const KEPT: i64 = 120;

/// Rates. Needs `dynamodb:UpdateItem` on the table.
#[derive(Clone)]
pub struct Rates {
    table: Table,
}

/// Where requests come from, as far as they count together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateSource(String);

impl RateSource {
    /// The source that has this address. Of IPv6 the first half counts: one network has all the addresses of the rest. Who
    /// has no address that is known counts together with all others of that kind. Kept is a digest.
    #[must_use]
    pub fn of(purpose: &str, address: Option<&str>) -> Self {
        let network = match address.map(str::parse::<IpAddr>) {
            Some(Ok(IpAddr::V4(address))) => address.to_string(),
            Some(Ok(IpAddr::V6(address))) => match address.to_ipv4_mapped() {
                Some(mapped) => mapped.to_string(),
                None => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string(),
            },
            Some(Err(_)) | None => "unknown".to_owned(),
        };
        Self::named(purpose, &[&network])
    }

    /// The source that has these names.
    #[must_use]
    pub fn named(purpose: &str, names: &[&str]) -> Self {
        let mut sha = Sha256::new();
        for word in std::iter::once(&purpose).chain(names) {
            sha.update(u64::try_from(word.len()).unwrap_or(u64::MAX).to_be_bytes());
            sha.update(word);
        }
        Self(sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// How many requests are answered in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many.
    pub requests: u64,
    /// In so many seconds.
    pub seconds: i64,
}

#[derive(Debug, Deserialize)]
struct Counter {
    count: u64,
}

impl Rates {
    /// The counters in this table.
    #[must_use]
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// Counts a request of this source, and says whether it is within the limit of this stretch of time; if not, after how
    /// many seconds the next one begins.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn count(
        &self,
        source: &RateSource,
        limit: Limit,
        now: Timestamp,
    ) -> Result<Result<(), u64>, StoreError> {
        let seconds = limit.seconds.max(1);
        let stretch = now.as_second().div_euclid(seconds);
        let end = stretch.saturating_add(1).saturating_mul(seconds);
        let number = |n: i64| AttributeValue::N(n.to_string());
        let values = Condition::default()
            .name("#count", "count")
            .name("#ttl", "ttl")
            .value(":one", number(1))
            .value(":ttl", number(end + KEPT))
            .value(":v", number(i64::from(TABLE_SCHEMA_VERSION)));
        let key = keys::rate(&source.0, stretch);
        let expression = "SET v = :v, #ttl = :ttl ADD #count :one";
        let counted = match self.table.update(&key, expression, values).await? {
            Ok(item) => read::<Counter>(item)?.count,
            // There is no condition that could refuse.
            Err(_) => return Err(StoreError::contended("count a request")),
        };
        let left = u64::try_from(end - now.as_second()).unwrap_or(1);
        Ok(if counted <= limit.requests {
            Ok(())
        } else {
            Err(left.max(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_counts_as_one_source() {
        let of = |address: &str| RateSource::of("x", Some(address));
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8::1", "2001:db8::ffff:1", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("::ffff:192.0.2.1", "192.0.2.1", true),
            ("nonsense", "", true),
        ] {
            assert_eq!(of(one) == of(other), same, "{one} {other}");
        }
        assert_eq!(of(""), RateSource::of("x", None));
        assert_ne!(of(""), RateSource::of("y", None));
    }
}
