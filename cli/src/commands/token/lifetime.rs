//! How long a token is good.

use std::str::FromStr;

use jiff::SignedDuration;

/// The longest: a year and a day.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// As it is given on the command line: a number and `m`, `h` or `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetime(SignedDuration);

impl Lifetime {
    /// The time.
    pub(super) const fn duration(self) -> SignedDuration {
        self.0
    }
}

impl FromStr for Lifetime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "give a time of 1m to 366d: minutes (30m), hours (8h) or days (7d)";
        let unit = match text.chars().last() {
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 24 * 3600,
            _ => return Err(WRONG),
        };
        let number = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
        let number: u32 = number.parse().map_err(|_| WRONG)?;
        let time = SignedDuration::from_secs(i64::from(number) * unit);
        match time.is_zero() || time > LONGEST {
            true => Err(WRONG),
            false => Ok(Self(time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_number_and_a_unit() {
        let seconds = |text: &str| text.parse::<Lifetime>().map(|time| time.duration().as_secs()).ok();
        assert_eq!(seconds("30m"), Some(1800));
        assert_eq!(seconds("8h"), Some(28_800));
        assert_eq!(seconds("366d"), Some(31_622_400));
        for bad in [
            "",
            "h",
            "8",
            "8H",
            "0h",
            "-1h",
            "367d",
            "4294967295d",
            "1.5h",
            "8 h",
            "8ä",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
