//! Where one row ends. Cutter, reader and fix-it writer all ask here, so that they see the same rows.
//!
//! The rule. A quotation mark opens a quoted cell where a cell begins, and only there: `13" display` is text. In a quoted
//! cell, `""` is one mark, line breaks belong to the cell, and a mark before a delimiter or a line ending closes it.
//! A mark before anything else closes it too, as a fault, while the row is still on its first line.
//! A row ends at the first line break outside quotes, if that comes within [`Rules::max`] bytes.
//! If it does not, or if a cell that runs over a line break is not properly closed, or runs over more than
//! [`MAX_BREAKS`] of them, the opening mark is taken as stray: the row ends at its first line break, whatever the
//! quotes say, and the next row begins there. So an unbalanced mark costs one row and never the file.

use crate::dialect::Dialect;
use crate::units::Units;

/// Line breaks that one row may hold inside quotes: enough for a hash wrapped at 64 characters. It bounds how much
/// text is looked at twice.
const MAX_BREAKS: u32 = 100;

/// What decides where rows end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) units: Units,
    pub(crate) delimiter: u8,
    /// The longest row, in bytes, without its line ending.
    pub(crate) max: usize,
}

/// One row, from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowEnd {
    /// Bytes, line ending included.
    pub(crate) len: usize,
    /// Line breaks in it, the one at its end included.
    pub(crate) breaks: u32,
    /// Whether its quotation marks do not balance.
    pub(crate) malformed: bool,
    /// Whether it is longer than the bound.
    pub(crate) too_long: bool,
}

/// What is known of the row at the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scan {
    /// It ends here.
    Row(RowEnd),
    /// The text must go on before that can be said.
    More,
    /// It is longer than the bound, and ends at the next line break, which this text does not hold.
    TooLong,
}

impl Rules {
    pub(crate) fn of(dialect: &Dialect) -> Self {
        let units = dialect.encoding.units();
        let max = usize::try_from(dialect.max_row_bytes).unwrap_or(usize::MAX / 4);
        Self {
            units,
            delimiter: dialect.delimiter.byte(),
            max: (max & !1).max(2),
        }
    }

    /// How much of a row that is too long is kept: just enough to see that it is.
    pub(crate) fn kept(&self) -> usize {
        self.max + self.units.width()
    }

    /// Finds the end of the row that begins at the first byte of `text`, which is not empty.
    /// `end` says that nothing follows the text.
    pub(crate) fn row_end(&self, text: &[u8], end: bool) -> Scan {
        let width = self.units.width();
        let head = text.get(..self.kept()).unwrap_or(text);
        let (mut at, mut breaks, mut quoted, mut malformed, mut stray) = (0, 0, false, false, false);
        let mut first_break = None;
        while let Some(hit) = self.units.find2(head, at, b'\n', b'"') {
            at = hit + width;
            if !self.units.is(head, hit, b'"') {
                breaks += 1;
                if !quoted {
                    return Scan::Row(RowEnd {
                        len: at,
                        breaks,
                        malformed,
                        too_long: false,
                    });
                }
                first_break.get_or_insert(at);
                if breaks > MAX_BREAKS {
                    stray = true;
                    break;
                }
            } else if !quoted {
                quoted = hit == 0 || self.units.is(head, hit - width, self.delimiter);
            } else {
                match self.units.at(text, at) {
                    None if !end => return Scan::More,
                    Some(next) if next == u16::from(b'"') => at += width,
                    next if next.is_none_or(|unit| self.closes(unit)) => quoted = false,
                    _ if first_break.is_some() => {
                        stray = true;
                        break;
                    }
                    _ => (quoted, malformed) = (false, true),
                }
            }
        }
        let decided = stray || text.len() >= self.kept() || (end && text.len() > self.max);
        if !decided && !end {
            return Scan::More;
        }
        let open = decided || quoted;
        match first_break {
            Some(len) if open => Scan::Row(RowEnd {
                len,
                breaks: 1,
                malformed: true,
                too_long: false,
            }),
            _ if decided => self.too_long(text, end),
            _ => Scan::Row(RowEnd {
                len: text.len(),
                breaks,
                malformed: malformed || quoted,
                too_long: false,
            }),
        }
    }

