//! What a client sends, taken apart strictly: each refusal names the path of what is wrong.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::problem::{Code, FieldError, Problem};
use super::strict::Strict;

/// A JSON body.
#[derive(Debug, Clone)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let json = is_json(request.headers());
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|error| match error.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
                    Code::BodyTooLarge,
                    "The body is longer than this route takes, as it was sent or once it was unpacked.",
                )
                .remedy("Send fewer devices at once, or upload a file."),
                _ => Problem::new(Code::InvalidRequest, "The body could not be read to its end."),
            })?;
        if !json && !bytes.is_empty() {
            let detail = "The header content-type must be application/json.";
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
        read_json(&bytes).map(Self)
    }
}

/// `application/json`, with whatever parameters, or another type that is written as JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A route without a necessary member takes no body as an empty one.
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Strict(&mut reader)).map_err(|error| wrong(&error))?;
    reader
        .end()
        .map_err(|error| Problem::at("body", sentence(&error.to_string())))?;
    Ok(value)
}

/// What a JSON value says that was looked at before it is typed; as strict as [`Body`].
///
/// # Errors
/// Says by its path what is wrong.
pub fn read_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(Strict(value)).map_err(|error| wrong(&error))
}

fn wrong(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    // Where the text breaks off, the path ends in what is not known.
    let path = error.path().to_string();
    let path = match path.trim_end_matches(['?', '.']) {
        "" => "body".to_owned(),
        path => path.to_owned(),
    };
    Problem::at(path, sentence(&error.inner().to_string()))
}

/// The parameters of a query.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = form_pairs(parts.uri.query().unwrap_or_default());
        let reader = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(reader).map(Self).map_err(|error| {
            let path = match error.path().to_string() {
                path if path == "." => "query".to_owned(),
                path => format!("query.{path}"),
            };
            Problem::at(path, sentence(&error.inner().to_string()))
        })
    }
}

fn form_pairs(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

/// A text with a capital letter and a full stop.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

/// A text that a client sends to be kept: its outer blanks do not count, and a blank one is as good as none.
///
/// # Errors
/// Says under `path` that it is longer than `max` characters, or holds control characters.
pub fn text(path: &str, value: Option<&str>, max: usize) -> Result<Option<String>, FieldError> {
    let wrong = |detail: String| FieldError {
        path: path.to_owned(),
        detail,
    };
    let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    if let Some(bad) = value.chars().find(|c| c.is_control()) {
        return Err(wrong(format!(
            "It holds the control character U+{:04X}.",
            u32::from(bad)
        )));
    }
    let length = value.chars().count();
    if length > max {
        return Err(wrong(format!("It has {length} characters; at most {max} are taken.")));
    }
    Ok(Some(value.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Sent {
        #[expect(dead_code, reason = "only its form matters")]
        devices: Vec<Device>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Device {
        #[expect(dead_code, reason = "only its form matters")]
        serial_number: String,
    }

    #[test]
    fn what_is_wrong_is_told_by_its_path() {
        for (body, path, word) in [
            ("", "body", "missing field `devices`"),
            ("{", "body", "EOF"),
            (r#"[[{"serialNumber":"a"}]]"#, "body", "sequence, expected an object"),
            (r#"{"devices":[["a"]]}"#, "devices[0]", "sequence, expected an object"),
            ("[]", "body", "object"),
            (r#"{"devices":7}"#, "devices", "sequence"),
            (
                r#"{"devices":[{"serialNumber":7}]}"#,
                "devices[0].serialNumber",
                "string",
            ),
            (r#"{"devices":[],"Devices":[]}"#, "Devices", "unknown field `Devices`"),
            (
                r#"{"devices":[{"serialNumber":"a","x":1}]}"#,
                "devices[0].x",
                "unknown field `x`",
            ),
            (
                r#"{"devices":[{"serialNumber":"\ud800"}]}"#,
                "devices[0].serialNumber",
                "hex escape",
            ),
            (r#"{"devices":[]} x"#, "body", "trailing"),
            ("\u{0}", "body", "expected value"),
        ] {
            let problem = read_json::<Sent>(body.as_bytes()).unwrap_err().body();
            let error = problem.errors.first().unwrap();
            assert_eq!(error.path, path, "{body}: {}", error.detail);
            assert!(
                error.detail.to_lowercase().contains(&word.to_lowercase()),
                "{body}: {}",
                error.detail
            );
        }
        assert!(read_json::<Sent>(b"\xff\xfe{}").is_err());
    }

    #[test]
    fn a_text_is_trimmed_and_bounded() {
        assert_eq!(text("a", Some(" x "), 3), Ok(Some("x".to_owned())));
        assert_eq!(text("a", Some("  "), 3), Ok(None));
        assert_eq!(text("a", None, 3), Ok(None));
        assert!(text("a", Some("abcd"), 3).unwrap_err().detail.contains("at most 3"));
        assert!(text("a", Some("a\u{0}b"), 3).unwrap_err().detail.contains("U+0000"));
    }
}
