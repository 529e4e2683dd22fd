//! Files that are no text, or no delimited text, and the encodings of those that are.

use memchr::memmem;

use crate::dialect::Encoding;
use crate::problem::{FileCode, FileProblem};

/// How much of a window is looked at to tell text from other bytes.
const SAMPLE: usize = 4 * 1024;

const SAVE_AS_CSV: &str = "Open it in the program it came from, and save it as \"CSV UTF-8\" or \"CSV\".";

/// First bytes of files that people take for lists.
const SIGNATURES: &[(&[u8], FileCode, &str)] = &[
    (b"PK\x03\x04", FileCode::Zip, "it is a zip archive"),
    (b"PK\x05\x06", FileCode::Zip, "it is an empty zip archive"),
    (
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
        FileCode::Xls,
        "it is an old Office document, such as an Excel workbook (.xls)",
    ),
    (b"%PDF-", FileCode::Pdf, "it is a PDF document"),
    (b"\x89PNG", FileCode::Binary, "it is a picture (PNG)"),
    (b"\xFF\xD8\xFF", FileCode::Binary, "it is a picture (JPEG)"),
    (b"GIF8", FileCode::Binary, "it is a picture (GIF)"),
    (b"\x1F\x8B", FileCode::Binary, "it is compressed (gzip)"),
    (b"7z\xBC\xAF\x27\x1C", FileCode::Binary, "it is a 7-Zip archive"),
    (b"Rar!\x1A\x07", FileCode::Binary, "it is a RAR archive"),
    (b"{\\rtf", FileCode::Binary, "it is an RTF document"),
    (b"\xFF\xFE\x00\x00", FileCode::Utf32, "it is written in UTF-32"),
    (b"\x00\x00\xFE\xFF", FileCode::Utf32, "it is written in UTF-32"),
];

/// Refuses files whose first bytes say that they are something else.
pub(super) fn refuse_other_files(window: &[u8]) -> Result<(), FileProblem> {
    let Some((_, code, what)) = SIGNATURES.iter().find(|(signature, ..)| window.starts_with(signature)) else {
        return Ok(());
    };
    let why = "A device list is a text file.";
    Err(match code {
        FileCode::Zip if holds(window, b"xl/") || holds(window, b"[Content_Types].xml") => {
            FileProblem::new(FileCode::Xlsx, "it is an Excel workbook (.xlsx)", why, SAVE_AS_CSV)
        }
        FileCode::Zip => FileProblem::new(*code, *what, why, "Unpack it, and hand in the list that is inside."),
        FileCode::Utf32 => FileProblem::new(
            *code,
            *what,
            "UTF-8, UTF-16 with a byte order mark and Windows-1252 are read.",
            "Save it as UTF-8.",
        ),
        _ => FileProblem::new(*code, *what, why, SAVE_AS_CSV),
    })
}

fn holds(window: &[u8], part: &[u8]) -> bool {
    memmem::find(window, part).is_some()
}

/// Refuses text that is markup or JSON.
pub(super) fn refuse_markup(text: &str) -> Result<(), FileProblem> {
    let start = text
        .trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}')
        .to_ascii_lowercase();
    let html = ["<html", "<head", "<body", "<script", "<table", "<!doctype html"];
    let (code, what, remedy) = if start.starts_with('<') && html.iter().any(|tag| start.contains(tag)) {
        let remedy = "A download that needed a sign-in often leaves the sign-in page behind. Sign in, and download the list again.";
        (FileCode::Html, "it is a web page (HTML)", remedy)
    } else if start.starts_with('<') {
        (
            FileCode::Xml,
            "it is XML, perhaps an error message of the place it was downloaded from",
            "Download or export the list again.",
        )
    } else if start.starts_with(['{', '[']) {
        (
            FileCode::Json,
            "it is JSON",
            "Export the list as CSV, or hand the JSON in through the programming interface.",
        )
    } else {
        return Ok(());
    };
    Err(FileProblem::new(
        code,
        what,
        "A device list is delimited text, one device on a line.",
        remedy,
    ))
}

/// The encoding, and the length of the byte order mark.
pub(super) fn encoding(window: &[u8], whole: bool) -> Result<(Encoding, u8), FileProblem> {
    match window {
        [0xEF, 0xBB, 0xBF, ..] => return Ok((Encoding::Utf8, 3)),
        [0xFF, 0xFE, ..] => return Ok((Encoding::Utf16Le, 2)),
        [0xFE, 0xFF, ..] => return Ok((Encoding::Utf16Be, 2)),
        _ => {}
    }
    let sample = window.get(..window.len().min(SAMPLE)).unwrap_or_default();
    refuse_wide_text(sample)?;
    let odd = sample
        .iter()
        .filter(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1A))
        .count();
    if odd * 50 > sample.len() {
        return Err(FileProblem::new(
            FileCode::Binary,
            "it holds bytes that are no text",
            "A device list is a text file.",
            SAVE_AS_CSV,
        ));
    }
    Ok((unmarked(window, whole), 0))
}

/// UTF-16 of mostly Latin text has a NUL in every other place, and hardly one in the others.
fn refuse_wide_text(sample: &[u8]) -> Result<(), FileProblem> {
    let units = sample.len() / 2;
    let nuls = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    let (most, least, name) = if odd > even {
        (odd, even, "little endian")
    } else {
        (even, odd, "big endian")
    };
    if units < 2 || most * 10 < units * 7 || least * 20 > units {
        return Ok(());
    }
    Err(FileProblem::new(
        FileCode::Utf16WithoutBom,
        format!("it looks like UTF-16, {name}, without a byte order mark"),
        "Without the mark nobody can be sure how its characters are written.",
        "Save it as UTF-8, or as UTF-16 with a byte order mark (\"Unicode\" in Notepad).",
    ))
}

/// The encoding of text without a byte order mark.
fn unmarked(window: &[u8], whole: bool) -> Encoding {
    match std::str::from_utf8(window) {
        Ok(text) if text.is_ascii() => Encoding::Ascii,
        Ok(_) => Encoding::Utf8,
        // The window may end within a character.
        Err(error) if error.error_len().is_none() && !whole => Encoding::Utf8,
        Err(_) => Encoding::Windows1252,
    }
}
