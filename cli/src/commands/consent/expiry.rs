//! When a consent shall end.

use std::str::FromStr;

use jiff::SignedDuration;
use muster_core::Timestamp;

use crate::failure::Failure;

/// As it is given on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    /// So many days from now.
    Days(u32),
    /// At this time.
    At(Timestamp),
}

impl FromStr for Expiry {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let days = text
            .strip_suffix('d')
            .and_then(|days| days.parse().ok())
            .map(Self::Days);
        days.or_else(|| text.parse().ok().map(Self::At))
            .ok_or("give a number of days (90d) or a time (2027-01-31T00:00:00Z)")
    }
}

impl Expiry {
    /// The time that is meant.
    pub(super) fn at(self, now: Timestamp) -> Result<Timestamp, Failure> {
        match self {
            Self::At(at) => Ok(at),
            Self::Days(days) => now
                .checked_add(SignedDuration::from_hours(i64::from(days) * 24))
                .map_err(|_| {
                    Failure::new(
                        format_args!("{days} days from now is beyond all calendars"),
                        "Give fewer days.",
                    )
                }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_number_of_days_or_a_time() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Expiry>().unwrap().at(now).map(|at| at.to_string()).ok();
        assert_eq!(at("90d").as_deref(), Some("2026-04-01T00:00:00Z"));
        assert_eq!(at("2027-01-31T00:00:00Z").as_deref(), Some("2027-01-31T00:00:00Z"));
        assert_eq!(at("4294967295d"), None);
        for bad in ["", "d", "90", "-1d", "tomorrow"] {
            assert!(bad.parse::<Expiry>().is_err(), "{bad}");
        }
    }
}
