//! JSON that clients send, taken apart member by member. Annotations (`@odata.type`) are passed over, and other members that
//! nobody knows are refused by name: a misspelt one would be lost otherwise.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use muster_runtime::http::{Code, FieldError, Problem, text};
use serde_json::{Map, Value};

/// How many faults of one object are noted at most.
const MAX_ERRORS: usize = 100;

/// The bytes of a body.
pub(crate) struct Raw(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = Bytes::from_request(request, state).await;
        read.map(Self).map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Problem::new(Code::BodyTooLarge, "The body is too long.").remedy("Send fewer devices at once.")
            }
            _ => Problem::new(Code::InvalidRequest, "The body could not be read to its end."),
        })
    }
}

impl Raw {
    /// The object that the body is.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, Problem> {
        let text = std::str::from_utf8(&self.0)
            .map_err(|_| Problem::new(Code::InvalidRequest, "The body is not UTF-8, and JSON is."))?;
        let read = serde_json::from_str(text).map_err(|error| {
            let what = format!(
                "The body is no JSON, at line {} and column {}: {}. Write a quotation mark or a backslash inside of a text \
                 as \\\" or \\\\.",
                error.line(),
                error.column(),
                reason(&error)
            );
            Problem::new(Code::InvalidRequest, what)
        })?;
        match read {
            Value::Object(object) => Ok(object),
            _ => Err(Problem::new(Code::InvalidRequest, "The body is no JSON object.")),
        }
    }
}

/// What the reader says, without the place.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// The members of an object that is taken apart.
pub(crate) struct Members<'a> {
    object: Map<String, Value>,
    path: String,
    errors: &'a mut Vec<FieldError>,
}

impl<'a> Members<'a> {
    /// The members of the object at this path; what is wrong is noted.
    pub(crate) fn of(object: Map<String, Value>, path: &str, errors: &'a mut Vec<FieldError>) -> Self {
        Self {
            object,
            path: path.to_owned(),
            errors,
        }
    }

    /// Where a member is.
    pub(crate) fn at(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }

    /// Takes a text, without blanks around it; null and a blank one are none.
    pub(crate) fn text(&mut self, name: &str, most: usize) -> Option<String> {
        let at = self.at(name);
        let read = match self.object.remove(name) {
            None | Some(Value::Null) => return None,
            Some(Value::String(value)) => text(&at, Some(&value), most),
            Some(_) => Err(FieldError {
                path: at,
                detail: "It is a text, or null.".to_owned(),
            }),
        };
        read.unwrap_or_else(|error| {
            self.errors.push(error);
            None
        })
    }

    /// Takes a text with all that is in it, line breaks included; null and a blank one are none.
    pub(crate) fn raw(&mut self, name: &str, most: usize) -> Option<String> {
        match self.object.remove(name)? {
            Value::Null => None,
            Value::String(text) if text.len() > most => {
                self.wrong(name, format!("It is longer than {most} bytes."));
                None
            }
            Value::String(text) => (!text.trim().is_empty()).then_some(text),
            _ => {
                self.wrong(name, "It is a text, or null.");
                None
            }
        }
    }

    /// Takes a text as it is given: an empty one is `Some(None)`, and null is as good as absent.
    pub(crate) fn given(&mut self, name: &str, most: usize) -> Option<Option<String>> {
        match self.object.get(name) {
            None | Some(Value::Null) => None,
            Some(_) => Some(self.text(name, most)),
        }
    }

    /// Takes one of these names.
    pub(crate) fn one_of<T: Copy>(&mut self, name: &str, known: &[T], word: fn(T) -> &'static str) -> Option<T> {
        let text = self.text(name, 64)?;
        let found = known.iter().find(|one| word(**one).eq_ignore_ascii_case(&text));
        if found.is_none() {
            let words: Vec<&str> = known.iter().map(|one| word(*one)).collect();
            self.wrong(name, format!("It is one of {}.", words.join(", ")));
        }
        found.copied()
    }

