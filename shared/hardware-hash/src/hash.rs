//! A whole hash as an owned, typed value.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;

use crate::envelope::{HEADER_LENGTH, MAGIC, TRAILER_HEAD, TRAILER_LENGTH, checksum};
use crate::text::{self, Repairs};
use crate::wire::until_nul;
use crate::{
    Capture, Components, DecodeError, DiskIdentity, EncodeError, Envelope, Findings, HashError, LENGTH, Mac,
    NetworkAdapter, Record, SmbiosUuid, TextField, kind, summarise,
};

/// A hardware hash, record by record.
///
/// [`encode`](Self::encode) gives back exactly the bytes that were decoded, whatever they were:
/// records that cannot be read, a wrong checksum, odd padding and all.
#[derive(Clone, PartialEq, Eq)]
pub struct HardwareHash {
    total: u16,
    records: Vec<Record>,
    /// What follows the readable records: checksum and padding, or whatever stands there.
    rest: Vec<u8>,
}

/// What decoding gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The hash.
    pub hash: HardwareHash,
    /// What is odd about it.
    pub findings: Findings,
}

impl HardwareHash {
    /// Puts records together as a tool would: header, checksum, zeros up to 3000 bytes.
    ///
    /// # Errors
    /// [`EncodeError`] when the records do not fit.
    pub fn new(records: Vec<Record>) -> Result<Self, EncodeError> {
        let hash = Self::assemble(records);
        let bytes = hash.records_length();
        if HEADER_LENGTH + bytes + TRAILER_LENGTH > LENGTH {
            return Err(EncodeError { bytes });
        }
        Ok(hash)
    }

    /// As [`new`](Self::new), for records that are known to fit.
    pub(crate) fn assemble(records: Vec<Record>) -> Self {
        let mut covered = Vec::with_capacity(LENGTH);
        put_header(0, &mut covered);
        records.iter().for_each(|record| put_record(record, &mut covered));
        let total = u16::try_from(covered.len()).unwrap_or(u16::MAX);
        if let Some(header) = covered.first_chunk_mut::<HEADER_LENGTH>() {
            let [_, _, low, high] = header;
            [*low, *high] = total.to_le_bytes();
        }
        let length = LENGTH.saturating_sub(covered.len());
        let mut rest = Vec::with_capacity(length);
        rest.extend(TRAILER_HEAD);
        rest.extend(checksum(&covered));
        rest.resize(length, 0);
        Self { total, records, rest }
    }

    fn records_length(&self) -> usize {
        self.encode().len() - HEADER_LENGTH - self.rest.len()
    }

