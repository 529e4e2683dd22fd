//! Properties over generated lists.

use manifest::{
    Column, Cut, CutLimits, Cutter, Delimiter, Dialect, Encoding, FixitWriter, Format, LineEnding, ListOptions,
    ListRow, ListWriter, RowReader, sniff,
};
use proptest::prelude::*;

const ENCODINGS: [Encoding; 5] = [
    Encoding::Ascii,
    Encoding::Utf8,
    Encoding::Windows1252,
    Encoding::Utf16Le,
    Encoding::Utf16Be,
];

/// What a file may begin with.
const MARKS: &[&[u8]] = &[
    b"",
    b"\xEF\xBB\xBF",
    b"\xFF\xFE",
    b"\xFE\xFF",
    b"Serial Number,PKID\n",
    b"\xEF\xBB\xBFsep=;\n",
];

/// A dialect for scanning alone: the header does not matter.
fn dialect(encoding: Encoding, delimiter: Delimiter, max_row_bytes: u32) -> Dialect {
    let mut dialect = sniff(b"Serial Number,Manufacturer,Model\na,b,c\n", true).unwrap();
    (dialect.encoding, dialect.delimiter, dialect.max_row_bytes) = (encoding, delimiter, max_row_bytes);
    (dialect.data_start, dialect.data_line) = (0, 1);
    dialect
}

fn cuts(dialect: &Dialect, limits: CutLimits, file: &[u8], window: usize) -> Vec<Cut> {
    let mut cutter = Cutter::new(dialect, limits);
    let mut cuts = Vec::new();
    for window in file.chunks(window) {
        cutter.push(window, &mut cuts);
    }
    cutter.finish(&mut cuts);
    cuts
}

/// What identifies a row and what is said of it.
type Seen = (u64, u64, u64, Vec<u8>, Vec<(u64, u32, &'static str)>, Option<String>);

fn seen<'a>(reader: RowReader<'a>) -> Vec<Seen> {
    reader
        .map(|row| {
            let problems = row
                .problems()
                .iter()
                .map(|p| (p.line, p.column, p.code.as_str()))
                .collect();
            let serial = row.get(Column::SerialNumber).map(str::to_owned);
            (
                row.row(),
                row.line(),
                row.offset(),
                row.raw().to_vec(),
                problems,
                serial,
            )
        })
        .collect()
}

fn seen_in_cuts(dialect: &Dialect, file: &[u8], cuts: &[Cut]) -> Vec<Seen> {
    let bytes = |cut: &Cut| &file[usize::try_from(cut.start).unwrap()..usize::try_from(cut.end).unwrap()];
    cuts.iter()
        .flat_map(|cut| {
            let rows = seen(RowReader::new(
                dialect,
                bytes(cut),
                cut.first_line,
                cut.first_row,
                cut.start,
            ));
            assert_eq!(rows.len(), cut.rows as usize, "{cut:?}");
            rows
        })
        .collect()
}

/// Text made of what matters to the scanner.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => Just("\""), 4 => Just(","), 3 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\r"), 2 => Just("\"\""), 3 => Just("a"),
        1 => Just(" "), 1 => Just("\u{0A0A}\u{220A}\u{0A22}"), 1 => Just("\u{1F600}ü"), 1 => Just("bcdefghijk"), 1 => Just("\",\""),
    ];
    prop::collection::vec(piece, 0..120).prop_map(|pieces| pieces.concat())
}

fn encoded(encoding: Encoding, text: &str) -> Vec<u8> {
    match encoding {
        Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => text.as_bytes().to_vec(),
    }
}