    /// Takes true or false.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.object.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::Bool(flag)) => Some(flag),
            Some(_) => {
                self.wrong(name, "It is true or false.");
                None
            }
        }
    }

    /// Takes a whole number.
    pub(crate) fn number(&mut self, name: &str) -> Option<u32> {
        let value = self.object.remove(name).filter(|value| !value.is_null())?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            self.wrong(name, "It is a whole number.");
        }
        number
    }

    /// Takes an array of texts.
    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let value = self.object.remove(name).filter(|value| !value.is_null())?;
        let texts = value.as_array().and_then(|all| {
            let texts = all.iter().map(|one| one.as_str().map(str::to_owned));
            texts.collect()
        });
        if texts.is_none() {
            self.wrong(name, "It is an array of texts.");
        }
        texts
    }

    /// Takes an object apart.
    pub(crate) fn inner(&mut self, name: &str) -> Option<Members<'_>> {
        match self.object.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::Object(object)) => {
                let path = self.at(name);
                Some(Members::of(object, &path, self.errors))
            }
            Some(_) => {
                self.wrong(name, "It is an object.");
                None
            }
        }
    }

    /// Notes that a member is wrong.
    pub(crate) fn wrong(&mut self, name: &str, detail: impl Into<String>) {
        let path = self.at(name);
        self.errors.push(FieldError {
            path,
            detail: detail.into(),
        });
    }

    /// Passes over a member.
    pub(crate) fn ignore(&mut self, name: &str) {
        self.object.remove(name);
    }

    /// Notes all members that were not taken.
    pub(crate) fn finish(self) {
        let unknown = self.object.keys().filter(|name| !name.contains('@'));
        for name in unknown.take(MAX_ERRORS) {
            let name: String = name.chars().take(64).collect();
            self.errors.push(FieldError {
                path: self.at(&name),
                detail: "There is no such property.".to_owned(),
            });
        }
    }
}

/// Refuses with everything that is wrong, if something is.
pub(crate) fn checked(errors: Vec<FieldError>) -> Result<(), Problem> {
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Problem::invalid(errors)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_taken_and_what_is_left_is_told() {
        let object = json!({"@odata.type": "x", "a@odata.type": "y", "groupTag": " T ", "none": null, "blank": "", "n": 1, "x": 2});
        let (mut errors, mut raw_errors) = (Vec::new(), Vec::new());
        let mut members = Members::of(object.as_object().cloned().unwrap(), "list[0]", &mut errors);
        assert_eq!(members.text("groupTag", 9).as_deref(), Some("T"));
        for none in ["none", "blank", "absent", "n"] {
            assert_eq!(members.text(none, 9), None);
        }
        let mut raw = Members::of(
            json!({"hash": "T0 EA\r\n", "blank": "\r\n", "long": "x".repeat(10), "n": 1, "none": null})
                .as_object()
                .cloned()
                .unwrap(),
            "",
            &mut raw_errors,
        );
        assert_eq!(raw.raw("hash", 9).as_deref(), Some("T0 EA\r\n"));
        for none in ["blank", "long", "n", "none", "absent"] {
            assert_eq!(raw.raw(none, 9), None);
        }
        let paths: Vec<&str> = raw_errors.iter().map(|error| error.path.as_str()).collect();
        assert_eq!(paths, ["long", "n"]);
        members.finish();
        let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
        assert_eq!(paths, ["list[0].n", "list[0].x"]);
    }

    #[test]
    fn what_is_not_utf_8_is_told_so() {
        let problem = Raw(Bytes::from_static(b"{\"groupTag\": \"K\xf6ln\"}")).object();
        assert!(problem.unwrap_err().body().detail.contains("not UTF-8"));
    }

    #[test]
    fn no_more_faults_are_noted_than_anybody_reads() {
        let many: Map<String, Value> = (0..100_000).map(|n| (format!("x{n}"), Value::Null)).collect();
        let mut errors = Vec::new();
        Members::of(many, "", &mut errors).finish();
        assert_eq!(errors.len(), MAX_ERRORS);
    }

    #[test]
    fn a_text_that_was_pasted_without_escapes_is_refused_clearly() {
        for body in [
            r#"{"serialNumber": "a"b"}"#,
            r#"{"serialNumber": "a\q"}"#,
            "",
            "[]",
            "\u{feff}",
        ] {
            let problem = Raw(Bytes::copy_from_slice(body.as_bytes()))
                .object()
                .unwrap_err()
                .body();
            assert_eq!(problem.status, 400, "{body}");
            assert!(problem.detail.contains("JSON"), "{body}: {}", problem.detail);
        }
    }
}
