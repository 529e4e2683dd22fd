//! The sandbox: the ending of a serial number says what its row comes to, so that an integrator can see every answer.
//!
//! Which endings there are follows from the one table of outcomes, [`Outcome::entry`]. Only a registry that was made as a
//! sandbox asks here (`muster serve --sandbox`); no function that runs on AWS does.

use std::borrow::Cow;
use std::time::Duration;

use crate::outcome::Outcome;
use crate::record::{Checked, Fault};
use crate::report::says_what_to_do;

/// How long a row takes whose ending names no time.
pub const SLOW: Duration = Duration::from_secs(30);
/// The longest time that an ending can name, in seconds.
pub const SLOWEST: u64 = 600;

/// What a serial number asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The row comes to this, and registers nothing.
    Outcome(Outcome),
    /// The row is registered after this time.
    Slow(Duration),
}

/// What stands behind the last `-` of a serial number whose row is to come to this: the code, where no outcome before it in
/// the table has the same; or else the name. None for rows that register or change a device: those come by themselves.
#[must_use]
pub fn ending(outcome: Outcome) -> Option<Cow<'static, str>> {
    let entry = outcome.entry();
    if matches!(outcome, Outcome::Registered | Outcome::Updated) {
        return None;
    }
    Some(match (entry.code, entry.code_name) {
        (Some(code), _) if first_with(code) == Some(outcome) => code.to_string().into(),
        (None, Some(name)) => name.strip_prefix("ZtdDevice").unwrap_or(name).into(),
        _ if outcome == Outcome::ConsentMissing => "consent".into(),
        _ => outcome.name().into(),
    })
}

fn first_with(code: u16) -> Option<Outcome> {
    Outcome::ALL
        .into_iter()
        .find(|outcome| outcome.entry().code == Some(code))
}

/// What this serial number asks for. Letter case does not count.
#[must_use]
pub fn wish(serial: &str) -> Option<Wish> {
    let (_, word) = serial.trim().rsplit_once('-')?;
    let asked = |outcome: &Outcome| ending(*outcome).is_some_and(|ending| ending.eq_ignore_ascii_case(word));
    if let Some(outcome) = Outcome::ALL.into_iter().find(asked) {
        return Some(Wish::Outcome(outcome));
    }
    let (slow, seconds) = word.split_at_checked("slow".len())?;
    if !slow.eq_ignore_ascii_case("slow") {
        return None;
    }
    if seconds.is_empty() {
        return Some(Wish::Slow(SLOW));
    }
    let number = seconds
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| seconds.parse().ok());
    let seconds = number.flatten().filter(|seconds| (1..=SLOWEST).contains(seconds))?;
    Some(Wish::Slow(Duration::from_secs(seconds)))
}

/// Gives the rows that are in order the outcomes that their serial numbers ask for.
pub fn play(rows: &mut [Checked]) {
    for row in rows {
        let Checked::Valid(record) = row else { continue };
        let Some(Wish::Outcome(outcome)) = record.serial.as_deref().and_then(wish) else {
            continue;
        };
        let (place, serial) = (record.place, record.serial.take());
        *row = Checked::Faulty {
            place,
            serial,
            faults: vec![fault(outcome)],
        };
    }
}

fn fault(outcome: Outcome) -> Fault {
    let entry = outcome.entry();
    let ending = ending(outcome).unwrap_or_default();
    let mut detail = format!("{} (the serial number's ending -{ending} asks for this)", entry.meaning);
    if says_what_to_do(outcome) {
        detail = format!("{detail}. {}", entry.remedy);
    }
    Fault {
        outcome,
        column: None,
        column_name: None,
        detail,
    }
}

