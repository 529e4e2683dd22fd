//! What is wrong is said with line, column, cause and remedy, and a bad row never takes a good one with it.

use manifest::{Column, sniff};

use crate::support::{fixtures, rows};

/// As an upload is looked at: by its first 64 KiB.
fn sniff_window(file: &[u8]) -> manifest::Dialect {
    let window = &file[..file.len().min(64 * 1024)];
    sniff(window, window.len() == file.len()).unwrap()
}

#[test]
fn every_bad_file_is_refused_with_its_reason_and_a_remedy() {
    let mut text = String::new();
    for (name, file) in fixtures("bad-files") {
        let problem = sniff(&file, true).expect_err(&name);
        text += &format!("== {name}\n[{}] {problem}\n", problem.code);
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_bad_row_is_diagnosed_where_it_stands() {
    let mut text = String::new();
    for (name, file) in fixtures("bad-rows") {
        let dialect = sniff_window(&file);
        text += &format!("== {name}\n");
        for row in rows(&dialect, &file) {
            for problem in row.problems() {
                text += &format!("problem [{}] {problem}\n", problem.code);
            }
            for notice in row.notices() {
                text += &format!("notice [{}] {notice}\n", notice.code);
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_row_behind_a_bad_one_is_read() {
    for (name, file) in fixtures("bad-rows") {
        let dialect = sniff_window(&file);
        let rows = rows(&dialect, &file);
        let last = rows.last().unwrap();
        let expected = match name.as_str() {
            "invisible.csv" => "TEST-0001",
            "late-umlaut.csv" => "TEST-0002",
            "scientific-notation.csv" | "embedded-comma.csv" => continue, // one row only
            _ => "TEST-9999",
        };
        assert_eq!(last.get(Column::SerialNumber), Some(expected), "{name}");
        assert!(!last.failed(), "{name}: {:?}", last.problems());
    }
}

#[test]
fn two_stray_marks_leave_the_rows_between_them_alone() {
    let list = b"Serial Number,Manufacturer,Model\n\"TEST-1,Contoso,Book\nTEST-2,Contoso,Book\n\"TEST-3,Contoso,Book\nTEST-4,Contoso,13\" Book\n";
    let dialect = sniff(list, true).unwrap();
    let failed: Vec<bool> = rows(&dialect, list).iter().map(manifest::Row::failed).collect();
    assert_eq!(failed, [true, false, true, false]);
}

#[test]
fn codes_are_named_as_in_json() {
    for (_, file) in fixtures("bad-files") {
        let code = sniff(&file, true).unwrap_err().code;
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
    for (_, file) in fixtures("bad-rows") {
        let dialect = sniff(&file, true).unwrap();
        for row in rows(&dialect, &file) {
            for problem in row.problems().iter().chain(row.notices()) {
                assert_eq!(serde_json::to_value(problem.code).unwrap(), problem.code.as_str());
            }
        }
    }
}

/// A damaged row of 60,000 bytes has as many bad cells as fit; what is told of it stays short.
#[test]
fn a_row_with_thousands_of_bad_cells_tells_of_a_few_and_counts_the_rest() {
    let mut file = b"Device Serial Number,Windows Product ID,Hardware Hash\r\n".to_vec();
    // The damage stands behind what is looked at first.
    file.extend(b"TEST-0,,T0\r\n".repeat(6_000));
    file.extend(b"\x01\0,".repeat(20_000));
    file.extend(b"\r\nTEST-1,,T0\r\n");
    let dialect = sniff_window(&file);
    let read = rows(&dialect, &file);
    assert_eq!(read.len(), 6_002);
    let problems = read[6_000].problems();
    assert!(problems.len() < 12, "{}", problems.len());
    let counted = |p: &manifest::CellProblem| p.message.contains("(And 19992 more cells of this row.)");
    assert!(problems.iter().any(counted), "{problems:?}");
    assert_eq!(read[6_001].get(Column::SerialNumber), Some("TEST-1"));
}
