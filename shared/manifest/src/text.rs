//! From bytes to text and back, and taking off what nobody sees.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::dialect::Encoding;

/// Decodes bytes that begin at a character. The flag says whether all of them were text in that encoding.
pub(crate) fn decode(encoding: Encoding, bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match encoding {
        Encoding::Ascii | Encoding::Utf8 => match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), true),
            Err(_) => (String::from_utf8_lossy(bytes), false),
        },
        Encoding::Windows1252 => (WINDOWS_1252.decode_without_bom_handling(bytes).0, true),
        Encoding::Utf16Le => {
            let (text, faulty) = UTF_16LE.decode_without_bom_handling(bytes);
            (text, !faulty)
        }
        Encoding::Utf16Be => {
            let (text, faulty) = UTF_16BE.decode_without_bom_handling(bytes);
            (text, !faulty)
        }
    }
}

/// Appends text in an encoding; a character that the encoding lacks becomes `?`.
pub(crate) fn encode(encoding: Encoding, text: &str, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Utf8 => out.extend_from_slice(text.as_bytes()),
        Encoding::Ascii => out.extend(text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' })),
        Encoding::Windows1252 if text.is_ascii() => out.extend_from_slice(text.as_bytes()),
        Encoding::Windows1252 => {
            for c in text.chars() {
                match WINDOWS_1252.encode(c.encode_utf8(&mut [0; 4])) {
                    (bytes, _, false) => out.extend_from_slice(&bytes),
                    _ => out.push(b'?'),
                }
            }
        }
        Encoding::Utf16Le => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
        Encoding::Utf16Be => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
    }
}

/// The byte order mark that a file in this encoding begins with.
pub(crate) fn byte_order_mark(encoding: Encoding) -> &'static [u8] {
    match encoding {
        Encoding::Ascii | Encoding::Windows1252 => b"",
        Encoding::Utf8 => b"\xEF\xBB\xBF",
        Encoding::Utf16Le => b"\xFF\xFE",
        Encoding::Utf16Be => b"\xFE\xFF",
    }
}

/// A cell's value without blanks around it, and without invisible characters anywhere.
/// The flag says whether anything was taken off that a person does not see as a blank.
pub(crate) fn trim(text: Cow<'_, str>) -> (Cow<'_, str>, bool) {
    match text {
        Cow::Borrowed(text) => {
            let (value, noticed) = trim_ends(text);
            if !value.is_ascii() && value.contains(is_invisible) {
                return (Cow::Owned(value.replace(is_invisible, "")), true);
            }
            (Cow::Borrowed(value), noticed)
        }
        Cow::Owned(text) => {
            let (value, noticed) = trim_ends(&text);
            if !value.is_ascii() && value.contains(is_invisible) {
                return (Cow::Owned(value.replace(is_invisible, "")), true);
            }
            if value.len() == text.len() {
                (Cow::Owned(text), false)
            } else {
                (Cow::Owned(value.to_owned()), noticed)
            }
        }
    }
}

/// Takes blanks and invisible characters off both ends, and says whether any of them was not ASCII.
fn trim_ends(text: &str) -> (&str, bool) {
    let gone = |c: char| c.is_whitespace() || is_invisible(c);
    let value = text.trim_matches(gone);
    let noticed = value.len() != text.len() && {
        let head = text.len() - text.trim_start_matches(gone).len();
        let ends = [text.get(..head), text.get(head + value.len()..)];
        ends.into_iter().flatten().any(|end| !end.is_ascii())
    };
    (value, noticed)
}

/// Characters that take no room: zero-width spaces and joiners, direction marks, the byte order mark. They are taken off every
/// value.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{00AD}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outer_blanks_and_invisible_characters_go_and_inner_blanks_and_zeros_stay() {
        for (text, value, noticed) in [
            ("  00 12  ", "00 12", false),
            ("\t1\r\n", "1", false),
            ("\u{A0}1\u{A0}2\u{200B}", "1\u{A0}2", true),
            ("1\u{200B}2", "12", true),
            ("\u{FEFF}", "", true),
            ("", "", false),
        ] {
            assert_eq!(trim(Cow::Borrowed(text)), (value.into(), noticed), "{text:?}");
            assert_eq!(trim(Cow::Owned(text.to_owned())), (value.into(), noticed), "{text:?}");
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same_text() {
        for encoding in [
            Encoding::Utf8,
            Encoding::Windows1252,
            Encoding::Utf16Le,
            Encoding::Utf16Be,
        ] {
            let text = if encoding == Encoding::Windows1252 {
                "Größe €"
            } else {
                "Größe € 😀"
            };
            let mut bytes = Vec::new();
            encode(encoding, text, &mut bytes);
            assert_eq!(decode(encoding, &bytes), (text.into(), true));
        }
    }

    #[test]
    fn a_character_that_an_encoding_lacks_becomes_a_question_mark() {
        let mut bytes = Vec::new();
        encode(Encoding::Windows1252, "ü😀", &mut bytes);
        encode(Encoding::Ascii, "ü", &mut bytes);
        assert_eq!(bytes, b"\xFC??");
    }
}
