//! Cuts a list into row-aligned byte ranges, in one pass over windows of any size.

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;
use crate::scan::{RowEnd, Rules, Scan};

/// When a cut ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutLimits {
    /// The most rows in one cut; 0 counts as 1.
    pub max_rows: u32,
    /// The most bytes in one cut. A single row may be longer: it is then alone in its cut.
    pub max_bytes: u64,
}

/// A byte range of whole rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cut {
    /// Offset of the first row's first byte, from the beginning of the file.
    pub start: u64,
    /// Offset behind the last byte to read. A row beyond [`Dialect::max_row_bytes`] is alone in its cut, and of it only
    /// as much is inside as shows that it is too long.
    pub end: u64,
    /// The physical line, counted from 1, on which the first row begins.
    pub first_line: u64,
    /// The number of the first row, counted from 1; blank lines are no rows.
    pub first_row: u64,
    /// How many rows.
    pub rows: u32,
    /// Where the file goes on: `end`, but for a row that is too long.
    pub next_start: u64,
    /// The physical line that begins at `next_start`.
    pub next_line: u64,
}

/// Cuts a list that arrives in windows.
///
/// Memory is one unfinished row, at most [`Dialect::max_row_bytes`] and a little, whatever the size of windows and file.
/// The same file gives the same cuts for every size of windows.
///
/// ```
/// let list = b"Device Serial Number,Windows Product ID,Hardware Hash\nTEST-1,,T0\nTEST-2,,T0\n";
/// let dialect = manifest::sniff(list, true)?;
/// let mut cuts = Vec::new();
/// let mut cutter = manifest::Cutter::new(&dialect, manifest::CutLimits { max_rows: 500, max_bytes: 4 << 20 });
/// for window in list.chunks(16) {
///     cutter.push(window, &mut cuts);
/// }
/// cutter.finish(&mut cuts);
/// assert_eq!((cuts.len(), cuts[0].rows, cuts[0].first_line), (1, 2, 2));
/// # Ok::<(), manifest::FileProblem>(())
/// ```
#[derive(Debug)]
pub struct Cutter {
    rules: Rules,
    limits: CutLimits,
    /// Bytes to pass over before the first row.
    skip: u64,
    /// Where the unfinished row begins: offset, line, row number.
    offset: u64,
    line: u64,
    row: u64,
    /// The unfinished row, when it began in an earlier window.
    pending: Vec<u8>,
    /// Set while passing over the rest of a row that is too long.
    passing: Option<Passing>,
    cut: Option<Cut>,
}

/// The row that is being passed over.
#[derive(Debug)]
struct Passing {
    len: u64,
    /// The first half of a code unit that the last window ended in.
    half: Option<u8>,
}

impl Cutter {
    /// A cutter for a file whose windows come from its very first byte; the header is passed over.
    #[must_use]
    pub fn new(dialect: &Dialect, limits: CutLimits) -> Self {
        let rows = Self::resume(dialect, limits, dialect.data_start, dialect.data_line, 1);
        Self {
            skip: dialect.data_start,
            ..rows
        }
    }

    /// A cutter for windows that begin at `offset`, where row `row` begins on line `line` ([`Dialect::data_start`],
    /// or [`Cut::next_start`] and [`Cut::next_line`] of an earlier cut). It gives the cuts that the first one would have given next.
    #[must_use]
    pub fn resume(dialect: &Dialect, limits: CutLimits, offset: u64, line: u64, row: u64) -> Self {
        Self {
            rules: Rules::of(dialect),
            limits,
            skip: 0,
            offset,
            line,
            row,
            pending: Vec::new(),
            passing: None,
            cut: None,
        }
    }

    /// Takes the next window of the file, and adds the cuts that it completes to `out`.
    pub fn push(&mut self, window: &[u8], out: &mut Vec<Cut>) {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(window.len());
        self.skip -= skipped as u64;
        let mut rest = window.get(skipped..).unwrap_or_default();
        if self.passing.is_some() {
            rest = self.pass(rest, out);
        }
        if !self.pending.is_empty() {
            rest = self.finish_pending(rest, out);
        }
        while !rest.is_empty() {
            match self.rules.row_end(rest, false) {
                Scan::Row(row) => rest = self.take(rest, row, out),
                Scan::More => {
                    self.pending.extend_from_slice(rest);
                    return;
                }
                Scan::TooLong => {
                    self.passing = Some(Passing { len: 0, half: None });
                    rest = self.pass(rest, out);
                }
            }
        }
    }

    /// Ends the file, and adds the last cuts to `out`.
    pub fn finish(mut self, out: &mut Vec<Cut>) {
        if let Some(passing) = self.passing.take() {
            self.long_row(passing.len, 0, out);
        }
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while !rest.is_empty() {
            let Scan::Row(row) = self.rules.row_end(rest, true) else {
                break;
            };
            rest = self.take(rest, row, out);
        }
        out.extend(self.cut.take());
    }

