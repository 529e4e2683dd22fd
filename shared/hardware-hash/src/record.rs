//! Records as typed values, and their exact bytes again.

mod parts;
mod system;
mod text;

pub use parts::{Disk, DiskIdentity, DisplayMode, DisplaySize, GpuMemory, NetworkAdapter, OfflineDeviceId};
pub use system::{Build, Capture, Chassis, CoreClass, LicensingId, Memory, Processors};
pub use text::{Text, TextField};

use crate::wire::{put_utf16, utf16};
use crate::{RawRecord, SmbiosUuid, kind};

/// The length of the processor brand string, which is zero padded.
const BRAND_LENGTH: usize = 48;

/// One record of a hardware hash.
///
/// Reading a payload gives a typed variant only where that variant writes the very same bytes
/// again. All others stay [`Record::Opaque`], so reading and writing is exact for any input.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record {
    /// Type 1.
    Capture(Capture),
    /// Type 2.
    Processors(Processors),
    /// Type 4: the CPUID brand string.
    ProcessorModel(Text),
    /// Type 5.
    Memory(Memory),
    /// Type 6.
    Disk(Disk),
    /// Type 7.
    DiskIdentity(DiskIdentity),
    /// Type 8.
    NetworkAdapter(NetworkAdapter),
    /// Type 9.
    DisplayMode(DisplayMode),
    /// Type 10.
    Chassis(Chassis),
    /// Type 11.
    OfflineDeviceId(OfflineDeviceId),
    /// Type 12.
    Uuid(SmbiosUuid),
    /// Type 25: the modulus of the TPM's RSA-2048 endorsement key, big-endian.
    EndorsementKey(Box<[u8; 256]>),
    /// Type 27.
    DisplaySize(DisplaySize),
    /// Type 29.
    GpuMemory(GpuMemory),
    /// Type 30: `vendor|adapter`.
    GpuName(String),
    /// Type 34: highest efficiency class first.
    CoreClasses(Vec<CoreClass>),
    /// Type 37.
    LicensingId(LicensingId),
    /// The types whose payload is a text with one NUL at its end.
    Text(TextField, Text),
    /// A type without known meaning, or a payload that is not of its type's form.
    Opaque {
        /// The record type.
        kind: u16,
        /// The payload as it stands.
        payload: Vec<u8>,
    },
}

impl Record {
    /// Reads a record.
    pub fn read(raw: RawRecord<'_>) -> Self {
        let mut again = Vec::with_capacity(raw.payload.len());
        Self::typed(raw)
            .filter(|record| {
                record.write_payload(&mut again);
                again == raw.payload
            })
            .unwrap_or_else(|| Self::Opaque {
                kind: raw.kind,
                payload: raw.payload.to_vec(),
            })
    }

    fn typed(RawRecord { kind, payload }: RawRecord<'_>) -> Option<Self> {
        Some(match kind {
            kind::CAPTURE => Self::Capture(Capture::read(payload)?),
            kind::PROCESSORS => Self::Processors(Processors::read(payload)?),
            kind::PROCESSOR_MODEL => Self::ProcessorModel(Text::padded(payload.first_chunk::<BRAND_LENGTH>()?)),
            kind::MEMORY => Self::Memory(Memory::read(payload)?),
            kind::DISK => Self::Disk(Disk::read(payload)?),
            kind::DISK_IDENTITY => Self::DiskIdentity(DiskIdentity(Text::from_bytes(payload))),
            kind::NETWORK_ADAPTER => Self::NetworkAdapter(NetworkAdapter::read(payload)?),
            kind::DISPLAY_MODE => Self::DisplayMode(DisplayMode::read(payload)?),
            kind::CHASSIS => Self::Chassis(Chassis::read(payload)?),
            kind::OFFLINE_DEVICE_ID => Self::OfflineDeviceId(OfflineDeviceId::read(payload)?),
            kind::UUID => Self::Uuid(SmbiosUuid::from_wire(payload.try_into().ok()?)),
            kind::ENDORSEMENT_KEY => Self::EndorsementKey(Box::new(payload.try_into().ok()?)),
            kind::DISPLAY_SIZE => Self::DisplaySize(DisplaySize::read(payload)?),
            kind::GPU_MEMORY => Self::GpuMemory(GpuMemory::read(payload)?),
            kind::GPU_NAME => Self::GpuName(utf16(payload)?),
            kind::CORE_CLASSES => Self::CoreClasses(CoreClass::read_all(payload)?),
            kind::LICENSING_ID => Self::LicensingId(LicensingId::read(payload)?),
            _ => Self::Text(
                TextField::from_kind(kind)?,
                Text::from_bytes(payload.strip_suffix(&[0])?),
            ),
        })
    }

    /// The record type.
    pub fn kind(&self) -> u16 {
        match self {
            Self::Capture(_) => kind::CAPTURE,
            Self::Processors(_) => kind::PROCESSORS,
            Self::ProcessorModel(_) => kind::PROCESSOR_MODEL,
            Self::Memory(_) => kind::MEMORY,
            Self::Disk(_) => kind::DISK,
            Self::DiskIdentity(_) => kind::DISK_IDENTITY,
            Self::NetworkAdapter(_) => kind::NETWORK_ADAPTER,
            Self::DisplayMode(_) => kind::DISPLAY_MODE,
            Self::Chassis(_) => kind::CHASSIS,
            Self::OfflineDeviceId(_) => kind::OFFLINE_DEVICE_ID,
            Self::Uuid(_) => kind::UUID,
            Self::EndorsementKey(_) => kind::ENDORSEMENT_KEY,
            Self::DisplaySize(_) => kind::DISPLAY_SIZE,
            Self::GpuMemory(_) => kind::GPU_MEMORY,
            Self::GpuName(_) => kind::GPU_NAME,
            Self::CoreClasses(_) => kind::CORE_CLASSES,
            Self::LicensingId(_) => kind::LICENSING_ID,
            Self::Text(field, _) => field.kind(),
            Self::Opaque { kind, .. } => *kind,
        }
    }

    /// Appends the payload: what follows type and length in the hash.
    pub fn write_payload(&self, out: &mut Vec<u8>) {
        match self {
            Self::Capture(capture) => capture.write(out),
            Self::Processors(processors) => processors.write(out),
            Self::ProcessorModel(model) => {
                let padding = BRAND_LENGTH.saturating_sub(model.as_bytes().len());
                out.extend_from_slice(model.as_bytes());
                out.extend(std::iter::repeat_n(0, padding));
            }
            Self::Memory(memory) => memory.write(out),
            Self::Disk(disk) => disk.write(out),
            Self::DiskIdentity(identity) => out.extend_from_slice(identity.0.as_bytes()),
            Self::NetworkAdapter(adapter) => adapter.write(out),
            Self::DisplayMode(mode) => mode.write(out),
            Self::Chassis(chassis) => chassis.write(out),
            Self::OfflineDeviceId(id) => id.write(out),
            Self::Uuid(uuid) => out.extend_from_slice(&uuid.to_wire()),
            Self::EndorsementKey(modulus) => out.extend_from_slice(modulus.as_slice()),
            Self::DisplaySize(size) => size.write(out),
            Self::GpuMemory(memory) => memory.write(out),
            Self::GpuName(name) => put_utf16(name, out),
            Self::CoreClasses(classes) => CoreClass::write_all(classes, out),
            Self::LicensingId(id) => id.write(out),
            Self::Text(_, text) => {
                out.extend_from_slice(text.as_bytes());
                out.push(0);
            }
            Self::Opaque { payload, .. } => out.extend_from_slice(payload),
        }
    }
}