proptest! {
    #[test]
    fn every_row_is_in_exactly_one_cut_for_every_size_of_windows(
        text in hostile(), encoding in prop::sample::select(&ENCODINGS[..]), window in 1usize..80, max in 2u32..80,
        max_rows in 1u32..5, max_bytes in 1u64..200, lose in 0usize..2,
    ) {
        let mut file = encoded(encoding, &text);
        file.truncate(file.len() - lose.min(file.len()));
        let dialect = dialect(encoding, Delimiter::Comma, max);
        let limits = CutLimits { max_rows, max_bytes };
        let found = cuts(&dialect, limits, &file, window);
        prop_assert_eq!(&found, &cuts(&dialect, limits, &file, file.len().max(1)));
        for pair in found.windows(2) {
            prop_assert!(pair[0].end <= pair[0].next_start && pair[0].next_start <= pair[1].start);
            prop_assert_eq!(pair[0].first_row + u64::from(pair[0].rows), pair[1].first_row);
        }
        for cut in &found {
            prop_assert!(cut.rows <= max_rows && cut.rows > 0);
            prop_assert!(cut.rows == 1 || cut.end - cut.start <= max_bytes);
        }
        let all = seen(RowReader::new(&dialect, &file, 1, 1, 0));
        prop_assert_eq!(seen_in_cuts(&dialect, &file, &found), all);
    }

    #[test]
    fn a_cutter_that_goes_on_behind_a_cut_gives_the_same_cuts(
        text in hostile(), encoding in prop::sample::select(&ENCODINGS[..]), max in 2u32..80, at in 0usize..8,
    ) {
        let file = encoded(encoding, &text);
        let dialect = dialect(encoding, Delimiter::Comma, max);
        let limits = CutLimits { max_rows: 2, max_bytes: 60 };
        let found = cuts(&dialect, limits, &file, 7);
        if let Some(cut) = found.get(at) {
            let mut cutter =
                Cutter::resume(&dialect, limits, cut.next_start, cut.next_line, cut.first_row + u64::from(cut.rows));
            let mut rest = Vec::new();
            cutter.push(&file[usize::try_from(cut.next_start).unwrap()..], &mut rest);
            cutter.finish(&mut rest);
            prop_assert_eq!(&rest[..], &found[at + 1..]);
        }
    }

    #[test]
    fn unquoted_rows_are_lines(
        lines in prop::collection::vec("[a-z,; ]{0,12}", 0..20), crlf: bool, window in 1usize..40,
    ) {
        let file = lines.iter().map(|line| format!("{line}{}", if crlf { "\r\n" } else { "\n" })).collect::<String>();
        let dialect = dialect(Encoding::Ascii, Delimiter::Comma, 1000);
        let found = cuts(&dialect, CutLimits { max_rows: 3, max_bytes: 1000 }, file.as_bytes(), window);
        let lines_found: Vec<u64> = seen_in_cuts(&dialect, file.as_bytes(), &found).iter().map(|row| row.1).collect();
        let content = |line: &str| line.bytes().any(|b| !b", ".contains(&b));
        let expected: Vec<u64> = (1u64..).zip(&lines).filter(|(_, line)| content(line)).map(|(number, _)| number).collect();
        prop_assert_eq!(lines_found, expected);
    }

    #[test]
    fn no_bytes_make_anything_panic(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b",;\t\"\r\n\0T0a"[..])], 0..400),
        mark in prop::sample::select(MARKS),
        encoding in prop::sample::select(&ENCODINGS[..]), whole: bool, window in 1usize..50,
    ) {
        let file = [mark, &bytes].concat();
        let sniffed = sniff(&file, whole);
        if let Err(problem) = &sniffed {
            prop_assert!(!problem.to_string().is_empty());
        }
        for dialect in sniffed.ok().into_iter().chain([dialect(encoding, Delimiter::Semicolon, 64)]) {
            let found = cuts(&dialect, CutLimits { max_rows: 3, max_bytes: 90 }, &file, window);
            seen_in_cuts(&dialect, &file, &found);
            let mut out = Vec::new();
            FixitWriter::new(&dialect).header(&mut out);
            FixitWriter::new(&dialect).row(&mut out, &file, "problem, \"with\" marks");
        }
    }

    #[test]
    fn a_fixit_file_of_hostile_rows_has_as_many_rows_with_the_same_problems(
        text in hostile(), encoding in prop::sample::select(&[Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be][..]),
    ) {
        let head = encoded(encoding, "Serial Number,Manufacturer,Model\n");
        let mark: &[u8] = match encoding { Encoding::Utf16Le => b"\xFF\xFE", Encoding::Utf16Be => b"\xFE\xFF", _ => b"\xEF\xBB\xBF" };
        let file = [mark, &head, &encoded(encoding, &format!("{text}\nTEST-1,Contoso,Book\n"))].concat();
        let source = sniff(&file, true).unwrap();
        let writer = FixitWriter::new(&source);
        let mut once = Vec::new();
        writer.header(&mut once);
        let rows = crate::support::rows(&source, &file);
        for row in &rows {
            writer.row(&mut once, row.raw(), "no, \"not\" so");
        }
        let fixit = sniff(&once, true).unwrap();
        let again = crate::support::rows(&fixit, &once);
        prop_assert_eq!(again.len(), rows.len());
        for (a, b) in again.iter().zip(&rows) {
            prop_assert_eq!(a.failed(), b.failed(), "{:?} {:?}", a, b);
            prop_assert_eq!(a.get(Column::Model), b.get(Column::Model));
        }
        let mut twice = Vec::new();
        FixitWriter::new(&fixit).header(&mut twice);
        for row in &again {
            FixitWriter::new(&fixit).row(&mut twice, row.raw(), "no, \"not\" so");
        }
        prop_assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&once));
    }
}

