//! The uploads of one partner, among all of a tenant.
//!
//! Where a page ends is told to the partner. So its mark is made of nothing but what the partner may know: the place of the
//! last upload that it was shown, or, where the page ends among uploads of others, a time, as coarse as it can be. Sealed
//! marks would tell less still, at the cost of a key that somebody has to make, to share and to change.

use aws_sdk_dynamodb::types::AttributeValue;
use muster_core::Timestamp;
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::Registrant;

use super::{UploadPage, UploadStatus, Uploads, list_key, list_of, list_sort};
use crate::error::{ErrorKind, StoreError};
use crate::item::read;
use crate::table::{Query, Range};

/// How many uploads are read at once.
const PAGE: usize = 250;
/// After how many that were looked at a page ends, full or not.
const LOOKED_AT: usize = 1000;
/// What a time in a mark is rounded up to, in milliseconds, the coarsest first: days, hours, minutes, seconds.
const UNITS: [i64; 5] = [86_400_000, 3_600_000, 60_000, 1000, 1];

/// Where a page begins.
enum Place {
    /// At the newest upload.
    Newest,
    /// Behind an upload that the partner was shown.
    Behind(String),
    /// At what was created up to then, in milliseconds since 1970.
    UpTo(i64),
}

impl Place {
    fn read(mark: Option<&str>) -> Result<Self, StoreError> {
        let bad = || StoreError::new(ErrorKind::Rejected, "list uploads", "the page mark is not one of ours");
        match mark {
            None => Ok(Self::Newest),
            Some(mark) if mark.contains('#') => Ok(Self::Behind(mark.to_owned())),
            Some(mark) => {
                let at = mark.parse().ok().filter(|at| (0..10_i64.pow(15)).contains(at));
                at.map(Self::UpTo).ok_or_else(bad)
            }
        }
    }

    /// The time that it stands at.
    fn time(&self) -> i64 {
        match self {
            Self::Newest => i64::MAX,
            Self::Behind(mark) => {
                let time = mark.split_once('#').and_then(|(time, _)| time.parse().ok());
                time.unwrap_or(i64::MAX)
            }
            Self::UpTo(at) => *at,
        }
    }
}

impl Uploads {
    /// A page of the uploads of a tenant that this partner handed in, newest first; may be a moment old. `from` is what the
    /// page before named as `next`, which tells nothing of the uploads of others but about when some of them were made. One
    /// call looks at about 1,000 uploads: a page that is shorter than `limit`, or empty, is the last one only if it names no
    /// `next`.
    ///
    /// # Errors
    /// When the store is out of reach; `Rejected` when `from` is no such mark.
    pub async fn list_of_partner(
        &self,
        tenant: TenantId,
        partner: &PartnerId,
        from: Option<&str>,
        limit: usize,
    ) -> Result<UploadPage, StoreError> {
        let (partition, start) = (list_of(Some(tenant)), Place::read(from)?);
        let mut query = Query {
            index: Some("list"),
            partition: &partition,
            limit: Some(PAGE),
            backwards: true,
            ..Query::default()
        };
        match &start {
            Place::Newest => {}
            Place::Behind(mark) => query.from = Some(list_key(&partition, mark)?),
            // `$` is the character behind the `#` that follows a time.
            Place::UpTo(at) => query.range = Some((Range::AtMost, AttributeValue::S(format!("{at:015}$")))),
        }
        let (mut uploads, mut looked_at) = (Vec::new(), 0);
        loop {
            let page = self.table.query(query.clone()).await?;
            let (count, mut last) = (page.items.len(), None);
            for (at, item) in page.items.into_iter().enumerate() {
                let status: UploadStatus = read(item)?;
                last = Some(status.created_at);
                if status.registrant.as_ref().and_then(Registrant::partner) != Some(partner) {
                    continue;
                }
                let mark = list_sort(&status.id, status.created_at);
                uploads.push(status);
                if uploads.len() >= limit {
                    let more = page.next.is_some() || at + 1 < count;
                    let next = more.then_some(mark);
                    return Ok(UploadPage { uploads, next });
                }
            }
            looked_at += count;
            query.from = page.next;
            if query.from.is_none() {
                return Ok(UploadPage { uploads, next: None });
            }
            if let Some(last) = last.filter(|_| looked_at >= LOOKED_AT)
                && let Some(next) = mark(last, &start, uploads.last())
            {
                return Ok(UploadPage {
                    uploads,
                    next: Some(next),
                });
            }
        }
    }
}

/// The mark of a page that ends early, at an upload of `last`; none where it would not lead on.
fn mark(last: Timestamp, start: &Place, shown: Option<&UploadStatus>) -> Option<String> {
    // Above this the next page would begin again, or show again what this one shows.
    let below = shown.map_or(start.time(), |shown| millis(shown.created_at));
    let last = millis(last);
    let rounded_up = UNITS.map(|unit| match last % unit {
        0 => last,
        rest => last.saturating_add(unit - rest),
    });
    let time = rounded_up.into_iter().find(|time| *time < below);
    time.map(|time| time.to_string())
        .or_else(|| shown.map(|shown| list_sort(&shown.id, shown.created_at)))
}

fn millis(at: Timestamp) -> i64 {
    at.as_millisecond().max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_among_uploads_of_others_is_as_coarse_as_it_can_be() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let last = at("2026-03-04T05:06:07.089Z");
        let told = |below: &str| {
            let start = Place::UpTo(millis(at(below)));
            let mark = mark(last, &start, None)?;
            assert!(Place::read(Some(&mark)).is_ok());
            Some(Timestamp::from_millisecond(mark.parse().ok()?).unwrap().to_string())
        };
        for (below, expected) in [
            ("2026-03-06T00:00:00Z", Some("2026-03-05T00:00:00Z")),
            ("2026-03-05T00:00:00Z", Some("2026-03-04T06:00:00Z")),
            ("2026-03-04T06:00:00Z", Some("2026-03-04T05:07:00Z")),
            ("2026-03-04T05:07:00Z", Some("2026-03-04T05:06:08Z")),
            ("2026-03-04T05:06:08Z", Some("2026-03-04T05:06:07.089Z")),
            ("2026-03-04T05:06:07.089Z", None),
        ] {
            assert_eq!(told(below).as_deref(), expected, "{below}");
        }
        let newest = mark(last, &Place::Newest, None).unwrap();
        assert_eq!(newest.parse(), Ok(millis(at("2026-03-05T00:00:00Z"))));
    }

    #[test]
    fn what_is_no_mark_is_refused() {
        for none in ["", "x", "-1", "1e3", "1000000000000000", "99999999999999999999"] {
            assert!(Place::read(Some(none)).is_err(), "{none}");
        }
    }
}
