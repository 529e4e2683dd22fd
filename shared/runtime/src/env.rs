//! The environment: read once, typed, and it complains by name.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fmt;

use muster_store::queue::QueueName;

/// The variables of a process, or of a test.
#[derive(Debug, Clone, Default)]
pub struct Env(HashMap<String, String>);

/// A variable that is missing or wrong.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvError {
    name: String,
    why: String,
}

impl EnvError {
    pub(crate) fn new(name: &str, why: &str) -> Self {
        Self {
            name: name.to_owned(),
            why: why.to_owned(),
        }
    }
}

/// What a function that returns it from `main` ends with.
impl fmt::Debug for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "environment variable {}: {}", self.name, self.why)
    }
}

impl std::error::Error for EnvError {}

impl Env {
    /// The environment of this process. A variable that is not UTF-8 is none of ours.
    #[must_use]
    pub fn process() -> Self {
        let text = |(name, value): (OsString, OsString)| name.into_string().ok().zip(value.into_string().ok());
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// A variable that must be set and not be empty.
    ///
    /// # Errors
    /// Names the variable.
    pub fn required(&self, name: &str) -> Result<&str, EnvError> {
        self.optional(name).ok_or_else(|| EnvError::new(name, "not set"))
    }

    /// A variable that may be set; an empty one is not.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// The URLs of queues and of their dead-letter queues, by queue: `QUEUE_SPLIT`, `DEAD_LETTERS_SPLIT` and so on.
    ///
    /// # Errors
    /// Names the first variable that is missing.
    pub fn queues(&self, names: &[QueueName], kind: &str) -> Result<BTreeMap<QueueName, String>, EnvError> {
        let url = |name: &QueueName| {
            let variable = format!("{kind}_{}", name.as_str().to_uppercase().replace('-', "_"));
            Ok((*name, self.required(&variable)?.to_owned()))
        };
        names.iter().map(url).collect()
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Env {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let env = Env::from([("TABLE", "t"), ("EMPTY", "")]);
        assert_eq!(env.required("TABLE").unwrap(), "t");
        assert_eq!(
            env.required("BUCKET").unwrap_err().to_string(),
            "environment variable BUCKET: not set"
        );
        let error = env.required("EMPTY").unwrap_err();
        assert_eq!(
            format!("{error:?}"),
            "environment variable EMPTY: not set",
            "as `main` prints it"
        );
    }

    #[test]
    fn a_queue_has_a_variable_of_its_name() {
        let env = Env::from([("QUEUE_VALIDATE_EXPRESS", "https://sqs.invalid/1")]);
        assert_eq!(env.queues(&[QueueName::ValidateExpress], "QUEUE").unwrap().len(), 1);
        let error = env.queues(&[QueueName::Split], "DEAD_LETTERS").unwrap_err();
        assert_eq!(error.to_string(), "environment variable DEAD_LETTERS_SPLIT: not set");
    }
}
