//! The envelope: header, records, checksum, padding. Borrows, and allocates nothing.
//!
//! ```text
//! offset    size   content, all little-endian
//! 0         2      "OA"
//! 2         2      total: length of header and records
//! 4         …      records: u16 type, u16 length (with these 4 bytes), payload
//! total     2      "CS"
//! total+2   2      36
//! total+4   32     SHA-256 of bytes 0..total
//! total+36  …      zeros, up to 3000 bytes
//! ```

use sha2::{Digest as _, Sha256};

use crate::{DecodeError, Finding, Findings, LENGTH};

pub(crate) const MAGIC: [u8; 2] = *b"OA";
pub(crate) const HEADER_LENGTH: usize = 4;
pub(crate) const TRAILER_LENGTH: usize = 36;
pub(crate) const TRAILER_HEAD: [u8; 4] = [b'C', b'S', 36, 0];

/// Below this length no padded hash was made: tools of Windows 10 before version 1709 wrote 128 to
/// some 400 bytes, and their hashes cannot be used (Microsoft Learn, Autopilot OEM guidelines).
const SHORTEST_USABLE: usize = 512;

/// A hash whose records can be read in place.
#[derive(Clone, Copy)]
pub struct Envelope<'a> {
    bytes: &'a [u8],
    records: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Reads the envelope, checks its checksum and says what is odd about it.
    ///
    /// A hash with findings still gives every record up to the first damage.
    ///
    /// # Errors
    /// [`DecodeError`] when nothing can be read.
    pub fn parse(bytes: &'a [u8]) -> Result<(Self, Findings), DecodeError> {
        let total = read_total(bytes)?;
        let end = usize::from(total);
        let area = bytes.get(HEADER_LENGTH..end.min(bytes.len())).unwrap_or_default();
        let mut walk = Records { rest: area };
        let count = walk.by_ref().count();
        if count == 0 {
            return Err(DecodeError::NoRecords);
        }
        let read = area.len() - walk.rest.len();
        let records = area.get(..read).unwrap_or_default();

        let mut findings = Findings::default();
        if end > bytes.len() {
            findings.records = Some(Finding::Truncated {
                total,
                bytes: bytes.len(),
            });
            return Ok((Self { bytes, records }, findings));
        }
        if read < area.len() {
            findings.records = Some(Finding::MalformedRecord {
                offset: HEADER_LENGTH + read,
            });
        }
        (findings.checksum, findings.padding) = check_trailer(bytes, end);
        findings.length = match bytes.len() {
            LENGTH => None,
            bytes if bytes < SHORTEST_USABLE => Some(Finding::OldShortHash { bytes }),
            bytes => Some(Finding::UnusualLength { bytes }),
        };
        Ok((Self { bytes, records }, findings))
    }

    /// The records in the order of the hash, up to the first that is malformed.
    pub fn records(&self) -> Records<'a> {
        Records { rest: self.records }
    }

    /// The whole hash.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What follows the readable records: normally checksum and padding.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(HEADER_LENGTH + self.records.len()..).unwrap_or_default()
    }
}

/// Without the content, which is personal data.
impl std::fmt::Debug for Envelope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envelope")
            .field("bytes", &self.bytes.len())
            .field("records", &self.records().count())
            .finish()
    }
}

/// One record as it stands in the hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RawRecord<'a> {
    /// The record type, see [`kind`](crate::kind).
    pub kind: u16,
    /// The content, without the 4 bytes of type and length.
    pub payload: &'a [u8],
}

/// Walks records; stops at the first whose length does not fit.
#[derive(Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = RawRecord<'a>;

    fn next(&mut self) -> Option<RawRecord<'a>> {
        let ([k0, k1, l0, l1], after) = self.rest.split_first_chunk::<HEADER_LENGTH>()?;
        let length = usize::from(u16::from_le_bytes([*l0, *l1])).checked_sub(HEADER_LENGTH)?;
        let (payload, rest) = after.split_at_checked(length)?;
        self.rest = rest;
        Some(RawRecord {
            kind: u16::from_le_bytes([*k0, *k1]),
            payload,
        })
    }
}

/// The SHA-256 that belongs behind header and records.
pub(crate) fn checksum(header_and_records: &[u8]) -> [u8; 32] {
    Sha256::digest(header_and_records).into()
}

fn read_total(bytes: &[u8]) -> Result<u16, DecodeError> {
    match bytes {
        [m0, m1, t0, t1, ..] if [*m0, *m1] == MAGIC => {
            let total = u16::from_le_bytes([*t0, *t1]);
            if bytes.len() < HEADER_LENGTH + TRAILER_LENGTH {
                Err(DecodeError::TooShort { bytes: bytes.len() })
            } else if usize::from(total) < HEADER_LENGTH {
                Err(DecodeError::BadLength { total })
            } else {
                Ok(total)
            }
        }
        _ if bytes.len() == 128 => Err(DecodeError::OldForm),
        [_, _, _, _, ..] => Err(DecodeError::NotAHash),
        _ => Err(DecodeError::TooShort { bytes: bytes.len() }),
    }
}

/// The findings about checksum and padding; `end` is within `bytes`.
fn check_trailer(bytes: &[u8], end: usize) -> (Option<Finding>, Option<Finding>) {
    let (covered, behind) = bytes.split_at_checked(end).unwrap_or_default();
    let Some((trailer, padding)) = behind.split_at_checked(TRAILER_LENGTH) else {
        return (Some(Finding::ChecksumMissing), None);
    };
    let Some(stated) = trailer.strip_prefix(&TRAILER_HEAD) else {
        return (Some(Finding::ChecksumMissing), None);
    };
    let mismatch = (stated != checksum(covered)).then_some(Finding::ChecksumMismatch);
    // A fold rather than `all`: without the early exit it runs in vector registers.
    let nonzero = padding.iter().fold(0, |seen, byte| seen | byte) != 0;
    (mismatch, nonzero.then_some(Finding::PaddingNotZero))
}

#[cfg(test)]
mod tests;
