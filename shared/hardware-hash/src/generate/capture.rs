//! A synthetic device's hash, record by record in the order of a real one.

use super::SyntheticDevice;
use crate::envelope::checksum;
use crate::{
    Build, Capture as CaptureRecord, Chassis, CoreClass, Disk, DiskIdentity, DisplayMode, DisplaySize, GpuMemory,
    HardwareHash, LicensingId, Mac, Memory, NetworkAdapter, OfflineDeviceId, Processors, Record, Text, TextField,
};

/// The longest text that a capture takes whole, in bytes.
const LONGEST_TEXT: usize = 100;
/// The most MAC addresses that a capture takes.
const MOST_MACS: usize = 8;

/// What differs between captures of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Seconds since 2000-01-01T00:00:00Z.
    pub time: u32,
    /// Quarter hours east of UTC.
    pub zone: i8,
    /// The build of the operating system.
    pub os: Build,
    /// Whether the device stands in a dock: an external display, a network adapter on USB, and
    /// the adapters in another order.
    pub docked: bool,
}

/// 2025-01-01T00:00:00Z, UTC, Windows 11 24H2, no dock.
impl Default for Capture {
    fn default() -> Self {
        Self {
            time: 789_004_800,
            zone: 0,
            os: TOOL,
            docked: false,
        }
    }
}

const TOOL: Build = Build {
    major: 10,
    minor: 0,
    build: 26100,
    revision: 1,
};

impl SyntheticDevice {
    /// The hash that a tool would write on this device. Always 3000 bytes and without findings.
    pub fn capture(&self, settings: &Capture) -> HardwareHash {
        let mut records = Vec::with_capacity(40);
        self.put_machine(settings, &mut records);
        self.put_parts(settings, &mut records);
        self.put_identity(&mut records);
        self.put_graphics(settings, &mut records);
        HardwareHash::assemble(records)
    }

    fn put_machine(&self, settings: &Capture, records: &mut Vec<Record>) {
        let Capture { time, zone, os, .. } = *settings;
        let capture = CaptureRecord {
            tool: TOOL,
            os,
            time,
            zone,
            os_type: 2,
            architecture: 9,
            tool_version: 9,
        };
        let processors = Processors {
            architecture: 9,
            packages: 1,
            cores: 10,
            threads: 12,
            hyper_threading: 1,
        };
        let fast = CoreClass {
            efficiency: 1,
            cores: 2,
            threads: 4,
        };
        let frugal = CoreClass {
            efficiency: 0,
            cores: 8,
            threads: 8,
        };
        let memory = Memory {
            installed_gb: self.memory_gb,
            maximum_gb: 64,
            slots: 2,
            arrays: 1,
            error_correction: 3,
        };
        records.extend([
            Record::Capture(capture),
            Record::Processors(processors),
            Record::CoreClasses(vec![fast, frugal]),
            Record::Memory(memory),
            text(TextField::ProcessorVendor, "GenuineIntel"),
            Record::ProcessorModel("Contoso Synthetic CPU @ 2.00GHz".into()),
        ]);
    }

    fn put_parts(&self, settings: &Capture, records: &mut Vec<Record>) {
        let bus = if self.is_virtual { 10 } else { 17 };
        records.push(Record::Disk(Disk {
            capacity_gb: 512,
            bus,
            seek_penalty: 0,
            trim: 1,
        }));
        records.push(Record::DiskIdentity(DiskIdentity(self.disk_identity().as_str().into())));

        let mut adapters: Vec<_> = self
            .macs
            .iter()
            .take(MOST_MACS)
            .enumerate()
            .map(|(n, mac)| self.adapter(n, *mac))
            .collect();
        if settings.docked {
            // The dock is shared property: one of the documentation addresses serves them all.
            let mac = Mac([0x00, 0x00, 0x5E, 0x00, 0x53, 0xD0]);
            adapters.push(NetworkAdapter {
                medium: 14,
                mac,
                enumerator: "USB".to_owned(),
            });
            adapters.reverse();
        }
        records.extend(adapters.into_iter().map(Record::NetworkAdapter));

        let built_in = DisplayMode {
            width_mm: 309,
            height_mm: 174,
            width_px: 1920,
            height_px: 1080,
            technology: 0x8000_0000,
        };
        let external = DisplayMode {
            width_mm: 597,
            height_mm: 336,
            width_px: 2560,
            height_px: 1440,
            technology: 10,
        };
        let displays = if settings.docked {
            vec![built_in, external]
        } else {
            vec![built_in]
        };
        records.extend(displays.iter().copied().map(Record::DisplayMode));
        records.extend(displays.iter().map(|mode| {
            Record::DisplaySize(DisplaySize {
                width_cm: mode.width_mm / 10,
                height_cm: mode.height_mm / 10,
            })
        }));
        let (chassis_type, power_role) = if self.is_virtual { (3, 1) } else { (10, 2) };
        records.push(Record::Chassis(Chassis {
            chassis_type,
            power_role,
            optical_drive: 0,
            digitizer: 0,
            unknown: 0,
        }));
    }

