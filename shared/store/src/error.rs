//! A store error says what the caller can do about it.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// What a caller can do about a store error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Try again later: throttled, timed out, out of reach, or another writer was faster.
    Transient,
    /// The request itself is wrong; trying again changes nothing.
    Rejected,
    /// The role lacks a permission.
    Denied,
    /// What is stored cannot be read.
    Corrupt,
    /// The disk under the embedded engines is full, read-only or failing, or a file on it damaged. The error says what to do
    /// behind its last colon; then the same goes through.
    Disk,
}

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {message}")]
pub struct StoreError {
    kind: ErrorKind,
    operation: &'static str,
    message: String,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// An error with words of our own.
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            operation,
            message: message.into(),
            source: None,
        }
    }

    /// Stored data that cannot be read.
    pub(crate) fn corrupt(operation: &'static str, source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            kind: ErrorKind::Corrupt,
            operation,
            message: source.to_string(),
            source: Some(Box::new(source)),
        }
    }

    /// What the caller can do.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether trying again later may help.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind, ErrorKind::Transient)
    }

    /// Whether a transaction in flight held the item: the same write will go through in a moment.
    pub(crate) fn is_conflict(&self) -> bool {
        self.message == "TransactionConflictException"
    }

    /// Sorts an error of the SDK by what can be done about it.
    pub(crate) fn from_sdk<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|r| r.status().as_u16());
        let code = error.code().unwrap_or_default().to_owned();
        let kind = match (&error, status, code.as_str()) {
            (_, _, "AccessDeniedException" | "AccessDenied" | "UnrecognizedClientException" | "InvalidAccessKeyId") => {
                ErrorKind::Denied
            }
            (
                _,
                _,
                "ProvisionedThroughputExceededException"
                | "ThrottlingException"
                | "RequestLimitExceeded"
                | "SlowDown"
                | "TransactionConflictException"
                | "TransactionInProgressException"
                | "InternalServerError"
                | "RequestTimeout"
                | "OperationAborted"
                | "ConditionalRequestConflict",
            ) => ErrorKind::Transient,
            (_, _, "BodyDamaged") => ErrorKind::Corrupt,
            // Only the embedded engines say so.
            (_, Some(507), _) => ErrorKind::Disk,
            // The answer to a HEAD has no body, and so no code.
            (_, Some(403), "") => ErrorKind::Denied,
            (_, Some(status), _) if status >= 500 || status == 429 => ErrorKind::Transient,
            (SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_), _, _) => {
                ErrorKind::Transient
            }
            _ => ErrorKind::Rejected,
        };
        let message = match (&*code, error.message()) {
            ("", _) if kind == ErrorKind::Denied => {
                "access denied, without a word about the action (HTTP 403)".to_owned()
            }
            ("", _) if kind == ErrorKind::Disk => {
                "the disk cannot be used (HTTP 507): see that the data directory is writable and whole".to_owned()
            }
            ("", _) => unanswered(&error),
            // In words of our own.
            (_, Some(message)) if status == Some(507) => message.to_owned(),
            (code, Some(message)) if kind == ErrorKind::Denied => format!("{code}: {}", who_and_action(message)),
            (code, _) => code.to_owned(),
        };
        Self {
            kind,
            operation,
            message,
            source: Some(Box::new(error)),
        }
    }
}

/// Why there is no code: in what fell short between us and the store is nothing that anybody wrote into a list.
fn unanswered<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> String {
    match error {
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(failure) => {
            let first = failure
                .as_connector_error()
                .map(|error| error as &(dyn Error + 'static));
            match std::iter::successors(first, |&error| error.source()).last() {
                Some(cause) => format!("out of reach: {cause}"),
                None => "out of reach".to_owned(),
            }
        }
        _ => "no answer that could be read".to_owned(),
    }
}

/// What AWS says of a permission that is missing, up to the action: behind it comes the resource, and an object's key is
/// somebody's file name.
fn who_and_action(message: &str) -> &str {
    message.split_once(" on resource").map_or(message, |(before, _)| before)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::operation::put_item::PutItemError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn error(status: u16, code: Option<&str>, message: &str) -> StoreError {
        let mut metadata = ErrorMetadata::builder().message(message);
        if let Some(code) = code {
            metadata = metadata.code(code);
        }
        let response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty());
        let error = SdkError::service_error(PutItemError::generic(metadata.build()), response);
        StoreError::from_sdk("write an item", error)
    }

    #[test]
    fn a_missing_permission_is_named_and_no_object() {
        let said = "User: arn:aws:sts::1:assumed-role/r/f is not authorized to perform: dynamodb:PutItem on resource: \
                    arn:aws:dynamodb:eu-central-1:1:table/t because no identity-based policy allows it";
        let denied = error(400, Some("AccessDeniedException"), said);
        assert_eq!(denied.kind(), ErrorKind::Denied);
        assert_eq!(
            denied.to_string(),
            "write an item: AccessDeniedException: User: arn:aws:sts::1:assumed-role/r/f is not authorized to perform: \
             dynamodb:PutItem"
        );
        let silent = error(403, None, "");
        assert_eq!(silent.kind(), ErrorKind::Denied);
        assert_eq!(
            silent.to_string(),
            "write an item: access denied, without a word about the action (HTTP 403)"
        );
    }

    #[test]
    fn the_disk_under_the_embedded_engines_speaks_for_itself() {
        let said = "the disk that holds /d/registry.db is full: free some space and try again";
        let full = error(507, Some("DiskFull"), said);
        assert_eq!(full.kind(), ErrorKind::Disk);
        assert_eq!(full.to_string(), format!("write an item: {said}"));
        let damaged = error(
            507,
            Some("BodyDamaged"),
            "the file /d/x is gone: put a backup in its place",
        );
        assert_eq!(damaged.kind(), ErrorKind::Corrupt);
        assert!(damaged.to_string().ends_with("put a backup in its place"), "{damaged}");
        assert_eq!(error(507, None, "").kind(), ErrorKind::Disk);
    }

    #[test]
    fn of_other_errors_only_the_code_is_told() {
        let of = |status, code| error(status, code, "a row: secret").to_string();
        assert_eq!(
            of(400, Some("ValidationException")),
            "write an item: ValidationException"
        );
        assert_eq!(of(200, None), "write an item: no answer that could be read");
    }

    #[test]
    fn what_cannot_be_reached_says_why() {
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused");
        let outer = std::io::Error::other(refused);
        let error: SdkError<PutItemError, HttpResponse> = SdkError::dispatch_failure(ConnectorError::io(outer.into()));
        let error = StoreError::from_sdk("write an item", error);
        assert_eq!(error.kind(), ErrorKind::Transient);
        assert_eq!(error.to_string(), "write an item: out of reach: connection refused");
    }
}
