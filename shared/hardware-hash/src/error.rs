//! Why a hash could not be read or written.

use crate::LENGTH;
use crate::text::TextError;

/// Why bytes are no hardware hash: nothing in them can be read.
///
/// What can be read but looks damaged is a [`Finding`](crate::Finding) instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Fewer bytes than the smallest envelope has.
    #[error("the hash has only {bytes} bytes, a whole one has {LENGTH}; export it again, whole")]
    TooShort {
        /// How many there are.
        bytes: usize,
    },
    /// 128 bytes without the mark: the form that tools before Windows 10 version 1709 made.
    #[error(
        "the hash is of the old form (128 bytes), made by a tool older than Windows 10 version 1709, which cannot be \
         used; capture it again with a current tool"
    )]
    OldForm,
    /// The first two bytes are not `OA`.
    #[error("the value is no hardware hash: its first bytes are not `OA` (a hash begins with `T0`); check the column")]
    NotAHash,
    /// The length in the header is shorter than the header.
    #[error("the header of the hash gives a length of {total}, which is impossible; capture the hash again")]
    BadLength {
        /// The length that the header gives.
        total: u16,
    },
    /// The header is there and not one whole record follows.
    #[error("the hash has a header but no readable record; capture it again")]
    NoRecords,
}

impl DecodeError {
    /// A stable name for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "hash-too-short",
            Self::OldForm => "hash-not-4k",
            Self::NotAHash => "not-a-hash",
            Self::BadLength { .. } => "bad-length",
            Self::NoRecords => "no-records",
        }
    }
}

/// Why a text is no hardware hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The text is not base64.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The bytes are not a hash.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl HashError {
    /// A stable name for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Text(error) => error.code(),
            Self::Decode(error) => error.code(),
        }
    }
}

/// Why records cannot be written as a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the records take {bytes} bytes, a hash has room for {}; leave some out", LENGTH - crate::envelope::TRAILER_LENGTH - 4)]
pub struct EncodeError {
    /// What the records would take.
    pub bytes: usize,
}
