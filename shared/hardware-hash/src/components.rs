//! What the matcher compares: digests of a device's parts, small enough to keep.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::{Envelope, HardwareHash, summarise};

mod bytes;

/// The parts of a device that tell whether two hashes are the same device.
///
/// Holds truncated SHA-256 digests, no plain values; a part whose value is absent or a
/// [placeholder](crate::placeholder) is absent here. The digests are not salted: they hide values
/// from a reader of logs, not from someone who guesses serial numbers.
///
/// [`to_bytes`](Self::to_bytes) gives a versioned form of about 100 bytes. With the feature
/// `serde` it is written as the base64 of that form.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Components {
    /// The first half of SHA-256 of the TPM endorsement key's modulus.
    pub(crate) ek: Option<[u8; 16]>,
    pub(crate) uuid: Option<[u8; 16]>,
    pub(crate) serial: Option<Digest>,
    pub(crate) pkid: Option<Digest>,
    /// Manufacturer and product name.
    pub(crate) model: Option<Digest>,
    /// Sorted, each once, at most [`Components::MAX_MACS`].
    pub(crate) macs: Vec<MacDigest>,
    /// Sorted, each once, at most [`Components::MAX_DISKS`].
    pub(crate) disks: Vec<Digest>,
}

impl Components {
    /// How many MAC addresses are kept: those with the smallest digests, so that any two captures keep the same.
    pub const MAX_MACS: usize = 32;

    /// How many disks are kept, by the same rule.
    pub const MAX_DISKS: usize = 16;

    /// Takes the components from a hash in place.
    pub fn of(envelope: &Envelope<'_>) -> Self {
        summarise(envelope).components
    }

    /// Sorts the sets, drops doubles and what is above the bounds.
    pub(crate) fn settle(&mut self) {
        self.macs.sort_unstable();
        self.macs.dedup();
        self.macs.truncate(Self::MAX_MACS);
        self.disks.sort_unstable();
        self.disks.dedup();
        self.disks.truncate(Self::MAX_DISKS);
    }
}

impl From<&HardwareHash> for Components {
    fn from(hash: &HardwareHash) -> Self {
        hash.components()
    }
}

/// Shows digests, and of the UUID and the endorsement key not even all of that.
impl fmt::Debug for Components {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = |digest: &[u8; 16]| digest.first_chunk().copied().map(Digest);
        f.debug_struct("Components")
            .field("ek", &self.ek.as_ref().and_then(start))
            .field("uuid", &self.uuid.as_ref().and_then(start))
            .field("serial", &self.serial)
            .field("pkid", &self.pkid)
            .field("model", &self.model)
            .field("macs", &self.macs)
            .field("disks", &self.disks)
            .finish()
    }
}

/// The first 8 bytes of a SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Digest(pub(crate) [u8; 8]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

/// A digest whose top bit says that the MAC address is locally administered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MacDigest(pub(crate) [u8; 8]);

impl MacDigest {
    const LOCAL: u64 = 1 << 63;

    pub(crate) fn of(mac: crate::Mac) -> Self {
        let digest = u64::from_be_bytes(digest(Tag::Mac, &[&mac.0])) & !Self::LOCAL;
        let flag = if mac.is_locally_administered() { Self::LOCAL } else { 0 };
        Self((digest | flag).to_be_bytes())
    }

    pub(crate) fn is_local(self) -> bool {
        u64::from_be_bytes(self.0) & Self::LOCAL != 0
    }
}

impl fmt::Debug for MacDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_local() { " (locally administered)" } else { "" };
        write!(f, "{:?}{kind}", Digest(self.0))
    }
}

/// Keeps digests of different parts apart. The numbers are part of the stored form.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Tag {
    Uuid = 1,
    Serial = 2,
    Pkid = 3,
    Model = 4,
    Mac = 5,
    Disk = 6,
}

/// SHA-256 over the tag and the length-prefixed values, cut to `N` bytes.
pub(crate) fn digest<const N: usize>(tag: Tag, values: &[&[u8]]) -> [u8; N] {
    let mut sha = Sha256::new();
    sha.update([tag as u8]);
    for value in values {
        sha.update(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
        sha.update(value);
    }
    let mut out = [0; N];
    out.iter_mut().zip(sha.finalize()).for_each(|(to, from)| *to = from);
    out
}
