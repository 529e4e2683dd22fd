//! Base64 text to bytes and back, with repairs.
//!
//! Hashes travel through spreadsheets, e-mail and scripts. What these do to base64 without loss is
//! undone here and reported; what lost bytes is refused. The fast path is one SIMD pass and
//! accepts exactly what RFC 4648 (section 4, padded, canonical) allows.

use std::fmt;

/// Decodes `text` into `out`, which is emptied first and may be reused from call to call.
///
/// Text that is valid as it stands gives no repairs. Otherwise whitespace is dropped, the URL-safe
/// alphabet is accepted, and padding is put right, as described at [`Repair`].
///
/// # Errors
/// [`TextError`], with `out` empty, when the text has characters that are not base64, or was cut
/// in the middle of a byte.
pub fn decode(text: &[u8], out: &mut Vec<u8>) -> Result<Repairs, TextError> {
    out.clear();
    if base64_simd::STANDARD.decode_append(text, out).is_ok() {
        return Ok(Repairs::default());
    }
    out.clear();
    let result = repair(text, out);
    if result.is_err() {
        out.clear();
    }
    result
}

/// Encodes bytes as padded standard base64.
pub fn encode(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// What had to be put right before the text could be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Repair {
    /// Blanks, line breaks, non-breaking or zero-width spaces, or a byte order mark stood in the text.
    Whitespace = 1,
    /// `-` and `_` stood for `+` and `/`.
    UrlSafeAlphabet = 2,
    /// `=` was missing at the end.
    MissingPadding = 4,
    /// There were more `=` at the end than belong there.
    ExtraPadding = 8,
    /// One character was missing and `A` was put in its place: the remedy of Microsoft Learn,
    /// "Troubleshoot Autopilot device import and enrollment". `A` stands for zero bits, which is
    /// what the end of a hash consists of.
    TrailingA = 16,
}

impl Repair {
    const ALL: [Self; 5] = [
        Self::Whitespace,
        Self::UrlSafeAlphabet,
        Self::MissingPadding,
        Self::ExtraPadding,
        Self::TrailingA,
    ];

    /// A stable name for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Whitespace => "whitespace-removed",
            Self::UrlSafeAlphabet => "url-safe-alphabet",
            Self::MissingPadding => "padding-added",
            Self::ExtraPadding => "padding-removed",
            Self::TrailingA => "trailing-a-added",
        }
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whitespace => "blanks or line breaks inside the hash were left out",
            Self::UrlSafeAlphabet => "the hash was written in the URL-safe alphabet (- and _ for + and /)",
            Self::MissingPadding => "the `=` missing at the end of the hash was added",
            Self::ExtraPadding => "`=` at the end of the hash that do not belong there were left out",
            Self::TrailingA => {
                "one character was missing at the end of the hash; `A`, which stands for zero, was added"
            }
        })
    }
}

/// A set of [`Repair`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs(u8);

impl Repairs {
    /// Whether the text was good as it stood.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `repair` was made.
    pub const fn contains(self, repair: Repair) -> bool {
        self.0 & repair as u8 != 0
    }

    /// The repairs that were made.
    pub fn iter(self) -> impl Iterator<Item = Repair> {
        Repair::ALL.into_iter().filter(move |repair| self.contains(*repair))
    }

    fn insert(&mut self, repair: Repair) {
        self.0 |= repair as u8;
    }
}

/// Why a text is no base64, even with every repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// A character outside the alphabet.
    #[error(
        "position {} of the hash is {found:?}, which base64 does not use; copy the hash again from where it was made",
        .offset + 1
    )]
    InvalidCharacter {
        /// Its byte offset in the text.
        offset: usize,
        /// The character; U+FFFD when the text is not UTF-8 there.
        found: char,
    },
    /// `=` before the end.
    #[error(
        "the `=` at position {} of the hash is followed by more text: two hashes in one, or a cell that ran into the \
         next; give one hash",
        .offset + 1
    )]
    PaddingInside {
        /// The byte offset of the first `=`.
        offset: usize,
    },
    /// The last character holds bits of a byte that is not there.
    #[error(
        "the hash ends in the middle of a byte: it was cut; export it again, whole ({} characters)",
        crate::TEXT_LENGTH
    )]
    Cut,
}

impl TextError {
    /// A stable name for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidCharacter { .. } => "not-base64",
            Self::PaddingInside { .. } => "padding-inside",
            Self::Cut => "text-cut",
        }
    }
}

fn repair(text: &[u8], out: &mut Vec<u8>) -> Result<Repairs, TextError> {
    let mut repairs = Repairs::default();
    let mut symbols = Vec::with_capacity(text.len() + 4);
    let mut padding = 0;
    let mut first_padding = 0;
    for (offset, found) in characters(text) {
        let symbol = match found {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' => found as u8,
            '-' | '_' => {
                repairs.insert(Repair::UrlSafeAlphabet);
                if found == '-' { b'+' } else { b'/' }
            }
            '=' => {
                if padding == 0 {
                    first_padding = offset;
                }
                padding += 1;
                continue;
            }
            _ if is_blank(found) => {
                repairs.insert(Repair::Whitespace);
                continue;
            }
            _ => return Err(TextError::InvalidCharacter { offset, found }),
        };
        if padding > 0 {
            return Err(TextError::PaddingInside { offset: first_padding });
        }
        symbols.push(symbol);
    }
    if symbols.len() % 4 == 1 {
        repairs.insert(Repair::TrailingA);
        symbols.push(b'A');
    }
    let whole = symbols.len().next_multiple_of(4);
    match padding.cmp(&(whole - symbols.len())) {
        std::cmp::Ordering::Less => repairs.insert(Repair::MissingPadding),
        std::cmp::Ordering::Greater => repairs.insert(Repair::ExtraPadding),
        std::cmp::Ordering::Equal => {}
    }
    symbols.resize(whole, b'=');
    base64_simd::STANDARD
        .decode_append(&symbols, out)
        .map_err(|_| TextError::Cut)?;
    Ok(repairs)
}

/// The characters of a text with their byte offsets; U+FFFD for what is not UTF-8.
fn characters(text: &[u8]) -> impl Iterator<Item = (usize, char)> {
    let mut start = 0;
    text.utf8_chunks().flat_map(move |chunk| {
        let at = start;
        let bad = at + chunk.valid().len();
        start = bad + chunk.invalid().len();
        let replacement = (!chunk.invalid().is_empty()).then_some((bad, char::REPLACEMENT_CHARACTER));
        chunk
            .valid()
            .char_indices()
            .map(move |(offset, found)| (at + offset, found))
            .chain(replacement)
    })
}

fn is_blank(found: char) -> bool {
    found.is_whitespace() || matches!(found, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests;
