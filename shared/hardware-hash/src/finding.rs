//! What is odd about a hash that could be read.

use std::fmt;

use crate::LENGTH;

/// A fault or oddity of a hash that could be read all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The end of the records is missing.
    Truncated {
        /// How long the header says that header and records are, in bytes.
        total: u16,
        /// How many bytes there are.
        bytes: usize,
    },
    /// A record's length does not fit; it and what follows cannot be read.
    MalformedRecord {
        /// The byte offset of that record in the hash.
        offset: usize,
    },
    /// The checksum is not that of the records.
    ChecksumMismatch,
    /// No checksum follows the records.
    ChecksumMissing,
    /// Something stands behind the checksum, where only zeros belong.
    PaddingNotZero,
    /// Shorter than any hash that a usable tool made.
    OldShortHash {
        /// The whole length in bytes.
        bytes: usize,
    },
    /// Not 3000 bytes long.
    UnusualLength {
        /// The whole length in bytes.
        bytes: usize,
    },
}

impl Finding {
    /// Whether the content cannot be relied on, so that the hash should be captured again.
    /// The others are oddities that do no harm.
    pub const fn is_fault(self) -> bool {
        !matches!(self, Self::PaddingNotZero | Self::UnusualLength { .. })
    }

    /// A stable name for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::MalformedRecord { .. } => "malformed-record",
            Self::ChecksumMismatch => "checksum-mismatch",
            Self::ChecksumMissing => "checksum-missing",
            Self::PaddingNotZero => "padding-not-zero",
            Self::OldShortHash { .. } => "old-short-hash",
            Self::UnusualLength { .. } => "unusual-length",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { total, bytes } => {
                write!(f, "the hash was cut: its records take {total} bytes and {bytes} are left; export it again, whole")
            }
            Self::MalformedRecord { offset } => {
                write!(f, "the record at byte {offset} of the hash cannot be read, nor what follows; capture the hash again")
            }
            Self::ChecksumMismatch => {
                f.write_str("the checksum does not fit the content: the hash was damaged or edited; capture it again")
            }
            Self::ChecksumMissing => {
                f.write_str("the checksum behind the records is missing: the hash was cut or edited; capture it again")
            }
            Self::PaddingNotZero => f.write_str(
                "bytes that are not zero follow the checksum; they are ignored, but check that no other text was appended",
            ),
            Self::OldShortHash { bytes } => write!(
                f,
                "the hash has only {bytes} bytes: it comes from a tool older than Windows 10 version 1709 and cannot be \
                 used; capture it again with a current tool"
            ),
            Self::UnusualLength { bytes } => write!(
                f,
                "the hash has {bytes} bytes where {LENGTH} are usual; its records are whole, but check how it was exported"
            ),
        }
    }
}

/// The [`Finding`]s of one hash, at most one of each group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    pub(crate) records: Option<Finding>,
    pub(crate) checksum: Option<Finding>,
    pub(crate) padding: Option<Finding>,
    pub(crate) length: Option<Finding>,
}

impl Findings {
    /// Whether the hash is as a tool would write it.
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }

    /// Whether any finding is a fault ([`Finding::is_fault`]).
    pub fn has_fault(self) -> bool {
        self.iter().any(Finding::is_fault)
    }

    /// The findings, gravest first.
    pub fn iter(self) -> impl Iterator<Item = Finding> {
        [self.records, self.checksum, self.padding, self.length]
            .into_iter()
            .flatten()
    }
}
