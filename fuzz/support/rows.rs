//! Cuts of a file, and whether they hold the rows that a reader of the whole finds.

use manifest::{Cut, CutLimits, Cutter, Dialect, RowReader};

/// Cuts `file` in windows of these sizes; where they end, or are nothing, one takes the rest.
pub fn cuts(dialect: &Dialect, limits: CutLimits, file: &[u8], sizes: impl Iterator<Item = usize>) -> Vec<Cut> {
    let mut cutter = Cutter::new(dialect, limits);
    let (mut cuts, mut rest) = (Vec::new(), file);
    for size in sizes {
        let (window, behind) = rest.split_at(size.min(rest.len()));
        cutter.push(window, &mut cuts);
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    cutter.push(rest, &mut cuts);
    cutter.finish(&mut cuts);
    for pair in cuts.windows(2) {
        let [one, next] = pair else { continue };
        assert!(
            one.start < one.end && one.end <= one.next_start && one.next_start <= next.start,
            "{one:?} {next:?}"
        );
        assert_eq!(one.first_row + u64::from(one.rows), next.first_row);
        assert!(one.first_line <= one.next_line && one.next_line <= next.first_line);
    }
    for cut in &cuts {
        assert!(0 < cut.rows && cut.rows <= limits.max_rows.max(1), "{cut:?}");
        assert!(cut.rows == 1 || cut.end - cut.start <= limits.max_bytes, "{cut:?}");
        assert!(cut.next_start <= file.len() as u64);
    }
    cuts
}

/// Reads each cut by itself, and all of it at once: the same rows.
pub fn agree(dialect: &Dialect, file: &[u8], cuts: &[Cut], mut whole: RowReader<'_>) {
    let most = usize::try_from(dialect.max_row_bytes).expect("a row fits into memory") + 8;
    for cut in cuts {
        let at = |offset: u64| usize::try_from(offset).expect("within the file");
        let bytes = &file[at(cut.start)..at(cut.end)];
        let mut rows = 0;
        for row in RowReader::new(dialect, bytes, cut.first_line, cut.first_row, cut.start) {
            let expected = whole.next().expect("a row of the whole");
            assert_eq!(
                (row.row(), row.line(), row.offset()),
                (expected.row(), expected.line(), expected.offset())
            );
            assert_eq!((row.raw(), row.problems()), (expected.raw(), expected.problems()));
            assert!(row.raw().len() <= most, "{} bytes of a row", row.raw().len());
            rows += 1;
        }
        assert_eq!(rows, cut.rows, "{cut:?}");
    }
    assert!(whole.next().is_none(), "the cuts lack a row");
}
