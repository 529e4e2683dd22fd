//! Synthetic devices and their hashes, for samples and tests. Never send them to Microsoft.
//!
//! Devices are a function of a seed and a number: any can be made at once, in any order, on any
//! machine, and will be the same. Serial numbers and MAC addresses of one seed never repeat (for
//! numbers below 10¹¹), nor do product key ids; UUIDs and endorsement keys are random.
//!
//! MAC addresses: the documentation range of RFC 9542, 00-00-5E-00-53-00 to -FF, has 256
//! addresses, too few for devices that must not share parts. So the addresses here are locally
//! administered, 02-…, which no vendor assigns. The matcher gives such addresses half weight; set
//! [`SyntheticDevice::macs`] to see the full one.

mod capture;
mod repair;

pub use capture::Capture;
pub use repair::Rewritten;

use crate::hypervisor::HYPER_V;
use crate::{Mac, SmbiosUuid};

/// How many product key ids there are that are not all zero.
const PKIDS: u128 = 9_999_999_999_999;
/// Coprime to [`PKIDS`], so that stepping by it visits each once.
const PKID_STEP: u128 = 6_180_339_887_543;
/// How many addresses begin with 02, a power of two.
const MACS: u64 = 1 << 40;
/// Odd, so that stepping by it visits each once.
const MAC_STEP: u64 = 679_891_637_639;
/// Addresses that belong to one device: three to start with, the rest for replacements.
const MACS_PER_DEVICE: u64 = 8;

const PRODUCTS: [&str; 4] = [
    "Contoso Book 5",
    "Contoso Book 7",
    "Contoso Tablet 3",
    "Contoso Station 9",
];

/// The SKU number of all devices that are no virtual machines.
const SKU: &str = "CTSO-2025";

/// Makes devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generator {
    seed: u64,
}

impl Generator {
    /// A generator. Devices of different seeds share no values, chance aside.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The `n`-th device: a notebook with TPM, firmware product key, Ethernet, Wi-Fi, Bluetooth and one disk.
    pub fn device(&self, n: u64) -> SyntheticDevice {
        let mut random = Random(mix(self.seed ^ mix(n)));
        let product = PRODUCTS.get((random.next() % 4) as usize).copied().unwrap_or_default();
        SyntheticDevice {
            serial: format!("TEST-{:X}-{n:07}", self.seed),
            manufacturer: "Contoso".to_owned(),
            product: product.to_owned(),
            sku: SKU.to_owned(),
            family: "Contoso Book".to_owned(),
            uuid: random.uuid(),
            pkid: Some(self.pkid(n)),
            macs: (0..3).map(|index| self.mac(n, index)).collect(),
            disk: random.disk(),
            memory_gb: 16,
            graphics: "Contoso Graphics".to_owned(),
            ek: Some(random.endorsement_key()),
            is_virtual: false,
            origin: (*self, n),
        }
    }

    fn pkid(&self, n: u64) -> String {
        let offset = u128::from(mix(self.seed ^ 0x504B));
        let index = (offset + u128::from(n) * PKID_STEP) % PKIDS;
        format!("{:013}", index + 1)
    }

    fn mac(&self, n: u64, index: u64) -> Mac {
        let place = n.wrapping_mul(MACS_PER_DEVICE).wrapping_add(index % MACS_PER_DEVICE);
        let number = mix(self.seed ^ 0x4D41).wrapping_add(place.wrapping_mul(MAC_STEP)) % MACS;
        let [_, _, _, tail @ ..] = number.to_be_bytes();
        let [b, c, d, e, f] = tail;
        Mac([0x02, b, c, d, e, f])
    }
}

/// A device that does not exist. Change what you like, then [`capture`](Self::capture) it.
///
/// In a capture texts are cut at 100 bytes and MAC addresses at 8, so that it always fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntheticDevice {
    /// System serial number, `TEST-<seed>-<number>`.
    pub serial: String,
    /// System manufacturer.
    pub manufacturer: String,
    /// System product name.
    pub product: String,
    /// System SKU number.
    pub sku: String,
    /// System family.
    pub family: String,
    /// SMBIOS UUID.
    pub uuid: SmbiosUuid,
    /// Product key id; `None` without a key in the firmware.
    pub pkid: Option<String>,
    /// Ethernet, which is on the board; Wi-Fi and Bluetooth, which share a card; then further wired ones.
    pub macs: Vec<Mac>,
    /// Serial number of the disk; empty on virtual machines.
    pub disk: String,
    /// Installed memory in GB.
    pub memory_gb: u64,
    /// Name of the graphics adapter.
    pub graphics: String,
    /// The TPM's endorsement key; `None` without a TPM.
    pub ek: Option<Box<[u8; 256]>>,
    /// Whether it is a virtual machine.
    pub is_virtual: bool,
    origin: (Generator, u64),
}

impl SyntheticDevice {
    /// Whether it has a TPM.
    pub fn has_tpm(&self) -> bool {
        self.ek.is_some()
    }

    /// The device as a virtual machine: a hypervisor's names, no TPM, no product key, one adapter, a disk without serial number.
    #[must_use]
    pub fn virtual_machine(mut self) -> Self {
        HYPER_V.manufacturer.clone_into(&mut self.manufacturer);
        HYPER_V.product.clone_into(&mut self.product);
        "None".clone_into(&mut self.sku);
        "Virtual Machine".clone_into(&mut self.family);
        self.pkid = None;
        self.macs.truncate(1);
        self.disk = String::new();
        self.ek = None;
        self.is_virtual = true;
        self
    }
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"): small, fast
/// and good enough for data that needs no secrecy.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    fn uuid(&mut self) -> SmbiosUuid {
        let random = (u128::from(self.next()) << 64) | u128::from(self.next());
        // Version 4 stands in the high byte of the third group, which is little-endian; the variant in the ninth byte.
        let marked = random & !(0xF0_C0 << 56) | (0x40_80 << 56);
        SmbiosUuid::from_wire(marked.to_be_bytes())
    }

    fn disk(&mut self) -> String {
        format!("TEST-DISK-{:016X}", self.next())
    }

    /// Of the form of an RSA modulus: the top bit set, odd.
    fn endorsement_key(&mut self) -> Box<[u8; 256]> {
        let mut key = Box::new([0; 256]);
        key.as_chunks_mut::<8>()
            .0
            .iter_mut()
            .for_each(|chunk| *chunk = self.next().to_be_bytes());
        let [first, .., last] = key.as_mut();
        *first |= 0x80;
        *last |= 1;
        key
    }
}

/// The finaliser of SplitMix64: a bijection that spreads each bit over all.
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests;