    fn put_identity(&self, records: &mut Vec<Record>) {
        if let Some(key) = &self.ek {
            let id = checksum(key.as_slice());
            records.extend([
                text(
                    TextField::TpmVersion,
                    "TPM-Version:2.0 -Level:0-Revision:1.38-VendorID:'CTSO'-Firmware:1.0",
                ),
                Record::EndorsementKey(key.clone()),
                Record::OfflineDeviceId(OfflineDeviceId {
                    status: 0,
                    method: 1,
                    flag: 0,
                    id,
                }),
            ]);
        }
        records.extend([
            Record::Uuid(self.uuid),
            text(TextField::SerialNumber, &self.serial),
            text(TextField::BiosVendor, "Contoso"),
            text(TextField::Manufacturer, &self.manufacturer),
            text(TextField::ProductName, &self.product),
            text(TextField::SkuNumber, &self.sku),
            text(TextField::Family, &self.family),
            text(TextField::SystemVersion, "1.0"),
        ]);
        if !self.is_virtual {
            records.extend([
                text(TextField::BoardManufacturer, "Contoso"),
                text(TextField::BoardProduct, "CB-1"),
                text(TextField::BoardVersion, "A1"),
            ]);
        }
        if let Some(pkid) = &self.pkid {
            records.push(text(TextField::ProductKeyId, pkid));
            records.push(text(TextField::ProductKeyPartNumber, "[TH]X00-00000"));
        }
        records.push(text(TextField::BootDisk, &self.disk_identity()));
    }

    fn put_graphics(&self, settings: &Capture, records: &mut Vec<Record>) {
        let memory = GpuMemory {
            dedicated_video: 128 << 20,
            dedicated_system: 0,
            removal_policy: 1,
            in_local_machine: 1,
        };
        records.push(Record::GpuMemory(memory));
        records.push(Record::GpuName(format!("Contoso|{}", cut(&self.graphics))));
        if !self.is_virtual {
            records.push(Record::Opaque {
                kind: 35,
                payload: vec![0x02, 0xFC, 0x00],
            });
            let hashes: Vec<u16> = (0..6).map(|n| u16::from(settings.docked) + n).collect();
            let counts = [1, 0, 1, 0, 1, 0, 1, 0, 1, 1];
            records.push(Record::LicensingId(LicensingId {
                counts,
                memory: 16,
                bios: 1,
                hashes,
            }));
        }
    }

    fn adapter(&self, index: usize, mac: Mac) -> NetworkAdapter {
        let (medium, enumerator) = match index {
            _ if self.is_virtual => (0, "VMBUS"),
            1 => (9, "PCI"),
            2 => (10, "BTH"),
            _ => (14, "PCI"),
        };
        NetworkAdapter {
            medium,
            mac,
            enumerator: enumerator.to_owned(),
        }
    }

    fn disk_identity(&self) -> String {
        if self.is_virtual {
            format!("{}|Virtual Disk    |Contoso ", cut(&self.disk))
        } else {
            format!("{}|CONTOSO SSD 512|", cut(&self.disk))
        }
    }
}

fn text(field: TextField, text: &str) -> Record {
    Record::Text(field, Text::from(cut(text)))
}

/// At most [`LONGEST_TEXT`] bytes, whole characters; the disk's identity has its fixed part on top.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST_TEXT)).unwrap_or_default()
}
