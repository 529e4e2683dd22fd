//! The text of one row, decoded cell by cell.

use std::borrow::Cow;

use memchr::memchr;

use crate::cell::Cell;
use crate::dialect::Encoding;
use crate::scan::Rules;
use crate::text::decode;

/// A row's bytes, without its line ending, and how they are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowText<'a> {
    pub(crate) content: &'a [u8],
    /// The row as it stands, where it is UTF-8.
    text: Option<&'a str>,
    encoding: Encoding,
    rules: Rules,
    malformed: bool,
    /// Whether a row that is not UTF-8 was taken for Windows-1252.
    pub(crate) assumed: bool,
    /// Whether there may be a NUL in it.
    pub(crate) nul: bool,
}

impl<'a> RowText<'a> {
    pub(crate) fn new(encoding: Encoding, rules: Rules, content: &'a [u8], malformed: bool) -> Self {
        let text = match encoding {
            Encoding::Ascii | Encoding::Utf8 => std::str::from_utf8(content).ok(),
            Encoding::Windows1252 => content.is_ascii().then(|| std::str::from_utf8(content).ok()).flatten(),
            Encoding::Utf16Le | Encoding::Utf16Be => None,
        };
        let assumed = encoding == Encoding::Ascii && text.is_none();
        Self {
            content,
            text,
            encoding: if assumed { Encoding::Windows1252 } else { encoding },
            rules,
            malformed,
            assumed,
            nul: rules.units.width() == 2 || memchr(0, content).is_some(),
        }
    }

    /// A cell's value without its quotation marks, and whether all its bytes were text.
    pub(crate) fn value(&self, cell: Cell) -> (Cow<'a, str>, bool) {
        let (inner, quoted) = self.inner(cell);
        let (value, whole) = match self.text.and_then(|text| text.get(inner.0..inner.1)) {
            Some(value) => (Cow::Borrowed(value), true),
            None => decode(self.encoding, self.content.get(inner.0..inner.1).unwrap_or_default()),
        };
        if self.malformed {
            let bare = value.trim_matches('"');
            return (
                if bare.len() == value.len() {
                    value
                } else {
                    Cow::Owned(bare.to_owned())
                },
                whole,
            );
        }
        (
            if quoted && value.contains("\"\"") {
                Cow::Owned(value.replace("\"\"", "\""))
            } else {
                value
            },
            whole,
        )
    }

    /// The range of a cell without the quotation marks around it, and whether there are any.
    fn inner(&self, cell: Cell) -> ((usize, usize), bool) {
        let width = self.rules.units.width();
        let (start, end) = (cell.start + width, cell.end.saturating_sub(width));
        if cell.quoted && start <= end && self.rules.units.is(self.content, end, b'"') {
            ((start, end), true)
        } else {
            ((cell.start, cell.end), false)
        }
    }

    /// Whether a quotation mark stands in the cell.
    pub(crate) fn holds_quote(&self, cell: Cell) -> bool {
        self.rules
            .units
            .find(self.content, cell.start, b'"')
            .is_some_and(|hit| hit < cell.end)
    }

    /// Line breaks before a cell.
    pub(crate) fn breaks_before(&self, cell: Cell) -> u64 {
        let mut at = 0;
        let mut breaks = 0;
        while let Some(hit) = self
            .rules
            .units
            .find(self.content, at, b'\n')
            .filter(|hit| *hit < cell.start)
        {
            at = hit + self.rules.units.width();
            breaks += 1;
        }
        breaks
    }
}