    /// Completes the rows that began in earlier windows, and returns what is left of this one.
    fn finish_pending<'w>(&mut self, window: &'w [u8], out: &mut Vec<Cut>) -> &'w [u8] {
        const STEP: usize = 8 * 1024;
        let mut pending = std::mem::take(&mut self.pending);
        let (mut from, mut lent, mut step) = (0, 0, STEP);
        let old = pending.len();
        while from < old {
            let text = pending.get(from..).unwrap_or_default();
            match self.rules.row_end(text, false) {
                Scan::Row(row) => {
                    self.take(text, row, out);
                    from += row.len;
                }
                Scan::More if lent < window.len() => {
                    let more = window.get(lent..window.len().min(lent + step)).unwrap_or_default();
                    pending.extend_from_slice(more);
                    (lent, step) = (lent + more.len(), step * 2);
                }
                Scan::More => {
                    pending.drain(..from);
                    self.pending = pending;
                    return &[];
                }
                Scan::TooLong => {
                    // The part from earlier windows holds no line break, nor does what this window lent.
                    let earlier = pending.get(from..old).unwrap_or_default();
                    self.passing = Some(Passing { len: 0, half: None });
                    self.pass(earlier, out);
                    return self.pass(window, out);
                }
            }
        }
        window.get(from - old..).unwrap_or_default()
    }

    /// Passes over a row that is too long, up to its line break; returns what follows that.
    fn pass<'w>(&mut self, window: &'w [u8], out: &mut Vec<Cut>) -> &'w [u8] {
        let units = self.rules.units;
        let Some(passing) = self.passing.as_mut() else {
            return window;
        };
        let mut rest = window;
        if let (Some(half), Some(other)) = (passing.half, rest.first()) {
            passing.half = None;
            passing.len += 1;
            rest = rest.get(1..).unwrap_or_default();
            if units.is(&[half, *other], 0, b'\n') {
                let len = passing.len;
                self.passing = None;
                self.long_row(len, 1, out);
                return rest;
            }
        }
        if let Some(hit) = units.find(rest, 0, b'\n') {
            let end = hit + units.width();
            let len = passing.len + end as u64;
            self.passing = None;
            self.long_row(len, 1, out);
            return rest.get(end..).unwrap_or_default();
        }
        passing.len += rest.len() as u64;
        if rest.len() % units.width() == 1 {
            passing.half = rest.last().copied();
        }
        &[]
    }

    /// Counts a whole row at the beginning of `text`, and returns what follows it.
    fn take<'t>(&mut self, text: &'t [u8], row: RowEnd, out: &mut Vec<Cut>) -> &'t [u8] {
        let (raw, rest) = text.split_at_checked(row.len).unwrap_or((text, &[]));
        let len = row.len as u64;
        if row.too_long {
            self.long_row(len, row.breaks, out);
        } else if self.rules.has_content(raw) {
            self.short_row(len, row.breaks, out);
        } else {
            self.advance(len, row.breaks);
        }
        rest
    }

    fn short_row(&mut self, len: u64, breaks: u32, out: &mut Vec<Cut>) {
        if self
            .cut
            .is_some_and(|cut| self.offset + len - cut.start > self.limits.max_bytes)
        {
            out.extend(self.cut.take());
        }
        let begin = self.empty_cut();
        self.advance(len, breaks);
        self.row += 1;
        let cut = self.cut.get_or_insert(begin);
        cut.rows += 1;
        (cut.end, cut.next_start, cut.next_line) = (self.offset, self.offset, self.line);
        if cut.rows >= self.limits.max_rows {
            out.extend(self.cut.take());
        }
    }

    fn long_row(&mut self, len: u64, breaks: u32, out: &mut Vec<Cut>) {
        out.extend(self.cut.take());
        let begin = self.empty_cut();
        self.advance(len, breaks);
        self.row += 1;
        let end = self.offset.min(begin.start + self.rules.kept() as u64);
        out.push(Cut {
            end,
            rows: 1,
            next_start: self.offset,
            next_line: self.line,
            ..begin
        });
    }

    /// A cut of no rows that begins here.
    fn empty_cut(&self) -> Cut {
        let (offset, line) = (self.offset, self.line);
        Cut {
            start: offset,
            end: offset,
            first_line: line,
            first_row: self.row,
            rows: 0,
            next_start: offset,
            next_line: line,
        }
    }

    fn advance(&mut self, len: u64, breaks: u32) {
        self.offset += len;
        self.line += u64::from(breaks);
    }
}
