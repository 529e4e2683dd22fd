//! `Edm.Binary`: bytes as base64.

use axum::http::StatusCode;

use crate::fault::Fault;

/// Characters of a literal that are quoted at most.
const QUOTED: usize = 40;

/// The bytes of a hash as they are to be written into a list. What spreadsheets and scripts did to base64 without loss is
/// undone, as it is for files.
///
/// # Errors
/// Graph's own words, which support pages name, where the text cannot be base64.
pub(crate) fn canonical(literal: &str) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    match hardware_hash::text::decode(literal.as_bytes(), &mut bytes) {
        Ok(_) => Ok(hardware_hash::text::encode(&bytes)),
        Err(_) => {
            let shown = |c: char| if c.is_control() { ' ' } else { c };
            let mut quoted: String = literal.chars().take(QUOTED).map(shown).collect();
            if literal.chars().nth(QUOTED).is_some() {
                quoted.push('…');
            }
            Err(Fault::new(
                StatusCode::BAD_REQUEST,
                "RequestBodyRead",
                format!("Cannot convert the literal '{quoted}' to the expected type 'Edm.Binary'."),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_is_written_in_one_form() {
        for (literal, expected) in [
            ("T0EA", Some("T0EA")),
            ("T0E", Some("T0E=")),
            ("T0 EA\r\n", Some("T0EA")),
            ("-_8=", Some("+/8=")),
            ("[DEVICEHASH]", None),
            ("[DEVICE\u{1}HASH]\r\n", None),
            ("T0EA=T0EA", None),
        ] {
            assert_eq!(canonical(literal).ok().as_deref(), expected, "{literal}");
        }
    }
}