    /// The end of a row that is known to be too long and to have no line break within the bound.
    fn too_long(&self, text: &[u8], end: bool) -> Scan {
        let row = |len, breaks| {
            Scan::Row(RowEnd {
                len,
                breaks,
                malformed: false,
                too_long: true,
            })
        };
        match self.units.find(text, 0, b'\n') {
            Some(hit) => row(hit + self.units.width(), 1),
            None if end => row(text.len(), 0),
            None => Scan::TooLong,
        }
    }

    /// Whether a quotation mark before this unit closes its cell properly.
    fn closes(&self, unit: u16) -> bool {
        [self.delimiter, b'\r', b'\n'].map(u16::from).contains(&unit)
    }

    /// Whether the text holds anything but delimiters, quotation marks and blanks; a line without that is no row.
    pub(crate) fn has_content(&self, text: &[u8]) -> bool {
        let blank = [self.delimiter, b' ', b'\t', b'\r', b'\n', b'"'].map(u16::from);
        (0..text.len())
            .step_by(self.units.width())
            .any(|at| self.units.at(text, at).is_none_or(|unit| !blank.contains(&unit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        units: Units::Bytes,
        delimiter: b',',
        max: 40,
    };

    fn first(text: &str) -> (&str, bool) {
        match RULES.row_end(text.as_bytes(), true) {
            Scan::Row(row) => (&text[..row.len], row.malformed),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_row_ends_at_the_first_line_break_outside_quotes() {
        for (text, row, malformed) in [
            ("a,b\nc\n", "a,b\n", false),
            ("a,b", "a,b", false),
            ("a,\"b\nc\",d\ne\n", "a,\"b\nc\",d\n", false),
            ("\"a\"\"\n\",b\nc", "\"a\"\"\n\",b\n", false),
            ("a,13\" wide\nb\n", "a,13\" wide\n", false),
            ("\"a\"b,c\nd", "\"a\"b,c\n", true),
            ("a,\"b\r\nc\",\r\nd", "a,\"b\r\nc\",\r\n", false),
        ] {
            assert_eq!(first(text), (row, malformed), "{text:?}");
        }
    }

    #[test]
    fn a_stray_quotation_mark_costs_its_own_row_only() {
        for text in [
            "\"a,b\nc,d\ne,f",                                         // never closed
            "\"a,b\n\"c\",d\n",                                        // meets a proper quoted cell
            "\"a,b\nc,13\" wide\n",                                    // meets a mark inside text
            "\"a,b\nccccccccccccccccccccccccccccccccccccccccccc\"\nd", // closed beyond the bound
        ] {
            assert_eq!(first(text), ("\"a,b\n", true), "{text:?}");
        }
    }

    #[test]
    fn a_quoted_cell_over_too_many_lines_is_stray() {
        let rules = Rules { max: 10_000, ..RULES };
        let text = format!("\"{}\"\n", "a\n".repeat(101));
        assert!(matches!(
            rules.row_end(text.as_bytes(), true),
            Scan::Row(RowEnd {
                len: 3,
                malformed: true,
                ..
            })
        ));
        let text = format!("\"{}\"\n", "a\n".repeat(100));
        assert!(matches!(
            rules.row_end(text.as_bytes(), true),
            Scan::Row(RowEnd {
                malformed: false,
                breaks: 101,
                ..
            })
        ));
    }

    #[test]
    fn a_row_beyond_the_bound_ends_at_its_line_break() {
        let text = format!("{}\nb\n", "a".repeat(41));
        let row = RowEnd {
            len: 42,
            breaks: 1,
            malformed: false,
            too_long: true,
        };
        assert_eq!(RULES.row_end(text.as_bytes(), true), Scan::Row(row));
        assert_eq!(RULES.row_end(&text.as_bytes()[..41], false), Scan::TooLong);
        assert_eq!(RULES.row_end(&text.as_bytes()[..40], false), Scan::More);
        let fits = format!("{}\nb\n", "a".repeat(40));
        assert!(matches!(
            RULES.row_end(fits.as_bytes(), true),
            Scan::Row(RowEnd {
                len: 41,
                too_long: false,
                ..
            })
        ));
    }

    #[test]
    fn delimiters_and_blanks_are_no_content() {
        assert!(!RULES.has_content(b" ,,\t\"\",\r\n"));
        assert!(RULES.has_content(b",,a"));
        assert!(
            !Rules {
                units: Units::Wide { low: 0 },
                ..RULES
            }
            .has_content(b",\0,\0\r\0\n\0")
        );
    }
}
