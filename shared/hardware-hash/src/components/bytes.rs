//! The stored form of components.
//!
//! ```text
//! u8   version, 1
//! u8   which parts follow: 1 endorsement key, 2 UUID, 4 serial, 8 product key, 16 model
//! u8   number of MAC addresses
//! u8   number of disks
//! …    endorsement key and UUID, 16 bytes each; all others, 8 bytes each
//! ```

use super::{Components, Digest, MacDigest};
use crate::wire::Reader;

const VERSION: u8 = 1;
const EK: u8 = 1;
const UUID: u8 = 2;
const SERIAL: u8 = 4;
const PKID: u8 = 8;
const MODEL: u8 = 16;
const ALL: u8 = EK | UUID | SERIAL | PKID | MODEL;

impl Components {
    /// The stored form: versioned, without padding, the same for equal components.
    /// At most 444 bytes; about 100 for a notebook.
    pub fn to_bytes(&self) -> Vec<u8> {
        let flag = |present: bool, bit| if present { bit } else { 0 };
        let parts = flag(self.ek.is_some(), EK)
            | flag(self.uuid.is_some(), UUID)
            | flag(self.serial.is_some(), SERIAL)
            | flag(self.pkid.is_some(), PKID)
            | flag(self.model.is_some(), MODEL);
        let count = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
        let mut out = vec![VERSION, parts, count(self.macs.len()), count(self.disks.len())];
        [self.ek, self.uuid]
            .iter()
            .flatten()
            .for_each(|digest| out.extend(digest));
        [self.serial, self.pkid, self.model]
            .iter()
            .flatten()
            .for_each(|digest| out.extend(digest.0));
        self.macs.iter().for_each(|mac| out.extend(mac.0));
        self.disks.iter().for_each(|disk| out.extend(disk.0));
        out
    }

    /// Reads [`to_bytes`](Self::to_bytes) again; `None` for anything that it does not write,
    /// such as another version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader::new(bytes);
        let [VERSION, parts, macs, disks] = from.array()? else {
            return None;
        };
        let mut long = |bit| {
            if parts & bit != 0 {
                from.array().map(Some)
            } else {
                Some(None)
            }
        };
        let (ek, uuid) = (long(EK)?, long(UUID)?);
        let mut short = |bit| {
            if parts & bit != 0 {
                from.array().map(|bytes| Some(Digest(bytes)))
            } else {
                Some(None)
            }
        };
        let (serial, pkid, model) = (short(SERIAL)?, short(PKID)?, short(MODEL)?);
        let macs = (0..macs)
            .map(|_| from.array().map(MacDigest))
            .collect::<Option<Vec<_>>>()?;
        let disks = (0..disks)
            .map(|_| from.array().map(Digest))
            .collect::<Option<Vec<_>>>()?;
        let canonical = parts & !ALL == 0
            && from.rest().is_empty()
            && macs.len() <= Self::MAX_MACS
            && disks.len() <= Self::MAX_DISKS
            && macs.is_sorted_by(|a, b| a < b)
            && disks.is_sorted_by(|a, b| a < b);
        canonical.then_some(Self {
            ek,
            uuid,
            serial,
            pkid,
            model,
            macs,
            disks,
        })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Components {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::text::encode(&self.to_bytes()))
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Components {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let mut bytes = Vec::new();
        let exact = crate::text::decode(text.as_bytes(), &mut bytes).is_ok_and(crate::text::Repairs::is_empty);
        let components = exact.then(|| Self::from_bytes(&bytes)).flatten();
        components.ok_or_else(|| serde::de::Error::custom("not the components of a hardware hash, version 1"))
    }
}

#[cfg(test)]
mod tests;
