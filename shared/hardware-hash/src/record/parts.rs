//! Records about parts, most of which may repeat.

use std::borrow::Cow;

use super::Text;
use crate::Mac;
use crate::wire::{Reader, put_utf16, utf16};

/// Type 6: a disk's size and bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// 10⁹ bytes, rounded down.
    pub capacity_gb: u64,
    /// As in Windows' `STORAGE_BUS_TYPE`: 11 SATA, 17 NVMe, …
    pub bus: u16,
    /// 0 solid state, 1 rotating, -1 unknown.
    pub seek_penalty: i8,
    /// 1 when TRIM is on.
    pub trim: u8,
}

impl Disk {
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut from = Reader::new(payload);
        Some(Self {
            capacity_gb: from.u64()?,
            bus: from.u16()?,
            seek_penalty: from.i8()?,
            trim: from.u8()?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.capacity_gb.to_le_bytes());
        out.extend(self.bus.to_le_bytes());
        out.extend(self.seek_penalty.to_le_bytes());
        out.push(self.trim);
    }
}

/// Type 7: `serial|model|` or `serial|product|vendor`, blanks kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskIdentity(pub Text);

impl DiskIdentity {
    /// The serial number, without outer blanks; empty on virtual disks.
    pub fn serial(&self) -> Cow<'_, str> {
        self.part(0)
    }

    /// The model, without outer blanks.
    pub fn model(&self) -> Cow<'_, str> {
        self.part(1)
    }

    fn part(&self, index: usize) -> Cow<'_, str> {
        let part = self
            .0
            .as_bytes()
            .split(|byte| *byte == b'|')
            .nth(index)
            .unwrap_or_default();
        String::from_utf8_lossy(part.trim_ascii())
    }
}

/// Type 8: a network adapter, Bluetooth included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkAdapter {
    /// As in Windows' `NDIS_PHYSICAL_MEDIUM`: 1 wireless, 9 native 802.11, 10 Bluetooth, 14 Ethernet.
    pub medium: u32,
    /// Its address.
    pub mac: Mac,
    /// What it hangs on: `PCI`, `USB`, `BTH`, `VMBUS`.
    pub enumerator: String,
}

impl NetworkAdapter {
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut from = Reader::new(payload);
        let (medium, mac, _length) = (from.u32()?, Mac(from.array()?), from.u32()?);
        let enumerator = utf16(from.rest().strip_suffix(&[0, 0])?)?;
        Some(Self {
            medium,
            mac,
            enumerator,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.medium.to_le_bytes());
        out.extend(self.mac.0);
        let mut name = Vec::new();
        put_utf16(&self.enumerator, &mut name);
        name.extend([0, 0]);
        out.extend(u32::try_from(name.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(name);
    }
}

/// Type 9: a display. All bits are set where something is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisplayMode {
    /// Width in millimetres.
    pub width_mm: u16,
    /// Height in millimetres.
    pub height_mm: u16,
    /// Width in pixels.
    pub width_px: u16,
    /// Height in pixels.
    pub height_px: u16,
    /// As in Windows' `DISPLAYCONFIG_VIDEO_OUTPUT_TECHNOLOGY`: 0x8000_0000 is built in.
    pub technology: u32,
}

impl DisplayMode {
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut from = Reader::new(payload);
        Some(Self {
            width_mm: from.u16()?,
            height_mm: from.u16()?,
            width_px: from.u16()?,
            height_px: from.u16()?,
            technology: from.u32()?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let words = [self.width_mm, self.height_mm, self.width_px, self.height_px];
        out.extend(words.into_iter().flat_map(u16::to_le_bytes));
        out.extend(self.technology.to_le_bytes());
    }
}

/// Type 27: a display's size as its EDID gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisplaySize {
    /// Width in centimetres.
    pub width_cm: u16,
    /// Height in centimetres.
    pub height_cm: u16,
}

impl DisplaySize {
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut from = Reader::new(payload);
        Some(Self {
            width_cm: from.u16()?,
            height_cm: from.u16()?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.width_cm, self.height_cm].into_iter().flat_map(u16::to_le_bytes));
    }
}

/// Type 29: a graphics adapter's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuMemory {
    /// Bytes of its own.
    pub dedicated_video: u64,
    /// Bytes of the system's set aside for it.
    pub dedicated_system: u64,
    /// Whether it can be taken out, as Windows' device property gives it.
    pub removal_policy: u8,
    /// 1 when it is inside the machine.
    pub in_local_machine: u8,
}

impl GpuMemory {
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let mut from = Reader::new(payload);
        Some(Self {
            dedicated_video: from.u64()?,
            dedicated_system: from.u64()?,
            removal_policy: from.u8()?,
            in_local_machine: from.u8()?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(
            [self.dedicated_video, self.dedicated_system]
                .into_iter()
                .flat_map(u64::to_le_bytes),
        );
        out.extend([self.removal_policy, self.in_local_machine]);
    }
}

/// Type 11: what Windows' `GetOfflineDeviceUniqueID` gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfflineDeviceId {
    /// 0 is success.
    pub status: u32,
    /// 1: SHA-256 of the TPM endorsement key; 2: UEFI variable with the TPM; 3: UEFI variable with a random seed.
    pub method: u8,
    /// 0 with method 1, 1 with the others.
    pub flag: u8,
    /// The id.
    pub id: [u8; 32],
}

impl OfflineDeviceId {
    /// The method by which the id is SHA-256 of the endorsement key's modulus.
    pub const FROM_ENDORSEMENT_KEY: u8 = 1;

    const ID_LENGTH: u32 = 32;

    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut from = Reader::new(payload);
        let (status, method, flag, _length) = (from.u32()?, from.u8()?, from.u8()?, from.u32()?);
        Some(Self {
            status,
            method,
            flag,
            id: from.array()?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.status.to_le_bytes());
        out.extend([self.method, self.flag]);
        out.extend(Self::ID_LENGTH.to_le_bytes());
        out.extend(self.id);
    }
}
