//! The cutter: any encoding, row length, limits and sizes of windows give the cuts that one window gives, and going on
//! behind any of them gives the rest.
//!
//! The input is seven bytes (encoding; delimiter; longest row; rows and bytes of a cut; two sizes of windows in turn) and
//! the file.
#![no_main]

#[path = "../support/rows.rs"]
mod rows;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use manifest::{CutLimits, Cutter, Delimiter, Dialect, Encoding, RowReader, sniff};

const ENCODINGS: [Encoding; 5] = [
    Encoding::Ascii,
    Encoding::Utf8,
    Encoding::Windows1252,
    Encoding::Utf16Le,
    Encoding::Utf16Be,
];

static DIALECT: LazyLock<Dialect> =
    LazyLock::new(|| sniff(b"Serial Number,Manufacturer,Model\na,b,c\n", true).expect("a list"));

fuzz_target!(|data: &[u8]| {
    let Some((&[encoding, delimiter, max, max_rows, max_bytes, one, other], file)) = data.split_first_chunk() else {
        return;
    };
    let mut dialect = DIALECT.clone();
    dialect.encoding = ENCODINGS[usize::from(encoding) % ENCODINGS.len()];
    dialect.delimiter = Delimiter::ALL[usize::from(delimiter) % Delimiter::ALL.len()];
    dialect.max_row_bytes = u32::from(max) + 2;
    (dialect.data_start, dialect.data_line) = (0, 1);
    let limits = CutLimits {
        max_rows: u32::from(max_rows),
        max_bytes: u64::from(max_bytes) * 4,
    };

    let sizes = [usize::from(one), usize::from(other).max(1)];
    let found = rows::cuts(&dialect, limits, file, sizes.into_iter().cycle());
    assert_eq!(found, rows::cuts(&dialect, limits, file, std::iter::empty()));
    rows::agree(&dialect, file, &found, RowReader::new(&dialect, file, 1, 1, 0));

    if let Some(at) = found.len().checked_sub(1).map(|last| last.min(usize::from(other) % 4)) {
        let cut = found[at];
        let next = cut.first_row + u64::from(cut.rows);
        let mut cutter = Cutter::resume(&dialect, limits, cut.next_start, cut.next_line, next);
        let mut rest = Vec::new();
        cutter.push(
            &file[usize::try_from(cut.next_start).expect("within the file")..],
            &mut rest,
        );
        cutter.finish(&mut rest);
        assert_eq!(rest, found[at + 1..]);
    }
});
