//! A fix-it file is the user's own, with one more column that the reader ignores.

use manifest::{CellCode, Column, Dialect, FixitWriter, sniff};

use crate::support::{fixture, fixtures, rows};

/// Writes all rows of a file as a fix-it file.
fn fixit(dialect: &Dialect, file: &[u8], problem: &str) -> Vec<u8> {
    let writer = FixitWriter::new(dialect);
    let mut out = Vec::new();
    writer.header(&mut out);
    for row in rows(dialect, file) {
        writer.row(&mut out, row.raw(), problem);
    }
    out
}

/// What a row says, apart from where it stands.
fn content(dialect: &Dialect, file: &[u8]) -> Vec<(Vec<Option<String>>, Vec<CellCode>)> {
    let values = |row: &manifest::Row<'_>| {
        crate::support::COLUMNS
            .map(|column| row.get(column).map(str::to_owned))
            .to_vec()
    };
    let codes = |row: &manifest::Row<'_>| row.problems().iter().map(|problem| problem.code).collect();
    rows(dialect, file)
        .iter()
        .map(|row| (values(row), codes(row)))
        .collect()
}

#[test]
fn a_fixit_file_reads_as_the_list_it_came_from() {
    for (name, file) in fixtures("good").into_iter().chain(fixtures("bad-rows")) {
        if name == "row-too-long.csv" {
            continue; // of such a row only the beginning is kept
        }
        let dialect = sniff(&file, true).unwrap();
        let once = fixit(&dialect, &file, "this, \"is\" wrong;\r\nvery wrong");
        let again = sniff(&once, true).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(
            (again.delimiter, again.bom, again.quoted),
            (dialect.delimiter, dialect.bom, dialect.quoted),
            "{name}"
        );
        assert_eq!(
            (again.sep_line, again.line_ending),
            (dialect.sep_line, dialect.line_ending),
            "{name}"
        );
        assert_eq!(content(&again, &once), content(&dialect, &file), "{name}");
    }
}

#[test]
fn a_fixit_file_of_a_fixit_file_keeps_one_problem() {
    for (name, file) in fixtures("good").into_iter().chain(fixtures("bad-rows")) {
        let dialect = sniff(&file, true).unwrap();
        let once = fixit(&dialect, &file, "first, \"one\"");
        let again = sniff(&once, true).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        let direct = fixit(&dialect, &file, "second");
        // A row that is too long has lost its end, and with it the first problem.
        if name != "row-too-long.csv" {
            assert_eq!(fixit(&again, &once, "second"), direct, "{name}");
        }
    }
}

#[test]
fn header_encoding_and_rows_are_kept_byte_by_byte() {
    let list = b"\xEF\xBB\xBFsep=;\nserial_number;\"Manufacturer\";Model\n 007 ;\"Contoso; Inc.\";Book\n";
    let dialect = sniff(list, true).unwrap();
    let out = fixit(&dialect, list, "no; it is not");
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "\u{FEFF}sep=;\nserial_number;\"Manufacturer\";Model;Problem\n 007 ;\"Contoso; Inc.\";Book;\"problem: no; it is not\"\n"
    );
}

#[test]
fn a_preamble_is_left_out_and_a_list_without_header_stays_so() {
    let file = fixture("good", "configmgr-preamble.csv");
    let dialect = sniff(&file, true).unwrap();
    let out = String::from_utf8(fixit(&dialect, &file, "x")).unwrap();
    assert!(
        out.starts_with("Device Serial Number,Windows Product ID,Hardware Hash,Problem\r\nSYN-0001-ABCD,,"),
        "{out}"
    );

    let file = fixture("good", "corporate-identifiers.csv");
    let dialect = sniff(&file, true).unwrap();
    assert_eq!(
        fixit(&dialect, &file, "x"),
        b"Contoso Ltd,Contoso Book 5,SYN-0001-ABCD,problem: x\r\n"
    );
}

#[test]
fn a_corrected_row_with_its_problem_emptied_or_left_is_read() {
    let list = b"Serial Number,Manufacturer,Model,Problem\nTEST-1,Contoso,Book,problem: old\nTEST-2,Contoso,Book,\nTEST-3,Contoso,Book\nTEST-4,Contoso,Book,checked\n";
    let dialect = sniff(list, true).unwrap();
    let rows = rows(&dialect, list);
    assert!(
        rows.iter()
            .all(|row| !row.failed() && row.notices().is_empty() && row.get(Column::Model) == Some("Book"))
    );
    assert_eq!(rows.len(), 4);
}

#[test]
fn a_problem_column_that_somebody_moved_is_replaced_where_it_stands() {
    let list = b"Problem,Serial Number,Manufacturer,Model\nproblem: old,TEST-1,Contoso,Book\n";
    let dialect = sniff(list, true).unwrap();
    assert_eq!(
        fixit(&dialect, list, "new"),
        b"Problem,Serial Number,Manufacturer,Model\nproblem: new,TEST-1,Contoso,Book\n"
    );
}

#[test]
fn an_open_quotation_mark_does_not_run_on_into_the_next_row() {
    let list = b"Serial Number,Manufacturer,Model\n\"TEST-1,Contoso,Book\nTEST-2,\"Contoso, Inc.\",\"Book\"\n";
    let dialect = sniff(list, true).unwrap();
    let out = fixit(&dialect, list, "a \"quoted\", text");
    let again = sniff(&out, true).unwrap();
    let rows = rows(&again, &out);
    assert_eq!(
        rows.iter().map(manifest::Row::failed).collect::<Vec<_>>(),
        [true, false]
    );
    assert_eq!(rows[1].get(Column::Manufacturer), Some("Contoso, Inc."));
}

#[test]
fn deleting_the_problem_of_a_shifted_row_does_not_make_it_right() {
    let header = "Device Serial Number,Windows Product ID,Hardware Hash,Manufacturer name,Device model,Problem\n";
    for row in [
        "TEST-1,,,Contoso, Inc.,Contoso Book 5",
        "TEST-1,,,Contoso, Inc.,Contoso Book 5,",
        "TEST-1,,,Contoso,Inc.,Book",
    ] {
        let list = format!("{header}{row}\n");
        let dialect = sniff(list.as_bytes(), true).unwrap();
        let row = &rows(&dialect, list.as_bytes())[0];
        assert_eq!(
            row.problems().first().map(|problem| problem.code),
            Some(CellCode::ShiftedColumns),
            "{list}"
        );
    }
}