    /// Reads the bytes of a hash.
    ///
    /// # Errors
    /// [`DecodeError`] when nothing can be read.
    pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
        let (envelope, findings) = Envelope::parse(bytes)?;
        let total = bytes
            .get(2..4)
            .and_then(|total| total.try_into().ok())
            .map_or(0, u16::from_le_bytes);
        let hash = Self {
            total,
            records: envelope.records().map(Record::read).collect(),
            rest: envelope.rest().to_vec(),
        };
        Ok(Decoded { hash, findings })
    }

    /// Reads a hash as base64, repairing the text where that loses nothing.
    ///
    /// # Errors
    /// [`HashError`] when the text is no base64 or its bytes are no hash.
    pub fn from_text(text: &[u8]) -> Result<(Self, Repairs, Findings), HashError> {
        let mut bytes = Vec::new();
        let repairs = text::decode(text, &mut bytes)?;
        let Decoded { hash, findings } = Self::decode(&bytes)?;
        Ok((hash, repairs, findings))
    }

    /// The bytes of the hash.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(LENGTH.max(HEADER_LENGTH + self.rest.len()));
        put_header(self.total, &mut out);
        self.records.iter().for_each(|record| put_record(record, &mut out));
        out.extend_from_slice(&self.rest);
        out
    }

    /// The hash as base64.
    pub fn to_text(&self) -> String {
        text::encode(&self.encode())
    }

    /// The records in the order of the hash.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// What the matcher compares.
    pub fn components(&self) -> Components {
        let bytes = self.encode();
        Envelope::parse(&bytes)
            .map(|(envelope, _)| summarise(&envelope).components)
            .unwrap_or_default()
    }

    /// A text record as it stands, blanks and placeholders included; `None` when it is absent.
    pub fn text(&self, field: TextField) -> Option<Cow<'_, str>> {
        self.records.iter().find_map(|record| match record {
            Record::Text(found, text) if *found == field => Some(text.to_str()),
            Record::Opaque { kind, payload } if *kind == field.kind() => {
                Some(String::from_utf8_lossy(until_nul(payload)))
            }
            _ => None,
        })
    }

    /// The system serial number.
    pub fn serial(&self) -> Option<Cow<'_, str>> {
        self.text(TextField::SerialNumber)
    }

    /// The system manufacturer.
    pub fn manufacturer(&self) -> Option<Cow<'_, str>> {
        self.text(TextField::Manufacturer)
    }

    /// The system product name, also called model.
    pub fn product(&self) -> Option<Cow<'_, str>> {
        self.text(TextField::ProductName)
    }

    /// The product key id (PKID).
    pub fn pkid(&self) -> Option<Cow<'_, str>> {
        self.text(TextField::ProductKeyId)
    }

    /// The SMBIOS UUID.
    pub fn uuid(&self) -> Option<SmbiosUuid> {
        self.find(|record| {
            if let Record::Uuid(uuid) = record {
                Some(*uuid)
            } else {
                None
            }
        })
    }

    /// The modulus of the TPM's endorsement key, big-endian.
    pub fn ek(&self) -> Option<&[u8]> {
        self.records.iter().find_map(|record| match record {
            Record::EndorsementKey(modulus) => Some(modulus.as_slice()),
            Record::Opaque {
                kind: kind::ENDORSEMENT_KEY,
                payload,
            } => Some(payload.as_slice()),
            _ => None,
        })
    }

    /// The addresses of all network adapters.
    pub fn macs(&self) -> impl Iterator<Item = Mac> {
        self.adapters().map(|adapter| adapter.mac)
    }

    /// The network adapters.
    pub fn adapters(&self) -> impl Iterator<Item = &NetworkAdapter> {
        self.records.iter().filter_map(|record| {
            if let Record::NetworkAdapter(found) = record {
                Some(found)
            } else {
                None
            }
        })
    }

    /// The disks.
    pub fn disks(&self) -> impl Iterator<Item = &DiskIdentity> {
        self.records.iter().filter_map(|record| {
            if let Record::DiskIdentity(found) = record {
                Some(found)
            } else {
                None
            }
        })
    }

    /// By what and when the hash was made.
    pub fn capture(&self) -> Option<Capture> {
        self.find(|record| {
            if let Record::Capture(capture) = record {
                Some(*capture)
            } else {
                None
            }
        })
    }

    /// When the hash was made.
    pub fn captured_at(&self) -> Option<Timestamp> {
        self.capture().map(|capture| capture.at())
    }

    fn find<T>(&self, pick: impl Fn(&Record) -> Option<T>) -> Option<T> {
        self.records.iter().find_map(pick)
    }
}

/// Without the content, which is personal data.
impl fmt::Debug for HardwareHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HardwareHash")
            .field("total", &self.total)
            .field("records", &self.records.len())
            .finish()
    }
}

/// The readable form: the names and values of [`HardwareHash::fields`], in their order, as a map.
#[cfg(feature = "serde")]
impl serde::Serialize for HardwareHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields().iter().map(|field| (&field.name, &field.value)))
    }
}

fn put_header(total: u16, out: &mut Vec<u8>) {
    out.extend(MAGIC);
    out.extend(total.to_le_bytes());
}

fn put_record(record: &Record, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend(record.kind().to_le_bytes());
    out.extend([0, 0]);
    record.write_payload(out);
    let length = u16::try_from(out.len() - start).unwrap_or(u16::MAX).to_le_bytes();
    if let Some(place) = out.get_mut(start + 2..start + 4) {
        place.copy_from_slice(&length);
    }
}

#[cfg(test)]
mod tests;
