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
            (_, Some(status), _) if status >= 500 || status == 429 => ErrorKind::Transient,
            (SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_), _, _) => {
                ErrorKind::Transient
            }
            _ => ErrorKind::Rejected,
        };
        let message = match &*code {
            "" => "no answer that could be read".to_owned(),
            code => code.to_owned(),
        };
        Self {
            kind,
            operation,
            message,
            source: Some(Box::new(error)),
        }
    }
}
