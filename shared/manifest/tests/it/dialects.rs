//! Every dialect is recognised, and its rows are read.

use manifest::{Format, sniff};

use crate::support::{describe, fixture, fixtures, rows};

#[test]
fn every_dialect_is_recognised_and_read() {
    let mut text = String::new();
    for (name, file) in fixtures("good") {
        let dialect = sniff(&file, true).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        text += &format!(
            "== {name}\n{}; {}, {}",
            dialect.format, dialect.encoding, dialect.delimiter
        );
        text += &format!(
            "{}; rows from line {}\n",
            if dialect.quoted { ", quoted" } else { "" },
            dialect.data_line
        );
        for notice in &dialect.notices {
            text += &format!("  {notice}\n");
        }
        for row in rows(&dialect, &file) {
            assert!(!row.failed(), "{name}: {:?}", row.problems());
            text += &format!("  {}\n", describe(&row));
            for notice in row.notices() {
                text += &format!("    {notice}\n");
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_published_format_has_a_fixture() {
    let seen: Vec<Format> = fixtures("good")
        .iter()
        .map(|(_, file)| sniff(file, true).unwrap().format)
        .collect();
    for format in Format::PUBLISHED {
        assert!(seen.contains(&format), "{format}");
    }
}

#[test]
fn a_stored_dialect_is_small_and_comes_back_as_it_was() {
    for (name, file) in fixtures("good").into_iter().chain(fixtures("bad-rows")) {
        let dialect = sniff(&file, true).unwrap();
        let json = serde_json::to_string(&dialect).unwrap();
        assert!(json.len() < 2048, "{name}: {} bytes", json.len());
        assert_eq!(
            serde_json::from_str::<manifest::Dialect>(&json).unwrap(),
            dialect,
            "{name}"
        );
    }
}

#[test]
fn a_window_that_ends_anywhere_gives_the_same_dialect() {
    for name in [
        "intune.csv",
        "utf16be.csv",
        "utf8.csv",
        "configmgr-preamble.csv",
        "sep-line.csv",
    ] {
        let file = fixture("good", name);
        let mut whole = sniff(&file, true).unwrap();
        let first_row = rows(&whole, &file)[0].len();
        for end in usize::try_from(whole.data_start + first_row).unwrap()..file.len() {
            let mut part = sniff(&file[..end], false).unwrap();
            // What comes behind the window may be other than ASCII.
            (whole.encoding, part.encoding) = (part.encoding, part.encoding);
            assert_eq!(part, whole, "{name} up to {end}");
        }
    }
}
