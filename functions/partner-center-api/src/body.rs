//! Bodies whose members' names come in any letter case: SDKs send `BatchId`, scripts `batchId`.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use muster_runtime::http::{Code, FieldError, Problem, read_value, sentence};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A JSON body. Its type names members in lower case; what it does not name is passed over.
#[derive(Debug, Clone)]
pub(crate) struct AnyCase<T>(pub(crate) T);

/// The names of members, as they are told in errors.
const NAMES: [&str; 13] = [
    "batchId",
    "deviceBatchId",
    "devices",
    "serialNumber",
    "productKey",
    "hardwareHash",
    "modelName",
    "oemManufacturerName",
    "policies",
    "policySettings",
    "relationshipToPartner",
    "description",
    "category",
];

/// Characters of a path that are told at most.
const MAX_PATH: usize = 256;

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for AnyCase<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|error| match error.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
                    Code::BodyTooLarge,
                    "The body is longer than 6 MB, as it was sent or once it was unpacked.",
                )
                .remedy("Send fewer devices at once."),
                _ => Problem::new(Code::InvalidRequest, "The body could not be read to its end."),
            })?;
        read(&bytes).map(Self)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Some of these clients mark their UTF-8.
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::at("body", "It is not UTF-8, and JSON is."))?;
    let value: Value = serde_json::from_str(text).map_err(|error| Problem::at("body", sentence(&error.to_string())))?;
    let value = folded(value)?;
    read_value(value).map_err(|problem| {
        let errors = problem.body().errors.into_iter().map(|error| FieldError {
            path: spelt(&error.path),
            detail: error.detail,
        });
        Problem::invalid(errors.collect())
    })
}

/// The same with all names in lower case.
fn folded(value: Value) -> Result<Value, Twice> {
    Ok(match value {
        Value::Object(members) => {
            let mut folded_members = Map::with_capacity(members.len());
            for (name, member) in members {
                let lower = name.to_ascii_lowercase();
                let twice = |mut twice: Twice| {
                    twice.0.push(format!(".{name}"));
                    twice
                };
                let member = folded(member).map_err(twice)?;
                if folded_members.insert(lower, member).is_some() {
                    return Err(twice(Twice(Vec::new())));
                }
            }
            Value::Object(folded_members)
        }
        Value::Array(elements) => {
            let elements = elements.into_iter().enumerate().map(|(at, element)| {
                folded(element).map_err(|mut twice| {
                    twice.0.push(format!("[{at}]"));
                    twice
                })
            });
            Value::Array(elements.collect::<Result<_, _>>()?)
        }
        other => other,
    })
}

/// A member is there twice, in other letter case: the way there, from its end. Nobody else's way is written down.
struct Twice(Vec<String>);

impl From<Twice> for Problem {
    fn from(Twice(mut way): Twice) -> Self {
        way.reverse();
        let way = way.concat();
        let path = way
            .strip_prefix('.')
            .unwrap_or(&way)
            .chars()
            .take(MAX_PATH)
            .collect::<String>();
        Self::at(path, "The same member is there twice, in other letter case.")
    }
}

/// A path with the names as they are told.
fn spelt(path: &str) -> String {
    let words = path.split('.').map(|word| {
        let (name, index) = word.split_at(word.find('[').unwrap_or(word.len()));
        let known = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name));
        format!("{}{index}", known.copied().unwrap_or(name))
    });
    words.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sent {
        batchid: String,
        devices: Option<Vec<Device>>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Device {
        serialnumber: Option<String>,
    }

    #[test]
    fn names_come_in_any_letter_case_and_unknown_ones_are_passed_over() {
        let expected = Sent {
            batchid: "a".to_owned(),
            devices: Some(vec![Device {
                serialnumber: Some("B".to_owned()),
            }]),
        };
        for text in [
            r#"{"batchId":"a","devices":[{"serialNumber":"B"}]}"#,
            r#"{"BatchId":"a","Devices":[{"SerialNumber":"B","Attributes":{"ObjectType":"Device"}}],"Other":[[1]]}"#,
            "\u{FEFF}{\"BATCHID\":\"a\",\"dEVICES\":[{\"serialnumber\":\"B\"}]}",
        ] {
            assert_eq!(read::<Sent>(text.as_bytes()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_its_path() {
        for (text, path) in [
            ("", "body"),
            ("{", "body"),
            ("[]", "body"),
            (r#"{"batchId":7}"#, "batchId"),
            (r#"{"batchId":"a","BatchId":"b"}"#, "batchId"),
            (r#"{"batchId":"a","other":[1,{"B":{"c":1,"C":2}}]}"#, "other[1].B.c"),
            (
                r#"{"batchId":"a","devices":[{"SerialNumber":7}]}"#,
                "devices[0].serialNumber",
            ),
            (r#"{"batchId":"a","devices":[["B"]]}"#, "devices[0]"),
        ] {
            let body = read::<Sent>(text.as_bytes()).unwrap_err().body();
            let found = body.errors.first().map(|error| error.path.to_ascii_lowercase());
            assert_eq!(found, Some(path.to_ascii_lowercase()), "{text}: {body:?}");
        }
    }

    #[test]
    fn what_is_passed_over_costs_no_more_than_its_length() {
        let long = format!(
            r#"{{"batchId":"a","{}":[{}0]}}"#,
            "x".repeat(300_000),
            "0,".repeat(100_000)
        );
        let begin = std::time::Instant::now();
        assert_eq!(read::<Sent>(long.as_bytes()).unwrap().batchid, "a");
        assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
    }

    #[test]
    fn paths_are_told_as_the_members_are_written() {
        assert_eq!(spelt("devices[3].hardwarehash"), "devices[3].hardwareHash");
        assert_eq!(spelt("other.batchid"), "other.batchId");
    }
}
