//! Finding ASCII characters in text whose code units are one or two bytes wide.

use memchr::{memchr, memchr2};

/// The width of a code unit, and where its low byte lies.
///
/// Slices given to these functions begin at a unit's first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Units {
    /// One byte: ASCII, UTF-8, Windows-1252.
    Bytes,
    /// Two bytes: UTF-16.
    Wide {
        /// 0 for little endian, 1 for big endian.
        low: usize,
    },
}

impl Units {
    /// Bytes per unit.
    pub(crate) fn width(self) -> usize {
        match self {
            Self::Bytes => 1,
            Self::Wide { .. } => 2,
        }
    }

    /// The unit that begins at byte `at`; `None` when the text ends before the unit does.
    pub(crate) fn at(self, text: &[u8], at: usize) -> Option<u16> {
        match self {
            Self::Bytes => text.get(at).map(|byte| u16::from(*byte)),
            Self::Wide { low } => {
                let unit = <[u8; 2]>::try_from(text.get(at..at.checked_add(2)?)?).ok()?;
                Some(if low == 0 {
                    u16::from_le_bytes(unit)
                } else {
                    u16::from_be_bytes(unit)
                })
            }
        }
    }

    /// Whether the unit at byte `at` is the ASCII character `c`.
    pub(crate) fn is(self, text: &[u8], at: usize, c: u8) -> bool {
        self.at(text, at) == Some(u16::from(c))
    }

    /// The first byte of the next unit, at or behind `from`, that is the ASCII character `c`.
    pub(crate) fn find(self, text: &[u8], from: usize, c: u8) -> Option<usize> {
        match self {
            Self::Bytes => Some(from + memchr(c, text.get(from..)?)?),
            Self::Wide { .. } => self.find_wide(text, from, |tail| memchr(c, tail)),
        }
    }

    /// As [`Units::find`], for either of two characters.
    #[inline]
    pub(crate) fn find2(self, text: &[u8], from: usize, a: u8, b: u8) -> Option<usize> {
        match self {
            Self::Bytes => Some(from + memchr2(a, b, text.get(from..)?)?),
            Self::Wide { .. } => self.find_wide(text, from, |tail| memchr2(a, b, tail)),
        }
    }

    /// Skips bytes that look like the character but are one half of another one (U+0A00, U+220A).
    fn find_wide(self, text: &[u8], from: usize, next: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
        let mut at = from;
        loop {
            let hit = at + next(text.get(at..)?)?;
            let unit = hit & !1;
            if self
                .at(text, unit)
                .is_some_and(|u| u < 0x80 && text.get(hit).is_some_and(|b| u16::from(*b) == u))
            {
                return Some(unit);
            }
            at = hit + 1;
        }
    }

    /// The text without the line ending at its end.
    pub(crate) fn without_line_ending(self, text: &[u8]) -> &[u8] {
        let text = self.without_last(text, b'\n').unwrap_or(text);
        self.without_last(text, b'\r').unwrap_or(text)
    }

    /// The text without its last unit, when that is `c`.
    fn without_last(self, text: &[u8], c: u8) -> Option<&[u8]> {
        let at = text.len().checked_sub(self.width())?;
        (at % self.width() == 0 && self.is(text, at, c))
            .then(|| text.get(..at))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LE: Units = Units::Wide { low: 0 };
    const BE: Units = Units::Wide { low: 1 };

    #[test]
    fn half_of_another_unit_is_no_line_break() {
        // U+0A41, U+410A, then a line feed.
        assert_eq!(LE.find(&[0x41, 0x0A, 0x0A, 0x41, 0x0A, 0x00], 0, b'\n'), Some(4));
        assert_eq!(BE.find(&[0x0A, 0x41, 0x41, 0x0A, 0x00, 0x0A], 0, b'\n'), Some(4));
        // U+0A00: its high byte is no line feed, and its low byte is no high byte of one.
        assert_eq!(LE.find(&[0x00, 0x0A, 0x00, 0x0A], 0, b'\n'), None);
        assert_eq!(BE.find(&[0x0A, 0x00, 0x0A, 0x00], 0, b'\n'), None);
    }

    #[test]
    fn half_a_unit_at_the_end_is_nothing() {
        assert_eq!(LE.find(&[0x41, 0x00, 0x0A], 0, b'\n'), None);
        assert_eq!(LE.at(&[0x0A], 0), None);
    }

    #[test]
    fn a_line_ending_is_taken_off_once() {
        assert_eq!(Units::Bytes.without_line_ending(b"a\r\n"), b"a");
        assert_eq!(Units::Bytes.without_line_ending(b"a\n\n"), b"a\n");
        assert_eq!(LE.without_line_ending(b"a\0\r\0\n\0"), b"a\0");
        assert_eq!(BE.without_line_ending(b"\0a\0\n"), b"\0a");
    }
}
