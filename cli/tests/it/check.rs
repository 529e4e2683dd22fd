//! `muster check`.

use std::process::Stdio;

use super::{Workshop, assert_transcript};

#[test]
fn a_good_list_is_ready() {
    let workshop = Workshop::new();
    workshop.list("good.csv", "--rows 25");
    assert_transcript!(workshop, workshop.muster("check good.csv"));
}

#[test]
fn problems_are_told_with_their_line_and_remedy() {
    let workshop = Workshop::new();
    workshop.list("bad.csv", "--rows 52 --faults");
    assert_transcript!(workshop, workshop.muster("check bad.csv"));
    assert_transcript!(workshop, workshop.muster("check bad.csv --all"));
}

#[test]
fn the_json_counts_outcomes_and_lists_problems() {
    let workshop = Workshop::new();
    workshop.list("bad.csv", "--rows 12 --faults");
    let run = workshop.muster("check bad.csv --json");
    assert_eq!(run.code, Some(1));
    insta::assert_json_snapshot!(run.json());
}

#[test]
fn every_dialect_is_recognised_in_every_encoding_and_each_fault_found() {
    let workshop = Workshop::new();
    let formats = [
        ("intune", ""),
        ("three-columns", ""),
        ("get-windows-autopilot-info", ""),
        ("partner-center", "--partner fabrikam"),
        ("managed-desktop", ""),
        ("corporate-identifiers", "--partner fabrikam"),
        ("legacy-order-id", ""),
        ("configuration-manager", ""),
        ("configuration-manager-query", ""),
    ];
    for (format, caller) in formats {
        for encoding in [
            "ascii",
            "utf8",
            "utf8-bom",
            "utf16le",
            "utf16be",
            "windows1252",
            "ascii --quoted",
        ] {
            workshop.list(
                "list.csv",
                &format!("--rows 52 --faults --dialect {format} --encoding {encoding}"),
            );
            let value = workshop.muster(&format!("check list.csv --json --all {caller}")).json();
            assert_eq!(value["format"], format, "{format} {encoding}");
            assert_eq!(
                (&value["rows"], &value["outcomes"]["ready"]),
                (&52.into(), &39.into()),
                "{format} {encoding}: {value}"
            );
            let lines: Vec<u64> = value["problems"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| p["row"].as_u64().unwrap())
                .collect();
            assert_eq!(
                lines,
                (1..=13).map(|n| n * 4).collect::<Vec<u64>>(),
                "{format} {encoding}"
            );
        }
    }
    workshop.list("list.csv", "--rows 5 --dialect intune-without-header");
    assert_eq!(
        workshop.muster("check list.csv --json").json()["format"],
        "intune-without-header"
    );
}

#[test]
fn a_duplicate_is_found_across_batches() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 501");
    let text = std::fs::read_to_string(workshop.path("list.csv")).unwrap();
    let first = text.lines().nth(1).unwrap();
    workshop.write("twice.csv", format!("{text}{first}\r\n"));
    let value = workshop.muster("check twice.csv --json").json();
    assert_eq!(
        (&value["batches"], &value["outcomes"]["duplicateInUpload"]),
        (&2.into(), &1.into())
    );
    assert_eq!(value["problems"][0]["detail"], "the same device as line 2");
    assert_eq!(value["problems"][0]["line"], 503);
}

#[test]
fn a_file_that_is_no_list_is_refused_by_name() {
    let workshop = Workshop::new();
    workshop
        .write("book.xlsx", b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml")
        .write("empty.csv", "");
    workshop.write("colours.csv", "Serial Number,Colour\r\nTEST-1,red\r\n");
    for file in ["book.xlsx", "empty.csv", "colours.csv"] {
        assert_transcript!(workshop, workshop.muster(&format!("check {file}")));
    }
    let value = workshop.muster("check empty.csv --json").json();
    assert_eq!(value["refused"]["code"], "empty-file");
}

#[test]
fn strict_refuses_more_rows_than_the_channel_takes_at_once() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 501 --dialect corporate-identifiers");
    assert_transcript!(workshop, workshop.muster("check list.csv --strict"));
    assert_eq!(
        workshop.muster("check list.csv --strict --partner fabrikam").code,
        Some(0)
    );
}

#[test]
fn the_channel_must_be_one_for_the_caller() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 1");
    assert_transcript!(workshop, workshop.muster("check list.csv --channel teams"));
    assert_transcript!(workshop, workshop.muster("check list.csv --channel oem-direct"));
    assert_transcript!(
        workshop,
        workshop.muster("check list.csv --channel intune --partner fabrikam")
    );
    assert_transcript!(workshop, workshop.muster("check list.csv --channel store-for-business"));
}

#[test]
fn what_cannot_be_read_is_no_answer() {
    let workshop = Workshop::new();
    assert_transcript!(workshop, workshop.muster("check nowhere.csv"));
    assert_transcript!(workshop, workshop.muster("check ."));
}

#[test]
fn a_pipe_is_read_like_a_file() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 3");
    let list = std::fs::read(workshop.path("list.csv")).unwrap();
    assert_transcript!(workshop, workshop.muster_with("check -", &list));
}

#[test]
fn a_reader_that_goes_away_ends_the_output_quietly() {
    let workshop = Workshop::new();
    workshop.list("list.csv", "--rows 400");
    for words in [
        ["sample", "--rows", "100000"].as_slice(),
        &["decode", "list.csv"],
        &["--help"],
    ] {
        let mut child = workshop
            .command(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), output.stderr.as_slice()),
            (Some(0), b"".as_slice()),
            "{words:?}"
        );
    }
}
