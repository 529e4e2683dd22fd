//! The body of `updateDeviceProperties`. The stock PowerShell module writes it without quotation marks around names, which
//! is JSON5 and no JSON.

use std::collections::BTreeMap;

use muster_runtime::http::{Code, Problem};

/// Bytes that it has at most.
const MAX_LEN: usize = 16 << 10;

/// Texts by name; null stands for none. Nothing else can stand there, so nothing is nested.
pub(crate) type Texts = BTreeMap<String, Option<String>>;

/// Reads the body. Escapes are those of JSON: JSON5 reads a backslash before any other letter as nothing, and a text that was
/// pasted with one would lose it.
///
/// # Errors
/// When it is too long, is no JSON5 object, or holds something else than texts.
pub(crate) fn texts(body: &[u8]) -> Result<Texts, Problem> {
    let refuse = |what: String| Problem::new(Code::InvalidRequest, what);
    if body.len() > MAX_LEN {
        return Err(refuse(format!("The body is longer than {MAX_LEN} bytes.")));
    }
    let text = std::str::from_utf8(body).map_err(|_| refuse("The body is not UTF-8.".to_owned()))?;
    let no_object = |why: &str| {
        refuse(format!(
            "The body is no JSON object of texts: {why}. Names may stand without quotation marks; write a quotation mark or a \
             backslash inside of a text as \\\" or \\\\."
        ))
    };
    let read = json5::from_str(text).map_err(|error| no_object(&error.to_string()))?;
    match lone_backslash(text) {
        None => Ok(read),
        Some(place) => Err(no_object(&format!(
            "the backslash at character {place} stands for nothing"
        ))),
    }
}

/// Where a backslash begins no escape of JSON, in characters from 1.
fn lone_backslash(text: &str) -> Option<usize> {
    let mut characters = (1..).zip(text.chars());
    while let Some((place, character)) = characters.next() {
        let escapes = |(_, next): (usize, char)| "\"\\/bfnrtu".contains(next);
        if character == '\\' && !characters.next().is_some_and(escapes) {
            return Some(place);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_stock_module_sends_is_read() {
        let sent = r#"{ userPrincipalName: "ada@contoso.com", addressableUserName: "", groupTag: "KI\"OSK", displayName: null }"#;
        let read = texts(sent.as_bytes()).unwrap();
        assert_eq!(read["userPrincipalName"].as_deref(), Some("ada@contoso.com"));
        assert_eq!(read["groupTag"].as_deref(), Some("KI\"OSK"));
        assert_eq!(read["displayName"], None);
        assert_eq!(texts(br#"{"groupTag":"a"}"#).unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_object_of_texts_is_refused() {
        let deep = "[".repeat(MAX_LEN);
        let nested = format!("{{a:{}", "[".repeat(MAX_LEN - 3));
        let long = format!("{{a:\"{}\"}}", "x".repeat(MAX_LEN));
        for body in [
            "",
            "[]",
            "{",
            "{a: 1}",
            "{a: [\"x\"]}",
            "{a: \"x\"y\"}",
            "{a: \"x\\\"}",
            "{a: \"x\"} {}",
            r#"{a: "Sales\EU"}"#,
            r#"{a: "x\x41"}"#,
            r#"{a: "x\'y"}"#,
            "{a: \"x\\\ny\"}",
            &deep,
            &nested,
            &long,
        ] {
            assert!(texts(body.as_bytes()).is_err(), "{body:.40}");
        }
        assert!(texts(b"{a: \"\xff\"}").is_err());
    }

    proptest! {
        #[test]
        fn strict_json_reads_as_itself(all in proptest::collection::btree_map("[a-zA-Z@.]{1,9}", proptest::option::of("\\PC{0,20}"), 0..5)) {
            let body = serde_json::to_vec(&all).unwrap();
            prop_assert_eq!(texts(&body).unwrap(), all);
        }

        #[test]
        fn no_text_is_too_much(text in "\\PC{0,100}") {
            let _ = texts(text.as_bytes());
        }
    }
}
