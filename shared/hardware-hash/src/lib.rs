//! Reads, writes, compares and generates the "4K" hardware hashes of Windows devices.
//!
//! A hardware hash is no digest. It is a list of records (serial number, TPM key, network
//! adapters, …) that Windows and the OA3 tool write as 3000 bytes, in base64: 4000 characters.
//! Every capture of a device differs, as it holds the time; so hashes are compared by their
//! parts and never as text.
//!
//! | to do this | use |
//! | --- | --- |
//! | turn text into bytes, repairing what transport did to it | [`text::decode`] |
//! | read the records in place, without allocation | [`Envelope::parse`] |
//! | take what identifies the device | [`summarise`], [`Components`] |
//! | decide whether two hashes are one device, and say why | [`compare`] |
//! | look at, or write, a whole hash | [`HardwareHash`] |
//! | make synthetic devices and their hashes | `generate` (feature of that name) |
//!
//! Nothing here panics on any input, and nothing here does I/O or reads a clock.
//! Microsoft does not publish the format; the README says what the layout rests on.

mod components;
mod envelope;
mod error;
mod fields;
mod finding;
#[cfg(feature = "generate")]
pub mod generate;
mod hash;
pub mod hypervisor;
mod identifiers;
pub mod kind;
mod matcher;
mod names;
pub mod placeholder;
mod record;
mod summary;
pub mod text;
mod wire;

pub use components::Components;
pub use envelope::{Envelope, RawRecord, Records};
pub use error::{DecodeError, EncodeError, HashError};
pub use fields::Field;
pub use finding::{Finding, Findings};
pub use hash::{Decoded, HardwareHash};
pub use identifiers::{Mac, SmbiosUuid};
pub use matcher::{Agreement, Anchor, FieldVerdict, MATCH_SCORE, Part, Verdict, Veto, compare};
pub use record::{
    Build, Capture, Chassis, CoreClass, Disk, DiskIdentity, DisplayMode, DisplaySize, GpuMemory, LicensingId, Memory,
    NetworkAdapter, OfflineDeviceId, Processors, Record, Text, TextField,
};
pub use summary::{Identity, Summary, summarise};

/// The length in bytes of every hash that a current tool writes.
pub const LENGTH: usize = 3000;

/// The length in characters of such a hash as base64.
pub const TEXT_LENGTH: usize = 4000;

/// Runs the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