/// How long a batch is to wait before it is registered: as long as the slowest of its rows asks for.
#[must_use]
pub fn pause(rows: &[Checked]) -> Duration {
    let slow = |row: &Checked| match (row, row.serial().and_then(wish)) {
        (Checked::Valid(_), Some(Wish::Slow(time))) => Some(time),
        _ => None,
    };
    rows.iter().filter_map(slow).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::channel::Channel;
    use crate::id::UploadId;
    use crate::record::Place;
    use crate::report::ReportRow;
    use crate::row::{self, RawRow};

    /// The rows of a partner's list with these serial numbers.
    fn rows(serials: &[&str]) -> Vec<Checked> {
        let row = |(serial, number): (&&str, u64)| {
            let raw = RawRow {
                serial_number: Some(serial),
                manufacturer: Some("Contoso"),
                model: Some("Book"),
                ..RawRow::default()
            };
            let place = Place {
                row: number,
                line: number + 1,
                offset: 0,
                len: 0,
            };
            Checked::Valid(Box::new(
                row::read(&raw, place, Channel::PartnerCenter, &mut Vec::new()).unwrap(),
            ))
        };
        serials.iter().zip(1..).map(row).collect()
    }

    #[test]
    fn each_ending_asks_for_one_outcome_in_whatever_letter_case() {
        let mut seen = BTreeSet::new();
        for outcome in Outcome::ALL {
            let Some(ending) = ending(outcome) else {
                assert!(matches!(outcome, Outcome::Registered | Outcome::Updated));
                continue;
            };
            assert!(seen.insert(ending.to_ascii_lowercase()), "{ending}");
            assert!(!ending.contains('-') && !ending.to_ascii_lowercase().starts_with("slow"));
            for serial in [format!("PC-{ending}"), format!(" 1-{} ", ending.to_uppercase())] {
                assert_eq!(wish(&serial), Some(Wish::Outcome(outcome)), "{serial}");
            }
        }
    }

    #[test]
    fn every_code_of_the_table_can_be_asked_for() {
        for outcome in Outcome::ALL {
            if let Some(code) = outcome.entry().code {
                let Some(Wish::Outcome(asked)) = wish(&format!("X-{code}")) else {
                    panic!("{code}");
                };
                assert_eq!(asked.entry().code, Some(code));
            }
        }
    }

    #[test]
    fn other_serial_numbers_ask_for_nothing() {
        let slow = |seconds| Some(Wish::Slow(Duration::from_secs(seconds)));
        for (serial, expected) in [
            ("X-slow", slow(30)),
            ("X-SLOW5", slow(5)),
            ("X-slow600", slow(600)),
            ("X-slow601", None),
            ("X-slow0", None),
            ("X-slow+5", None),
            ("X-slow5s", None),
            ("X-slo", None),
            ("X-größe", None),
            ("X808", None),
            ("X-8080", None),
            ("X-808-1", None),
            ("X-815", None),
            ("X-registered", None),
            ("-", None),
            ("", None),
        ] {
            assert_eq!(wish(serial), expected, "{serial}");
        }
    }

    #[test]
    fn a_row_comes_to_what_it_asks_for_and_says_what_to_do() {
        for outcome in Outcome::ALL {
            let Some(ending) = ending(outcome) else { continue };
            let mut rows = rows(&[&format!("A-{ending}"), "A-1"]);
            let plain = rows[1].clone();
            play(&mut rows);
            assert_eq!(rows[1], plain);
            let told = ReportRow::new(&UploadId::of_object("b", "k", "v"), &rows[0], None).unwrap();
            assert_eq!((told.outcome, told.device), (outcome, None));
            assert!(told.problem().ends_with(outcome.entry().remedy), "{}", told.problem());
            assert!(told.detail.contains(&format!("-{ending} ")), "{}", told.detail);
        }
    }

    #[test]
    fn a_batch_waits_for_the_slowest_row_that_is_in_order() {
        let mut rows = rows(&["A-1", "A-slow5", "A-slow7", "A-808"]);
        play(&mut rows);
        assert_eq!(pause(&rows), Duration::from_secs(7));
        let faulty = Checked::Faulty {
            place: rows[2].place(),
            serial: Some("A-slow7".to_owned()),
            faults: vec![fault(Outcome::MalformedRow)],
        };
        rows[2] = faulty;
        assert_eq!(pause(&rows), Duration::from_secs(5));
        assert_eq!(pause(&[]), Duration::ZERO);
    }
}