/// A value as a device might have it, with everything that must be quoted or encoded.
fn value(unicode: bool) -> impl Strategy<Value = String> {
    let text = if unicode {
        "[a-zA-Z0-9,;\t\"ü€😀\u{0A0A} \n-]{0,12}"
    } else {
        "[a-zA-Z0-9,;\t\"ü€ \n-]{0,12}"
    };
    // Never a quotation mark first or a line break: those are faults, and have tests of their own.
    text.prop_map(|text| {
        text.trim_matches(|c: char| c.is_whitespace() || c == '"')
            .replace('\n', " ")
    })
}

proptest! {
    #[test]
    fn what_is_written_is_recognised_and_read_back(
        format in prop::sample::select(&Format::PUBLISHED[..]),
        encoding in prop::sample::select(&ENCODINGS[1..]), byte_order_mark: bool,
        delimiter in prop::sample::select(&Delimiter::ALL[..]), quoted: bool, sep_line: bool, crlf: bool,
        values in prop::collection::vec((value(true), value(true), value(true), value(false)), 1..6),
        wide: bool,
    ) {
        let line_ending = if crlf { LineEnding::CrLf } else { LineEnding::Lf };
        let writer = ListWriter::new(format, ListOptions { encoding, byte_order_mark, delimiter, quoted, sep_line, line_ending });
        let clean = |text: &str| {
            // Without a header to tell, another delimiter inside the values could be the list's own.
            let text = if format == Format::CorporateIdentifiers { text.replace([',', ';', '\t'], "") } else { text.to_owned() };
            if encoding == Encoding::Windows1252 { text.replace(['😀', '\u{0A0A}'], "") } else { text }
        };
        let hash = format!("T0{}", "Ab3/".repeat(999) + "A+");
        let values: Vec<[String; 4]> = values
            .iter()
            .map(|(maker, model, tag, _)| [format!("{}x", clean(maker)), format!("{}x", clean(model)), clean(tag), "ü".repeat(usize::from(wide))])
            .collect();
        let mut file = Vec::new();
        writer.header(&mut file);
        let serials: Vec<String> = values.iter().enumerate().map(|(n, v)| format!("TEST-00{n} {}", v[3])).collect();
        let list: Vec<ListRow<'_>> = values
            .iter()
            .zip(&serials)
            .map(|([manufacturer, model, group_tag, _], serial)| ListRow {
                serial: serial.trim(), product_id: "", hash: &hash, group_tag: group_tag.trim(), assigned_user: "ada@contoso.com",
                manufacturer, model,
            })
            .collect();
        for row in &list {
            writer.row(&mut file, row);
        }

        let dialect = sniff(&file, true).map_err(|problem| TestCaseError::fail(problem.to_string()))?;
        prop_assert_eq!(dialect.format, format);
        prop_assert_eq!((dialect.delimiter, dialect.quoted), (delimiter, quoted));
        prop_assert_eq!((dialect.sep_line, dialect.line_ending), (sep_line, line_ending));
        let rows = crate::support::rows(&dialect, &file);
        prop_assert_eq!(rows.len(), list.len());
        let optional = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        for (row, wrote) in rows.iter().zip(&list) {
            prop_assert!(!row.failed(), "{:?}", row.problems());
            for (column, value) in [
                (Column::SerialNumber, wrote.serial), (Column::ProductId, wrote.product_id), (Column::HardwareHash, wrote.hash),
                (Column::GroupTag, wrote.group_tag), (Column::AssignedUser, wrote.assigned_user),
                (Column::Manufacturer, wrote.manufacturer), (Column::Model, wrote.model),
            ] {
                let has = dialect.columns.contains(&column)
                    || column == Column::GroupTag && dialect.columns.contains(&Column::OrderId);
                let expected = if has { optional(value) } else { None };
                prop_assert_eq!(row.get(column).map(str::to_owned), expected, "{}", column);
            }
        }
    }
}
